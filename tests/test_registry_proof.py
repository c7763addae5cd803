"""Whatever is edited behind the registry's back, `verify` says so."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
from registries import RANGE, allotted, alter, minted, new_place, registry, wanted  # noqa: F401

from reconcile.registry import Registry
from reconcile.registry.proof import prove
from reconcile.registry.tables import APPEND_ONLY

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


class _RollBackError(Exception):
    pass


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(request, tmp_path_factory):
    """Give a registry in which something happened, with its guards taken off."""
    with Registry.open(new_place(request.param, tmp_path_factory.mktemp("lived"))) as made:
        made.allot(*RANGE, authority="Chancellor's Office")
        minted(made, wanted(1, 2))
        one = {"table": ["links"], "id_l": ["1"], "id_r": ["2"], "decision": ["match"], "hash": ["h"]}
        made.record(pl.DataFrame(one), by="Eva")
        assert made.verify().ok
        if made._store.path is None:
            alter(made, *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in APPEND_ONLY))
        else:
            verbs = [(table, verb) for table in APPEND_ONLY for verb in ("UPDATE", "DELETE")]
            alter(made, *(f"DROP TRIGGER {table}_{verb}" for table, verb in verbs))
        yield made
        assert made.verify().ok


@pytest.mark.parametrize(("edit", "problem"), EDITS.items())
def test_edits_are_found(lived, edit, problem):
    found = []

    def work(connection):
        connection.execute(sa.text(edit))
        found.append(prove(connection))
        raise _RollBackError  # the next edit finds the registry as it was

    with pytest.raises(_RollBackError):
        lived._store.write(work)
    assert any(problem in sentence for sentence in found[0].problems), found
    assert not found[0].ok
    assert "does NOT verify" in found[0]._repr_html_()


def test_a_verified_registry_says_so(registry):  # noqa: F811
    found = registry.verify()
    assert (found.ok, found.entries, found.problems) == (True, 2, ())
    assert found.head == registry.audit()["entry"].to_list()[-1]
    assert "verified" in found._repr_html_()
