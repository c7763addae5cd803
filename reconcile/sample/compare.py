"""Compares the records of one person as the truth does; truth.py says what counts as agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample.damage import fold
from reconcile.sample.habits import COLLEGE_MAIL
from reconcile.sample.kinds import column

if TYPE_CHECKING:
    from reconcile.sample.kinds import Records

LIGHT: Final = (
    "typo",
    "nickname",
    "half_surname",
    "hyphen",
    "names_swapped",
    "diacritics_garbled",
    "suffix_in_last",
    "first_is_middle",
)
_LIGHT_MOST: Final = 3
_HEAVY: Final = ("surname_change", "missing_first_name", "missing_last_name")
_LIGHT_DATE: Final = ("day_month_swapped", "digit_error")
_HEAVY_DATE: Final = (
    "placeholder_birthdate",
    "missing_birthdate",
    "impossible_birthdate",
    "future_birthdate",
    "birthdate_before_1901",
)
_UNKNOWN_DATE: Final = ("placeholder_birthdate", "missing_birthdate")
_NUMBERS: Final = ("ssn", "ssid")
_CONTACTS: Final = ("email", "phone", "home")
SHARED: Final = (*_NUMBERS, *_CONTACTS)


def rows_of(records: Records) -> pl.Series:
    """Number the records from 0."""
    return pl.Series(np.arange(len(records), dtype=np.int64))


def view(records: Records) -> pl.DataFrame:
    """Reduce records to what is compared, one row each."""
    former = column(records["former_last"])
    frame = pl.DataFrame(
        {
            "row": rows_of(records),
            "person": records.person,
            "first": _folded(column(records["first"])),
            "last": _folded(column(records["last"])),
            "former": _folded(former),
            "birthdate": column(records["birthdate"]),
            "light": sum((records.has(kind).astype(np.int64) for kind in LIGHT), start=np.int64(0)),
            "middle": _folded(column(records["middle"])),
            "by_middle": records.has("first_is_middle"),
            "half": records.has("half_surname"),
            "heavy": records.has(*_HEAVY),
            "light_date": records.has(*_LIGHT_DATE),
            "heavy_date": records.has(*_HEAVY_DATE),
            "unknown_date": records.has(*_UNKNOWN_DATE),
            "ssn": column(records["ssn"]),
            "bad_ssn": records.has("ssn_dummy", "ssn_malformed"),
            "ssid": column(records["ssid"]),
            "email": column(records["email"]),
            "phone": column(records["phone"]),
            "home": column(records["street"]) + column(records["zip"]),
        }
    )
    college = pl.col("email").str.ends_with(COLLEGE_MAIL)
    return frame.with_columns(
        ssn=pl.when(~pl.col("bad_ssn")).then("ssn"), email=pl.when(~college).then("email")
    ).drop("bad_ssn")


def _folded(names: pl.Series) -> pl.Series:
    marked = names.str.contains("[^\\x00-\\x7F]").fill_null(value=False)
    bare = names.str.to_uppercase()
    if marked.any():
        rows = marked.arg_true()
        bare = bare.scatter(rows, [fold(text).upper() for text in names.gather(rows)])
    return bare


def compare(left: pl.DataFrame, right: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Compare every pair of one person's rows: `row` and `row_r`, and whether name, date and others agree.

    `linked` names pairs (row, row_r) that an application joins.
    """
    pairs = left.join(right, on="person", suffix="_r").join(
        linked.with_columns(applied=True), on=["row", "row_r"], how="left"
    )
    same_name = pl.col("first").eq_missing(pl.col("first_r")) & (pl.col("last") == pl.col("last_r"))
    remembered = (pl.col("former") == pl.col("last_r")) | (pl.col("former_r") == pl.col("last"))
    other_half = pl.col("half") & pl.col("half_r") & (pl.col("last") != pl.col("last_r"))
    by_middle = (pl.col("first") == pl.col("middle_r")) | (pl.col("middle") == pl.col("first_r"))
    other_name = (pl.col("by_middle") | pl.col("by_middle_r")) & ~by_middle.fill_null(value=False)
    heavy = pl.col("heavy") | pl.col("heavy_r") | other_half | other_name
    slight = (pl.col("light") + pl.col("light_r") <= _LIGHT_MOST) & ~heavy
    known = ~pl.col("heavy_date") & ~pl.col("heavy_date_r")
    same_date = known & (pl.col("birthdate") == pl.col("birthdate_r"))
    near_date = known & ~(pl.col("light_date") & pl.col("light_date_r"))
    numbers, contacts = (
        pl.sum_horizontal((pl.col(name) == pl.col(f"{name}_r")).fill_null(value=False) for name in names)
        for names in (_NUMBERS, _CONTACTS)
    )
    contacts += pl.col("applied").fill_null(value=False).cast(pl.UInt32)
    return (
        pairs.with_columns(
            name=(same_name | slight | remembered).fill_null(value=False),
            date=(same_date | near_date).fill_null(value=False),
            other=(numbers + contacts) > 0,
            strong=numbers > 0,
            same_first=(pl.col("first") == pl.col("first_r")).fill_null(value=False),
        )
        .with_columns(agreeing=pl.sum_horizontal("name", "date", "other"))
        .with_columns(
            certain=pl.col("agreeing") == 3,  # noqa: PLR2004
            possible=pl.col("agreeing") == 2,  # noqa: PLR2004
            agrees=(pl.col("name") & (pl.col("date") | (~known & pl.col("other"))))
            | (pl.col("same_first") & pl.col("date") & pl.col("strong")),
        )
        .select("row", "row_r", "certain", "possible", "agrees", "agreeing")
        .sort("row", "row_r")
    )
