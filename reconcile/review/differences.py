"""Where two texts differ, character by character, for a reader's eye."""

from __future__ import annotations

from typing import Final

from rapidfuzz.distance import Levenshtein

_HALF: Final = 0.5
Pieces = list[tuple[str, bool]]  # a piece of the text, and whether it differs


def mark(left: str, right: str, /) -> tuple[Pieces, Pieces]:
    """Cut both texts into pieces that agree and pieces that differ; capitals make no difference.

    Of texts that have less than half in common every character differs: scattered letters tell nothing.

    >>> mark("Jonson", "JOHNSON")
    ([('Jonson', False)], [('JO', False), ('H', True), ('NSON', False)])
    """
    plain = [[sign.casefold() for sign in text] for text in (left, right)]
    if Levenshtein.normalized_similarity(*plain) < _HALF:
        return [(left, True)], [(right, True)]
    steps = Levenshtein.opcodes(*plain)
    sides = (
        [(left[step.src_start : step.src_end], step.tag != "equal") for step in steps],
        [(right[step.dest_start : step.dest_end], step.tag != "equal") for step in steps],
    )
    return _joined(sides[0]), _joined(sides[1])


def _joined(pieces: Pieces) -> Pieces:
    """Join neighbours of one kind, and leave out the empty ones."""
    whole: Pieces = []
    for text, differs in pieces:
        if text and whole and whole[-1][1] == differs:
            whole[-1] = (whole[-1][0] + text, differs)
        elif text:
            whole.append((text, differs))
    return whole
