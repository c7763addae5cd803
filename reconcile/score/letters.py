"""What can be said of two words before they are compared letter by letter.

Most pairs of names have nothing in common. A signature of each word (which letters it has, and which of
them twice) bounds from above how similar two words can be, for a few nanoseconds a pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Objects = NDArray[Any]

_LETTERS: Final = 26
_ALPHABET: Final = tuple("abcdefghijklmnopqrstuvwxyz")
_TWICE: Final = 0.1  # what Jaro-Winkler adds for each of the first letters that agree
_FRONT: Final = 4  # letters at the front that it looks at
_OTHER: Final = np.uint64(0xFFF) << np.uint64(52)  # a word that the signature cannot hold


@dataclass(frozen=True)
class Words:
    """A sorted vocabulary and what is derived from it once.

    Attributes:
        text: the words.
        length: in letters.
        signature: bit n: the n-th letter occurs; bit 26 + n: twice; the twelve above: anything else.
        front: the first four letters, a byte each.
    """

    text: Objects
    length: NDArray[np.int16]
    signature: NDArray[np.uint64]
    front: NDArray[np.uint32]

    @classmethod
    def of(cls, vocabulary: pl.Series, /) -> Words:
        """Derive lengths, signatures and fronts."""
        word = pl.col("word")
        told = pl.DataFrame({"word": vocabulary}).select(
            word.str.len_chars().alias("length"),
            *(word.str.count_matches(letter, literal=True).alias(letter) for letter in _ALPHABET),
            *(word.str.slice(place, 1).alias(f"front_{place}") for place in range(_FRONT)),
        )
        length = told["length"].to_numpy().astype(np.int16)
        made, rest = np.zeros(len(vocabulary), dtype=np.uint64), length.astype(np.int64)
        for place, letter in enumerate(_ALPHABET):
            times = told[letter].to_numpy()
            made |= (times >= 1).astype(np.uint64) << np.uint64(place)
            made |= (times >= 2).astype(np.uint64) << np.uint64(_LETTERS + place)  # noqa: PLR2004 - twice
            rest -= np.minimum(times, 2)
        made[rest > 0] |= _OTHER
        front = np.zeros(len(vocabulary), dtype=np.uint32)
        for place in range(_FRONT):
            letter_at = told[f"front_{place}"]
            # Letters of other scripts share bytes, which makes the bound looser and never wrong.
            byte = letter_at.hash(0) % 255 + 1
            known = (letter_at != "").fill_null(value=False)
            front |= np.where(known, byte, 0).astype(np.uint32) << np.uint32(8 * place)
        return cls(vocabulary.to_numpy(allow_copy=True), length, made, front)

    def may_resemble(self, a: Codes, b: Codes, least: float, /) -> NDArray[np.bool_]:
        """Say which pairs can reach a Jaro-Winkler similarity; those left out cannot."""
        one, other = self.signature.take(a), self.signature.take(b)
        shared = one & other
        common = np.bitwise_count(shared).astype(np.float32)
        long_a, long_b = self.length.take(a), self.length.take(b)
        unknown = np.flatnonzero(shared & _OTHER)
        common[unknown] = np.minimum(long_a[unknown], long_b[unknown])
        jaro = (common / long_a + common / long_b + 1) / 3
        open_: NDArray[np.bool_] = jaro >= (least - _FRONT * _TWICE) / (1 - _FRONT * _TWICE)
        found = np.flatnonzero(open_)
        agreed = self.agreeing_front(a[found], b[found]) * np.float32(_TWICE)
        bound = np.minimum(jaro[found], 1)
        open_[found] = bound + agreed * (1 - bound) >= least - 1e-4
        return open_

    def agreeing_front(self, a: Codes, b: Codes, /) -> NDArray[np.int16]:
        """Count the letters that agree at the front, at most four."""
        differ = self.front.take(a) ^ self.front.take(b)
        fronts = [(differ & np.uint32((1 << (8 * n)) - 1)) == 0 for n in range(1, _FRONT + 1)]
        agreeing = np.sum(fronts, axis=0, dtype=np.int16)
        return np.minimum(agreeing, np.minimum(self.length.take(a), self.length.take(b)))
