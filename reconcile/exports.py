"""Tables out: for people as CSV or XLSX in which nothing calculates, for machines byte for byte.

A spreadsheet takes a text that begins with =, +, - or @ for a formula, and a name, an address or an id that
came with an extract may begin so. In a table for people an apostrophe stands before such a text, and before
whatever would begin one if the file were taken apart at another separator; `as_it_was` takes it away again.
A file that a machine reads has no apostrophes: it holds each value exactly as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.files import write_private
from reconcile.workbook import Page, parted, workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

BOM: Final = "\ufeff"  # by which Excel knows UTF-8

# What begins a formula in Excel, LibreOffice or Google Sheets: also full-width, small and typographic forms.
_SIGNS: Final = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
# What some program takes away or does not see before it looks: blanks, quotes, marks, control characters.
_UNSEEN: Final = (
    (0x00, 0x20), (0x22, 0x22), (0x27, 0x27), (0x60, 0x60), (0x7F, 0xA0), (0xAD, 0xAD), (0x61C, 0x61C),
    (0x1680, 0x1680), (0x180E, 0x180E), (0x2000, 0x200F), (0x2018, 0x201F), (0x2028, 0x202F),
    (0x205F, 0x206F), (0x3000, 0x3000), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFF02, 0xFF02),
    (0xFF07, 0xFF07),
)  # fmt: skip
_APART: Final = ",;|\t\r\n\x0b\x0c\x85\u2028\u2029"  # where another program may begin a new cell
_BREAKS: Final = "\t\r\n"  # a text that begins so is taken for two cells
_NEGATIVE: Final = re.compile(r"-[0-9]{1,15}([.][0-9]{1,15})?")  # a number, and no less to a spreadsheet

_PASSED_OVER: Final = frozenset(chr(code) for first, last in _UNSEEN for code in range(first, last + 1))


def _any_of(spans: Iterable[tuple[int, int]]) -> str:
    return "[" + "".join(rf"\x{{{first:X}}}-\x{{{last:X}}}" for first, last in spans) + "]"


def _each(characters: str) -> str:
    return _any_of((ord(one), ord(one)) for one in characters)


# The same for polars, which finds the few texts that have to be looked at one by one.
_RISKY: Final = rf"(^|{_each(_APART)}){_any_of(_UNSEEN)}*{_each(_SIGNS)}|^'*{_each(_BREAKS)}"


def inert(text: str, /) -> str:
    """Put an apostrophe before whatever in a text a spreadsheet would calculate.

    A negative number stays one; a telephone number that begins with + is kept from being added up.

    >>> inert("=1+1"), inert("-12.50"), inert("+1 555 010 0199"), inert("Doe;@SUM(A1)")
    ("'=1+1", '-12.50', "'+1 555 010 0199", "Doe;'@SUM(A1)")
    """
    if _NEGATIVE.fullmatch(text):
        return text
    begins = _begins(text)
    return "".join(f"'{one}" if begins[at] and _opens(text, at) else one for at, one in enumerate(text))


def as_it_was(text: str, /) -> str:
    """Take away the apostrophes that `inert` put in.

    >>> as_it_was(inert("'=1+1")), as_it_was("O'Brien")
    ("'=1+1", "O'Brien")
    """
    begins = _begins(text)
    return "".join(
        one for at, one in enumerate(text) if not (one == "'" and begins[at + 1] and _opens(text, at))
    )


def _begins(text: str) -> list[bool]:
    """Say of each place whether a formula begins there, once what nobody sees is passed over."""
    begins = [False] * (len(text) + 1)
    for at in range(len(text) - 1, -1, -1):
        begins[at] = text[at] in _SIGNS or (text[at] in _PASSED_OVER and begins[at + 1])
    for at in range(len(text) - len(text.lstrip("'")) + 1):
        begins[at] |= text.lstrip("'").startswith(tuple(_BREAKS))
    return begins


def _opens(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in _APART


def inert_table(frame: pl.DataFrame, /) -> pl.DataFrame:
    """Make every text of a table inert, the names of its columns too; numbers and dates stay as they are."""
    risky = {
        name: pl.col(name).str.contains(_RISKY).fill_null(value=False)
        for name, kind in frame.schema.items()
        if kind == pl.String
    }
    kept = frame.with_columns(
        pl.when(rule).then(pl.col(name).map_elements(inert, return_dtype=pl.String, skip_nulls=True))
        .otherwise(name).alias(name)
        for name, rule in risky.items()
        if frame.select(rule.any()).item()
    )  # fmt: skip
    return kept.rename({name: inert(name) for name in frame.columns})


def write_for_people(path: Path, frame: pl.DataFrame, /, *, title: str = "Table") -> Path:
    """Write a table that a person opens in a spreadsheet, readable by its owner only.

    Args:
        path: XLSX where it ends so, else CSV with a mark that says UTF-8.
        frame: of texts, numbers, truths and dates.
        title: of the sheet, 31 characters at most.

    Raises:
        OutputError: a sheet does not hold so many rows, or a cell so long a text.
    """
    if path.suffix.lower() == ".xlsx":
        page = Page(title=title, frame=inert_table(frame), print_ready=False)
        return write_private(path, workbook([page], path))
    return write_private(path, BOM + inert_table(frame).write_csv())


def write_book(path: Path, pages: Sequence[Page], /) -> Path:
    """Write a workbook of several sheets for people, readable by its owner only.

    A table that is longer than a sheet goes on in the next one.

    Raises:
        OutputError: a cell does not hold so long a text.
    """
    whole = [replace(page, frame=inert_table(page.frame)) for page in parted(pages)]
    return write_private(path, workbook(whole, path))


def write_for_machines(
    path: Path, frame: pl.DataFrame, /, *, delimiter: str = ",", header: bool = True
) -> Path:
    """Write a table that a program reads: each value as it is, readable by its owner only."""
    return write_private(path, frame.write_csv(separator=delimiter, include_header=header))
