"""UTF-8 text to columns of text: the fast path for what is in order, the careful one for what is not."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.privacy import looks_like_data, redact
from reconcile.read.careful import Mended
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.dialect import counts_by_line, find_delimiter
from reconcile.read.layout import plain
from reconcile.read.structure import mend_lines, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from reconcile.read.structure import Flags, Offsets, Structure

_LOOKED_AT: Final = 200  # records that say how wide the table is
_SAMPLE: Final = 1 << 18  # bytes in which they are looked for
_TITLES: Final = 30  # lines that may stand above the header
_RAGGED: Final = (
    "{count} fields where {width} were expected; the line was set aside. Mend it, or export again."
)
_NO_HEADER: Final = (
    "The first line looks like data rather than column names: it was kept as a row, and the columns are "
    'called "column 1", "column 2" and so on. Put a line of column names above it.'
)
_VALUES: Final = ("[e-mail]", "[number]", "[date]")
_STRAY: Final = (
    "A quote stands where none should; it was confined to this record. Check the values of this line."
)


@dataclass(frozen=True)
class RawTable:
    """A file as it stands.

    Attributes:
        frame: all columns as text; an empty cell is null.
        lines: the physical line on which each row begins.
        delimiter: what separates the fields.
        rows: records below the header, the rejected ones included.
        rejected: records that could not be read.
    """

    frame: pl.DataFrame
    lines: pl.Series
    delimiter: str
    rows: int
    rejected: int


def parse(
    data: bytes,
    path: Path,
    found: Diagnostics,
    *,
    delimiter: str | None = None,
    names: frozenset[str] = frozenset(),
) -> RawTable:
    """Cut text into columns.

    Args:
        data: UTF-8 text.
        path: for messages.
        found: takes the diagnostics.
        delimiter: found from the text when None.
        names: column names, reduced by `plain`, that show that a first line is a header.

    Raises:
        InputError: there is no header, no usable header, or most rows do not fit it.
    """
    data = mend_lines(data, found)
    if not data or data.isspace():
        raise InputError(f"{path} is empty. A line of column names and one line a row are expected.")
    delimiter = delimiter or find_delimiter(data, found)
    structure = scan(data, delimiter)
    noted = Diagnostics()
    table = None
    if structure.clean:
        table = _table(_in_order(data, structure), delimiter, path, noted, names)
    if table is None:
        noted = Diagnostics()
        table = _table(_mended(data, delimiter), delimiter, path, noted, names)
    if table is None:
        raise InputError(f"{path} cannot be cut into rows. Export it again, with quotes around texts.")
    found.extend(noted)
    return table


@dataclass(frozen=True)
class _Records:
    """Where records begin, how many fields they have, and their text as RFC 4180 wants it."""

    lines: Offsets
    widths: Offsets
    blank: Flags
    stray: Flags
    quoted: bool
    text: Callable[[Offsets], bytes]


def _in_order(data: bytes, structure: Structure) -> _Records:
    blank = _blank(data, structure)
    return _Records(
        lines=structure.lines,
        widths=structure.fields,
        blank=blank,
        stray=np.zeros_like(blank),
        quoted=structure.quoted,
        text=partial(_slices, data, structure),
    )


def _mended(data: bytes, delimiter: str) -> _Records:
    width = _common([n for n in counts_by_line(data[:_SAMPLE], delimiter) if n][:_LOOKED_AT])
    mended = Mended(data, delimiter, width)
    return _Records(
        lines=mended.lines,
        widths=mended.widths,
        blank=np.equal(mended.widths, 0),
        stray=mended.stray,
        quoted=True,
        text=mended.text,
    )


def _table(
    given: _Records, delimiter: str, path: Path, found: Diagnostics, known: frozenset[str]
) -> RawTable | None:
    """Cut the records into columns; None when the parser does not see the same records."""
    filled = np.flatnonzero(~given.blank)
    top = _header_at([int(given.widths[i]) for i in filled[:_LOOKED_AT]])
    head, body = filled[top], filled[top + 1 :]
    header = _cut(given.text(filled[top : top + 1]), delimiter, int(given.widths[head]), quoted=given.quoted)
    if header is None or header.height != 1:
        return None
    if _headless(header.row(0), known):
        body = filled[top:]
        width = _common(given.widths[body].tolist())
        names = [_numbered(i) for i in range(width)]
        found.note("no_header", _NO_HEADER)
    else:
        names, width = _names(header.row(0), int(given.widths[head]), given.widths[body], path)
    good = given.widths[body] == width
    rows, bad = body[good], body[~good]
    frame = _cut(given.text(rows), delimiter, width, quoted=given.quoted)
    if frame is None or frame.height != len(rows):
        return None
    lines = pl.Series("line", given.lines[rows], dtype=pl.Int64)
    found.note_lines(
        given.lines[filled[:top]].tolist(), "preamble", "A line above the column names was skipped."
    )
    _note_blank(given.lines[np.flatnonzero(given.blank)], given.lines[filled[-1]], found)
    _note_ragged(given.lines[bad], given.widths[bad], width, found)
    found.note_lines(lines.filter(pl.Series(given.stray[rows])), "stray_quote", _STRAY)
    if given.quoted:
        _note_swallowed(frame, lines, delimiter, found)
    frame = _finish(frame, names, path, found)
    return _without_headers(RawTable(frame, lines, delimiter, len(body), len(bad)), found)


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


def _slices(data: bytes, structure: Structure, rows: Offsets) -> bytes:
    """The text of the chosen records; runs of neighbours are copied at once."""
    if not len(rows):
        return b""
    breaks = np.flatnonzero(np.diff(rows) != 1)
    firsts = rows[np.concatenate([[0], breaks + 1])]
    lasts = rows[np.concatenate([breaks, [len(rows) - 1]])]
    pieces = zip(structure.starts[firsts], structure.ends[lasts] + 1, strict=True)
    return b"".join(data[start:end] for start, end in pieces)


def _blank(data: bytes, structure: Structure) -> Flags:
    length = structure.ends - structure.starts
    blank: Flags = (structure.fields == 1) & (length == 0)
    if len(blank) > 1 and structure.fields.max() == 1 and length[0]:
        return np.zeros_like(blank)  # in a single column an empty line is an empty cell
    for i in np.flatnonzero((structure.fields == 1) & (length > 0)):
        if length[i] > _LOOKED_AT or (length[i] > 1 and structure.fields.max() == 1):
            continue
        blank[i] = not data[structure.starts[i] : structure.ends[i]].strip()
    return blank


def _common(widths: Sequence[int]) -> int:
    """The number of fields that most records have; of a tie the one that comes first."""
    return Counter(widths).most_common(1)[0][0]


def _header_at(widths: Sequence[int]) -> int:
    """Skip title lines: much narrower than the table below them, and few."""
    usual = _common(widths)
    for at, width in enumerate(widths[:_TITLES]):
        if width in {usual, usual - 1} or width * 2 > usual:
            return at
    return 0


def _headless(cells: Sequence[str | None], known: frozenset[str]) -> bool:
    """Whether a first line is a row rather than a header: values in it, and not two names that we know."""
    names = [(cell or "").strip() for cell in cells]
    return any(looks_like_data(name) for name in names) and sum(plain(n) in known for n in names) < 2  # noqa: PLR2004 - a value may happen to be a word


def _numbered(at: int) -> str:
    return f"column {at + 1}"


def _names(
    header: Iterable[str | None],
    width: int,
    widths: Offsets,
    path: Path,
) -> tuple[list[str], int]:
    """Check the column names against each other and against the rows."""
    names = [(name or "").strip() for name in header]
    fitting = int((widths == width).sum())
    usual = _common(widths.tolist()) if len(widths) else width
    if usual != width and fitting * 2 < len(widths):
        if usual != width + 1:
            raise InputError(
                f"{path}: the header has {width} columns, but most rows have {usual}. "
                "Give every column a name, and take title lines above the header out."
            )
        names, width = [*names, ""], usual  # a delimiter at each line's end, if all is empty behind it
    return names, width


def _finish(frame: pl.DataFrame, names: list[str], path: Path, found: Diagnostics) -> pl.DataFrame:
    """Give the columns their names; a nameless column without content is left out."""
    empty = [i for i, name in enumerate(names) if not name and frame[frame.columns[i]].is_null().all()]
    if frame.height and empty:
        found.note("empty_column", f"{len(empty)} columns without name and content were left out.")
        frame = frame.select([c for i, c in enumerate(frame.columns) if i not in empty])
        names = [name for i, name in enumerate(names) if i not in empty]
    if not names:
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    doubtful = any(looks_like_data(name) for name in names)
    names = [_numbered(i) if redact(name) in _VALUES else name for i, name in enumerate(names)]
    problems = [f"column {i + 1} has no name" for i, name in enumerate(names) if not name]
    counted = Counter(name for name in names if name)
    for name, times in sorted(counted.items()):
        if times > 1:
            places = ", ".join(str(i + 1) for i, other in enumerate(names) if other == name)
            shown = "the same name" if doubtful else f'the name "{name}"'
            problems.append(f"columns {places} have {shown}")
    if problems:
        raise InputError(f"{path}: {'; '.join(problems)}. Give every column a name of its own.")
    if doubtful:
        found.note(
            "header_doubt", "The first line looks like data rather than column names. Check the header."
        )
    frame.columns = names
    return frame


def _without_headers(table: RawTable, found: Diagnostics) -> RawTable:
    """Take out lines that repeat the column names, as report writers print them on every page."""
    frame = table.frame
    again = frame.select(
        again=pl.all_horizontal(pl.col(name).str.strip_chars() == name for name in frame.columns)
    )["again"].fill_null(value=False)
    if not again.any():
        return table
    found.note_lines(
        table.lines.filter(again), "header_repeated", "The column names again; the line was set aside."
    )
    return replace(
        table,
        frame=frame.filter(~again),
        lines=table.lines.filter(~again),
        rejected=table.rejected + int(again.sum()),
    )


def _note_blank(lines: Iterable[int], last: int, found: Diagnostics) -> None:
    """Blank lines between rows are counted; those behind the last row mean nothing."""
    inner = [int(n) for n in lines if n < last]
    if inner:
        found.note("blank_lines", f"{len(inner)} blank lines were skipped, the first here.", line=inner[0])


def _note_ragged(lines: Iterable[int], widths: Iterable[int], width: int, found: Diagnostics) -> None:
    by_count: dict[int, list[int]] = {}
    for line, count in zip(lines, widths, strict=True):
        by_count.setdefault(int(count), []).append(int(line))
    for count, at in sorted(by_count.items()):
        found.note_lines(at, "ragged", _RAGGED.format(count=count, width=width))


def _note_swallowed(frame: pl.DataFrame, lines: pl.Series, delimiter: str, found: Diagnostics) -> None:
    """A value over several lines that hold as many delimiters as a row has may be rows in a lost quote."""
    marks = frame.width - 1
    if marks < 2 or not frame.height:  # noqa: PLR2004 - a single comma in a text proves nothing
        return
    doubtful = pl.any_horizontal(
        pl.all().str.contains("\n", literal=True)
        & (pl.all().str.count_matches(delimiter, literal=True) >= marks)
    ).fill_null(value=False)
    at = lines.filter(frame.select(doubtful.alias("doubtful"))["doubtful"])
    found.note_lines(
        at, "multiline_doubt", "A quoted value spans lines that look like rows. Check for a lost quote."
    )
