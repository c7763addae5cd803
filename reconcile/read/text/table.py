"""UTF-8 text to columns of text: the fast path for what is in order, the careful one for what is not."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.privacy import looks_like_data
from reconcile.privacy.scan import may_hold_ssn
from reconcile.read.diagnostics import ABOVE, RULER, UNDRAWN, Diagnostics, blank_skipped, empty_columns
from reconcile.read.raw import RawTable
from reconcile.read.text.comments import blank_comments, note_comments
from reconcile.read.text.dialect import RULED, Dialect, counts_by_line, find_dialect, titles
from reconcile.read.text.drawn import BETWEEN, undraw, without_padding
from reconcile.read.text.footer import (
    Below,
    cut_below,
    doubt_tables,
    note_empty,
    without_below,
    without_headers,
)
from reconcile.read.text.header import (
    Head,
    are_rows,
    distinct,
    find_head,
    is_rule,
    note_words,
    numbered,
    read_blank,
    reads_like_a_row,
    usual,
)
from reconcile.read.text.ragged import note_ragged, read_ragged
from reconcile.read.text.records import in_order, mended
from reconcile.read.text.rewrite import rewrite, unslash
from reconcile.read.text.structure import mend_lines, mend_returns, scan
from reconcile.read.text.wrapped import without_wrapping

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconcile.read.raw import Window
    from reconcile.read.text.records import Records
    from reconcile.read.text.rewrite import Rewritten
    from reconcile.read.text.structure import Flags, Offsets, Structure

_LOOKED_AT: Final = 200  # records that say how wide the table is
_SAMPLE: Final = 1 << 18  # bytes in which they are looked for
_MOST_COLUMNS: Final = 200_000
_LONGEST_NAME: Final = 5_000
_TOP: Final = 103  # records among which titles, header and a line under it are
_MARK: Final = "\ufeff".encode()
_TOLD: Final = re.compile(
    rb"\A\"?sep=([^\r\n\"])\"?(?=\r?\n)", re.IGNORECASE
)  # a line that Excel understands
_ONE_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=]{50,}")  # no name of a column is so long without a break
_LIKE_A_ROW: Final = (
    "The first line was taken for the column names, and reads like the rows below it. If it is one, put a "
    "line of column names above it."
)
_NO_HEADER: Final = (
    "The first line looks like data rather than column names: it was kept as a row, and the columns are "
    'called "column 1", "column 2" and so on. Put a line of column names above it.'
)
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
    drawn = None
    if window is None:
        data = without_wrapping(data, found)
    if window is None and delimiter is None:
        data, delimiter = undraw(data)
        drawn = RULED if delimiter == BETWEEN else delimiter
    dialect = window.dialect if window else dialect_of(data, found, delimiter=delimiter)
    if window is None or window.names is None:
        data = _without_remarks(data, found)
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
    return replace(table, delimiter=drawn or dialect.delimiter, quote=dialect.quote, suspect=suspect)


def dialect_of(data: bytes, found: Diagnostics, *, delimiter: str | None) -> Dialect:
    """Find the dialect of a text, unless its delimiter is told, by the caller or by a line for Excel."""
    if told := _TOLD.match(data):
        data, delimiter = data[told.end() :], delimiter or told[1].decode("utf-8", "replace")
    return Dialect(delimiter) if delimiter else find_dialect(blank_comments(data, Diagnostics()), found)


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
    widths = [n for n in counts_by_line(data[:_SAMPLE], mark) if n][:_LOOKED_AT] or [1]
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


class _Header(NamedTuple):
    """The names as they stand, the fields of a row, and the records that may be rows."""

    head: Head
    names: list[str]
    width: int
    body: Offsets
    drawn: bool = False


def _header(
    given: Records, written: Rewritten, path: Path, found: Diagnostics, known: frozenset[str], *, whole: bool
) -> _Header | None:
    """Find the column names; None when the parser does not see the same records."""
    filled = np.flatnonzero(~given.blank)
    if not len(filled):
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    looked_at = filled[:_LOOKED_AT]
    common = _common(given, looked_at)
    if common > _MOST_COLUMNS:
        raise InputError(
            f"{path}, line {given.lines[filled[0]]}: {common:,} columns are more than the "
            f"{_MOST_COLUMNS:,} that are read. Check that this is a table, and what separates its fields."
        )
    first = _cells(given, looked_at, common, written.delimiter)
    if first is None:
        return None
    rules = [i for i, cells in enumerate(first[:_TOP]) if is_rule(cells)]
    drawn = whole and bool(rules)
    found.note_lines(given.lines[filled[rules]].tolist(), "ruler", UNDRAWN if drawn else RULER)
    filled = np.delete(filled, rules)
    first = [written.values(cells) for i, cells in enumerate(first) if i not in rules]
    first = _shortened(first, path)
    head = find_head(first, common, known)
    body = filled[head.at + head.rows :]
    names, width = _names(head, given.widths[body], path)
    if not head.rows:
        found.note("no_header", _NO_HEADER)
    elif head.rows == 1 and reads_like_a_row(head.names, first[head.at + 1 :], known):
        found.note("header_doubt", _LIKE_A_ROW)
    if head.rows > 1:
        found.note("header_rows", f"The column names stand on {head.rows} lines. Check the names.")
    found.note_lines(given.lines[filled[: head.at]].tolist(), "preamble", ABOVE)
    return _Header(head, names, width, body, drawn=drawn)


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
        header: _Header | None = _Header(Head(0, 1, told), told, len(told), np.flatnonzero(~given.blank))
    else:
        header = _header(given, written, path, found, known, whole=window is None)
    if header is None:
        return None
    head, names, width, body, drawn = header
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
    frame = _cut(given.text(rows), delimiter, width, quoted=given.quoted)
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
    if drawn:
        table = without_padding(table, found)
    repeated = head.names if head.rows == 1 else []
    table = without_headers(table, repeated, found)
    note_words(table.frame, table.lines, found)
    note_comments(table, found)
    note_empty(table, found)
    if window is None or window.last:
        table = without_below(table, found)
    doubt_tables(table, blank.tolist(), found)
    if window is None:
        table = replace(table, frame=_finish(table.frame, names, head, path, found))
    return replace(table, doubtful=bool(doubtful.len()), names=tuple(names) if window else ())


def _common(given: Records, looked_at: Offsets) -> int:
    """How many fields a row has, told by the first records; titles and lines around a drawn table apart."""
    widths = given.widths[looked_at].tolist()
    drawn = [n for n, at in zip(widths, looked_at, strict=True) if n > 1 or not is_rule([given.raw(int(at))])]
    return usual(drawn[titles(drawn) :] or widths)


def _shortened(first: list[list[str]], path: Path) -> list[list[str]]:
    """What of the first records is looked at for column names."""
    if not first:
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    if any(len(cell) > _LONGEST_NAME for cell in first[0]):
        raise InputError(
            f"{path}: the first line has a field of more than {_LONGEST_NAME:,} characters. "
            "Check that this is a table with a line of column names."
        )
    return [[cell[:_LONGEST_NAME] for cell in cells] for cells in first]


def _cells(given: Records, rows: Offsets, common: int, delimiter: str) -> list[list[str]] | None:
    """The cells of a few records, each of its own width; None when the parser sees other records.

    Records much wider than common ones, which are no header, come as empty cells.
    """
    widths = np.minimum(given.widths[rows], 2 * common + _LOOKED_AT)
    cells = [[""] * int(width) for width in widths]
    for width in np.unique(widths[widths < 2 * common + _LOOKED_AT]):
        at = np.flatnonzero(widths == width)
        frame = _cut(given.text(rows[at]), delimiter, int(width), quoted=given.quoted)
        if frame is None or frame.height != len(at):
            return None
        for i, row in zip(at, frame.rows(), strict=True):
            cells[i] = [cell or "" for cell in row]
    return cells


def _cut(data: bytes, delimiter: str, width: int, *, quoted: bool) -> pl.DataFrame | None:
    schema = {f"c{i}": pl.String for i in range(width)}
    if not data:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            separator=delimiter,
            quote_char='"' if quoted else None,
            infer_schema=False,
            schema=schema,
        )
    except pl.exceptions.PolarsError:  # its message quotes the file
        return None
    return frame.with_columns(pl.all().replace({"": None})) if quoted else frame


def _names(head: Head, widths: Offsets, path: Path) -> tuple[list[str], int]:
    """Check the header against the rows: the column names, and how many fields a row has."""
    names, width = head.names, len(head.names)
    if not head.rows:
        width = usual(widths.tolist())
        return [numbered(i) for i in range(width)], width
    fitting = int((widths == width).sum())
    common = usual(widths.tolist()) if len(widths) else width
    if common == width or fitting * 2 >= len(widths):
        return names, width
    if common == width + 1:
        return [*names, ""], common  # right only if nothing stands behind the last delimiter
    if common == width - 1 and not names[-1]:
        return names[:-1], common
    raise InputError(_mismatch(path, width, common))


def _mismatch(path: Path, width: int, common: int) -> str:
    return (
        f"{path}: the header has {width} columns, but most rows have {common}. "
        "Give every column a name, and take title lines above the header out."
    )


def _finish(
    frame: pl.DataFrame, names: list[str], head: Head, path: Path, found: Diagnostics
) -> pl.DataFrame:
    """Give the columns their names; a nameless column without content is left out."""
    empty = [i for i, name in enumerate(names) if not name and frame[frame.columns[i]].is_null().all()]
    if len(names) > len(head.names) and len(names) - 1 not in empty:
        raise InputError(_mismatch(path, len(head.names), len(names)))
    if empty and (frame.height or not any(names)):
        found.note("empty_column", empty_columns(len(empty)))
        frame = frame.select([c for i, c in enumerate(frame.columns) if i not in empty])
        names = [name for i, name in enumerate(names) if i not in empty]
    if not names:
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    if not frame.height and are_rows(names):
        raise InputError(
            f"{path} has one line, which holds rows rather than column names. Its line ends or its encoding "
            "are lost: export it again, as UTF-8."
        )
    if any(looks_like_data(name) or _ONE_TOKEN.fullmatch(name) for name in names):
        found.note(
            "header_doubt", "The first line looks like data rather than column names. Check the header."
        )
    frame.columns = distinct(names, found)
    return frame


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
