"""The picture of a batch's way says where it stands, in words as well."""

from __future__ import annotations

import pytest
from registries import AT, allotted, approved, minted, registry, submitted, wanted  # noqa: F401

from reconcile.errors import RegistryError
from reconcile.mint.batch import withdraw
from reconcile.mint.draft import draft
from reconcile.mint.way import way


def looks(found):
    return dict(found.states)


def test_what_lies_behind_and_ahead(registry):  # noqa: F811
    made = minted(registry, wanted(1)).batch
    found = way(registry, made)
    assert list(looks(found).items())[3:] == [
        ("approved", "passed"), ("minted", "here"), ("delivered", "ahead"), ("loaded", "ahead"),
    ]  # fmt: skip
    page = found._repr_html_()
    assert 'aria-label="minted: the batch is here"' in page
    assert page.count('role="listitem"') == 7
    assert "[minted] > delivered" in repr(found)
    assert found.steps["by"].to_list() == ["Ana", "Ben", "Ben"]


def test_openccc_is_handed_over_to(registry):  # noqa: F811
    made = approved(registry, wanted(1), issuer="openccc")
    assert looks(way(registry, made.id))["handed_over"] == "ahead"


def test_an_end_takes_the_place_of_what_lay_ahead(registry):  # noqa: F811
    made = draft(registry, wanted(1), by="Ana", issuer="registry", at=AT)
    withdraw(registry, made.id, by="Ana", reason="asked for twice", at=AT)
    found = way(registry, made.id)
    assert looks(found) == {"draft": "passed", "withdrawn": "here"}
    assert "asked for twice" in repr(found)
    with pytest.raises(RegistryError, match="no batch"):
        way(registry, "none")
