"""Where records begin and how many fields each has, for a whole file at once.

Whether a quote opens or closes follows from its number alone, so that a few array operations tell
which delimiters and line ends stand outside quotes. `clean` says whether the quotes are exactly as
RFC 4180 has them; if not, nothing else of the answer is to be trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.remarks import Kind

    Offsets = NDArray[np.int64]
    Octets = NDArray[np.uint8]
    Flags = NDArray[np.bool_]

_QUOTE: Final = 34
_LF: Final = 10
_CR: Final = 13
_CHUNK: Final = 1 << 18  # what a core keeps close at hand
_RARE_ENDS: Final = (
    (b"\x1e", "record separator"),
    (b"\xe2\x80\xa8", "line separator"),
    (b"\xc2\x85", "next-line mark"),
)

_WRITTEN_OUT: Final = (
    r"The text is one line in which line ends are written as \n; lines were cut there. Check a few rows."
)
_LONE_RETURN: Final = (
    "A lone carriage return was taken as a line end. Check that a row ends here, and no value goes on."
)


@dataclass(frozen=True)
class Structure:
    """The records of a file.

    Attributes:
        starts: the byte at which each record begins.
        ends: the byte behind each record, that of its line feed or of the end of the file.
        fields: how many fields it has.
        lines: the physical line on which it begins, from 1.
        clean: whether all quotes are as RFC 4180 has them.
        quoted: whether there are quotes at all.
    """

    starts: Offsets
    ends: Offsets
    fields: Offsets
    lines: Offsets
    clean: bool
    quoted: bool


def scan(data: bytes, delimiter: str) -> Structure:
    """Find the records of UTF-8 text whose lines end in LF or CRLF."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    quoted = b'"' in data
    mark = ord(delimiter)
    ends, before, newlines = [], [], []
    state = _State()
    for low in range(0, len(buffer), _CHUNK):
        part = buffer[low : low + _CHUNK]
        feeds, marks = np.flatnonzero(part == _LF), np.flatnonzero(part == mark)
        outer, count = feeds, np.searchsorted(marks, feeds)
        enclosed = 0
        if quoted:
            quotes = np.flatnonzero(part == _QUOTE)
            state.clean = state.clean and _is_clean(buffer, quotes + low, state.parity, mark)
            pairs, odd = np.divmod(np.searchsorted(quotes, feeds) + state.parity, 2)
            within = _enclosed(quotes, marks, state.parity)
            outer, count = feeds[odd == 0], (count - within[pairs])[odd == 0]
            enclosed = int(within[-1])
            state.parity = (state.parity + len(quotes)) % 2
        ends.append(outer + low)
        before.append(state.marks + count)
        newlines.append(state.newlines + np.searchsorted(feeds, outer, side="right"))
        state.marks += len(marks) - enclosed
        state.newlines += len(feeds)
    return _assemble(len(buffer), ends, before, newlines, state, quoted=quoted)


@dataclass
class _State:
    parity: int = 0
    marks: int = 0
    newlines: int = 0
    clean: bool = True


def _assemble(
    size: int,
    ends: list[Offsets],
    before: list[Offsets],
    newlines: list[Offsets],
    state: _State,
    *,
    quoted: bool,
) -> Structure:
    none = np.empty(0, dtype=np.int64)
    end, count, line = (np.concatenate([none, *parts]) for parts in (ends, before, newlines))
    starts = np.concatenate([none, [0], end + 1])[: len(end) + 1]
    lines = np.concatenate([[1], line + 1])
    if starts[-1] < size:  # the last line has no line feed
        end, count = np.append(end, size), np.append(count, state.marks)
    else:
        starts, lines = starts[:-1], lines[:-1]
    fields = np.diff(count, prepend=0) + 1
    clean = state.clean and state.parity == 0
    return Structure(starts=starts, ends=end, fields=fields, lines=lines, clean=clean, quoted=quoted)


