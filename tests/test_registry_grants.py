"""On PostgreSQL the database keeps the roles: real logins do their work, forbidden acts are refused."""

from __future__ import annotations

import itertools
import json
import os
import sys

import polars as pl
import pytest
from desks import PARTS
from districts import District
from registries import AT, NOT_ON_WINDOWS, answer, new_database, submitted, wanted

from reconcile.errors import Refused, RegistryError
from reconcile.mint.batch import GateVerdict, approve, mint, withdraw
from reconcile.mint.deliver import deliver, loaded
from reconcile.mint.draft import check, draft, rows_of, submit
from reconcile.mint.handover import hand_over
from reconcile.mint.result import enter_result
from reconcile.mint.void import void
from reconcile.registry import Registry
from reconcile.registry.access import name_first
from reconcile.registry.access import withdraw as take_back
from reconcile.registry.canon import canonical
from reconcile.registry.grants import PRIVILEGES, apply, kept, plan
from reconcile.registry.tables import metadata
from reconcile.registry.veils import put_on
from reconcile.review.cases import Cases
from reconcile.review.parcel import Parcel, Sealed, pack
from reconcile.review.session import Session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason=NOT_ON_WINDOWS)

DECISION = ("table", "id_l", "id_r", "decision", "hash")


def rows(*ids):
    return wanted(*ids).with_columns(birthdate=pl.lit("2001-02-03"))


@pytest.fixture(scope="module")
def district():
    made = District(f"d{os.getpid()}")
    for who in ("ana", "ben", "cyd"):
        made.hire(who)
    made.hire("eva", college="021")
    made.hire("cyd", "approver")  # may do both, but not of one batch
    with made.open("ana") as ana:
        ana.pin_key("0123456789abcdef")
        batch = submitted(ana, rows(1)).id
    with made.open("ben") as ben:
        approve(ben, batch, approver="Ben", at=AT)
        mint(batch, registry=ben, by="Ben", at=AT)
    with made.open("ana") as ana:
        waits = submitted(ana, rows(2)).id
    with made.open("cyd") as cyd:
        made.words = {"batch": batch, "open": waits, "own": submitted(cyd, rows(3), proposer="Cyd").id}
    return made


def logged(what, subject, login, **detail):
    """Write SQL that goes on with the audit log as the toolkit would, with a hash that is right."""
    text = canonical(detail | {"login": f"<district>_{login}"}).replace("'", "''")
    return f"""
        WITH l AS (SELECT seq, entry FROM audit ORDER BY seq DESC LIMIT 1),
        n AS (SELECT *, reconcile_entry(
            ROW(seq + 1, 'now', '{what}', 'X', '{subject}', '{text}', entry, '')::audit) AS hash FROM l)
        INSERT INTO audit SELECT seq + 1, 'now', '{what}', 'X', '{subject}', '{text}', entry, hash FROM n;
    """


def approval(batch, *, of=None):
    return f"""
        INSERT INTO approvals (batch, approver, at, rows_hash, suite_hash, sequence)
        SELECT '{batch}', 'X', 'now', {of or "rows_hash"}, suite_hash, sequence
        FROM batches WHERE id = '{batch}';
    """


def number(batch, sis_id, ordinal, kind="mint"):
    return f"""
        INSERT INTO cccids (mis_code, sis_id, ordinal, cccid, kind, state, batch, issued_on)
        VALUES ('021', '{sis_id}', {ordinal}, 'AAA0009', '{kind}', 'issued', '{batch}', 'now');
    """


def word(who, role, login, *, by, granted="granted"):
    return (
        logged("role", "roles", by, word=granted, role=role, college="district")
        + f"""
        INSERT INTO grants (word, role, person, login, college, by, reason, at, audit)
        SELECT '{granted}', '{role}', '{who}', '<district>_{login}', 'district', 'X', '', 'now', max(seq)
        FROM audit;
    """
    )


def state(batch, to):
    return f"UPDATE batches SET state = '{to}' WHERE id = '{batch}';"


def claim(by):
    return f"UPDATE allotments SET next = next + {by};"


def voided(sis_id, audit="max(seq)"):
    return f"""
        INSERT INTO voids (mis_code, sis_id, ordinal, cccid, reason, by, approver, at, audit)
        SELECT '021', '{sis_id}', 0, 'AAA0001', 'x', 'X', 'Y', 'now', {audit} FROM audit;
    """


HISTORY = (
    "audit",
    "approvals",
    "decisions",
    "results",
    "voids",
    "ties",
    "grants",
    "access_requests",
    "veils",
)
CHANGES = ("UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}")

