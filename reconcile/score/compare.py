"""The levels of candidate pairs, field by field, on integer arrays; a pair becomes one pattern number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.score import fuzzy
from reconcile.score.encode import NULL
from reconcile.score.frequency import CHANCE, buckets, last_given_first
from reconcile.score.levels import EXACT, FIELD, SHIFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.encode import Codes, Encoded, Side
    from reconcile.score.fuzzy import Judge, Levels

    Flags = NDArray[np.bool_]

_COLUMN: Final = {
    "first_name": "key_first", "middle_name": "key_middle", "last_name": "key_last", "suffix": "key_suffix",
    "birthdate": "key_birth", "email": "key_email", "phone": "key_phone", "ssid": "key_ssid",
    "zip": "key_zip", "street": "key_street", "city": "key_city",
}  # fmt: skip
_NEAR_STREET: Final = 0.92
_NEAR_CITY: Final = 0.9
_TELLING_DIGITS: Final = 2  # of an address: maria.garcia is said by her name, maria.garcia87 by herself
# Generations that may be one: a son called Jr. in one place is II in another.
_SAME_GENERATION: Final = ({"jr", "ii"},)


class Comparer:
    """Compares rows of two encoded tables; holds what is derived from the vocabularies once."""

    def __init__(self, encoded: Encoded, /) -> None:
        """Derive frequencies, digits and nickname keys from the vocabularies."""
        self.encoded = encoded
        left, right = encoded.left, encoded.right
        self.fields = tuple(name for name, column in _COLUMN.items() if column in left.codes)
        if "key_ssn" in left.codes or "key_ssn4" in left.codes:
            self.fields = (*self.fields, "ssn")
        if "city" in self.fields and "zip" in self.fields:  # they say the same twice
            self.fields = tuple(name for name in self.fields if name != "city")
        self._buckets = {
            column: buckets(encoded.counts[column], CHANCE[field])
            for field, column in (*_COLUMN.items(), ("ssn", "key_ssn"), ("ssn_last4", "key_ssn4"))
            if column in left.codes and column in right.codes
        }
        if "key_first" in self._buckets and "key_last" in self._buckets:
            self._full = last_given_first(encoded, self._buckets["key_first"], self._buckets["key_last"])
        self._judges = self._make_judges()
        if "email" in self.fields:
            self._split_mailboxes()
        if "street" in self.fields:
            houses = pl.Series(encoded.vocabulary["key_street"], dtype=pl.String).str.extract(r"^(\S+)", 1)
            self._house = _coded(houses)[0]
        if "birthdate" in self.fields:
            self._ymd = _date_parts(encoded)
        self._digits = {
            column: _numbers(encoded, column) for column in ("key_phone",) if column in encoded.vocabulary
        }

    def patterns(self, left: Codes, right: Codes, /) -> NDArray[np.int64]:
        """Compare rows `left[k]` with `right[k]`, for every k."""
        pattern = np.zeros(len(left), dtype=np.int64)
        for name in self.fields:
            levels = getattr(self, f"_{name}")(left, right)
            pattern |= levels.astype(np.int64) << SHIFT[name]
        return pattern

    def _make_judges(self) -> dict[str, Judge]:
        words = self.encoded.vocabulary
        judges: dict[str, Judge] = {}
        if "name" in words:
            judges["first"] = fuzzy.first_names(words["name"], fuzzy.nickname_codes(words["name"]))
            judges["name"] = fuzzy.spellings(words["name"])
        for key, column, cutoff in (
            ("street", "key_street", _NEAR_STREET),
            ("city", "key_city", _NEAR_CITY),
            ("ssid", "key_ssid", 1.0),
        ):
            if column in words:
                judges[key] = (
                    fuzzy.spellings(words[column]) if key == "ssid" else fuzzy.close(words[column], cutoff)
                )
        return judges

    def _split_mailboxes(self) -> None:
        """Take the local parts of addresses apart into letters and number, each coded."""
        local = pl.Series(self.encoded.vocabulary["local"], dtype=pl.String)
        letters, words = _coded(local.str.replace_all("[0-9]", ""))
        numbers, digits = _coded(local.str.replace_all("[^0-9]", ""))
        self._local_parts = letters, numbers
        self._numbered = digits.str.len_chars().to_numpy() >= _TELLING_DIGITS
        self._judges["local"] = fuzzy.spellings(words.to_numpy())

    def _pair(self, column: str, left: Codes, right: Codes) -> tuple[Codes, Codes]:
        return self.encoded.left.codes[column][left], self.encoded.right.codes[column][right]

    def _start(self, field: str, left: Codes, right: Codes) -> tuple[Codes, Codes, Levels, NDArray[np.intp]]:
        """Settle missing and exact; the rest is "different" until someone says better."""
        column = _COLUMN[field]
        a, b = self._pair(column, left, right)
        levels = np.full(len(a), FIELD[field].code("different"), dtype=np.uint8)
        levels[(a == NULL) | (b == NULL)] = 0
        same = (a == b) & (a != NULL)
        levels[same] = self._buckets[column][a[same]]
        return a, b, levels, np.flatnonzero(levels == FIELD[field].code("different"))

    def _first_name(self, left: Codes, right: Codes) -> Levels:
        field = FIELD["first_name"]
        a, b, levels, open_ = self._start("first_name", left, right)
        found = fuzzy.over_distinct(a[open_], b[open_], self._judges["first"])
        table = np.zeros(6, dtype=np.uint8)
        table[[fuzzy.NICKNAME, fuzzy.ONE_EDIT, fuzzy.NEAR, fuzzy.INITIAL, fuzzy.DIFFERENT]] = [
            field.code(level) for level in ("nickname", "one_edit", "near", "initial", "different")
        ]
        levels[open_] = table[found]
        weak = open_[(found == fuzzy.DIFFERENT) | (found == fuzzy.INITIAL)]
        if "key_middle" in self.encoded.left.codes:
            m_l, m_r = self._pair("key_middle", left[weak], right[weak])
            levels[weak[(a[weak] == m_r) | (b[weak] == m_l)]] = field.code("middle")
        weak = open_[found == fuzzy.DIFFERENT]
        _mark(
            levels,
            weak,
            self._any("key_first_parts", "key_first", left[weak], right[weak]),
            field.code("part"),
        )
        _mark(
            levels,
            weak,
            self._alias("key_alias_first", "key_first", left[weak], right[weak]),
            field.code("alias"),
        )
        levels[self._swapped(left, right)] = field.code("swapped")
        return levels

    def _last_name(self, left: Codes, right: Codes) -> Levels:
        field = FIELD["last_name"]
        a, b, levels, open_ = self._start("last_name", left, right)
        found = fuzzy.over_distinct(a[open_], b[open_], self._judges["name"])
        levels[open_[found == fuzzy.ONE_EDIT]] = field.code("one_edit")
        levels[open_[found == fuzzy.NEAR]] = field.code("near")
        weak = open_[found != fuzzy.ONE_EDIT]
        _mark(
            levels, weak, self._any("key_last_parts", "key_last", left[weak], right[weak]), field.code("part")
        )
        _mark(
            levels,
            weak,
            self._alias("key_alias_last", "key_last", left[weak], right[weak]),
            field.code("alias"),
        )
        if "first_name" in self.fields:
            f_l, f_r = self._pair("key_first", left, right)
            both = np.flatnonzero((levels >= EXACT) & (f_l == f_r) & (f_l != NULL))
            numbers, given = self._full
            levels[both] = given[numbers[left[both]]]
            levels[self._swapped(left, right)] = field.code("swapped")
        return levels

    def _middle_name(self, left: Codes, right: Codes) -> Levels:
        field = FIELD["middle_name"]
        a, b, levels, open_ = self._start("middle_name", left, right)
        found = fuzzy.over_distinct(a[open_], b[open_], self._judges["first"])
        levels[open_[(found == fuzzy.ONE_EDIT) | (found == fuzzy.NEAR) | (found == fuzzy.NICKNAME)]] = (
            field.code("near")
        )
        short = self._one_letter()
        single = (short[a[open_]] | short[b[open_]]) & (found != fuzzy.INITIAL)
        levels[open_[found == fuzzy.INITIAL]] = field.code("initial")
        levels[open_[single]] = field.code("initial_different")
        # Two initials that agree say what an initial can say, not what a name says.
        alike = np.flatnonzero(levels >= EXACT)
        levels[alike[short[a[alike]]]] = field.code("initial")
        return levels

    def _one_letter(self) -> Flags:
        names = self.encoded.vocabulary["name"]
        return np.fromiter((len(name) == 1 for name in names), dtype=np.bool_, count=len(names))

    def _suffix(self, left: Codes, right: Codes) -> Levels:
        a, b, levels, open_ = self._start("suffix", left, right)
        words = self.encoded.vocabulary["key_suffix"]
        for group in _SAME_GENERATION:
            member = np.array([word in group for word in words], dtype=np.bool_)
            levels[open_[member[a[open_]] & member[b[open_]]]] = 0
        return levels

    def _birthdate(self, left: Codes, right: Codes) -> Levels:
        field = FIELD["birthdate"]
        a, b, levels, open_ = self._start("birthdate", left, right)
        year, month, day, digits = self._ymd
        x, y = a[open_], b[open_]
        same = np.stack([year[x] == year[y], month[x] == month[y], day[x] == day[y]])
        parts = same.sum(axis=0)
        levels[open_[parts == 2]] = field.code("one_part")  # noqa: PLR2004 - of three parts
        levels[open_[_one_digit(digits[x], digits[y], 8)]] = field.code("one_digit")
        crossed = same[0] & (month[x] == day[y]) & (day[x] == month[y])
        levels[open_[crossed]] = field.code("day_month_swapped")
        weak = self.encoded.left.weak[left[open_]] | self.encoded.right.weak[right[open_]]
        levels[open_[weak & same[0]]] = field.code("same_year")
        levels[open_[weak & ~same[0]]] = field.code("other_year")
        return levels

    def _email(self, left: Codes, right: Codes) -> Levels:
        """Compare addresses; a local part without a number says no more than the name it is made of."""
        field = FIELD["email"]
        _, _, levels, open_ = self._start("email", left, right)
        a, b = self._pair("local", left[open_], right[open_])
        letters, number = self._local_parts
        alike = np.flatnonzero(number[a] == number[b])  # names with other numbers are other mailboxes
        found = fuzzy.over_distinct(letters[a[alike]], letters[b[alike]], self._judges["local"])
        same = letters[a[alike]] == letters[b[alike]]
        levels[open_[alike[same | (found == fuzzy.ONE_EDIT)]]] = field.code("near")
        levels[open_[a == b]] = field.code("local_part")
        told = open_[(levels[open_] != field.code("different")) & ~self._numbered[number[a]]]
        levels[told[self._named_alike(left[told], right[told])]] = 0
        return levels

    def _named_alike(self, left: Codes, right: Codes) -> Flags:
        """Say whether a first or last name agrees."""
        found = np.zeros(len(left), dtype=np.bool_)
        for column in ("key_first", "key_last"):
            if column in self.encoded.left.codes:
                a, b = self._pair(column, left, right)
                found |= (a == b) & (a != NULL)
        return found

    def _phone(self, left: Codes, right: Codes) -> Levels:
        a, b, levels, open_ = self._start("phone", left, right)
        digits = self._digits["key_phone"]
        alike = _one_digit(digits[a[open_]], digits[b[open_]], 10)
        levels[open_[alike]] = FIELD["phone"].code("one_digit")
        return levels

    def _ssn(self, left: Codes, right: Codes) -> Levels:
        field = FIELD["ssn"]
        levels = np.zeros(len(left), dtype=np.uint8)
        if "key_ssn4" in self.encoded.left.codes:
            a, b = self._pair("key_ssn4", left, right)
            both = (a != NULL) & (b != NULL)
            levels[both] = np.where(a == b, field.code("last_four_alone"), field.code("last_four_different"))[
                both
            ]
        if "key_ssn" in self.encoded.left.codes:
            a, b = self._pair("key_ssn", left, right)
            both = (a != NULL) & (b != NULL)
            four = both & (levels == field.code("last_four_alone"))
            levels[both] = field.code("different")
            levels[four] = field.code("last_four")
            same = both & (a == b)
            levels[same] = self._buckets["key_ssn"][a[same]]
        return levels

    def _ssid(self, left: Codes, right: Codes) -> Levels:
        a, b, levels, open_ = self._start("ssid", left, right)
        found = fuzzy.over_distinct(a[open_], b[open_], self._judges["ssid"])
        levels[open_[found == fuzzy.ONE_EDIT]] = FIELD["ssid"].code("one_edit")
        return levels

    def _zip(self, left: Codes, right: Codes) -> Levels:
        a, b, levels, open_ = self._start("zip", left, right)
        area = np.array([value[:3] for value in self.encoded.vocabulary["key_zip"]], dtype="U3")
        levels[open_[area[a[open_]] == area[b[open_]]]] = FIELD["zip"].code("near")
        return levels

    def _street(self, left: Codes, right: Codes) -> Levels:
        a, b, levels, open_ = self._start("street", left, right)
        door = open_[self._house[a[open_]] == self._house[b[open_]]]  # another number is a neighbour's
        found = fuzzy.over_distinct(a[door], b[door], self._judges["street"])
        levels[door[found == fuzzy.NEAR]] = FIELD["street"].code("near")
        return levels

    def _city(self, left: Codes, right: Codes) -> Levels:
        a, b, levels, open_ = self._start("city", left, right)
        found = fuzzy.over_distinct(a[open_], b[open_], self._judges["city"])
        levels[open_[found == fuzzy.NEAR]] = FIELD["city"].code("near")
        return levels

    def _swapped(self, left: Codes, right: Codes) -> Flags:
        """First and last name exchanged, or a single name that stands in the other column."""
        codes = self.encoded.left.codes
        if "key_last" not in codes or "key_first" not in codes:
            return np.zeros(len(left), dtype=np.bool_)
        f_l, f_r = self._pair("key_first", left, right)
        l_l, l_r = self._pair("key_last", left, right)
        crossed: Flags = (f_l == l_r) & (l_l == f_r) & (f_l != l_l)
        return crossed

    def _any(self, lists: str, single: str, left: Codes, right: Codes) -> Flags:
        """Say whether a part of one is the other's name or one of its parts."""
        one, other = self.encoded.left, self.encoded.right
        a, b = self._pair(single, left, right)
        parts_l = [a, *(part[left] for part in one.lists.get(lists, ()))]
        parts_r = [b, *(part[right] for part in other.lists.get(lists, ()))]
        found = np.zeros(len(left), dtype=np.bool_)
        for p in parts_l:
            for q in parts_r:
                found |= (p == q) & (p != NULL)
        return found

    def _alias(self, lists: str, single: str, left: Codes, right: Codes) -> Flags:
        """Say whether one record's former or preferred name is the other's name."""
        a, b = self._pair(single, left, right)
        found = np.zeros(len(left), dtype=np.bool_)
        for side, rows, name in ((self.encoded.left, left, b), (self.encoded.right, right, a)):
            for alias in side.lists.get(lists, ()):
                found |= (alias[rows] == name) & (name != NULL)
        return found


