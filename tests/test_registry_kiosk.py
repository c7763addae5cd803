"""At a kiosk's login students take accounts over, and nothing else can be done there, whatever is typed."""

from __future__ import annotations

import io
import os
import re
import sys
from datetime import timedelta

import polars as pl
import pytest
from accounts import ADDRESS, PASSWORD, Mail, account, lower_the_price, people, secrets_of
from districts import District
from registries import AT, NOT_ON_WINDOWS, submitted

from reconcile.cli import main
from reconcile.errors import AccountError, InputError, RegistryError
from reconcile.mint import passwords
from reconcile.mint.batch import approve, mint
from reconcile.mint.claim import asks_again, confirm, release, start
from reconcile.mint.credentials import Way, deliver_credentials, write_credentials
from reconcile.mint.edit import edit
from reconcile.mint.passwords import PASSWORDS, SECRETS, keep, show
from reconcile.mint.void import void
from reconcile.registry import Registry, kiosk
from reconcile.registry.anchor import require_clock
from reconcile.registry.canon import now
from reconcile.registry.grants import apply, kept
from reconcile.registry.roles import _bare
from reconcile.registry.tables import metadata

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason=NOT_ON_WINDOWS)

KIM, LEE, PAT, ZOE, LATE, ANN = (f"AAA000{n}" for n in range(1, 7))
PEOPLE = {KIM: 1, LEE: 2, PAT: 3, ZOE: 4, LATE: 5, ANN: 6}
REFUSED = "42501"


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """Give a district with six held accounts, one of them claimed, one with a secret that ended."""
    folder = tmp_path_factory.mktemp("kiosk")
    with pytest.MonkeyPatch.context() as patch:
        lower_the_price(patch)
        made = District(f"k{os.getpid()}")
        for who in ("ana", "ben", "front"):
            made.hire(who)
        with made.open("ana") as ana:
            batch = submitted(ana, people(*PEOPLE.values()), at=now()).id
        with made.open("ben") as ben:
            approve(ben, batch, approver="Ben")
            mint(batch, registry=ben, by="Ben")
            made.secrets = secrets_of(ben, batch, folder, at=None)
            late = {"only": [LATE], "at": now() - timedelta(days=9), "valid_for": timedelta(days=1)}
            made.secrets |= secrets_of(ben, batch, folder, **late)
            deliver_credentials(ben, [KIM], to="the student", how=Way.IN_PERSON, by="Ben")
        made.words = {"batch": batch}
        with made.open("front") as front:
            made.codes = {PAT: begin(made, front, PAT, "pat@home.example.net")}
            taken_over(made, front, ZOE, "zoe@home.example.net")
        yield made
        with made.open("dora") as dora:
            assert dora.verify().ok
            assert kept(dora).database


def begin(district, registry, number, email, secret=None):
    mail = Mail()
    start(registry, number, secret or district.secrets[number], email, send=mail)
    return mail.code


def taken_over(district, registry, number, email):
    code = begin(district, registry, number, email)
    confirm(registry, number, code, PASSWORD, accepted_terms=True, secret=district.secrets[number])


