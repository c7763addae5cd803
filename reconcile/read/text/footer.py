"""What stands below a table: counts of rows, totals, ends of reports, another table."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.read.diagnostics import FOOTER
from reconcile.read.text.header import digit_columns, usual
from reconcile.read.text.samples import LOOKED_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable
    from reconcile.read.text.structure import Offsets

_THINGS: Final = r"(rows?|records?|lines?|results?|students?|accounts?|items?|entries)"
_TOTAL: Final = rf"[0-9][0-9,. ]*{_THINGS}\b.*|(grand |sub)?-?totals?\b.*"
# What could begin a name (Sum, Page, End) counts only with a number, a mark or further words behind it.
_FOOT: Final = re.compile(
    rf"\W*({_TOTAL}|(sum|count|average|records?|rows?)\b.*[0-9].*|end of .*|eof|page [0-9]+.*|"
    r"(printed|generated|created|exported|run|report|elapsed|completion|as of)\b.*[0-9].*|"
    r"only showing top [0-9]+ rows?|sql>.*)\W*|\W{2,}end\W*|[-=_+|]{3,}",
    re.IGNORECASE | re.DOTALL,
)
_WIDE_TOTAL: Final = re.compile(rf"\W*({_TOTAL})\W*", re.IGNORECASE | re.DOTALL)
_COUNTED: Final = re.compile(
    rf"\(?[0-9][0-9,. ]* ?{_THINGS}( (selected|affected|returned|fetched|processed))?\.?\)?"
    r"|(no rows|end of (report|file|data|list|extract))\W*|\W*end of (report|file|data|list|extract)\W*",
    re.IGNORECASE,
)
_BARE: Final = re.compile(rf"([0-9][0-9,. ]*) ?{_THINGS}", re.IGNORECASE)
_SECOND: Final = (
    "Another table stands below the first; only the first was read. Put this line into a file of its own."
)
_LONELY: Final = (
    "The last rows hold a text in their first column and nothing else, unlike all others; they were kept. "
    "Take this line out if it is a note below the table."
)
_SUMMED: Final = (
    "The last rows begin with a word for a sum, with nothing but numbers behind it; they were kept. Take "
    "this line out if it is a total."
)
_EMPTY: Final = "This row has no value in any column; it was kept. Delete the line, or export it again."
_UNLIKE: Final = (
    "What stands below a blank line from here on does not look like the rows above; it was kept. Put it "
    "into a file of its own if it is another table."
)
_COUNT: Final = re.compile(
    r"\W*((grand |sub)?-?totals?|sum|average|avg|mean|median|std?\.? ?dev|sd|count)\b[\W0-9]*", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"\s*[-+$(]*[0-9][0-9.,]*[%)]*\s*")
_DIGIT: Final = re.compile(r"[0-9]")
_ROWS: Final = 3  # so many lines of one width are another table
_ABOVE: Final = 10  # rows that tell what a row of the table looks like


def is_foot(text: str) -> bool:
    """Whether a line that is no row reads like the end of a report.

    >>> [is_foot(text) for text in ("3 rows selected.", "Total records: 84", "*** END OF REPORT ***", "Ann")]
    [True, True, True, False]
    """
    return bool(_FOOT.fullmatch(text.strip()))


def is_total(cells: Sequence[str], above: int) -> bool:
    """Whether a record as wide as the rows is no row: a total, or a count in the first cell alone.

    A bare count ("3 rows") may be a value, unless it is that of the rows above.
    """
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled or cells[0].strip() != filled[0]:
        return False
    if len(cells) == 1 and (bare := _BARE.fullmatch(filled[0])):
        return re.sub("[,. ]", "", bare[1]) == str(above)
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
    while feet < min(_ROWS, frame.height):
        if not is_total([cell or "" for cell in frame.row(-1 - feet)], frame.height - 1 - feet):
            break
        feet += 1
    if feet:
        found.note_lines(lines.tail(feet), "footer", FOOTER)
        frame, lines = frame.head(-feet), lines.head(-feet)
        table = replace(table, frame=frame, lines=lines, rows=table.rows - feet)
    filled = ~_empty(frame)
    whole, numbers = (frame, lines) if filled.all() else (frame.filter(filled), lines.filter(filled))
    if sums := _summed(whole):
        found.note_lines(numbers.tail(sums), "footer_doubt", _SUMMED)
    else:
        found.note_lines(numbers.tail(_lonely(whole)), "footer_doubt", _LONELY)
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


def _summed(frame: pl.DataFrame) -> int:
    """How many last rows begin with a word for a sum and hold nothing but numbers behind it."""
    if frame.width < 2:  # noqa: PLR2004 - as above
        return 0
    rows = frame.tail(_ABOVE + _ROWS).rows()
    sums = [_is_sum([cell for cell in row if cell]) for row in rows]
    feet = _run_at_end(pl.Series(sums, dtype=pl.Boolean))
    return feet if 0 < feet <= _ROWS and feet + 1 < len(rows) and sum(sums) == feet else 0


def _is_sum(filled: Sequence[str]) -> bool:
    if not filled or not all(map(_NUMBER.fullmatch, filled[1:])):
        return False
    counted = _COUNT.fullmatch(filled[0])
    return counted is not None and (len(filled) > 1 or bool(_DIGIT.search(filled[0])))


def note_empty(table: RawTable, found: Diagnostics) -> None:
    """Doubt rows that have all delimiters and no value."""
    found.note_lines(table.lines.filter(_empty(table.frame)), "empty_row", _EMPTY)


def _empty(frame: pl.DataFrame) -> pl.Series:
    if frame.width < 2 or not all(column.null_count() for column in frame):  # noqa: PLR2004 - as above
        return pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)  # noqa: FBT003 - a value
    return frame.select(pl.all_horizontal(pl.all().is_null())).to_series()


def doubt_tables(table: RawTable, blank: Sequence[int], found: Diagnostics) -> None:
    """Doubt what stands below a blank line and does not look like the rows above it.

    That is, in two columns at least all rows above have a digit and none below has one, or the reverse.
    """
    if table.frame.width < 2:  # noqa: PLR2004 - as above
        return
    gaps = sorted({*blank, *table.lines.filter(_empty(table.frame)).to_list()})[:LOOKED_AT]
    for gap, following in zip(gaps, [*gaps[1:], None][: len(gaps)], strict=True):
        at = int(table.lines.search_sorted(gap, side="right"))
        to = table.frame.height if following is None else int(table.lines.search_sorted(following))
        first = int(table.lines.search_sorted(gap))
        above = table.frame.slice(max(first - LOOKED_AT, 0), min(first, LOOKED_AT))
        below = table.frame.slice(at, min(to - at, _ABOVE))
        if not below.height or above.height < 2:  # noqa: PLR2004 - too few to tell
            continue
        if _differ(above, below) > 1 or _differ(above, below.head(1), words=True) > 1:
            found.note("table_doubt", _UNLIKE, line=int(table.lines[at]))
            return


def _differ(above: pl.DataFrame, below: pl.DataFrame, *, words: bool = False) -> int:
    """In how many columns digits stand in all cells on one side and in none on the other."""
    count = 0
    for name in above.columns:
        upper, lower = (frame[name].drop_nulls().str.contains("[0-9]") for frame in (above, below))
        if upper.len() < 2 or not lower.len() or (not words and lower.len() < 2):  # noqa: PLR2004 - as above
            continue
        count += (upper.all() and not lower.any()) or (not words and not upper.any() and lower.all())
    return count


def _alone(frame: pl.DataFrame, *, words: bool = True) -> pl.Series:
    """Which rows hold their first column alone, and, if asked for, words in it."""
    first = frame.to_series(0)
    others = frame.select(pl.all_horizontal(pl.nth(range(1, frame.width)).is_null())).to_series()
    spoken = first.str.contains(r"\p{L}.*\s.*\p{L}|\p{L}{3}.*\s.*[0-9]") if words else first.is_not_null()
    return (others & spoken).fill_null(value=False)


def _run_at_end(flags: pl.Series) -> int:
    """How many last values are true."""
    false = flags.not_().arg_true()
    return flags.len() - 1 - int(false[-1]) if false.len() else flags.len()


def second_header(frame: pl.DataFrame) -> int:
    """Where, among rows of one width, another table's header stands; their number when none does.

    It has a name for every column and no digit, although the rows above it have digits in some columns, and
    has rows above and below it: a last row of words is a row.
    """
    body = [[cell or "" for cell in row] for row in frame.head(LOOKED_AT).rows()]
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
