"""Lines that begin with #: above a table they are comments; among its rows nobody can be sure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reconcile.read.text.dialect import DELIMITERS, counts_by_line
from reconcile.read.text.header import names_columns

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable

# Behind the sign stand a space, a letter, or nothing: "#,name" names a column of numbers, "#12" is a value.
_COMMENT: Final = rb"#++(?:[ \t!:=*_-][^\n]*|[^\W\d][^\n]*|\r?)\n"
_BLANK: Final = rb"[ \t]*\r?\n"
_ABOVE: Final = re.compile(rb"\A(?:" + _BLANK + rb")*+(?:" + _COMMENT + rb"(?:" + _BLANK + rb")*+)++")
_LINE: Final = re.compile(rb"[^\n]+")
_SAMPLE: Final = 1 << 14
_FEW: Final = 10  # one row in so many
_SKIPPED: Final = "A line above the column names that begins with # was skipped. Check that it is a comment."
_NAMES: Final = "The column names stand on a line that begins with #. Check them, and take the sign out."
_DOUBT: Final = (
    "This row begins with # as few others do: a comment, or a row that was taken out. It was kept. Delete "
    "the line if it is no row."
)


def blank_comments(data: bytes, found: Diagnostics) -> bytes:
    """Empty the lines of comment at the top of UTF-8 text, so that its other lines keep their numbers.

    The last of them stays where it names the columns.
    """
    above = _ABOVE.match(data)
    if above is None or above.end() == len(data):
        return data
    lines = above[0].split(b"\n")[:-1]
    commented = [n for n, line in enumerate(lines) if line.startswith(b"#")]
    if commented[-1] == len(lines) - 1 and _is_header(lines[-1], data[above.end() :][:_SAMPLE]):
        found.note("header_comment", _NAMES, line=commented.pop() + 1)
    found.note_lines([n + 1 for n in commented], "preamble", _SKIPPED)
    for n in commented:
        lines[n] = b""
    return b"\n".join([*lines, data[above.end() :]])


def _is_header(comment: bytes, below: bytes) -> bool:
    """Whether a comment names columns: the line below it is cut alike, and is a row."""
    rows = [line.rstrip(b"\r") for line in below.split(b"\n")[:_FEW] if line.strip()]
    for mark in DELIMITERS if rows else ():
        widths = counts_by_line(b"\n".join([comment, *rows]), mark)
        if widths[0] > 1 and len({*widths[:3]}) == 1:
            first, *others = ([*map(_plain, line.split(mark.encode()))] for line in rows)
            named = names_columns(first, others)
            return named is False or (named is None and comment[1:2] not in {b" ", b"\t", b"#", b"!"})
    return False


def _plain(cell: bytes) -> str:
    return cell.decode("utf-8", "replace").strip(' "')


def note_comments(table: RawTable, found: Diagnostics) -> None:
    """Doubt rows that begin with # where few do."""
    first = table.frame.to_series(0)
    at = first.str.starts_with("#").fill_null(value=False)
    count = at.sum()
    if count and (count == 1 or count * _FEW <= table.frame.height):
        found.note_lines(table.lines.filter(at), "comment_doubt", _DOUBT)
