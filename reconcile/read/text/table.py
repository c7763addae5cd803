"""UTF-8 text to columns of text: the fast path for what is in order, the careful one for what is not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.privacy.scan import may_hold_ssn
from reconcile.read.diagnostics import ABOVE, Diagnostics, blank_skipped
from reconcile.read.raw import RawTable
from reconcile.read.text.comments import blank_comments, note_comments
from reconcile.read.text.dialect import RULED, Dialect, counts_by_line, find_dialect, titles
from reconcile.read.text.drawn import BETWEEN, undraw, without_padding
from reconcile.read.text.finish import finish
from reconcile.read.text.footer import Below, cut_below, doubt_tables, note_empty, without_below
from reconcile.read.text.header import Head, note_words, read_blank, usual
from reconcile.read.text.ragged import note_ragged, read_ragged
from reconcile.read.text.records import cut_fields, in_order, mended
from reconcile.read.text.repeated import without_headers
from reconcile.read.text.reports import note_reports
from reconcile.read.text.rewrite import rewrite, unslash
from reconcile.read.text.samples import LOOKED_AT, SAMPLE
from reconcile.read.text.structure import mend_lines, mend_returns, scan
from reconcile.read.text.top import Top, find_top
from reconcile.read.text.unseen import note_unseen
from reconcile.read.text.wrapped import straightened, without_wrapping

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconcile.read.raw import Window
    from reconcile.read.text.records import Records
    from reconcile.read.text.rewrite import Rewritten
    from reconcile.read.text.structure import Flags, Structure

_MARK: Final = "\ufeff".encode()
_TOLD: Final = re.compile(
    rb"\A\"?sep=([^\r\n\"])\"?(?=\r?\n)", re.IGNORECASE
)  # a line that Excel understands
_STRAY: Final = (
    "A quote stands where none should; it was confined to this record. Check the values of this line."
)


def parse(
    data: bytes,
    path: Path,
    found: Diagnostics,
    *,
    delimiter: str | None = None,
    names: frozenset[str] = frozenset(),
    window: Window | None = None,
) -> RawTable:
    """Cut text into columns.

    Args:
        data: UTF-8 text.
        path: for messages.
        found: takes the diagnostics.
        delimiter: found from the text when None.
        names: column names, reduced by `plain`, that show that a first line is a header.
        window: the text is only a stretch of a larger one.

    Raises:
        InputError: there is no header, no usable header, or most rows do not fit it.
    """
    data = mend_lines(data, found)
    data = _without_marks(data, found)
    if window is None and (empty := read_blank(data, found)):
        return empty
    if not data or data.isspace():
        raise InputError(f"{path} is empty. A line of column names and one line a row are expected.")
    suspect = may_hold_ssn(data)
    data, dialect, drawn = _plain(data, path, found, delimiter=delimiter, window=window)
    if window is None or window.names is None:
        data = _without_remarks(data, found)
    note_unseen(data, dialect.delimiter, found)
    written = rewrite(data, dialect.delimiter, dialect.quote)
    del data
    mark = written.delimiter
    text = mend_returns(written.data, mark, _width(written.data, mark), found)
    structure = scan(text, mark)
    if not structure.clean and b'\\"' in text:
        text, structure = _unslashed(text, structure, mark, found)
    noted = Diagnostics()
    table = None
    if structure.clean:
        table = _table(in_order(text, structure), written, path, noted, names, window=window)
    if table is None or table.doubtful:
        again = Diagnostics()
        other = _table(mended(text, mark, _width(text, mark)), written, path, again, names, window=window)
        if table is None or (other and other.rejected <= table.rejected):  # it confines lost quotes
            table, noted = other, again
    if table is None:
        raise InputError(f"{path} cannot be cut into rows. Export it again, with quotes around texts.")
    found.extend(noted)
    return replace(
        table, delimiter=RULED if drawn else dialect.delimiter, quote=dialect.quote, suspect=suspect
    )


def dialect_of(data: bytes, found: Diagnostics, *, delimiter: str | None) -> Dialect:
    """Find the dialect of a text, unless its delimiter is told, by the caller or by a line for Excel."""
    if told := _TOLD.match(data):
        data, delimiter = data[told.end() :], delimiter or told[1].decode("utf-8", "replace")
    return Dialect(delimiter) if delimiter else find_dialect(blank_comments(data, Diagnostics()), found)


def _plain(
    data: bytes, path: Path, found: Diagnostics, *, delimiter: str | None, window: Window | None
) -> tuple[bytes, Dialect, bool]:
    """Undo what hides the fields of a whole text; find its dialect, and whether a ruler cut it."""
    if window is not None:
        return data, window.dialect, False
    data = without_wrapping(straightened(data, found), found)
    undrawn = None
    if delimiter is None:
        data, undrawn = undraw(data, path)
    return data, dialect_of(data, found, delimiter=delimiter or undrawn), undrawn == BETWEEN


def _without_remarks(data: bytes, found: Diagnostics) -> bytes:
    """Take out what is said about the text at its top."""
    if told := _TOLD.match(data):
        found.note_lines([1], "preamble", ABOVE)
        return data[told.end() :]
    return blank_comments(data, found)


def _without_marks(data: bytes, found: Diagnostics) -> bytes:
    """Take out the byte order marks at the beginning of lines: files were joined there."""
    mark = b"\n" + _MARK
    if _MARK[:1] not in data or mark not in data:  # a single byte is looked for at once
        return data
    places = [match.start() for match in re.finditer(re.escape(mark), data)]
    lines = [data.count(b"\n", 0, at + 1) + 1 for at in places]
    found.note_lines(
        lines,
        "mark_inside",
        "A byte order mark within the text was taken out: files were joined. Check for column names here.",
    )
    return data.replace(mark, b"\n")


def _width(data: bytes, mark: str) -> int:
    widths = [n for n in counts_by_line(data[:SAMPLE], mark) if n][:LOOKED_AT] or [1]
    return usual(widths[titles(widths) :])


def _unslashed(text: bytes, structure: Structure, mark: str, found: Diagnostics) -> tuple[bytes, Structure]:
    """Read quotes behind a backslash as such where that mends the file, or most of them end no field."""
    other = unslash(text)
    mended = scan(other, mark)
    closing = len(re.findall(rb'\\"(?:' + re.escape(mark.encode()) + rb"|\r?$)", text, re.MULTILINE))
    if not mended.clean and closing * 2 > text.count(b'\\"'):
        return text, structure
    found.note(
        "escape_guess", "Quotes within texts are written with a backslash; they were read so. Check a few."
    )
    return other, mended


def _table(
    given: Records,
    written: Rewritten,
    path: Path,
    found: Diagnostics,
    known: frozenset[str],
    *,
    window: Window | None,
) -> RawTable | None:
    """Cut the records into columns; None when the parser does not see the same records."""
    delimiter = written.delimiter
    if window is not None and window.names is not None:
        told = list(window.names)
        top: Top | None = Top(Head(0, 1, told), told, len(told), np.flatnonzero(~given.blank))
    else:
        top = find_top(given, written, path, found, known, whole=window is None)
    if top is None:
        return None
    head, names, width, body = top[:4]
    blank = given.lines[np.flatnonzero(given.blank)]
    if window is None or window.names is None:
        blank = blank[blank > given.lines[~given.blank].min()]  # above all else they mean nothing
    _note_blank(blank, given.lines[body[-1]] if len(body) else 0, found)
    below = Below(len(body), 0, 0)
    if window is None or window.last:
        below = cut_below(given.lines[body], given.widths[body], width, lambda i: given.raw(body[i]))
        rest, body = body[below.end :], body[: below.end]
        below.note(given.lines[rest], found)
    good = given.widths[body] == width
    rows = body[good]
    frame = cut_fields(given.text(rows), delimiter, width, quoted=given.quoted)
    if frame is None or frame.height != len(rows):
        return None
    lines = pl.Series("line", given.lines[rows], dtype=pl.Int64)
    found.note_lines(lines.filter(pl.Series(given.stray[rows])), "stray_quote", _STRAY)
    doubtful = lines.head(0)
    if given.quoted:
        several = np.diff(given.lines, append=given.lines[-1] + 2)[rows] > 1
        doubtful = _swallowed(frame, lines, several, delimiter)
        found.note_lines(
            doubtful,
            "multiline_doubt",
            "A quoted value spans lines that look like rows. Check for a lost quote.",
        )
    frame, lines, bad = read_ragged(
        frame, lines, body[~good], given.lines, given.raw, delimiter=delimiter, found=found
    )
    note_ragged(given.lines[bad], given.widths[bad], width, found)
    table = RawTable(
        written.restore(frame), lines, delimiter, len(body) + below.rejected, len(bad) + below.rejected
    )
    if top.drawn:
        table = without_padding(table, found)
    repeated = head.names if head.rows == 1 else []
    table = without_headers(table, repeated, found, whole=window is None)
    note_words(table.frame, table.lines, found)
    note_comments(table, found)
    note_empty(table, found)
    if window is None or window.last:
        table = without_below(table, found)
    note_reports(table, top.titles, found)
    doubt_tables(table, blank.tolist(), found)
    if window is None:
        table = replace(table, frame=finish(table.frame, names, head, path, found))
    return replace(table, doubtful=bool(doubtful.len()), names=tuple(names) if window else ())


def _note_blank(lines: Iterable[int], last: int, found: Diagnostics) -> None:
    """Blank lines between rows are counted; those behind the last row mean nothing."""
    inner = [int(n) for n in lines if n < last]
    if inner:
        found.note("blank_lines", blank_skipped(len(inner)), line=inner[0])


def _swallowed(frame: pl.DataFrame, lines: pl.Series, several: Flags, delimiter: str) -> pl.Series:
    """Among records of several lines, find values with as many delimiters as a row has: rows, maybe."""
    marks = frame.width - 1
    if marks < 2 or not several.any():  # noqa: PLR2004 - a single comma in a text proves nothing
        return lines.head(0)
    doubtful = pl.any_horizontal(
        pl.all().str.contains("\n", literal=True)
        & (pl.all().str.count_matches(delimiter, literal=True) >= marks)
    ).fill_null(value=False)
    at = pl.Series(several)
    return lines.filter(at).filter(frame.filter(at).select(doubtful.alias("doubtful"))["doubtful"])
