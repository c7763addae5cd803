"""The weight model: how often each level is seen among one person's records and among strangers'.

Fellegi and Sunter (1969): a level's weight is log2(m / u). Beside "same person" and "stranger" three
more classes are kept apart, whose pairs agree for another reason: twins (surname and birthdate like a
match, first name like a stranger), households (surname, address and contacts like a match) and namesakes
(parent and child of one name, or a name that a community shares: all but the birthdate like a match).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from reconcile.errors import InputError
from reconcile.score.levels import BITS, EXACT, FIELD, FIELDS, SHIFT, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = NDArray[np.float64]
    Patterns = NDArray[np.int64]
    Profile = dict[str, dict[str, float]]

SAME: Final = "same"
TWIN: Final = "twin"
HOUSEHOLD: Final = "household"
NAMESAKE: Final = "namesake"
OTHERS: Final = (TWIN, HOUSEHOLD, NAMESAKE)

# A swapped pair of names is one event: the first name's level carries its weight, the last name's none.
NEUTRAL: Final = {("last_name", "swapped")}

# How far a relative's pair resembles a match on a field (1) or a stranger (0, the default).
_LIKE_A_MATCH: Final = {
    TWIN: {
        "last_name": 1.0, "birthdate": 1.0, "zip": 1.0, "street": 1.0, "city": 1.0, "phone": 0.5,
        "email": 0.3,
    },
    HOUSEHOLD: {
        "last_name": 1.0, "zip": 1.0, "street": 1.0, "city": 1.0, "phone": 0.5, "email": 0.3,
    },
    NAMESAKE: {
        "first_name": 1.0, "last_name": 1.0, "middle_name": 0.5, "zip": 1.0, "street": 1.0, "city": 1.0,
        "phone": 0.5, "email": 0.3,
    },
}  # fmt: skip
# Parents like their twins' names to sound alike, and never give both the same.
_TWIN_FIRST: Final = {"exact": 0.05, "one_edit": 3.0, "near": 3.0}


@dataclass(frozen=True, kw_only=True)
class Model:
    """What was learned, or shipped, or saved by an earlier run.

    Attributes:
        m: by field and level, share among pairs of one person (of the pairs where it is comparable).
        u: the same among strangers; the exact level has none, its chance is the value's own frequency.
        shares: of all possible pairs: same person, twins, households.
        source: "trained", "shipped" or "given".
    """

    m: Profile
    u: Profile
    shares: dict[str, float]
    source: str

    def to_json(self) -> str:
        """Write the model down, to be given to a later run."""
        return json.dumps(
            {"version": 1, "source": self.source, "shares": self.shares, "m": self.m, "u": self.u}, indent=2
        )

    @classmethod
    def from_json(cls, text: str, /) -> Self:
        """Read a model that `to_json` wrote.

        Raises:
            InputError: the text is no such model.
        """
        problem = "The model is not readable. Give the text that Model.to_json() wrote."
        try:
            raw: dict[str, Any] = json.loads(text)
            made = cls(m=raw["m"], u=raw["u"], shares=raw["shares"], source="given")
            for field in FIELDS:
                _table(made, field)
        except (ValueError, KeyError, TypeError):
            raise InputError(problem) from None
        return made


@cache
def shipped() -> Model:
    """The model that comes with the package."""
    text = resources.files("reconcile.score").joinpath("default_model.json").read_text("utf-8")
    return replace(Model.from_json(text), source="shipped")


def scale(field: Field, *, second: bool) -> tuple[str, ...]:
    """The levels of a field that exclude each other: the full scale, or that of what less can be told."""
    if second:
        return field.second
    rest = tuple(
        level for level in field.levels if level not in field.second and (field.name, level) not in NEUTRAL
    )
    return ("exact", *rest)


def _table(model: Model, field: Field) -> Weights:
    """log2(m/u) by code."""
    out = np.zeros(32)
    for level in (*scale(field, second=False)[1:], *field.second):
        ratio = model.m[field.name][level] / model.u[field.name][level]
        out[field.code(level)] = np.log2(ratio)
    out[EXACT:] = np.log2(model.m[field.name]["exact"]) + np.arange(32 - EXACT)
    return out


def weights(model: Model, fields: tuple[str, ...], /) -> dict[str, Weights]:
    """Match weights of every code, a row a field, in the order of `fields`."""
    table = np.stack([_table(model, FIELD[name]) for name in fields]) if fields else np.zeros((0, 32))
    return {SAME: table, **{kind: _resembling(table, fields, kind) for kind in OTHERS}}


def _resembling(table: Weights, fields: tuple[str, ...], kind: str) -> Weights:
    out = np.zeros_like(table)
    for row, name in enumerate(fields):
        part = _LIKE_A_MATCH[kind].get(name, 0.0)
        if part:
            out[row] = np.log2(part * np.exp2(table[row]) + 1 - part)
        if kind == TWIN and name == "first_name":
            field = FIELD[name]
            out[row, EXACT:] = np.log2(_TWIN_FIRST["exact"])
            out[row, field.code("one_edit")] = np.log2(_TWIN_FIRST["one_edit"])
            out[row, field.code("near")] = np.log2(_TWIN_FIRST["near"])
    return out


def codes_of(patterns: Patterns, fields: tuple[str, ...], /) -> NDArray[np.uint8]:
    """Unpack patterns into a column a field."""
    if not fields:
        return np.zeros((len(patterns), 0), dtype=np.uint8)
    mask = (1 << BITS) - 1
    return np.stack([((patterns >> SHIFT[name]) & mask).astype(np.uint8) for name in fields], axis=1)


def totals(table: Weights, codes: NDArray[np.uint8], /) -> Weights:
    """Add up the weights of each pattern."""
    out = np.zeros(len(codes))
    for row in range(table.shape[0]):
        out += table[row][codes[:, row]]
    return out
