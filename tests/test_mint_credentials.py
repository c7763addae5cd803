"""Secrets are shown once, in a private file, and kept as hashes that end."""

from __future__ import annotations

import stat
import sys
from datetime import timedelta

import polars as pl
import pytest
from accounts import ADDRESS, account, cheap, claimed, held, last, ours, people, secrets_of  # noqa: F401
from registries import AT, allotted, approved, minted, registry, submitted, wanted  # noqa: F401

from reconcile.errors import AccountError, InputError, IssuerError, OutputError, RegistryError
from reconcile.mint.batch import approve
from reconcile.mint.credentials import (
    Way,
    deliver_credentials,
    forget_credentials,
    write_credentials,
)
from reconcile.mint.handover import hand_over
from reconcile.mint.void import void
from reconcile.registry import Registry


def test_new_accounts_get_a_secret_each(registry, tmp_path):  # noqa: F811 - at the price of every day
    rows = pl.concat([people(1, 2), wanted(3, kind="recover", cccid="XYZ1234")], how="diagonal")
    batch = minted(registry, rows).batch
    path = tmp_path / "credentials.csv"
    made = write_credentials(registry, batch, path, by="Ben", at=AT)
    assert (made.written, made.claimed, made.unopened) == (2, 0, 0)
    assert "2026-12-21" in repr(made)
    shown = pl.read_csv(path, infer_schema=False)
    assert shown.columns == ["college", "sis_id", "cccid", "secret", "expires"]
    assert shown["cccid"].to_list() == ["AAA0001", "AAA0002"]
    assert shown["expires"].unique().to_list() == ["2026-12-21T12:00:00+00:00"]
    first, second = shown["secret"]
    assert first != second
    assert len(first) == 23
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = [registry.read(lambda ledger, n=n: ledger.accounts.secret(n)) for n in shown["cccid"]]
    assert all(one["hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$") for one in kept)
    assert not any(secret in str(kept) for secret in (first, second))
    assert registry.verify().ok


def test_the_record_is_worded_by_the_dictionary(ours, tmp_path, cheap):  # noqa: F811
    rows = people(1, email=" Accounts+021-1@College.EDU ", suffix="Jr.")
    batch = minted(ours, rows).batch
    secrets_of(ours, batch, tmp_path)
    found = account(ours, "AAA0001")
    assert found["email"] == "accounts+021-1@college.edu"
    assert (found["first_name"], found["last_name"], found["suffix"]) == ("Kim", "Example", "Jr.")
    pending = ("accepted_terms", "accepted_terms_timestamp", "email_verified", "email_verified_timestamp")
    assert [found[name] for name in pending] == [None] * 4
    assert (found["attested_by"], found["attested_authority"]) == ("Ana Lee", "Director")
    assert (found["attested_on"], found["state"]) == ("2026-11-01", "held")


def test_an_address_belongs_to_one_account(ours, tmp_path, cheap):  # noqa: F811
    batch = minted(ours, people(1, 2, email="one@college.edu")).batch
    made = write_credentials(ours, batch, tmp_path / "c.csv", by="Ben", at=AT)
    assert (made.written, made.unopened) == (1, 1)
    again = write_credentials(ours, batch, tmp_path / "c.csv", by="Ben", at=AT)
    assert (again.written, again.unopened) == (1, 1)
    other = minted(ours, people(3, email="ONE@college.edu")).batch
    assert write_credentials(ours, other, tmp_path / "c.csv", by="Ben", at=AT).unopened == 1
    assert ours.verify().ok


def test_a_voided_account_gives_its_address_up(registry, tmp_path, cheap):  # noqa: F811
    batch, secrets = held(registry, tmp_path, 1)
    void(registry, "AAA0001", by="Ana", approver="Ben", reason="wrong", at=AT)
    with pytest.raises(AccountError, match="do not belong together"):
        claimed(registry, "AAA0001", secrets["AAA0001"])
    again = minted(registry, people(1)).batch
    assert secrets_of(registry, again, tmp_path).keys() == {"AAA0002"}
    assert account(registry, "AAA0001") is None
    assert account(registry, "AAA0002")["email"] == "accounts+021-1@college.edu"
    assert registry.verify().ok
    with pytest.raises(AccountError, match="no account of batch"):
        write_credentials(registry, batch, tmp_path / "c.csv", by="Ben", only=["AAA0001"])


def test_new_secrets_replace_the_old(ours, tmp_path, cheap):  # noqa: F811
    batch, first = held(ours, tmp_path, 1, 2)
    second = secrets_of(ours, batch, tmp_path, only=["AAA0001"])
    assert second.keys() == {"AAA0001"}
    history = ours.read(lambda ledger: ledger.accounts.history("AAA0001"))
    assert [one["state"] for one in history] == ["replaced", "valid"]
    with pytest.raises(AccountError):
        claimed(ours, "AAA0001", first["AAA0001"])
    claimed(ours, "AAA0001", second["AAA0001"])
    claimed(ours, "AAA0002", first["AAA0002"], email="two@home.example.net")
    assert ours.verify().ok


