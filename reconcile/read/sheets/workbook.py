"""The sheets of a workbook and their cells: XLSX and ODS by calamine, the old XLS by xlrd."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from reconcile.errors import InputError
from reconcile.read.sheets.measure import measure
from reconcile.read.sheets.measured import ZEROS, Measured, Place
from reconcile.read.sheets.numbers import with_zeros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconcile.read.limits import Limits

_PASSWORD: Final = "has a password. Save it without one"  # noqa: S105 - says so
_DAMAGED: Final = "is a damaged spreadsheet. Open it in a spreadsheet and save it again"
_NO_SERIAL: Final = dt.timedelta(0)


@dataclass(frozen=True)
class Oddities:
    """What the cells alone do not say.

    Attributes:
        errors: cells that hold an error, and which.
        uncomputed: formulas whose value was never calculated.
        zeros: columns of numbers that a format shows with leading zeros, which were added.
        some_zeros: columns in which not all numbers have one such format; nothing was added.
        merged: first cells of merged ones.
        from_1904: whether the workbook counts its days from 1904.
    """

    errors: dict[Place, str] = field(default_factory=dict)
    uncomputed: tuple[Place, ...] = ()
    zeros: frozenset[int] = frozenset()
    some_zeros: frozenset[int] = frozenset()
    merged: tuple[Place, ...] = ()
    from_1904: bool = False


class Book:
    """A workbook, held in memory.

    Attributes:
        sheets: the worksheets by name, measured.
        hidden: names of those that nobody sees.
    """

    def __init__(self, data: bytes, kind: str, path: Path, limits: Limits) -> None:
        """Measure it, then open it.

        Raises:
            InputError: it is damaged, has a password, or passes a limit.
        """
        self._path, self._limits, self._kind = path, limits, kind
        self._old: Any = _open_old(data, path) if kind == "xls" else None
        if self._old is not None:
            self.sheets = {sheet.name: _measure_old(sheet, path) for sheet in self._old.sheets()}
            self.hidden = frozenset(sheet.name for sheet in self._old.sheets() if sheet.visibility)
            return
        self.sheets = measure(data, kind, path, limits)
        self._new: Any = _guarded(path, _open_new, data)
        seen = {tab.name: str(tab.visible).endswith("Visible") for tab in self._new.sheets_metadata}
        self.hidden = frozenset(name for name in self.sheets if not seen.get(name, True))
        self.sheets = {name: sheet for name, sheet in self.sheets.items() if name in seen}

    def rows(self, name: str) -> tuple[list[list[Any]], Oddities]:
        """Give all rows of a sheet from its first one on, an empty cell as "", and what is odd in them.

        Raises:
            InputError: the sheet is damaged, or passes a limit.
        """
        self.sheets[name].check(self._limits)
        if self._old is not None:
            return _old_rows(self._old, name)
        return _guarded(self._path, _new_rows, self._new, self.sheets[name])  # type: ignore[no-any-return]


def _guarded(path: Path, work: Any, *given: Any) -> Any:  # noqa: ANN401 - passes through whatever work answers
    """Call a parser; what it says of a damaged file, and where it breaks, is ours to say."""
    import python_calamine  # noqa: PLC0415 - only with spreadsheets

    reason = _DAMAGED
    try:
        return work(*given)
    except python_calamine.PasswordError:
        reason = _PASSWORD
    except (python_calamine.CalamineError, ValueError, OverflowError, MemoryError):
        pass
    except BaseException as error:  # a panic of the parser is no Exception
        if type(error).__name__ != "PanicException":
            raise
    raise InputError(f"{path} {reason}.")


def _open_new(data: bytes) -> Any:  # noqa: ANN401 - as above
    import python_calamine  # noqa: PLC0415

    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))


def _new_rows(book: Any, measured: Measured) -> tuple[list[list[Any]], Oddities]:  # noqa: ANN401 - as above
    sheet = book.get_sheet_by_name(measured.name)
    rows = sheet.to_python(skip_empty_area=False)
    merged = measured.merged or [start for start, _ in sheet.merged_cell_ranges or ()]
    added = _add_zeros(rows, measured.zeros)
    return rows, Oddities(
        errors=dict(measured.errors),
        uncomputed=tuple(measured.uncomputed),
        zeros=added,
        some_zeros=frozenset(measured.zeros) - added,
        merged=tuple(merged),
        from_1904=measured.from_1904,
    )


def _add_zeros(rows: list[list[Any]], zeros: Mapping[int, Counter[str]]) -> frozenset[int]:
    """Write the numbers of a column as its format shows them where all have the same; answer which."""
    added = set()
    for column, formats in zeros.items():
        numbers = [row for row in rows if column < len(row) and type(row[column]) in {int, float}]
        if len(formats) == 1 and formats.total() == len(numbers):
            (code,) = formats
            for row in numbers:
                row[column] = with_zeros(row[column], code)
            added.add(column)
    return frozenset(added)


def _open_old(data: bytes, path: Path) -> Any:  # noqa: ANN401 - as above
    import xlrd  # noqa: PLC0415 - only with old spreadsheets

    from reconcile.read.sheets.compound import workbook_stream  # noqa: PLC0415

    reason, log = _DAMAGED, io.StringIO()
    try:
        stream = workbook_stream(data, log)
        return xlrd.open_workbook(file_contents=stream, formatting_info=True, ragged_rows=True, logfile=log)
    except xlrd.biffh.XLRDError as error:
        reason = _PASSWORD if "encrypt" in str(error).lower() else reason
    except Exception:  # noqa: BLE001, S110 - it meets damage with whatever error is next, even an assertion
        pass
    raise InputError(f"{path} {reason}.")


def _measure_old(sheet: Any, path: Path) -> Measured:  # noqa: ANN401 - as above
    """Measure by the rows as they are held: none is longer than its last cell."""
    import xlrd  # noqa: PLC0415

    empty = {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK}
    made = Measured(sheet.name, path)
    for row in range(sheet.nrows):
        filled = [n for n, kind in enumerate(sheet.row_types(row)) if kind not in empty]
        if filled:
            made.cells += len(filled)
            made.widen((row,), (filled[0], filled[-1]))
    return made


def _old_rows(book: Any, name: str) -> tuple[list[list[Any]], Oddities]:  # noqa: ANN401 - as above
    import xlrd  # noqa: PLC0415

    sheet = book.sheet_by_name(name)
    errors: dict[Place, str] = {}
    zeros: dict[int, Counter[str]] = {}
    rows = []
    for at in range(sheet.nrows):
        row: list[Any] = []
        for column, cell in enumerate(sheet.row(at)):
            value: Any = cell.value
            if cell.ctype == xlrd.XL_CELL_ERROR:
                errors[at, column] = xlrd.error_text_from_code.get(cell.value, "#N/A")
                value = ""
            elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                value = bool(cell.value)
            elif cell.ctype == xlrd.XL_CELL_DATE:
                value = _old_date(cell.value, book.datemode)
            elif cell.ctype == xlrd.XL_CELL_NUMBER and (code := _zeros_of(book, cell)):
                zeros.setdefault(column, Counter())[code] += 1
            row.append(value)
        rows.append(row)
    added = _add_zeros(rows, zeros)
    return rows, Oddities(
        errors=errors,
        zeros=added,
        some_zeros=frozenset(zeros) - added,
        merged=tuple((top, left) for top, _, left, _ in sheet.merged_cells),
        from_1904=book.datemode == 1,
    )


def _zeros_of(book: Any, cell: Any) -> str:  # noqa: ANN401 - as above
    """The format of a cell that it shows with leading zeros, else nothing."""
    shown = book.format_map.get(book.xf_list[cell.xf_index].format_key)
    code = shown.format_str.partition(";")[0] if shown else ""
    return code if ZEROS.match(code) else ""


def _old_date(serial: float, mode: Literal[0, 1]) -> object:
    """A date, a time of day, or the number where there is no such day."""
    import xlrd  # noqa: PLC0415

    try:
        moment = xlrd.xldate_as_datetime(serial, mode)
    except (xlrd.XLDateError, OverflowError, ValueError):
        return serial
    if 0 <= serial < 1:
        return moment.time()
    return moment.date() if moment.time() == dt.time(0) else moment
