"""Candidate pairs by equality of keys; counted before they are made, capped, re-blocked, reported.

Keys are columns of integers, one value a record, NULL where there is none. A rule names the columns that
must be equal; a column of the left may meet another of the right. A pair is one number, l * 2^32 + r, so
that sorting a column of numbers brings every pair together once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Pairs = NDArray[np.int64]
    Keys = Mapping[str, NDArray[np.int32]]

NULL: Final = -1
_HALF: Final = 32
_LARGEST: Final = 1 << 62
_SALT: Final = 0x1E3779B97F4A7C15  # an odd number whose multiples are well spread
_SLOTS: Final = 1 << 22
_SCRAP: Final = 20  # what is left of a budget below a twentieth is not worth counting keys for


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Records whose keys are equal are compared.

    Attributes:
        keys: (left column, right column) pairs.
        most: pairs that one key value may make; beyond, `rarer` columns must be equal as well.
        rarer: further columns for oversized keys, tried one after the other.
    """

    keys: tuple[tuple[str, str], ...]
    most: int = 5_000
    rarer: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The rule in words."""
        return " + ".join(a if a == b else f"{a} = other's {b}" for a, b in self.keys)


def rule(*columns: str, most: int = 5_000, rarer: tuple[str, ...] = ()) -> Rule:
    """Make a rule from columns that meet themselves, or "a=b" where they meet another.

    >>> rule("first=last", "last=first").name
    "first = other's last + last = other's first"
    """
    keys = tuple((a, b or a) for a, _, b in (column.partition("=") for column in columns))
    return Rule(keys=keys, most=most, rarer=rarer)


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The pairs to compare, and what each rule did.

    Attributes:
        pairs: l * 2^32 + r of each pair, sorted, each once; l < r within one table.
        rules: rule, keys (values met on both sides), pairs, oversized_keys, dropped_pairs.
    """

    pairs: Pairs
    rules: pl.DataFrame


def candidates(
    left: Keys,
    right: Keys,
    /,
    *,
    rules: Sequence[Rule],
    wide: Sequence[Rule] = (),
    most_pairs: int = 200_000_000,
    wide_pairs: int = 3_000_000,
    progress: Callable[[str], None] | None = None,
) -> Candidates:
    """Make the candidate pairs of two tables' keys, or of one with itself (the same object twice).

    Rules whose columns a table lacks are passed over, and within one table those that turn one done before
    around. `most_pairs` bounds the rules together, and
    `wide_pairs` the wide ones: a rule that would exceed what is left gets a smaller cap, and where next
    to nothing is left the rules that follow are not tried.
    """
    made: list[Pairs] = []
    least = wide_pairs // _SCRAP
    report: list[dict[str, object]] = []
    done: list[set[tuple[str, str]]] = []
    for number, each in enumerate((*rules, *wide)):
        if not all(a in left and b in right for a, b in each.keys):
            continue
        if left is right and {(b, a) for a, b in each.keys} in done:
            continue
        done.append(set(each.keys))
        if progress:
            progress(f"Pairs by {each.name}")
        budget = most_pairs if number < len(rules) else min(wide_pairs, most_pairs)
        if number >= len(rules) and budget < least:
            break
        step = _Step(each, left, right)
        pairs = step.run(budget)
        most_pairs -= len(pairs)
        wide_pairs -= len(pairs) if number >= len(rules) else 0
        made.append(pairs)
        report.append(step.report(len(pairs)))
    schema = {"rule": pl.String, "keys": pl.Int64, "pairs": pl.Int64, "oversized_keys": pl.Int64,
              "dropped_pairs": pl.Int64}  # fmt: skip
    return Candidates(pairs=_together(made), rules=pl.DataFrame(report, schema=schema))


