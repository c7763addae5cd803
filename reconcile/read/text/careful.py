"""Records of a file whose quotes are not in order, each damage confined to its record.

`records` is the rule, one line at a time; `Mended` gives the same, but looks line by line only at
those whose quotes are not in order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from reconcile.read.text.structure import scan_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconcile.read.text.structure import Flags, Offsets

_MOST_LINES: Final = (
    500  # an unclosed quote must not swallow the file, nor be looked for to its end each time
)

_FEW_LINES: Final = 10  # looked for in a file that has lost many a quote
_MANY_LOST: Final = 200
_TOO_MANY_LOST: Final = 5_000  # from here on quotes are believed within a line alone
_LEAST: Final = 3  # fields, below which a text may look like a row by chance
_WHOLE: Final = re.compile(r' *"((?:[^"]|"")*)" *')
_STRAY: Final = re.compile(r'(?<![0-9])"')  # behind a digit it stands for inches or seconds


class Record(NamedTuple):
    """One record.

    Attributes:
        line: the physical line on which it begins, from 1.
        width: how many fields it has, 0 for a blank line.
        text: the record written as RFC 4180 wants it.
        stray: whether a quote in it stands where none should.
    """

    line: int
    width: int
    text: str
    stray: bool


def records(lines: Sequence[str], delimiter: str, width: int) -> Iterator[Record]:
    """Cut lines into records, quotes honoured where they make sense and taken literally where not.

    A record over several lines is believed only when it has `width` fields.
    """
    at = 0
    while at < len(lines):
        line = lines[at]
        if '"' in line or "\r" in line:
            taken, used = _quoted(lines, at, delimiter, width)
        else:
            taken, used = (
                Record(
                    at + 1, 0 if _is_blank(line, delimiter) else line.count(delimiter) + 1, line, stray=False
                ),
                1,
            )
        yield taken
        at += used


def _is_blank(line: str, delimiter: str) -> bool:
    return not line.strip() and delimiter not in line


class Mended:
    """All records of a text.

    Attributes:
        lines: the physical line on which each begins.
        widths: how many fields it has, 0 for a blank line.
        stray: whether a quote in it stands where none should.
    """

    lines: Offsets
    widths: Offsets
    stray: Flags

    def __init__(self, data: bytes, delimiter: str, width: int, /) -> None:
        """Find the records of UTF-8 text; one over several lines is believed only with `width` fields."""
        data = data.replace(b"\r\n", b"\n")
        self._data = data if data.endswith(b"\n") else data + b"\n"
        self._scanned = found = scan_lines(self._data, delimiter)
        simple = found.clean & (~found.quoted | (found.fields == width))
        widths, stray = found.fields.copy(), np.zeros(len(simple), dtype=np.bool_)
        for i in map(int, np.flatnonzero(simple & (found.fields == 1))):
            if _is_blank(self[i], delimiter):
                widths[i] = 0
        whole, behind, lost = np.ones(len(simple), dtype=np.bool_), 0, 0
        self._texts: dict[int, bytes] = {}
        for at in map(int, np.flatnonzero(~simple)):
            if at >= behind:  # else it is part of the record before
                most = _MOST_LINES if lost < _MANY_LOST else _FEW_LINES if lost < _TOO_MANY_LOST else 1
                taken, used = _quoted(self, at, delimiter, width, most)
                lost += taken.stray and used == 1
                behind = at + used
                self._texts[at] = f"{taken.text}\n".encode()
                widths[at], stray[at] = taken.width, taken.stray
                whole[at + 1 : behind] = False
        self._firsts = np.flatnonzero(whole)
        self.lines, self.widths, self.stray = self._firsts + 1, widths[whole], stray[whole]

    def __len__(self) -> int:
        """Count the lines."""
        return len(self._scanned.starts)

    def __getitem__(self, at: int) -> str:
        """Read one line."""
        return self._data[self._scanned.starts[at] : self._scanned.ends[at]].decode("utf-8")

    def text(self, rows: Offsets, /) -> bytes:
        """Give the chosen records as RFC 4180 wants them; runs of sound neighbours are copied at once."""
        if not len(rows):
            return b""
        first = self._firsts[rows]
        mended = np.isin(first, np.fromiter(self._texts, dtype=np.int64, count=len(self._texts)))
        cuts = np.flatnonzero((np.diff(first) != 1) | mended[1:] | mended[:-1]) + 1
        runs = zip(np.append(0, cuts), np.append(cuts, len(first)), strict=True)
        return b"".join(self._run(int(first[low]), int(first[high - 1])) for low, high in runs)

    def _run(self, low: int, high: int) -> bytes:
        """The text from one line to another; a mended one stands alone."""
        sound = self._data[self._scanned.starts[low] : self._scanned.ends[high] + 1]
        return self._texts.get(low, sound)


def _quoted(
    lines: Sequence[str] | Mended, at: int, delimiter: str, width: int, most: int = _MOST_LINES
) -> tuple[Record, int]:
    answer = _cut(lines, at, delimiter, most)
    literal = lines[at].split(delimiter)
    if answer and len(answer[0]) == width:
        fields, used, stray = answer
        if used == 1 or not _lost(lines, at, used, delimiter, width, stray=stray):
            return _record(at, fields, delimiter, stray=stray), used
    elif answer and len(literal) != width and answer[1] == 1:  # ragged either way: the quotes say how
        return _record(at, answer[0], delimiter, stray=answer[2]), 1
    return _record(at, _literal(literal), delimiter, stray='"' in lines[at]), 1


def _lost(
    lines: Sequence[str] | Mended, at: int, used: int, delimiter: str, width: int, *, stray: bool
) -> bool:
    """Whether a quote over several lines was never meant to open: those lines are rows by themselves.

    They are cut alike, all quote whole fields or none does, and most of their fields are filled.
    """
    pieces = [lines[i].split(delimiter) for i in range(at, at + used)]
    if len(pieces[0]) != width or stray:
        return len(pieces[0]) == width
    quoting = {any(map(_WHOLE.fullmatch, row)) for row in pieces}
    filled = all(sum(map(bool, row)) * 2 > width for row in pieces)
    return width >= _LEAST and len(quoting) == 1 and filled and all(len(row) == width for row in pieces)


def _literal(pieces: list[str]) -> list[str]:
    """Take a line's quotes literally but for those that enclose a whole field."""
    whole = [_WHOLE.fullmatch(piece) for piece in pieces]
    if not any(whole):
        return pieces
    return [
        match[1].replace('""', '"') if match else piece.removeprefix('"') if piece.count('"') == 1 else piece
        for piece, match in zip(pieces, whole, strict=True)
    ]


