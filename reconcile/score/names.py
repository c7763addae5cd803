"""First, middle and last name of two records: what each level means, and what only shows in all three."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.score import fuzzy
from reconcile.score.levels import FIELD, MISSING, NULL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.encode import Codes, Encoded, Side
    from reconcile.score.frequency import Rarity
    from reconcile.score.fuzzy import Levels
    from reconcile.score.levels import Field

    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

FIRST, MIDDLE, LAST = FIELD["first_name"], FIELD["middle_name"], FIELD["last_name"]
_SEVERAL: Final = 2  # parts of a first name
_COLUMN: Final = {"first_name": "key_first", "middle_name": "key_middle", "last_name": "key_last"}


def _table(field: Field, **levels: int) -> Levels:
    """Translate the answers of a judge into codes of a field."""
    table = np.full(fuzzy.DIFFERENT + 1, field.code("different"), dtype=np.uint8)
    for level, answer in levels.items():
        table[answer] = field.code(level)
    return table


_SPELLED: Final = {"one_edit": fuzzy.ONE_EDIT, "near": fuzzy.NEAR, "far": fuzzy.FAR}
_FIRST: Final = _table(FIRST, **_SPELLED, nickname=fuzzy.NICKNAME, initial=fuzzy.INITIAL)
_LAST: Final = _table(LAST, **_SPELLED)


@dataclass(frozen=True)
class Births:
    """What the birthdates of pairs say of their names' frequencies.

    Attributes:
        same_year: both were born in one year.
        apart: both are known, and not equal.
    """

    same_year: Flags
    apart: Flags


class Names:
    """Compares whatever name columns both tables have."""

    def __init__(self, encoded: Encoded, /) -> None:
        """Derive from the vocabulary of names what similarity needs."""
        self.encoded = encoded
        shared = set(encoded.sizes)
        self.fields = tuple(FIELD[name] for name, column in _COLUMN.items() if column in shared)
        if self.fields:
            words = encoded.vocabulary["name"]
            self._first = fuzzy.FirstNames(words)
            self._spelling = self._first.spelling
            self._short = self._first.words.length == 1
        self._both = {"key_first", "key_last"} <= shared
        self._parted = {
            key: tuple(_any(side.lists.get(f"key_{key}_parts", ()), side.rows) for side in _sides(encoded))
            for key in ("first", "last")
        }

    def levels(self, left: Codes, right: Codes, rarity: Rarity, birth: Births | None, /) -> dict[str, Levels]:
        """Judge each pair of rows, by field.

        Args:
            left: rows of the left table.
            right: as many rows of the right one.
            rarity: how rare each value is.
            birth: what the birthdates of the pairs say; None where they are not known of anybody.
        """
        made = {}
        if "key_first" in self.encoded.sizes:
            made["first_name"] = self._first_name(left, right, rarity, birth)
        if "key_last" in self.encoded.sizes:
            made["last_name"] = self._last_name(left, right, rarity)
        if self._both:
            self._across(left, right, made["first_name"], made["last_name"], rarity, birth)
        if "key_middle" in self.encoded.sizes:
            made["middle_name"] = self._middle_name(left, right, rarity)
        return made

    def _pair(self, column: str, left: Codes, right: Codes) -> tuple[Codes, Codes]:
        return self.encoded.left.codes[column].take(left), self.encoded.right.codes[column].take(right)

    def _first_name(self, left: Codes, right: Codes, rarity: Rarity, birth: Births | None) -> Levels:
        a, b = self._pair("key_first", left, right)
        levels, open_ = start(FIRST, a, b, rarity.of_value["key_first"])
        if birth is not None and rarity.first_in_year is not None:
            alike = np.flatnonzero(birth.same_year & (levels >= FIRST.exact))
            levels[alike] = FIRST.exact + rarity.first_in_year[left[alike]]
        levels[open_] = _FIRST[self._first(a[open_], b[open_])]
        weak = open_[
            np.isin(levels[open_], [FIRST.code("different"), FIRST.code("far"), FIRST.code("initial")])
        ]
        if "key_middle" in self.encoded.sizes:
            m_l, m_r = self._pair("key_middle", left[weak], right[weak])
            levels[weak[(a[weak] == m_r) | (b[weak] == m_l)]] = FIRST.code("middle")
        weak = weak[(levels[weak] == FIRST.code("different")) | (levels[weak] == FIRST.code("far"))]
        self._mark_parts(levels, weak, FIRST, left, right)
        self._mark_aliases(levels, weak, FIRST, left, right)
        return levels

    def _last_name(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        a, b = self._pair("key_last", left, right)
        levels, open_ = start(LAST, a, b, rarity.of_value["key_last"])
        levels[open_] = _LAST[self._spelling(a[open_], b[open_])]
        weak = open_[levels[open_] != LAST.code("one_edit")]
        self._mark_parts(levels, weak, LAST, left, right)
        self._mark_aliases(levels, weak, LAST, left, right)
        return levels

    def _middle_name(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        a, b = self._pair("key_middle", left, right)
        levels, open_ = start(MIDDLE, a, b, rarity.of_value["key_middle"])
        found = self._first(a[open_], b[open_])
        like = np.isin(found, [fuzzy.ONE_EDIT, fuzzy.NEAR, fuzzy.NICKNAME])
        levels[open_[like]] = MIDDLE.code("near")
        single = self._short[a[open_]] | self._short[b[open_]]
        levels[open_[single]] = MIDDLE.code("initial_different")
        levels[open_[found == fuzzy.INITIAL]] = MIDDLE.code("initial")
        # Two initials that agree say what an initial can say, not what a name says.
        alike = np.flatnonzero(levels >= MIDDLE.exact)
        levels[alike[self._short[a[alike]]]] = MIDDLE.code("initial")
        return levels

    def _across(  # noqa: PLR0917
        self, left: Codes, right: Codes, first: Levels, last: Levels, rarity: Rarity, birth: Births | None
    ) -> None:
        """Look at both names together: a full name's own frequency, names in each other's column."""
        f_l, f_r = self._pair("key_first", left, right)
        l_l, l_r = self._pair("key_last", left, right)
        if rarity.last_given_first is not None:
            both = np.flatnonzero((first >= FIRST.exact) & (last >= LAST.exact))
            last[both] = LAST.exact + rarity.last_given_first[left[both]]
            if birth is not None and rarity.last_given_first_apart is not None:
                both = both[birth.apart[both]]
                last[both] = LAST.exact + rarity.last_given_first_apart[left[both]]
        swapped = (f_l == l_r) & (l_l == f_r) & (f_l != l_l)
        weak_first = (first == FIRST.code("different")) | (first == FIRST.code("far")) | (first == MISSING)
        weak_last = (last == LAST.code("different")) | (last == LAST.code("far")) | (last == MISSING)
        weak = np.flatnonzero(weak_first & weak_last & ~swapped)
        one, other = self._alike(f_l[weak], l_r[weak]), self._alike(l_l[weak], f_r[weak])
        for rows, level in (
            (weak[one != other], "crossed"),
            (weak[one & other], "swapped_near"),
            (np.flatnonzero(swapped), "swapped"),
        ):
            first[rows], last[rows] = FIRST.code(level), LAST.code(level)

    def _alike(self, a: Codes, b: Codes) -> Flags:
        """Say whether two names are equal or one edit apart; a missing one is like none."""
        alike: Flags = (a == b) & (a != NULL)
        open_ = np.flatnonzero((a != b) & (a != NULL) & (b != NULL))
        alike[open_] = self._spelling(a[open_], b[open_]) == fuzzy.ONE_EDIT
        return alike

    def _mark_parts(self, levels: Levels, rows: Places, field: Field, left: Codes, right: Codes) -> None:
        """Mark pairs where a part of one name is the other name or one of its parts."""
        key = field.name.removesuffix("_name")
        parted_l, parted_r = self._parted[key]
        rows = rows[parted_l.take(left[rows]) | parted_r.take(right[rows])]
        one, other = _sides(self.encoded)
        a, b = self._pair(f"key_{key}", left[rows], right[rows])
        parts_l = [part.take(left[rows]) for part in one.lists.get(f"key_{key}_parts", ())]
        parts_r = [part.take(right[rows]) for part in other.lists.get(f"key_{key}_parts", ())]
        found = np.zeros(len(rows), dtype=np.bool_)
        for whole, parts in ((a, parts_r), (b, parts_l)):
            for part in parts:
                found |= (whole == part) & (whole != NULL)
        shared = np.zeros(len(rows), dtype=np.int8)
        for p in parts_l:
            for q in parts_r:
                shared += (p == q) & (p != NULL)
        # Sisters are called Maria Elena and Maria Luisa; that surnames share a half says more.
        found |= shared >= (_SEVERAL if field is FIRST else 1)
        levels[rows[found]] = field.code("part")

    def _mark_aliases(self, levels: Levels, rows: Places, field: Field, left: Codes, right: Codes) -> None:
        """Mark pairs where one record's former or preferred name is the other's name."""
        key = field.name.removesuffix("_name")
        a, b = self._pair(f"key_{key}", left[rows], right[rows])
        found = np.zeros(len(rows), dtype=np.bool_)
        one, other = _sides(self.encoded)
        for side, chosen, name in ((one, left[rows], b), (other, right[rows], a)):
            for alias in side.lists.get(f"key_alias_{key}", ()):
                found |= (alias.take(chosen) == name) & (name != NULL)
        levels[rows[found]] = field.code("alias")


def start(field: Field, a: Codes, b: Codes, bits: Levels, /) -> tuple[Levels, Places]:
    """Settle missing and exact; the places of the rest, which is "different" until someone says better."""
    levels = np.full(len(a), field.code("different"), dtype=np.uint8)
    levels[(a == NULL) | (b == NULL)] = MISSING
    same = np.flatnonzero((a == b) & (a != NULL))
    levels[same] = field.exact + bits[a[same]]
    return levels, np.flatnonzero(levels == field.code("different"))


def _sides(encoded: Encoded) -> tuple[Side, Side]:
    return encoded.left, encoded.right


def _any(lists: tuple[Codes, ...], rows: int) -> Flags:
    """Say which rows have any part."""
    found = np.zeros(rows, dtype=np.bool_)
    for part in lists:
        found |= part != NULL
    return found
