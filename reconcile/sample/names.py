"""Names with California's mix of origins, drawn from the census counts that ship beside this module."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from reconcile.sample import rates
from reconcile.sample.habits import (
    COMMUNITIES,
    FILIPINO,
    MARKS,
    MEN_SINGH,
    SPELLINGS,
    WOMEN_KAUR,
    texts,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.sample.habits import Text
    from reconcile.sample.kinds import Mask, Rows

ORIGIN: Final = {name: code for code, name in enumerate(rates.ORIGINS)}
_HISPANIC, _WHITE, _API = ORIGIN["hispanic"], ORIGIN["white"], ORIGIN["api"]
_SHORT_MC: Final = 5  # "Mcon" is no Mac name
_DOUBLE_NAME: Final = 0.4
_OWN_LANGUAGE: Final = {"vietnamese": 0.75, "chinese": 0.45, "indian": 0.55, "armenian": 0.55}


class _Table(NamedTuple):
    plain: Text
    marked: Text
    chances: dict[tuple[int, int], NDArray[np.float64]]  # by origin and sex, cumulative


class Drawn(NamedTuple):
    """Names of new persons. `second` is the other surname of who has two, `joint` what stands between."""

    first: Text
    middle: Text
    last: Text
    second: Text
    joint: Text


def _written(name: str) -> str:
    if name in SPELLINGS:
        return SPELLINGS[name]
    if name.startswith("MC") and len(name) > _SHORT_MC:
        return "Mc" + name[2:].capitalize()
    return name.capitalize()


@cache
def _table(name: str) -> _Table:
    with as_file(files("reconcile.sample").joinpath(name)) as path:
        table = pl.read_parquet(path)
    keys = table["name"].to_list()
    male = (table["pctmale"].to_numpy() / 100) if "pctmale" in table.columns else np.full(len(keys), 0.5)
    chances = {}
    for origin, code in ORIGIN.items():
        counts = table[origin].to_numpy().astype(np.float64)
        for sex, share in ((0, male), (1, 1 - male)):
            chances[code, sex] = np.cumsum(counts * share)
    plain = [_written(key) for key in keys]
    return _Table(
        texts(plain),
        texts([MARKS.get(key, word) for key, word in zip(keys, plain, strict=True)]),
        chances,
    )


def _pick(rng: np.random.Generator, table: _Table, origin: Rows, female: Mask) -> Rows:
    chance = rng.random(len(origin))
    picked = np.zeros(len(origin), dtype=np.int64)
    for (code, sex), sums in table.chances.items():
        rows = np.flatnonzero((origin == code) & (female == bool(sex)))
        picked[rows] = np.searchsorted(sums, chance[rows] * sums[-1], side="right")
    return picked


def surnames(rng: np.random.Generator, origin: Rows, marks: Mask) -> Text:
    """Draw a surname for each origin, with its marks where the bearer writes them."""
    table = _table("surnames.parquet")
    picked = _pick(rng, table, origin, np.zeros(len(origin), dtype=bool))
    return np.where(marks, table.marked[picked], table.plain[picked])


def given(rng: np.random.Generator, origin: Rows, female: Mask, marks: Mask) -> Text:
    """Draw a given name for each origin and sex."""
    table = _table("first_names.parquet")
    picked = _pick(rng, table, origin, female)
    return np.where(marks & (origin == _HISPANIC), table.marked[picked], table.plain[picked])


def draw(rng: np.random.Generator, origin: Rows, female: Mask) -> Drawn:
    """Name persons as their communities do."""
    count = len(origin)
    marks = rng.random(count) < rates.DIACRITICS
    table = _table("surnames.parquet")
    picked = _pick(rng, table, origin, np.zeros(count, dtype=bool))
    last = np.where(marks & np.isin(origin, (_HISPANIC, _API)), table.marked[picked], table.plain[picked])
    first, middle = given(rng, origin, female, marks), given(rng, origin, female, marks)
    middle[rng.random(count) >= rates.MIDDLE_NAME] = None
    keys = pl.Series(table.plain).str.to_uppercase()
    for name, community in COMMUNITIES.items():
        members = keys.is_in(list(community.surnames))
        members = keys.str.contains("[IY]AN$") if name == "armenian" else members
        group = _WHITE if name == "armenian" else _API
        rows = np.flatnonzero(members.to_numpy()[picked] & (origin == group))
        rows = rows[rng.random(len(rows)) < _OWN_LANGUAGE[name]]
        for mine, chosen in ((rows[female[rows]], community.women), (rows[~female[rows]], community.men)):
            if name == "vietnamese":
                first[mine], middle[mine] = _vietnamese(rng, len(mine), chosen)
            else:
                first[mine], middle[mine] = chosen[rng.integers(0, len(chosen), len(mine))], None
    _sikhs(last, first, origin, female)
    filipino = np.flatnonzero(keys.is_in(list(FILIPINO)).to_numpy()[picked] & (origin == _API))
    middle[filipino] = surnames(rng, np.full(len(filipino), _HISPANIC), marks[filipino] & False)
    second, joint = _second_surnames(rng, origin, marks)
    first[rng.random(count) < rates.MONONYM] = None
    middle[first == None] = None  # noqa: E711 - elementwise
    return Drawn(first, middle, last, second, joint)


def _vietnamese(rng: np.random.Generator, count: int, choice: Text) -> tuple[Text, Text]:
    """Give a double given name, or a single one with the classic middle name."""
    one, other = (choice[rng.integers(0, len(choice), count)] for _ in range(2))
    women = COMMUNITIES["vietnamese"].women is choice
    double = (rng.random(count) < _DOUBLE_NAME) & (one != other)
    middle = np.full(count, "Thi" if women else "Van", dtype=object)
    middle[double] = None
    return np.where(double, one + " " + other, one), middle


def _sikhs(last: Text, first: Text, origin: Rows, female: Mask) -> None:
    rows = (origin == _API) & (first != None) & ((last == MEN_SINGH) | (last == WOMEN_KAUR))  # noqa: E711
    last[rows] = np.where(female[rows], WOMEN_KAUR, MEN_SINGH)


def _second_surnames(rng: np.random.Generator, origin: Rows, marks: Mask) -> tuple[Text, Text]:
    count = len(origin)
    chance, hispanic = rng.random(count), origin == _HISPANIC
    two = np.flatnonzero(np.where(hispanic, chance < rates.TWO_SURNAMES, chance < rates.DOUBLE_SURNAME))
    second, joint = np.full(count, None, dtype=object), np.full(count, None, dtype=object)
    second[two] = surnames(rng, origin[two], marks[two] & hispanic[two])
    joint[two] = np.where(hispanic[two] & (rng.random(len(two)) < 0.85), " ", "-")  # noqa: PLR2004
    return second, joint
