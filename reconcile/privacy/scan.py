"""Whether a text can hold an SSN at all: one quick look at its bytes, before anything is cut into cells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE: Final = 1 << 18  # bytes that a core keeps close at hand
_REACH: Final = 11  # bytes of nnn-nn-nnnn, and of the longest of the words
_WORDS: Final = (
    "ssn", "ss#", "ss #", "socsec", "soc sec", "soc.sec", "soc. sec", "socialsec", "social sec",
    "social.sec", "social. sec",
)  # fmt: skip
_DASHED: Final = re.compile(
    rb"[0-9]{3}(?:[- ]|\xe2\x80[\x90-\x95])[0-9]{2}(?:[- ]|\xe2\x80[\x90-\x95])[0-9]{4}"
)


def may_hold_ssn(text: bytes, /) -> bool:
    """Say whether UTF-8 text holds nine digits in the shape of an SSN, or speaks of SSNs at all.

    Nine bare digits are no sign: any id has them.

    >>> may_hold_ssn(b"A0012345,555-12-3456"), may_hold_ssn(b"A0012345,555-123-4567")
    (True, False)
    """
    if b"\xe2" in text and b"\xe2\x80" in text and _DASHED.search(text):  # dashes of other kinds
        return True
    buffer = np.frombuffer(text, dtype=np.uint8)
    pieces = (buffer[low : low + _PIECE + _REACH - 1] for low in range(0, len(buffer), _PIECE))
    return any(_shaped(piece) or _speaks(piece) for piece in pieces)


def _shaped(piece: NDArray[np.uint8]) -> bool:
    """Look for three digits, a hyphen or a space, two digits, the like, and four digits."""
    room = max(len(piece) - _REACH + 1, 0)
    apart = (piece == ord("-")) | (piece == ord(" "))
    at = np.flatnonzero(apart[3 : 3 + room] & apart[6 : 6 + room])
    for digit in (0, 1, 2, 4, 5, 7, 8, 9, 10):
        if not len(at):
            return False
        at = at[piece[at + digit] - ord("0") < 10]  # noqa: PLR2004 - digits; below them bytes wrap around
    return bool(len(at))


def _speaks(piece: NDArray[np.uint8]) -> bool:
    """Look for the words, in letters of any case."""
    lower = np.append(piece | 0x20, np.zeros(_REACH, dtype=np.uint8))
    begins = np.flatnonzero(lower == ord("s"))
    second = lower[begins + 1]
    begins = begins[(second == ord("s")) | (second == ord("o"))]
    return any(_spelled(lower, begins, word) for word in _WORDS)


def _spelled(lower: NDArray[np.uint8], at: NDArray[np.int64], word: str) -> bool:
    for place, letter in enumerate(word):
        at = at[lower[at + place] == ord(letter)]
    return bool(len(at))
