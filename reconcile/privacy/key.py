"""The secret with which SSNs are hashed, and the hashes that it makes."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Final

from reconcile.errors import InputError

KEY_BYTES: Final = 32


@dataclass(frozen=True)
class SsnKey:
    """The secret with which SSNs are hashed; it shows only its fingerprint.

    >>> SsnKey(bytes(32))
    SsnKey(fingerprint='5e596b74')
    """

    secret: bytes = field(repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that tell keys apart and give nothing away."""
        return hmac.digest(self.secret, b"reconcile: fingerprint", "sha256").hex()[:8]

    def __repr__(self) -> str:
        """Show the fingerprint, never the secret."""
        return f"SsnKey(fingerprint={self.fingerprint!r})"

    def hash(self, digits: str, /, *, use: str = "ssn") -> str:
        """Hash one number; hashes made for different uses never meet."""
        made = hmac.digest(self.secret, f"{use}:{digits}".encode(), "sha256").hex()[:32]
        return f"{self.fingerprint}:{made}"


@cache
def session_key() -> SsnKey:
    """Make the one random key of this process, for frames that never were a file of ours."""
    return SsnKey(secrets.token_bytes(KEY_BYTES))


def parse_key(text: str, /, *, where: str) -> SsnKey:
    """Read a key that was written in hexadecimal.

    Raises:
        InputError: it is no key; the message says where it stands, never what.
    """
    secret = b""
    with contextlib.suppress(ValueError):
        secret = bytes.fromhex(text.strip())
    if len(secret) < KEY_BYTES:
        raise InputError(
            f"{where} holds no key: at least {2 * KEY_BYTES} hexadecimal digits are expected. "
            "Restore the key from your backup (reconcile key restore FILE); with a new key, earlier SSN "
            "hashes no longer compare."
        )
    return SsnKey(secret)
