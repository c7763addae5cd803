"""Whatever is edited behind the registry's back, `verify` says so."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
from accounts import Mail, claimed, held, lower_the_price
from registries import AT, RANGE, allotted, alter, minted, new_place, registry, wanted  # noqa: F401

from reconcile.mint.claim import start
from reconcile.mint.credentials import Way, deliver_credentials
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
HELD, OURS, WAITS = "AAA0003", "AAA0004", "AAA0005"
ACCOUNT_EDITS = {
    **{
        f"UPDATE accounts SET {column} = {value} WHERE cccid = '{OURS}'": f"account of {OURS}"
        for column, value in {
            "state": "'held'",
            "email": "'x@y.net'",
            "first_name": "'Lee'",
            "middle_name": "'Lee'",
            "last_name": "'Lee'",
            "suffix": "'Jr.'",
            "birthdate": "'2001-02-09'",
            "sis_id": "'9'",
            "mis_code": "'022'",
            "accepted_terms": "NULL",
            "accepted_terms_timestamp": "'2026'",
            "email_verified": "NULL",
            "email_verified_timestamp": "'2026'",
            "attested_by": "'Cy'",
            "attested_authority": "'x'",
            "attested_on": "'2026-11-02'",
            "made_at": "'2026'",
            "claimed_at": "NULL",
            "password": "'x'",
            "failures": "3",
            "locks": "1",
            "nonce": "'0'",
            "locked_until": "'2027-01-01T00:00:00+00:00'",
        }.items()
    },
    **{
        f"UPDATE credentials SET {column} = {value} WHERE cccid = '{HELD}'": f"account of {HELD}"
        for column, value in {
            "state": "'used'",
            "hash": "'x'",
            "made_at": "'2026'",
            "made_by": "'Cy'",
            "expires": "'2030-01-01T00:00:00+00:00'",
            "delivered_to": "'Cy'",
            "delivered_how": "'phone'",
            "delivered_at": "'2026'",
            "delivered_by": "'Cy'",
            "cccid": f"'{OURS}'",
        }.items()
    },
    **{
        f"UPDATE reclaims SET {column} = {value}": f"account of {WAITS}"
        for column, value in {
            "email": "'x@y.net'",
            "code": "'x'",
            "expires": "'2030'",
            "tries": "tries + 1",
            "cccid": f"'{HELD}'",
        }.items()
    },
    "DELETE FROM reclaims": f"account of {WAITS}",
    f"DELETE FROM credentials WHERE cccid = '{HELD}'": f"account of {HELD}",
    f"DELETE FROM credentials WHERE cccid = '{OURS}'": f"account of {OURS}",
    f"INSERT INTO reclaims VALUES ('{HELD}', 'x@y.net', 'x', '2030', 0)": f"account of {HELD}",
    f"INSERT INTO credentials (cccid, state, made_at, made_by, expires) VALUES ('{OURS}', 'valid', 'x', "
    "'Cy', '2030')": f"account of {OURS}",
    "INSERT INTO accounts SELECT 'AAA0009', mis_code, sis_id, batch, state, NULL, first_name, middle_name, "
    "last_name, suffix, birthdate, accepted_terms, accepted_terms_timestamp, email_verified, "
    "email_verified_timestamp, attested_by, attested_authority, attested_on, made_at, claimed_at, password, "
    f"failures, locks, locked_until, nonce FROM accounts WHERE cccid = '{OURS}'": "account of AAA0009",
    f"UPDATE account_log SET hash = 'x' WHERE cccid = '{OURS}'": "in the account log",
    "DELETE FROM account_log WHERE id = (SELECT max(id) FROM account_log)": "in the account log",
    "INSERT INTO account_log (audit, cccid, hash) VALUES (999, 'AAA0009', 'x')": "in the account log",
}


class _RollBackError(Exception):
    pass


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(request, tmp_path_factory):
    """Give a registry in which something happened, with its guards taken off."""
    with Registry.open(new_place(request.param, tmp_path_factory.mktemp("lived"))) as made:
        made.allot(*RANGE, authority="Chancellor's Office")
        minted(made, wanted(1, 2))
        _hold_accounts(made, tmp_path_factory.mktemp("secrets"))
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


def _hold_accounts(made, folder):
    """Leave one account held and delivered, one claimed, one that waits for its code."""
    with pytest.MonkeyPatch.context() as patch:
        lower_the_price(patch)
        _, secrets = held(made, folder, 6, 7, 8)
        first, second, third = secrets
        assert secrets.keys() == {"AAA0003", "AAA0004", "AAA0005"}
        deliver_credentials(made, [first], to="the student", how=Way.IN_PERSON, by="Ben")
        claimed(made, second, secrets[second])
        start(made, third, secrets[third], "lee@home.example.net", send=Mail(), at=AT)


@pytest.mark.parametrize(("edit", "problem"), (EDITS | ACCOUNT_EDITS).items())
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