CLAIMED = "state = 'claimed', password = 'x', claimed_at = 'now'"
FORBIDDEN = [
    *(("front", f"read {name}", f'SELECT * FROM "{name}"') for name in metadata.tables),
    ("front", "read one account", f"SELECT birthdate FROM accounts WHERE cccid = '{KIM}'"),
    ("front", "count accounts", "SELECT count(*) FROM accounts"),
    ("front", "copy accounts out", "COPY accounts TO STDOUT"),
    ("front", "read the key", "SELECT ssn_key FROM meta"),
    ("front", "take over by the table", f"UPDATE accounts SET {CLAIMED} WHERE cccid = '{KIM}'"),
    ("front", "make a secret", f"UPDATE credentials SET hash = 'x' WHERE cccid = '{KIM}'"),
    ("front", "begin by the table", f"INSERT INTO reclaims VALUES ('{KIM}', 'e@e.net', 'x', 'now', 0)"),
    ("front", "begin without code", f"UPDATE reclaims SET code = 'x' WHERE cccid = '{PAT}'"),
    ("front", "end what waits", "DELETE FROM reclaims"),
    ("front", "write the log", "INSERT INTO audit VALUES (1, 'now', 'claimed', 'x', 'x', '{}', '', '')"),
    ("front", "write the account log", "INSERT INTO account_log VALUES (1, 1, 'x', 'x')"),
    ("front", "approve", "UPDATE batches SET state = 'approved'"),
    ("front", "mint", "INSERT INTO cccids SELECT * FROM cccids"),
    ("front", "turn the counter", "UPDATE allotments SET next = next + 1"),
    ("front", "decide", "INSERT INTO decisions SELECT * FROM decisions"),
    ("front", "ask for a role", "INSERT INTO access_requests SELECT * FROM access_requests"),
    ("front", "grant a role", "INSERT INTO grants SELECT * FROM grants"),
    ("front", "join a group", "GRANT <district>_approver TO <district>_front"),
    ("front", "become the owner", "SET ROLE <district>_keeper"),
    ("front", "become a group", "SET ROLE <district>_requester"),
    ("front", "become another", "SET SESSION AUTHORIZATION <district>_ben"),
    ("front", "look an account up", f"SELECT reconcile_account('{KIM}')"),
    ("front", "hash an account", f"SELECT reconcile_file('{KIM}')"),
    ("front", "seal", f"SELECT reconcile_seal('claimed', '{KIM}', NULL, NULL, NULL)"),
    ("front", "refuse in another's name",
     f"SELECT reconcile_refuse(NULL::accounts, 'x', 'x', true, NULL) FROM reconcile_account('{KIM}')"),
    ("front", "count", "SELECT nextval('reconcile_turns')"),
    ("front", "count back", "SELECT setval('reconcile_turns', 0)"),
    ("front", "make a table", "CREATE TABLE public.mine (n int)"),
    ("front", "make a temporary table", "CREATE TEMP TABLE mine (n int)"),
    ("front", "replace a function",
     ("CREATE OR REPLACE FUNCTION public.reconcile_fits(kept text, shown text) RETURNS boolean "
     "LANGUAGE sql AS 'SELECT true'")),
    ("front", "truncate", "TRUNCATE audit"),
    *(("ana", f"take over by {column}", f"UPDATE accounts SET {column} WHERE cccid = '{KIM}'") for column in (
        CLAIMED, "state = 'claimed'", "password = 'x'", "email = 'e@e.net'", "email = NULL",
        "last_name = 'Evil'", "birthdate = '2001-01-01'", "nonce = 'x'", "accepted_terms = 'true'",
    )),
    *(("ana", f"reset by {column}", f"UPDATE accounts SET {column} WHERE cccid = '{ZOE}'") for column in (
        "state = 'held'", "password = 'x'", "failures = 4", "locked_until = '2999'",
    )),
    ("ana", "delete an account", f"DELETE FROM accounts WHERE cccid = '{ZOE}'"),
    ("ana", "open an account as claimed",
     ("INSERT INTO accounts (cccid, mis_code, sis_id, batch, state, made_at, failures, locks, nonce) "
      "VALUES ('AAA0009', '021', '9', '<batch>', 'claimed', 'now', 0, 0, 'x')")),
    ("ben", "open an account that was not minted",
     ("INSERT INTO accounts (cccid, mis_code, sis_id, batch, state, made_at, failures, locks, nonce) "
      "VALUES ('AAA0009', '021', '9', '<batch>', 'held', 'now', 0, 0, 'x')")),
    ("ana", "make a secret for a student's account",
     ("INSERT INTO credentials (cccid, state, hash, made_at, made_by, expires) "
      f"VALUES ('{ZOE}', 'valid', 'x', 'now', 'x', '2999')")),
    ("ana", "swap a secret", f"UPDATE credentials SET hash = 'x' WHERE cccid = '{KIM}'"),
    ("ana", "call a secret used", f"UPDATE credentials SET state = 'used' WHERE cccid = '{KIM}'"),
    ("ben", "let a secret last", f"UPDATE credentials SET expires = '2999' WHERE cccid = '{KIM}'"),
    ("ben", "remove a secret that works", f"DELETE FROM credentials WHERE cccid = '{KIM}'"),
    ("ben", "begin by the table", f"INSERT INTO reclaims VALUES ('{KIM}', 'e@e.net', 'x', '2999', 0)"),
    ("ben", "change a code", f"UPDATE reclaims SET code = 'x' WHERE cccid = '{PAT}'"),
    ("ben", "write the account log", "INSERT INTO account_log (audit, cccid, hash) VALUES (1, 'x', 'x')"),
    ("ben", "seal", f"SELECT reconcile_seal('claimed', '{KIM}', NULL, NULL, NULL)"),
    ("dora", "take over as an administrator", f"UPDATE accounts SET {CLAIMED} WHERE cccid = '{KIM}'"),
    ("dora", "begin as an administrator",
     "SELECT reconcile_begin('x', '00', 'e@e.net', 'x', false, ARRAY['', ''])"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "act", "sql"), FORBIDDEN, ids=[f"{row[0]}-{row[1]}" for row in FORBIDDEN])
def test_the_database_refuses(district, who, act, sql):
    assert district.run(who, sql) == REFUSED


