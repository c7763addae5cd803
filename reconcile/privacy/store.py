"""Where the SSN key lives: the environment, else a 0600 file of the user, made at first use."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, OutputError
from reconcile.files import permissions_are_enforced, private_folder
from reconcile.privacy.key import KEY_BYTES, parse_key

if TYPE_CHECKING:
    from reconcile.privacy.key import SsnKey

KEY_VARIABLE: Final = "RECONCILE_SSN_KEY"
KEY_FILE_VARIABLE: Final = "RECONCILE_KEY_FILE"


def ssn_key(path: Path | None = None) -> SsnKey:
    """Find the key: the environment, else a 0600 file of the user, made at first use.

    Args:
        path: the key file; RECONCILE_KEY_FILE or the user's data folder when None.
            RECONCILE_SSN_KEY (hexadecimal) is used before any file unless `path` is given.

    Raises:
        InputError: the key that was found is no key, or others can read its file.
    """
    if path is None and (given := os.environ.get(KEY_VARIABLE)):
        return parse_key(given, where=f"The environment variable {KEY_VARIABLE}")
    path = path or key_file()
    if not path.exists():
        _create_key(path)
    return _load_key(path)


def key_file() -> Path:
    """Say where the key file of this user is or would be."""
    if given := os.environ.get(KEY_FILE_VARIABLE):
        return Path(given)
    from platformdirs import user_data_path  # noqa: PLC0415 - only whoever reads SSNs needs it

    return user_data_path("reconcile", appauthor=False) / "ssn.key"


def _load_key(path: Path) -> SsnKey:
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise InputError(
            f"The SSN key {path} cannot be read: {error.strerror}. "
            f"Restore it, or name another file in {KEY_FILE_VARIABLE}."
        ) from None
    if permissions_are_enforced() and mode & 0o077:
        raise InputError(f"Others can read the SSN key {path}. Take their rights away: chmod 600 {path}")
    return parse_key(content.decode("ascii", errors="replace"), where=f"The SSN key file {path}")


def _create_key(path: Path) -> None:
    """Write a new key; of several processes that try at once, one wins and all use its key."""
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write_new(draft)
        try:
            os.link(draft, path)  # unlike a rename, a link never replaces what is there
        except FileExistsError:
            return
        except OSError:  # no hard links on this file system
            with contextlib.suppress(FileExistsError):
                _write_new(path)
    except OSError as error:
        reason = error.strerror
    else:
        return
    finally:
        draft.unlink(missing_ok=True)
    raise OutputError(
        f"The SSN key {path} cannot be written: {reason}. Name another file in {KEY_FILE_VARIABLE}."
    )


def _write_new(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
