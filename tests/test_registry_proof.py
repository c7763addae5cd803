"""Whatever is edited behind the registry's back, `verify` says so."""

from __future__ import annotations

import polars as pl
import pytest
from registries import alter, minted, place, registry, wanted  # noqa: F401

EDITS = {
    "UPDATE cccids SET sis_id = '3' WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE cccids SET cccid = 'AAA0009' WHERE sis_id = '2'": "the CCCIDs of batch",
    "DELETE FROM cccids WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE requests SET payload = '{}' WHERE sis_id = '2'": "the requests of batch",
    "UPDATE batches SET proposer = 'Cy'": "changed after it was submitted",
    "UPDATE batches SET state = 'approved'": "the log says minted",
    "UPDATE approvals SET approver = 'Cy'": "approval of batch",
    "DELETE FROM approvals": "approval of batch",
    "UPDATE decisions SET decision = 'different'": "decisions of audit entry",
    "DELETE FROM decisions": "decisions of audit entry",
    "UPDATE allotments SET last = last + 1": "allotted ranges",
    "UPDATE allotments SET next = first": "turned back",
    "UPDATE audit SET who = 'Cy' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET previous = entry WHERE seq = 3": "does not follow",
    "DELETE FROM audit WHERE seq = 2": "entry 2 is missing",
    "DELETE FROM audit WHERE seq >= 3": "in the table only",
}


@pytest.fixture
def lived(registry):  # noqa: F811
    """Give a registry in which something happened, with its guards taken off."""
    minted(registry, wanted(1, 2))
    one = {"table": ["links"], "id_l": ["1"], "id_r": ["2"], "decision": ["same"], "hash": ["h"]}
    registry.record(pl.DataFrame(one), by="Eva")
    assert registry.verify().ok
    tables = ("audit", "approvals", "decisions")
    if registry._store.path is None:
        alter(registry, *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in tables))
    else:
        alter(
            registry, *(f"DROP TRIGGER {table}_{verb}" for table in tables for verb in ("UPDATE", "DELETE"))
        )
    return registry


@pytest.mark.parametrize(("edit", "problem"), EDITS.items())
def test_edits_are_found(lived, edit, problem):
    alter(lived, edit)
    found = lived.verify()
    assert not found.ok
    assert any(problem in sentence for sentence in found.problems), found.problems
    assert "does NOT verify" in found._repr_html_()


def test_a_verified_registry_says_so(registry):  # noqa: F811
    found = registry.verify()
    assert (found.ok, found.entries, found.problems) == (True, 2, ())
    assert found.head == registry.audit()["entry"].to_list()[-1]
    assert "verified" in found._repr_html_()
