"""What may be shown of a secret value: its first letter, its year, its shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

_DATA_LIKE: Final = re.compile(r"\[(e-mail|number|date)\]|[0-9]{6}")
_HIDDEN: Final = "•••"
SHAPE_LENGTH: Final = 40  # characters of a value's shape
UNSEEN: Final = "\u2400"  # stands for a character that would not be seen
# In this order; written so that polars and DuckDB understand it alike.
SIGNS: Final = (
    (r"\p{Lu}", "A"),
    (r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]", "a"),
    (r"\p{N}", "9"),
    (r"\p{C}", UNSEEN),
    (r"[^\x00-\x7F\x{2400}]", "?"),  # marks and signs that letters are made of
)
_SHAPES: Final = (
    (re.compile(r"[^\s@\"'<>,;]+@[^\s@\"'<>,;]+"), "[e-mail]"),
    (re.compile(r"(?<![0-9])[0-9]{3}([-\u2010-\u2015 ]?)[0-9]{2}\1[0-9]{4}(?![0-9])"), "[number]"),
    (re.compile(r"(?<![0-9])[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}(?![0-9])"), "[date]"),
    (re.compile(r"(?<![0-9])[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4}|[0-9]{2})(?![0-9])"), "[date]"),
    (re.compile(r"(?<![0-9])[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4}(?![0-9])"), "[date]"),
    (re.compile(r"(?<![0-9])(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(?![0-9])"), "[date]"),
)


def mask_name(value: str | None, /) -> str:
    """Show the first letter of a name.

    >>> mask_name("Maria")
    'M•••'
    """
    return f"{value[0]}{_HIDDEN}" if value else ""


def mask_date(value: object, /) -> str:
    """Show the year of a date.

    >>> mask_date("2004-05-17")
    '2004-••-••'
    """
    year = re.search(r"(?<![0-9])[0-9]{4}(?![0-9])", str(value or ""))
    return f"{year[0]}-••-••" if year else _HIDDEN if value else ""


def mask_email(value: str | None, /) -> str:
    """Show the first letter and the domain of an e-mail address.

    >>> mask_email("maria@example.org")
    'm•••@example.org'
    """
    name, at, domain = (value or "").rpartition("@")
    return f"{name[:1]}{_HIDDEN}@{domain}" if at else mask_name(value)


def mask_id(value: str | None, /) -> str:
    """Show the last three characters of an id.

    >>> mask_id("A00123456")
    '•••456'
    """
    return f"{_HIDDEN}{value[-3:] if len(value) > 4 else ''}" if value else ""  # noqa: PLR2004 - keeps half hidden


def mask_shape(values: pl.Series, /) -> pl.Series:
    """Show texts by their shape: letters as a or A, digits as 9, at most 40 characters.

    >>> import polars as pl
    >>> mask_shape(pl.Series(["Ana 2001-02-03", None])).to_list()
    ['Aaa 9999-99-99', None]
    """
    shown = values.str.head(SHAPE_LENGTH)
    for pattern, sign in SIGNS:
        shown = shown.str.replace_all(pattern, sign)
    return shown


def redact(text: str, /) -> str:
    """Remove whatever is shaped like an SSN, a date or an e-mail address from a message.

    >>> redact("212-09-9998, born 5/17/2004, m@example.org")
    '[number], born [date], [e-mail]'
    """
    for shape, word in _SHAPES:
        text = shape.sub(word, text)
    return text


def looks_like_data(name: str) -> bool:
    """Say whether a column name is rather a value, which must not be repeated in a message."""
    return bool(_DATA_LIKE.search(redact(name)))
