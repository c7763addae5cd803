"""One sheet of a workbook to columns of text, each cell as a person sees it."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from reconcile.errors import InputError, nearest
from reconcile.privacy import looks_like_data
from reconcile.read.diagnostics import ABOVE, Diagnostics
from reconcile.read.sheets.measured import reference
from reconcile.read.sheets.numbers import EXACT, as_text
from reconcile.read.sheets.workbook import Book
from reconcile.read.text.samples import LOOKED_AT
from reconcile.read.text.table import parse
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconcile.read.limits import Limits
    from reconcile.read.raw import RawTable
    from reconcile.read.sheets.workbook import Oddities

_BETWEEN: Final = "\x1f"  # in no cell that a person typed
_TITLES: Final = 30  # rows that may stand above the column names
_FOOTER_BELOW: Final = 3  # columns of a table under which a single cell is a footer
_SERIALS: Final = (367, 73_050)  # 1901 to 2099, as a spreadsheet counts days
_TEXT_DATE: Final = re.compile(
    r"^\s*([0-9]{1,4}([-/.])[0-9]{1,2}\2[0-9]{1,4}|[0-9]{1,2}[- ][A-Za-z]{3,9}[- ][0-9]{2,4})\b"
)
_OF_DATES: Final = re.compile(r"date|birth|\bdob\b|born|fecha|naci", re.IGNORECASE)
_DATES: Final = (dt.date, dt.datetime)
_SHOWN: Final = 12
_NUMBER_AMONG: Final = (
    "In a column of texts with leading zeros this cell, and perhaps others below, is a number, which has "
    "none; it was kept. Format the column as text, with the zeros that belong to the values."
)
_ZEROS_ADDED: Final = (
    "A number format shows leading zeros that are not in the cells; they were added, as a person sees them. "
    "Format the column as text if they belong to the values."
)
_ZEROS_LEFT: Final = (
    "A number format shows leading zeros that are not in the cells, and not all numbers of the column have "
    "it; none were added. Format the column as text, with the zeros that belong to the values."
)


def read_sheet(
    data: bytes,
    kind: str,
    path: Path,
    found: Diagnostics,
    *,
    sheet: str | int | None,
    names: frozenset[str],
    limits: Limits,
) -> tuple[RawTable, str]:
    """Read one sheet; its rows have the numbers that the spreadsheet shows.

    Args:
        data: the workbook.
        kind: "xlsx", "xls" or "ods".
        path: for messages.
        found: takes the diagnostics.
        sheet: its name, or its number from 1; None for the only one that is neither empty nor hidden.
        names: column names that show that a first row is a header.
        limits: what is refused.

    Returns:
        The table, and the name of its sheet.

    Raises:
        InputError: the workbook is damaged or too large, or it does not say which sheet is meant.
    """
    book = Book(data, kind, path, limits)
    name = _choose(book, sheet, path)
    rows, odd = book.rows(name)
    del book
    return _table(rows, odd, path, found, names), name


def _choose(book: Book, wanted: str | int | None, path: Path) -> str:
    names: list[str] = list(book.sheets)
    shown = ", ".join(f"{n} {name!r}" for n, name in enumerate(names[:_SHOWN], 1))
    if wanted is None:
        filled = [name for name in names if book.sheets[name].cells]
        seen = [name for name in filled if name not in book.hidden]
        if len(seen) == 1:
            return seen[0]
        if not filled:
            raise InputError(f"{path} is empty: no sheet holds a cell. Save it again with its table.")
        what = f"{len(seen)} sheets with cells" if seen else "no sheet with cells that is not hidden"
        raise InputError(f"{path} has {what}. Name one by sheet= (--sheet): {shown}.")
    if isinstance(wanted, str) and wanted in book.sheets:
        name = wanted
    elif str(wanted).isdecimal() and 1 <= int(wanted) <= len(names):
        name = names[int(wanted) - 1]
    else:
        raise InputError(f"{path} has no sheet {wanted!r}.{nearest(str(wanted), names)} Its sheets: {shown}.")
    if not book.sheets[name].cells:
        raise InputError(f"{path}, sheet {name!r} is empty. Name another one: {shown}.")
    return name


@dataclass
class _Columns:
    """What is gathered about the columns while their cells become text."""

    dates: Counter[int] = field(default_factory=Counter)
    times: dict[int, list[int]] = field(default_factory=dict)
    serials: dict[int, list[int]] = field(default_factory=dict)
    texts: dict[int, list[int]] = field(default_factory=dict)
    long: dict[int, list[int]] = field(default_factory=dict)
    numbers: dict[int, list[int]] = field(default_factory=dict)
    zeros: Counter[int] = field(default_factory=Counter)


def _table(
    rows: list[list[Any]], odd: Oddities, path: Path, found: Diagnostics, names: frozenset[str]
) -> RawTable:
    for (row, column), error in odd.errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = error
    head = _header_at(rows)
    seen = _Columns()
    width = max(map(_width, rows[head:]), default=0)
    texts = _texts(rows, head, width, seen)
    del rows
    footers = _footers(texts, head, width)
    noted = Diagnostics()
    for at in range(head):
        if any(texts[at]):
            noted.note("preamble", ABOVE, line=at + 1)
    body = [_unpadded(row) if at in footers else row for at, row in enumerate(texts[head:], head)]
    header = body[0]
    data, starts = _as_lines(body)
    del body, texts
    parsed = Diagnostics()
    raw = parse(data, path, parsed, delimiter=_BETWEEN, names=names)
    to_row = head + 1
    _renumber(parsed, starts, to_row, noted)
    lines = pl.Series("line", _rows_of(raw.lines.to_numpy(), starts) + to_row, dtype=pl.Int64)
    _note_odd(odd, head, header, noted)
    _note_columns(seen, header, noted, from_1904=odd.from_1904)
    found.extend(noted)
    return replace(raw, lines=lines, delimiter="")


def _width(row: Sequence[Any]) -> int:
    """The number of cells up to the last filled one."""
    return next((n for n in range(len(row), 0, -1) if row[n - 1] != ""), 0)


def _header_at(rows: Sequence[Sequence[Any]]) -> int:
    """Skip title rows: much narrower than the table below them, or of one cell."""
    widths = [(at, width) for at, row in enumerate(rows) if (width := _width(row))][:LOOKED_AT]
    if not widths:
        return 0
    counted = Counter(width for _, width in widths)
    usual = max(counted, key=lambda width: (counted[width], width))
    for at, width in widths[:_TITLES]:
        filled = sum(cell != "" for cell in rows[at])
        if width * 2 > usual and (filled > 1 or usual == 1):
            return at
    return widths[0][0]


def _texts(rows: list[list[Any]], head: int, width: int, seen: _Columns) -> list[list[str]]:
    """All cells as text, each row as wide as the table; rows are let go as they are done."""
    made = []
    for at, row in enumerate(rows):
        texts = [cell if type(cell) is str else as_text(cell) for cell in row[:width]]
        if at > head:
            _look(row, at, seen)
        rows[at] = []
        made.append(texts + [""] * (width - len(texts)))
    return made


def _look(row: Sequence[Any], at: int, seen: _Columns) -> None:
    for column, cell in enumerate(row):
        kind = type(cell)
        if kind is str:
            if len(cell) <= len("30-September-2004 ") and cell and _TEXT_DATE.match(cell):
                seen.texts.setdefault(column, []).append(at + 1)
            elif cell[:1] == "0" and len(cell) > 1 and cell.isdecimal():
                seen.zeros[column] += 1
        elif kind is float or kind is int:
            _look_at_number(cell, at, column, seen)
        elif kind in _DATES:
            seen.dates[column] += 1
        elif kind is dt.time:
            seen.times.setdefault(column, []).append(at + 1)


def _look_at_number(cell: float, at: int, column: int, seen: _Columns) -> None:
    numbers = seen.numbers.setdefault(column, [])
    if len(numbers) < _SHOWN:
        numbers.append(at + 1)
    if _SERIALS[0] <= cell <= _SERIALS[1] and cell % 1 == 0:
        seen.serials.setdefault(column, []).append(at + 1)
    elif abs(cell) >= EXACT:
        seen.long.setdefault(column, []).append(at + 1)


def _footers(rows: Sequence[Sequence[str]], head: int, width: int) -> set[int]:
    """Find the last rows where they are one sentence, or one cell below an empty row."""
    last = len(rows) - 1
    while last > head and not any(rows[last]):
        last -= 1
    found: set[int] = set()
    if width < _FOOTER_BELOW:
        return found
    for at in range(last, head, -1):
        filled = [cell for cell in rows[at] if cell]
        if len(filled) > 1:
            break
        if filled and (" " in filled[0].strip() or not any(rows[at - 1])):
            found.add(at)
        elif filled:
            break
    return found


def _unpadded(row: Sequence[str]) -> list[str]:
    return [cell for cell in row if cell]


def _as_lines(rows: Sequence[Sequence[str]]) -> tuple[bytes, np.ndarray[Any, np.dtype[np.int64]]]:
    """Write the rows down for the parser of texts, and say on which line each begins."""
    lines, heights = [], []
    for row in rows:
        line = _BETWEEN.join(row)
        height = 1
        if "\n" in line or "\r" in line or '"' in line or line.count(_BETWEEN) >= max(len(row), 1):
            cells = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row]
            line = _BETWEEN.join('"' + cell.replace('"', '""') + '"' if cell else "" for cell in cells)
            height += line.count("\n")
        elif not line.strip(_BETWEEN):
            line = ""
        lines.append(line)
        heights.append(height)
    starts = np.cumsum([1, *heights[:-1]])
    return ("\n".join(lines) + "\n").encode("utf-8", errors="replace"), starts


def _rows_of(lines: Any, starts: np.ndarray[Any, np.dtype[np.int64]]) -> Any:  # noqa: ANN401 - an array of any integers
    return np.searchsorted(starts, lines, side="right") - 1


def _renumber(
    given: Diagnostics, starts: np.ndarray[Any, np.dtype[np.int64]], to_row: int, found: Diagnostics
) -> None:
    """Turn lines of the text into rows of the sheet."""
    frame = given.frame()
    for line, kind, column, message in frame.iter_rows():
        row = None if line is None else int(_rows_of(line, starts)) + to_row
        found.note(kind, message, line=row, column=column)


def _note_odd(odd: Oddities, head: int, header: Sequence[str], found: Diagnostics) -> None:
    errors: dict[int, list[int]] = {}
    for row, column in odd.errors:
        if row > head:
            errors.setdefault(column, []).append(row + 1)
    for column, lines in sorted(errors.items()):
        found.note_lines(
            sorted(lines),
            "cell_error",
            "The cell holds an error such as #N/A, which was kept as text. Mend the formula.",
            column=_named(header, column),
        )
    formulas: dict[int, list[int]] = {}
    for row, column in odd.uncomputed:
        if row > head:
            formulas.setdefault(column, []).append(row + 1)
    for column, lines in sorted(formulas.items()):
        found.note_lines(
            lines,
            "formula_without_value",
            "The value of the formula was never calculated: the cell is empty. Open the file in a "
            "spreadsheet, and save it.",
            column=_named(header, column),
        )
    _note_shown(odd, head, header, found)


def _note_shown(odd: Oddities, head: int, header: Sequence[str], found: Diagnostics) -> None:
    """Note what a person sees and the cells do not hold."""
    for row, column in sorted(odd.merged):
        if row >= head:
            found.note(
                "merged_cells",
                f"Merged cells from {reference((row, column))} on: the value is in the first one, the others "
                "are empty. Unmerge them if it belongs to all.",
                line=row + 1,
                column=_named(header, column),
            )
    for columns, what in ((odd.zeros, _ZEROS_ADDED), (odd.some_zeros, _ZEROS_LEFT)):
        for column in sorted(columns):
            found.note("zeros_shown", what, column=_named(header, column))


def _note_columns(seen: _Columns, header: Sequence[str], found: Diagnostics, *, from_1904: bool) -> None:
    for column in sorted(seen.dates):
        name = _named(header, column)
        for lines, what in (
            (seen.serials.get(column, []), "a number (a day as spreadsheets count them?)"),
            (seen.texts.get(column, []), "a date as text"),
            (seen.times.get(column, []), "a time without a day"),
        ):
            found.note_lines(
                lines,
                "date_doubt",
                f"In a column of dates this cell is {what}; it was kept as it is. Make all cells dates.",
                column=name,
            )
    for column, lines in sorted(seen.serials.items()):
        if from_1904 and (column in seen.dates or _OF_DATES.search("".join(header[column : column + 1]))):
            found.note(
                "date_1904",
                f"{counted(len(lines), 'cell')} of this column of dates with a number, in a workbook that "
                "counts days from 1904; elsewhere such a number means a day four years and one day earlier. "
                "They were kept as they are. Format the cells as dates.",
                line=lines[0],
                column=_named(header, column),
            )
    for column in sorted(seen.zeros.keys() & seen.numbers.keys()):
        found.note_lines(seen.numbers[column], "id_zeros_lost", _NUMBER_AMONG, column=_named(header, column))
    for column, lines in sorted(seen.long.items()):
        found.note_lines(
            lines,
            "digits_lost",
            "A number of more than 15 digits: the spreadsheet has rounded it. Export the column as text.",
            column=_named(header, column),
        )


def _named(header: Sequence[str], column: int) -> str | None:
    name = header[column].strip() if column < len(header) else ""
    return name if name and not looks_like_data(name) else None
