"""Two snapshots of the same accounts side by side, one row an account, for the suite of changes."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.columns import CCCID_COLUMN
from reconcile.errors import InputError

# What rules about changes look at; `c` is the later value, `c_before` the earlier one.
CHANGING: Final = (
    "first_name",
    "middle_name",
    "last_name",
    "birthdate",
    "email",
    "phone",
    "ssn_hmac",
    "email_verified",
    "email_verified_timestamp",
    "phone_verified",
    "phone_verified_timestamp",
    "accepted_terms_timestamp",
    "idv_optin_timestamp",
    "idv_confirmation_timestamp",
)
# Rules of the suite that say that an account may be another person's today.
OTHER_PERSON: Final = (
    "account_owner_changed",
    "account_owner_changed_in_part",
    "name_and_birthdate_changed",
)

_TEXTS: Final = (pl.String, pl.Categorical, pl.Enum, pl.Null)
_OTHER: Final = (pl.Boolean, pl.Date, pl.Datetime)


def side_by_side(before: pl.DataFrame, after: pl.DataFrame, /, *, systemwide: bool) -> pl.DataFrame:
    """Join two snapshots by CCCID, so that an account of either is a row.

    A column that one of the two lacks is left out, and the rules that read it close the gate.

    Args:
        before: the earlier snapshot.
        after: the later one.
        systemwide: both hold all accounts there are.

    Returns:
        cccid, seen ("both", "before" or "after"), scope ("systemwide" or "partial"), and for each of
        CHANGING its later value and its earlier one (`_before`).

    Raises:
        InputError: one of the two has no column cccid, or no rows, or holds something else than text.
    """
    return beside(_comparable(before, "earlier"), _comparable(after, "later"), systemwide=systemwide)


def beside(before: pl.DataFrame, after: pl.DataFrame, /, *, systemwide: bool) -> pl.DataFrame:
    """Join the texts of two snapshots as `side_by_side` does, also where one of them has no rows."""
    told = [name for name in CHANGING if name in before.columns and name in after.columns]
    earlier = before.select(CCCID_COLUMN, pl.col(told).name.suffix("_before"), _was=pl.lit(value=True))
    later = after.select(CCCID_COLUMN, *told, _is=pl.lit(value=True))
    both = pl.col("_was").is_not_null() & pl.col("_is").is_not_null()
    seen = pl.when(both).then(pl.lit("both")).when(pl.col("_is")).then(pl.lit("after"))
    return (
        later.join(earlier, on=CCCID_COLUMN, how="full", coalesce=True)
        .with_columns(
            seen=seen.otherwise(pl.lit("before")), scope=pl.lit("systemwide" if systemwide else "partial")
        )
        .select(CCCID_COLUMN, "seen", "scope", *(name for c in told for name in (c, f"{c}_before")))
        .sort(CCCID_COLUMN, maintain_order=True)
    )


def _comparable(table: pl.DataFrame, what: str) -> pl.DataFrame:
    """Bring the columns that are compared to text, so that two exports of different makers can be joined."""
    if CCCID_COLUMN not in table.columns:
        raise InputError(
            f"The {what} snapshot has no column {CCCID_COLUMN}, by which accounts are compared. "
            "Read it with the layout openccc."
        )
    if table.is_empty():
        raise InputError(f"The {what} snapshot has no rows, so that every account would look new or gone.")
    told = [CCCID_COLUMN, *(name for name in CHANGING if name in table.columns)]
    wrong = [
        name
        for name in told
        if table.schema[name] not in (*_TEXTS, *(() if name == CCCID_COLUMN else _OTHER))
    ]
    if wrong:
        kind = table.schema[wrong[0]]
        raise InputError(
            f"Column {wrong[0]} of the {what} snapshot is {kind}; text was expected. Read the file with "
            "reconcile.read, or cast the column to text."
        )
    return table.select(pl.col(told).cast(pl.String))
