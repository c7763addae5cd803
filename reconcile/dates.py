"""How dates are written: one place for the reader, which says what it sees, and for the keys made of it.

A column is judged as a whole. Whether days or months come first is what its values above 12 show; numbers
are the days of a spreadsheet only where the column's other values are dates or such numbers too. A day
that the calendar does not have is never rolled over, and a time of day or its zone never moves the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

import polars as pl

_MONTHS: Final = {
    **{
        name: number
        for names in (
            "january february march april may june july august september october november december",
            "jan feb mar apr may jun jul aug sep oct nov dec",
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
            "ene feb mar abr may jun jul ago sep oct nov dic",
        )
        for number, name in enumerate(names.split(), start=1)
    },
    "sept": 9,
    "setiembre": 9,
    "set": 9,
}
_MONTH: Final = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_WEEKDAY: Final = (
    r"^(?:(?:mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?|lunes|martes|mi[eé]rcoles|jueves|viernes"
    r"|s[aá]bado|domingo)(?:\. |, ?| )"
)
# A time of day as databases and spreadsheets write it, with its zone; it never moves the day.
_TIME: Final = (
    r"(?:(?:t|,? |:)[0-9]{1,2}(?:[:.][0-9]{2}){1,2}(?:[.,:][0-9]{1,9})?(?: ?[ap]\.?m\.?)?"
    r"(?: ?(?:z|[+-][0-9]{2}(?::?[0-9]{2})?|[a-z]{2,5}|[a-z]+/[a-z_]+))?|z|[+-][0-9]{2}:[0-9]{2})?$"
)
_YEAR: Final = "([0-9]{4}|[0-9]{2})"
_YMD: Final = rf"^([0-9]{{4}})[-/. ]([0-9]{{1,2}})[-/. ]([0-9]{{1,2}}){_TIME}"
_COMPACT: Final = (
    rf"^((?:1[89]|20|99)[0-9]{{2}})(0[1-9]|1[0-2])([0-3][0-9])(?:\.0|[0-9]{{4}}|[0-9]{{6}}|{_TIME[:-1]})$"
)
_PARTS: Final = rf"^([0-9]{{1,2}})[-/. ]([0-9]{{1,2}})[-/. ]{_YEAR}{_TIME}"
_EIGHT: Final = r"^([0-3][0-9])([0-3][0-9])((?:19|20)[0-9]{2})(?:\.0)?$"
_SEVEN: Final = r"^([1-9])([0-3][0-9])((?:19|20)[0-9]{2})(?:\.0)?$"  # the same, its first zero lost
_DAY_NAME: Final = rf"^([0-9]{{1,2}})(?:st|nd|rd|th)?(?: de |[-/. ]*){_MONTH}(?: de |[-/., ]*){_YEAR}{_TIME}"
_NAME_DAY: Final = rf"^{_MONTH}[-/. ]*([0-9]{{1,2}})(?:st|nd|rd|th)?(?:[-/., ]+){_YEAR}{_TIME}"
_YEAR_NAME: Final = rf"^([0-9]{{4}})[-/. ]?{_MONTH}[-/. ]?([0-9]{{1,2}}){_TIME}"
_TIME_BETWEEN: Final = rf"^{_MONTH} ([0-9]{{1,2}}) [0-9:]{{5,8}} (?:[a-z]{{2,5}} )?([0-9]{{4}})$"
_NUMBER: Final = r"^([0-9]{5,6})(?:\.[0-9]+)?$"
_NO_DATE: Final = r"^(?:0[0/. :t-]*|[/.-]+)$"
_MOMENT: Final = (
    r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4})[ Tt][0-9]{1,2}:[0-9]{2}"
    r"(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?[AaPp][Mm])?(?:Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
_CLOCK: Final = r"[ tT:]([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2}))?(?:[.,][0-9]+)? ?(?:([AaPp])\.?[Mm])?"
_DAY_ONE: Final = date(1899, 12, 30)  # of spreadsheets, from 1 March 1900 on
_TWELVE: Final = 12
_LAST_DAY: Final = 31
_MOST_STRAYS: Final = 20  # one of the other order in so many is a slip of its own
_HARDLY: Final = 8  # of dates by chance three in five have a day above 12
_MOST_BEYOND: Final = 0.05  # numbers that are no days, in a column of such numbers


class Purpose(Enum):
    """What a column's dates are of: it decides the century of two digits, and which numbers are days.

    A birthdate lies in the past and a student has lived for years: 00 to 19 are of this century, 20 to 99
    of the last. What happens to records lies around today: 00 to 49 are of this century, 50 to 99 of the
    last, as Oracle's format RR has it.
    """

    BIRTH = "birth"
    EVENT = "event"

    @property
    def pivot(self) -> int:
        """The first two-digit year of the last century."""
        return 20 if self is Purpose.BIRTH else 50

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year that a number for a day can be of."""
        return (1901, 2030) if self is Purpose.BIRTH else (1950, 2050)

    @property
    def plausible(self) -> tuple[int, int]:
        """The first and the last year of dates that do not stand for "none"."""
        return (1901, 2030) if self is Purpose.BIRTH else (1902, 2098)


