"""Key columns as integers: one code a distinct value, one vocabulary for all names of both tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.columns import DECLARED
from reconcile.score.levels import NULL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]

NAMES: Final[tuple[str, ...]] = ("key_first", "key_middle", "key_last")
_LISTS: Final[tuple[str, ...]] = ("key_first_parts", "key_last_parts", "key_alias_first", "key_alias_last")
_TEXTS: Final = (
    "key_suffix", "key_email", "key_phone", "key_ssn", "key_ssn4", "key_ssid", "key_zip", "key_street",
    "key_city",
)  # fmt: skip
_WIDEST: Final = 4  # parts or aliases of a name that are looked at
_LONGEST: Final = 60  # letters of a name that are compared
_LONGEST_TEXT: Final = 300  # letters of anything else
_FEW: Final = 250_000  # distinct values
_EMPTY: Final = np.iinfo(np.int32).min  # days before 1970 are negative, so a null date needs its own number


@dataclass(frozen=True)
class Side:
    """One table as integer arrays by row number, ordered by id; lists are padded to a fixed width."""

    rows: int
    codes: dict[str, Codes]
    lists: dict[str, tuple[Codes, ...]]
    weak: NDArray[np.bool_]
    ids: pl.Series = field(default_factory=lambda: pl.Series("id", []), repr=False)


@dataclass(frozen=True)
class Encoded:
    """Both tables and their vocabularies.

    For duplicates within one table `left` and `right` are the same object.

    Attributes:
        left: the first table.
        right: the other one.
        vocabulary: sorted distinct values, by column; "name" for all columns of names.
        kinds: of the columns that were declared.
    """

    left: Side
    right: Side
    vocabulary: dict[str, pl.Series] = field(repr=False)
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def one_table(self) -> bool:
        """Duplicates within one table, not links between two."""
        return self.left is self.right

    @property
    def sizes(self) -> dict[str, int]:
        """How many codes each column has."""
        of_names = len(self.vocabulary.get("name", ()))
        return {
            column: of_names if column in NAMES else len(self.vocabulary[column])
            for column in self.left.codes
            if column in self.right.codes
        }

    @cached_property
    def first_letters(self) -> Codes:
        """The first letter of each name, as a number."""
        letters = self.vocabulary["name"].str.slice(0, 1).rank("dense").cast(pl.Int32)
        return letters.to_numpy()

    def years(self, side: Side, /) -> NDArray[np.int32]:
        """The year of birth of each row; NULL where it is not known."""
        days = self.vocabulary["key_birth"].to_numpy().astype("datetime64[D]")
        years = days.astype("datetime64[Y]").astype(np.int32) + 1970
        codes = side.codes["key_birth"]
        if not len(years):
            return np.full(side.rows, NULL, dtype=np.int32)
        return np.where(codes < 0, np.int32(NULL), years[np.maximum(codes, 0)])


def encode(
    left: pl.DataFrame, right: pl.DataFrame | None = None, /, *, kinds: Mapping[str, str] | None = None
) -> Encoded:
    """Encode the key columns that both tables have (aliases and parts: that either has).

    Rows are put in the order of their ids, so that no answer depends on the order in which they came.

    Args:
        left: id and key columns.
        right: key columns of the other table; None for duplicates within one.
        kinds: of further columns, by the name of the field.
    """
    frames = [left] if right is None else [left, right]
    shared = {column for column in left.columns if all(column in frame.columns for frame in frames)}
    vocabulary: dict[str, pl.Series] = {}
    names = [column for column in NAMES if column in shared]
    lists = [column for column in _LISTS if any(column in frame.columns for frame in frames)]
    further = {f"{DECLARED}{name}": kind for name, kind in (kinds or {}).items()}
    further = {column: kind for column, kind in further.items() if column in shared}
    texts = [column for column in (*_TEXTS, *further) if column in shared]
    dates = [column for column in ("key_birth", *further) if column in shared and _dated(column, further)]
    if names:
        vocabulary["name"] = _distinct(_name_values(frames, names, lists))
    for column in (c for c in texts if c not in dates):
        vocabulary[column] = _distinct(_cut(frame[column], _LONGEST_TEXT) for frame in frames)
    sides = [_in_order(frame, _side(frame, vocabulary, names, lists, dates)) for frame in frames]
    for column in dates:
        vocabulary[column] = _number_dates(sides, column)
    return Encoded(sides[0], sides[-1], vocabulary, further)


def _dated(column: str, further: Mapping[str, str]) -> bool:
    return further.get(column, "date") == "date"


def _name_values(frames: list[pl.DataFrame], names: list[str], lists: list[str]) -> Iterable[pl.Series]:
    for frame in frames:
        yield from (_cut(frame[column], _LONGEST) for column in names)
        for column in lists:
            if column in frame.columns and frame.schema[column] == pl.List(pl.String):
                yield _cut(frame[column].drop_nulls().explode(), _LONGEST)


def _distinct(parts: Iterable[pl.Series]) -> pl.Series:
    """The values of several columns, each once, sorted."""
    values = [part.cast(pl.String).rename("value").unique() for part in parts]
    return (values[0] if len(values) == 1 else pl.concat(values).unique()).drop_nulls().sort()


def _cut(values: pl.Series, most: int) -> pl.Series:
    """Keep so many letters of each value; nearly always all of them."""
    values = values.cast(pl.String)
    longest = values.str.len_bytes().max()
    return values.str.slice(0, most) if isinstance(longest, int) and longest > most else values


def _side(
    frame: pl.DataFrame,
    vocabulary: dict[str, pl.Series],
    names: list[str],
    lists: list[str],
    dates: list[str],
) -> Side:
    spelled = Numbering(vocabulary["name"]) if names else None
    codes = {column: spelled(_cut(frame[column], _LONGEST)) for column in names} if spelled else {}
    codes |= {c: numbered(_cut(frame[c], _LONGEST_TEXT), v) for c, v in vocabulary.items() if c != "name"}
    codes |= {c: frame[c].to_physical().cast(pl.Int32).fill_null(_EMPTY).to_numpy() for c in dates}
    weak = (
        frame["key_birth_weak"].fill_null(value=False).to_numpy()
        if "key_birth_weak" in frame.columns
        else np.zeros(frame.height, dtype=np.bool_)
    )
    padded = {
        column: _padded(frame, column, spelled) for column in lists if spelled and column in frame.columns
    }
    return Side(frame.height, codes, padded, weak)


def _in_order(frame: pl.DataFrame, side: Side) -> Side:
    if "id" not in frame.columns:
        return side
    ids = frame["id"]
    if ids.is_sorted():
        return replace(side, ids=ids)
    order = ids.arg_sort()
    places = order.to_numpy()
    for column in side.codes:  # one after the other, so that a large table is never held twice
        side.codes[column] = side.codes[column].take(places)
    for column in side.lists:
        side.lists[column] = tuple(part.take(places) for part in side.lists[column])
    return replace(side, weak=side.weak[places], ids=ids.gather(order))


class Numbering:
    """Numbers values by their place in a sorted vocabulary; NULL where there is none."""

    def __init__(self, vocabulary: pl.Series, /) -> None:
        """Keep the vocabulary in the form that looks values up fastest."""
        self._kind: pl.Enum | pl.DataFrame = (
            pl.Enum(vocabulary)
            if len(vocabulary) <= _FEW  # an enumeration of more is slower to make than a join
            else vocabulary.alias("value").to_frame().with_row_index("code")
        )

    def __call__(self, values: pl.Series, /) -> Codes:
        """Number values."""
        if isinstance(self._kind, pl.Enum):
            codes = values.cast(self._kind).to_physical()
        else:
            rows = values.alias("value").to_frame()
            codes = rows.join(self._kind, on="value", how="left", maintain_order="left")["code"]
        return codes.cast(pl.Int32).fill_null(NULL).to_numpy()


def numbered(values: pl.Series, vocabulary: pl.Series, /) -> Codes:
    """The place of each value in a sorted vocabulary."""
    return Numbering(vocabulary)(values)


def _padded(frame: pl.DataFrame, column: str, spelled: Numbering) -> tuple[Codes, ...]:
    if frame.schema[column] != pl.List(pl.String):
        return ()
    held = frame[column].is_not_null().arg_true().to_numpy()  # most names have one part and no alias
    lists = frame[column].drop_nulls()
    longest = lists.list.len().max()
    made = []
    for place in range(min(int(longest) if isinstance(longest, int) else 0, _WIDEST)):
        codes = np.full(frame.height, NULL, dtype=np.int32)
        codes[held] = spelled(_cut(lists.list.get(place, null_on_oob=True), _LONGEST))
        made.append(codes)
    return tuple(made)


def _number_dates(sides: list[Side], column: str) -> pl.Series:
    """Replace days by codes in every side, in place, and return the days."""
    every = np.concatenate([side.codes[column] for side in sides])
    days = np.unique(every[every != _EMPTY])
    for side in sides:
        raw = side.codes[column]
        found = np.searchsorted(days, raw).astype(np.int32)
        side.codes[column] = np.where(raw == _EMPTY, np.int32(NULL), found)
    return pl.Series(days.astype(np.int32)).cast(pl.Date)
