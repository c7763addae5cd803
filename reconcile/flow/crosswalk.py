"""Every CCCID of every student with where it comes from: the table that an SIS is loaded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SisCccid, Status

if TYPE_CHECKING:
    from reconcile.join import Joined
    from reconcile.resolve import Resolution

SCHEMA: Final = {
    "sis_id": pl.String,
    "cccid": pl.String,
    "origin": pl.String,
    "current": pl.String,
    "since": pl.String,
}


def crosswalk(
    resolution: Resolution, joined: Joined, /, *, issued: pl.DataFrame, past: pl.DataFrame | None = None
) -> pl.DataFrame:
    """List every CCCID that is, or was, a student's.

    Args:
        resolution: of `resolve`.
        joined: of `join`; an application's date says since when a number is known.
        issued: sis_id, cccid, kind ("mint" / "recover"), issued_on of numbers that the registry gave.
        past: sis_id, cccid and, if known, since of earlier crosswalks.

    Returns:
        sis_id, cccid, origin ("sis", "issued", "recovered", "proposed", "account", "past"), current ("yes"
        for the one number to use, "no" for history and for what a person has yet to decide), since.
    """
    people = resolution.frame
    good = people["sis_cccid"] == SisCccid.AGREES.value
    held = joined.held.join(people.select("sis_id", agrees=good, status="status"), on="sis_id", how="left")
    parts = [
        held.select(
            "sis_id", cccid="written", origin=pl.lit("sis"),
            current=_yes(pl.col("agrees") & (pl.col("status") == Status.CONFIRMED.value)),
        ),
        issued.select(
            "sis_id", "cccid",
            origin=pl.when(pl.col("kind") == "mint").then(pl.lit("issued")).otherwise(pl.lit("recovered")),
            current=pl.lit("yes"), since="issued_on",
        ),
        people.filter(pl.col("proposed_cccid").is_not_null()).select(
            "sis_id", cccid="proposed_cccid", origin=pl.lit("proposed"), current=pl.lit("no"),
        ),
        people.explode("other_cccids").drop_nulls("other_cccids").select(
            "sis_id", cccid="other_cccids", origin=pl.lit("account"), current=pl.lit("no"),
        ),
        _past(past),
    ]  # fmt: skip
    dates = joined.applied.select("sis_id", "cccid", applied="submitted")
    first_named = pl.concat(parts, how="diagonal_relaxed").unique(
        ["sis_id", "cccid"], keep="first", maintain_order=True
    )
    return (
        first_named.join(dates, on=["sis_id", "cccid"], how="left")
        .with_columns(since=pl.coalesce("since", "applied"))
        .select(*SCHEMA)
        .cast(pl.Schema(SCHEMA))
        .sort("sis_id", "current", "cccid", descending=[False, True, False])
    )


def _yes(rule: pl.Expr) -> pl.Expr:
    return pl.when(rule.fill_null(value=False)).then(pl.lit("yes")).otherwise(pl.lit("no"))


def _past(past: pl.DataFrame | None) -> pl.DataFrame:
    if past is None:
        return pl.DataFrame(schema=SCHEMA)
    since = pl.col("since") if "since" in past.columns else pl.lit(None, pl.String).alias("since")
    return past.select("sis_id", "cccid", since).with_columns(origin=pl.lit("past"), current=pl.lit("no"))
