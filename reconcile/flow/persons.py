"""Both at once: duplicates within each of two tables and the links between them, put together to persons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.cluster import group
from reconcile.flow.linked import Duplicates, Persons

if TYPE_CHECKING:
    from collections.abc import Callable

_NEEDED: Final = ("match_weight", "band", "guard", "decision")
_LEFT: Final = "left"
_RIGHT: Final = "right"


def persons_of(
    ids: tuple[pl.Series, pl.Series], links: pl.DataFrame, left: Duplicates, right: Duplicates, /
) -> Persons:
    """Put records together to persons by all pairs of band link, as far as nothing contradicts.

    Args:
        ids: of all records of the left and of the right table.
        links: scored pairs between the tables.
        left: duplicates within the left table.
        right: duplicates within the right table.
    """
    records = pl.concat(
        [
            pl.DataFrame({"id": some.sort().cast(pl.String)}).with_columns(table=pl.lit(name))
            for some, name in zip(ids, (_LEFT, _RIGHT), strict=True)
        ]
    ).with_row_index("record")
    number = _numbering(records)
    pairs = pl.concat(
        [
            number(left.pairs, _LEFT, _LEFT),
            number(right.pairs, _RIGHT, _RIGHT),
            number(links, _LEFT, _RIGHT),
        ]
    )
    groups = group(pairs)
    frame = (
        records.join(groups.clusters, left_on="record", right_on="id", how="left", maintain_order="left")
        .with_columns(person=pl.col("cluster").fill_null(pl.col("record")).rank("dense").cast(pl.Int64))
        .select("person", "table", "id")
        .sort("person", maintain_order=True)
    )
    summary = (
        frame.group_by("person")
        .agg(left=_held(_LEFT), right=_held(_RIGHT))
        .with_columns(conflict=pl.when(pl.col("right") > 1).then(pl.lit("several_accounts")))
        .sort("person")
    )
    named = records.select("record", "table", "id")
    cut = groups.cut
    for side in ("l", "r"):
        cut = cut.join(named, left_on=f"id_{side}", right_on="record", how="left", maintain_order="left")
        cut = cut.drop(f"id_{side}").rename({"id": f"id_{side}", "table": f"table_{side}"})
    return Persons(
        frame=_typed(frame, ids),
        summary=summary,
        cut=cut.select("table_l", "id_l", "table_r", "id_r", "match_weight", "reason"),
        left=left,
        right=right,
    )


def _numbering(records: pl.DataFrame) -> Callable[[pl.DataFrame, str, str], pl.DataFrame]:
    """Replace ids, which two tables may share, by numbers of records."""

    def number(pairs: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
        numbered = pairs.select("id_l", "id_r", *(name for name in _NEEDED if name in pairs.columns))
        if "decision" not in numbered.columns:
            numbered = numbered.with_columns(decision=pl.lit(None, dtype=pl.String))
        for side, table in (("id_l", one), ("id_r", other)):
            known = records.filter(table=table).select(pl.col("id").alias(side), "record")
            numbered = (
                numbered.with_columns(pl.col(side).cast(pl.String))
                .join(known, on=side, how="left", maintain_order="left")
                .drop(side)
                .rename({"record": side})
            )
        return numbered.select("id_l", "id_r", *_NEEDED)

    return number


def _typed(frame: pl.DataFrame, ids: tuple[pl.Series, pl.Series]) -> pl.DataFrame:
    """Give ids back the type of the tables, where both have one."""
    kind = ids[0].dtype
    return frame.with_columns(pl.col("id").cast(kind)) if kind == ids[1].dtype else frame


def _held(table: str) -> pl.Expr:
    return (pl.col("table") == table).sum().cast(pl.Int64)
