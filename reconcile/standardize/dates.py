"""Birthdates in every reasonable shape; day and month are decided per column, doubts are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from reconcile.dates import tell_dates, without_times

_MIXED: Final = (
    "The birthdates mix day/month and month/day; where both readings are possible the doubt is kept."
)
_SWAPPED: Final = (
    "Some birthdates are day numbers of a spreadsheet that seems to have taken days for months; the doubt is "
    "kept."
)


@dataclass(frozen=True)
class Birthdates:
    """What a column of birthdates says.

    Attributes:
        frame: date (pl.Date), doubt (day and month may be swapped), weak (1 January, often a stand-in
            for "year known"), placeholder (a date that stands for none): one row a value, same order.
        note: a sentence where the column contradicts itself, else None.
    """

    frame: pl.DataFrame
    note: str | None


def parse_dates(values: pl.Series, /) -> Birthdates:
    """Read a column of dates as text, or as dates.

    >>> parse_dates(pl.Series(["03/25/1999", "4-MAR-01", "19990325"])).frame["date"].to_list()
    [datetime.date(1999, 3, 25), datetime.date(2001, 3, 4), datetime.date(1999, 3, 25)]
    """
    text = _as_text(values).alias("text")
    told = tell_dates(text)
    frame = (
        text.to_frame()
        .join(told.frame, on="text", how="left", maintain_order="left")
        .select("date", *(pl.col(c).fill_null(value=False) for c in ("doubt", "weak", "placeholder")))
    )
    note = _MIXED if told.order.doubtful else _SWAPPED if told.swapped else None
    return Birthdates(frame, note)


def _as_text(values: pl.Series) -> pl.Series:
    """Texts of days, since the time of a moment says nothing of a birthdate."""
    if values.dtype.is_temporal():
        return values.cast(pl.Date, strict=False).cast(pl.String)
    text = without_times(values.cast(pl.String).str.strip_chars())
    return pl.select(pl.when(text != "").then(text)).to_series()
