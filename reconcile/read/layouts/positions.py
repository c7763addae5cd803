"""Where the fields of a fixed-width file stand: the sections [positions] and [fixed] of a layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError
from reconcile.read.layouts.own import meant

if TYPE_CHECKING:
    from pathlib import Path

    Place = tuple[int, int]

_KEYS: Final = ("skip", "record_type", "keep")
_FILLER: Final = "filler"
_REMEDY: Final = (
    "Under [positions] write each field as name = [first, last], counted from 1 in characters, in the order "
    "of the line and without gaps; call what is not needed filler_1, filler_2 and so on."
)


@dataclass(frozen=True, kw_only=True)
class FixedWidth:
    """How the lines of a fixed-width file are cut.

    Attributes:
        positions: the first and the last character of each field, counted from 1; fillers included.
        skip: lines above the rows.
        record_type: the first and the last character of what tells the type of a line.
        keep: the types whose lines are rows; all lines are when empty.
    """

    positions: Mapping[str, Place]
    skip: int = 0
    record_type: Place | None = None
    keep: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Place]:
        """The fields that are read: all but the fillers."""
        return {name: at for name, at in self.positions.items() if not name.lower().startswith(_FILLER)}

    @property
    def width(self) -> int:
        """The last character that belongs to a field."""
        return max(last for _, last in self.positions.values())


def parse_positions(positions: object, settings: object, path: Path) -> FixedWidth:
    """Check both sections.

    Args:
        positions: the section [positions], as TOML gives it.
        settings: the section [fixed].
        path: of the layout, for messages.

    Raises:
        InputError: every place that is no place, overlaps, gaps, a wrong order, keys that nobody reads.
    """
    problems: list[str] = []
    settings = _table(settings, "fixed", problems)
    places = _places(_table(positions, "positions", problems), problems)
    if not places and not problems:
        problems.append("[positions] has no field")
    record_type = _record_type(settings, problems)
    if len(places) == len(positions if isinstance(positions, Mapping) else ()):
        _check_order(places, record_type, problems)
    keep = _keep(settings, record_type, problems)
    skip = settings.get("skip", 0)
    if type(skip) is not int or skip < 0:
        problems.append("skip under [fixed] is no number of lines")
        skip = 0
    problems += [
        f'[fixed] has a key "{key}" that nobody reads{meant(key, _KEYS)}'
        for key in settings
        if key not in _KEYS
    ]
    made = FixedWidth(positions=places, skip=skip, record_type=record_type, keep=keep)
    if places and not made.columns:
        problems.append("[positions] has only fillers")
    if problems:
        raise InputError(f"The layout {path}: {'; '.join(problems)}. {_REMEDY}")
    return made


def _table(given: object, name: str, problems: list[str]) -> Mapping[str, object]:
    if isinstance(given, Mapping):
        return given
    problems.append(f"{name} is no section; write [{name}] on a line of its own")
    return {}


def _places(given: Mapping[str, object], problems: list[str]) -> dict[str, Place]:
    places = {}
    for name, value in given.items():
        place = _place(name, value, problems)
        if place:
            places[name] = place
    return places


def _place(name: str, value: object, problems: list[str]) -> Place | None:
    """A pair of whole numbers in their order."""
    if not isinstance(value, list) or [type(n) for n in value] != [int, int]:
        problems.append(f"{name} is no pair of whole numbers such as [1, 9]")
        return None
    first, last = value
    if first < 1:
        problems.append(f"{name} begins at {first}, but the first character of a line is 1")
    elif last < first:
        problems.append(f"{name} = [{first}, {last}] ends before it begins")
    else:
        return first, last
    return None


def _check_order(places: Mapping[str, Place], record_type: Place | None, problems: list[str]) -> None:
    """Every character up to the last field belongs to one field, as the list has them from left to right."""
    free = range(0) if record_type is None else range(record_type[0], record_type[1] + 1)
    start = ("the beginning", (0, 0))
    for (left, (first, last)), (right, at) in pairwise([start, *places.items()]):
        between = range(last + 1, at[0])
        if at[0] < first:
            problems.append(f"{right} stands left of {left} in the line, and behind it in the list")
        elif at[0] <= last:
            problems.append(f"{left} = [{first}, {last}] and {right} = [{at[0]}, {at[1]}] overlap")
        elif any(n not in free for n in (*between[:1], *between[-1:])):
            gap = f"from {between[0]} to {between[-1]}"
            problems.append(f"the characters {gap} between {left} and {right} belong to no field")


def _record_type(settings: Mapping[str, object], problems: list[str]) -> Place | None:
    if "record_type" not in settings:
        return None
    return _place("record_type under [fixed]", settings["record_type"], problems)


def _keep(settings: Mapping[str, object], record_type: Place | None, problems: list[str]) -> tuple[str, ...]:
    given = settings.get("keep", [])
    kept = [given] if isinstance(given, str) else given
    if not isinstance(kept, list) or not all(isinstance(text, str) and text.strip() for text in kept):
        problems.append('keep under [fixed] is no record type and no list of them, such as ["SB"]')
        return ()
    if bool(kept) != ("record_type" in settings):
        problems.append("record_type and keep under [fixed] go together: where the type stands, and which")
    if record_type:
        width = record_type[1] - record_type[0] + 1
        long = [text for text in kept if len(text.rstrip()) > width]
        problems += [f'"{text}" under keep is longer than its place of {width} characters' for text in long]
    return tuple(text.rstrip() for text in kept)