def _mark(levels: Levels, places: NDArray[np.intp], found: Flags, code: int) -> None:
    levels[places[found]] = code


def _date_parts(
    encoded: Encoded,
) -> tuple[NDArray[np.int16], NDArray[np.int8], NDArray[np.int8], NDArray[np.int64]]:
    days = encoded.vocabulary["key_birth"].astype("datetime64[D]")
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    digits = year * 10_000 + month * 100 + day
    return year.astype(np.int16), month.astype(np.int8), day.astype(np.int8), digits


def _numbers(encoded: Encoded, column: str) -> NDArray[np.int64]:
    return np.array([int(value) for value in encoded.vocabulary[column]], dtype=np.int64)


def _one_digit(a: NDArray[np.int64], b: NDArray[np.int64], width: int) -> Flags:
    """Say whether two numbers differ in one digit, or in two neighbours that changed places."""
    wrong = np.zeros(len(a), dtype=np.int8)
    crossed = np.zeros(len(a), dtype=np.bool_)
    last_a, last_b = a % 10, b % 10
    wrong += last_a != last_b
    for _ in range(width - 1):
        a, b = a // 10, b // 10
        next_a, next_b = a % 10, b % 10
        wrong += next_a != next_b
        crossed |= (last_a != last_b) & (last_a == next_b) & (last_b == next_a)
        last_a, last_b = next_a, next_b
    one: Flags = (wrong == 1) | ((wrong == 2) & crossed)  # noqa: PLR2004 - two neighbours
    return one


