"""Whatever is edited behind the registry's back, `verify` says so."""

from __future__ import annotations

import re

import polars as pl
import pytest
import sqlalchemy as sa
from accounts import Mail, claimed, held, lower_the_price
from registries import (  # noqa: F401 - fixtures among them
    AT,
    RANGE,
    allotted,
    answer,
    approved,
    minted,
    new_place,
    registry,
    submitted,
    wanted,
)

from reconcile.mint.batch import reject
from reconcile.mint.claim import start
from reconcile.mint.credentials import Way, deliver_credentials
from reconcile.mint.handover import hand_over
from reconcile.mint.result import enter_result
from reconcile.mint.void import void
from reconcile.registry import Registry
from reconcile.registry.access import Asked, ask, grant, name_first, withdraw
from reconcile.registry.proof import prove
from reconcile.registry.tables import metadata

TIED = ["college_l", "sis_id_l", "college_r", "sis_id_r", "tie"]

EDITS = {
    "UPDATE cccids SET sis_id = '3' WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE cccids SET cccid = 'AAA0009' WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE cccids SET mis_code = '022' WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE cccids SET ordinal = 77 WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE cccids SET kind = 'recover' WHERE sis_id = '2'": "the CCCIDs of batch",
    "UPDATE cccids SET state = 'loaded' WHERE sis_id = '2'": "are not where the log says",
    "UPDATE cccids SET state = 'issued' WHERE state = 'voided'": "are not where the log says",
    "UPDATE cccids SET issued_on = '2026-01-01' WHERE sis_id = '2'": "the days on which the CCCIDs of batch",
    "UPDATE cccids SET batch = (SELECT min(id) FROM batches WHERE state = 'rejected') WHERE sis_id = '2'":
        "the CCCIDs of batch",
    "DELETE FROM cccids WHERE sis_id = '2'": "the CCCIDs of batch",
    "INSERT INTO cccids (mis_code, sis_id, ordinal, cccid, kind, state, batch, issued_on) SELECT mis_code, "
    "'99', 500, 'AAA0501', kind, state, batch, issued_on FROM cccids WHERE sis_id = '2'":
        "the CCCIDs of batch",
    "UPDATE cccids SET sis_id = CASE sis_id WHEN '1' THEN '2' ELSE '1' END, mis_code = 'x' || mis_code "
    "WHERE sis_id IN ('1', '2')": "the CCCIDs of batch",
    "UPDATE requests SET payload = '{}' WHERE sis_id = '2'": "the requests of batch",
    "UPDATE requests SET payload = replace(payload, 'Parent', 'Nobody')": "the requests of batch",  # consent
    "UPDATE requests SET payload = replace(payload, 'Ana Lee', 'Cy')": "the requests of batch",
    "UPDATE requests SET kind = 'replace' WHERE sis_id = '2'": "the requests of batch",
    "UPDATE requests SET cccid = 'AAA0009' WHERE sis_id = '2'": "the requests of batch",
    "UPDATE requests SET mis_code = '022' WHERE sis_id = '2'": "the requests of batch",
    "UPDATE requests SET sis_id = '3' WHERE sis_id = '2'": "the requests of batch",
    "UPDATE requests SET row_hash = 'x' WHERE sis_id = '2'": "what is derived from the requests of batch",
    "UPDATE requests SET person = 'x' WHERE sis_id = '2'": "what is derived from the requests of batch",
    "UPDATE requests SET person = NULL WHERE sis_id = '6'": "what is derived from the requests of batch",
    "DELETE FROM requests WHERE sis_id = '2'": "the requests of batch",
    "INSERT INTO requests SELECT batch, mis_code, '99', kind, cccid, payload, row_hash, person FROM requests "
    "WHERE sis_id = '2'": "the requests of batch",
    "UPDATE batches SET proposer = 'Cy'": "changed after it was submitted",
    "UPDATE batches SET proposed_at = '2026-01-01'": "changed after it was submitted",
    "UPDATE batches SET valid_until = '2030-01-01'": "changed after it was submitted",
    "UPDATE batches SET rows_hash = 'x'": "changed after it was submitted",
    "UPDATE batches SET suite_hash = 'x'": "changed after it was submitted",
    "UPDATE batches SET content_hash = 'x'": "changed after it was submitted",
    "UPDATE batches SET issuer = 'openccc' WHERE issuer <> 'openccc'": "changed after it was submitted",
    "UPDATE batches SET mints = mints + 1": "changed after it was submitted",
    "UPDATE batches SET recoveries = 1": "changed after it was submitted",
    "UPDATE batches SET sequence = 0": "changed after it was submitted",
    "UPDATE batches SET reason = 'another' WHERE state = 'rejected'": "changed after it was submitted",
    "UPDATE batches SET state = 'approved'": "the log says minted",
    "UPDATE batches SET state = 'submitted' WHERE state = 'rejected'": "the log says rejected",
    "DELETE FROM batches WHERE state = 'rejected'": "stands in the log only",
    "INSERT INTO batches SELECT 'b', content_hash, state, issuer, proposer, proposed_at, valid_until, "
    "rows_hash, "
    "suite_hash, sequence, mints, recoveries, reason FROM batches WHERE state = 'rejected'":
        "stands in the table only",
    "UPDATE approvals SET approver = 'Cy'": "approval of batch",
    "UPDATE approvals SET at = '2026-01-01'": "approval of batch",
    "UPDATE approvals SET rows_hash = 'x'": "approval of batch",
    "UPDATE approvals SET suite_hash = 'x'": "approval of batch",
    "UPDATE approvals SET sequence = sequence + 1": "approval of batch",
    "UPDATE approvals SET batch = (SELECT id FROM batches WHERE state = 'rejected') WHERE sequence = "
    "(SELECT max(sequence) FROM approvals)": "approval of batch",
    "DELETE FROM approvals": "approval of batch",
    **{
        f"UPDATE decisions SET \"{column}\" = 'x'": "decisions of audit entry"
        for column in ("table", "id_l", "id_r", "by", "at", "hash", "note")
    },
    "UPDATE decisions SET decision = 'different'": "decisions of audit entry",
    "UPDATE decisions SET seconds = 99": "decisions of audit entry",
    "UPDATE decisions SET audit = 1": "decisions of audit entry",
    "DELETE FROM decisions": "decisions of audit entry",
    'INSERT INTO decisions ("table", id_l, id_r, decision, "by", at, hash, audit) SELECT "table", id_l, '
    'id_r, '
    "'different', \"by\", at, hash, audit FROM decisions": "decisions of audit entry",
    **{
        f"UPDATE results SET {column} = 'x'": "results of audit entry"
        for column in ("mis_code", "sis_id", "cccid", "reason")
    },
    "UPDATE results SET outcome = 'failed'": "results of audit entry",
    "DELETE FROM results": "results of audit entry",
    **{
        f"UPDATE voids SET \"{column}\" = 'x'": "voids of audit entry"
        for column in ("mis_code", "sis_id", "cccid", "reason", "by", "approver", "replacement", "at")
    },
    "UPDATE voids SET ordinal = 0": "voids of audit entry",
    "DELETE FROM voids": "voids of audit entry",
    **{
        f"UPDATE ties SET {column} = 'x'": "ties of audit entry"
        for column in ("mis_code_l", "sis_id_l", "mis_code_r", "sis_id_r", "at")
    },
    "UPDATE ties SET tie = 'different'": "ties of audit entry",
    "DELETE FROM ties": "ties of audit entry",
    **{
        f"UPDATE grants SET {column} = 'x' WHERE person = 'Eva'": "grants of audit entry"
        for column in ("login", "college", '"by"', "reason", "at")
    },
    "UPDATE grants SET person = 'Cy' WHERE person = 'Eva'": "grants of audit entry",
    "UPDATE grants SET role = 'approver' WHERE person = 'Eva'": "grants of audit entry",
    "UPDATE grants SET request = 1 WHERE person = 'Eva'": "grants of audit entry",
    "UPDATE grants SET word = 'granted'": "grants of audit entry",
    "DELETE FROM grants WHERE word = 'withdrawn'": "grants of audit entry",
    "INSERT INTO grants (word, role, person, login, college, \"by\", reason, at, audit) SELECT 'granted', "
    "'approver', 'Cy', 'cy', 'district', \"by\", 'x', at, audit FROM grants WHERE person = 'Dora'":
        "grants of audit entry",
    **{
        f"UPDATE access_requests SET {column} = 'x'": "access requests of audit entry"
        for column in (
            "person",
            "title",
            "supervisor",
            "email",
            "college",
            "role",
            "reason",
            "login",
            '"by"',
            "at",
        )
    },
    "DELETE FROM access_requests": "access requests of audit entry",
    "UPDATE allotments SET last = last + 1": "allotted ranges",
    "UPDATE allotments SET authority = 'Cy'": "allotted ranges",
    "UPDATE allotments SET at = '2026-01-01'": "allotted ranges",
    "UPDATE allotments SET first = first + 1": "allotted ranges",
    "UPDATE allotments SET next = first": "turned back",
    "UPDATE allotments SET next = next + 100": "turned on",
    "INSERT INTO allotments (first, last, next, authority, at) VALUES (900000, 900009, 900000, 'x', 'x')":
        "allotted ranges",
    "DELETE FROM allotments": "allotted ranges",
    "DELETE FROM seen": "are not known as seen",
    "UPDATE seen SET ordinal = 5000 WHERE ordinal = 5": "are not known as seen",
    "UPDATE meta SET stamp = 'DEMO'": "the stamp of the registry",
    "UPDATE meta SET created = '2020-01-01'": "the stamp of the registry",
    "UPDATE meta SET ssn_key = 'ffffffffffffffff'": "the SSN key of the registry",
    "UPDATE audit SET at = '2026-01-01' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET what = 'approved' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET who = 'Cy' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET subject = 'x' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET detail = '{}' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET entry = 'x' WHERE seq = 3": "entry 3 was changed",
    "UPDATE audit SET previous = entry WHERE seq = 3": "does not follow",
    "UPDATE audit SET seq = -3 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; "
    "UPDATE audit SET seq = 4 WHERE seq = -3": "does not follow",
    "DELETE FROM audit WHERE seq = 2": "entry 2 is missing",
    "DELETE FROM audit WHERE what = 'disclosed'": "is missing",
    "DELETE FROM audit WHERE seq >= 3": "in the table only",
    "DELETE FROM audit": "the stamp of the registry",
    "INSERT INTO audit SELECT max(seq) + 1, 'now', 'claimed', 'student', 'x', '{}', max(entry), 'x' "
    "FROM audit": "was changed after it was written",
}  # fmt: skip
SHAPES = {
    "ALTER TABLE audit ADD COLUMN extra TEXT": "the column extra was added to the table audit",
    "ALTER TABLE decisions DROP COLUMN note": "the column note was taken away from the table decisions",
    "DROP INDEX minted_once": "the unique index minted_once on ordinal was taken away from the table cccids",
    "DROP INDEX served_once; CREATE INDEX served_once ON cccids (mis_code, sis_id)":
        "the unique index served_once on mis_code, sis_id was taken away",
    "CREATE TABLE shadow (n INTEGER)": "the table shadow was added",
    "CREATE VIEW shadow AS SELECT * FROM audit": "the view shadow was added",
    "DROP TABLE veils": "the table veils was taken away",
}  # fmt: skip
GUARDS_SQLITE = {
    "DROP TRIGGER audit_UPDATE": "rows of the table audit",
    "DROP TRIGGER grants_DELETE": "rows of the table grants",
    "DROP TRIGGER audit_DELETE; CREATE TRIGGER audit_DELETE BEFORE DELETE ON audit BEGIN SELECT 1; END":
        "rows of the table audit",
    "DROP TRIGGER voids_DELETE; CREATE TRIGGER voids_DELETE BEFORE DELETE ON voids WHEN 1 = 0 BEGIN "
    "SELECT RAISE(ABORT, 'rows of this table are never changed'); END": "rows of the table voids",
    "CREATE TRIGGER quiet AFTER INSERT ON cccids BEGIN DELETE FROM seen; END":
        "a trigger was added to the table cccids",
}  # fmt: skip
GUARDS_POSTGRESQL = {
    "DROP TRIGGER audit_kept ON audit": "rows of the table audit",
    "ALTER TABLE grants DISABLE TRIGGER grants_kept": "rows of the table grants",
    "ALTER TABLE cccids DROP CONSTRAINT IF EXISTS x; ALTER TABLE meta DROP CONSTRAINT one_row":
        "the check one_row was taken away from the table meta",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; "
    "END'": "rows of the table audit",
}  # fmt: skip
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
}  # fmt: skip


