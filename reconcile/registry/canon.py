"""The one spelling of values that are hashed, of moments that are stored, and of rows that are named."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN: Final = 5  # row numbers in a message


def canonical(value: object, /) -> str:
    """Write a value as JSON in the one spelling that is hashed.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: object, /) -> str:
    """Hash a value made of texts, numbers, lists and dictionaries, as SHA-256 in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


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
