"""Secrets are shown once, in a private file, and kept as hashes that end."""

from __future__ import annotations

import stat
import sys
from datetime import timedelta

import polars as pl
import pytest
from registries import AT, allotted, approved, minted, registry, wanted  # noqa: F401

from reconcile.errors import RegistryError
from reconcile.mint.credentials import matches, write_credentials


def test_new_accounts_get_a_secret_each(registry, tmp_path):  # noqa: F811
    rows = pl.concat([wanted(1, 2), wanted(3, kind="recover", cccid="XYZ1234")])
    batch = minted(registry, rows).batch
    path = tmp_path / "credentials.csv"
    assert write_credentials(registry, batch, path, at=AT) == 2
    shown = pl.read_csv(path, infer_schema=False)
    assert shown["cccid"].to_list() == ["AAA0001", "AAA0002"]
    assert shown["expires"].unique().to_list() == ["2026-12-21T12:00:00+00:00"]
    first, second = shown["secret"]
    assert first != second
    assert len(first) == 23
    assert matches(registry, batch, "AAA0001", first, at=AT)
    assert not matches(registry, batch, "AAA0002", first, at=AT)
    assert not matches(registry, batch, "AAA0001", first, at=AT + timedelta(days=31))
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    stored = registry.read(lambda ledger: ledger.credentials(batch))
    assert not any(secret in str(stored) for secret in (first, second))


def test_new_secrets_replace_the_old(registry, tmp_path):  # noqa: F811
    batch = minted(registry, wanted(1)).batch
    secrets = []
    for _ in range(2):
        write_credentials(registry, batch, tmp_path / "c.csv", at=AT)
        secrets.append(pl.read_csv(tmp_path / "c.csv")["secret"][0])
    assert [matches(registry, batch, "AAA0001", secret, at=AT) for secret in secrets] == [False, True]
    assert registry.verify().ok


def test_nobody_gets_a_secret_before_minting(registry, tmp_path):  # noqa: F811
    batch = approved(registry, wanted(1))
    with pytest.raises(RegistryError, match="not minted"):
        write_credentials(registry, batch.id, tmp_path / "c.csv")
    assert not (tmp_path / "c.csv").exists()