def _enclosed(quotes: Offsets, marks: Offsets, parity: int) -> Offsets:
    """How many delimiters of a piece stand in its first 0, 1, 2 ... quoted texts.

    The last of these may end behind the piece, and, with a parity of 1, the first begins before it.
    """
    edges = np.concatenate([[0] * parity, np.searchsorted(marks, quotes)])
    edges = np.append(edges, [len(marks)] * (len(edges) % 2))
    return np.append(0, np.cumsum(edges[1::2] - edges[::2])).astype(np.int64)


def _outside(quotes: Offsets, positions: Offsets, parity: int) -> Flags:
    return np.equal((np.searchsorted(quotes, positions) + parity) % 2, 0)


def _is_clean(buffer: Octets, quotes: Offsets, parity: int, mark: int) -> bool:
    """Every opening quote stands at the start of a field and every closing one at its end."""
    opening, closing = quotes[parity % 2 :: 2], quotes[(parity + 1) % 2 :: 2]
    behind = buffer[np.maximum(opening - 1, 0)]
    opens = (behind == mark) | (behind == _LF) | (behind == _QUOTE) | (opening == 0)
    size = len(buffer)
    ahead = buffer[np.minimum(closing + 1, size - 1)]
    further = buffer[np.minimum(closing + 2, size - 1)]
    closes = (ahead == mark) | (ahead == _LF) | (ahead == _QUOTE) | (closing + 1 == size)
    closes |= (ahead == _CR) & (further == _LF)
    return bool(opens.all() and closes.all())


@dataclass(frozen=True)
class Lines:
    """The physical lines of a file, each looked at by itself.

    Attributes:
        starts: the byte at which each line begins.
        ends: the byte of its line feed.
        fields: how many fields it has.
        clean: whether its quotes, as if none were open before, are as RFC 4180 has them.
        quoted: whether it has quotes.
    """

    starts: Offsets
    ends: Offsets
    fields: Offsets
    clean: Flags
    quoted: Flags


