"""Signs that nobody sees: control characters, blanks without width, soft hyphens; kept, and said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.read.text.structure import lines_of

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics

_CONTROLS: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
# The second control characters, the soft hyphen, marks of direction, and what is zero wide but for joiners.
# Behind half of a letter that was damaged before, which is said elsewhere, the first two mean nothing.
_WIDE: Final = re.compile(
    rb"(?<!\xc3[\x82\x83])\xc2[\x80-\x9f\xad]|\xe2\x80[\x8b\x8e\x8f\xaa-\xae]|\xe2\x81[\xa0-\xa4\xa6-\xaf]|\xef\xbb\xbf"
)
_BLANK: Final = 0x20
_PIECE: Final = 1 << 18  # bytes
_KEPT: Final = (
    "A control character, or another sign that cannot be seen, stands in this line; it was kept. Check its "
    "values, and take it out at the source."
)


def note_unseen(data: bytes, delimiter: str, found: Diagnostics) -> None:
    """Doubt the lines of UTF-8 text with signs that cannot be seen, blanks, tabs and line ends apart."""
    at = (
        [] if _none_low(data) else [m.start() for m in _CONTROLS.finditer(data) if m[0].decode() != delimiter]
    )
    if not data.isascii():
        at += [match.start() for match in _WIDE.finditer(data)]
    if at:
        found.note_lines(lines_of(data, at), "control_kept", _KEPT)


def _none_low(data: bytes) -> bool:
    """Whether all bytes below the blank are tabs and line ends; to count them is fast."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    low = sum(np.count_nonzero(buffer[at : at + _PIECE] < _BLANK) for at in range(0, len(buffer), _PIECE))
    return bool(low == sum(map(data.count, (b"\n", b"\r", b"\t"))) and b"\x7f" not in data)
