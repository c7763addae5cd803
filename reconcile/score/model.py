"""The weight model: how often each level is seen among one person's records and among strangers'.

Fellegi and Sunter (1969): a level's weight is log2(m / u). Beside "same person" and "stranger" three
more classes are kept apart, whose pairs agree for another reason: twins (surname and birthdate like a
match, first name like a stranger), households (surname, address and contacts like a match) and namesakes
(parent and child of one name, or a name that a community shares: all but the birthdate like a match).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from reconcile.errors import InputError
from reconcile.score.levels import FIELDS, RAREST, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = NDArray[np.float64]
    Fields = tuple[Field, ...]
    Profile = dict[str, dict[str, float]]

SAME: Final = "same"
TWIN: Final = "twin"
HOUSEHOLD: Final = "household"
NAMESAKE: Final = "namesake"
OTHERS: Final = (TWIN, HOUSEHOLD, NAMESAKE)

# A swapped pair of names is one event: the first name's level carries its weight, the last name's none.
NEUTRAL: Final = {("last_name", "swapped"), ("last_name", "swapped_near"), ("last_name", "crossed")}

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
# Relatives were often born in one place and live in one town; what else a user declares is a person's own.
_KIND_LIKE_A_MATCH: Final = {"text": 0.7, "category": 0.5}
# Parents like their twins' names to sound alike, and never give both the same.
_TWIN_FIRST: Final = {"exact": 0.05, "one_edit": 3.0, "near": 3.0}


@dataclass(frozen=True, kw_only=True)
class Model:
    """What was learned, or shipped, or saved by an earlier run.

    Attributes:
        m: by field and level, share among pairs of one person (of the pairs where it is comparable).
        u: the same among strangers; the exact level has none, its chance is the value's own frequency.
        shares: of all possible pairs: same person, twins, households, namesakes.
        source: "trained", "shipped" or "given".
        taught: by field and level, bits that reviewers' decisions add to what m and u say; "prior" has one
            level, "prior". Empty where nobody decided.
    """

    m: Profile
    u: Profile
    shares: dict[str, float]
    source: str
    taught: Profile = dataclasses.field(default_factory=dict)

    @property
    def taught_prior(self) -> float:
        """Bits that reviewers' decisions add before anything is compared."""
        return self.taught.get("prior", {}).get("prior", 0.0)

    def to_json(self) -> str:
        """Write the model down, to be given to a later run."""
        parts = {"shares": self.shares, "m": self.m, "u": self.u, "taught": self.taught}
        return json.dumps({"version": 2, "source": self.source, **parts}, indent=2)

    @classmethod
    def from_json(cls, text: str, /) -> Self:
        """Read a model that `to_json` wrote.

        Raises:
            InputError: the text is no such model.
        """
        made = None
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            raw: dict[str, Any] = json.loads(text)
            read = cls(
                m=raw["m"], u=raw["u"], shares=raw["shares"], source="given", taught=raw.get("taught", {})
            )
            for field in FIELDS:
                _table(read, field)
                _taught(read, field)
            if set(read.shares) == {SAME, *OTHERS} and all(0 <= part <= 1 for part in read.shares.values()):
                made = read
        if made is None:
            raise InputError("The model is not readable. Give the text that Model.to_json() wrote.")
        return made

    def knowing(self, fields: Fields, /) -> Self:
        """The model with the profile of its kind for each declared field that it does not know yet."""
        missing = [
            field
            for field in fields
            if field.kind and set(self.m.get(field.name, ())) != {"exact", *field.levels}
        ]
        m = {field.name: dict(_shipped()["kinds"]["m"][field.kind]) for field in missing}
        u = {field.name: dict(_shipped()["kinds"]["u"][field.kind]) for field in missing}
        return replace(self, m=self.m | m, u=self.u | u) if missing else self


@cache
def _shipped() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(
        resources.files("reconcile.score").joinpath("default_model.json").read_text("utf-8")
    )
    return made


@cache
def shipped() -> Model:
    """The model that comes with the package."""
    return replace(Model.from_json(json.dumps(_shipped())), source="shipped")


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
    out = np.zeros(field.codes)
    for level in (*scale(field, second=False)[1:], *field.second):
        out[field.code(level)] = np.log2(model.m[field.name][level] / model.u[field.name][level])
    out[field.exact :] = np.log2(model.m[field.name]["exact"]) + np.arange(RAREST + 1)
    return out


def _taught(model: Model, field: Field) -> Weights:
    """What decisions add, by code."""
    out = np.zeros(field.codes)
    for level, bits in model.taught.get(field.name, {}).items():
        out[slice(field.exact, None) if level == "exact" else field.code(level)] = float(bits)
    return out


def weights(model: Model, fields: Fields, /) -> dict[str, list[Weights]]:
    """Match weights of every code, an array a field, by class."""
    table = [_table(model, field) for field in fields]
    others = {kind: _resembling(table, fields, kind) for kind in OTHERS}
    same = [part + _taught(model, field) for part, field in zip(table, fields, strict=True)]
    return {SAME: same, **others}


def _resembling(table: list[Weights], fields: Fields, kind: str) -> list[Weights]:
    out = [np.zeros_like(part) for part in table]
    for row, field in enumerate(fields):
        part = _LIKE_A_MATCH[kind].get(field.name, _KIND_LIKE_A_MATCH.get(field.kind, 0.0))
        if part:
            out[row] = np.log2(part * np.exp2(table[row]) + 1 - part)
        if kind == TWIN and field.name == "first_name":
            out[row][field.exact :] = np.log2(_TWIN_FIRST["exact"])
            out[row][field.code("one_edit")] = np.log2(_TWIN_FIRST["one_edit"])
            out[row][field.code("near")] = np.log2(_TWIN_FIRST["near"])
    return out


def totals(table: list[Weights], codes: NDArray[np.uint8], /) -> Weights:
    """Add up the weights of each pattern."""
    out = np.zeros(len(codes))
    for column, part in enumerate(table):
        out += part[codes[:, column]]
    return out
