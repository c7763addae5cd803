"""Tables drawn for people: columns under a ruler of dashes, boxes of line-drawing characters.

SQL clients and report writers print them. A ruler says where each column begins and ends, so that its text
can be brought to a delimited one, line for line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from reconcile.read.diagnostics import UNDRAWN
from reconcile.read.text.footer import is_foot

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable

BETWEEN: Final = "\x1f"
_RULER: Final = re.compile(rb"^[ \t]*[-=]+(?: +[-=]+)+[ \t\r]*$", re.MULTILINE)
_DASHES: Final = re.compile(r"[-=]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_TOP: Final = 1 << 16  # bytes within which the first ruler stands
_LONGEST: Final = 20_000  # characters of a line
_MOSTLY: Final = 0.9
_BOX: Final = re.compile("\\s*[│┃║┌╔╭┏]")
_DRAWN: Final = str.maketrans(
    dict.fromkeys("│┃║", "|")
    | dict.fromkeys("─━═", "-")
    | dict.fromkeys("┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╒╤╕╞╪╡╘╧╛╓╥╖╟╫╢╙╨╜╭╮╰╯┏┳┓┣╋┫┗┻┛┡╇┩", "+")
)


def undraw(data: bytes, /) -> tuple[bytes, str | None]:
    """Cut the lines of a table under a ruler into columns, and draw a box with bars and dashes.

    Args:
        data: UTF-8 text.

    Returns:
        A text of as many lines, and what separates its columns: None where it is as it was.
    """
    if _BOX.match(data[:_TOP].decode("utf-8", "ignore")):
        return data.decode("utf-8").translate(_DRAWN).encode("utf-8"), "|"
    rulers = [data.count(b"\n", 0, match.start()) for match in _RULER.finditer(data, 0, _TOP)]
    if not rulers:
        return data, None
    lines = data.decode("utf-8").replace("\r\n", "\n").split("\n")
    table = next((made for at in rulers if (made := _under(lines, at))), None)
    return (table.cut(lines), BETWEEN) if table else (data, None)


def without_padding(table: RawTable, found: Diagnostics) -> RawTable:
    """Take the blanks off that fill up the columns of a drawn table, and the rulers of its later pages."""
    frame = table.frame.with_columns(pl.all().str.strip_chars(" ")).with_columns(
        pl.when(pl.all() != "").then(pl.all())
    )
    ruled = frame.select(pl.all_horizontal(pl.all().str.contains("^:?[-=]{2,}:?$").fill_null(value=True)))
    at = ruled.to_series() & frame.select(~pl.all_horizontal(pl.all().is_null())).to_series()
    found.note_lines(table.lines.filter(at), "ruler", UNDRAWN)
    return replace(
        table, frame=frame.filter(~at), lines=table.lines.filter(~at), rows=table.rows - int(at.sum())
    )


class _Ruled(NamedTuple):
    """A table under a ruler: its line, from 0, where columns begin, and the characters between them."""

    at: int
    starts: list[int]
    gaps: list[tuple[int, int]]

    def holds(self, line: str) -> bool:
        """Whether a line keeps to the columns."""
        return len(line) <= _LONGEST and not any(line[first:behind].strip() for first, behind in self.gaps)

    def cut(self, lines: list[str]) -> bytes:
        """Write the columns with a sign between them; titles of later pages stay as they are."""
        head = self.at - 1
        titles = {*map(_bare, lines[:head])}
        for n, line in enumerate(lines[head:], head):
            text = line.expandtabs()
            if text.strip() and self.holds(text) and not is_foot(text) and _bare(text) not in titles:
                lines[n] = BETWEEN.join(map(_written, self.cells(text)))
        return "\n".join(lines).encode("utf-8")

    def cells(self, line: str) -> list[str]:
        """The columns of a line, without the blanks around them."""
        return [line[first:behind].strip() for first, behind in pairwise([*self.starts, _LONGEST])]


def _under(lines: list[str], at: int) -> _Ruled | None:
    """The table under one ruler; None where the lines around it do not keep to its columns."""
    places = [match.span() for match in _DASHES.finditer(lines[at])]
    table = _Ruled(
        at, [first for first, _ in places], [(end, first) for (_, end), (first, _) in pairwise(places)]
    )
    table.starts[0] = 0
    names = lines[at - 1].expandtabs() if at else ""
    if not table.holds(names) or sum(map(bool, table.cells(names))) < 2:  # noqa: PLR2004 - one text is a title
        return None
    rows = [line.expandtabs() for line in lines[at + 1 :] if line.strip() and not is_foot(line)]
    held = sum(map(table.holds, rows))
    return table if rows and held >= _MOSTLY * len(rows) else None


def _bare(line: str) -> str:
    """A line without its numbers, as of pages, and blanks."""
    return "".join(_DIGITS.sub("", line).split())


def _written(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell
