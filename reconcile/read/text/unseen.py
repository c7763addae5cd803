"""Signs that nobody sees: control characters, blanks without width, soft hyphens; kept, and said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.read.text.structure import lines_of

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics

_CONTROLS: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LEADS: Final = (0xC2, 0xE2, 0xEF)  # bytes with which the others begin
# Behind half of a letter that was damaged before, which is said elsewhere, they mean nothing.
_DAMAGED: Final = (b"\xc3\x82", b"\xc3\x83")
_SINGLE: Final = (b"\x0b", b"\x0c", b"\x7f")
_TAB, _SHIFT, _BLANK = np.uint8(0x09), np.uint8(0x0E), np.uint8(0x20)  # below the second, bytes wrap around
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
    at += _wide(data)
    if at:
        found.note_lines(lines_of(data, at), "control_kept", _KEPT)


def _wide(data: bytes) -> list[int]:
    """Where signs of several bytes stand: controls, soft hyphens, marks of direction, blanks of no width."""
    if not any(bytes([lead]) in data for lead in _LEADS):
        return []
    buffer = np.frombuffer(data, dtype=np.uint8)
    at = np.concatenate(
        [
            low + np.flatnonzero(np.isin(buffer[low : low + _PIECE], _LEADS))
            for low in range(0, len(data), _PIECE)
        ]
    )
    lead, second, third = (buffer[np.minimum(at + step, len(buffer) - 1)] for step in range(3))
    directed = np.isin(third, [0x8B, 0x8E, 0x8F, *range(0xAA, 0xAF)])
    unseen = (lead == 0xC2) & ((second < 0xA0) | (second == 0xAD))  # noqa: PLR2004 - bytes, as UTF-8 has them
    unseen |= (lead == 0xE2) & (second == 0x80) & directed  # noqa: PLR2004
    unseen |= (lead == 0xE2) & (second == 0x81) & (third >= 0xA0) & (third != 0xA5)  # noqa: PLR2004
    unseen |= (lead == 0xEF) & (second == 0xBB) & (third == 0xBF)  # noqa: PLR2004
    return [int(i) for i in at[unseen] if data[max(i - 2, 0) : i] not in _DAMAGED]


def _none_low(data: bytes) -> bool:
    """Whether there are no control characters but tabs and line ends; a single byte is looked for at once."""
    if any(sign in data for sign in _SINGLE):
        return False
    buffer = np.frombuffer(data, dtype=np.uint8)
    pieces = (buffer[at : at + _PIECE] for at in range(0, len(buffer), _PIECE))
    return not any((piece < _TAB).any() or (piece - _SHIFT < _BLANK - _SHIFT).any() for piece in pieces)
