"""One account is asked for like many, and not at all for somebody whom the registry knows."""

from __future__ import annotations

import polars as pl
import pytest
from accounts import ADDRESS, PASSWORD, cheap, claimed, ours, secrets_of  # noqa: F401
from registries import AT, allotted, minted, registry, wanted  # noqa: F401
from test_flow_batches import PERSON

from reconcile.errors import GateClosed
from reconcile.flow.single import ask_for_one, look_up_one
from reconcile.mint.batch import approve, look_up, mint
from reconcile.mint.draft import submit
from reconcile.mint.edit import edit
from reconcile.mint.void import void

ZOE = {"college": "021", "sis_id": "007", "first_name": "Zoë", "last_name": "Lee"} | PERSON


def as_rows(**fields):
    return wanted(fields["sis_id"]).with_columns(
        pl.lit(value).alias(name) for name, value in fields.items() if name not in ("sis_id", "college")
    )


def test_one_account_goes_the_way_of_many(ours):  # noqa: F811
    asked = ask_for_one(ours, ZOE, by="Ana", issuer="registry", at=AT)
    assert (asked.batch.state, asked.batch.mints, asked.known.height) == ("checked", 1, 0)
    assert asked.batch.id in repr(asked)
    again = ask_for_one(ours, ZOE, by="Ana", issuer="registry", at=AT)
    assert again.batch is None
    assert again.known.rows() == [("021", "007", None, "SIS id")]
    submit(ours, asked.batch.id, by="Ana", at=AT)
    approve(ours, asked.batch.id, approver="Ben", at=AT)
    mint(asked.batch.id, registry=ours, at=AT)
    assert look_up(ours, asked.batch.id).state == "minted"
    exists = ask_for_one(ours, ZOE | {"sis_id": "900", "first_name": "ZOE"}, by="Ana", at=AT)
    assert exists.known.rows() == [("021", "007", "AAA0001", "name and birthdate")]
    assert "knows this student already" in repr(exists)
    assert "Zo" not in repr(exists)


def test_a_request_for_one_says_why(ours):  # noqa: F811
    with pytest.raises(GateClosed, match="use_case is empty"):
        ask_for_one(ours, ZOE | {"use_case": None}, by="Ana", issuer="registry", at=AT)


def test_people_are_known_by_id_name_and_address(registry, tmp_path, cheap):  # noqa: F811
    batch = minted(registry, as_rows(**ZOE)).batch
    other = {"college": "021", "sis_id": "9", "first_name": "Max", "last_name": "Roe"}
    assert look_up_one(registry, other | {"birthdate": "1999-09-09", "email": "max@example.org"}).is_empty()
    assert look_up_one(registry, {"college": "021", "sis_id": "007"})["by"].to_list() == ["SIS id"]
    claimed(registry, "AAA0001", secrets_of(registry, batch, tmp_path)["AAA0001"])
    assert look_up_one(registry, other | {"email": ADDRESS.upper()})["by"].to_list() == ["e-mail address"]
    edit(registry, "AAA0001", PASSWORD, changes={"last_name": "Sample"}, at=AT)
    renamed = other | {"first_name": "zoe", "last_name": "SAMPLE", "birthdate": PERSON["birthdate"]}
    assert look_up_one(registry, renamed).rows() == [("021", "007", "AAA0001", "name and birthdate")]
    void(registry, "AAA0001", by="Ana", approver="Ben", reason="wrong", at=AT)
    assert look_up_one(registry, {"college": "021", "sis_id": "007"}).is_empty()
    assert look_up_one(registry, renamed | {"email": ADDRESS}).is_empty()
