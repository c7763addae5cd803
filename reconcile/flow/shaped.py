"""What changed in an account between two snapshots, and how near the new value is; no value is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.agreement import state, with_words
from reconcile.columns import CCCID_COLUMN
from reconcile.flow.link import check_keys, prepare
from reconcile.score.compare import Comparer
from reconcile.score.encode import encode
from reconcile.score.levels import level_names

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is told apart, and the columns that say it; a person's own are compared as the stages compare them.
PERSONAL: Final = {
    "first_name": "first_name",
    "middle_name": "middle_name",
    "last_name": "last_name",
    "birthdate": "birthdate",
    "email": "email",
    "phone": "phone",
    "ssn": "ssn_hmac",
}
NOTED: Final = {
    "email_verification": ("email_verified", "email_verified_timestamp"),
    "phone_verification": ("phone_verified", "phone_verified_timestamp"),
    "terms": ("accepted_terms_timestamp",),
    "identity_verification": ("idv_optin_timestamp", "idv_confirmation_timestamp"),
}


def shapes(before: pl.DataFrame, after: pl.DataFrame, /) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Say of each account what changed.

    Args:
        before: earlier rows: cccid, each once, and columns that both snapshots have.
        after: later rows of the same accounts, in the same columns.

    Returns:
        cccid, field (of PERSONAL or NOTED), shape ("written": capitals, marks, blanks or punctuation alone;
        "near"; "another"; "added": there was none; "gone": there is none); and cccid, words: how the two rows
        compare as a pair of records, in the words that rules and reviewers use. Both by cccid.

    Raises:
        KeyMismatch: the social security numbers were hashed with different keys.
    """
    before, after = (rows.sort(CCCID_COLUMN) for rows in (before, after))
    levels = _levels(before, after)
    both = pl.concat(
        [after.drop(CCCID_COLUMN), before.drop(CCCID_COLUMN).rename(_earlier), levels], how="horizontal"
    )
    fields = {
        field: _shape([column], levels, field)
        for field, column in PERSONAL.items()
        if column in after.columns
    }
    for field, columns in NOTED.items():
        if told := [name for name in columns if name in after.columns]:
            fields[field] = _shape(told, levels, field)
    long = (
        both.select(CCCID_COLUMN, **fields)
        .unpivot(index=CCCID_COLUMN, variable_name="field", value_name="shape")
        .cast(pl.String)  # also where nothing is compared
        .drop_nulls("shape")
        .sort(CCCID_COLUMN, maintain_order=True)
    )
    return long, with_words(levels).select(CCCID_COLUMN, "words")


def _earlier(name: str) -> str:
    return f"{name}_before"


def _shape(columns: Sequence[str], levels: pl.DataFrame, field: str) -> pl.Expr:
    """Compare values of a column, or of several that say one thing; null where they are alike."""
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(_earlier(name))) for name in columns)
    was, now_is = (
        pl.any_horizontal(pl.col(label(name)).is_not_null() for name in columns) for label in (_earlier, str)
    )
    written = pl.lit(value=False)
    if f"level_{field}" in levels.columns:
        written = pl.col(f"level_{field}") == "exact"
    return (
        pl.when(~changed).then(None)
        .when(~was).then(pl.lit("added"))
        .when(~now_is).then(pl.lit("gone"))
        .when(written).then(pl.lit("written"))
        .when(state(levels, field) == "near").then(pl.lit("near"))
        .otherwise(pl.lit("another"))
    )  # fmt: skip


def _levels(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Compare each account's earlier row with its later one: cccid, and a column level_<field> each."""
    sides = [
        prepare(rows, CCCID_COLUMN, which, {}) for rows, which in ((before, "earlier"), (after, "later"))
    ]
    check_keys(*sides)
    comparer = Comparer(encode(*sides))
    rows = np.arange(after.height, dtype=np.int32)
    codes = comparer.layout.codes(comparer.patterns(rows, rows))
    return after.select(CCCID_COLUMN).with_columns(
        **{
            f"level_{field.name}": pl.Series(level_names(field)).gather(codes[:, place])
            for place, field in enumerate(comparer.layout.fields)
        }
    )
