"""A text too large to be held: read window by window, each of whole records, under the header of the first.

Every window goes the way of a smaller file, so that what is odd is mended, doubted or set aside as there;
footers and further tables are looked for in the last one alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics, empty_columns
from reconcile.read.raw import Window
from reconcile.read.text.encoding import codec, require_lines, to_utf8, wide_encoding
from reconcile.read.text.header import distinct, numbered, usual
from reconcile.read.text.rewrite import rewrite
from reconcile.read.text.spill import spill
from reconcile.read.text.structure import mend_lines, scan, scan_lines
from reconcile.read.text.table import dialect_of, parse

if TYPE_CHECKING:
    import codecs
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from reconcile.read.raw import RawTable
    from reconcile.read.secret import Hiding
    from reconcile.read.text.dialect import Dialect

WINDOW: Final = 64 << 20  # bytes that are read at a time
_LONGEST: Final = 16  # windows that one record may fill, almost
_SOUND: Final = 3  # lines in a row that look like rows, where quotes do not tell


@dataclass
class LargeText:
    """A text that is read from a stream, from its beginning each time that it is iterated.

    Attributes:
        path: for messages.
        open: opens the stream.
        encoding: as told, or None.
        delimiter: as told, or None.
        known: column names, reduced by `plain`, that show that a first line is a header.
        found: takes the diagnostics of one reading; what holds for several windows is noted once.
        encodings: what it was written in, as far as it was read.
        names: the column names as they stand in the header, "" for none, once a window was read.
    """

    path: Path
    open: Callable[[], IO[bytes]]
    encoding: str | None
    delimiter: str | None
    known: frozenset[str]
    found: Diagnostics = field(default_factory=Diagnostics)
    encodings: dict[str, None] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    _told: str = ""
    _said: set[tuple[str, str | None, str]] = field(default_factory=set)

    def __iter__(self) -> Iterator[RawTable]:
        """Read all windows; columns are called as those of the first, lines are those of the whole text.

        Raises:
            InputError: as `parse` does, or a record does not end.
        """
        self.found, self.names, self._said = Diagnostics(), (), set()
        above, dialect = 0, None
        for data, last in self._stretches():
            here = Diagnostics()
            dialect = dialect or dialect_of(data, here, delimiter=self.delimiter)
            window = Window(dialect=dialect, names=self.names or None, last=last)
            raw = parse(data, self.path, here, names=self.known, window=window)
            self.names = raw.names
            raw.frame.columns = distinct([*raw.names], Diagnostics())
            self._take_over(here, above)
            yield replace(raw, lines=raw.lines + above)
            above += data.count(b"\n")

    def finish(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Leave nameless columns out that are empty in all windows, and say what there is to say of names."""
        nameless = [numbered(i) for i, name in enumerate(self.names) if not name]
        empty = [name for name in nameless if name in frame.columns and frame[name].is_null().all()]
        if empty:
            self.found.note("empty_column", empty_columns(len(empty)))
        distinct([name for i, name in enumerate(self.names) if name or numbered(i) not in empty], self.found)
        return frame.drop(empty)

    def _stretches(self) -> Iterator[tuple[bytes, bool]]:
        """Cut the text, as UTF-8, behind records; the last stretch is marked."""
        held, ready, tried = b"", b"", 0
        dialect: Dialect | None = None
        for piece in self._pieces():
            held += piece
            dialect = dialect or dialect_of(held, Diagnostics(), delimiter=self.delimiter)
            at, tried = end_of_records(held, dialect, width=len(self.names)), tried + 1
            if at:
                if ready:
                    yield ready, False
                ready, held, tried = held[:at], held[at:], 0
            elif tried == _LONGEST:
                raise InputError(
                    f"{self.path}: a record of more than {len(held) >> 20:,} MiB does not end. Look for a "
                    "lost quote, or export the file again."
                )
        if held.strip() and ready:
            yield ready, False
            ready = b""
        yield ready or held, True

    def _pieces(self) -> Iterator[bytes]:
        """Give the text as UTF-8 with line feeds, in pieces that end with a line."""
        held, above = b"", 0
        with self.open() as stream:
            for chunk in self._chunks(stream):
                held += chunk
                at = held.rfind(b"\n") + 1 or held.rfind(b"\r", 0, -1) + 1
                if at:
                    made = self._in_order(held[:at], above)
                    above += made.count(b"\n")
                    held = held[at:]
                    yield made
                require_lines(held, self.path)
        if held:
            yield self._in_order(held, above)

    def _chunks(self, stream: IO[bytes]) -> Iterator[bytes]:
        head = stream.read(WINDOW)
        told = self._told = self.encoding or wide_encoding(head, self.found)
        if not told:
            while head:
                yield head
                head = stream.read(WINDOW)
            return
        decoder, above = codec(told, self.path).incrementaldecoder(), 1
        self.encodings[told] = None
        first = True
        while head or first:
            made = _decode(decoder, head, self.path, above)
            above += made.count("\n")
            yield (made.removeprefix("\ufeff") if first else made).encode("utf-8")
            head, first = stream.read(WINDOW), False
        _decode(decoder, b"", self.path, above, final=True)

    def _in_order(self, piece: bytes, above: int) -> bytes:
        here = Diagnostics()
        if not self._told:
            piece, encoding = to_utf8(piece, self.path, here, encoding=None)
            self.encodings[encoding] = None
        piece = mend_lines(piece, here)
        self._take_over(here, above)
        return piece

    def _take_over(self, here: Diagnostics, above: int) -> None:
        """Take over what a window showed; findings without a line are about the text and are said once."""
        frame = here.frame()
        for kind, column, message in frame.filter(pl.col("line").is_null()).select(pl.exclude("line")).rows():
            if (kind, column, message) not in self._said:
                self._said.add((kind, column, message))
                self.found.note(kind, message, column=column)
        self.found.add(frame.filter(pl.col("line").is_not_null()).with_columns(pl.col("line") + above))


