"""Accounts for tests: minted students, their secrets out of the file, and Argon2 at the price of a test."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
from argon2 import PasswordHasher
from registries import AT, _template, minted, wanted

from reconcile.mint import claim, edit, passwords
from reconcile.mint.credentials import write_credentials
from reconcile.registry import Registry

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ADDRESS = "kim@home.example.net"
PASSWORD = "eleven plus one more"  # noqa: S105 - of nobody


@pytest.fixture
def cheap(monkeypatch):
    """Let Argon2 take microseconds; what it compares stays the same."""
    lower_the_price(monkeypatch)


@pytest.fixture
def ours(tmp_path):
    """Open a real registry with an allotted range on SQLite, where the rules are what is tested."""
    with Registry.open(shutil.copy(_template("sqlite"), tmp_path / "registry.sqlite")) as opened:
        yield opened


def lower_the_price(patch):
    for module in (passwords, claim, edit):
        for name in ("SECRETS", "PASSWORDS"):
            if hasattr(module, name):
                patch.setattr(module, name, CHEAP)


def people(*ids, **fields):
    """Give rows for a batch, each with an address of the college's mailbox."""
    rows = wanted(*ids).with_columns(
        email=pl.format("accounts+021-{}@college.edu", "sis_id"),
        first_name=pl.lit("Kim"),
        birthdate=pl.format("2001-02-0{}", "sis_id"),
        attested_by=pl.lit("Ana Lee"),
        attested_authority=pl.lit("Director"),
        attested_on=pl.lit("2026-11-01"),
    )
    return rows.with_columns(pl.lit(value, pl.String).alias(name) for name, value in fields.items())


def secrets_of(registry, batch, folder, **options):
    """Make credentials and give the secret of each number."""
    write_credentials(registry, batch, folder / "credentials.csv", **({"by": "Ben", "at": AT} | options))
    shown = pl.read_csv(folder / "credentials.csv", infer_schema=False)
    return dict(shown.select("cccid", "secret").rows())


def held(registry, folder, *ids):
    """Mint students and give the batch and the secret of each number."""
    batch = minted(registry, people(*ids)).batch
    return batch, secrets_of(registry, batch, folder)


class Mail:
    """Where codes arrive."""

    def __init__(self):
        self.sent = []

    def __call__(self, address, code, ends):
        self.sent.append((address, code))

    @property
    def code(self):
        return self.sent[-1][1]


def claimed(registry, cccid, secret, *, email=ADDRESS, at=AT):
    mail = Mail()
    claim.start(registry, cccid, secret, email, send=mail, at=at)
    claim.confirm(registry, cccid, mail.code, PASSWORD, accepted_terms=True, at=at)


def account(registry, cccid):
    return registry.read(lambda ledger: ledger.accounts.find(cccid))


def last(registry):
    """Give event, subject and detail of the last audit entry."""
    row = registry.audit().row(-1, named=True)
    return row["what"], row["subject"], json.loads(row["detail"])
