"""The levels of candidate pairs, field by field, on integer arrays; a pair becomes one pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.columns import DECLARED
from reconcile.score.contacts import Contacts
from reconcile.score.dates import Dates
from reconcile.score.declared import Declared
from reconcile.score.frequency import rarity
from reconcile.score.levels import FIELD, FIELDS, MISSING, NULL, Layout, declared
from reconcile.score.names import Births, Names, start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.encode import Codes, Encoded, Side
    from reconcile.score.frequency import Counts
    from reconcile.score.fuzzy import Levels
    from reconcile.score.levels import Patterns

    Flags = NDArray[np.bool_]

_BIRTH: Final = FIELD["birthdate"]
_STEPS: Final = np.uint64(2)


class Comparer:
    """Compares rows of two encoded tables; holds what is derived from the vocabularies once.

    Attributes:
        encoded: the tables.
        layout: the fields that both have, and their places in a pattern.
        rarity: what an exact agreement is worth, by value.
    """

    def __init__(self, encoded: Encoded, /) -> None:
        """Derive frequencies, digits and nickname keys from the vocabularies."""
        self.encoded = encoded
        self._names = Names(encoded)
        self._contacts = Contacts(encoded)
        self._declared = Declared(encoded)
        shared = set(encoded.sizes)
        known = {field.name for field in (*self._names.fields, *self._contacts.fields)}
        if "key_birth" in shared:
            known.add("birthdate")
            self._dates = Dates(encoded.vocabulary["key_birth"])
            self._years = tuple(encoded.years(side) for side in (encoded.left, encoded.right))
        further = [declared(column.removeprefix(DECLARED), kind) for column, kind in encoded.kinds.items()]
        self.layout = Layout.of([*(field for field in FIELDS if field.name in known), *further])
        self.rarity = rarity(encoded)

    def count_persons(self, persons: tuple[Counts, Counts], /) -> None:
        """Count values anew, each row for the share of a person that it is."""
        self.rarity = rarity(self.encoded, persons)

    def patterns(self, left: Codes, right: Codes, /) -> Patterns:
        """Compare rows `left[k]` with `right[k]`, for every k."""
        birth = None
        made: dict[str, Levels] = {}
        if "birthdate" in self.layout.names:
            one, other = self._years
            year = one.take(left)
            levels = made["birthdate"] = self._birthdate(left, right)
            birth = Births(
                same_year=(year == other.take(right)) & (year != NULL),
                apart=(levels != MISSING) & (levels < _BIRTH.exact),
            )
        made |= self._names.levels(left, right, self.rarity, birth)
        made |= self._contacts.levels(left, right, self.rarity)
        made |= self._declared.levels(left, right, self.rarity)
        patterns = np.zeros((self.layout.words, len(left)), dtype=np.int64)
        for field, (word, shift) in zip(self.layout.fields, self.layout.places, strict=True):
            patterns[word] |= made[field.name].astype(np.int64) << shift
        return patterns

    def _birthdate(self, left: Codes, right: Codes) -> Levels:
        one, other = self.encoded.left, self.encoded.right
        a, b = one.codes["key_birth"].take(left), other.codes["key_birth"].take(right)
        levels, open_ = start(_BIRTH, a, b, self.rarity.of_value["key_birth"])
        levels[open_] = self._dates.levels(a[open_], b[open_], _BIRTH)
        weak = open_[one.weak.take(left[open_]) | other.weak.take(right[open_])]
        alike = self._dates.year[a[weak]] == self._dates.year[b[weak]]
        levels[weak] = np.where(alike, _BIRTH.code("same_year"), _BIRTH.code("other_year"))
        return levels

    def swapped_chance(self) -> float:
        """Chance that a stranger's first name is the other's last name and the reverse."""
        if not {"key_first", "key_last"} <= set(self.encoded.sizes):
            return 0.0
        shares = [
            np.exp2(-self.rarity.of_value[column].astype(np.float64)) for column in ("key_first", "key_last")
        ]
        held = [_held(self.encoded, column) for column in ("key_first", "key_last")]
        both = held[0] & held[1]
        return float(np.dot(shares[0][both], shares[1][both]) ** 2)


def _held(encoded: Encoded, column: str) -> Flags:
    """Say which values a column has in either table."""
    found = np.zeros(encoded.sizes[column], dtype=np.bool_)
    for side in (encoded.left, encoded.right):
        codes = side.codes[column]
        found[codes[codes != NULL]] = True
    return found


def chosen_pairs(side: Side, other: Side, wanted: int, /) -> tuple[Codes, Codes]:
    """Choose pairs of rows by a hash of their number in the chain, the same ones in every run."""
    steps = np.arange(wanted, dtype=np.uint64)
    left = (_mixed(steps * _STEPS) % np.uint64(side.rows)).astype(np.int32)
    right = (_mixed(steps * _STEPS + np.uint64(1)) % np.uint64(other.rows)).astype(np.int32)
    if side is other:
        keep = left != right
        return left[keep], right[keep]
    return left, right


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble numbers (the finalizer of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        values = (values + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))
