"""A delivered batch is loaded when an extract shows its numbers, or on the word of a person."""

from __future__ import annotations

import polars as pl
import pytest
from registries import AT, allotted, alter, minted, registry, wanted  # noqa: F401

from reconcile.errors import RegistryError
from reconcile.mint.batch import look_up
from reconcile.mint.deliver import deliver, loaded
from reconcile.mint.draft import history
from reconcile.mint.void import void

GONE = {
    "another CCCID": ("2", "XYZ1234"),
    "no CCCID yet": ("2", None),
    "no such student in the extract": ("22", "AAA0002"),
}


@pytest.fixture
def delivered(registry, tmp_path):  # noqa: F811
    batch = minted(registry, wanted(1, 2, 3)).batch
    assert deliver(registry, batch, tmp_path / "load.csv", by="Ana", at=AT) == 3
    return batch


def extract(*rows, college="021"):
    schema = dict.fromkeys(("college", "sis_id", "cccid"), pl.String)
    return pl.DataFrame([(college, *row) for row in rows], schema=schema, orient="row")


def states(registry):  # noqa: F811
    return dict(registry.issued(voided=True).select("sis_id", "state").iter_rows())


@pytest.mark.parametrize("what", GONE)
def test_only_what_the_extract_shows_is_loaded(registry, delivered, what):  # noqa: F811
    rows = (("1", " AAA0001 "), GONE[what], ("3", "AAA0003"), ("4", None))
    found = loaded(registry, delivered, by="Ana", shown=extract(*rows), extract="next.csv", at=AT)
    assert (found.loaded, found.batch.state) == (2, "delivered")
    assert found.differences.select("sis_id", "cccid", "what").rows() == [("2", "AAA0002", what)]
    assert states(registry) == {"1": "loaded", "2": "delivered", "3": "loaded"}
    assert history(registry, delivered)["why"][-1] == "2 of 3 numbers are in next.csv"
    assert registry.verify().ok


def test_the_next_extract_shows_the_rest(registry, delivered):  # noqa: F811
    loaded(registry, delivered, by="Ana", shown=extract(("3", "AAA0003")), at=AT)
    everything = extract(("1", "AAA0001"), ("2", "AAA0002"), ("3", "AAA0003"))
    found = loaded(registry, delivered, by="Ana", shown=everything, at=AT)
    assert (found.loaded, found.batch.state, found.differences.height) == (3, "loaded", 0)
    assert set(states(registry).values()) == {"loaded"}
    assert registry.verify().ok
    with pytest.raises(RegistryError, match="is loaded"):
        loaded(registry, delivered, by="Ana", shown=everything, at=AT)


def test_the_same_id_at_another_college_shows_nothing(registry, delivered):  # noqa: F811
    rows = extract(("1", "AAA0001"), ("2", "AAA0002"), ("3", "AAA0003"), college="022")
    assert loaded(registry, delivered, by="Ana", shown=rows, at=AT).loaded == 0


def test_a_word_is_kept_as_a_word(registry, delivered):  # noqa: F811
    found = loaded(registry, delivered, by="Ana", at=AT)
    assert (found.loaded, found.batch.state, found.extract) == (3, "loaded", "")
    assert history(registry, delivered)["why"][-1] == "on the word of a person"
    assert "word" in repr(found)


def test_a_number_that_is_voided_meanwhile_is_not_looked_for(registry, delivered):  # noqa: F811
    void(registry, "AAA0002", by="Ana", approver="Ben", reason="twice", at=AT)
    rows = extract(("1", "AAA0001"), ("2", "AAA0002"))
    found = loaded(registry, delivered, by="Ana", shown=rows, at=AT)
    assert found.differences["sis_id"].to_list() == ["3"]
    assert states(registry) == {"1": "loaded", "2": "voided", "3": "delivered"}
    void(registry, "AAA0001", by="Ana", approver="Ben", reason="twice", replacement="XYZ0001", at=AT)
    assert look_up(registry, delivered).state == "delivered"
    assert registry.verify().ok


def test_a_number_that_is_called_loaded_behind_the_registrys_back_is_seen(registry, delivered):  # noqa: F811
    loaded(registry, delivered, by="Ana", shown=extract(("1", "AAA0001")), at=AT)
    alter(registry, "UPDATE cccids SET state = 'loaded' WHERE sis_id = '2'")
    assert any("not where the log says" in problem for problem in registry.verify().problems)