@dataclass(frozen=True)
class Order:
    """Whether days or months come first in a column, and what shows it.

    Attributes:
        day_first: how a value that can be read both ways is read.
        days: distinct values whose first part is a day beyond doubt.
        months: distinct values whose second part is.
        both: distinct values that can be read both ways as different days.
        doubtful: the column contradicts itself, or hardly shows its order.
    """

    day_first: bool
    days: int
    months: int
    both: int
    doubtful: bool

    @property
    def shown(self) -> bool:
        """Whether any value shows the order."""
        return self.days + self.months > 0


@dataclass(frozen=True)
class Dates:
    """What the distinct values of a column of dates say.

    Attributes:
        frame: one row a distinct text: text; date (pl.Date, null where there is none); the flags doubt
            (day and month may be swapped), weak (1 January, often a stand-in for "year known"),
            placeholder (a date that stands for none), both (can be read with day and month swapped),
            day_first (True where the first part is a day beyond doubt, False where the second is, else
            null), short
            (a year of two digits), serial (the day number of a spreadsheet), none (zeros or signs, as
            databases write that there is no date).
        order: of day and month.
        swapped: the day numbers may have been made from dates read in the wrong order.
    """

    frame: pl.DataFrame
    order: Order
    swapped: bool


def without_times(values: pl.Series, /) -> pl.Series:
    """Cut the time of day off the usual forms, so that a column has fewer distinct values.

    >>> without_times(pl.Series(["2004-05-17T00:00:00Z", "5/17/2004 1:05 PM", "noon"])).to_list()
    ['2004-05-17', '5/17/2004', 'noon']
    """
    if not values.str.contains(":", literal=True).any():
        return values
    return pl.select(pl.coalesce(values.str.extract(_MOMENT), values).alias(values.name)).to_series()


def tell_dates(values: pl.Series, /, *, purpose: Purpose = Purpose.BIRTH) -> Dates:
    """Read the distinct values of a column; null is left out.

    >>> told = tell_dates(pl.Series(["17-MAY-04", "05/17/1994", "36892", "Feb 30, 2004"])).frame
    >>> [day and day.isoformat() for day in told["date"]]
    ['2004-05-17', '1994-05-17', '2001-01-01', None]
    """
    distinct = values.drop_nulls().unique(maintain_order=True).alias("text").to_frame()
    parts = _parts(distinct.with_columns(plain=_plain(pl.col("text"))), purpose)
    order = _order(parts)
    made = _judge(_placed(parts, order), purpose)
    serials = _are_serials(made)
    day = (pl.lit(_DAY_ONE) + pl.duration(days=pl.col("number"))) if serials else None
    made = made.with_columns(
        pl.coalesce("date", pl.when(pl.col("in_range")).then(day)).alias("date"),
        serial=pl.col("in_range") & pl.lit(serials) & pl.col("date").is_null(),
    )
    swapped = serials and _may_be_swapped(made)
    day_number = pl.col("serial") & pl.lit(swapped)
    twins = (pl.col("date").dt.day() <= _TWELVE) & (pl.col("date").dt.day() != pl.col("date").dt.month())
    first = (pl.col("date").dt.month() == 1) & (pl.col("date").dt.day() == 1)
    low, high = purpose.plausible
    year = pl.col("date").dt.year()
    stand_in = ~year.is_between(low, high) | (first & year.is_in([1901, 1910]))
    flags = {
        "doubt": (pl.col("both") & pl.lit(order.doubtful)) | (day_number & twins),
        "weak": first,
        "placeholder": stand_in,
        "both": pl.col("both"),
        "short": pl.col("short"),
        "serial": pl.col("serial"),
        "none": pl.col("plain").str.contains(_NO_DATE),
    }
    frame = made.select(
        "text", "date", "day_first", **{name: flag.fill_null(value=False) for name, flag in flags.items()}
    )
    return Dates(frame, order, swapped)


