"""Where the SSN key lives: the environment, the system's keyring when it was chosen, else a 0600 file.

At the place of the key file stands the key itself, or a line that says under which fingerprint it is in the
keyring. So a keyring that is locked or was emptied is never taken for "no key yet", which would make a
second key and part all hashes in two.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, OutputError
from reconcile.files import lock, permissions_are_enforced, private_folder
from reconcile.privacy.key import KEY_BYTES, SsnKey, parse_key
from reconcile.privacy.vault import open_vault
from reconcile.registry.place import WORKSPACE_MARK, remote, synced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.privacy.vault import Vault

KEY_VARIABLE: Final = "RECONCILE_SSN_KEY"
KEY_FILE_VARIABLE: Final = "RECONCILE_KEY_FILE"
KEY_STORE_VARIABLE: Final = "RECONCILE_KEY_STORE"

_IN_KEYRING: Final = "keyring "  # begins the line that stands in the key's place
_PATIENCE: Final = 30.0  # seconds for which another process may make or change the key


class Store(StrEnum):
    """What keeps the key."""

    ENVIRONMENT = "environment"
    KEYRING = "keyring"
    FILE = "file"


@dataclass(frozen=True)
class Kept:
    """A key and where it lives.

    Attributes:
        key: the key; shows its fingerprint only.
        store: what keeps it.
        place: the same for people: a variable, a keyring's name, a file.
    """

    key: SsnKey
    store: Store
    place: str


def ssn_key(path: Path | None = None) -> SsnKey:
    """Find the key: the environment, the keyring when it holds the key, else a 0600 file; made at first use.

    Args:
        path: the key file; RECONCILE_KEY_FILE or the user's data folder when None.
            RECONCILE_SSN_KEY (hexadecimal) is used before all else unless `path` is given. A new key goes
            into the keyring where RECONCILE_KEY_STORE is "keyring" and there is one, else into the file.

    Raises:
        InputError: the key that was found is no key, others can read its file, the keyring does not open.
        OutputError: the file would lie where others get it.
    """
    return (find_key(path) or _first_key(path)).key


def key_file() -> Path:
    """Say where the key file of this user is or would be."""
    if given := os.environ.get(KEY_FILE_VARIABLE):
        return Path(given)
    from platformdirs import user_data_path  # noqa: PLC0415 - only whoever reads SSNs needs it

    return user_data_path("reconcile", appauthor=False) / "ssn.key"


def find_key(path: Path | None = None) -> Kept | None:
    """Find the key and where it lives, None where none was made yet; nothing is made.

    Raises:
        InputError: as in `ssn_key`.
    """
    if path is None and (given := os.environ.get(KEY_VARIABLE)):
        variable = f"the environment variable {KEY_VARIABLE}"
        return Kept(parse_key(given, where=f"T{variable[1:]}"), Store.ENVIRONMENT, variable)
    place = path or key_file()
    if place.exists():
        return _at(place)
    # Without that line a keyring is asked only where it can be meant.
    if _chosen() is Store.KEYRING or (
        path is None and _chosen() is None and not os.environ.get(KEY_FILE_VARIABLE)
    ):
        vault, _ = open_vault()
        if vault is not None and (fingerprint := vault.current()):
            return _in_vault(vault, fingerprint)
    return None


def unfit(path: Path, /) -> str:
    """Say why a key must not lie at a place, empty when it may: whoever has the data would have it too."""
    whole = path.expanduser().absolute()
    if found := synced(whole):
        return found
    home = Path.home()
    for folder in whole.parents:
        if (folder / WORKSPACE_MARK).is_file():
            return f"in the workspace {folder}"
        if folder != home and (folder / ".git").exists():  # a home folder may be a repository of settings
            return f"in the git repository {folder}"
    return ""


def remarks(kept: Kept, /) -> list[str]:
    """Say what is to be thought of where a key lives."""
    if kept.store is not Store.FILE:
        return []
    path, said = Path(kept.place), []
    if where := unfit(path):
        said.append(
            f"The SSN key lies {where}, where whoever gets the data gets it as well. Move it: put the file "
            f"elsewhere and name it in {KEY_FILE_VARIABLE}, or run reconcile key new --store keyring."
        )
    elif where := remote(path.absolute()):
        said.append(f"The SSN key lies {where}; whoever administers that drive can read it.")
    if _chosen() is Store.KEYRING:
        said.append(
            f"{KEY_STORE_VARIABLE} says keyring, and the key is in a file. To move it: reconcile key backup "
            "FILE, then reconcile key restore FILE --store keyring."
        )
    return said


def require_fit(path: Path, /) -> None:
    """Refuse to write a key where others get it.

    Raises:
        OutputError: the place is in a workspace, a git repository or a synchronised folder.
    """
    if where := unfit(path):
        raise OutputError(
            f"The SSN key is not written to {path}: it lies {where}, where whoever gets the data would get "
            f"the key as well. Name another file in {KEY_FILE_VARIABLE}."
        )


@contextlib.contextmanager
def turn(path: Path, /) -> Iterator[None]:
    """Let one process at a time make or change the key at a place.

    Raises:
        OutputError: another one did not finish.
    """
    private_folder(path.parent)
    waited = time.monotonic() + _PATIENCE
    with contextlib.ExitStack() as stack:
        while True:
            busy = None
            try:
                stack.enter_context(lock(path.with_name(f".{path.name}.lock"), what="The SSN key"))
            except OutputError as error:
                busy = error
            if busy is None:
                break
            if time.monotonic() > waited:
                raise busy
            time.sleep(0.05)
        yield


def pointer(fingerprint: str, /) -> str:
    """Write the line that stands in the file's place when the key is in the keyring."""
    return f"{_IN_KEYRING}{fingerprint}\n"


