"""The closed set of comparison levels of every field, and how levels pack into one pattern.

A pair's levels become one number of up to 63 bits, a few bits a field, so that counting patterns is a
GROUP BY of one column; tables with many declared fields need a second such number. Code 0 is "missing",
then the levels named here, and from `Field.exact` on the exact level, split by how frequent the value is:
code exact + b says that a stranger agrees with chance 2^-b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    # One row a word of the pattern, one column a pair; nearly always a single row.
    Patterns = NDArray[np.int64]

MISSING: Final = 0
NULL: Final = -1  # the code of no value
RAREST: Final = 20  # bits: a value of one in a million or rarer
_WORD: Final = 63
KINDS: Final = ("name", "date", "code", "text", "category")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that two records are compared by.

    Attributes:
        name: as in w_<name> and level_<name>.
        levels: names of the codes 1, 2, …; exact comes apart.
        second: those levels that form a scale of their own, because less was comparable
            (an initial instead of a middle name, the last four digits instead of the SSN).
        kind: of a declared field, else "".
    """

    name: str
    levels: tuple[str, ...]
    second: tuple[str, ...] = ()
    kind: str = ""

    @property
    def exact(self) -> int:
        """The first code of the exact level."""
        return len(self.levels) + 1

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return self.exact + RAREST + 1

    @property
    def bits(self) -> int:
        """How many bits of a pattern the field takes."""
        return (self.codes - 1).bit_length()

    def code(self, level: str) -> int:
        """The code of a level that is not exact."""
        return self.levels.index(level) + 1


FIELDS: Final = (
    Field(
        name="first_name",
        levels=(
            "swapped", "swapped_near", "nickname", "alias", "one_edit", "near", "far", "initial", "part",
            "middle", "crossed", "different",
        ),
    ),
    Field(
        name="middle_name",
        levels=("initial", "initial_different", "near", "different"),
        second=("initial", "initial_different"),
    ),
    Field(
        name="last_name",
        levels=(
            "swapped", "swapped_near", "alias", "part", "one_edit", "near", "far", "crossed", "different",
        ),
    ),
    Field(name="suffix", levels=("different",)),
    Field(
        name="birthdate",
        levels=(
            "day_month_swapped", "one_digit", "one_part", "same_year", "other_year", "different",
        ),
        second=("same_year", "other_year"),
    ),
    Field(name="email", levels=("local_part", "near", "different")),
    Field(name="phone", levels=("one_digit", "different")),
    Field(
        name="ssn",
        levels=("last_four", "different", "last_four_alone", "last_four_different"),
        second=("last_four_alone", "last_four_different"),
    ),
    Field(name="ssid", levels=("one_edit", "different")),
    Field(name="zip", levels=("near", "different")),
    Field(name="street", levels=("near", "different")),
    Field(name="city", levels=("near", "different")),
)  # fmt: skip
FIELD: Final = {field.name: field for field in FIELDS}

# What the other pairs of the two records say; it is never compared, and has no exact level.
# A record without birthdate or a name seldom has a sure partner, so that its having none says nothing: then
# only the other record speaks, on a scale of its own.
PARTNERS: Final = Field(
    name="partners",
    levels=(
        "none", "one_has", "both_have", "in_common", "left_free", "left_has", "right_free", "right_has",
    ),
    second=("left_free", "left_has", "right_free", "right_has"),
    kind="partners",
)  # fmt: skip

_OF_KIND: Final = {
    "name": ("one_edit", "near", "far", "different"),
    "date": ("day_month_swapped", "one_digit", "one_part", "different"),
    "code": ("one_edit", "different"),
    "text": ("near", "far", "different"),
    "category": ("different",),
}


def declared(name: str, kind: str, /) -> Field:
    """Make the field of a column that a user declares: its levels follow from its kind."""
    return Field(name=name, levels=_OF_KIND[kind], kind=kind)


@dataclass(frozen=True)
class Layout:
    """Where each field of a comparison stands in the pattern.

    Attributes:
        fields: in the order of the pattern.
        places: (word, shift) of each.
        words: how many numbers a pattern takes.
    """

    fields: tuple[Field, ...]
    places: tuple[tuple[int, int], ...]
    words: int

    @classmethod
    def of(cls, fields: Sequence[Field], /) -> Layout:
        """Place fields one after the other, a new word where one is full."""
        places, word, shift = [], 0, 0
        for field in fields:
            if shift + field.bits > _WORD:
                word, shift = word + 1, 0
            places.append((word, shift))
            shift += field.bits
        return cls(tuple(fields), tuple(places), word + 1)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names."""
        return tuple(field.name for field in self.fields)

    def codes(self, patterns: Patterns, /) -> NDArray[np.uint8]:
        """Unpack patterns into a row a pattern and a column a field."""
        made = np.zeros((patterns.shape[1], len(self.fields)), dtype=np.uint8)
        for column, (field, (word, shift)) in enumerate(zip(self.fields, self.places, strict=True)):
            made[:, column] = (patterns[word] >> shift) & ((1 << field.bits) - 1)
        return made

    def pattern(self, levels: dict[str, int | str], /) -> Patterns:
        """Pack one pattern from codes or level names; fields left out are missing."""
        made = np.zeros((self.words, 1), dtype=np.int64)
        for field, (word, shift) in zip(self.fields, self.places, strict=True):
            level = levels.get(field.name, MISSING)
            made[word, 0] |= (level if isinstance(level, int) else field.code(level)) << shift
        return made


def level_names(field: Field, /) -> tuple[str, ...]:
    """Name all codes of a field."""
    return ("missing", *field.levels, *("exact",) * (RAREST + 1))
