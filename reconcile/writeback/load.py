"""The rows of a load file, by a shape: what changes in the SIS and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.writeback.compare import Change
from reconcile.writeback.shape import LISTS, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from reconcile.writeback.shape import Shape

_CROOKED: Final = "the extract does not show all alternate ids with their types, and the load would lose some"


def load_rows(changes: pl.DataFrame, shape: Shape, /, *, code: str, effective: date) -> pl.DataFrame:
    """Write the changes of a difference as the columns of a shape, in the order of the difference.

    Args:
        changes: of `to_write`, with whatever the shape takes from the extract: person, and alt_ids and
            alt_types as the extract has them.
        shape: what the file looks like.
        code: how a CCCID is marked among a person's ids.
        effective: from when the numbers count.

    Returns:
        The file's columns as text.
    """
    rows = changes.rename({"new": "cccid"}).with_columns(code=pl.lit(code, pl.String))
    if shape.fields & {*LISTS}:
        rows = _with_lists(rows, shape.separator)
    return rows.select(_column(name, what, effective) for name, what in shape.columns.items())


def refuse_crooked(difference: pl.DataFrame, shape: Shape, /) -> pl.DataFrame:
    """Refuse changes for which the file would lose a person's other alternate ids.

    Ids and types stand side by side in the extract, each in clear; where they do not, nothing can be put
    among them.
    """
    if not shape.fields & {*LISTS}:
        return difference
    crooked = [_crooked(ids, types, shape.separator) for ids, types in difference.select(LISTS).iter_rows()]
    writes = pl.col("change").is_in([Change.ADD.value, Change.REPLACE.value]) & pl.Series(
        crooked, dtype=pl.Boolean
    )
    return difference.with_columns(
        change=pl.when(writes).then(pl.lit(Change.REFUSED.value)).otherwise("change"),
        why=pl.when(writes).then(pl.lit(_CROOKED)).otherwise("why"),
    )


def _crooked(alt_ids: str | None, alt_types: str | None, separator: str) -> bool:
    ids, types = _split(alt_ids, separator), _split(alt_types, separator)
    return len(ids) != len(types) or any(one.startswith("ssn:") for one in ids)


def _column(name: str, what: str | Mapping[str, str], effective: date) -> pl.Expr:
    if not isinstance(what, str) and "text" in what:
        return pl.lit(what["text"]).alias(name)
    field = what if isinstance(what, str) else what["field"]
    if field == "effective":
        return pl.lit(written(effective, what)).alias(name)
    return pl.col(field).cast(pl.String).alias(name)


def _with_lists(rows: pl.DataFrame, separator: str) -> pl.DataFrame:
    """Put the new number among a person's alternate ids, in the place of the old one where it replaces it."""
    made: dict[str, list[str]] = {name: [] for name in LISTS}
    for row in rows.iter_rows(named=True):
        for name, values in zip(LISTS, _merged(row, separator), strict=True):
            made[name].append(separator.join(values))
    return rows.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in made.items())


def _merged(row: dict[str, Any], separator: str) -> tuple[list[str], list[str]]:
    ids, types = _split(row["alt_ids"], separator), _split(row["alt_types"], separator)
    if row["old"] in ids:
        ids[ids.index(row["old"])] = row["cccid"]
        return ids, types
    return [*ids, row["cccid"]], [*types, row["code"]]


def _split(text: str | None, separator: str) -> list[str]:
    """Take a cell of several values apart; a value mark that an export let through separates too."""
    return [] if not text else [one.strip() for one in text.replace("ý", separator).split(separator)]