# Who, what they must not do, and how they try.
FORBIDDEN = [
    ("ana", "approve, by the log", logged("approved", "<open>", "ana")),
    ("ana", "approve, by the table", approval("<open>")),
    ("ana", "approve, by the state", state("<open>", "approved")),
    ("dora", "approve, as an administrator", logged("approved", "<open>", "dora")),
    ("ben", "approve without an approval", logged("approved", "<open>", "ben") + state("<open>", "approved")),
    ("ben", "approve without the log", approval("<open>") + state("<open>", "approved")),
    ("ben", "approve in another's name", logged("approved", "<open>", "cyd") + approval("<open>")),
    ("ben", "approve other rows", logged("approved", "<open>", "ben") + approval("<open>", of="'other'")),
    ("ben", "approve what is minted", logged("approved", "<batch>", "ben") + approval("<batch>")),
    ("cyd", "approve what they proposed", logged("approved", "<own>", "cyd") + approval("<own>")),
    ("ben", "propose", logged("submitted", "<open>", "ben")),
    ("ben", "let an old approval count", "UPDATE batches SET sequence = 0 WHERE id = '<open>'"),
    ("ana", "change a batch that was submitted", "UPDATE batches SET rows_hash = 'x' WHERE id = '<open>'"),
    ("ana", "change who proposed", "UPDATE batches SET proposer = 'X' WHERE id = '<open>'"),
    ("ana", "begin a batch as approved",
     ("INSERT INTO batches SELECT 'b', content_hash, 'approved', issuer, proposer, proposed_at, valid_until, "
     "rows_hash, suite_hash, sequence, mints, recoveries, reason FROM batches WHERE id = '<batch>'")),
    ("ana", "delete a batch", "DELETE FROM batches WHERE id = '<open>'"),
    ("ana", "delete rows that were submitted", "DELETE FROM requests WHERE batch = '<open>'"),
    ("ana", "add rows to what was submitted",
     ("INSERT INTO requests SELECT batch, mis_code, '99', kind, cccid, payload, row_hash FROM requests "
     "WHERE batch = '<open>'")),
    ("ana", "change a row", "UPDATE requests SET payload = '{}' WHERE batch = '<open>'"),
    ("eva", "read payloads", "SELECT payload FROM requests"),
    ("eva", "read who a request is about", "SELECT person FROM requests"),
    ("eva", "read birthdates through a whole row", "SELECT r FROM requests r"),
    ("eva", "copy requests out", "COPY requests TO STDOUT"),
    ("eva", "read the hashes of rows", "SELECT row_hash FROM requests"),
    ("eva", "read hashes in the log", "SELECT detail FROM audit"),
    ("eva", "look behind the veil", "SELECT hash FROM veils"),
    ("eva", "read credentials", "SELECT * FROM credentials"),
    ("eva", "propose", logged("submitted", "<open>", "eva")),
    ("eva", "decide without the log",
     ('INSERT INTO decisions ("table", id_l, id_r, decision, by, at, hash, audit) '
     "VALUES ('links', '1', '2', 'match', 'X', 'now', 'h', 1)")),
    ("ana", "read access requests", "SELECT email FROM access_requests"),
    ("ana", "give themselves a role", word("Ana", "approver", "ana", by="ana")),
    ("dora", "give themselves a role", word("Dora", "approver", "dora", by="dora")),
    ("dora", "grant without the log",
     ("INSERT INTO grants (word, role, person, login, college, by, reason, at, audit) "
     "VALUES ('granted', 'approver', 'Ana', '<district>_ana', 'district', 'X', '', 'now', 1)")),
    ("dora", "grant another role than the log says", word("Ana", "requester", "ana", by="dora").replace(
        "'granted', 'requester'", "'granted', 'approver'")),
    ("ana", "join a group", "GRANT <district>_approver TO <district>_ana"),
    ("dora", "join a group", "GRANT <district>_approver TO <district>_dora"),
    ("ana", "become the owner", "SET ROLE <district>_keeper"),
    ("ana", "become another", "SET SESSION AUTHORIZATION <district>_ben"),
    ("ana", "mint without an approval, by the log",
     logged("minted", "<open>", "ana") + state("<open>", "minted")),
    ("ana", "mint without an approval, by a number",
     claim(1) + logged("minted", "<open>", "ana") + number("<open>", "2", 1)),
    ("ana", "mint again", claim(1) + logged("minted", "<batch>", "ana") + number("<batch>", "1", 1)),
    ("ana", "mint for a stranger", claim(1) + number("<batch>", "77", 1)),
    ("dora", "mint", number("<batch>", "1", 1)),
    ("ana", "turn the counter back", claim(-1)),
    ("dora", "turn the counter on", claim(1)),
    ("ana", "widen the range", "UPDATE allotments SET last = last + 1"),
    ("ana", "enter a range", "INSERT INTO allotments VALUES (9, 900000, 900009, 900000, 'X', 'now')"),
    ("ana", "change a number", "UPDATE cccids SET ordinal = 5"),
    ("ana", "change the text of a number", "UPDATE cccids SET cccid = 'AAA0005'"),
    ("ana", "take a number away", "DELETE FROM cccids"),
    ("ana", "void without a void", "UPDATE cccids SET state = 'voided'"),
    ("ana", "call a number loaded", "UPDATE cccids SET state = 'loaded'"),
    ("ana", "void alone", logged("voided", "numbers", "ana", batch="<batch>") + voided("1")),
    ("ben", "void without the log", voided("1", audit="1")),
    ("ana", "change the key", "UPDATE meta SET ssn_key = 'x'"),
    ("dora", "change the stamp", "UPDATE meta SET stamp = 'DEMO'"),
    ("ana", "leave out an entry", logged("refused", "x", "ana").replace("seq + 1", "seq + 2")),
    ("ana", "write an entry that does not hold",
     logged("refused", "x", "ana").replace("entry, hash", "entry, 'h'")),
    ("ana", "log something new", logged("invented", "x", "max")),
    ("ana", "switch a guard off", "ALTER TABLE audit DISABLE TRIGGER USER"),
    ("ana", "take a guard away", "DROP TRIGGER reconcile_01 ON audit"),
    ("ana", "switch every guard off", "SET session_replication_role = replica"),
    ("ana", "replace a guard",
     ("CREATE OR REPLACE FUNCTION public.reconcile_guard_audit() RETURNS trigger LANGUAGE plpgsql "
     "AS 'BEGIN RETURN NEW; END'")),
    ("ana", "put a table before another", "CREATE TABLE public.shadow (n int)"),
    *(
        (who, f"{change.split()[0].lower()} {table}", change.format(table, column, column))
        for table in HISTORY
        for who, change in zip(itertools.cycle(("ana", "ben", "dora", "cyd")), CHANGES, strict=False)
        for column in [{"results": "reason", "veils": "hash"}.get(table, "at")]
    ),
]  # fmt: skip


