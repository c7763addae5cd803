"""The closed set of comparison levels of every field, and how levels pack into one pattern number.

A pair's levels become one 60-bit number, five bits a field, so that counting patterns is a GROUP BY of
one column. Code 0 is "missing", then the levels named here, and from EXACT on the exact level, split by
how frequent the value is: code EXACT + b says that a stranger agrees with chance 2^-b.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BITS: Final = 5
EXACT: Final = 10
MISSING: Final = 0
RAREST: Final = 31 - EXACT


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that two records are compared by.

    Attributes:
        name: as in w_<name> and level_<name>.
        levels: names of the codes 1, 2, …; exact comes apart.
        second: those levels that form a scale of their own, because less was comparable
            (an initial instead of a middle name, the last four digits instead of the SSN).
    """

    name: str
    levels: tuple[str, ...]
    second: tuple[str, ...] = ()

    def code(self, level: str) -> int:
        """The code of a level that is not exact."""
        return self.levels.index(level) + 1


FIELDS: Final = (
    Field(
        name="first_name",
        levels=(
            "swapped", "nickname", "alias", "one_edit", "near", "initial", "part", "middle", "different",
        ),
    ),
    Field(
        name="middle_name",
        levels=("initial", "initial_different", "near", "different"),
        second=("initial", "initial_different"),
    ),
    Field(name="last_name", levels=("swapped", "alias", "part", "one_edit", "near", "different")),
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
SHIFT: Final = {field.name: BITS * place for place, field in enumerate(FIELDS)}


def level_names(field: Field) -> tuple[str, ...]:
    """Name all 32 codes of a field."""
    named = ("missing", *field.levels)
    unused = ("missing",) * (EXACT - len(named))
    return (*named, *unused, *("exact",) * (32 - EXACT))