ALL = EDITS | ACCOUNT_EDITS
# The rules are the same on both stores: on the server a part of the edits, of each table some.
ON_A_SERVER = [*list(EDITS.items())[::5], *list(ACCOUNT_EDITS.items())[::6]]


class _RollBackError(Exception):
    pass


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """Give a registry in which everything that leaves a row happened once."""
    yield from _live("sqlite", tmp_path_factory.mktemp("lived"))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Give such a registry on a server."""
    yield from _live("postgresql", tmp_path_factory.mktemp("served"))


def _live(store, folder):
    with Registry.open(new_place(store, folder), at=AT) as made:
        made.allot(*RANGE, authority="Chancellor's Office", at=AT)
        made.pin_key("0a1b2c3d")
        minted(made, wanted(1, 2))
        _hold_accounts(made, folder)
        one = {"table": ["links"], "id_l": ["1"], "id_r": ["2"], "decision": ["match"], "hash": ["h"]}
        made.record(pl.DataFrame(one), by="Eva", at=AT)
        made.note_seen(pl.Series(["AAA0006"]), at=AT)
        child = wanted("ssn:0a1b2c3d:5f").with_columns(guardian_consent_by=pl.lit("Parent"))
        minted(made, child)
        void(made, "AAA0007", by="Ana", approver="Ben", reason="twice", at=AT)
        reject(made, submitted(made, wanted(30)).id, by="Ben", reason="not wanted", at=AT)
        upload = approved(made, wanted(20), issuer="openccc").id
        hand_over(made, upload, folder / "upload.csv", by="Ben", at=AT)
        enter_result(made, upload, answer("20", "ZAB1234"), by="Ben", file="r", at=AT)
        tied = pl.DataFrame([("021", "1", "021", "2", "same")], schema=TIED, orient="row")
        made.note_ties(tied, by="Eva", at=AT)
        name_first(made, "Dora", at=AT)
        asked = Asked("Eva", "Clerk", "Pat Example", "eva@college.edu", "021", "reviewer", "fall", "eva")
        grant(made, ask(made, asked, by="Dora", at=AT), by="Dora", at=AT)
        withdraw(made, "Eva", "reviewer", by="Dora", reason="left", at=AT)
        assert made.verify().problems == ()
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


def changed(registry, edit, *, guarded=True):  # noqa: F811
    """Change a registry as its owner could, with every guard put back, and give what its proof then says."""
    found = []
    server = registry.path is None
    guards = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"

    def work(connection):
        kept = connection.execute(sa.text(guards)).all() if guarded and not server else []
        off = ["SET LOCAL session_replication_role = replica" if server else "PRAGMA defer_foreign_keys = ON"]
        for statement in (*off, *(f"DROP TRIGGER {name}" for name, _ in kept), *_parted(edit)):
            connection.exec_driver_sql(statement)
        for _, text in kept:
            connection.exec_driver_sql(text)
        found.append(prove(connection))
        raise _RollBackError  # the next edit finds the registry as it was

    with pytest.raises(_RollBackError):
        registry._store.write(work)
    return found[0]


def _parted(edit):
    """Take statements apart, but not the bodies of triggers."""
    return re.split(r"(?<!1); (?!END)", edit)


def require_found(registry, edit, problem, **how):  # noqa: F811
    found = changed(registry, edit, **how)
    assert any(problem in sentence for sentence in found.problems), found.problems
    assert "does NOT verify" in found._repr_html_()


@pytest.mark.parametrize(("edit", "problem"), (EDITS | ACCOUNT_EDITS).items())
def test_edits_are_found(lived, edit, problem):
    require_found(lived, edit, problem)


@pytest.mark.parametrize(("edit", "problem"), ON_A_SERVER)
def test_edits_on_a_server_are_found(served, edit, problem):
    require_found(served, edit, problem)


@pytest.mark.parametrize(("edit", "problem"), (SHAPES | GUARDS_SQLITE).items())
def test_a_file_of_another_shape_is_found(lived, edit, problem):
    require_found(lived, edit, problem, guarded=False)


@pytest.mark.parametrize(("edit", "problem"), (SHAPES | GUARDS_POSTGRESQL).items())
def test_a_database_of_another_shape_is_found(served, edit, problem):
    require_found(served, edit, problem, guarded=False)


def test_there_are_more_than_a_hundred_and_each_changes_something(lived):
    assert len(EDITS | ACCOUNT_EDITS | SHAPES) > 150

    def look(connection):
        return {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            for table in metadata.tables
        }

    empty = {table for table, rows in lived.inspect(look).items() if not rows}
    assert empty == {"veils"}


def test_a_verified_registry_says_so(registry):  # noqa: F811
    found = registry.verify()
    assert (found.ok, found.entries, found.problems) == (True, 2, ())
    assert found.head == registry.audit()["entry"].to_list()[-1]
    assert "verified" in found._repr_html_()
