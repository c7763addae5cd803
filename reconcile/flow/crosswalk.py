"""Every CCCID of every student with where it comes from: the table that an SIS is loaded from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Status

if TYPE_CHECKING:
    from reconcile.join import Joined
    from reconcile.resolve import Resolution

# Where nobody has to decide first, the number that the registry gave is the one to use.
_LOADED_NEXT: Final = (
    Status.PENDING_LOAD.value, Status.RECOVERABLE.value, Status.MINTABLE.value, Status.OUT_OF_SCOPE.value,
)  # fmt: skip
_ANOTHER: Final = 2  # differences of three that make another person
SCHEMA: Final = {
    "sis_id": pl.String,
    "cccid": pl.String,
    "origin": pl.String,
    "current": pl.String,
    "since": pl.String,
}


def crosswalk(
    resolution: Resolution,
    joined: Joined,
    /,
    *,
    issued: pl.DataFrame,
    former: pl.DataFrame | None = None,
    past: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """List every CCCID that is, or was, a student's.

    Args:
        resolution: of `resolve`.
        joined: of `join`; an application's date says since when a number is known.
        issued: sis_id, cccid, kind ("mint" / "recover"), issued_on of numbers that the registry gave.
        former: students with sis_id and former_cccids, which the SIS held once.
        past: sis_id, cccid and, if known, since of earlier crosswalks.

    Returns:
        sis_id, cccid, origin ("sis", "issued", "recovered", "proposed", "account", "past"), current ("yes"
        for the one number to use, "no" for history and for what a person has yet to decide), since.
    """
    people = resolution.frame
    parts = [
        _held(people, joined.held, issued),
        _given(people, issued),
        people.filter(pl.col("proposed_cccid").is_not_null()).select(
            "sis_id", cccid="proposed_cccid", origin=pl.lit("proposed"), current=pl.lit("no"),
        ),
        people.explode("other_cccids").drop_nulls("other_cccids").select(
            "sis_id", cccid="other_cccids", origin=pl.lit("account"), current=pl.lit("no"),
        ),
        _superseded(former),
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


def of_this_sis(issued: pl.DataFrame, students: pl.DataFrame, /) -> pl.DataFrame:
    """Keep the numbers that were given to students of this extract.

    A student is a SIS id at a college: a registry may serve other colleges too, where the same id is
    another person.
    """
    return issued.join(students.select("college", "sis_id"), on=["college", "sis_id"], how="semi")


def reused_ids(given_to: pl.DataFrame, students: pl.DataFrame, /) -> pl.Series:
    """Name the SIS ids that belonged to somebody else when our registry gave a number to them.

    Somebody else: of first name, last name and birthdate at least two differ from what the request said.
    """
    fields = ("first_name", "last_name", "birthdate")
    key = ["college", "sis_id"]
    both = given_to.join(students.select(*key, *fields), on=key, suffix="_now")
    differ = pl.sum_horizontal(
        (pl.col(f).str.to_lowercase() != pl.col(f"{f}_now").str.to_lowercase()).fill_null(value=False)
        for f in fields
    )
    return both.filter(differ >= _ANOTHER)["sis_id"].unique().sort()


def _held(people: pl.DataFrame, held: pl.DataFrame, issued: pl.DataFrame) -> pl.DataFrame:
    """List what the SIS holds; of several numbers the one that is surely the student's is current."""
    facts = people.select("sis_id", "status", "other_cccids")
    ours = issued.select("sis_id", "cccid", ours=pl.lit(value=True)).unique()
    rows = held.join(facts, on="sis_id", how="left").join(ours, on=["sis_id", "cccid"], how="left")
    rank = (
        pl.when(pl.col("other_cccids").list.contains(pl.col("cccid"))).then(0)
        .when(pl.col("ours")).then(1)
        .when(pl.col("in_snapshot")).then(2)
        .otherwise(3)
    )  # fmt: skip
    ranked = rows.with_columns(rank=rank).sort("sis_id", "rank", "cccid")
    first = pl.int_range(pl.len()).over("sis_id") == 0
    return ranked.select(
        "sis_id", cccid="written", origin=pl.lit("sis"),
        current=_yes(first & (pl.col("status") == Status.CONFIRMED.value)),
    )  # fmt: skip


def _given(people: pl.DataFrame, issued: pl.DataFrame) -> pl.DataFrame:
    """List what the registry gave; the latest is current, unless a person has to decide first."""
    rows = issued.join(people.select("sis_id", "status"), on="sis_id", how="left")
    ranked = rows.sort("sis_id", "issued_on", "cccid", descending=[False, True, True])
    first = pl.int_range(pl.len()).over("sis_id") == 0
    loaded_next = pl.col("status").is_in(_LOADED_NEXT).fill_null(value=True)  # absent from this extract
    return ranked.select(
        "sis_id", "cccid",
        origin=pl.when(pl.col("kind") == "mint").then(pl.lit("issued")).otherwise(pl.lit("recovered")),
        current=_yes(first & loaded_next), since="issued_on",
    )  # fmt: skip


def _yes(rule: pl.Expr) -> pl.Expr:
    return pl.when(rule.fill_null(value=False)).then(pl.lit("yes")).otherwise(pl.lit("no"))


def _superseded(students: pl.DataFrame | None) -> pl.DataFrame:
    if students is None or "former_cccids" not in students.columns:
        return pl.DataFrame(schema=SCHEMA)
    once = students.select("sis_id", cccid="former_cccids").explode("cccid").drop_nulls("cccid")
    return once.with_columns(origin=pl.lit("sis"), current=pl.lit("no"))


def _past(past: pl.DataFrame | None) -> pl.DataFrame:
    if past is None:
        return pl.DataFrame(schema=SCHEMA)
    since = pl.col("since") if "since" in past.columns else pl.lit(None, pl.String).alias("since")
    known = past.drop_nulls(["sis_id", "cccid"])
    return known.select("sis_id", "cccid", since).with_columns(origin=pl.lit("past"), current=pl.lit("no"))
