"""Numbers are given only where they are nobody else's, and the log says on which machine."""

from __future__ import annotations

import json

import polars as pl
import pytest
from registries import allotted, alter, approved, minted, registry, submitted, wanted  # noqa: F401

from reconcile.errors import RegistryError
from reconcile.mint.batch import mint


def recovery(sis_id, cccid):
    return wanted(sis_id, kind="recover", cccid=cccid)


@pytest.mark.parametrize("number", ["AAA0001", "XYZ1234"])
def test_a_number_given_away_meanwhile_is_not_written_back(registry, number):  # noqa: F811
    late = approved(registry, recovery("late", number))
    alter(registry, "DELETE FROM seen", f"UPDATE batches SET state = 'withdrawn' WHERE id = '{late.id}'")
    minted(registry, wanted("early") if number == "AAA0001" else recovery("early", number))
    alter(registry, f"UPDATE batches SET state = 'approved' WHERE id = '{late.id}'")
    with pytest.raises(RegistryError, match=r"other students.*\(row 1; 1 in all\)"):
        mint(late, registry=registry)
    assert registry.issued().height == 1


def test_the_store_itself_refuses_one_number_for_two(registry):  # noqa: F811
    minted(registry, recovery("1", "XYZ1234"))
    twice = (
        "INSERT INTO cccids (mis_code, sis_id, ordinal, cccid, kind, state, batch, issued_on) "
        "SELECT mis_code, '2', ordinal, cccid, kind, '{state}', batch, issued_on "
        "FROM cccids WHERE sis_id = '1'"
    )
    with pytest.raises(RegistryError, match="guarantees"):
        alter(registry, twice.format(state="issued"))
    alter(registry, twice.format(state="voided"))


def test_a_number_to_be_written_back_is_not_issued_beside_it(registry):  # noqa: F811
    result = minted(registry, pl.concat([wanted("A"), recovery("B", "AAA0001")]))
    assert dict(result.frame.select("sis_id", "cccid").rows()) == {"A": "AAA0002", "B": "AAA0001"}
    submitted(registry, recovery("C", "AAA0003"))
    assert minted(registry, wanted("D")).frame["cccid"].to_list() == ["AAA0004"]


def test_the_log_names_account_and_machine_of_each_step(registry, monkeypatch):  # noqa: F811
    monkeypatch.setattr("reconcile.registry.people.getpass.getuser", lambda: "account")
    monkeypatch.setattr("reconcile.registry.people.platform.node", lambda: "host")
    minted(registry, wanted(1))
    log = registry.audit().filter(pl.col("what").is_in(["submitted", "approved", "minted"]))
    found = [json.loads(detail)["machine"] for detail in log["detail"]]
    assert found == [{"user": "account", "host": "host"}] * 3
    assert registry.verify().ok
