"""The generator's own tables of names and places, read once from the files beside this module."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Text = NDArray[np.object_]


class Community(NamedTuple):
    """Given names that go with a set of surnames."""

    surnames: frozenset[str]
    men: Text
    women: Text


class City(NamedTuple):
    """A city, its ZIP codes and its share of the population."""

    name: str
    zips: Text
    share: int


def _table(name: str) -> dict[str, Any]:
    text = files("reconcile.sample").joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def texts(values: Sequence[str | None]) -> Text:
    """Hold texts so that numpy can index them."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def _pairs(text: str) -> dict[str, str]:
    return dict(word.replace("_", " ").split("=") for word in text.split())


def _community(words: dict[str, str]) -> Community:
    return Community(
        frozenset(words["surnames"].split()), texts(words["men"].split()), texts(words["women"].split())
    )


def _city(row: str) -> City:
    name, zips, share = row.split(":")
    return City(name.replace("_", " "), texts(zips.split(",")), int(share))


_NAMES = _table("habits.toml")
_PLACES = _table("places.toml")

MARKS: Final = _pairs(_NAMES["marks"])
SPELLINGS: Final = _pairs(_NAMES["spellings"])
CALLED: Final = {name: tuple(short.split("/")) for name, short in _pairs(_NAMES["called"]).items()}
MEN_SINGH, WOMEN_KAUR = (word.title() for word in _NAMES["punjabi"].split())
FILIPINO: Final = frozenset(_NAMES["filipino"].split())
COMMUNITIES: Final = {name: _community(words) for name, words in _NAMES["communities"].items()}

CITIES: Final = tuple(_city(row) for row in _PLACES["cities"].split())
STREETS: Final = texts(_PLACES["streets"].split())
STREET_TYPES: Final = texts(_PLACES["street_types"].split())
UNITS: Final = texts(_PLACES["units"].split())
AREA_CODES: Final = texts(_PLACES["area_codes"].split())
MAIL: Final[dict[str, float]] = _PLACES["mail"]
COLLEGE_MAIL: Final[str] = _PLACES["college_mail"]
