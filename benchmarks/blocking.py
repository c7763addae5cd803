"""What blocking reaches: of true pairs damaged in one place, how many are compared, by kind of damage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from benchmarks.linkage_data import DAMAGE

if TYPE_CHECKING:
    from benchmarks.linkage_data import Task

AIM: Final = 0.99
SEVERAL: Final = "in several places"


def reached(task: Task, /, *, in_full: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Block a task as `link` and `find_duplicates` do.

    Args:
        task: the tables and the truth.
        in_full: compare tables of so many possible pairs in full; as many as usual when None.

    Returns:
        damage, pairs, reached (a share) of the true pairs that are damaged in one place, or in none or
        several; and what each rule did: rule, keys, pairs, oversized_keys, dropped_pairs.
    """
    from reconcile.block import rows_of  # noqa: PLC0415 - the other commands do without
    from reconcile.flow.link import prepare  # noqa: PLC0415
    from reconcile.flow.options import Options  # noqa: PLC0415
    from reconcile.flow.pairs import candidate_pairs  # noqa: PLC0415
    from reconcile.score.encode import encode  # noqa: PLC0415

    tables = [
        prepare(pl.read_parquet(path).select("id", *task.fields), "id", "given", {})
        for path in (task.left, task.right)
        if path
    ]
    encoded = encode(*tables)
    options = Options() if in_full is None else Options(compare_in_full=in_full)
    pairs, rules = candidate_pairs(encoded, None, options)
    l, r = rows_of(pairs)  # noqa: E741 - left
    made = pl.DataFrame({"id_l": encoded.left.ids.gather(l), "id_r": encoded.right.ids.gather(r)})
    truth = pl.read_parquet(task.truth)
    if task.right is None:
        low, high = (each("id_l", "id_r") for each in (pl.min_horizontal, pl.max_horizontal))
        truth = truth.with_columns(id_l=low, id_r=high)
    found = truth.join(made.with_columns(reached=pl.lit(value=True)), on=["id_l", "id_r"], how="left")
    places = pl.col("damage").str.split(";").list.filter(pl.element().is_in(DAMAGE))
    kind = (
        pl.when(places.list.len() == 0).then(pl.lit("none"))
        .when(places.list.len() > 1).then(pl.lit(SEVERAL))
        .otherwise(places.list.first())
    )  # fmt: skip
    told = found.group_by(damage=kind).agg(
        pairs=pl.len(), reached=pl.col("reached").fill_null(value=False).mean()
    )
    return told.sort("damage"), rules


def short(told: pl.DataFrame, /) -> list[tuple[str, float]]:
    """The kinds of damage in one place of which fewer are reached than is aimed at."""
    one = told.filter((pl.col("damage") != SEVERAL) & (pl.col("reached") < AIM))
    return list(one.select("damage", "reached").iter_rows())


def tables(task: Task, told: pl.DataFrame, rules: pl.DataFrame, /) -> str:
    """Lay out what a task's blocking reaches, and what its rules made and dropped, as Markdown."""
    return "\n\n".join((task.name, _markdown(told), _markdown(rules)))


def _markdown(frame: pl.DataFrame) -> str:
    marks = ["---" if kind == pl.String else "---:" for kind in frame.dtypes]
    rows = ([_cell(value) for value in row] for row in frame.iter_rows())
    lines = [" | ".join(row) for row in (frame.columns, marks, *rows)]
    return "\n".join(f"| {line.replace('_', ' ')} |" for line in lines)


def _cell(value: object) -> str:
    return (
        f"{value:.4f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )
