"""Temporary credentials: a secret that is shown once, in one private file, and kept only as a hash.

The student replaces it when reclaiming the account. A secret carries 100 random bits, so that guessing is
hopeless whatever the hash costs; the hash keeps the registry's file from being a list of passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import RegistryError
from reconcile.files import write_private
from reconcile.mint.states import BatchState
from reconcile.registry.canon import iso, now

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

VALID_FOR: Final = timedelta(days=30)
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 signs, none that people confuse
_LENGTH: Final = 20
_COST: Final = 2**10  # about two milliseconds: a batch of thousands must end, see the module's docstring


def write_credentials(
    registry: Registry,
    batch_id: str,
    path: Path,
    /,
    *,
    valid_for: timedelta = VALID_FOR,
    at: datetime | None = None,
) -> int:
    """Make a secret for each number that a batch issued, write them to `path` and return how many.

    Called again it makes new secrets; the old ones stop working.

    Args:
        registry: where the batch is kept.
        batch_id: a minted batch.
        path: the CSV file: college, sis_id, cccid, secret, expires; 0600, replaced whole.
        valid_for: how long a secret works.
        at: from when; now when None.

    Raises:
        RegistryError: the batch is not minted.
    """
    expires = iso(now(at) + valid_for)
    issued = registry.read(lambda ledger: _issued(ledger, batch_id))
    shown, stored = [], []
    for names in issued.iter_rows():  # outside the writing transaction: the hashes take their time
        secret, salt = _secret(), secrets.token_hex(16)
        shown.append((*names, secret, expires))
        stored.append((*names, salt, _hash(secret, salt), expires))

    def work(ledger: Ledger) -> None:
        approval = ledger.approval(batch_id) or {"approver": ""}
        ledger.set_credentials(batch_id, stored)
        ledger.log("credentials", batch_id, who=approval["approver"], written=len(stored))

    registry.write(work, at=at)
    schema = dict.fromkeys(("college", "sis_id", "cccid", "secret", "expires"), pl.String)
    write_private(path, pl.DataFrame(shown, schema=schema, orient="row").write_csv())
    return len(shown)


def matches(
    registry: Registry, batch_id: str, cccid: str, secret: str, /, *, at: datetime | None = None
) -> bool:
    """Say whether a secret is the one that was handed out for a number of a batch, and still valid."""
    rows = registry.read(lambda ledger: ledger.credentials(batch_id))
    today = iso(now(at))
    return any(
        row["cccid"] == cccid
        and row["expires"] > today
        and hmac.compare_digest(row["hash"], _hash(secret, row["salt"]))
        for row in rows
    )


def _issued(ledger: Ledger, batch_id: str) -> pl.DataFrame:
    row = ledger.batch(batch_id)
    if row is None or row["state"] != BatchState.MINTED:
        raise RegistryError(f"Batch {batch_id} is not minted, so nobody in it has an account yet.")
    return ledger.served(batch_id).filter(pl.col("kind") == "mint").select("mis_code", "sis_id", "cccid")


def _secret() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(text[i : i + 5] for i in range(0, _LENGTH, 5))


def _hash(secret: str, salt: str) -> str:
    plain, salted = secret.encode("utf-8"), bytes.fromhex(salt)
    return hashlib.scrypt(plain, salt=salted, n=_COST, r=8, p=1, dklen=32).hex()