def sortable(values: pl.Series, /) -> pl.Series:
    """Write moments so that their texts sort as they do; what is no date of an event stays as it is.

    >>> sortable(pl.Series(["11/2/2025 1:05 PM", "2024-03-01T08:00:00Z", "soon"])).to_list()
    ['2025-11-02 13:05:00', '2024-03-01T08:00:00Z', 'soon']
    """
    text = values.cast(pl.String).alias("text")
    if text.drop_nulls().str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}").all():
        return text.alias(values.name)
    days = tell_dates(without_times(text), purpose=Purpose.EVENT).frame.select("text", "date")
    clock = text.to_frame().select(pl.col("text").str.extract_groups(_CLOCK).struct.unnest())
    hour = pl.col("1").cast(pl.Int32)
    hour = pl.when(pl.col("4").is_null()).then(hour).otherwise(hour % 12)
    hour += pl.when(pl.col("4").str.to_lowercase() == "p").then(12).otherwise(0)
    time = pl.format(" {}:{}:{}", hour.cast(pl.String).str.zfill(2), "2", pl.col("3").fill_null("00"))
    rows = without_times(text).to_frame().join(days, on="text", how="left", maintain_order="left")
    rows = rows.hstack(clock).with_columns(given=text)
    day = pl.col("date").cast(pl.String)
    iso = pl.col("given").str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}")
    made = pl.when(~iso).then(day + time.fill_null(""))
    return rows.select(pl.coalesce(made, "given").alias(values.name)).to_series()


