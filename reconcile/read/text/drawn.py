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

from reconcile.errors import InputError
from reconcile.read.diagnostics import UNDRAWN
from reconcile.read.text.footer import is_foot

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable

BETWEEN: Final = "\x1f"
_RULER: Final = re.compile(rb"^[ \t]*[-=]+(?: +[-=]+)+[ \t\r]*$", re.MULTILINE)
_DASHES: Final = re.compile(r"[-=]+")
_DASHED: Final = re.compile(r"\s*[-=]{2}[-= ]*\s*")
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


def undraw(data: bytes, path: Path, /) -> tuple[bytes, str | None]:
    """Cut the lines of a table under a ruler into columns, and draw a box with bars and dashes.

    Args:
        data: UTF-8 text.
        path: for messages.

    Returns:
        A text of as many lines, and what separates its columns: None where it is as it was.

    Raises:
        InputError: a row goes on below a second ruler.
    """
    if _BOX.match(data[:_TOP].decode("utf-8", "ignore")):
        return data.decode("utf-8").translate(_DRAWN).encode("utf-8"), "|"
    rulers = [data.count(b"\n", 0, match.start()) for match in _RULER.finditer(data, 0, _TOP)]
    if not rulers:
        return data, None
    lines = data.decode("utf-8").replace("\r\n", "\n").split("\n")
    if (at := next((at for at in rulers if _wraps(lines, at)), None)) is not None:
        raise InputError(
            f"{path}, line {at + 3}: a second ruler, so that each row stands on several lines. Export it as "
            "CSV, or with longer lines (in SQL*Plus SET LINESIZE 32767)."
        )
    table = next((made for at in rulers if (made := _under(lines, at))), None)
    return (table.cut(lines), BETWEEN) if table else (data, None)


def _wraps(lines: list[str], at: int) -> bool:
    """Whether below a ruler stand further names and a ruler of their own, which underlines no sum."""
    names, ruler = [*lines[at + 1 : at + 3], "", ""][:2]
    if not names.strip() or _DASHED.fullmatch(names) or not _DASHED.fullmatch(ruler):
        return False
    first, second = ({match.span() for match in _DASHES.finditer(line)} for line in (lines[at], ruler))
    return not second <= first


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
    """A table under a ruler: its line, from 0, and where columns begin; a blank stands in front of each."""

    at: int
    starts: list[int]

    def holds(self, line: str) -> bool:
        """Whether a line keeps to the columns."""
        return len(line) <= _LONGEST and not any(line[at - 1 : at].strip() for at in self.starts)

    def cut(self, lines: list[str]) -> bytes:
        """Write the columns with a sign between them; titles of later pages stay as they are."""
        head = self.at - 1
        titles = {_bare(line) for line in lines[:head] if not _DASHED.fullmatch(line)}
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
    starts = [match.start() for match in _DASHES.finditer(lines[at])]
    table = _Ruled(at, [0, *starts[1:]])
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
