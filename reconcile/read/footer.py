"""What stands below a table: counts of rows, totals, ends of reports, another table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.read.diagnostics import FOOTER
from reconcile.read.header import digit_columns, note_words, usual

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable
    from reconcile.read.structure import Offsets

_THINGS: Final = r"(rows?|records?|lines?|results?|students?|accounts?|items?|entries)"
_TOTAL: Final = rf"[0-9][0-9,. ]*{_THINGS}\b.*|(grand |sub)?-?totals?\b.*"
# What could begin a name (Sum, Page, End) counts only with a number, a mark or further words behind it.
_FOOT: Final = re.compile(
    rf"\W*({_TOTAL}|(sum|count|average|records?|rows?)\b.*[0-9].*|end of .*|eof|page [0-9]+.*|"
    r"(printed|generated|created|exported|run|report|elapsed|completion|as of)\b.*[0-9].*|"
    r"sql>.*)\W*|\W{2,}end\W*",
    re.IGNORECASE | re.DOTALL,
)
_WIDE_TOTAL: Final = re.compile(rf"\W*({_TOTAL})\W*", re.IGNORECASE | re.DOTALL)
_COUNTED: Final = re.compile(
    rf"\(?[0-9][0-9,. ]* ?{_THINGS}( (selected|affected|returned|fetched|processed))?\.?\)?"
    r"|(no rows|end of (report|file|data|list|extract))\W*|\W*end of (report|file|data|list|extract)\W*",
    re.IGNORECASE,
)
_SECOND: Final = (
    "Another table stands below the first; only the first was read. Put this line into a file of its own."
)
_AGAIN: Final = (
    "The column names again; the line was set aside. Check whether the file holds the same rows twice."
)
_LONELY: Final = (
    "The last rows hold a text in their first column and nothing else, unlike all others; they were kept. "
    "Take this line out if it is a note below the table."
)
_DIGIT: Final = re.compile(r"[0-9]")
_ROWS: Final = 3  # so many lines of one width are another table
_ABOVE: Final = 10  # rows that tell what a row of the table looks like
_LOOKED_AT: Final = 200


def is_foot(text: str) -> bool:
    """Whether a line that is no row reads like the end of a report.

    >>> [is_foot(text) for text in ("3 rows selected.", "Total records: 84", "*** END OF REPORT ***", "Ann")]
    [True, True, True, False]
    """
    return bool(_FOOT.fullmatch(text.strip()))


def is_total(cells: Sequence[str]) -> bool:
    """Whether a record as wide as the rows is no row: a total, or a count in the first cell alone."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or cells[0].strip() != filled[0]:
        return False
    if len(cells) == 1 or len(filled) == 1:
        return bool(_COUNTED.fullmatch(filled[0]))
    sums = all(_DIGIT.search(cell) for cell in filled[1:])
    return len(filled) * 2 <= len(cells) and sums and bool(_WIDE_TOTAL.fullmatch(filled[0]))


def other_table(widths: Sequence[int], width: int) -> int:
    """Where, among the records below a table's last row, another table begins; their number when none does.

    Args:
        widths: the fields of each of these records.
        width: the fields of a row of the first table.
    """
    if not len(widths):
        return 0
    common = usual(widths)
    alike = [i for i, n in enumerate(widths) if n == common]
    if common < 2 or common == width or len(alike) < _ROWS:  # noqa: PLR2004 - texts have one field
        return len(widths)
    return alike[0]


@dataclass(frozen=True)
class Below:
    """What stands below the rows.

    Attributes:
        end: how many of the records are the table's.
        feet: how many of the others are footers, which are no rows; the rest belong to another table.
        rejected: how many of the others are set aside as rows.
    """

    end: int
    feet: int
    rejected: int

    def note(self, lines: Offsets, found: Diagnostics) -> None:
        """Say on which lines it stands."""
        found.note_lines(lines[: self.feet].tolist(), "footer", FOOTER)
        found.note_lines(lines[self.feet :].tolist(), "second_table", _SECOND)


def cut_below(lines: Offsets, widths: Offsets, width: int, raw: Callable[[int], str]) -> Below:
    """Find footers and another table below the last row that has the right width.

    A footer is no row and is not counted as one. So only what reads like a footer is one: anything else, a
    row that breaks off for instance, stays among the records, where it is set aside and counted.
    """
    whole = np.flatnonzero(widths == width)
    end = int(whole[-1]) + 1 if len(whole) else 0
    if end == len(lines):
        return Below(end, 0, 0)
    tail = widths[end:].tolist()
    begin = other_table(tail, width)
    if begin < len(tail):
        return Below(end, 0, len(tail))
    feet = 0
    while feet < len(tail) and _is_narrow(tail[-1 - feet], width) and is_foot(raw(len(lines) - 1 - feet)):
        feet += 1
    return Below(len(lines) - feet, feet, 0)


def _is_narrow(fields: int, width: int) -> bool:
    return fields == 1 < width or fields * 2 <= width


def without_below(table: RawTable, found: Diagnostics) -> RawTable:
    """Take out totals at the end, and another table of equal width."""
    frame, lines = table.frame, table.lines
    feet = 0
    while feet < min(_ROWS, frame.height) and is_total([cell or "" for cell in frame.row(-1 - feet)]):
        feet += 1
    if feet:
        found.note_lines(lines.tail(feet), "footer", FOOTER)
        frame, lines = frame.head(-feet), lines.head(-feet)
        table = replace(table, frame=frame, lines=lines, rows=table.rows - feet)
    found.note_lines(lines.tail(_lonely(frame)), "footer_doubt", _LONELY)
    at = second_header(frame)
    if at < frame.height:
        found.note_lines(lines[at:], "second_table", _SECOND)
        table = replace(
            table, frame=frame.head(at), lines=lines.head(at), rejected=table.rejected + frame.height - at
        )
    return table


def _lonely(frame: pl.DataFrame) -> int:
    """How many last rows hold a text in their first column alone, below rows that all hold more."""
    if frame.width < 2:  # noqa: PLR2004 - of one column every row is so
        return 0
    feet = _run_at_end(_alone(frame.tail(_ROWS + 1)))
    above = frame.head(frame.height - feet)
    lonely = 0 < feet <= _ROWS and above.height > feet and not _alone(above, words=False).any()
    return feet if lonely else 0


def _alone(frame: pl.DataFrame, *, words: bool = True) -> pl.Series:
    """Which rows hold their first column alone, and, if asked for, words in it."""
    first = frame.to_series(0)
    others = frame.select(pl.all_horizontal(pl.nth(range(1, frame.width)).is_null())).to_series()
    spoken = first.str.contains(r"\p{L}.*\s.*\p{L}") if words else first.is_not_null()
    return (others & spoken).fill_null(value=False)


def _run_at_end(flags: pl.Series) -> int:
    """How many last values are true."""
    false = flags.not_().arg_true()
    return flags.len() - 1 - int(false[-1]) if false.len() else flags.len()


def without_headers(table: RawTable, names: Sequence[str], found: Diagnostics) -> RawTable:
    """Take out lines that repeat the column names, and doubt first rows that may belong to them."""
    note_words(table.frame, table.lines, found)
    again = np.arange(table.frame.height)
    for name, column in zip(names, table.frame.columns, strict=False):
        if not len(again):
            return table
        values = table.frame[column][again] if len(again) < table.frame.height else table.frame[column]
        again = again[(values.str.strip_chars() == name).fill_null(value=not name).to_numpy()]
    if not len(again) or not names:
        return table
    found.note_lines(table.lines[again], "header_repeated", _AGAIN)
    left = np.delete(np.arange(table.frame.height), again)
    return replace(
        table,
        frame=table.frame[left],
        lines=table.lines[left],
        rejected=table.rejected + len(again),
    )


def second_header(frame: pl.DataFrame) -> int:
    """Where, among rows of one width, another table's header stands; their number when none does.

    It has a name for every column and no digit, although the rows above it have digits in some columns, and
    has rows above and below it: a last row of words is a row.
    """
    body = [[cell or "" for cell in row] for row in frame.head(_LOOKED_AT).rows()]
    counted = digit_columns(body[: max(len(body) // 2, 2)])
    if len(counted) < 2:  # noqa: PLR2004 - one column may have an exception
        return frame.height
    at = np.arange(frame.height)
    for i in (*counted, *range(frame.width)):
        values = frame.to_series(i)
        values = values[at] if len(at) < frame.height else values
        at = at[(~values.str.contains("[0-9]")).fill_null(value=False).to_numpy()]
        if not len(at):
            return frame.height
    inside = (int(i) for i in at if _ABOVE <= i < frame.height - 1)
    return next((i for i in inside if _names_all(frame.row(i))), frame.height)


def _names_all(row: Sequence[str]) -> bool:
    return len({*row}) == len(row) and not row[0].startswith("#")  # that is a comment
