"""Whether a text can hold an SSN at all: one quick look at its bytes, before anything is cut into cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE: Final = 1 << 18  # bytes that a core keeps close at hand
_SHAPE: Final = 11  # bytes of nnn-nn-nnnn
_DASHED: Final = re.compile(
    rb"[0-9]{3}(?:[- ]|\xe2\x80[\x90-\x95])[0-9]{2}(?:[- ]|\xe2\x80[\x90-\x95])[0-9]{4}"
)
_WORDS: Final = "(?i)ssn|ss ?#|soc"


def may_hold_ssn(text: bytes, /) -> bool:
    """Say whether UTF-8 text holds nine digits in the shape of an SSN, or speaks of SSNs at all.

    Nine bare digits are no sign: any id has them.

    >>> may_hold_ssn(b"A0012345,555-12-3456"), may_hold_ssn(b"A0012345,555-123-4567")
    (True, False)
    """
    if _in_place(text).str.contains(_WORDS)[0]:
        return True
    if b"\xe2" in text and b"\xe2\x80" in text:  # dashes of other kinds
        return bool(_DASHED.search(text))
    buffer = np.frombuffer(text, dtype=np.uint8)
    pieces = range(0, max(len(buffer) - _SHAPE + 1, 0), _PIECE)
    return any(_shaped(buffer[low : low + _PIECE + _SHAPE - 1]) for low in pieces)


def _in_place(text: bytes) -> pl.Series:
    """One value that is the whole text, which is not copied."""
    ends = pa.py_buffer(np.array([0, len(text)], dtype=np.int64).tobytes())
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(text)])
    return cast("pl.Series", pl.from_arrow(whole.cast(pa.large_string())))


def _shaped(piece: NDArray[np.uint8]) -> bool:
    """Look for three digits, a hyphen or a space, two digits, the like, and four digits."""
    room = len(piece) - _SHAPE + 1
    apart = (piece == ord("-")) | (piece == ord(" "))
    at = np.flatnonzero(apart[3 : 3 + room] & apart[6 : 6 + room])
    for digit in (0, 1, 2, 4, 5, 7, 8, 9, 10):
        if not len(at):
            return False
        at = at[piece[at + digit] - ord("0") < 10]  # noqa: PLR2004 - digits; below them bytes wrap around
    return bool(len(at))