def test_an_account_is_taken_over_and_edited_at_a_kiosk(district):
    with district.open("front") as front:
        assert asks_again(front)
        require_clock(front, allowed=timedelta(0), at=AT - timedelta(days=9))  # the database's own counts
        code = begin(district, front, f" {KIM.lower()} ", ADDRESS.upper(), district.secrets[KIM].upper())
        for wrong in ({}, {"secret": district.secrets[LEE]}):
            with pytest.raises(AccountError, match="CCCID and code do not belong together"):
                confirm(front, KIM, code, PASSWORD, accepted_terms=True, **wrong)
        same = {"accepted_terms": True, "secret": district.secrets[KIM]}
        with pytest.raises(AccountError, match="is the temporary secret"):
            confirm(front, KIM, code, district.secrets[KIM], **same)
        confirm(front, KIM, code, PASSWORD, **same)
        both = {"last_name": "Sample", "birthdate": "2001-03-01"}
        with pytest.raises(AccountError, match="birth date at the same time"):
            edit(front, KIM, PASSWORD, changes=both)
        with pytest.raises(AccountError, match="before today"):
            edit(front, KIM, PASSWORD, changes={"birthdate": "2999-01-01"})
        assert edit(front, KIM, PASSWORD, changes={"last_name": 'O"Sämple\\'}) == ("last_name",)
        assert edit(front, KIM, PASSWORD, changes={"birthdate": "2001-03-01"}) == ("birthdate",)
        with pytest.raises(InputError, match="says so already"):
            edit(front, KIM, PASSWORD, changes={"birthdate": "2001-03-01"})
    with district.open("dora") as dora:
        found = account(dora, KIM)
        assert (found["state"], found["email"], found["birthdate"]) == ("claimed", ADDRESS, "2001-03-01")
        assert found["claimed_at"] == found["accepted_terms_timestamp"]
        steps = dora.audit().filter(pl.col("subject") == KIM)["what"].to_list()
        assert [steps.count(one) for one in ("confirm_refused", "claimed", "edit_refused", "edited")] == [
            3, 1, 2, 2,
        ]  # fmt: skip
        assert dora.verify().ok


def test_what_is_wrong_used_ended_and_anothers_is_refused_alike(district):
    with district.open("front") as front:

        def said(number, secret, email="new@home.example.net"):
            with pytest.raises(AccountError) as caught:
                start(front, number, secret, email, send=Mail())
            return str(caught.value)

        alike = {
            said(LEE, "abcde-abcde-abcde-abcde"), said(LEE, district.secrets[PAT]),
            said("AAA0009", district.secrets[LEE]), said("a password", ""), said(ZOE, district.secrets[ZOE]),
        }  # fmt: skip
        assert len(alike) == 1
        assert "do not belong together" in alike.pop()
        assert "The temporary secret ended on" in said(LATE, district.secrets[LATE])
        for email, words in (
            ("ZOE@home.Example.net", "already in use"), ("zoe+two@home.example.net", "already in use"),
            ("z\u043ee@home.example.net", "already in use"), ("accounts+9@college.edu", "of the college"),
        ):  # fmt: skip
            assert words in said(LEE, district.secrets[LEE], email)
    with district.open("dora") as dora:
        assert account(dora, LEE)["state"] == "held"
        assert dora.verify().ok


def test_who_reads_what_is_kept_cannot_show_it(district):
    with district.open("dora") as dora:
        secret = dora.read(lambda ledger: ledger.accounts.secret(LEE))["hash"].rpartition(":")[2]
        password = account(dora, ZOE)["password"].rpartition(":")[2]

    def ask(registry, work):
        return registry.change(lambda connection: work(kiosk.Kiosk(connection)))

    with district.open("front") as front:
        wish = ("new@home.example.net", keep(SECRETS, "1"))
        assert ask(front, lambda k: k.begin(LEE, secret, *wish, elsewhere=False))[0] == "no match"
        assert ask(front, lambda k: k.edit(ZOE, password, {"last_name": "Evil"}))[0] == "no match"


def test_guesses_lock_at_a_kiosk_and_staff_open_only_what_is_held(district):
    with district.open("front") as front:
        begin(district, front, PAT, "pat@home.example.net")  # what waited before ends
        for _ in range(5):
            with pytest.raises(AccountError, match="do not belong together"):
                confirm(front, PAT, "0", PASSWORD, accepted_terms=True, secret=district.secrets[PAT])
        with pytest.raises(AccountError, match="locked"):
            begin(district, front, PAT, "pat@home.example.net")
        for _ in range(5):
            with pytest.raises(AccountError, match="do not belong together"):
                edit(front, ZOE, "wrong", changes={"last_name": "Evil"})
    with district.open("ben") as ben:
        assert [account(ben, n)["locks"] for n in (PAT, ZOE)] == [1, 1]
        assert ben.read(lambda ledger: ledger.accounts.waiting(PAT)) is None
        release(ben, PAT, by="Ben", reason="the student called")
        with pytest.raises(AccountError, match="is its student's"):
            release(ben, ZOE, by="Ben", reason="x")
        begin(district, ben, PAT, "pat@home.example.net")  # staff beside a student do no more than a kiosk


