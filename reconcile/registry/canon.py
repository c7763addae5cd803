"""The one spelling of values that are hashed, of moments that are stored, and of rows that are named."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN: Final = 5  # row numbers in a message
# What the log says of a batch when it is drafted, checked and submitted, and what `verify` compares with it.
BOUND: Final = (
    "content_hash", "suite_hash", "issuer", "proposed_at", "valid_until", "rows_hash", "mints", "recoveries",
)  # fmt: skip
_SPELLING: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: object, /) -> str:
    """Write a value as JSON in the one spelling that is hashed.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return _SPELLING.encode(value)


def digest(value: object, /) -> str:
    """Hash a value made of texts, numbers, lists and dictionaries, as SHA-256 in hexadecimal."""
    return hashlib.sha256(_spelled(value)).hexdigest()


def digest_parts(parts: Iterable[Sequence[object]], /) -> str:
    """Hash a list that comes in parts, so that the whole of it is never held: `digest` of all of them in one.

    >>> digest_parts([["a"], [], ["b", "c"]]) == digest(["a", "b", "c"])
    True
    """
    hashed, between = hashlib.sha256(b"["), b""
    for part in parts:
        if part:
            hashed.update(between + _spelled(part)[1:-1])
            between = b","
    hashed.update(b"]")
    return hashed.hexdigest()


def now(moment: datetime | None = None, /) -> datetime:
    """Give a moment, or the present one when None; the only place where registry and batches read the clock.

    Whoever writes reads it once: an entry and the row that it speaks of must not stand a second apart.
    """
    return moment or datetime.now(UTC)


def iso(moment: datetime, /) -> str:
    """Write a moment as ISO 8601 text in UTC, to the second.

    >>> iso(datetime(2026, 11, 21, 12, tzinfo=UTC))
    '2026-11-21T12:00:00+00:00'
    """
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def row_numbers(places: Sequence[int], /) -> str:
    """Name rows by number for a message: the first is 1, and after a few the rest is only counted.

    >>> row_numbers([0, 6])
    'row 1, 7; 2 in all'
    """
    shown = ", ".join(str(place + 1) for place in places[:_SHOWN])
    return f"row {shown}{', ...' if len(places) > _SHOWN else ''}; {len(places):,} in all"


def _spelled(value: object) -> bytes:
    return canonical(value).encode("utf-8", "surrogatepass")
