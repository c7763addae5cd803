"""Roles are asked for at the moment of each step: the lacking, the withdrawn and the borrowed are refused."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from registries import AT, _template, alter, answer, submitted, wanted

from reconcile.errors import ApprovalError, Refused
from reconcile.mint.batch import approve, look_up, mint, reject, withdraw
from reconcile.mint.credentials import write_credentials
from reconcile.mint.deliver import deliver
from reconcile.mint.handover import hand_over
from reconcile.mint.result import enter_result
from reconcile.mint.void import void
from reconcile.registry import Registry, proof, roles
from reconcile.registry.access import Asked, ask, grant, name_first
from reconcile.registry.access import withdraw as take_back
from reconcile.registry.backup import backup
from reconcile.registry.people import machine
from reconcile.registry.restore import restore
from reconcile.registry.roles import NEEDED, acting, same_login, system_login

DECIDED = pl.DataFrame(
    [("links", "1", "2", "match", "h")],
    schema=["table", "id_l", "id_r", "decision", "hash"], orient="row",
)  # fmt: skip


class Account:
    """Which account of the system the tests are at; the real one cannot be changed by who is no root."""

    def __init__(self, monkeypatch):
        self.name = "dora"
        monkeypatch.setattr(roles, "system_login", lambda: self.name)


@pytest.fixture
def account(monkeypatch):
    return Account(monkeypatch)


@pytest.fixture
def registry(tmp_path, account):
    with Registry.open(shutil.copy(_template("sqlite"), tmp_path / "registry.sqlite")) as opened:
        name_first(opened, "Dora", at=AT)
        hire(opened, "Ana", "requester", "district")
        hire(opened, "Ben", "approver", "district")
        hire(opened, "Eva", "reviewer", "021")
        yield opened


def hire(registry, name, role, college, login=""):
    asked = Asked(name, "Clerk", "Pat Example", "x@college.edu", college, role, "term", login or name.lower())
    return grant(registry, ask(registry, asked, by="Dora", at=AT), by="Dora", at=AT)


def refusals(registry):
    log = registry.audit().filter(pl.col("what") == "refused")
    return [(who, json.loads(detail)["step"]) for who, detail in log.select("who", "detail").rows()]


def test_each_does_their_part_at_their_own_account(registry, account):
    account.name = "ana"
    batch = submitted(registry, wanted(1, 2))
    account.name = "Ben"  # an account of another case is the same
    approve(registry, batch.id, approver="ben", at=AT)
    account.name = "ana"
    assert mint(batch.id, registry=registry, by="ana", at=AT).frame.height == 2
    account.name = "eva"
    assert registry.record(DECIDED, by="Eva", at=AT) == 1
    logins = [json.loads(text).get("login") for text in registry.audit()["detail"]]
    assert logins[-4:] == ["ana", "Ben", "ana", "eva"]
    assert registry.verify().ok


STEPS = {
    "submitted": lambda r, b: submitted(r, wanted(9), proposer="Eva"),
    "approved": lambda r, b: approve(r, b, approver="Eva", at=AT),
    "rejected": lambda r, b: reject(r, b, by="Eva", reason="x", at=AT),
    "withdrawn": lambda r, b: withdraw(r, b, by="Eva", reason="x", at=AT),
    "role": lambda r, b: take_back(r, "Ana", "requester", by="Eva", reason="x", at=AT),
    "tied": lambda r, b: r.note_ties(
        pl.DataFrame(
            [("021", "1", "021", "2", "same")],
            schema=["college_l", "sis_id_l", "college_r", "sis_id_r", "tie"], orient="row",
        ), by="Eva", at=AT,
    ),
    "pinned": lambda r, b: r.pin_key("new", instead_of="old", by="Eva", at=AT),
}  # fmt: skip


@pytest.mark.parametrize("what", STEPS)
def test_a_step_without_its_role_is_refused_and_kept_in_the_log(registry, account, what):
    registry.pin_key("old")
    account.name = "ana"
    batch = submitted(registry, wanted(1))
    before = registry.inspect(lambda c: [c.exec_driver_sql(f"SELECT * FROM {t}").all() for t in TABLES])
    account.name = "eva"
    role = " or ".join(NEEDED[what])
    told = f"takes the role {role}; Eva lacks it. Nothing was changed. A district administrator \\(Dora\\)"
    with pytest.raises(Refused, match=told) as refused:
        STEPS[what](registry, batch.id)
    assert (refused.value.__context__, refused.value.__cause__) == (None, None)
    assert refusals(registry) == [("Eva", what)]
    assert before == registry.inspect(
        lambda c: [c.exec_driver_sql(f"SELECT * FROM {t}").all() for t in TABLES]
    )
    assert registry.verify().ok


TABLES = ("batches", "requests", "approvals", "cccids", "grants", "ties", "meta", "allotments")


def test_a_role_withdrawn_in_between_is_no_role_any_more(registry, account):
    account.name = "ana"
    batch = submitted(registry, wanted(1))
    account.name = "ben"
    approve(registry, batch.id, approver="Ben", at=AT)
    account.name = "dora"
    take_back(registry, "Ben", "approver", by="Dora", reason="left", at=AT)
    account.name = "ben"
    with pytest.raises(Refused, match="it was withdrawn from Ben on 2026-11-21"):
        mint(batch.id, registry=registry, at=AT)
    assert refusals(registry) == [("Ben", "minted")]
    assert (look_up(registry, batch.id).state, registry.issued().height) == ("approved", 0)


def test_one_account_does_not_approve_what_it_proposed_under_another_name(registry, account):
    hire(registry, "Cyd", "requester", "district")
    hire(registry, "Cyd", "approver", "district")
    account.name = "cyd"
    batch = submitted(registry, wanted(1), proposer="Cyd")
    with pytest.raises(Refused, match="proposed by the same person"):
        approve(registry, batch.id, approver="CYD", at=AT)
    alter(registry, "DROP TRIGGER grants_UPDATE", "UPDATE grants SET login = NULL WHERE person = 'Ben'")
    account.name = "CYD"
    with pytest.raises(Refused, match=r"from the same login \(CYD\), under whatever name"):
        approve(registry, batch.id, approver="Ben", at=AT)
    assert refusals(registry) == [("CYD", "approved"), ("Ben", "approved")]
    assert look_up(registry, batch.id).state == "submitted"


def test_the_account_of_the_machine_counts_for_what_was_proposed_before(registry, account, tmp_path):
    with Registry.open(shutil.copy(_template("sqlite"), tmp_path / "before.sqlite")) as before:
        batch = submitted(before, wanted(1))
        name_first(before, "Dora", at=AT)
        hire(before, "Ben", "approver", "district", login=machine()["user"])
        account.name = machine()["user"]
        with pytest.raises(Refused, match="proposed from the same login"):
            approve(before, batch.id, approver="Ben", at=AT)


def test_a_name_is_not_enough_at_another_account(registry, account):
    account.name = "eva"
    with pytest.raises(Refused, match="the one of Ana belongs to the login ana, and this is another"):
        submitted(registry, wanted(1))
    assert refusals(registry) == [("Ana", "submitted")]


def test_a_role_ends_at_its_college(registry, account):
    hire(registry, "Cyd", "requester", "021")
    hire(registry, "Cyd", "requester", "022")
    account.name = "cyd"
    assert submitted(registry, wanted(1), proposer="Cyd").mints == 1
    both = pl.concat([wanted(3), wanted(4, college="023")])
    with pytest.raises(Refused, match="Cyd has it for 021 and 022 only, not for 023"):
        submitted(registry, both, proposer="Cyd")


def test_who_agrees_to_a_void_is_at_their_account(registry, account):
    account.name = "ana"
    batch = submitted(registry, wanted(1))
    account.name = "ben"
    approve(registry, batch.id, approver="Ben", at=AT)
    mint(batch.id, registry=registry, at=AT)
    account.name = "ana"
    with pytest.raises(Refused, match="the one of Ben belongs to the login ben"):
        void(registry, "AAA0001", by="Ana", approver="Ben", reason="x", at=AT)
    account.name = "ben"
    with pytest.raises(Refused, match="takes the role approver or administrator; Eva lacks it"):
        void(registry, "AAA0001", by="Ana", approver="Eva", reason="x", at=AT)
    assert void(registry, "AAA0001", by="Ana", approver="Ben", reason="x", at=AT).cccid == "AAA0001"


def test_a_number_is_replaced_by_whoever_mints(registry, account):
    hire(registry, "Cyd", "requester", "district")
    for rows in (wanted(1), wanted(1, kind="replace", cccid="AAA0001")):
        account.name = "ana"
        batch = submitted(registry, rows)
        account.name = "ben"
        approve(registry, batch.id, approver="Ben", at=AT)
        account.name = "cyd"
        mint(batch.id, registry=registry, by="Cyd", at=AT)
    assert registry.issued()["cccid"].to_list() == ["AAA0002"]
    assert registry.verify().ok


def test_an_administrator_enters_a_range(registry, account):
    with pytest.raises(Refused, match="takes the role administrator; nobody was named who has it"):
        registry.allot("BAA0001", "BAA9999", authority="Chancellor's Office", at=AT)
    with acting("Dora"):
        registry.allot("BAA0001", "BAA9999", authority="Chancellor's Office", at=AT)
    assert registry.verify().ok


def test_an_administrator_restores_although_no_account_is_known(registry, account, tmp_path):
    backup(registry, tmp_path / "copy.sqlite")
    account.name = "postgres"
    wish = {"demo": False, "approver": "Ben", "reason": "moved", "at": AT}
    with pytest.raises(ApprovalError, match="takes the role administrator; Ana lacks it"):
        restore(tmp_path / "copy.sqlite", tmp_path / "new.sqlite", by="Ana", **wish)
    assert restore(tmp_path / "copy.sqlite", tmp_path / "new.sqlite", by="Dora", **wish)["lost"] is None
    with Registry.open(tmp_path / "new.sqlite") as again:
        assert again.verify().ok


def test_answers_are_entered_by_another_requester(registry, account, tmp_path):
    hire(registry, "Cyd", "requester", "district")
    account.name = "ana"
    batch = submitted(registry, wanted(1), issuer="openccc")
    account.name = "ben"
    approve(registry, batch.id, approver="Ben", at=AT)
    account.name = "cyd"
    hand_over(registry, batch.id, tmp_path / "upload.csv", by="Cyd", at=AT)
    assert (
        enter_result(registry, batch.id, answer("1", "ZAB1234"), by="Cyd", file="r", at=AT).counts["created"]
        == 1
    )


def test_who_lacks_the_role_is_left_with_no_file(registry, account, tmp_path):
    account.name = "ana"
    upload = submitted(registry, wanted(1), issuer="openccc").id
    load = submitted(registry, wanted(2)).id
    account.name = "ben"
    for batch in (upload, load):
        approve(registry, batch, approver="Ben", at=AT)
    mint(load, registry=registry, at=AT)
    account.name = "eva"
    steps = {
        "handed_over": lambda: hand_over(registry, upload, tmp_path / "up.csv", by="Eva", at=AT),
        "delivered": lambda: deliver(registry, load, tmp_path / "load.csv", by="Eva", at=AT),
        "credentials": lambda: write_credentials(registry, load, tmp_path / "secrets.csv", by="Eva", at=AT),
    }
    for step in steps.values():
        with pytest.raises(Refused, match="Eva lacks it"):
            step()
    assert refusals(registry) == [("Eva", what) for what in steps]
    assert list(tmp_path.glob("*.csv")) == []


def test_every_event_of_the_log_has_its_roles():
    """An event that is not listed takes any role, which is seldom what was meant."""
    texts = [path.read_text(encoding="utf-8") for path in Path(roles.__file__).parents[1].rglob("*.py")]
    logged = {
        what
        for text in texts
        for what in re.findall(
            r'(?:\.(?:log|seal)\(|\bappend\(\s*[\w.]+,|\brefuse\(ledger, [\w\[\]]+,)\s*"(\w+)"', text
        )
    }
    logged |= {
        "disclosed",
        "purged",
        "not_purged",
    }
    assert len(logged) > 15
    assert logged | set(proof._STATES) == set(NEEDED)


def test_the_system_names_the_account_and_not_the_environment(monkeypatch):
    pwd = pytest.importorskip("pwd")
    monkeypatch.setenv("USER", "somebody")
    monkeypatch.setenv("LOGNAME", "somebody")
    assert system_login() == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("ana", " ANA", True),
        ("ana", "ana1", False),
        ("", "", False),
        (None, None, False),
        ("\uff41na", "ana", True),
    ],
)
def test_logins_are_compared_without_case(left, right, same):
    assert same_login(left, right) is same
