"""Key columns as integers: one code a distinct value, one vocabulary for all names of both tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Objects = NDArray[Any]

NULL: Final = -1
NAMES: Final[tuple[str, ...]] = ("key_first", "key_middle", "key_last")
_LISTS: Final[tuple[str, ...]] = ("key_first_parts", "key_last_parts", "key_alias_first", "key_alias_last")
_TEXTS: Final = (
    "key_suffix", "key_email", "key_phone", "key_ssn", "key_ssn4", "key_ssid", "key_zip", "key_street",
    "key_city",
)  # fmt: skip
_WIDEST: Final = 4  # parts or aliases of a name that are looked at
_LONGEST: Final = 60  # letters of a name that are compared


@dataclass(frozen=True)
class Side:
    """One table as integer arrays by row number; lists are padded to a fixed width."""

    rows: int
    codes: dict[str, Codes]
    lists: dict[str, tuple[Codes, ...]]
    weak: NDArray[np.bool_]


@dataclass(frozen=True)
class Encoded:
    """Both tables, their vocabularies, and how often each value occurs in both together.

    For duplicates within one table `left` and `right` are the same object.
    """

    left: Side
    right: Side
    vocabulary: dict[str, Objects] = field(repr=False)
    counts: dict[str, NDArray[np.int64]] = field(repr=False)

    @property
    def one_table(self) -> bool:
        """Duplicates within one table, not links between two."""
        return self.left is self.right


def encode(left: pl.DataFrame, right: pl.DataFrame | None = None, /) -> Encoded:
    """Encode the key columns that both tables have (aliases and parts: that either has)."""
    frames = [left] if right is None else [left, right]
    shared = {column for column in left.columns if all(column in frame.columns for frame in frames)}
    vocabulary: dict[str, pl.Series] = {}
    names = [column for column in NAMES if column in shared]
    lists = [column for column in _LISTS if any(column in frame.columns for frame in frames)]
    if names:
        vocabulary["name"] = _distinct(_name_values(frames, names, lists))
    for column in _TEXTS:
        if column in shared:
            vocabulary[column] = _distinct(frame[column] for frame in frames)
    if "key_email" in shared:
        vocabulary["local"] = _distinct(_local(frame) for frame in frames)
    sides = [_side(frame, vocabulary, names, lists, shared) for frame in frames]
    counts = {
        column: np.bincount(np.concatenate([s.codes[column][s.codes[column] >= 0] for s in sides]))
        for column in sides[0].codes
        if column != "key_birth"
    }
    if "key_birth" in shared:
        vocabulary["key_birth"], counts["key_birth"] = _dates(sides)
    objects = {name: values.to_numpy(allow_copy=True) for name, values in vocabulary.items()}
    return Encoded(sides[0], sides[-1], objects, counts)


def _name_values(frames: list[pl.DataFrame], names: list[str], lists: list[str]) -> Iterable[pl.Series]:
    for frame in frames:
        yield from (frame[column].str.slice(0, _LONGEST) for column in names)
        for column in lists:
            if column in frame.columns and frame.schema[column] == pl.List(pl.String):
                yield frame[column].drop_nulls().explode().str.slice(0, _LONGEST)


def _distinct(parts: Iterable[pl.Series]) -> pl.Series:
    return (
        pl.concat([part.cast(pl.String).rename("value").unique() for part in parts])
        .drop_nulls()
        .unique()
        .sort()
    )


def _local(frame: pl.DataFrame) -> pl.Series:
    return frame["key_email"].str.extract(r"^([^@]*)@", 1)


def _side(
    frame: pl.DataFrame,
    vocabulary: dict[str, pl.Series],
    names: list[str],
    lists: list[str],
    shared: set[str],
) -> Side:
    codes = {column: _codes(frame[column].str.slice(0, _LONGEST), vocabulary["name"]) for column in names}
    codes |= {column: _codes(frame[column], vocabulary[column]) for column in _TEXTS if column in shared}
    if "key_email" in shared:
        codes["local"] = _codes(_local(frame), vocabulary["local"])
    if "key_birth" in shared:
        codes["key_birth"] = _plain(frame["key_birth"].to_physical())
    weak = (
        frame["key_birth_weak"].fill_null(value=False).to_numpy()
        if "key_birth_weak" in frame.columns
        else np.zeros(frame.height, dtype=np.bool_)
    )
    padded = {
        column: _padded(frame, column, vocabulary["name"])
        for column in lists
        if names and column in frame.columns
    }
    return Side(frame.height, codes, padded, weak)


def _codes(values: pl.Series, vocabulary: pl.Series) -> Codes:
    if vocabulary.is_empty():
        return np.full(len(values), NULL, dtype=np.int32)
    return _plain(values.cast(pl.String).cast(pl.Enum(vocabulary)).to_physical())


def _plain(codes: pl.Series) -> Codes:
    # Days before 1970 are negative, so a null date needs a number that no date has.
    empty = np.iinfo(np.int32).min if codes.dtype == pl.Int32 else NULL
    return codes.cast(pl.Int32).fill_null(empty).to_numpy().copy()


def _padded(frame: pl.DataFrame, column: str, vocabulary: pl.Series) -> tuple[Codes, ...]:
    if frame.schema[column] != pl.List(pl.String):
        return ()
    longest = frame[column].list.len().max()
    width = min(int(longest) if isinstance(longest, int) else 0, _WIDEST)
    lists = frame[column]
    return tuple(
        _codes(lists.list.get(place, null_on_oob=True).str.slice(0, _LONGEST), vocabulary)
        for place in range(width)
    )


def _dates(sides: list[Side]) -> tuple[pl.Series, NDArray[np.int64]]:
    """Replace days by codes in every side, in place; return the days and their counts."""
    every = np.concatenate([side.codes["key_birth"] for side in sides])
    empty = np.iinfo(np.int32).min
    days, counts = np.unique(every[every != empty], return_counts=True)
    for side in sides:
        raw = side.codes["key_birth"]
        found = np.searchsorted(days, raw).astype(np.int32)
        side.codes["key_birth"] = np.where(raw == empty, np.int32(NULL), found)
    return pl.Series(days.astype(np.int32)).cast(pl.Date), counts.astype(np.int64)