@pytest.mark.parametrize(("who", "act", "sql"), FORBIDDEN, ids=[f"{row[0]}-{row[1]}" for row in FORBIDDEN])
def test_the_database_refuses(district, who, act, sql):
    with district.open("dora") as registry:
        before = registry.sequence
        assert district.run(who, sql) in ("42501", "23505" if act == "mint again" else "")
        assert registry.sequence == before


def test_nobody_comes_in_without_a_role(district):
    with pytest.raises(RegistryError, match="does not answer"):
        district.open("max")


def test_the_work_goes_on_at_the_logins(district, tmp_path):
    with district.open("ana") as ana:
        made = draft(ana, rows(10, 11), by="Ana", issuer="registry", at=AT)
        judged = GateVerdict(suite_hash="suite", rows_hash=rows_of(ana, made.id)[1], open=True, failures=0)
        check(ana, made.id, by="Ana", verdict=judged, at=AT)
        submit(ana, made.id, by="Ana", at=AT)
        with pytest.raises(Refused, match=r"takes the role approver; Ana B lacks it.*administrator \(Dora\)"):
            approve(ana, made.id, approver="Ana B", at=AT)
        with pytest.raises(Refused, match=r"belongs to the login .*_ben"):
            approve(ana, made.id, approver="Ben", at=AT)
    with district.open("ben") as ben:
        approve(ben, made.id, approver="ben", at=AT)
    with district.open("ana") as ana:
        numbers = mint(made.id, registry=ana, by="Ana", at=AT).frame["cccid"].to_list()
        deliver(ana, made.id, tmp_path / "load.csv", by="Ana", at=AT)
        loaded(ana, made.id, by="Ana", at=AT)
        with pytest.raises(Refused, match="belongs to the login"):
            void(ana, numbers[0], by="Ana", approver="Ben", reason="typed")
    with district.open("ben") as ben:
        assert void(ben, numbers[0], by="Ana", approver="Ben", reason="twice", at=AT).state == "loaded"
    with district.open("dora") as dora:
        assert dora.verify().ok
        logins = {json.loads(row[0]).get("login") for row in dora.audit().select("detail").rows()}
        assert logins >= {f"{district.name}_{who}" for who in ("ana", "ben", "cyd", "dora")}


