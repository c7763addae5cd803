"""String similarity of pairs of values; the only importer of rapidfuzz.

Each judge takes two arrays of codes into a vocabulary, of equal length and unequal values, and answers
for every pair. What letters alone rule out is never compared.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from reconcile.score.letters import Words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Levels = NDArray[np.uint8]

NICKNAME, ONE_EDIT, NEAR, FAR, INITIAL, DIFFERENT = 1, 2, 3, 4, 5, 6
_NEAR: Final = 0.88
_FAR: Final = 0.8
_HOPELESS: Final = 0.7  # below it no pair of names is an edit or two apart unless it is very short
_SHORTEST_EDIT: Final = 5  # one edit makes another name of a short one: Ann, Ian; Kim, Tim
_SHORTEST_TWO: Final = 6  # two edits do of one of less than six letters
_SHORTEST_STEM: Final = 3
_TWO: Final = 2
_LARGE: Final = 10_000  # words, beyond which letters are only looked at for many pairs
_SALT: Final = 0x9E3779B1
_SLOTS: Final = 1 << 21


class Spelling:
    """Judges words by spelling alone: one edit, near, far, different."""

    def __init__(self, vocabulary: pl.Series, /) -> None:
        """Keep the words; what bounds similarity is derived when enough pairs ask for it."""
        self._vocabulary = vocabulary
        self._words: Words | None = None

    @property
    def words(self) -> Words:
        """The words and what is derived from them."""
        if self._words is None:
            self._words = Words.of(self._vocabulary)
        return self._words

    def __call__(self, a: Codes, b: Codes, /) -> Levels:
        """Judge each pair."""
        if self._words is None and len(self._vocabulary) > max(_LARGE, len(a)):
            return _spelled(*(self._vocabulary.gather(part) for part in (a, b)))
        out = np.full(len(a), DIFFERENT, dtype=np.uint8)
        likely = np.flatnonzero(self.words.may_resemble(a, b, _HOPELESS))
        if len(likely):
            texts = (pl.Series(self.words.text[part[likely]], dtype=pl.String) for part in (a, b))
            out[likely] = _spelled(*texts)
        return out


def _spelled(one: pl.Series, other: pl.Series) -> Levels:
    """Judge pairs of words letter by letter."""
    x, y = one.to_numpy(allow_copy=True), other.to_numpy(allow_copy=True)
    lengths = [part.str.len_chars().to_numpy().astype(np.int16) for part in (one, other)]
    similar = similarity(x, y, _HOPELESS)
    found = np.where(similar >= _NEAR, NEAR, np.where(similar >= _FAR, FAR, DIFFERENT)).astype(np.uint8)
    longest, close = np.maximum(*lengths), np.abs(lengths[0] - lengths[1]) <= _TWO
    some = np.flatnonzero((similar >= _HOPELESS) & close & (longest > _SHORTEST_STEM))
    if not len(some):
        return found
    edits = process.cpdist(
        x[some], y[some], scorer=OSA.distance, score_cutoff=_TWO, dtype=np.uint8, workers=-1
    )
    longest = longest[some]
    found[some[(edits == _TWO) & (longest >= _SHORTEST_TWO) & (found[some] == DIFFERENT)]] = FAR
    found[some[(edits <= 1) & (longest < _SHORTEST_EDIT)]] = NEAR
    found[some[(edits <= 1) & (longest >= _SHORTEST_EDIT)]] = ONE_EDIT
    return found


class FirstNames:
    """Judges first names: nickname or stem, initial, else by spelling."""

    def __init__(self, vocabulary: pl.Series, /) -> None:
        """Look the nicknames up that occur."""
        self.spelling = Spelling(vocabulary)
        self.words = self.spelling.words
        self._nicknames = nickname_codes(vocabulary.to_list())
        self._slots = np.zeros(_SLOTS, dtype=np.bool_)
        self._slots[_slot(self._nicknames >> 32, self._nicknames & 0xFFFFFFFF)] = True

    def __call__(self, a: Codes, b: Codes, /) -> Levels:
        """Judge each pair."""
        out = self.spelling(a, b)
        words = self.words
        shorter = np.minimum(words.length.take(a), words.length.take(b))
        front = words.agreeing_front(a, b)
        likely = np.flatnonzero((front >= _SHORTEST_STEM) & (shorter >= _SHORTEST_STEM))
        stem = [
            x.startswith(y) or y.startswith(x)
            for x, y in zip(words.text[a[likely]], words.text[b[likely]], strict=True)
        ]
        out[likely[np.array(stem, dtype=np.bool_)]] = NICKNAME
        out[self._nicknamed(a, b)] = NICKNAME
        out[(shorter == 1) & (front == 1)] = INITIAL
        return out

    def _nicknamed(self, a: Codes, b: Codes) -> NDArray[np.intp]:
        low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
        likely = np.flatnonzero(self._slots.take(_slot(low, high)))
        keys = (low[likely] << 32) | high[likely]
        return likely[np.isin(keys, self._nicknames)]


def _slot(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
    """Map a pair of codes to one of many slots; few pairs that are no nicknames share one with some."""
    return ((low * _SALT) ^ high) & (_SLOTS - 1)


class Close:
    """Judges values as near or far by Jaro-Winkler, or different."""

    def __init__(self, vocabulary: pl.Series, near: float, far: float = 1.0, /) -> None:
        """Derive what bounds similarity."""
        self.words, self._near, self._far = Words.of(vocabulary), near, far

    def __call__(self, a: Codes, b: Codes, /) -> Levels:
        """Judge each pair."""
        out = np.full(len(a), DIFFERENT, dtype=np.uint8)
        least = min(self._near, self._far)
        likely = np.flatnonzero(self.words.may_resemble(a, b, least))
        similar = similarity(self.words.text[a[likely]], self.words.text[b[likely]], least)
        out[likely[similar >= least]] = FAR
        out[likely[similar >= self._near]] = NEAR
        return out


def similarity(x: NDArray[Any], y: NDArray[Any], least: float, /) -> NDArray[np.float32]:
    """Jaro-Winkler similarity of two arrays of texts, 0 below `least`."""
    if not len(x):
        return np.zeros(0, dtype=np.float32)
    scorer = JaroWinkler.similarity
    return process.cpdist(x, y, scorer=scorer, score_cutoff=least, dtype=np.float32, workers=-1)


@cache
def nickname_pairs() -> frozenset[tuple[str, str]]:
    """Pairs of first names that one person goes by: formal and short, or two short forms of one."""
    from nicknames import name_triplets  # noqa: PLC0415 - read once, when first names differ

    short: dict[str, set[str]] = {}
    for triplet in name_triplets():
        short.setdefault(triplet.name1, set()).add(triplet.name2)
    more = resources.files("reconcile.score").joinpath("nicknames.csv").read_text("utf-8")
    for line in more.splitlines():
        formal, *others = line.split(",")
        short.setdefault(formal, set()).update(others)
    pairs = set()
    for formal, forms in short.items():
        group = sorted({formal, *forms})
        pairs |= {(x, y) for place, x in enumerate(group) for y in group[place + 1 :]}
    return frozenset(pairs)


def nickname_codes(vocabulary: list[str], /) -> NDArray[np.int64]:
    """The nickname pairs as keys of codes, those that occur in a (sorted) vocabulary."""
    place = {name: code for code, name in enumerate(vocabulary)}
    keys = [
        (min(place[x], place[y]) << 32) | max(place[x], place[y])
        for x, y in nickname_pairs()
        if x in place and y in place
    ]
    return np.array(sorted(keys), dtype=np.int64)