def _coded(values: pl.Series) -> tuple[Codes, pl.Series]:
    """Number the distinct values of a column in their order."""
    words = values.drop_nulls().unique().sort()
    codes = values.cast(pl.Enum(words)).to_physical().cast(pl.Int32).fill_null(NULL)
    return codes.to_numpy(), words


def agreement(encoded: Encoded, /) -> float:
    """Chance that a stranger's first name is the other's last name and the reverse."""
    counts = encoded.counts
    if "key_first" not in counts or "key_last" not in counts:
        return 0.0
    width = min(len(counts["key_first"]), len(counts["key_last"]))
    first = counts["key_first"][:width] / max(counts["key_first"].sum(), 1)
    last = counts["key_last"][:width] / max(counts["key_last"].sum(), 1)
    return float(np.dot(first, last) ** 2)


def chosen_pairs(side: Side, other: Side, wanted: int, /) -> tuple[Codes, Codes]:
    """Choose pairs of rows by a hash of their number in the chain, the same ones in every run."""
    steps = np.arange(wanted, dtype=np.uint64)
    left = (_mixed(steps * np.uint64(2)) % np.uint64(side.rows)).astype(np.int32)
    right = (_mixed(steps * np.uint64(2) + np.uint64(1)) % np.uint64(other.rows)).astype(np.int32)
    if side is other:
        keep = left != right
        return left[keep], right[keep]
    return left, right


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble numbers (the finalizer of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        values = (values + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))
