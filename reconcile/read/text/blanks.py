"""Whether text looks like fixed width: columns of blanks stand at the same place on all lines."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.read.text.footer import is_foot
from reconcile.read.text.rewrite import SPACES
from reconcile.read.text.samples import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.layouts.positions import Place
    from reconcile.read.raw import RawTable
    from reconcile.read.text.structure import Flags

_LOOKED_AT: Final = 1_000  # lines
_LONGEST: Final = 20_000  # characters of a line
_FEWEST: Final = 3  # lines whose blanks may stand below one another by chance
_ENOUGH: Final = 8
_TITLES: Final = 6
_BLANK: Final = ord(" ")
_OFTEN: Final = 0.2
_MOSTLY: Final = 0.9
_REMEDY: Final = "Draft a layout that says where each field stands: `reconcile map FILE --fixed`."
_LOOKS: Final = "The lines look like fixed width: {}. If they are, columns are cut wrongly here. " + _REMEDY


def note_fixed(text: bytes, raw: RawTable, found: Diagnostics) -> None:
    """Note text that was read as delimited although it is rather of fixed width (`looks_fixed`).

    Args:
        text: UTF-8, as it was read.
        raw: what became of it.
        found: takes the diagnostic.
    """
    if found.has("ruler"):  # a table that is drawn
        return
    lines = _padded_lines(text)
    several = raw.frame.width > 1
    if several and raw.delimiter not in {SPACES, " "} and _aligned(lines, raw.delimiter):
        return
    fields = len(find_fields(lines))
    if fields > 1:
        found.note("looks_fixed", _LOOKS.format(f"{fields} fields stand below one another"))
    elif not several and _begins_alike(lines):
        found.note("looks_fixed", _LOOKS.format("texts begin at the same character on all lines"))


def with_remedy(refusal: str, text: bytes) -> str:
    """Add to the message of a refused text that it looks like fixed width, if it does."""
    looks = len(find_fields(_padded_lines(text))) > 1
    return f"{refusal} Or is it fixed width? {_REMEDY}" if looks else refusal


def _padded_lines(text: bytes) -> list[str]:
    """The first lines of a text that blanks could have filled up; none of another one."""
    return [] if b"  " not in text[:SAMPLE] or b"\t" in text[:SAMPLE] else sample_lines(text)


def sample_lines(text: bytes, /) -> list[str]:
    """The first lines that hold anything, without line ends, page breaks and the blanks behind them."""
    part = text[:SAMPLE]
    whole = part if len(part) == len(text) else part[: part.rfind(b"\n") + 1] or part
    lines = whole.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = [line.strip("\f\x1a\0").rstrip()[:_LONGEST] for line in lines]
    return [line for line in lines if line][:_LOOKED_AT]


def find_fields(lines: Sequence[str], /) -> list[Place]:
    """Find the stretches of characters, counted from 1, between columns that are blank on every line.

    Answers no stretch where blanks below one another may be chance, or only part of values that are all
    written alike.

    >>> find_fields(["A1  Ann Lee   7", "A22 Bo        8", "A3  Catherine 9", "A4  Di        6"])
    [(1, 3), (5, 13), (15, 15)]
    """
    return find_table(lines)[1]


def find_table(lines: Sequence[str], /) -> tuple[int, list[Place]]:
    """Find, besides the fields, how many lines stand above those that they were found on."""
    end = len(lines)
    while end and end > len(lines) - _FEWEST and is_foot(lines[end - 1]):
        end -= 1
    runs = [line.count("  ", 0, _LONGEST) > 0 for line in lines[:end]]
    parted = sum(runs) * 2 > end
    for top in range(min(_TITLES, end - _FEWEST + 1)):
        if parted and not runs[top]:  # a title: its text goes on where rows are blank
            continue
        filled = occupied(lines[top:end])
        fields = stretches(np.asarray(filled.any(axis=0)))
        if len(fields) > 1 and _padded(filled, fields):
            return top, fields
    return 0, []


def occupied(lines: Sequence[str], /) -> Flags:
    """Say for each line and character whether something stands there."""
    width = max(map(len, lines))
    codes = np.array([line.ljust(width) for line in lines], dtype=f"<U{width}").view(np.uint32)
    filled: Flags = codes.reshape(len(lines), width) > _BLANK
    return filled


def stretches(filled: Flags, /) -> list[Place]:
    """The runs of characters that are filled, counted from 1."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], filled.astype(np.int8), [0]])))
    return [(int(first) + 1, int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _padded(filled: Flags, fields: Sequence[Place]) -> bool:
    """Whether values of unequal length end at different distances from a next one that begins alike."""
    if len(filled) < _ENOUGH and len(fields) < _FEWEST:
        return False
    padded = 0
    for (first, last), (after, behind) in pairwise(fields):
        left, right = filled[:, first - 1 : last], filled[:, after - 1 : behind]
        both = left.any(axis=1) & right.any(axis=1)
        if not both.any():
            continue
        gap = left[both][:, ::-1].argmax(axis=1) + right[both].argmax(axis=1)
        padded += len(np.unique(gap)) > 1 and (gap > 0).mean() >= _OFTEN
    return padded > 0


def _begins_alike(lines: Sequence[str]) -> bool:
    """Whether behind blanks a text begins at one character on nearly all lines."""
    if len(lines) < _ENOUGH:
        return False
    filled = occupied(lines)
    blank = ~filled
    begins = filled[:, 2:] & blank[:, 1:-1] & blank[:, :-2]
    often = begins.mean(axis=0) >= _OFTEN
    return bool((often & (filled[:, 2:].mean(axis=0) >= _MOSTLY)).any())


def _aligned(lines: Sequence[str], mark: str) -> bool:
    """Whether the delimiter stands on all lines at the same characters: then it does separate fields."""
    at = {tuple(i for i, sign in enumerate(line) if sign == mark[:1]) for line in lines[:_ENOUGH]}
    return len(at) == 1
