"""Accounts by typed commands: from the table of requests to an account that is its student's."""

from __future__ import annotations

import email
import email.policy
import io
import re
import sys

import polars as pl
import pytest
from accounts import cheap, people  # noqa: F401
from registries import RANGE, submitted

from reconcile.cli import main
from reconcile.mint.batch import approve, mint
from reconcile.registry import Registry

ADDRESS = "kim@home.example.net"
WORDS = "eleven plus one more"
NUMBER = "AAA0001"


@pytest.fixture
def place(tmp_path):
    """Give a registry in which two students were minted just now, and their batch."""
    path = tmp_path / "r.sqlite"
    with Registry.open(path) as opened:
        opened.allot(*RANGE, authority="Chancellor's Office")
        batch = submitted(opened, people(1, 2), at=None).id
        approve(opened, batch, approver="Ben")
        mint(batch, registry=opened)
    return path, batch


@pytest.fixture
def say(place, capsys, monkeypatch):
    """Run a command on the registry, with lines of stdin; each step first as a dry run that keeps nothing."""

    def run(*words, stdin=(), code=0, here=True, dry=False):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in stdin)))
        options = ["--registry", str(place[0])] if here else []
        assert main(["account", *map(str, words), *options, *(["--dry-run"] if dry else [])]) == code
        said = capsys.readouterr()
        return said.out + said.err

    def step(*words, **how):
        with Registry.open(place[0]) as before:
            was = before.sequence
        assert "dry run" in run(*words, **how, dry=True)
        with Registry.open(place[0]) as after:
            assert after.sequence == was
        return run(*words, **how)

    run.step = step
    return run


def test_the_way_of_an_account(place, say, tmp_path, cheap):  # noqa: F811
    _, batch = place
    file, outbox = tmp_path / "credentials.csv", tmp_path / "outbox"
    told = say.step("credentials", batch, "--out", file, "--by", "Ben")
    assert "Secrets made: 2" in told
    assert "reconcile account delivered --batch" in told
    shown = pl.read_csv(file, infer_schema=False)
    secret = shown["secret"][0]
    given = ("--to", "the student", "--how", "in_person", "--by", "Ben")
    assert "delivered: 1" in say.step("delivered", NUMBER, *given)
    assert "delivered: 1" in say("delivered", "--batch", batch, *given)
    assert "No credentials of batch" in say("delivered", "--batch", batch, *given, code=2)
    assert "either CCCIDs or --batch" in say("delivered", *given, code=2)
    assert "unknown. Known: in_person" in say("delivered", NUMBER, *given, "--how", "pigeon", code=2)

    mail = ("--email", ADDRESS, "--outbox", outbox, "--sender", "accounts@college.edu")
    assert "do not belong together" in say("reclaim", NUMBER, *mail, stdin=["wrong"], code=2)
    assert "nothing was given" in say("reclaim", NUMBER, *mail, code=2)
    assert "Name the outbox" in say("reclaim", NUMBER, "--email", ADDRESS, code=2)
    assert "valid until" in say.step("reclaim", NUMBER, *mail, stdin=[secret])
    [file] = outbox.iterdir()
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.SMTPUTF8)
    assert (message["To"], message["From"]) == (ADDRESS, "accounts@college.edu")
    code = re.search(r"Code: ([0-9 ]+)", message.get_content())[1]
    assert NUMBER in message.get_content()
    lines = [code, WORDS]
    assert "agree to the Terms of Use" in say("confirm", NUMBER, code=2)  # nothing is asked
    assert "its student's" in say.step("confirm", NUMBER, "--accept-terms", stdin=lines)

    both = ("--last-name", "Sample", "--birthdate", "2001-03-04")
    assert "at the same time" in say("edit", NUMBER, *both, stdin=[WORDS], code=2)
    assert "Nothing to change was named" in say("edit", NUMBER, code=2)
    assert "Changed: last name." in say.step("edit", NUMBER, "--last-name", "-", stdin=["Sample", WORDS])
    why = ("--by", "Ben", "--reason", "asked")
    assert "is its student's" in say("release", NUMBER, *why, code=2)
    assert "open again" in say.step("release", "AAA0002", *why)
    assert "Unclaimed: 1 of 2" in say("unclaimed")
    seen = say("show", NUMBER)
    assert "claimed" in seen
    assert "in_person" in seen
    assert not any(text in seen for text in ("Sample", ADDRESS, secret))
    assert "no account of that number" in say("show", "AAA0009", code=2)
    with Registry.open(place[0]) as opened:
        assert opened.verify().ok
    assert main(["registry", "verify", "--registry", str(place[0])]) == 0  # refusals are anchored too


def test_a_file_of_secrets_is_encrypted_and_opened(place, say, tmp_path, cheap):  # noqa: F811
    _, batch = place
    file = tmp_path / "credentials.csv.age"
    words = ("credentials", batch, "--out", file, "--by", "Ben", "--encrypt")
    say(*words, stdin=["correct horse"])
    assert b"AAA0001" not in file.read_bytes()
    assert "021,1,AAA0001," in say("open", file, stdin=["correct horse"], here=False)
    assert "does not open" in say("open", file, stdin=["another"], code=2, here=False)
    plain = tmp_path / "plain.csv"
    plain.write_text("x", encoding="utf-8")
    assert "does not open" in say("open", plain, stdin=["x"], code=2, here=False)
    assert "There is no file" in say("open", tmp_path / "none", stdin=["x"], code=2, here=False)


def test_a_table_of_requests_is_written_once(say, tmp_path):
    file = tmp_path / "requests.csv"
    assert "reconcile batch new" in say("request-template", file, here=False)
    head = file.read_text(encoding="utf-8")
    assert head.startswith("kind,college,sis_id,cccid,first_name")
    assert all(name in head for name in ("use_case", "identity_check", "guardian_consent_on"))
    assert "not overwritten" in say("request-template", file, here=False, code=2)
