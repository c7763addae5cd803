"""What the dates of an extract are like: numbers for days, two-digit years, day and month in doubt.

The values stay as they are; what the later steps make of them is said here, once a column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.dates import Dates, Purpose, tell_dates, without_times
from reconcile.privacy import mask_shape
from reconcile.read.layouts.effective import DATES

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics
    from reconcile.remarks import Kind

# Of a death only counts that there is a date of it; what an unreadable effective date means is said where
# ids are chosen by it, and there the first day of 1900 and the last of 9999 are in order.
_FIELDS: Final = {
    "birthdate": Purpose.BIRTH,
    "submitted": Purpose.EVENT,
    "reported": Purpose.EVENT,
    "since": Purpose.EVENT,
    **dict.fromkeys(DATES, Purpose.EVENT),
    "deceased_on": Purpose.EVENT,
}
_SHAPES: Final = 3  # that are shown of what cannot be read
_CENTURIES: Final = {
    Purpose.BIRTH: "00 to 19 were read as 2000 to 2019 and 20 to 99 as 1920 to 1999, since no birthdate lies "
    "in the future",
    Purpose.EVENT: "00 to 49 were read as 2000 to 2049 and 50 to 99 as 1950 to 1999",
}
_SERIAL: Final = (
    "{n} of {of} values are numbers{beside}, as spreadsheets count days; they were read as days from "
    "1899-12-30 on. {other} Format the column as a date, and export it again."
)
_OTHER: Final = "A workbook that counts from 1904 would mean days four years and one day later."
_OTHER_HERE: Final = (
    "This workbook counts from 1904: if that holds for these numbers too, they mean days four years and one "
    "day later."
)
_SHORT: Final = "{n} of {of} years have two digits: {centuries}. Export them with four."
_EXPORT: Final = "Export the column as yyyy-mm-dd."
_BOTH_ORDERS: Final = (
    "{days} of {of} values have the day first, {months} the month: a part above 12 shows it. {both} can be "
    "read both ways: they were read as {way}{kept}. " + _EXPORT
)
_NO_ORDER: Final = (
    "{n} of {of} values can be read as day/month or month/day, and no value has a part above 12 that shows "
    "which; they were read as {way}, as is usual {where}. " + _EXPORT
)
_HARDLY_SHOWN: Final = (
    "{n} of {of} values can be read as day/month or month/day, and only {shown} show which, by a part above "
    "12; they were read as {way}{kept}. " + _EXPORT
)
_SWAPPED: Final = (
    "All dates that stayed text have a day above 12 in front, and none of the numbers beside them has one: a "
    "spreadsheet seems to have taken days for months in {n} of {of} values. Export the column again as "
    "yyyy-mm-dd, without a spreadsheet in between."
)
_UNREADABLE: Final = (
    "{n} of {of} values are no date of the calendar in any known form, and were kept as they are (by shape: "
    "{shapes}){whole} Correct them, or export the column as yyyy-mm-dd."
)
_STAND_INS: Final = (
    "{n} of {of} values stand for no date: zeros, the first day of 1900 or 1901 and the like, or a year "
    "outside {low} to {high}. They were kept, and count as absent. Correct them, or leave them empty."
)
_NO_DEATH: Final = (
    "{n} of {of} values can be no one's date of death, such as the first day of 1900; the persons were taken "
    "for deceased. Correct the rows, or leave the dates out."
)


def examine_dates(rows: pl.DataFrame, found: Diagnostics) -> None:
    """Look through the columns of dates.

    Args:
        rows: mapped rows with their `line`; texts without outer blanks.
        found: takes `date_serial`, `two_digit_year`, `day_month_doubt`, `date_unreadable` and
            `date_placeholder`, each with the first line that it is about. A column whose dates have years
            of four digits and show whether days or months come first has none of them.
    """
    for name, purpose in _FIELDS.items():
        if name in rows.columns and rows[name].null_count() < rows.height:
            _Column(rows, name, purpose, found).examine()


def known_dates(values: pl.Series, /) -> pl.Series:
    """List the distinct texts of a column that are dates of events."""
    return tell_dates(values, purpose=Purpose.EVENT).frame.filter(pl.col("date").is_not_null())["text"]


class _Column:
    """One column: its distinct values with `times` and their first `line`, and what they say."""

    def __init__(self, rows: pl.DataFrame, name: str, purpose: Purpose, found: Diagnostics) -> None:
        self._name, self._purpose, self._found = name, purpose, found
        counted = (
            rows.select("line", text=without_times(rows[name]))
            .drop_nulls("text")
            .group_by("text")
            .agg(pl.col("line").min(), times=pl.len())
            .sort("line")
        )
        self._told: Dates = tell_dates(counted["text"], purpose=purpose)
        self._values = counted.join(self._told.frame, on="text", how="left", maintain_order="left")
        self._all = int(counted["times"].sum())

    def examine(self) -> None:
        """Note what is to be said of it."""
        self._serials()
        if self._name != "deceased_on":
            self._short_years()
            self._order()
        if self._name not in {"deceased_on", *DATES}:
            self._unreadable()
        if self._name not in DATES:
            self._placeholders()

    def _note(self, kind: Kind, values: pl.DataFrame, message: str, **said: object) -> None:
        """Note something about some of the distinct values; {n} and {of} stand for their numbers."""
        if values.height:
            text = message.format(n=_times(values), of=f"{self._all:,}", **said)
            self._found.note(kind, text, line=int(values["line"][0]), column=self._name)

    def _serials(self) -> None:
        beside = "" if self._values["serial"].all() else " beside dates"
        other = _OTHER_HERE if self._found.has("date_1904") else _OTHER
        self._note("date_serial", self._values.filter("serial"), _SERIAL, beside=beside, other=other)

    def _short_years(self) -> None:
        short = self._values.filter(pl.col("short") & pl.col("date").is_not_null())
        self._note("two_digit_year", short, _SHORT, centuries=_CENTURIES[self._purpose])

    def _order(self) -> None:
        order, values = self._told.order, self._values
        both = values.filter("both")
        way = "day/month" if order.day_first else "month/day"
        kept = " and the doubt is kept" if self._purpose is Purpose.BIRTH else ""
        days, months = (values.filter(pl.col("day_first") == first) for first in (True, False))
        if order.days and order.months:
            fewer = days if order.days <= order.months else months
            doubted = pl.concat([fewer, both]).sort("line") if order.doubtful else fewer
            kept = kept if order.doubtful else ", as nearly all others show"
            said = {"days": _times(days), "months": _times(months), "both": _times(both)}
            self._note("day_month_doubt", doubted, _BOTH_ORDERS, way=way, kept=kept, **said)
        elif not order.shown:
            where = "with points" if order.day_first else "in the United States"
            self._note("day_month_doubt", both, _NO_ORDER, way=way, where=where)
        elif order.doubtful:
            shown = _times(pl.concat([days, months]))
            self._note("day_month_doubt", both, _HARDLY_SHOWN, way=way, kept=kept, shown=shown)
        if self._told.swapped:
            self._note("day_month_doubt", values.filter("doubt", "serial"), _SWAPPED)

    def _unreadable(self) -> None:
        values = self._values.filter(pl.col("date").is_null() & ~pl.col("none"))
        shapes = mask_shape(values["text"]).unique(maintain_order=True).head(_SHAPES)
        shown = ", ".join(f'"{shape}"' for shape in shapes)
        whole = "; is this the right column?" if values.height == self._values.height else "."
        self._note("date_unreadable", values, _UNREADABLE, shapes=shown, whole=whole)

    def _placeholders(self) -> None:
        if self._name == "deceased_on":
            self._note("date_placeholder", self._values.filter("placeholder"), _NO_DEATH)
            return
        low, high = self._purpose.plausible
        stand_ins = self._values.filter(pl.col("placeholder") | pl.col("none"))
        self._note("date_placeholder", stand_ins, _STAND_INS, low=low, high=high)


def _times(values: pl.DataFrame) -> str:
    return f"{values['times'].sum():,}"
