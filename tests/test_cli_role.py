"""Roles by the commands: a registry's first administrator, a request, a grant, a withdrawal."""

from __future__ import annotations

import re
import shutil
import sys

import pytest
from registries import NOT_ON_WINDOWS, _template, new_database, submitted, wanted

from reconcile.cli import main
from reconcile.registry import Registry, roles
from reconcile.registry.access import holders

ASKED = (
    "--title", "Clerk", "--supervisor", "Pat Example", "--email", "x@college.edu", "--college", "district",
    "--reason", "fall",
)  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(roles, "system_login", lambda: "dora")
    return str(shutil.copy(_template("sqlite"), tmp_path / "registry.sqlite"))


@pytest.fixture
def say(capsys, place):
    """Run a command on the registry; give its exit code and what it printed."""

    def run(*words):
        code = main([*words, "--registry", place])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_a_registry_without_roles_says_so(say):
    assert "No roles are set: whoever opens the registry may take every step." in say("registry", "verify")[1]
    code, said = say("role", "grant", "1", "--by", "Dora")
    assert code == 2
    assert 'reconcile registry init --administrator "NAME"' in said


def test_from_a_request_to_a_grant_and_to_a_withdrawal(say, place):
    said = say("registry", "init", "--administrator", "Dora")[1]
    assert "Roles are in force, 1 people have one; on SQLite they bind" in said
    request = ("role", "request", "Ben", "approver", *ASKED, "--login", "ben")
    assert "This was a dry run" in say(*request, "--dry-run")[1]
    said = say(*request)[1]
    number = re.search(r"Access request (\d+): Ben as approver for the district, login ben", said)[1]
    assert "reconcile role grant" in said
    assert "Access requests that nobody granted" in say("role", "list")[1]
    assert "x@college.edu" in say("role", "show", number)[1]
    assert "This was a dry run" in say("role", "grant", number, "--by", "Dora", "--dry-run")[1]
    assert "Granted: Ben as approver" in say("role", "grant", number, "--by", "Dora")[1]
    assert "nobody granted" not in say("role", "list")[1]
    assert (
        "Ben is approver no more: 1 grants ended."
        in say("role", "withdraw", "Ben", "approver", "--by", "Dora", "--reason", "left")[1]
    )
    assert "withdrawn" in say("role", "show", "ben")[1]
    assert say("role", "show", "Zoe")[0] == 2
    said = say("registry", "verify")[1]
    assert "Verified: log and tables agree." in said
    assert "access_requests 1," in said
    assert "grants 3" in said
    with Registry.open(place) as registry:
        assert holders(registry)["person"].to_list() == ["Dora"]


def test_a_refused_step_is_two_and_stays_in_the_log(say, place):
    with Registry.open(place) as registry:
        batch = submitted(registry, wanted(1)).id
    say("registry", "init", "--administrator", "Dora", "--login", "dora")
    code, said = say("batch", "reject", batch, "--by", "Ben", "--reason", "x")
    assert code == 2
    assert "takes the role approver; Ben lacks it. Nothing was changed. A district administrator (Dora)" in (
        " ".join(said.split())
    )
    with Registry.open(place) as registry:
        assert registry.audit()["what"][-1] == "refused"
        assert registry.verify().ok


def test_sqlite_keeps_no_roles_against_sql(say):
    code, said = say("registry", "grants", "--dry-run")
    assert (code, "SQLite knows no logins" in said) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason=NOT_ON_WINDOWS)
def test_a_database_is_told_to_keep_the_roles(capsys):
    url = new_database()

    def say(*words):
        assert main([*words, "--registry", url]) == 0
        return capsys.readouterr().out

    said = say("registry", "init", "--administrator", "Dora")
    assert "the database does NOT keep them: its owner runs `reconcile registry grants`." in said
    assert "CREATE OR REPLACE FUNCTION reconcile_guard_audit()" in say("registry", "grants", "--dry-run")
    assert "does NOT keep them" in say("registry", "verify")
    assert "Roles are in force, 1 people have one; the database keeps them." in say("registry", "grants")
    said = say("registry", "verify")
    assert "the database keeps them." in said
    assert "Verified: log and tables agree." in said
