"""The system's keyring as a place for the SSN key: the one of Windows, macOS, GNOME or KDE.

The package keyring is asked for only here, and only by those who choose it. What would keep a secret in
plain text counts as none.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

from reconcile.errors import InputError

SERVICE: Final = "reconcile"
_CURRENT: Final = "SSN key in use"  # names the entry that holds the key
_RECOMMENDED: Final = 1  # what keyring's own documentation asks of a backend's priority
_INSTALL: Final = "Install it: pip install keyring"


@dataclass(frozen=True)
class Vault:
    """A keyring that was found to be there; entries are named after the key's fingerprint.

    Attributes:
        name: as people know it.
    """

    name: str
    _backend: Any = field(repr=False)

    def current(self) -> str | None:
        """Name the fingerprint of the key in use, None when there is none.

        Raises:
            InputError: the keyring is locked, or does not answer.
        """
        return self._do("get_password", _CURRENT)

    def read(self, fingerprint: str) -> str | None:
        """Give the key of a fingerprint in hexadecimal, None when it is not there.

        Raises:
            InputError: as in `current`.
        """
        return self._do("get_password", f"SSN key {fingerprint}")

    def write(self, fingerprint: str, text: str) -> None:
        """Keep a key and say that it is the one in use; earlier ones stay.

        Raises:
            InputError: the keyring is locked, or did not keep it.
        """
        self._do("set_password", f"SSN key {fingerprint}", text)
        kept = self.read(fingerprint)
        if kept != text:
            raise InputError(f"The keyring ({self.name}) did not keep the SSN key. Keep it in a file.")
        self._do("set_password", _CURRENT, fingerprint)

    def _do(self, what: str, entry: str, *text: str) -> str | None:
        kind = ""
        try:
            answer = getattr(self._backend, what)(SERVICE, entry, *text)
        except Exception as error:  # noqa: BLE001 - every backend has errors of its own, and may quote in them
            kind = type(error).__name__
        if kind:
            raise InputError(
                f"The keyring ({self.name}) does not give access to the SSN key ({kind}). Unlock it and "
                "repeat, or restore the key from your backup: reconcile key restore FILE --store file"
            )
        return None if answer is None else str(answer)


def open_vault() -> tuple[Vault | None, str]:
    """Find the system's keyring: the keyring, or None and why there is none, with what to do."""
    try:
        keyring = import_module("keyring")
    except ImportError:
        return None, f"the package keyring is not installed. {_INSTALL}"
    chosen, kind = None, ""
    try:
        chosen = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001 - what a broken configuration raises is anybody's guess
        kind = type(error).__name__
    if kind:
        return None, f"the keyring cannot be opened ({kind}). Correct its configuration"
    fit = [one for one in getattr(chosen, "backends", [chosen]) if _is_fit(one)]
    if not fit:
        return None, "this machine has no keyring that encrypts. Log in to its desktop, or keep to a file"
    return Vault(str(getattr(fit[0], "name", "keyring")), fit[0]), ""


def _is_fit(backend: Any) -> bool:  # noqa: ANN401 - of a package that need not be there
    """Say whether a backend keeps secrets as secrets: recommended, and none that writes plain text."""
    kind = type(backend)
    if kind.__module__.startswith("keyrings.alt") or "plaintext" in kind.__name__.lower():
        return False
    with suppress(Exception):  # a priority that cannot be told is none
        return bool(backend.priority >= _RECOMMENDED)
    return False