def scan_lines(data: bytes, delimiter: str) -> Lines:
    """Look at each line of UTF-8 text whose lines all end in LF."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    parts, low = [], 0
    while low < len(buffer):
        high = data.rfind(b"\n", low, low + _CHUNK) + 1 or data.index(b"\n", low) + 1
        parts.append(_lines(buffer[low:high], low, ord(delimiter)))
        low = high
    starts, ends, fields, clean, quoted = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Lines(starts=starts, ends=ends, fields=fields, clean=clean, quoted=quoted)


def _lines(part: Octets, low: int, mark: int) -> tuple[Offsets, Offsets, Offsets, Flags, Flags]:
    """Facts about the lines of a piece of text that begins and ends with one."""
    ends, quotes, marks = (np.flatnonzero(part == byte) for byte in (_LF, _QUOTE, mark))
    starts = np.append(0, ends[:-1] + 1)
    before = np.searchsorted(quotes, starts)  # quotes in front of each line
    of_line = np.diff(before, append=len(quotes))
    opening = (np.arange(len(quotes)) - np.repeat(before, of_line)) % 2 == 0
    at_left = np.append(_LF, part)[quotes]
    at_right = part[quotes + 1]
    beside = np.where(opening, at_left, at_right)
    sound = (beside == mark) | (beside == _LF) | (beside == _QUOTE)
    damage = np.bincount(np.searchsorted(ends, quotes[~sound]), minlength=len(ends))
    returns = np.bincount(np.searchsorted(ends, np.flatnonzero(part == _CR)), minlength=len(ends))
    at = np.searchsorted(ends, marks)
    outside = (np.searchsorted(quotes, marks) - before[at]) % 2 == 0
    fields = np.bincount(at[outside], minlength=len(ends)) + 1
    clean = (of_line % 2 == 0) & (damage == 0) & (returns == 0)
    return starts + low, ends + low, fields, clean, of_line > 0


def mend_lines(data: bytes, found: Diagnostics) -> bytes:
    """Take NUL bytes out, and bring line ends that are the same in a whole file to LF or CRLF."""
    if b"\0" in data:
        note_bytes(data, b"\0", "nul_bytes", "NUL bytes were taken out here. Check the values.", found)
        data = data.replace(b"\0", b"")
    if data[-3:].rstrip(b"\r\n").endswith(b"\x1a"):  # how DOS ended a text
        data = data.rstrip(b"\r\n").rstrip(b"\x1a")
    if data.find(b"\n") in {-1, len(data) - 1} and data.count(b"\\n") > 1:
        found.note("line_end_guess", _WRITTEN_OUT)
        return re.sub(rb"(?:\\r)?\\n", b"\n", data)
    if b"\n" in data:
        return _usual_ends(data) if b"\r" in data else data
    if b"\r" in data:  # as old Macs wrote
        return data.replace(b"\r", b"\n")
    for end, name in _RARE_ENDS:
        if end in data:
            found.note(
                "line_end_guess", f"No usual line ends; lines were cut at each {name}. Check a few rows."
            )
            return data.replace(end, b"\n")
    return data


def _usual_ends(data: bytes) -> bytes:
    """Bring what is neither LF nor CRLF to one of them, where all line ends of a text are alike."""
    if data.count(b"\n\r") > data.count(b"\r\n"):
        return data.replace(b"\n\r", b"\n")
    if b"\r\n" not in data:
        return _ended_by_returns(data) or data
    return data.replace(b"\r\r\n", b"\r\n") if b"\r\r\n" in data else data


def _ended_by_returns(data: bytes) -> bytes | None:
    """Where all line feeds stand within quotes, the carriage returns outside are the line ends."""
    buffer = np.frombuffer(data, dtype=np.uint8).copy()
    quotes, feeds, returns = (np.flatnonzero(buffer == byte) for byte in (_QUOTE, _LF, _CR))
    ends = returns[_outside(quotes, returns, 0)]
    if not len(ends) or _outside(quotes, feeds, 0).any():
        return None
    buffer[ends] = _LF
    return bytes(buffer.tobytes())


def note_bytes(data: bytes, what: bytes, kind: Kind, message: str, found: Diagnostics) -> None:
    """Note the lines on which a byte or a character stands."""
    at = [match.start() for match in re.finditer(re.escape(what), data)]
    found.note_lines(lines_of(data, at), kind, message)


def lines_of(data: bytes, places: Sequence[int], /) -> list[int]:
    r"""The lines, from 1 and each once, on which bytes stand.

    >>> lines_of(b"a\nb\nc", [2, 3, 4])
    [2, 3]
    """
    feeds = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == _LF)
    lines: list[int] = np.unique(np.searchsorted(feeds, places) + 1).tolist()
    return lines


def mend_returns(data: bytes, delimiter: str, width: int, found: Diagnostics) -> bytes:
    """Turn lone carriage returns outside quotes into line feeds, unless they stand within a value.

    They do where the line has `width` fields only with them.
    """
    if b"\r" not in data or data.count(b"\r") == data.count(b"\r\n"):
        return data
    buffer = np.frombuffer(data, dtype=np.uint8).copy()
    returns = np.flatnonzero(buffer == _CR)
    followed = np.append(buffer, 0)[returns + 1] == _LF
    lone = returns[~followed]
    feeds, quotes = (np.flatnonzero(buffer == byte) for byte in (_LF, _QUOTE))
    marks = np.flatnonzero(buffer == ord(delimiter))
    marks = marks[_outside(quotes, marks, 0)]
    line = np.searchsorted(feeds, lone)
    starts = np.append(0, feeds + 1)[line]
    ends = np.append(feeds, len(buffer))[line]
    fields = np.searchsorted(marks, ends) - np.searchsorted(marks, starts) + 1
    inside = (np.searchsorted(quotes, lone) - np.searchsorted(quotes, starts)) % 2 == 1
    lone = lone[_outside(quotes, lone, 0) & ~inside & ((fields != width) | (width == 1))]
    buffer[lone] = _LF
    if len(lone):
        feeds = np.flatnonzero(buffer == _LF)
        lines = np.searchsorted(feeds, lone) + 1
        found.note_lines(lines.tolist(), "line_end_mixed", _LONE_RETURN)
    return bytes(buffer.tobytes())
