"""Suffix, e-mail, phone, SSN, SSID, ZIP, street and city of two records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.score import fuzzy
from reconcile.score.dates import one_digit
from reconcile.score.encode import numbered
from reconcile.score.levels import FIELD, MISSING, NULL
from reconcile.score.names import start

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.encode import Codes, Encoded
    from reconcile.score.frequency import Rarity
    from reconcile.score.fuzzy import Levels
    from reconcile.score.names import Places

    Flags = NDArray[np.bool_]

_OF_ONE_COLUMN: Final = ("suffix", "email", "phone", "ssid", "zip", "street", "city")
_NEAR_STREET: Final = 0.92
_NEAR_CITY: Final = 0.9
_TELLING_DIGITS: Final = 2  # of an address: maria.garcia is said by her name, maria.garcia87 by herself
# Generations that may be one: a son called Jr. in one place is II in another.
_SAME_GENERATION: Final = ({"jr", "ii"},)


class Contacts:
    """Compares whatever of these columns both tables have."""

    def __init__(self, encoded: Encoded, /) -> None:
        """Derive digits, parts of addresses and spellings from the vocabularies."""
        self.encoded = encoded
        shared = set(encoded.sizes)
        names = [name for name in _OF_ONE_COLUMN if f"key_{name}" in shared]
        if "city" in names and "zip" in names:  # they say the same twice
            names.remove("city")
        if {"key_ssn", "key_ssn4"} & shared:
            names.append("ssn")
        self.fields = tuple(FIELD[name] for name in names)
        words = encoded.vocabulary
        if "email" in names:
            self._split_mailboxes()
        if "phone" in names:
            self._digits = words["key_phone"].cast(pl.Int64).to_numpy()
        if "ssid" in names:
            self._ssids = fuzzy.Spelling(words["key_ssid"])
        if "zip" in names:
            self._area = _coded(words["key_zip"].str.slice(0, 3))[0]
        if "street" in names:
            self._houses = _coded(words["key_street"].str.extract(r"^(\S+)", 1))[0]
            self._streets = fuzzy.Close(words["key_street"], _NEAR_STREET)
        if "city" in names:
            self._cities = fuzzy.Close(words["key_city"], _NEAR_CITY)

    def levels(self, left: Codes, right: Codes, rarity: Rarity, /) -> dict[str, Levels]:
        """Judge each pair of rows, by field."""
        return {field.name: getattr(self, f"_{field.name}")(left, right, rarity) for field in self.fields}

    def _split_mailboxes(self) -> None:
        """Take the local parts of addresses apart into letters and number, each coded."""
        local = self.encoded.vocabulary["key_email"].str.extract(r"^([^@]*)@", 1)
        self._local = _coded(local)[0]
        self._letters, words = _coded(local.str.replace_all("[0-9]", "").str.slice(0, 60))
        self._number, digits = _coded(local.str.replace_all("[^0-9]", ""))
        self._numbered = digits.str.len_chars().to_numpy() >= _TELLING_DIGITS
        self._spelled = fuzzy.Spelling(words)

    def _pair(self, column: str, left: Codes, right: Codes) -> tuple[Codes, Codes]:
        return self.encoded.left.codes[column].take(left), self.encoded.right.codes[column].take(right)

    def _begin(
        self, name: str, left: Codes, right: Codes, rarity: Rarity
    ) -> tuple[Levels, Places, Codes, Codes]:
        """Judge what is missing or equal; give the levels, the pairs left open, and the codes of those."""
        a, b = self._pair(f"key_{name}", left, right)
        levels, open_ = start(FIELD[name], a, b, rarity.of_value[f"key_{name}"])
        return levels, open_, a[open_], b[open_]

    def _suffix(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        levels, open_, a, b = self._begin("suffix", left, right, rarity)
        words = self.encoded.vocabulary["key_suffix"].to_list()
        for group in _SAME_GENERATION:
            member = np.array([word in group for word in words], dtype=np.bool_)
            levels[open_[member[a] & member[b]]] = MISSING
        return levels

    def _email(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        """Compare addresses; a local part without a number says no more than the name it is made of."""
        field = FIELD["email"]
        levels, open_, a, b = self._begin("email", left, right, rarity)
        alike = np.flatnonzero(self._number[a] == self._number[b])  # other numbers are other mailboxes
        x, y = self._letters[a[alike]], self._letters[b[alike]]
        near = x == y
        apart = np.flatnonzero(~near)
        near[apart] = self._spelled(x[apart], y[apart]) == fuzzy.ONE_EDIT
        levels[open_[alike[near]]] = field.code("near")
        levels[open_[self._local[a] == self._local[b]]] = field.code("local_part")
        told = (levels[open_] != field.code("different")) & ~self._numbered[self._number[a]]
        told_rows = open_[told]
        levels[told_rows[self._named_alike(left[told_rows], right[told_rows])]] = MISSING
        return levels

    def _named_alike(self, left: Codes, right: Codes) -> Flags:
        """Say whether a first or last name agrees."""
        found = np.zeros(len(left), dtype=np.bool_)
        for column in ("key_first", "key_last"):
            if column in self.encoded.sizes:
                a, b = self._pair(column, left, right)
                found |= (a == b) & (a != NULL)
        return found

    def _phone(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        levels, open_, a, b = self._begin("phone", left, right, rarity)
        alike = one_digit(self._digits[a], self._digits[b], 10)
        levels[open_[alike]] = FIELD["phone"].code("one_digit")
        return levels

    def _ssn(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        field = FIELD["ssn"]
        levels = np.zeros(len(left), dtype=np.uint8)
        if "key_ssn4" in self.encoded.sizes:
            a, b = self._pair("key_ssn4", left, right)
            both = (a != NULL) & (b != NULL)
            levels[both & (a == b)] = field.code("last_four_alone")
            levels[both & (a != b)] = field.code("last_four_different")
        if "key_ssn" in self.encoded.sizes:
            a, b = self._pair("key_ssn", left, right)
            both = (a != NULL) & (b != NULL)
            four = both & (levels == field.code("last_four_alone"))
            levels[both] = field.code("different")
            levels[four] = field.code("last_four")
            same = np.flatnonzero(both & (a == b))
            levels[same] = field.exact + rarity.of_value["key_ssn"][a[same]]
        return levels

    def _ssid(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        levels, open_, a, b = self._begin("ssid", left, right, rarity)
        levels[open_[self._ssids(a, b) == fuzzy.ONE_EDIT]] = FIELD["ssid"].code("one_edit")
        return levels

    def _zip(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        levels, open_, a, b = self._begin("zip", left, right, rarity)
        levels[open_[self._area[a] == self._area[b]]] = FIELD["zip"].code("near")
        return levels

    def _street(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        levels, open_, a, b = self._begin("street", left, right, rarity)
        door = self._houses[a] == self._houses[b]  # another number is a neighbour's
        found = self._streets(a[door], b[door])
        levels[open_[door][found == fuzzy.NEAR]] = FIELD["street"].code("near")
        return levels

    def _city(self, left: Codes, right: Codes, rarity: Rarity) -> Levels:
        levels, open_, a, b = self._begin("city", left, right, rarity)
        levels[open_[self._cities(a, b) == fuzzy.NEAR]] = FIELD["city"].code("near")
        return levels


def _coded(values: pl.Series) -> tuple[Codes, pl.Series]:
    """Number the distinct values of a column in their order."""
    words = values.drop_nulls().unique().sort()
    return numbered(values, words), words
