"""Temporary credentials: a secret that is shown once, in one private file, and kept only as a hash.

The student replaces it when reclaiming the account. From then on nobody here makes another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyrage  # type: ignore[import-untyped]  # it ships no types

from reconcile.errors import AccountError, InputError
from reconcile.files import require_place, write_private
from reconcile.mint.accounts import open_accounts
from reconcile.mint.door import refuse, told
from reconcile.mint.passwords import hash_secrets, new_secret
from reconcile.registry.canon import iso, now
from reconcile.registry.disclosures import CREDENTIALS, disclose
from reconcile.registry.people import machine, require_name
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

VALID_FOR: Final = timedelta(days=30)
COLUMNS: Final = ("college", "sis_id", "cccid", "secret", "expires")


class Way(StrEnum):
    """How credentials come to a student."""

    IN_PERSON = "in_person"
    SEALED_LETTER = "sealed_letter"
    PHONE = "phone"
    INSTITUTION = "institution"


@dataclass(frozen=True, kw_only=True, repr=False)
class Credentials(Shown):
    """What making credentials came to.

    Attributes:
        written: accounts with a new secret.
        claimed: accounts that are their students' already: they get none.
        unopened: numbers whose account cannot be opened, because another account has their address.
        expires: when the secrets end, ISO 8601.
    """

    written: int
    claimed: int
    unopened: int
    expires: str

    def _sheet(self) -> Sheet:
        shown = {"written": self.written, "claimed": self.claimed, "not opened": self.unopened}
        return Sheet(frame=pl.DataFrame([shown]), title="Credentials", note=f"Valid until {self.expires}.")


def write_credentials(
    registry: Registry,
    batch_id: str,
    path: Path,
    /,
    *,
    by: str,
    only: Sequence[str] = (),
    passphrase: str | None = None,
    valid_for: timedelta = VALID_FOR,
    progress: Callable[[str], None] | None = None,
    at: datetime | None = None,
) -> Credentials:
    """Make a secret for each account of a batch and write them to a file.

    Called again it makes new secrets; the old ones stop working. The file is on disk before the registry
    knows of the secrets: after a crash in between the old ones still work.

    Args:
        registry: where the batch is kept.
        batch_id: a minted batch.
        path: the CSV file: college, sis_id, cccid, secret, expires; 0600, replaced whole.
        by: who makes them.
        only: the CCCIDs to make them for; all of the batch when empty.
        passphrase: encrypt the file to it, as age does; `read_credentials` opens it.
        valid_for: how long a secret works.
        progress: called with a sentence before each step.
        at: from when; now when None.

    Raises:
        AccountError: a number in `only` has no account in the batch, or all of them are claimed. The
            refusal is kept.
        InputError: no name, no time, or an empty passphrase.
        RegistryError: the batch is not minted, or OpenCCC keeps its accounts.
    """
    from reconcile.registry.access import require  # noqa: PLC0415 - brings SQLAlchemy

    require_name(by, "Credentials need the name of who makes them")
    if valid_for <= timedelta(0):
        raise InputError("Credentials that end before they begin open nothing. Name a later day.")
    if passphrase is not None and not passphrase:
        raise InputError("The passphrase is empty. Choose one, or write the file without.")
    require_place(path)
    require(registry, "credentials", who=by, at=at)
    say = progress or (lambda _sentence: None)
    held = told(registry.write(lambda ledger: _held(ledger, batch_id, only, by=by), at=at))
    made = dict(zip((one["cccid"] for one in held), (new_secret() for _ in held), strict=True))
    hashed = dict(zip(made, hash_secrets(list(made.values()), progress=say), strict=True))
    expires = iso(now(at) + valid_for)

    def work(ledger: Ledger) -> Credentials:
        known, unopened = open_accounts(ledger, batch_id, by=by)  # claimed meanwhile, or a rehearsal
        theirs = [one for one in known if one["cccid"] in made and one["state"] == "held"]
        numbers = [one["cccid"] for one in theirs]
        if not registry.rehearsal:
            say(f"Writing {path.name}")
            _write(path, [(one, made[one["cccid"]]) for one in theirs], expires, passphrase)
            people = len(numbers)
            disclose(ledger, CREDENTIALS, path, by=by, columns=COLUMNS, people=people, batch=batch_id)
        ledger.accounts.set_secrets([(cccid, hashed[cccid]) for cccid in numbers], by=by, expires=expires)
        for cccid in numbers:
            ledger.accounts.stop_waiting(cccid)  # a code that the old secret asked for goes with it
        ledger.accounts.seal(
            "credentials", batch_id, numbers, who=by, written=len(numbers), expires=expires, machine=machine()
        )
        claimed = sum(one["state"] != "held" for one in known)
        return Credentials(written=len(numbers), claimed=claimed, unopened=unopened, expires=expires)

    return registry.write(work, at=at)


def read_credentials(path: Path, passphrase: str, /) -> str:
    """Decrypt a file of credentials and return its text, CSV.

    Raises:
        InputError: there is no such file, it is no such file, or another passphrase opens it.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}. Name the one that `reconcile account credentials` wrote.")
    try:
        opened: bytes = pyrage.passphrase.decrypt(path.read_bytes(), passphrase)
        return opened.decode("utf-8")
    except (pyrage.DecryptError, UnicodeDecodeError, ValueError):
        pass
    raise InputError(
        f"{path} does not open: the passphrase is another one, or the file is none that was encrypted here. "
        "Without the passphrase nobody gets it back; make new credentials."
    )


