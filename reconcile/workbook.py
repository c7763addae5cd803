"""A workbook of several sheets, ready to be read and printed: texts are texts, nothing calculates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import OutputError
from reconcile.files import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

ROWS: Final = 1_048_575  # that a sheet has below its header
_LONGEST: Final = 32_767  # characters that a cell of a workbook holds
_WIDEST: Final = 60  # characters of a column as it is first shown
_NARROWEST: Final = 8
_SAMPLED: Final = 200  # rows that say how wide a column is
_TITLE: Final = 27  # characters of a sheet's title; a number may follow, and 31 is the end
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LETTER: Final = 1  # the number of that paper
_IN_MEMORY: Final = 1_000_000  # cells; more are written through a private folder
_MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)  # in every workbook, so that equal tables are equal bytes


@dataclass(frozen=True, kw_only=True)
class Page:
    """One sheet: its title and its table of texts, numbers, truths and dates.

    Attributes:
        print_ready: long texts are broken over lines, and a printed page is as wide as the table.
    """

    title: str
    frame: pl.DataFrame
    print_ready: bool = True


def parted(pages: Sequence[Page], /, *, rows: int = ROWS) -> Iterator[Page]:
    """Part a table that is longer than a sheet into several, "Students" and "Students 2".

    Titles become ones that a sheet may have, and no two are alike.
    """
    taken: set[str] = set()
    for page in pages:
        title = _FORBIDDEN.sub(" ", page.title).strip(" '")[:_TITLE] or "Sheet"
        for start in range(0, max(page.frame.height, 1), rows):
            names = (title, *(f"{title} {number}" for number in range(2, len(taken) + 3)))
            name = next(name for name in names if name.casefold() not in taken)
            taken.add(name.casefold())
            yield Page(title=name, frame=page.frame.slice(start, rows), print_ready=page.print_ready)


def workbook(pages: Sequence[Page], path: Path, /) -> bytes:
    """Make a workbook: header rows that stay in view and on each printed page, filters, fitting widths.

    Args:
        pages: the sheets, in their order.
        path: what the file will be called, for a message.

    Raises:
        OutputError: a sheet does not hold so many rows, or a cell so long a text.
    """
    for page in pages:
        _require_room(page.frame, path)
    if sum(page.frame.height * page.frame.width for page in pages) <= _IN_MEMORY:
        return _written(pages, {"in_memory": True})
    with scratch(large=True) as folder:
        return _written(pages, {"constant_memory": True, "tmpdir": str(folder)})


def _written(pages: Sequence[Page], options: dict[str, object]) -> bytes:
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - few commands write one

    out = BytesIO()
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": _MADE})
        # Formatted as text, a cell stays one when somebody edits it.
        shapes = {
            "text": book.add_format({"num_format": "@"}),
            "wrapped": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"}),
            "number": book.add_format({"num_format": "#,##0.####", "valign": "top"}),
            "whole": book.add_format({"num_format": "#,##0", "valign": "top"}),
            "head": book.add_format({"num_format": "@", "bold": True}),
            "headed": book.add_format(
                {"num_format": "@", "bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1}
            ),
        }
        for page in pages:
            _fill(book.add_worksheet(page.title), page, shapes)
    return out.getvalue()


def _fill(sheet: Any, page: Page, shapes: dict[str, Any]) -> None:  # noqa: ANN401 - untyped library
    table = page.frame
    shape = shapes["wrapped" if page.print_ready else "text"]
    kinds = {str: shape} | ({int: shapes["whole"], float: shapes["number"]} if page.print_ready else {})
    sheet.freeze_panes(1, 0)
    if page.print_ready:
        sheet.set_paper(_LETTER)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        sheet.set_footer("&L&A&RPage &P of &N")
    for column, name in enumerate(table.columns):
        sheet.set_column(column, column, _width(table[name]), shape)
        sheet.write_string(0, column, name, shapes["headed" if page.print_ready else "head"])
    for row, values in enumerate(table.iter_rows(), 1):
        for column, value in enumerate(values):
            _write(sheet, (row, column), value, kinds)
    if table.width:
        sheet.autofilter(0, 0, table.height, table.width - 1)


def _write(sheet: Any, at: tuple[int, int], value: object, kinds: dict[type, Any]) -> None:  # noqa: ANN401 - as above
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(*at, value)
    elif isinstance(value, int | float) and value == value and abs(value) != float("inf"):  # noqa: PLR0124 - no NaN
        sheet.write_number(*at, value, kinds.get(type(value)))
    else:
        sheet.write_string(*at, str(value), kinds[str])


def _width(values: pl.Series) -> int:
    shown = [len(str(value)) for value in values.head(_SAMPLED).to_list() if value is not None]
    return min(max(*shown, len(values.name), _NARROWEST, 0) + 2, _WIDEST)


def _require_room(table: pl.DataFrame, path: Path) -> None:
    long = [
        name
        for name, kind in table.schema.items()
        if str(kind) == "String" and (table[name].str.len_chars().max() or 0) > _LONGEST  # type: ignore[operator]
    ]
    if table.height > ROWS or long:
        what = (
            f"a text in the column {long[0]} is too long" if long else f"{table.height:,} rows are too many"
        )
        raise OutputError(f"{path}: {what} for a workbook. Name a file that ends in .csv.")