def test_a_claimed_account_gets_no_secret(ours, tmp_path, cheap):  # noqa: F811
    batch, secrets = held(ours, tmp_path, 1, 2)
    claimed(ours, "AAA0001", secrets["AAA0001"])
    before = account(ours, "AAA0001")
    with pytest.raises(AccountError, match="took their accounts over"):
        write_credentials(ours, batch, tmp_path / "c.csv", by="Ben", only=["AAA0001"], at=AT)
    assert last(ours)[:2] == ("credentials_refused", "AAA0001")
    assert (account(ours, "AAA0001"), (tmp_path / "c.csv").exists()) == (before, False)
    made = write_credentials(ours, batch, tmp_path / "c.csv", by="Ben", at=AT)
    assert (made.written, made.claimed) == (1, 1)
    assert "AAA0001" not in (tmp_path / "c.csv").read_text(encoding="utf-8")


def test_nobody_gets_a_secret_before_minting(ours, tmp_path):  # noqa: F811
    batch = approved(ours, wanted(1))
    with pytest.raises(RegistryError, match="not minted"):
        write_credentials(ours, batch.id, tmp_path / "c.csv", by="Ben")
    with pytest.raises(RegistryError, match="no batch B0"):
        write_credentials(ours, "B0", tmp_path / "c.csv", by="Ben")
    handed = submitted(ours, people(2), issuer="openccc")
    approve(ours, handed.id, approver="Ben", at=AT)
    hand_over(ours, handed.id, tmp_path / "up.csv", by="Ben", at=AT)
    with pytest.raises(IssuerError, match="reconcile account unclaimed"):
        write_credentials(ours, handed.id, tmp_path / "c.csv", by="Ben")
    assert not (tmp_path / "c.csv").exists()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"by": ""}, InputError, "name of who makes them"),
        ({"valid_for": timedelta(0)}, InputError, "end before they begin"),
        ({"passphrase": ""}, InputError, "passphrase is empty"),
        ({"only": ["AAA0009"]}, AccountError, "AAA0009: no account of batch"),
    ],
)
@pytest.mark.usefixtures("cheap")
def test_what_cannot_be_made_is_refused(ours, tmp_path, options, error, words):  # noqa: F811
    batch, _ = held(ours, tmp_path, 1)
    before = ours.sequence
    with pytest.raises(error, match=words):
        write_credentials(ours, batch, tmp_path / "new.csv", **({"by": "Ben", "at": AT} | options))
    with pytest.raises(OutputError, match="no folder"):
        write_credentials(ours, batch, tmp_path / "none" / "c.csv", by="Ben")
    refused = int(error is AccountError)  # of what nobody has to answer for, nothing is kept
    assert (ours.sequence, (tmp_path / "new.csv").exists()) == (before + refused, False)


def test_a_dry_run_writes_no_file(allotted, tmp_path, cheap):  # noqa: F811
    with Registry.open(allotted) as opened:
        batch = minted(opened, people(1)).batch
        before = opened.sequence
    with Registry.open(allotted, rehearse=True) as tried:
        made = write_credentials(tried, batch, tmp_path / "c.csv", by="Ben", at=AT)
        assert (made.written, tried.sequence, (tmp_path / "c.csv").exists()) == (1, before, False)


def test_delivery_is_recorded(ours, tmp_path, cheap):  # noqa: F811
    _, secrets = held(ours, tmp_path, 1, 2)
    given = {"to": "the student", "how": Way.IN_PERSON, "by": "Ben", "at": AT}
    assert deliver_credentials(ours, ["AAA0001", "AAA0001"], **given) == 1
    assert last(ours)[:2] == ("credentials_delivered", "AAA0001")
    assert "the student" not in ours.audit()["detail"].str.join()[0]
    history = ours.read(lambda ledger: ledger.accounts.history("AAA0001"))
    assert history[-1]["delivered_to"] == "the student"
    assert (history[-1]["delivered_how"], history[-1]["delivered_by"]) == ("in_person", "Ben")
    claimed(ours, "AAA0001", secrets["AAA0001"])
    before = ours.sequence
    for numbers in (["AAA0001"], ["AAA0002", "AAA0009"]):
        with pytest.raises(AccountError, match="no credentials that work"):
            deliver_credentials(ours, numbers, **given)
    with pytest.raises(InputError, match="No CCCID"):
        deliver_credentials(ours, [], **given)
    assert ours.sequence == before + 2  # the refusals
    history = ours.read(lambda ledger: ledger.accounts.history("AAA0002"))
    assert history[-1]["delivered_to"] is None
    assert ours.verify().ok


def test_ended_credentials_are_forgotten_and_the_log_stays(registry, tmp_path, cheap):  # noqa: F811
    batch, _ = held(registry, tmp_path, 1, 2)
    secrets_of(registry, batch, tmp_path, only=["AAA0001"])
    later = AT + timedelta(days=1)
    assert forget_credentials(registry, before=later, by="Ben", at=later) == 1
    assert forget_credentials(registry, before=later, by="Ben", at=later) == 0
    history = registry.read(lambda ledger: ledger.accounts.history("AAA0001"))
    assert [one["state"] for one in history] == ["valid"]
    assert forget_credentials(registry, before=AT + timedelta(days=31), by="Ben", at=later) == 2
    assert registry.verify().ok