def _plain(text: pl.Expr) -> pl.Expr:
    """Digits and letters in their usual forms, one space between words, no apostrophes and weekdays."""
    return (
        text.str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_all(r"['`\u{2018}\u{2019}\u{00b4}]", "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
        .str.replace(_WEEKDAY, "")
    )


def _parts(frame: pl.DataFrame, purpose: Purpose) -> pl.DataFrame:
    """Take each value apart by the first shape that fits; a and b are day and month, in whatever order."""
    text = pl.col("plain")
    eight = frame.select(text.str.contains(_EIGHT).any()).item()

    def part(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).cast(pl.Int32)

    def month(pattern: str, group: int) -> pl.Expr:
        return text.str.extract(pattern, group).replace_strict(_MONTHS, default=None, return_dtype=pl.Int32)

    joined = (_PARTS, _EIGHT, _SEVEN) if eight else (_PARTS, _EIGHT)
    named = {_DAY_NAME: (3, 2, 1), _NAME_DAY: (3, 1, 2), _TIME_BETWEEN: (3, 1, 2), _YEAR_NAME: (1, 2, 3)}
    whole = {_YMD: (1, 2, 3), _COMPACT: (1, 2, 3)}
    taken = frame.with_columns(
        year=pl.coalesce(
            *(part(p, at[0]) for p, at in (whole | named).items()), *(part(p, 3) for p in joined)
        ),
        month=pl.coalesce(
            *(part(p, at[1]) for p, at in whole.items()), *(month(p, at[1]) for p, at in named.items())
        ),
        day=pl.coalesce(*(part(p, at[2]) for p, at in (whole | named).items())),
        a=pl.coalesce(part(p, 1) for p in joined),
        b=pl.coalesce(part(p, 2) for p in joined),
        dotted=text.str.contains(r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]"),
        digits=text.str.extract(_NUMBER, 1).cast(pl.Int32),
        short=text.str.contains(_PARTS) & ~text.str.contains(r"^[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{4}")
        | (text.str.contains(_DAY_NAME) & (part(_DAY_NAME, 3) < 100))  # noqa: PLR2004 - two digits
        | (text.str.contains(_NAME_DAY) & (part(_NAME_DAY, 3) < 100)),  # noqa: PLR2004
    )
    return _centuries(_years_first(taken), purpose)


def _years_first(parts: pl.DataFrame) -> pl.DataFrame:
    """Read 98-05-17 as year, month, day where the column's first parts show years and its last do not."""
    whole = pl.col("short") & pl.col("a").is_not_null()
    seen = parts.select(
        first=(whole & (pl.col("a") > _LAST_DAY)).any(), last=(whole & (pl.col("year") > _LAST_DAY)).any()
    ).row(0)
    if seen != (True, False):
        return parts
    return parts.with_columns(
        year=pl.when(whole).then("a").otherwise("year"),
        month=pl.when(whole).then("b").otherwise("month"),
        day=pl.when(whole).then("year").otherwise("day"),
        a=pl.when(~whole).then("a"),
        b=pl.when(~whole).then("b"),
    )


def _centuries(parts: pl.DataFrame, purpose: Purpose) -> pl.DataFrame:
    year = pl.col("year")
    century = pl.when(year >= purpose.pivot).then(year + 1900).otherwise(year + 2000)
    return parts.with_columns(year=pl.when("short").then(century).otherwise(year))


def _order(parts: pl.DataFrame) -> Order:
    """Decide whether days come first by the values that can be read in one order only."""
    a, b = pl.col("a"), pl.col("b")
    low_a, low_b = a.is_between(1, _TWELVE), b.is_between(1, _TWELVE)
    days, months, both, dotted = parts.select(
        days=(a.is_between(13, _LAST_DAY) & low_b).sum(),
        months=(b.is_between(13, _LAST_DAY) & low_a).sum(),
        both=(low_a & low_b & (a != b)).sum(),
        dotted=(pl.col("dotted") | a.is_null()).all(),
    ).row(0)
    fewer, more = sorted((days, months))
    # A stray value of the other order is an error of its own and throws no doubt on the rest.
    mixed = fewer > 0 and fewer * _MOST_STRAYS >= more
    hardly = more > 0 and more * _HARDLY < both
    # Where nothing shows the order, dates with slashes are American, those with points are not.
    day_first = days > months or (days == months == 0 and dotted and parts["a"].count() > 0)
    return Order(day_first, days, months, both, mixed or hardly)


def _placed(parts: pl.DataFrame, order: Order) -> pl.DataFrame:
    """Give a and b their places."""
    a, b = pl.col("a"), pl.col("b")
    swap = (a > _TWELVE) | ((b <= _TWELVE) & pl.lit(order.day_first))
    return parts.with_columns(
        month=pl.when(a.is_null()).then("month").when(swap).then(b).otherwise(a),
        day=pl.when(a.is_null()).then("day").when(swap).then(a).otherwise(b),
        both=a.is_between(1, _TWELVE) & b.is_between(1, _TWELVE) & (a != b),
        day_first=pl.when(a > _TWELVE).then(pl.lit(value=True)).when(b > _TWELVE).then(pl.lit(value=False)),
    )


def _judge(made: pl.DataFrame, purpose: Purpose) -> pl.DataFrame:
    """Add the day where the calendar has it, and the numbers that could be days."""
    valid = pl.col("month").is_between(1, _TWELVE) & pl.col("day").is_between(1, _LAST_DAY)
    iso = pl.format(
        "{}-{}-{}",
        pl.col("year").cast(pl.String).str.zfill(4),
        pl.col("month").cast(pl.String).str.zfill(2),
        pl.col("day").cast(pl.String).str.zfill(2),
    )
    low, high = purpose.years
    days = (date(low, 1, 1) - _DAY_ONE).days, (date(high, 12, 31) - _DAY_ONE).days
    return made.with_columns(
        date=pl.when(valid).then(iso).str.to_date("%Y-%m-%d", strict=False),
        number=pl.col("digits"),
        in_range=pl.col("digits").is_between(*days).fill_null(value=False),
    )


def _are_serials(made: pl.DataFrame) -> bool:
    """Numbers of five digits are days where nearly all can be, and half of the column is dates or such."""
    numbers, days, dates = made.select(
        pl.col("digits").count(), pl.col("in_range").sum(), pl.col("date").count()
    ).row(0)
    beyond = numbers - days
    return bool(days) and beyond <= _MOST_BEYOND * numbers and (days + dates) * 2 >= made.height


def _may_be_swapped(made: pl.DataFrame) -> bool:
    """Tell the trace of a spreadsheet that took days for months: what it could not turn round stayed text.

    All texts beside the numbers then have a day above 12 in front, and no number has a day above 12.
    """
    highest = made.filter("serial")["date"].dt.day().max()
    texts = made["a"].drop_nulls()
    return bool(texts.len() and texts.min() > _TWELVE and highest <= _TWELVE)  # type: ignore[operator]
