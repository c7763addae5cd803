"""Typed values to text, as a person would write them: no exponent, no lost digit, dates in ISO order."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from typing import Final

_ZEROS_BEHIND: Final = re.compile(r"(\.[0-9]*?[1-9])0+(?![0-9])")
EXACT: Final = 10**15  # beyond it a spreadsheet rounds


def as_text(value: object) -> str:  # noqa: PLR0911 - one kind a line
    """Write one value down.

    >>> [as_text(v) for v in (123456789012.0, 0.1 + 0.2, True, 4.27335427525861e-07)]
    ['123456789012', '0.3', 'TRUE', '0.000000427335427525861']
    >>> as_text(dt.datetime(2004, 5, 6, 13, 5))
    '2004-05-06 13:05:00'
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime | dt.time):
        return _short(value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat())
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return _hours(value)
    return "" if value is None else str(value)


def number(value: float) -> str:
    """Write a number with the 15 digits that a spreadsheet keeps; a whole one without a point.

    >>> number(1e15), number(-2.50)
    ('1000000000000000', '-2.5')
    """
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if not math.isfinite(value):
        return str(value)
    return format(Decimal(format(value, ".15g")), "f")


def with_zeros(value: float, code: str) -> str:
    r"""Write a number as a format of nothing but zeros shows it.

    >>> with_zeros(1234.0, "00000000"), with_zeros(12345678, r"000\-00\-0000"), with_zeros(1.5, "000")
    ('00001234', '012-34-5678', '1.5')
    """
    if value < 0 or value != int(value) or value >= EXACT:
        return number(float(value))
    places = code.count("0")
    digits = str(int(value)).zfill(places)
    rest = iter(digits[-places:])
    signs = (next(rest) if sign == "0" else sign for sign in code if sign not in '\\"')
    return digits[:-places] + "".join(signs)


def exact(value: float) -> str:
    """Write a number with as many digits as it takes to read the same one back.

    >>> exact(1e22), exact(0.1), exact(12345.0)
    ('10000000000000000000000', '0.1', '12345.0')
    """
    return format(Decimal(repr(value)), "f") if math.isfinite(value) else str(value)


def _short(moment: str) -> str:
    """Leave the zeros of a fraction of a second out."""
    return _ZEROS_BEHIND.sub(r"\1", moment)


def _hours(span: dt.timedelta) -> str:
    seconds = round(span.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