def deliver_credentials(
    registry: Registry,
    numbers: Sequence[str],
    /,
    *,
    to: str,
    how: Way,
    by: str,
    at: datetime | None = None,
) -> int:
    """Record that credentials came to their students, and return of how many.

    Args:
        registry: where the accounts are kept.
        numbers: the CCCIDs.
        to: who took them: the student, or who passes them on.
        how: in which way.
        by: who handed them over.
        at: when; now when None.

    Raises:
        AccountError: one of them has no credentials that work; no delivery is recorded, the refusal is.
        InputError: a name is missing.
    """
    require_name(by, "A delivery needs the name of who hands the credentials over")
    require_name(to, "A delivery needs the name of who takes the credentials")
    wanted = sorted(set(numbers))
    if not wanted:
        raise InputError("No CCCID was named. Name those whose credentials were handed over.")

    def work(ledger: Ledger) -> int | AccountError:
        for cccid in wanted:
            account = ledger.accounts.find(cccid)
            if account is None or ledger.accounts.secret(cccid) is None:
                text = f"{cccid} has no credentials that work. Check the number; nothing was recorded."
                return refuse(ledger, account, "delivery_refused", text, why="no secret", who=by)
        for cccid in wanted:
            ledger.accounts.deliver(cccid, to=to, how=how.value, by=by, at=ledger.stamp)
        subject = wanted[0] if len(wanted) == 1 else "accounts"
        ledger.accounts.seal("credentials_delivered", subject, wanted, who=by, how=how.value)
        return len(wanted)

    return told(registry.write(work, at=at))


def to_deliver(registry: Registry, batch_id: str, /) -> list[str]:
    """List the accounts of a batch whose secret works and was not delivered yet.

    Raises:
        AccountError: there is none.
    """

    def look(ledger: Ledger) -> list[str]:
        secrets = ledger.accounts.secrets()
        numbers = (one["cccid"] for one in ledger.accounts.of_batch(batch_id))
        return [n for n in numbers if n in secrets and secrets[n]["delivered_at"] is None]

    wanted = registry.read(look)
    if not wanted:
        raise AccountError(f"No credentials of batch {batch_id} wait to be delivered. Check the batch's id.")
    return wanted


def forget_credentials(
    registry: Registry, /, *, before: datetime, by: str, at: datetime | None = None
) -> int:
    """Remove credentials that ended before a moment, and codes that nobody entered; return of how many.

    The accounts and the log stay.

    Raises:
        InputError: no name.
    """
    require_name(by, "To remove credentials takes a name")

    def work(ledger: Ledger) -> int:
        touched = ledger.accounts.forget(iso(before))
        if touched:
            ledger.accounts.seal("credentials_forgotten", "accounts", touched, who=by, before=iso(before))
        return len(touched)

    return registry.write(work, at=at)


def _held(
    ledger: Ledger, batch_id: str, only: Sequence[str], *, by: str
) -> list[dict[str, Any]] | AccountError:
    """Open the accounts of a batch, and pick those that staff may still make secrets for."""
    accounts, _unopened = open_accounts(ledger, batch_id, by=by)
    unknown = sorted(set(only) - {one["cccid"] for one in accounts})
    if unknown:
        text = f"{', '.join(unknown)}: no account of batch {batch_id}. Check number and batch."
        return refuse(ledger, None, "credentials_refused", text, who=by)
    wanted = [one for one in accounts if not only or one["cccid"] in only]
    held = [one for one in wanted if one["state"] == "held"]
    if wanted and not held:
        text = (
            f"The students of batch {batch_id} that you name took their accounts over. Nobody on the staff "
            "makes credentials for them any more; nothing was written."
        )
        return refuse(ledger, wanted[0], "credentials_refused", text, why="claimed", who=by)
    return held


def _write(
    path: Path, theirs: list[tuple[dict[str, Any], str]], expires: str, passphrase: str | None
) -> None:
    rows = [(one["mis_code"], one["sis_id"], one["cccid"], secret, expires) for one, secret in theirs]
    text = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row").write_csv()
    if passphrase is None:
        write_private(path, text)
    else:
        write_private(path, pyrage.passphrase.encrypt(text.encode("utf-8"), passphrase))
