"""The extract of a plan once more: columns of it that no layout keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import plain
from reconcile.errors import InputError
from reconcile.flow.queries import query_of
from reconcile.read import Limits, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconcile.plan import Plan


def read_columns(plan: Plan, names: Mapping[str, Iterable[str]], /) -> pl.DataFrame:
    """Read columns of the extract as they stand, by the line of their row.

    Args:
        plan: whose extract.
        names: what a column is called here -> the names that it may have in the extract.

    Returns:
        line and a column for each that was found, trimmed, an empty text as null.
    """
    wanted = plan.students
    raw = read(
        query_of("students", wanted.query, plan) if wanted.query is not None else wanted.path or (),
        encoding=wanted.encoding, sheet=wanted.sheet, member=wanted.member, parts=wanted.parts,
        options={key: wanted.options[key] for key in ("delimiter",) if key in wanted.options},
        limits=Limits(**wanted.limits),
    )  # fmt: skip
    assert raw.lines is not None  # noqa: S101 - without a layout each row has its line
    here = {plain(column): column for column in raw.frame.columns}
    found = {
        name: next((here[plain(one)] for one in candidates if plain(one) in here), None)
        for name, candidates in names.items()
    }
    texts = [pl.col(column).str.strip_chars().alias(name) for name, column in found.items() if column]
    if not texts:
        return raw.lines.alias("line").to_frame()
    frame = raw.frame.select(texts)
    return frame.with_columns(pl.when(pl.all() != "").then(pl.all())).with_columns(raw.lines.alias("line"))


def require_columns(
    table: pl.DataFrame, names: Mapping[str, tuple[str, ...]], needed: Iterable[str], plan: Plan, /
) -> None:
    """Require columns of the extract.

    Raises:
        InputError: some are missing; each is named as the extract may call it.
    """
    lacking = [name for name in needed if name not in table.columns]
    if lacking:
        listed = "; ".join(f"{name} ({', '.join(names[name])})" for name in lacking)
        raise InputError(
            f"{plan.students} lacks what the load file needs: {listed}. Add the column to the extract, or "
            "leave it out of a shape of your own (`reconcile writeback --copy-shape FILE`)."
        )
