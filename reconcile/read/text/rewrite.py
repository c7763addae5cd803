"""Text of any dialect to that of RFC 4180 with one character between fields, and its values back.

The delimiter's stand-in is a control character that the text does not have; a foreign quote changes places
with the double quote. Values are given back as they were, line numbers stay what they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

SPACES: Final = "  "  # two or more of them
_RUN: Final = re.compile(rb"(?<! ) {2,}(?! )")
_EDGES: Final = re.compile(rb"^ +| +(?=\r?$)", re.MULTILINE)
_STAND_INS: Final = b"\x1f\x1e\x1d\x1c\x01\x02\x03\x04\x05\x06\x07\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
_RUN_OF_SLASHES: Final = re.compile(rb"\\+")


@dataclass(frozen=True)
class Rewritten:
    """Text in the common form.

    Attributes:
        data: the text.
        delimiter: one character.
        places: what stands in for what.
    """

    data: bytes
    delimiter: str
    places: tuple[tuple[str, str], ...] = ()

    def values(self, cells: list[str], /) -> list[str]:
        """Give a few values their own characters back."""
        table = str.maketrans(dict(self.places))
        return [cell.translate(table) for cell in cells]

    def restore(self, frame: pl.DataFrame, /) -> pl.DataFrame:
        """Give values their own characters back."""
        if not self.places:
            return frame
        written, meant = zip(*self.places, strict=True)
        return frame.with_columns(pl.all().str.replace_many(list(written), list(meant)))


def rewrite(data: bytes, delimiter: str, quote: str = '"') -> Rewritten:
    """Bring UTF-8 text to the common form; a file in it is answered as it is."""
    places: list[tuple[str, str]] = []
    if quote != '"':
        data = data.translate(bytes.maketrans(f'{quote}"'.encode(), f'"{quote}'.encode()))
        places += [('"', quote), (quote, '"')]
    mark = delimiter.encode()
    if len(mark) > 1:
        stand_in = next(bytes([byte]) for byte in (*_STAND_INS, 0) if bytes([byte]) not in data)
        if delimiter == SPACES:
            data = _RUN.sub(stand_in, _EDGES.sub(b"", data))
        else:
            data = data.replace(mark, stand_in)
            places.append((stand_in.decode(), delimiter))
        delimiter = stand_in.decode()
    return Rewritten(data, delimiter, tuple(places))


def unslash(data: bytes) -> bytes:
    r"""Turn quotes behind a backslash into doubled ones, and doubled backslashes into one.

    >>> unslash(rb'"a \"b\" c"')
    b'"a ""b"" c"'
    """
    lone = (len(run[0]) for run in _RUN_OF_SLASHES.finditer(data) if data[run.end() : run.end() + 1] != b'"')
    paired = all(count % 2 == 0 for count in lone)  # that is how a writer that escapes writes them

    def escaped(run: re.Match[bytes]) -> bytes:
        behind = data[run.end() : run.end() + 1]
        return _half(run[0], behind) if paired or behind == b'"' else run[0]

    return _RUN_OF_SLASHES.sub(escaped, data)


def _half(slashes: bytes, behind: bytes) -> bytes:
    return b"\\" * (len(slashes) // 2) + (b'"' if len(slashes) % 2 and behind == b'"' else b"")