def rows_of(pairs: Pairs, /) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Take pairs apart into row numbers of the left and of the right."""
    return (pairs >> _HALF).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)


def pairs_of(left: Rows, right: Rows, /) -> Pairs:
    """Put row numbers together to pairs."""
    made: Pairs = (left.astype(np.int64) << _HALF) | right.astype(np.int64)
    return made


def _together(made: list[Pairs]) -> Pairs:
    """Sort the pairs of all rules and keep each once."""
    if not made:
        return np.zeros(0, dtype=np.int64)
    parts = pl.concat([pl.Series(part) for part in made])
    made.clear()
    every = parts.sort().to_numpy()  # on all cores, in half the time that numpy takes
    new = np.ones(len(every), dtype=np.bool_)
    np.not_equal(every[1:], every[:-1], out=new[1:])
    kept: Pairs = every[new]
    return kept


@dataclass
class _Step:
    """One rule at work: count the pairs of each key, make those within the cap, re-block the rest."""

    rule: Rule
    left: Keys
    right: Keys
    keys: int = 0
    oversized: int = 0
    dropped: int = 0
    _made: list[Pairs] = field(default_factory=list)

    def run(self, budget: int) -> Pairs:
        further = [c for c in self.rule.rarer if c in self.left and c in self.right]
        columns = list(self.rule.keys)
        rows: tuple[Rows | None, Rows | None] = (None, None)
        for depth in range(len(further) + 1):
            groups = _Groups.of(self.left, self.right, columns, rows)
            most = _cap(groups.possible, self.rule.most, budget)
            self._made.append(groups.pairs(groups.possible <= most))
            budget -= len(self._made[-1])
            over = groups.possible > most
            self.dropped = int(groups.possible[over].sum())
            if depth == 0:
                self.keys, self.oversized = len(groups.possible), int(over.sum())
            if not self.dropped or depth == len(further):
                break
            rows = groups.rows(over)
            columns.append((further[depth], further[depth]))
        return np.concatenate(self._made)

    def report(self, pairs: int) -> dict[str, object]:
        return {
            "rule": self.rule.name,
            "keys": self.keys,
            "pairs": pairs,
            "oversized_keys": self.oversized,
            "dropped_pairs": self.dropped,
        }


def _cap(possible: Rows, most: int, budget: int) -> int:
    """Halve the cap until what it lets through fits the budget."""
    while most and int(possible[possible <= most].sum()) > budget:
        most //= 2
    return most


@dataclass(frozen=True)
class _Groups:
    """Rows with equal keys: by group the first place and the number of rows on either side."""

    left_rows: Rows
    left_from: Rows
    left_size: Rows
    right_rows: Rows
    right_from: Rows
    right_size: Rows
    one_table: bool
    same_columns: bool

    @classmethod
    def of(
        cls, left: Keys, right: Keys, columns: list[tuple[str, str]], rows: tuple[Rows | None, Rows | None]
    ) -> _Groups:
        one_table = left is right
        same = one_table and all(a == b for a, b in columns)
        sides = [([left[a] for a, _ in columns], rows[0])]
        if not same:
            sides.append(([right[b] for _, b in columns], rows[1]))
        chosen = [_present(values, some) for values, some in sides]
        keyed = _keyed(
            [[values[some] for values in side[0]] for side, some in zip(sides, chosen, strict=True)]
        )
        shared = _shared(keyed)
        chosen = [some[keep] for some, keep in zip(chosen, shared, strict=True)]
        keyed = [keys[keep] for keys, keep in zip(keyed, shared, strict=True)]
        (l_rows, key, l_from, l_size), *rest = (
            _sorted(some, keys) for some, keys in zip(chosen, keyed, strict=True)
        )
        if same:
            return cls(l_rows, l_from, l_size, l_rows, l_from, l_size, one_table, same)
        r_rows, r_key, r_from, r_size = rest[0]
        place = np.minimum(np.searchsorted(r_key, key), max(len(r_key) - 1, 0))
        met = r_key[place] == key if len(r_key) else np.zeros(len(key), dtype=np.bool_)
        place = place[met]
        return cls(
            l_rows, l_from[met], l_size[met], r_rows, r_from[place], r_size[place], one_table, same
        )  # fmt: skip

    @property
    def possible(self) -> Rows:
        """The pairs that each group makes; where columns cross in one table, at most."""
        if self.same_columns:
            return self.left_size * (self.left_size - 1) // 2
        return self.left_size * self.right_size

    def rows(self, chosen: NDArray[np.bool_]) -> tuple[Rows, Rows]:
        """The rows of some groups, on either side."""
        return (
            self.left_rows[_runs(self.left_from[chosen], self.left_size[chosen])],
            self.right_rows[_runs(self.right_from[chosen], self.right_size[chosen])],
        )

    def pairs(self, chosen: NDArray[np.bool_]) -> Pairs:
        """Make the pairs of some groups."""
        chosen = chosen & (self.possible > 0)
        begin, size = self.left_from[chosen], self.left_size[chosen]
        places = _runs(begin, size)
        if self.same_columns:  # each row with those behind it
            starts, ends = places + 1, np.repeat(begin + size, size)
        else:
            starts = np.repeat(self.right_from[chosen], size)
            ends = starts + np.repeat(self.right_size[chosen], size)
        l = np.repeat(self.left_rows[places], ends - starts)  # noqa: E741 - left
        r = self.right_rows[_runs(starts, ends - starts)]
        if not self.one_table:
            return pairs_of(l, r)
        made = pairs_of(np.minimum(l, r), np.maximum(l, r))
        return made if self.same_columns else made[l != r]


def _present(values: list[NDArray[np.int32]], rows: Rows | None) -> Rows:
    """Rows where no key is missing."""
    if rows is None:
        found = values[0] != NULL
        for column in values[1:]:
            found &= column != NULL
        return np.flatnonzero(found)
    rows = np.unique(rows)
    for column in values:
        rows = rows[column[rows] != NULL]
    return rows


def _keyed(sides: list[list[NDArray[np.int32]]]) -> list[Rows]:
    """Make one number of several keys, the same on both sides."""
    made = [side[0].astype(np.int64) for side in sides]
    for parts in zip(*(side[1:] for side in sides), strict=True):
        width = 1 + max((int(part.max(initial=0)) for part in parts), default=0)
        largest = max((int(keys.max(initial=0)) for keys in made), default=0)
        if largest >= _LARGEST // width:  # number the keys anew
            _, places = np.unique(np.concatenate(made), return_inverse=True)
            made = np.split(places.astype(np.int64), [len(made[0])])[: len(made)]
        made = [keys * width + part for keys, part in zip(made, parts, strict=True)]
    return made


def _shared(sides: list[Rows]) -> list[NDArray[np.bool_]]:
    """Leave out most keys that meet no other: sorting is what takes time, and most keys are rare."""
    slots = [((keys * _SALT) >> 40) & (_SLOTS - 1) for keys in sides]
    held = [np.bincount(slot, minlength=_SLOTS) for slot in slots]
    if len(sides) == 1:
        return [held[0][slots[0]] > 1]
    return [held[1][slots[0]] > 0, held[0][slots[1]] > 0]


def _sorted(rows: Rows, keys: Rows) -> tuple[Rows, Rows, Rows, Rows]:
    """Order rows by key: the rows, and of each distinct key its value, first place and size."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else keys
    size = np.diff(np.append(first, len(keys)))
    return rows[order], keys[first], first, size


def _runs(starts: Rows, sizes: Rows) -> Rows:
    """List the numbers from each start on, as many as its size.

    >>> _runs(np.array([5, 9]), np.array([2, 3])).tolist()
    [5, 6, 9, 10, 11]
    """
    total = int(sizes.sum())
    if not total:
        return np.zeros(0, dtype=np.int64)
    before = np.cumsum(sizes) - sizes
    made: Rows = np.repeat(starts - before, sizes) + np.arange(total)
    return made
