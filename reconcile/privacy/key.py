"""The secret with which SSNs are hashed, and the hashes that it makes."""

from __future__ import annotations

import contextlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY_BYTES: Final = 32
_BLOCK: Final = 64  # bytes that SHA-256 takes at a time


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
        return next(self.hashes([digits], use=use))

    def hashes(self, numbers: Iterable[str], /, *, use: str = "ssn") -> Iterator[str]:
        """Hash many numbers: HMAC-SHA-256 as RFC 2104 writes it, the two key blocks digested once for all.

        `hmac.digest` does that for each number anew, which takes two and a half times as long.
        """
        block = (self.secret if len(self.secret) <= _BLOCK else sha256(self.secret).digest()).ljust(
            _BLOCK, b"\0"
        )
        inner, outer = sha256(bytes(b ^ 0x36 for b in block)), sha256(bytes(b ^ 0x5C for b in block))
        for digits in numbers:
            first, second = inner.copy(), outer.copy()
            first.update(f"{use}:{digits}".encode())
            second.update(first.digest())
            yield f"{self.fingerprint}:{second.hexdigest()[:32]}"


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
