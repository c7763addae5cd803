"""How many bytes an Arrow file or stream unpacks to, told by its messages before anything unpacks them.

Each message has a head of its own, a FlatBuffer, and a body of buffers. A packed buffer begins with the
number of bytes that it unpacks to, and they are allocated at once. Layout: arrow.apache.org/docs/format/
Columnar.html, with Message.fbs and File.fbs beside it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_MARK: Final = b"ARROW1"
_MOST_MESSAGES: Final = 1_000_000
_DICTIONARY, _RECORDS = 2, 3  # kinds of messages
_GOES_ON: Final = 0xFFFFFFFF  # in front of a message
_BLOCK: Final = 24  # bytes that tell where a message of a file stands


class _Table:
    """A table of a FlatBuffer; fields are counted from 0, one that is not there is 0 or None."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self._fields = at - _number(data, at, "<i")
        self._size = _number(data, self._fields, "<H")

    def _place(self, field: int) -> int:
        entry = 4 + 2 * field
        offset = _number(self.data, self._fields + entry, "<H") if entry < self._size else 0
        return self.at + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        place = self._place(field)
        return _number(self.data, place, form) if place else 0

    def table(self, field: int) -> _Table | None:
        place = self._place(field)
        return _Table(self.data, place + _number(self.data, place, "<I")) if place else None

    def vector(self, field: int) -> tuple[int, int]:
        """Where the items of a vector begin, and how many they are."""
        place = self._place(field)
        if not place:
            return 0, 0
        place += _number(self.data, place, "<I")
        return place + 4, _number(self.data, place, "<I")


def _number(data: bytes, at: int, form: str) -> int:
    if at < 0:
        raise ValueError
    try:
        return int(struct.unpack_from(form, data, at)[0])
    except (struct.error, OverflowError):
        raise ValueError from None


def declared(data: bytes) -> Iterator[int]:
    """Give the bytes that each message's buffers unpack to.

    Raises:
        ValueError: a message does not keep to the format.
    """
    seen: set[int] = set()
    for place in _in_file(data) if data.startswith(FILE_MARK) else _in_stream(data):
        if place in seen or len(seen) == _MOST_MESSAGES:
            raise ValueError
        seen.add(place)
        head, body = _message(data, place)
        kind = head.number(1, "<B")
        records = head.table(2) if kind in {_DICTIONARY, _RECORDS} else None
        if records and kind == _DICTIONARY:
            records = records.table(1)
        if records:
            yield _unpacked(data, records, body)


def _in_file(data: bytes) -> Iterator[int]:
    """Where messages begin by the table at the end, which is what a reader of files goes by."""
    size = _number(data, len(data) - len(FILE_MARK) - 4, "<I")
    at = len(data) - len(FILE_MARK) - 4 - size
    footer = _Table(data, at + _number(data, at, "<I"))
    for field in (2, 3):  # dictionaries, records
        first, count = footer.vector(field)
        for n in range(count):
            yield _number(data, first + n * _BLOCK, "<q")


def _in_stream(data: bytes) -> Iterator[int]:
    at = 0
    while at + 8 <= len(data) and _number(data, at + 4, "<I"):
        yield at
        head, body = _message(data, at)
        at = body + head.number(3, "<q")


def _message(data: bytes, at: int) -> tuple[_Table, int]:
    """The head of a message, and where its body begins."""
    start = at + 8 if _number(data, at, "<I") == _GOES_ON else at + 4
    size = _number(data, start - 4, "<I")
    return _Table(data, start + _number(data, start, "<I")), start + size


def _unpacked(data: bytes, records: _Table, body: int) -> int:
    packed = records.table(3) is not None
    first, count = records.vector(2)
    total = 0
    for n in range(count):
        place, length = (_number(data, first + n * 16 + half, "<q") for half in (0, 8))
        if packed and length:
            stated = _number(data, body + place, "<q")
            length = stated if stated >= 0 else length - 8  # -1: this one is as it is
        total += length
    return total
