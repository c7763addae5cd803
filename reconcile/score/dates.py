"""Dates and numbers compared by their digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from reconcile.score.encode import Codes
    from reconcile.score.levels import Field

    Flags = NDArray[np.bool_]
    Levels = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

_PARTS = 2  # of year, month and day that agree where one is wrong


class Dates:
    """Compares the days of a vocabulary."""

    def __init__(self, vocabulary: pl.Series, /) -> None:
        """Take the days apart."""
        days = vocabulary.to_numpy().astype("datetime64[D]")
        self.year = (days.astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.int16)
        month = days.astype("datetime64[M]")
        self.month = (month.astype(np.int64) % 12 + 1).astype(np.int8)
        self.day = ((days - month).astype(np.int64) + 1).astype(np.int8)
        self.digits = self.year.astype(np.int64) * 10_000 + self.month.astype(np.int64) * 100 + self.day

    def levels(self, a: Codes, b: Codes, field: Field, /) -> Levels:
        """Judge two unequal days: day and month swapped, one digit or one part wrong, different."""
        out = np.full(len(a), field.code("different"), dtype=np.uint8)
        year = self.year.take(a) == self.year.take(b)
        month = self.month.take(a) == self.month.take(b)
        day = self.day.take(a) == self.day.take(b)
        parts = year.astype(np.int8) + month + day
        out[parts == _PARTS] = field.code("one_part")
        likely = np.flatnonzero(parts == _PARTS)
        alike = one_digit(self.digits[a[likely]], self.digits[b[likely]], 8)
        out[likely[alike]] = field.code("one_digit")
        likely = np.flatnonzero(year & ~month & ~day)
        crossed = (self.month[a[likely]] == self.day[b[likely]]) & (
            self.day[a[likely]] == self.month[b[likely]]
        )
        out[likely[crossed]] = field.code("day_month_swapped")
        return out


def one_digit(a: Numbers, b: Numbers, width: int, /) -> Flags:
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