def _decode(
    decoder: codecs.IncrementalDecoder, data: bytes, path: Path, above: int, *, final: bool = False
) -> str:
    try:
        return decoder.decode(data, final)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
    line = above + data.count(b"\n", 0, start)
    raise InputError(
        f"{path}, line {line:,}: the text is not written in the encoding that "
        "was named or found at its beginning. Leave the encoding out to have it found, or name another one."
    )


def end_of_records(text: bytes, dialect: Dialect, *, width: int = 0) -> int:
    """Say where the last whole record ends of a text that breaks off behind some line; 0 when none does.

    Where quotes do not tell it is a line between lines that look like rows: that have as many fields as the
    header, or as most lines, while the width is 0 because the header was not seen.
    """
    written = rewrite(text, dialect.delimiter, dialect.quote)
    structure = scan(written.data, written.delimiter)
    if structure.clean:
        return len(text)
    begin = int(structure.starts[-1])
    if begin and scan(written.data[:begin], written.delimiter).clean:
        line = int(structure.lines[-1])
    else:
        line = _row_between_rows(written.data, written.delimiter, width)
    if line <= 1:
        return 0
    feeds = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    return int(feeds[line - 2]) + 1


def _row_between_rows(data: bytes, delimiter: str, width: int) -> int:
    lines = scan_lines(data[: data.rfind(b"\n") + 1], delimiter)
    sound = lines.clean & (lines.fields == (width or usual(lines.fields.tolist())))
    runs = np.flatnonzero(np.convolve(sound, np.ones(_SOUND, dtype=np.int64), mode="valid") == _SOUND)
    return int(runs[-1]) + 2 if len(runs) else 0  # its number from 1


def read_kept(text: LargeText, kept: Callable[[list[str]], Collection[str]]) -> RawTable:
    """Read a large text for a layout: the columns that it reads are held, the others are left empty."""
    tables = []
    for raw in text:
        wanted = {*kept(raw.frame.columns)}
        left_out = [pl.lit(None, dtype=pl.String).alias(c) for c in raw.frame.columns if c not in wanted]
        tables.append(replace(raw, frame=raw.frame.with_columns(left_out)))
    return _joined(tables, text.finish(pl.concat([raw.frame for raw in tables], rechunk=False)))


def read_spilled(text: LargeText, hiding: Hiding) -> RawTable:
    """Read a large text whole: its SSNs are hidden, and its rows are left on disk.

    Where a column may hold SSNs the text is read twice: what is one in some row is to be hidden in all.
    """
    for raw in text:
        if not hiding.learn(raw.frame):
            break
    tables: list[RawTable] = []
    columns: list[str] = []

    def hidden() -> Iterator[pl.DataFrame]:
        for raw in text:
            columns[:] = raw.frame.columns
            tables.append(replace(raw, frame=raw.frame.clear()))
            yield hiding.hide(raw.frame, suspect=raw.suspect)

    frame = spill(hidden())
    left = text.finish(frame)
    gone = {*frame.columns} - {*left.columns}
    return replace(_joined(tables, left), clear_columns=tuple(c for c in columns if c not in gone))


def _joined(tables: list[RawTable], frame: pl.DataFrame) -> RawTable:
    return replace(
        tables[0],
        frame=frame,
        lines=pl.concat([raw.lines for raw in tables]),
        rows=sum(raw.rows for raw in tables),
        rejected=sum(raw.rejected for raw in tables),
        names=(),
    )
