"""Records of a file whose quotes are not in order, one line at a time, each damage confined to its record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MOST_LINES: Final = (
    500  # an unclosed quote must not swallow the file, nor be looked for to its end each time
)

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
                Record(at + 1, line.count(delimiter) + 1 if line.strip() else 0, line, stray=False),
                1,
            )
        yield taken
        at += used


def _quoted(lines: Sequence[str], at: int, delimiter: str, width: int) -> tuple[Record, int]:
    answer = _cut(lines, at, delimiter)
    literal = lines[at].split(delimiter)
    if answer and len(answer[0]) == width:
        fields, used, stray = answer
        if not (stray and used > 1 and len(literal) == width):  # an odd quote, closed lines later: lost
            return _record(at, fields, delimiter, stray=stray), used
    elif answer and len(literal) != width and answer[1] == 1:  # ragged either way: the quotes say how
        return _record(at, answer[0], delimiter, stray=answer[2]), 1
    return _record(at, literal, delimiter, stray=True), 1


def _record(at: int, fields: list[str], delimiter: str, *, stray: bool) -> Record:
    text = delimiter.join('"' + value.replace('"', '""') + '"' for value in fields)
    return Record(at + 1, len(fields), text, stray)


def _cut(lines: Sequence[str], at: int, delimiter: str) -> tuple[list[str], int, bool] | None:
    """Cut one record that has quotes; None when a quote stays open."""
    fields: list[str] = []
    line, used, position, stray = lines[at], 1, 0, False
    while True:
        start = position
        while start < len(line) and line[start] == " " and delimiter != " ":
            start += 1
        if start >= len(line) or line[start] != '"':
            end = line.find(delimiter, position)
            value = line[position:] if end < 0 else line[position:end]
            stray = stray or bool(_STRAY.search(value))
            fields.append(value)
        else:
            stray = stray or start > position
            closed = _close(line, start + 1, delimiter)
            while closed is None:
                if used >= _MOST_LINES or at + used >= len(lines):
                    return None
                line, used = f"{line}\n{lines[at + used]}", used + 1
                closed = _close(line, start + 1, delimiter)
            value, end, odd = closed
            stray = stray or odd
            fields.append(value)
        if end < 0:
            return fields, used, stray
        position = end + 1


def _close(line: str, start: int, delimiter: str) -> tuple[str, int, bool] | None:
    """Read on from behind an opening quote: the value, its delimiter's place (-1 at the end), oddness."""
    at, stray = start, False
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
    return None