def test_a_replacement_is_minted_and_a_batch_handed_over_and_answered(district, tmp_path):
    with district.open("cyd") as cyd:
        asked = rows(1).with_columns(kind=pl.lit("replace"), cccid=pl.lit("AAA0001"))
        batch = submitted(cyd, asked, proposer="Cyd")
        upload = submitted(cyd, rows(20), proposer="Cyd", issuer="openccc")
        gone = submitted(cyd, rows(30), proposer="Cyd")
        withdraw(cyd, gone.id, by="Cyd", reason="not wanted", at=AT)
    with district.open("ben") as ben:
        approve(ben, batch.id, approver="Ben", at=AT)
        approve(ben, upload.id, approver="Ben", at=AT)
    with district.open("ana") as ana:
        assert mint(batch.id, registry=ana, by="Ana", at=AT).frame.height == 1
        hand_over(ana, upload.id, tmp_path / "upload.csv", by="Ana", at=AT)
        assert (
            enter_result(ana, upload.id, answer("20", "ZAB1234"), by="Ana", file="r", at=AT).counts["created"]
            == 1
        )
    with district.open("dora") as dora:
        assert dora.verify().ok


def test_a_reviewer_decides_and_sees_no_person(district):
    made = pl.DataFrame([("links", "1", "AAA0001", "match", "h1")], orient="row", schema=DECISION)
    with district.open("eva") as eva:
        assert eva.record(made, by="Eva", at=AT) == 1
        for look in (eva.given_to, eva.audit):
            with pytest.raises(RegistryError, match="does not let your database login"):
                look()
    with district.open("ana") as ana, district.open("eva") as eva:
        ana.record(made.with_columns(hash=pl.lit("h2-5")), by="Ana", at=AT)
        assert "h2-5" in set(ana.words()["hash"])
        assert "h2-5" not in set(eva.words()["hash"])  # a mark stands for it


def test_a_reviewer_at_their_own_login_decides_pairs_out_of_a_file(district, tmp_path):
    file = tmp_path / "pairs.json"
    cases = Cases(PARTS, veiled=True)
    with district.open("ana") as ana:
        last = Sealed(frozenset(), int(ana.words()["id"].max() or 0))
        pack(
            file, cases, cases.asked, reviewers=1, sealed=last,
            marks=lambda hashes: put_on(ana, pl.Series(hashes)).to_list(),
        )  # fmt: skip
    with district.open("eva") as eva:
        made = Session(Parcel(file), eva, reviewer="Eva")
        left = made.progress.left
        made.decide("match", note="seen", seconds=3)
        again = Session(Parcel(file), eva, reviewer="eva")
        assert (again.progress.decided, again.progress.left) == (1, left - 1)
    with district.open("ana") as ana:
        assert cases.hashes[cases.asked[0]] in ana.words()["hash"]  # what the mark stands for


def test_a_role_that_was_withdrawn_is_no_role_any_more(district):
    district.hire("max")
    made = pl.DataFrame([("links", "3", "AAA0003", "match", "h3")], orient="row", schema=DECISION)
    with district.open("max") as before, district.open("dora") as dora:
        assert before.record(made, by="Max", at=AT) == 1
        assert take_back(dora, "Max", "reviewer", by="Dora", reason="left", at=AT) == 1
        with pytest.raises(RegistryError, match="does not let your database login"):
            before.record(made, by="Max", at=AT)
    with pytest.raises(RegistryError, match="does not answer"):
        district.open("max")


def test_a_role_for_a_login_that_is_not_there_is_refused(district):
    with pytest.raises(RegistryError, match="knows no login of that name"):
        district.hire("zoe", "reviewer")


def test_what_is_switched_off_is_told(district):
    with district.open("dora") as dora:
        assert kept(dora).sentence.endswith("the database keeps them.")
        district.run("keeper", "ALTER TABLE approvals DISABLE TRIGGER USER")
        assert kept(dora).problems == ("a guard of the table approvals was switched off or taken away",)
        assert "does NOT keep" in kept(dora).sentence
        district.run("keeper", "ALTER TABLE approvals ENABLE TRIGGER USER")
        assert kept(dora).database


def test_roles_are_told_of_before_the_database_keeps_them():
    with Registry.open(new_database()) as made:
        assert kept(made).sentence.startswith("No roles are set")
        with pytest.raises(RegistryError, match="No roles are set"):
            plan(made)
        name_first(made, "Dora", at=AT)
        assert "does NOT keep them" in kept(made).sentence
        assert plan(made)[0].startswith("CREATE ROLE")


def test_a_role_without_a_login_of_the_database_is_told(district):
    with Registry.open(new_database()) as made:
        name_first(made, "Dora", login_name="nobody", at=AT)
        apply(made)
        assert kept(made).idle == ("Dora",)
        assert "It has no login of Dora, who cannot act." in kept(made).sentence


def test_each_table_says_who_may_what():
    assert set(PRIVILEGES) == {*metadata.tables, "alembic_version"}