def test_staff_go_on_with_their_own_part(district, tmp_path):
    with district.open("ben") as ben:
        new = secrets_of(ben, district.words["batch"], tmp_path, only=[LEE], at=None)
        district.secrets |= new
        with pytest.raises(AccountError, match="took their accounts over"):
            write_credentials(ben, district.words["batch"], tmp_path / "c.csv", by="Ben", only=[ZOE])
        assert void(ben, LATE, by="Ana", approver="Ben", reason="twice").cccid == LATE
    with district.open("front") as front, pytest.raises(AccountError, match="do not belong together"):
        begin(district, front, LATE, "late@home.example.net")


def test_a_number_that_nobody_has_looks_like_any_other(district):
    with district.open("front") as front:
        unknown = kiosk.heads(front, "AAA0999")
        assert unknown == kiosk.heads(front, " aaa0999")
        assert unknown != kiosk.heads(front, "AAA0998")
        known = kiosk.heads(front, LEE)
        assert [re.sub("[A-Za-z0-9+/]+$", "", one) for one in (unknown.code, unknown.password)] == [
            re.sub("[A-Za-z0-9+/]+$", "", one) for one in (known.code, known.password)
        ]
        assert len(unknown.secret.rpartition("$")[2]) == len(known.secret.rpartition("$")[2])


@pytest.mark.parametrize(
    "login", ["ana", "COLLEGE\\Ana", " ana@college.edu. ", "college/ANA.", "\uff41na", "\u0430n\u0430"]
)
def test_the_database_spells_a_login_as_the_commands_do(district, login):
    assert district.run("ana", f"SELECT reconcile_bare('{login}')") == [(_bare(login),)] == [("ana",)]


def test_the_functions_know_what_argon2_costs():
    text = kiosk.WORDS["@secrets@"], kiosk.WORDS["@passwords@"]
    assert text == tuple(
        f"'{passwords._head(hasher).rpartition('$')[0]}$'" for hasher in (SECRETS, PASSWORDS)
    )
    assert show("no head at all", "x") != show("no head at all", "y")


def test_attempts_that_are_taken_back_are_counted(district):
    call = "SELECT reconcile_begin('x', '00', 'e@e.net', 'x', false, ARRAY['', '']);"
    guess = f"DO $$ BEGIN FOR n IN 1..{kiosk.TAKEN_BACK - 1} LOOP BEGIN PERFORM reconcile_begin('x', '00', "
    guess += "'e@e.net', 'x', false, ARRAY['', '']); RAISE EXCEPTION 'back'; EXCEPTION WHEN raise_exception "
    guess += "THEN NULL; END; END LOOP; END $$"
    assert district.run("front", guess) == []
    assert district.run("front", call) == "55000"
    with district.open("front") as front, pytest.raises(RegistryError, match="lets no student in any more"):
        begin(district, front, LEE, "lee@home.example.net")
    with district.open("keeper") as keeper:
        apply(keeper)
    with district.open("front") as front:
        taken_over(district, front, LEE, "lee@home.example.net")


def test_the_commands_work_at_a_kiosk(district, tmp_path, capsys, monkeypatch):
    def say(*words, stdin):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in stdin)))
        assert main(["account", *words, "--registry", district.url("front")]) == 0
        return capsys.readouterr().out

    mail = ("--email", "ann@home.example.net", "--outbox", str(tmp_path), "--sender", "accounts@college.edu")
    secret = district.secrets[ANN]
    assert "valid until" in say("reclaim", ANN, *mail, stdin=[secret])
    [file] = tmp_path.iterdir()
    code = re.search(r"Code: ([0-9 ]+)", file.read_text(encoding="utf-8"))[1]
    assert "its student's" in say("confirm", ANN, "--accept-terms", stdin=[secret, code, PASSWORD])
    assert "Changed: suffix." in say("edit", ANN, "--suffix", "Jr.", stdin=[PASSWORD])


def test_a_kiosks_login_has_no_other_role(district):
    with pytest.raises(RegistryError, match="login of a kiosk"):
        district.hire("front", "requester")
    with pytest.raises(RegistryError, match="login of a kiosk"):
        district.hire("ana", "kiosk")


def test_a_file_has_no_kiosk(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        assert not asks_again(opened)
