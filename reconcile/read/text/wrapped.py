"""Quotes that hide the fields: curly ones, and those around whole lines, as a second export writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reconcile.read.text.dialect import DELIMITERS, counts_by_line
from reconcile.read.text.samples import SAMPLE

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics

_WHOLE: Final = re.compile(rb'"((?:[^"\n]|"")*)"\r?')
_LEAST: Final = 3  # fields: "Last, First" may be a name, and one column
_LOOKED_AT: Final = 20
_CURLY: Final = "\u201c".encode(), "\u201d".encode()
_OPENS: Final = re.compile(rb"(?:^|[,;\t|])" + _CURLY[0], re.MULTILINE)
_CLOSES: Final = re.compile(_CURLY[1] + rb"(?=[,;\t|]|\r?$)", re.MULTILINE)
_STRAIGHT: Final = "Fields stand in curly quotes, which were taken for quotes. Check a few values."
_SAID: Final = "Every line is quoted as a whole; these quotes were taken off. Check the columns."


def straightened(data: bytes, found: Diagnostics) -> bytes:
    """Make curly quotes straight, where a text has no others and all of these enclose whole fields."""
    if _CURLY[0] not in data[:SAMPLE]:  # the whole text is searched more slowly
        return data
    opening, closing = map(data.count, _CURLY)
    if opening != closing or opening * 2 <= data.count(b"\n") or b'"' in data:
        return data
    if len(_OPENS.findall(data)) < opening or len(_CLOSES.findall(data)) < closing:
        return data
    found.note("quote_guess", _STRAIGHT)
    return data.replace(_CURLY[0], b'"').replace(_CURLY[1], b'"')


def without_wrapping(data: bytes, found: Diagnostics) -> bytes:
    """Take the quotes off that enclose whole lines of UTF-8 text, where within them all are cut alike.

    The first line, of column names, may lack them.
    """
    first = data[: data.find(b"\n") + 1]
    end = data.find(b"\n", len(first))
    second = data[len(first) : end if end >= 0 else None]
    if not first or not _WHOLE.fullmatch(second):
        return data
    lines = data.split(b"\n")
    if not all(_WHOLE.fullmatch(line) for line in lines[1:] if line.strip()):
        return data
    inner = [_unwrapped(line) for line in lines]
    sample = b"\n".join(line for line in inner[:_LOOKED_AT] if line.strip())
    widths = {mark: {*counts_by_line(sample, mark)} for mark in DELIMITERS}
    cut = [mark for mark, counts in widths.items() if len(counts) == 1 and min(counts) >= _LEAST]
    if (
        not cut
        or {*counts_by_line(b"\n".join(filter(None, map(bytes.strip, inner))), cut[0])} != widths[cut[0]]
    ):
        return data
    found.note("quote_guess", _SAID)
    return b"\n".join(inner)


def _unwrapped(line: bytes) -> bytes:
    whole = _WHOLE.fullmatch(line)
    if whole is None:
        return line
    inner = whole[1].replace(b'""', b'"')
    outer = any(b'"' + mark.encode() + b'"' in inner for mark in DELIMITERS)
    return b'"' + inner + b'"' if outer and not inner.startswith(b'"') else inner
