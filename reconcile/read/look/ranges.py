"""From where to where the values of a column reach, where that gives no person away.

Of fewer than ten values no end is shown, as no cell under ten is published.
"""

from __future__ import annotations

from typing import Final

import polars as pl

_ENOUGH: Final = 10
_YEAR: Final = r"(?:^|[^0-9])((?:18|19|20|21)[0-9]{2})(?:[^0-9]|$)"
_YEAR_FIRST: Final = r"^((?:19|20)[0-9]{2})(?:[0-9]{4}|[0-9]{10})$"
_YEAR_LAST: Final = r"^[01][0-9][0-3][0-9]((?:19|20)[0-9]{2})$"
_PARTS: Final = r"^\s*([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ](?:[0-9]{4}|[0-9]{2})(?:[^0-9]|$)"
_SHORT_YEAR: Final = r"^(9{1,2}[-/. ]9{1,2}[-/. ]9{2}|9{1,2}[-/. ]?[Aa]{3,9}[-/., ]*9{2})($|[^9])"
_SMALL: Final = r"^-?9{1,3}(\.9+)?$"  # four digits could be the last four of an SSN
_SHARED: Final = r"^[A-Za-z]{0,4}[0-9][A-Za-z0-9]{0,7}$"  # no name has a digit
_MONTHS: Final = 12

Range = tuple[str | None, str | None]


def year_range(values: pl.Series, /) -> Range:
    """Find the first and the last year of dates as text; of a year of two digits nothing is said.

    >>> year_range(pl.Series(["2001-02-03", "04-JUL-1987", "19990101"] * 4))
    ('1987', '2001')
    """
    text = pl.col("v")
    years = values.to_frame("v").select(
        pl.coalesce(text.str.extract(pattern) for pattern in (_YEAR, _YEAR_FIRST, _YEAR_LAST))
    )["v"]
    return _ends(years) if years.count() >= _ENOUGH else (None, None)


def number_range(values: pl.Series, shapes: pl.DataFrame, /) -> Range:
    """Find the least and the greatest of numbers below 1,000; longer ones could be somebody's."""
    if values.len() < _ENOUGH or not shapes["shape"].str.contains(_SMALL).all():
        return None, None
    numbers = values.cast(pl.Float64)
    return tuple(f"{numbers.gather([at])[0]:g}" for at in (numbers.arg_min() or 0, numbers.arg_max() or 0))  # type: ignore[return-value]


def shared_range(values: pl.Series, /) -> Range:
    """Find the first and the last of codes such as terms, among those that ten rows or more hold."""
    counted = values.alias("code").value_counts().filter(pl.col("count") >= _ENOUGH)["code"]
    return _ends(counted.filter(counted.str.contains(_SHARED)))


def date_doubts(values: pl.Series, shapes: pl.DataFrame, /) -> list[str]:
    """Say what is not certain about the dates of a column.

    Args:
        values: the dates as text.
        shapes: shape and count, of what looks like dates.
    """
    doubts = []
    if short := int(shapes.filter(pl.col("shape").str.contains(_SHORT_YEAR))["count"].sum()):
        doubts.append(f"years of two digits: {short:,}")
    parts = values.to_frame("v").select(
        a=pl.col("v").str.extract(_PARTS, 1).cast(pl.Int8), b=pl.col("v").str.extract(_PARTS, 2).cast(pl.Int8)
    )
    days, months = int((parts["a"] > _MONTHS).sum()), int((parts["b"] > _MONTHS).sum())
    if days and months:
        doubts.append(f"the day stands first in {days:,}, the month in {months:,}")
    elif days:
        doubts.append("days stand before months")
    elif not months and parts["a"].count():
        doubts.append("day and month cannot be told apart: none is over 12")
    unread = values.len() - int(shapes["count"].sum())
    if unread:
        doubts.append(f"not like a date: {unread:,}")
    return doubts


def _ends(values: pl.Series) -> Range:
    ends = values.min(), values.max()
    return (str(ends[0]), str(ends[1])) if ends[0] is not None else (None, None)
