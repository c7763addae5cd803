"""How often a stranger shares a value by chance, in whole bits; names are not independent of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.score.levels import NULL, RAREST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.encode import Encoded, Side

    Counts = NDArray[np.float64]
    Bits = NDArray[np.uint8]
    Whole = NDArray[np.int64]

# Chance that two strangers agree on a field when nothing is known of the table: the prior of frequencies.
CHANCE: Final = {
    "key_first": 0.004, "key_middle": 0.008, "key_last": 0.001, "key_suffix": 0.4,
    "key_email": 1e-6, "key_phone": 1e-6, "key_ssn": 1e-8, "key_ssn4": 1e-4, "key_ssid": 1e-8,
    "key_zip": 0.003, "key_street": 1e-5, "key_city": 0.02,
}  # fmt: skip
CHANCE_OF_KIND: Final = {"name": 0.002, "date": 1e-4, "code": 1e-6, "text": 0.01, "category": 0.2}
_DAYS: Final = 365.25
_DOUBT: Final = 10.0  # meetings of full names that a cell must show before its own rate outweighs the average
_ENOUGH: Final = 10_000  # rows
_PAIR: Final = 2.0  # records that a matching pair accounts for itself
_OF_A_YEAR: Final = 4.0  # records of a name in a year that weigh as much as the name's share in all years


@dataclass(frozen=True)
class Rarity:
    """Bits that an exact agreement is worth.

    Attributes:
        of_value: by column and code of the value.
        first_in_year: by row of the left table, of its first name among those born in the same year.
        last_given_first: by row of the left table, of its last name among those of its first name.
        last_given_first_apart: the same where the two birthdates differ: if they are one person's, then one
            of them is wrong and stands for nobody.
    """

    of_value: dict[str, Bits]
    first_in_year: Bits | None
    last_given_first: Bits | None
    last_given_first_apart: Bits | None = None


def rarity(encoded: Encoded, persons: tuple[Counts, Counts] | None = None, /) -> Rarity:
    """Count values.

    Args:
        encoded: both tables.
        persons: what each row of the left and of the right table counts for; a row counts for half a
            person where it has a likely partner. One each when None.
    """
    sides = (encoded.left,) if encoded.one_table else (encoded.left, encoded.right)
    weight = np.ones(sum(side.rows for side in sides))
    if persons is not None:
        weight = np.concatenate(persons[: len(sides)])
    rows = _Rows(sides, weight)
    own = _PAIR if persons is None else 1.0
    bits, shares = {}, {}
    for column, size in encoded.sizes.items():
        codes = rows.column(column)
        known = codes != NULL
        counts = np.bincount(codes[known], weights=weight[known], minlength=size).astype(np.float64)
        chance: float | Counts
        if column == "key_birth":
            chance = _of_days(encoded, counts)
        else:
            chance = CHANCE.get(column) or CHANCE_OF_KIND[encoded.kinds[column]]
        shares[column] = _share(counts, own, chance)
        bits[column] = _whole(-np.log2(shares[column]))
    first_in_year = last = apart = None
    if "key_first" in bits and "key_birth" in bits:
        first_in_year = _first_in_year(encoded, rows, shares["key_first"], own)
    if "key_first" in bits and "key_last" in bits:
        last, apart = _last_given_first(encoded, rows, bits, own)
    return Rarity(bits, first_in_year, last, apart)


@dataclass(frozen=True)
class _Rows:
    """The rows of all tables, one after the other, and what each counts for."""

    sides: tuple[Side, ...]
    weight: Counts

    def column(self, name: str) -> NDArray[np.int32]:
        return np.concatenate([side.codes[name] for side in self.sides])


def _of_days(encoded: Encoded, counts: Counts) -> Counts:
    """The chance of each day before it is counted itself: a part of its year's."""
    years = encoded.vocabulary["key_birth"].dt.year().to_numpy()
    if not len(years):
        return counts
    of_year = np.bincount(years - years.min(), weights=counts) + 1
    made: Counts = (of_year / of_year.sum())[years - years.min()] / _DAYS
    return made


def _share(counts: Counts, own: float, chance: float | Counts) -> Counts:
    """The chance of each value among strangers.

    The prior, worth one occurrence, keeps a small table from believing that one birthdate in its few
    hundred rows is one in a few hundred people's.
    """
    found: Counts = (np.maximum(counts - own, 0) + 1) / (counts.sum() + 1 / np.asarray(chance))
    return found


def _whole(bits: Counts) -> Bits:
    return np.clip(np.rint(bits), 0, RAREST).astype(np.uint8)


