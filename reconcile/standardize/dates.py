"""Birthdates in every reasonable shape; day and month are decided per column, doubts are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_PIVOT: Final = 20  # "06-JAN-98": two-digit years from 20 up are of the last century
_FIRST_YEAR, _LAST_YEAR = 1901, 2030
_YMD: Final = r"^([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[t ].*)?$"
_COMPACT: Final = r"^((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?:[0-9]{6}|[t ].*)?$"
_PARTS: Final = r"^([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4}|[0-9]{2})(?:[t ,].*)?$"
_EIGHT: Final = r"^([01][0-9])([0-3][0-9])((?:19|20)[0-9]{2})$"
_DAY_NAME: Final = r"^([0-9]{1,2})[-/. ]?([a-z]{3})[a-z]*[-/., ]*([0-9]{4}|[0-9]{2})(?:[t ,].*)?$"
_NAME_DAY: Final = (
    r"^([a-z]{3})[a-z]*[-/. ]*([0-9]{1,2})(?:st|nd|rd|th)?[-/., ]+([0-9]{4}|[0-9]{2})(?:[t ,].*)?$"
)


@dataclass(frozen=True)
class Dates:
    """What a column of dates says.

    Attributes:
        frame: date (pl.Date), doubt (day and month may be swapped), weak (1 January, often a stand-in
            for "year known"), placeholder (a date that stands for none): one row a value, same order.
        note: a sentence where the column contradicts itself, else None.
    """

    frame: pl.DataFrame
    note: str | None


def parse_dates(values: pl.Series, /) -> Dates:
    """Read a column of dates as text, or as dates.

    >>> parse_dates(pl.Series(["03/25/1999", "4-MAR-01", "19990325"])).frame["date"].to_list()
    [datetime.date(1999, 3, 25), datetime.date(2001, 3, 4), datetime.date(1999, 3, 25)]
    """
    text = _as_text(values)
    distinct = pl.DataFrame({"text": text}).drop_nulls().unique(maintain_order=True)
    parts = _parts(distinct, "text")
    day_first, mixed = _order(parts)
    first, second = pl.col("a"), pl.col("b")
    swap = (first > 12) | ((second <= 12) & pl.lit(day_first))  # noqa: PLR2004 - months of a year
    open_order = pl.col("ambiguous")
    made = parts.with_columns(
        pl.when(open_order & swap)
        .then(second)
        .when(open_order)
        .then(first)
        .otherwise("month")
        .alias("month"),
        pl.when(open_order & swap).then(first).when(open_order).then(second).otherwise("day").alias("day"),
        (open_order & (first <= 12) & (second <= 12) & (first != second) & pl.lit(mixed)).alias("doubt"),  # noqa: PLR2004
    )
    known = _judge(made)
    frame = (
        pl.DataFrame({"text": text})
        .join(known, on="text", how="left", maintain_order="left")
        .select("date", *(pl.col(c).fill_null(value=False) for c in ("doubt", "weak", "placeholder")))
    )
    note = (
        "The birthdates mix day/month and month/day; where both readings are possible the doubt is kept."
        if mixed
        else None
    )
    return Dates(frame, note)


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype.is_temporal():
        return values.cast(pl.Date, strict=False).cast(pl.String)
    text = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    return pl.select(pl.when(text != "").then(text)).to_series()


def _parts(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Take each value apart by the first shape that fits; `ambiguous` where a and b are day and month."""
    text = pl.col(column)

    def part(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).cast(pl.Int32)

    def month(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).replace_strict(_MONTHS, default=None, return_dtype=pl.Int32)

    year = pl.coalesce(part(_YMD, 1), part(_COMPACT, 1), part(_EIGHT, 3))
    short = pl.coalesce(part(_PARTS, 3), part(_DAY_NAME, 3), part(_NAME_DAY, 3))
    century = (
        pl.when(short >= 100).then(short).when(short >= _PIVOT).then(short + 1900).otherwise(short + 2000)  # noqa: PLR2004
    )
    return frame.with_columns(
        pl.coalesce(year, century).alias("year"),
        pl.coalesce(
            part(_YMD, 2), part(_COMPACT, 2), part(_EIGHT, 1), month(_DAY_NAME, 2), month(_NAME_DAY, 1)
        ).alias("month"),
        pl.coalesce(
            part(_YMD, 3), part(_COMPACT, 3), part(_EIGHT, 2), part(_DAY_NAME, 1), part(_NAME_DAY, 2)
        ).alias("day"),
        part(_PARTS, 1).alias("a"),
        part(_PARTS, 2).alias("b"),
        text.str.contains(_PARTS).alias("ambiguous"),
    )


def _order(parts: pl.DataFrame) -> tuple[bool, bool]:
    """Decide whether days come first, and whether the column shows both orders."""
    shown = parts.filter("ambiguous")
    days = int((shown["a"] > 12).sum())  # noqa: PLR2004
    months = int((shown["b"] > 12).sum())  # noqa: PLR2004
    # A stray value of the other order is an error of its own and throws no doubt on the rest.
    fewer, more = sorted((days, months))
    return days > months, fewer > 0 and fewer * 20 >= more


def _judge(made: pl.DataFrame) -> pl.DataFrame:
    valid = pl.col("month").is_between(1, 12) & pl.col("day").is_between(1, 31)
    iso = pl.format(
        "{}-{}-{}",
        pl.col("year").cast(pl.String).str.zfill(4),
        pl.col("month").cast(pl.String).str.zfill(2),
        pl.col("day").cast(pl.String).str.zfill(2),
    )
    date = pl.when(valid).then(iso).str.to_date("%Y-%m-%d", strict=False)
    first = (pl.col("month") == 1) & (pl.col("day") == 1)
    stand_in = ~pl.col("year").is_between(_FIRST_YEAR, _LAST_YEAR) | (
        first & pl.col("year").is_in([1901, 1910])
    )
    return made.select(
        "text",
        date.alias("date"),
        "doubt",
        first.alias("weak"),
        stand_in.fill_null(value=False).alias("placeholder"),
    )