def _record(at: int, fields: list[str], delimiter: str, *, stray: bool) -> Record:
    text = delimiter.join('"' + value.replace('"', '""') + '"' for value in fields)
    return Record(at + 1, len(fields), text, stray)


def _cut(
    lines: Sequence[str] | Mended, at: int, delimiter: str, most: int
) -> tuple[list[str], int, bool] | None:
    """Cut one record that has quotes; None when a quote stays open."""
    fields: list[str] = []
    line, used, position, stray = lines[at], 1, 0, False
    while True:
        start = position
        while start < len(line) and line[start] == " " and delimiter != " ":
            start += 1
        if start >= len(line) or line[start] != '"':
            end = line.find(delimiter, position)
            plain = line[position:] if end < 0 else line[position:end]
            stray = stray or bool(_STRAY.search(plain))
            fields.append(plain)
        else:
            stray = stray or start > position
            value, end, odd = _close(line, start + 1, delimiter)
            while value is None:
                if used >= most or at + used >= len(lines):
                    return None
                seen, line, used = len(line), f"{line}\n{lines[at + used]}", used + 1
                value, end, odd = _close(line, start + 1, delimiter, seen=seen, stray=odd)
            stray = stray or odd
            fields.append(value)
        if end < 0:
            return fields, used, stray
        position = end + 1


def _close(
    line: str, start: int, delimiter: str, *, seen: int = 0, stray: bool = False
) -> tuple[str | None, int, bool]:
    """Read on from behind an opening quote: the value, its delimiter's place (-1 at the end), oddness.

    There is no value where the quote stays open; then `seen` and `stray` say where to go on in a longer line,
    and what was found before.
    """
    at = max(start, seen)
    while (at := line.find('"', at)) >= 0:
        if line.startswith('"', at + 1):
            at += 2
            continue
        end = at + 1
        while end < len(line) and line[end] == " " and delimiter != " ":
            end += 1
        if end == len(line) or line.startswith(delimiter, end):
            value = line[start:at].replace('""', '"')
            return value, (-1 if end == len(line) else end), stray or end > at + 1
        stray = True
        at += 1
    return None, -1, stray
