"""Another SSN key, a copy of it, and the way back; an earlier key is never thrown away.

A key is not needed for the old hashes themselves, which nobody can turn back: it is needed to read further
files so that they compare with what was read before. After a rotation all files are read again.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, OutputError
from reconcile.files import write_private
from reconcile.privacy.key import KEY_BYTES, SsnKey, parse_key
from reconcile.privacy.store import (
    KEY_VARIABLE,
    Kept,
    Store,
    find_key,
    key_file,
    pointer,
    read_secret,
    require_fit,
    turn,
    written,
)
from reconcile.privacy.vault import open_vault

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.privacy.vault import Vault

_FINGERPRINT: Final = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True)
class Changed:
    """Which key is in use now, and what became of the earlier one.

    Attributes:
        now: the key in use, or the one that would be after a dry run.
        before: the one until now, None when there was none.
        earlier: where the earlier one is kept, empty when there was none.
    """

    now: Kept
    before: Kept | None
    earlier: str


def new_key(*, store: Store | None = None, dry_run: bool = False) -> Changed:
    """Rotate: make another key, and keep the one in use under its fingerprint.

    Args:
        store: keyring or file; where the key lives today when None.
        dry_run: say what would be done, and do nothing.

    Raises:
        InputError: the environment holds the key, the one in use cannot be read, or there is no keyring.
        OutputError: the file would lie where others get it.
    """
    return _put(SsnKey(secrets.token_bytes(KEY_BYTES)), store, dry_run=dry_run)


def restore_key(file: Path, /, *, store: Store | None = None, dry_run: bool = False) -> Changed:
    """Use the key of a backup, or an earlier one; the one in use is kept under its fingerprint.

    Args:
        file: as `back_up` or a rotation wrote it, private to the user; or the fingerprint of an earlier key
            that the keyring still holds.
        store: as in `new_key`.
        dry_run: as in `new_key`.

    Raises:
        InputError: the file holds no key or others can read it, and all of `new_key`.
        OutputError: as in `new_key`.
    """
    vault = open_vault()[0] if _FINGERPRINT.fullmatch(str(file)) and not file.exists() else None
    text = vault.read(str(file)) if vault else None
    return _put(parse_key(text or read_secret(file), where=f"The copy {file}"), store, dry_run=dry_run)


def back_up(file: Path, /, *, dry_run: bool = False) -> Kept:
    """Write the key in use to a 0600 file, which belongs to where no data is; nothing is overwritten.

    Raises:
        InputError: there is no key yet.
        OutputError: the file exists, or lies where others get it.
    """
    kept = find_key()
    if kept is None:
        raise InputError("There is no SSN key yet: one is made when the first file with SSNs is read.")
    require_fit(file)
    if file.exists():
        raise OutputError(f"{file} exists already and is not overwritten. Name another file.")
    if not dry_run:
        write_private(file, written(kept.key))
    return kept


def earlier_keys(now: Kept, /) -> list[Path]:
    """List the files of earlier keys that a rotation or a restored copy left beside the key file, sorted."""
    path = key_file()
    return sorted(set(path.parent.glob(f"{path.name}.????????")) - {_aside(path, now)})


def _put(key: SsnKey, store: Store | None, *, dry_run: bool) -> Changed:
    path = key_file()
    planned, _ = _plan(key, store, path)
    if dry_run:
        return planned
    with turn(path):
        planned, vault = _plan(key, store, path)
        before = planned.before
        if before and before.key == key and before.store is planned.now.store:
            return planned
        if before and before.store is Store.FILE:
            write_private(_aside(path, before), written(before.key))
        elif before is None and path.exists():  # what cannot be read is no key, but perhaps can be mended
            write_private(path.with_name(f"{path.name}.unread"), path.read_bytes())
        if vault is not None:
            vault.write(key.fingerprint, key.secret.hex())
            write_private(path, pointer(key.fingerprint))
        else:
            write_private(path, written(key))
        return planned


def _plan(key: SsnKey, store: Store | None, path: Path) -> tuple[Changed, Vault | None]:
    before = None
    with suppress(InputError):  # the way out of a key that cannot be read is another one
        before = find_key()
    if os.environ.get(KEY_VARIABLE):
        raise InputError(
            f"The key comes from the environment variable {KEY_VARIABLE}, which is set elsewhere. Change it "
            "there, or take it away to have the key kept by reconcile."
        )
    wanted = store or (before.store if before else Store.FILE)
    vault = None
    if wanted is Store.KEYRING:
        vault, why = open_vault()
        if vault is None:
            raise InputError(
                f"The key cannot be kept in a keyring: {why}, or keep the key in a file: --store file"
            )
        now = Kept(key, Store.KEYRING, vault.name)
    else:
        require_fit(path)
        now = Kept(key, Store.FILE, str(path))
    earlier = ""
    if before:
        earlier = str(_aside(path, before)) if before.store is Store.FILE else f"{before.place}, as before"
    return Changed(now, before, earlier), vault


def _aside(path: Path, kept: Kept) -> Path:
    return path.with_name(f"{path.name}.{kept.key.fingerprint}")