def _first_in_year(encoded: Encoded, rows: _Rows, share: Counts, own: float) -> Bits:
    """Bits of every left row's first name among those born in its year: names follow birth years.

    A name's share in a year starts at its share in all years, worth a few records.
    """
    first, weight = rows.column("key_first"), rows.weight
    year = np.concatenate([encoded.years(side) for side in rows.sides])
    known = np.flatnonzero((first != NULL) & (year != NULL))
    first, year = first[known], year[known]
    cells, place = np.unique(first.astype(np.int64) << 32 | year, return_inverse=True)
    n = np.bincount(place, weights=weight[known], minlength=len(cells))
    of_year = np.bincount(year, weights=weight[known])[cells & 0xFFFFFFFF] if len(cells) else n
    expected = share[cells >> 32] * np.maximum(of_year - own, 0)
    ratio = (np.maximum(n - own, 0) + _OF_A_YEAR) / (expected + _OF_A_YEAR)
    bits = _whole(-np.log2(np.minimum(share[cells >> 32] * ratio, 1)))
    made = np.zeros(len(weight), dtype=np.uint8)
    made[known] = bits[place]
    return made[: encoded.left.rows]


def _last_given_first(encoded: Encoded, rows: _Rows, bits: dict[str, Bits], own: float) -> tuple[Bits, Bits]:
    """Bits of every left row's last name among those who share its first name as well.

    Names go together: a Nguyen is more often called Thuy than others are, so a shared full name says
    less than its halves would if they were independent. How much less is counted, for common and rare
    names apart, on full names that meet without a shared birthdate, which are strangers' almost all.
    """
    first, last, weight = rows.column("key_first"), rows.column("key_last"), rows.weight
    known = np.flatnonzero((first != NULL) & (last != NULL))
    names, place, n = np.unique(
        first[known].astype(np.int64) << 32 | last[known], return_inverse=True, return_counts=True
    )
    f, l = names >> 32, names & 0xFFFFFFFF  # noqa: E741 - first, last
    bits_f, bits_l = bits["key_first"].astype(np.int64)[f], bits["key_last"].astype(np.int64)[l]
    # Records of one name and birthdate are mostly one person, who is no stranger to itself.
    persons = np.bincount(place, weights=weight[known], minlength=len(names)) if own < _PAIR else n - 1.0
    born = np.zeros((2, 0), dtype=np.int64)  # name and count of each name and birthdate
    if "key_birth" in encoded.sizes:
        birth = rows.column("key_birth")[known]
        dated = birth != NULL
        keys, count = np.unique(place[dated].astype(np.int64) << 32 | birth[dated], return_counts=True)
        born = np.stack([keys >> 32, count])
        persons = persons if own < _PAIR else np.bincount(born[0], minlength=len(names)).astype(np.float64)
    chance = np.exp2(-(bits_f + bits_l).astype(np.float64))
    if len(weight) >= _ENOUGH:  # in a small table the matches are most of the full names that meet
        chance *= _dependence(n, born, bits_f, bits_l)[bits_f, bits_l]
    made = []
    for others in (persons - 1, persons - _PAIR if own == _PAIR else persons - 1):
        share = (np.maximum(others, 0) + 1) / (n.sum() + 1 / np.minimum(chance, 1.0))
        given = np.zeros(len(weight), dtype=np.uint8)
        given[known] = _whole(np.maximum(-np.log2(share) - bits_f, 0))[place]
        made.append(given[: encoded.left.rows])
    return made[0], made[1]


def _dependence(n: Whole, born: Whole, bits_f: Whole, bits_l: Whole) -> Counts:
    """By how much more often full names meet than independent halves would, by the halves' bits."""
    width = RAREST + 1
    cell = bits_f * width + bits_l
    met = np.bincount(cell, weights=(n * (n - 1)).astype(np.float64), minlength=width**2)
    met -= np.bincount(
        cell[born[0]], weights=(born[1] * (born[1] - 1)).astype(np.float64), minlength=width**2
    )
    # Meetings of independent halves: a share of 2^-bits each, among as many records as have those bits.
    of_first, of_last = (np.bincount(bits, weights=n, minlength=width) for bits in (bits_f, bits_l))
    rare = np.exp2(-np.arange(width, dtype=np.float64))
    expected = np.outer(of_first * rare, of_last * rare).ravel()
    overall = (met.sum() + _DOUBT) / (expected.sum() + _DOUBT)
    factor: Counts = np.maximum((met + _DOUBT * overall) / (expected + _DOUBT), 1.0)
    return factor.reshape(width, width)
