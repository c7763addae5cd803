"""Records of fixed width, by a layout that the user completes: positions of MIS records are not public.

A TOML file: `length` of a record, `line_end`, and a [[field]] for each place with `from`, `to` (from 1) and
either the worksheet's `column` or a constant `value`. What no field covers stays blank.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

_ENDS: Final = {"crlf": "\r\n", "lf": "\n"}
_KEYS: Final = ("from", "to", "column", "value")

TEMPLATE: Final = """\
# How a record of fixed width is laid out. The positions of MIS records are not public to us, so this file is
# empty on purpose: complete it from the Data Element Dictionary of the Chancellor's Office.

length = 0          # characters of a record
line_end = "crlf"   # or "lf"

# One block a place, counted from 1. Either a column of the worksheet (GI01, GI03, sis_id, SB00, SB34),
# left-justified, or a value that is the same in every record. What no block covers stays blank.
#
# [[field]]
# from = ?
# to = ?
# value = "SB"
#
# [[field]]
# from = ?
# to = ?
# column = "SB34"
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a field stands: from and to count from 1 and are both part of it."""

    first: int
    last: int
    column: str | None = None
    value: str = ""

    @property
    def width(self) -> int:
        """How many characters it has."""
        return self.last - self.first + 1


@dataclass(frozen=True, kw_only=True)
class RecordLayout:
    """A record's length and its places in their order."""

    length: int
    line_end: str
    places: tuple[Place, ...]


def read_record_layout(path: Path, /, *, columns: tuple[str, ...]) -> RecordLayout:
    """Read a layout that a college completed.

    Args:
        path: the TOML file.
        columns: those that a field may name.

    Raises:
        InputError: no such file, no TOML, not completed, or places that overlap or pass the end; all
            problems at once.
    """
    try:
        content, fault = tomllib.loads(path.read_text(encoding="utf-8-sig")), ""
    except FileNotFoundError:
        content, fault = {}, "does not exist"
    except (OSError, UnicodeDecodeError):
        content, fault = {}, "is no file of UTF-8 text"
    except tomllib.TOMLDecodeError as error:
        content, fault = {}, f"is no TOML: {error}"
    if fault:
        raise InputError(f"{path} {fault}. `reconcile mis layout` writes one to complete.")
    problems: list[str] = []
    length = content.get("length")
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        problems.append("length is not completed: how many characters has a record?")
        length = 0
    fields = content.get("field", [])
    if not isinstance(fields, list) or not fields:
        problems.append("no [[field]] says what stands where")
        fields = []
    places = [_place(at, one, columns, problems) for at, one in enumerate(fields, start=1)]
    if content.get("line_end", "crlf") not in _ENDS:
        problems.append('line_end is "crlf" or "lf"')
    ordered = sorted((one for one in places if one), key=lambda one: one.first)
    problems += [
        f"places {one.first} to {one.last} and {two.first} to {two.last} overlap"
        for one, two in pairwise(ordered)
        if two.first <= one.last
    ]
    if length and ordered and ordered[-1].last > length:
        problems.append(f"place {ordered[-1].last} is beyond the length of {length}")
    if problems:
        raise InputError(f"{path} cannot be used: {'; '.join(problems)}. Complete or correct it there.")
    line_end = _ENDS[content.get("line_end", "crlf")]
    return RecordLayout(length=length, line_end=line_end, places=tuple(ordered))


def records(worksheet: pl.DataFrame, layout: RecordLayout, /) -> bytes:
    """Write the rows of a worksheet as records; text is left-justified, an absent value is blank.

    Raises:
        InputError: a value is wider than its place, or is not ASCII; names the row and the column.
    """
    line: list[pl.Expr] = []
    at = 1
    for place in layout.places:
        line.append(pl.lit(" " * (place.first - at)))
        if place.column is None:
            line.append(pl.lit(place.value.ljust(place.width)))
        else:
            _require_fit(worksheet, place.column, place.width)
            line.append(pl.col(place.column).fill_null("").str.pad_end(place.width))
        at = place.last + 1
    line.append(pl.lit(" " * (layout.length - at + 1)))
    lines = worksheet.select(pl.concat_str(line)).to_series()
    return "".join(f"{one}{layout.line_end}" for one in lines).encode("ascii")


def _require_fit(worksheet: pl.DataFrame, column: str, width: int) -> None:
    value = pl.col(column)
    wrong = worksheet.with_row_index("row", offset=1).filter(
        (value.str.len_chars() > width) | value.str.contains(r"[^ -~]")
    )
    if wrong.height:
        raise InputError(
            f"{wrong.height:,} values of {column} do not fit the layout's {width} places or are not plain "
            f"ASCII; the first stands in row {wrong['row'][0]:,} of the worksheet. Correct the place in the "
            "layout, or the value in the SIS."
        )


def _place(at: int, given: Any, columns: tuple[str, ...], problems: list[str]) -> Place | None:  # noqa: ANN401
    if not isinstance(given, dict):
        problems.append(f"field {at} is no table")
        return None
    unknown = [f"field {at}: nobody reads {key}" for key in given if key not in _KEYS]
    first, last = given.get("from"), given.get("to")
    ends = [end for end in (first, last) if isinstance(end, int) and not isinstance(end, bool) and end > 0]
    column, value = given.get("column"), given.get("value")
    if len(ends) < 2 or ends[0] > ends[1]:  # noqa: PLR2004 - from and to
        unknown.append(f"field {at}: from and to are numbers from 1 on, in order")
    if (column is None) == (value is None):
        unknown.append(f"field {at}: it has either a column or a value")
    elif column is not None and column not in columns:
        unknown.append(f"field {at}: there is no column {column}.{nearest(str(column), columns)}".rstrip("."))
    elif value is not None and not (isinstance(value, str) and value.isascii()):
        unknown.append(f"field {at}: the value is a text of ASCII")
    problems += unknown
    if unknown:
        return None
    place = Place(first=ends[0], last=ends[1], column=column, value=value or "")
    if len(place.value) > place.width:
        problems.append(f"field {at}: its value is wider than its place")
    return place
