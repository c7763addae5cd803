"""CCCIDs, social security numbers, telephones and addresses, all made up.

SSNs have the areas 800 to 899, which were never assigned before numbers became random in 2011.
CCCIDs are well-formed and grow with the day on which the account was made, as real ones do.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample.habits import AREA_CODES, CITIES, STREET_TYPES, STREETS, UNITS, texts

if TYPE_CHECKING:
    from reconcile.sample.habits import Text
    from reconcile.sample.kinds import Rows

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I, no O
_PREFIXES: Final = texts(["".join(letters) for letters in product(LETTERS, repeat=3)])
_DOCUMENTED: Final = ("AAA0001", "ABC1234", "CAL5736")  # examples in public documentation
_ISSUED: Final = 26_000_000  # about as many as exist
_SSNS: Final = 100 * 99 * 9999


def distinct(rng: np.random.Generator, count: int, below: int) -> Rows:
    """Draw different integers, in ascending order."""
    drawn = np.empty(0, dtype=np.int64)
    while len(drawn) < count:
        more = rng.integers(0, below, size=int((count - len(drawn)) * 1.1) + 64)
        drawn = np.unique(np.concatenate([drawn, more]))
    if len(drawn) > count:
        drawn = np.sort(rng.choice(drawn, size=count, replace=False))
    return drawn


def cccid_texts(numbers: Rows) -> Text:
    """Write the n-th CCCID: three letters in order, then 0001 to 9999."""
    letters, digits = numbers // 9999, numbers % 9999 + 1
    return np.asarray(_PREFIXES[letters] + zero_padded(digits, 4), dtype=object)


def cccid_number(text: str) -> int:
    """Say which CCCID this is, counting from AAA0001 = 0.

    >>> cccid_number("AAB0001")
    9999
    """
    first, second, third = (LETTERS.index(letter) for letter in text[:3])
    return ((first * 24 + second) * 24 + third) * 9999 + int(text[3:]) - 1


def cccids(rng: np.random.Generator, count: int) -> Rows:
    """Draw different CCCIDs in the order in which they were issued, none of the documented examples."""
    examples = [cccid_number(text) for text in _DOCUMENTED]
    drawn = distinct(rng, count + len(examples), max(_ISSUED, 3 * count))
    return drawn[~np.isin(drawn, examples)][:count]


def zero_padded(numbers: Rows, width: int) -> Text:
    """Write integers with leading zeros."""
    return pl.Series(numbers).cast(pl.String).str.zfill(width).to_numpy().astype(object)


def ssns(rng: np.random.Generator, count: int) -> Text:
    """Make different nine-digit numbers that nobody was ever given."""
    drawn = rng.permutation(distinct(rng, count, _SSNS))
    area, rest = 800 + drawn // (99 * 9999), drawn % (99 * 9999)
    return zero_padded(area * 1_000_000 + (1 + rest // 9999) * 10_000 + 1 + rest % 9999, 9)


def itins(rng: np.random.Generator, count: int) -> Text:
    """Make taxpayer numbers of the ITIN range 9xx-70 to 9xx-88."""
    area, group = rng.integers(900, 1000, count), rng.integers(70, 89, count)
    return zero_padded(area * 1_000_000 + group * 10_000 + rng.integers(1, 10_000, count), 9)


def phones(rng: np.random.Generator, count: int) -> Text:
    """Make ten-digit numbers with a Californian area code and the exchange 555."""
    codes = AREA_CODES[rng.integers(0, len(AREA_CODES), count)]
    return np.asarray(codes + "555" + zero_padded(rng.integers(0, 10_000, count), 4), dtype=object)


def addresses(rng: np.random.Generator, count: int) -> tuple[Text, Text, Text]:
    """Make street, city and ZIP code, larger cities more often."""
    shares = np.cumsum([city.share for city in CITIES])
    places = np.searchsorted(shares, rng.integers(0, shares[-1], count), side="right")
    cities, zips = np.empty(count, dtype=object), np.empty(count, dtype=object)
    for place, city in enumerate(CITIES):
        rows = np.flatnonzero(places == place)
        cities[rows] = city.name
        zips[rows] = city.zips[rng.integers(0, len(city.zips), len(rows))]
    house = (1 + (9999 * rng.random(count) ** 1.7)).astype(np.int64)
    street = zero_padded(house, 1) + " " + STREETS[rng.integers(0, len(STREETS), count)]
    street = street + " " + STREET_TYPES[rng.integers(0, len(STREET_TYPES), count)]
    flat = np.flatnonzero(rng.random(count) < 0.28)  # noqa: PLR2004 - share of flats
    unit = UNITS[rng.integers(0, len(UNITS), len(flat))]
    street[flat] = street[flat] + " " + unit + " " + zero_padded(rng.integers(1, 320, len(flat)), 1)
    return np.asarray(street, dtype=object), cities, zips
