"""Secrets, codes and passwords: how they are made, what is kept of them, and how they are compared.

A temporary secret carries 100 random bits: the whole world's machines do not guess it whatever a guess
costs, so that its hash takes the least that OWASP recommends for Argon2id (19 MiB, two passes; about 30 ms)
and a thousand of them take seconds. A password that a person chose is guessed in far fewer tries; its hash
takes the memory and passes that RFC 9106 recommends where memory is scarce (64 MiB, three passes).

Kept of Argon2's outcome is its SHA-256, in its place in the encoded text: a database that cannot run Argon2
is shown the outcome and compares, and nobody who reads what is kept can show it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher, Type
from argon2.low_level import ARGON2_VERSION, hash_secret_raw
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
_AGAIN: Final = "sha256:"
_HEAD: Final = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)")
_TAG: Final = 32  # bytes of Argon2's outcome
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
            hashed += pool.map(partial(keep, SECRETS), portion)
    return hashed


def keep(hasher: PasswordHasher, typed: str, /) -> str:
    """Give what is kept of a secret, a code or a password, with a salt of its own."""
    head = _head(hasher)
    return f"{head}${_AGAIN}{hashlib.sha256(bytes.fromhex(show(head, typed))).hexdigest()}"


def show(head: str, typed: str, /) -> str:
    """Give the outcome of Argon2 for what was typed, in hexadecimal; only who knows the text can.

    Args:
        head: how what is kept begins: parameters and salt.
        typed: in the spelling that is hashed.
    """
    found = _HEAD.fullmatch(head)
    memory, passes, lanes, salt = found.groups() if found else ("8", "1", "1", "AAAAAAAAAAA")
    raw = hash_secret_raw(
        typed.encode("utf-8"), base64.b64decode(salt + "=" * (-len(salt) % 4)), time_cost=int(passes),
        memory_cost=int(memory), parallelism=int(lanes), hash_len=_TAG, type=Type.ID, version=ARGON2_VERSION,
    )  # fmt: skip
    return raw.hex()


def agrees(hasher: PasswordHasher, kept: str | None, typed: str, /) -> bool:
    """Say whether what was typed is what is kept; without anything kept it takes as long to say no."""
    head, _, last = (kept or f"{_head(hasher)}$").rpartition("$")
    shown = bytes.fromhex(show(head, typed))
    wanted = _encoded(shown) if not last.startswith(_AGAIN) else _AGAIN + hashlib.sha256(shown).hexdigest()
    return hmac.compare_digest(last.encode("utf-8"), wanted.encode("utf-8"))


def _head(hasher: PasswordHasher) -> str:
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${_encoded(secrets.token_bytes(hasher.salt_len))}"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")