def written(key: SsnKey, /) -> str:
    """Write a key as its file holds it."""
    return key.secret.hex() + "\n"


def _first_key(path: Path | None) -> Kept:
    """Make the key; of several processes that try at once, one wins and all use its key."""
    place = path or key_file()
    made = SsnKey(secrets.token_bytes(KEY_BYTES))
    if _chosen() is Store.KEYRING:
        vault, why = open_vault()
        if vault is not None:
            with turn(place):
                found = find_key(path)
                if found is None:
                    vault.write(made.fingerprint, made.secret.hex())
                    _create(place, pointer(made.fingerprint))
                return found or Kept(made, Store.KEYRING, vault.name)
        warnings.warn(
            f"{KEY_STORE_VARIABLE} says keyring, but {why}. The SSN key was made in the file {place}.",
            stacklevel=3,
        )
    require_fit(place)
    _create(place, written(made))
    return _at(place)


def _chosen() -> Store | None:
    given = os.environ.get(KEY_STORE_VARIABLE, "").strip().lower()
    if given not in {"", Store.KEYRING, Store.FILE}:
        raise InputError(f"{KEY_STORE_VARIABLE} is neither keyring nor file. Set it to one of these.")
    return Store(given) if given else None


def _at(path: Path) -> Kept:
    """Give the key that stands at a place, or that the line there leads to."""
    content = read_secret(path)
    if not content.startswith(_IN_KEYRING):
        kept = Kept(parse_key(content, where=f"The SSN key file {path}"), Store.FILE, str(path))
        if where := unfit(path):
            warnings.warn(f"The SSN key lies {where}; see reconcile key show.", stacklevel=4)
        return kept
    vault, why = open_vault()
    if vault is None:
        raise InputError(
            f"The SSN key is in the keyring, and {why}. Or restore the key from your backup: "
            "reconcile key restore FILE --store file"
        )
    return _in_vault(vault, content.removeprefix(_IN_KEYRING).strip())


def _in_vault(vault: Vault, fingerprint: str) -> Kept:
    text = vault.read(fingerprint)
    key = parse_key(text, where=f"The keyring ({vault.name})") if text else None
    if key is None or key.fingerprint != fingerprint:
        raise InputError(
            f"The keyring ({vault.name}) no longer holds the SSN key {fingerprint}. Restore it from your "
            "backup (reconcile key restore FILE), or make a new one (reconcile key new) and read all files "
            "again."
        )
    return Kept(key, Store.KEYRING, vault.name)


def read_secret(path: Path, /) -> str:
    """Read a file that holds a key.

    Raises:
        InputError: it cannot be read, or others can read it.
    """
    problem = ""
    try:
        content = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        problem = error.strerror or type(error).__name__
    if problem:
        raise InputError(
            f"The SSN key {path} cannot be read: {problem}. "
            f"Restore it, or name another file in {KEY_FILE_VARIABLE}."
        )
    if permissions_are_enforced() and mode & 0o077:
        raise InputError(f"Others can read the SSN key {path}. Take their rights away: chmod 600 {path}")
    return content.decode("ascii", errors="replace")


def _create(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all; what is there stays."""
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        _write_new(draft, text)
        try:
            os.link(draft, path)  # unlike a rename, a link never replaces what is there
        except FileExistsError:
            return
        except OSError:  # no hard links on this file system
            with contextlib.suppress(FileExistsError):
                _write_new(path, text)
    except OSError as error:
        reason = error.strerror
    else:
        return
    finally:
        draft.unlink(missing_ok=True)
    raise OutputError(
        f"The SSN key {path} cannot be written: {reason}. Name another file in {KEY_FILE_VARIABLE}."
    )


def _write_new(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
