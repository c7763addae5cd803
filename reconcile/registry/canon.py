"""The one spelling of values that are hashed and of moments that are stored."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime


def canonical(value: object, /) -> str:
    """Write a value as JSON in the one spelling that is hashed.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(value: object, /) -> str:
    """Hash a value made of texts, numbers, lists and dictionaries, as SHA-256 in hexadecimal."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def iso(moment: datetime | None = None, /) -> str:
    """Write a moment (now when None) as ISO 8601 text in UTC, to the second.

    >>> iso(datetime(2026, 11, 21, 12, tzinfo=UTC))
    '2026-11-21T12:00:00+00:00'
    """
    return (moment or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
