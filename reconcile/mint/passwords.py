"""Secrets, codes and passwords: how they are made, what is kept of them, and how they are compared.

A temporary secret carries 100 random bits: the whole world's machines do not guess it whatever a guess
costs, so that its hash takes the least that OWASP recommends for Argon2id (19 MiB, two passes; about 30 ms)
and a thousand of them take seconds. A password that a person chose is guessed in far fewer tries; its hash
takes the memory and passes that RFC 9106 recommends where memory is scarce (64 MiB, three passes).
"""

from __future__ import annotations

import base64
import os
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECRETS: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
PASSWORDS: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
SHORTEST: Final = 12  # characters of a password; length is what counts, so that nothing else is asked
LONGEST: Final = 256
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 signs, none that people confuse
_LENGTH: Final = 20
_PART: Final = 5
_CODE: Final = 8  # digits; five tries at one in a hundred million
_PORTION: Final = 250  # secrets hashed between two words about how far it has come


def new_secret() -> str:
    """Make a temporary secret, in four groups that can be read out."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(text[start : start + _PART] for start in range(0, _LENGTH, _PART))


def new_code() -> str:
    """Make a code that proves that somebody reads a mailbox."""
    return "".join(secrets.choice("0123456789") for _ in range(_CODE))


def plain_secret(typed: str, /) -> str:
    """Bring a secret or a code into the spelling that is hashed: case, blanks and hyphens do not count.

    >>> plain_secret(" ABCDE fghij-2 ")
    'abcdefghij2'
    """
    return "".join(filter(str.isalnum, typed.casefold()))


def plain_password(typed: str, /) -> str:
    """Bring a password into the one form that every keyboard's letters have."""
    return unicodedata.normalize("NFKC", typed)


def hash_secrets(texts: Sequence[str], /, *, progress: Callable[[str], None]) -> list[str]:
    """Hash many secrets on all cores; Argon2 lets other threads run meanwhile.

    Args:
        texts: the secrets as they are shown.
        progress: called with a sentence now and then.
    """
    hashed: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(texts), _PORTION):
            progress(f"Hashing secrets, {start:,} of {len(texts):,} done")
            portion = map(plain_secret, texts[start : start + _PORTION])
            hashed += pool.map(SECRETS.hash, portion)
    return hashed


def agrees(hasher: PasswordHasher, kept: str | None, typed: str, /) -> bool:
    """Say whether what was typed is what a hash was made of; without a hash it takes as long to say no."""
    try:
        return hasher.verify(kept or _of_nothing(hasher), typed)
    except (VerificationError, InvalidHashError):
        return False


def _of_nothing(hasher: PasswordHasher) -> str:
    """Write a hash that no text has, with a hasher's parameters: comparing costs what it always costs."""
    salt, hashed = (_encoded(secrets.token_bytes(size)) for size in (hasher.salt_len, hasher.hash_len))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${hashed}"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")
