"""Which of a person's rows is in force: that of the latest effective date not after the day asked for.

Names, addresses and ids are dated each by a column of its own, where a joined extract has one, and else by
the one column of dates that there is. What has no date counts where nothing dated does, and what takes
effect later only where there is nothing else. The order of the file decides nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.dates import Purpose, tell_dates
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconcile.read.diagnostics import Diagnostics

NAMES: Final = ("first_name", "middle_name", "last_name", "suffix", "preferred_first_name")
DATES: Final = ("effective", "name_effective", "address_effective", "id_effective")
_ADDRESS: Final = ("street", "city", "state", "zip")
_RANKS: Final = {"rank": "effective", "rank_name": "name_effective", "rank_address": "address_effective"}
_RANK_OF: Final = {
    **dict.fromkeys(NAMES, "rank_name"),
    **dict.fromkeys(_ADDRESS, "rank_address"),
    "email": "rank",
    "phone": "rank",
}
_UNDATED: Final = 10_000_000  # beyond any day, so that whatever has a date comes first
_LATER: Final = 2 * _UNDATED


def day_asked(options: Mapping[str, object]) -> date:
    """Take the day of the option `as_of`; today where it is not given."""
    value = options.get("as_of")
    return value if isinstance(value, date) else datetime.now(tz=UTC).astimezone().date()


def dated(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Add the `day` that a column of dates says."""
    days = tell_dates(rows[column], purpose=Purpose.EVENT).frame.select(
        pl.col("text").alias(column), day="date"
    )
    return rows.join(days, on=column, how="left", maintain_order="left")


def with_ranks(rows: pl.DataFrame, options: Mapping[str, object]) -> pl.DataFrame:
    """Rank rows by their dates, the one in force lowest; rows without a column of dates stay as they are."""
    if not any(column in rows.columns for column in DATES):
        return rows
    limit = (day_asked(options) - date(1970, 1, 1)).days
    for rank, own in _RANKS.items():
        column = own if own in rows.columns else "effective"
        if column not in rows.columns:
            rows = rows.with_columns(pl.lit(_UNDATED, dtype=pl.Int64).alias(rank))
            continue
        day = pl.col("day").cast(pl.Int64)
        ranked = pl.when(day <= limit).then(-day).when(day > limit).then(_LATER + day).otherwise(_UNDATED)
        rows = dated(rows, column).with_columns(ranked.alias(rank)).drop("day")
    return rows


def is_ranked(rows: pl.DataFrame) -> bool:
    """Say whether rows were ranked."""
    return "rank" in rows.columns


def without_ranks(rows: pl.DataFrame) -> pl.DataFrame:
    """Take the ranks off again."""
    return rows.drop(*_RANKS, strict=False)


def in_force(current: pl.DataFrame, aggregates: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Make one row a person: each column's value in force, and the `line` of the name that is.

    A name and an address are taken whole from the rows of their latest date; any other value that is
    absent there comes from an earlier one. Of equal dates the first by content counts.

    Args:
        current: ranked rows with `row_person` and `line`.
        aggregates: what is made of each column, of rows in the order in which they count.
    """
    others = [c for c in aggregates if _RANK_OF.get(c, "rank") == "rank"]
    answer = _made(current, "rank", others, [aggregates[c] for c in others])
    for rank, columns in (("rank_name", NAMES), ("rank_address", _ADDRESS)):
        present = [c for c in columns if c in aggregates]
        line = [pl.col("line").first()] if rank == "rank_name" else []
        if present:
            newest = current.filter(_newest(rank, present))
            made = _made(newest, rank, present, [*(aggregates[c] for c in present), *line])
            answer = answer.join(made, on="row_person", how="left")
    first = current.group_by("row_person").agg(first_line=pl.col("line").min())
    answer = answer.join(first, on="row_person", how="left")
    lines = [c for c in ("line", "first_line") if c in answer.columns]
    return answer.with_columns(line=pl.coalesce(lines)).drop("first_line")


def _made(rows: pl.DataFrame, rank: str, columns: Sequence[str], made: Sequence[pl.Expr]) -> pl.DataFrame:
    order = [rank, *columns, "line"]
    return rows.sort(order, nulls_last=True).group_by("row_person", maintain_order=True).agg(*made)


def _filled(columns: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(*columns).is_not_null())


def _top(rank: str, columns: Sequence[str], among: pl.Expr) -> pl.Expr:
    """The best rank of a person's rows that say anything here."""
    return pl.when(among & _filled(columns)).then(pl.col(rank)).min().over("row_person")


def _newest(rank: str, columns: Sequence[str], among: pl.Expr | None = None) -> pl.Expr:
    among = pl.lit(value=True) if among is None else among
    return (among & _filled(columns) & (pl.col(rank) == _top(rank, columns, among))).fill_null(value=False)


def in_doubt(kept: pl.DataFrame, columns: Sequence[str]) -> list[pl.Expr]:
    """Leave of what may change with time only what no date tells apart: equal ones, or none."""
    current = pl.col("row_role") == "current"
    answer = []
    for column in columns:
        rank = _RANK_OF.get(column)
        if rank:
            group = [c for c in _group(column) if c in kept.columns]
            told = _newest(rank, group, current) | (current & (pl.col(rank) == _UNDATED))
            answer.append(pl.when(told).then(pl.col(column)).alias(column))
    return answer


def _group(column: str) -> tuple[str, ...]:
    return next((group for group in (NAMES, _ADDRESS) if column in group), (column,))


def tell_past_and_future(
    kept: pl.DataFrame, people: pl.DataFrame, options: Mapping[str, object], found: Diagnostics
) -> pl.DataFrame:
    """Turn current rows with a name that is no longer in force into former names; count those to come."""
    current = pl.col("row_role") == "current"
    timed = [c for c in _RANK_OF if c in people.columns]
    names = [c for c in timed if c in NAMES]
    now = people.select("row_person", *(pl.col(c).alias(f"now_{c}") for c in timed))
    rows = kept.join(now, on="row_person", how="left", maintain_order="left")
    other = {c: (pl.col(c) != pl.col(f"now_{c}")).fill_null(value=False) for c in timed}
    other_name = pl.any_horizontal(other[c] for c in names)
    top = _top("rank_name", names, current)
    to_come = pl.any_horizontal(
        *(other[c] & (pl.col(_RANK_OF[c]) >= _LATER) for c in timed),
        # An id that takes effect later is told of by itself.
        (top >= _LATER) & (pl.col("additional_id").is_null() if "additional_id" in kept.columns else True),
    )
    later = rows.filter(current & to_come.fill_null(value=False))
    if later.height:
        found.note(
            "future_row",
            f"{counted(later.height, 'row')} to take effect after {day_asked(options)}, the first here: what "
            "differs there counts only if the person has no other row. Name a later day with the option "
            "as_of if it should.",
            line=int(later["line"].min()),  # type: ignore[arg-type]
        )
    past = current & other_name & ((pl.col("rank_name") < _LATER) | (pl.col("rank_name") == top))
    role = pl.when(past.fill_null(value=False)).then(pl.lit("former_name")).otherwise("row_role")
    return rows.with_columns(row_role=role).drop(f"now_{c}" for c in timed)
