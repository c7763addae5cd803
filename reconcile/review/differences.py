"""Where two texts differ, character by character, for a reader's eye."""

from __future__ import annotations

import unicodedata
from typing import Final

from rapidfuzz.distance import Levenshtein

_HALF: Final = 0.5
Pieces = list[tuple[str, bool]]  # a piece of the text, and whether it differs


def mark(left: str, right: str, /) -> tuple[Pieces, Pieces]:
    """Cut both texts into pieces that agree and pieces that differ; capitals make no difference.

    Of texts that have less than half in common every character differs, unless one is a part of the other,
    and so does a letter that agrees alone between others that differ: scattered letters tell nothing.

    >>> mark("Jonson", "JOHNSON")
    ([('Jonson', False)], [('JO', False), ('H', True), ('NSON', False)])
    >>> mark("M", "Maria")
    ([('M', False)], [('M', False), ('aria', True)])
    """
    signs = _signs(left), _signs(right)
    plain = [[sign.casefold() for sign in side] for side in signs]
    short, long = sorted(("".join(side) for side in plain), key=len)
    if Levenshtein.normalized_similarity(*plain) < _HALF and (not short or short not in long):
        return [(left, True)], [(right, True)]
    sides: tuple[Pieces, Pieces] = [], []
    steps = Levenshtein.opcodes(*plain)
    for at, step in enumerate(steps):
        texts = (
            "".join(signs[0][step.src_start : step.src_end]),
            "".join(signs[1][step.dest_start : step.dest_end]),
        )
        alone = 0 < at < len(steps) - 1 and len(texts[0]) == 1 and texts[0].isalpha()
        for side, text in zip(sides, texts, strict=True):
            side.append((text, step.tag != "equal" or alone))
    return _joined(sides[0]), _joined(sides[1])


def _signs(text: str) -> list[str]:
    """Cut a text into what a reader takes for one character: a letter keeps its accents."""
    signs: list[str] = []
    for sign in text:
        if signs and unicodedata.category(sign).startswith("M"):
            signs[-1] += sign
        else:
            signs.append(sign)
    return signs


def _joined(pieces: Pieces) -> Pieces:
    """Join neighbours of one kind, and leave out the empty ones."""
    whole: Pieces = []
    for text, differs in pieces:
        if text and whole and whole[-1][1] == differs:
            whole[-1] = (whole[-1][0] + text, differs)
        elif text:
            whole.append((text, differs))
    return whole
