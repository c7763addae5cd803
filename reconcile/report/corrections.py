"""What of earlier submissions to MIS is to be corrected, and what became of each of their rows."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.columns import SisCccid
from reconcile.errors import InputError
from reconcile.words import listed

CORRECTIONS: Final = ("GI01", "GI03", "sis_id", "old_SB34", "new_SB34", "kind", "reason")
KEY: Final = ("GI01", "GI03", "sis_id")
# What a number in the SIS is known to be wrong for; anything else that is open waits for a person.
_WRONG: Final = {
    SisCccid.OTHER_PERSON.value: "the number is another person's",
    SisCccid.MALFORMED.value: "what was reported is no CCCID",
    SisCccid.RETIRED.value: "the number was retired",
    SisCccid.FRAUD.value: "the number was reported as fraud",
}


def require_columns(table: pl.DataFrame, columns: tuple[str, ...], what: str, /) -> None:
    """Refuse a table that lacks a column."""
    lacking = [name for name in columns if name not in table.columns]
    if lacking:
        raise InputError(
            f"The table of {what} has no column {listed(lacking)}. It needs {', '.join(columns)}."
        )


def last_submitted(submitted: pl.DataFrame | None) -> pl.DataFrame:
    """Keep of several submissions of one student, college and term the last."""
    if submitted is None:
        return pl.DataFrame(schema=dict.fromkeys((*KEY, "SB34"), pl.String))
    require_columns(submitted, (*KEY, "SB34"), "earlier submissions")
    return submitted.select(*KEY, "SB34").unique([*KEY], keep="last", maintain_order=True)


def submitted_rows(
    submitted: pl.DataFrame | None, before: pl.DataFrame, stated: pl.DataFrame, found: pl.DataFrame
) -> pl.DataFrame:
    """Say what became of the rows of earlier submissions."""
    schema = {"what": pl.String, "count": pl.Int64}
    if submitted is None:
        return pl.DataFrame(schema=schema)
    known = before.join(stated, on=["GI01", "sis_id"], how="semi").height
    return pl.DataFrame(
        [
            ("rows of earlier submissions", submitted.height),
            ("of these submitted again later", submitted.height - before.height),
            ("of students who are not in this run's population, so not looked at", before.height - known),
            ("right as they stand", known - found.height),
            ("to correct", found.height),
        ],
        schema=schema,
        orient="row",
    )


def corrections(before: pl.DataFrame, stated: pl.DataFrame, /, *, missing: str) -> pl.DataFrame:
    """Say what of earlier submissions is to be corrected; a student's number is the same in every term.

    Args:
        before: GI01, GI03, sis_id, SB34, each student, college and term once.
        stated: today's: sis_id, GI01, sis_cccid, why, cccid (as the SIS holds it), SB34.
        missing: the code for none.
    """
    now = stated.select("sis_id", "GI01", "sis_cccid", "why", held="cccid", right="SB34")
    old_rows = before.select(*KEY, old_SB34=pl.col("SB34").str.strip_chars_end())
    both = old_rows.join(now, on=["GI01", "sis_id"], how="inner")
    old, right, none = pl.col("old_SB34"), pl.col("right"), pl.lit(missing)
    was_none = (old == none) | old.is_null() | (old == "")
    is_none = right == none
    wrong = pl.col("sis_cccid").replace_strict(_WRONG, default=None, return_dtype=pl.String)
    same_as_held = old == pl.col("held")
    known_wrong = (is_none & same_as_held & wrong.is_not_null()) | (~well_formed(old, wide=True) & is_none)
    kind = (
        pl.when(was_none & ~is_none).then(pl.lit("add"))
        .when(~was_none & ~is_none & (old != right)).then(pl.lit("replace"))
        .when(~was_none & known_wrong).then(pl.lit("withdraw"))
        .when(~was_none & is_none).then(pl.lit("decide"))
    )  # fmt: skip
    reason = (
        pl.when(kind == "add").then(pl.lit("a CCCID is known by now"))
        .when(kind == "replace").then(pl.lit("another number is the student's"))
        .when(kind == "withdraw").then(wrong.fill_null("what was reported is no CCCID"))
        .when(kind == "decide").then(pl.format("a person decides first: {}", pl.col("why")))
    )  # fmt: skip
    return (
        both.with_columns(kind=kind, reason=reason)
        .drop_nulls("kind")
        .with_columns(new_SB34=pl.when(pl.col("kind") != "decide").then(right))
        .select(pl.col(name).cast(pl.String) for name in CORRECTIONS)
        .sort(*KEY)
    )
