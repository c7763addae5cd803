"""What must not be taken is refused in plain words, kept in the log, and changes nothing, on both stores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from accounts import ADDRESS, PASSWORD, Mail, claimed, held, lower_the_price, secrets_of
from registries import AT, allotted, approved, registry, submitted, wanted  # noqa: F401 - fixtures among them

from reconcile.errors import ReconcileError
from reconcile.mint.batch import approve, mint
from reconcile.mint.batch import withdraw as end
from reconcile.mint.claim import confirm, release, start
from reconcile.mint.credentials import Way, deliver_credentials, write_credentials
from reconcile.mint.edit import edit
from reconcile.registry import roles
from reconcile.registry.access import Asked, ask, grant, name_first, withdraw

KIM, LEE, PAT = "AAA0001", "AAA0002", "AAA0003"  # claimed, held, waits for its code
LATE = AT + timedelta(days=31)
# What a refusal may change: the log, and how near an account is to being locked, which is sealed with it.
UNTOUCHED = (
    "batches", "requests", "approvals", "cccids", "credentials", "grants", "access_requests", "allotments",
    "decisions", "results", "voids", "ties", "crosswalk", "seen", "meta",
)  # fmt: skip
ACCOUNT = "cccid, state, email, first_name, last_name, birthdate, password, accepted_terms, claimed_at"


@dataclass
class World:
    """A registry in which accounts stand in each state, and what was handed out for them."""

    registry: Any
    secrets: dict[str, str]
    used: str
    mail: Mail
    batch: str
    folder: Any

    def begin(self, number, secret, email="new@home.example.net", at=AT):
        return start(self.registry, number, secret, email, send=Mail(), at=at)

    def finish(self, number, code, at=AT):
        confirm(self.registry, number, code, PASSWORD, accepted_terms=True, at=at)

    def change(self, password=PASSWORD, number=KIM, at=AT, **changes):
        edit(self.registry, number, password, changes=changes, at=at)


@pytest.fixture
def world(registry, tmp_path, monkeypatch):  # noqa: F811
    lower_the_price(monkeypatch)
    batch, secrets = held(registry, tmp_path, 1, 2, 3)
    used = secrets[LEE]
    secrets |= secrets_of(registry, batch, tmp_path, only=[LEE])
    claimed(registry, KIM, secrets[KIM])
    mail = Mail()
    start(registry, PAT, secrets[PAT], "pat@home.example.net", send=mail, at=AT)
    yield World(registry, secrets, used, mail, batch, tmp_path)
    assert registry.verify().problems == ()


def in_use(email):
    return lambda w: w.begin(LEE, w.secrets[LEE], email)


BY_STUDENTS = {
    "a wrong secret": (lambda w: w.begin(LEE, "abcde-abcde-abcde-abcde"), "do not belong together"),
    "no secret": (lambda w: w.begin(LEE, ""), "do not belong together"),
    "a replaced secret": (lambda w: w.begin(LEE, w.used), "do not belong together"),
    "a used secret": (lambda w: w.begin(KIM, w.secrets[KIM]), "do not belong together"),
    "another's secret": (lambda w: w.begin(LEE, w.secrets[PAT]), "do not belong together"),
    "an expired secret": (lambda w: w.begin(LEE, w.secrets[LEE], at=LATE), "ended on 2026-12-21"),
    "a number of nobody": (lambda w: w.begin("AAA0999", w.secrets[LEE]), "do not belong together"),
    "a wrong code": (lambda w: w.finish(PAT, "00000000x"), "do not belong together"),
    "another's code": (lambda w: w.finish(LEE, w.mail.code), "do not belong together"),
    "a code for who is done": (lambda w: w.finish(KIM, w.mail.code), "do not belong together"),
    "a wrong password": (lambda w: w.change("twelve or more", last_name="New"), "do not belong together"),
    "another's password": (
        lambda w: w.change(number=LEE, last_name="New"), "do not belong together, the account was not taken"),
    "both name and birthdate": (
        lambda w: w.change(last_name="New", birthdate="2001-09-09"), "birth date at the same time"),
    "both, by the middle name": (
        lambda w: w.change(middle_name="New", birthdate="2001-09-09"), "birth date at the same time"),
    "a birthdate to come": (lambda w: w.change(birthdate="2030-01-01"), "before today"),
    "an address in use": (in_use(ADDRESS), "already in use"),
    "in capitals": (in_use(ADDRESS.upper()), "already in use"),
    "with a domain in capitals": (in_use("kim@HOME.Example.Net"), "already in use"),
    "with a tag": (in_use("kim+two@home.example.net"), "already in use"),
    "in letters of another script": (in_use("k\u0456m@home.example.net"), "already in use"),
    "with a domain of another script": (in_use("kim@h\u043eme.example.net"), "already in use"),
    "in full width": (in_use("\uff4b\uff49\uff4d@home.example.net"), "already in use"),
    "between blanks": (in_use(f"  {ADDRESS} "), "already in use"),
    "the college's mailbox": (in_use("accounts@college.edu"), "mailbox of the college"),
    "the college's mailbox with a tag": (in_use("Accounts+new@college.EDU"), "mailbox of the college"),
}  # fmt: skip
BY_STAFF = {
    "a secret for who is done": (
        lambda w: write_credentials(w.registry, w.batch, w.folder / "c.csv", by="Ben", only=[KIM], at=AT),
        "took their accounts over"),
    "a secret for a number of nobody": (
        lambda w: write_credentials(w.registry, w.batch, w.folder / "c", by="Ben", only=["X"], at=AT),
        "no account of batch"),
    "a delivery to who is done": (
        lambda w: deliver_credentials(w.registry, [KIM], to="x", how=Way.PHONE, by="Ben", at=AT),
        "no credentials that work"),
    "to release who is done": (
        lambda w: release(w.registry, KIM, by="Ben", reason="asked", at=AT), "Staff cannot reset it"),
}  # fmt: skip


def look(registry, *tables):  # noqa: F811
    """Give what must not change; the secrets of an account too, whose counter of failures may."""

    def work(connection):
        told = [connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in tables or UNTOUCHED]
        return [*told, connection.exec_driver_sql(f"SELECT {ACCOUNT} FROM accounts ORDER BY cccid").all()]

    return registry.inspect(work)


def require_refused(registry, step, words, *tables):  # noqa: F811
    """Take a step that must be refused in these words, be logged once, and change nothing."""
    before, log = look(registry, *tables), registry.audit()
    with pytest.raises(ReconcileError) as refused:
        step()
    assert words in str(refused.value)
    assert look(registry, *tables) == before
    added = registry.audit()[log.height :]
    assert added.height == 1
    assert "refused" in added["what"][0]
    return str(refused.value)


def test_what_a_student_may_not_is_refused_kept_and_changes_nothing(world):
    for name, (step, words) in (BY_STUDENTS | BY_STAFF).items():
        said = require_refused(world.registry, lambda step=step: step(world), words)
        assert "Nothing was changed" in said or name in BY_STAFF
        release(world.registry, LEE, by="Ben", reason="the next of the table", at=AT)
        release(world.registry, PAT, by="Ben", reason="the next of the table", at=AT)
        if "password" in name:
            world.change(first_name=name)  # the right one opens again
    world.finish(PAT, world.mail.code)  # what was right stays so through all of it


def test_name_and_birthdate_may_be_changed_one_after_the_other(world):
    """The dictionary forbids one edit of both; whose name and birthdate are both wrong needs two."""
    world.change(last_name="New")
    world.change(birthdate="2001-09-09")
    assert world.registry.audit()["what"].to_list()[-2:] == ["edited", "edited"]


SPELLINGS = (
    "Ana", "ANA", " ana ", "ana.", "Ana .", "Ána", "\u0410na", "\uff21na", "An\u0430", "a-n-a", "Ana,",
)  # fmt: skip
LOGINS = ("ana", "ANA", " ana ", "COLLEGE\\ana", "college\\Ana", "ana@college.edu", "ANA@COLLEGE.EDU", "ana.",
          "\uff41na", "\u0430na", "College/ana", "ana@college.edu.")  # fmt: skip


@pytest.fixture
def office(registry, monkeypatch):  # noqa: F811
    """Give a registry with roles; the tests say at which login somebody is, on the server too."""
    at = {"login": "dora"}
    monkeypatch.setattr(roles, "login", lambda _connection: at["login"])
    monkeypatch.setattr("reconcile.registry.access.login", lambda _connection: at["login"])
    name_first(registry, "Dora", login_name="dora", at=AT)
    for name, role in (("Ana", "requester"), ("Ben", "approver"), ("Cyd", "approver")):
        asked = Asked(name, "Clerk", "Pat Example", "x@college.edu", "district", role, "fall", name.lower())
        grant(registry, ask(registry, asked, by="Dora", at=AT), by="Dora", at=AT)
    at["login"] = "ana"
    yield registry, at, submitted(registry, wanted(1)).id
    assert registry.verify().problems == ()


def test_the_requester_under_another_spelling_does_not_approve(office):
    registry, at, batch = office  # noqa: F811
    for spelled in SPELLINGS:
        require_refused(registry, lambda spelled=spelled: approve(registry, batch, approver=spelled, at=AT),
                        "proposed by the same person", *UNTOUCHED, "accounts")  # fmt: skip
    for login in LOGINS:
        at["login"] = login
        require_refused(registry, lambda: approve(registry, batch, approver="Ben", at=AT),
                        "takes the role approver", *UNTOUCHED)  # fmt: skip
    at["login"] = "ben"
    assert approve(registry, batch, approver="Ben", at=AT).approver == "Ben"


def test_a_login_in_another_spelling_is_the_same_login(office, monkeypatch):
    registry, at, batch = office  # noqa: F811
    monkeypatch.setattr(roles, "_lacking", lambda *_, **__: "")  # a role that is bound to no login
    for login in LOGINS:
        at["login"] = login
        require_refused(registry, lambda: approve(registry, batch, approver="Ben", at=AT),
                        "from the same login")  # fmt: skip


def test_a_role_that_was_withdrawn_in_between_does_nothing_more(office):
    registry, at, batch = office  # noqa: F811
    at["login"] = "ben"
    approve(registry, batch, approver="Ben", at=AT)
    at["login"] = "dora"
    for name, role in (("Ben", "approver"), ("Ana", "requester")):
        withdraw(registry, name, role, by="Dora", reason="left", at=AT)
    steps = {
        "ben": lambda: mint(batch, registry=registry, by="Ben", at=AT),
        "ana": lambda: submitted(registry, wanted(2)),
    }
    for login, step in steps.items():
        at["login"] = login
        require_refused(registry, step, "it was withdrawn from")
    at["login"] = "ben"
    require_refused(registry, lambda: end(registry, batch, by="Ben", reason="x", at=AT), "withdrawn from")
