"""A Parquet file judged where it lies: looked through for SSNs first, and copied only where it holds any."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.engine import Table
from reconcile.errors import InputError
from reconcile.privacy import ssn_key
from reconcile.read import Limits
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.secret import hide_values
from reconcile.sql import quote

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from reconcile.engine import Engine

_LISTS: Final = "VARCHAR[]"


def scan(engine: Engine, name: str, file: Path, /, *, limits: Limits | None = None) -> Table:
    """Look at a Parquet file, or at a copy of it in which keyed hashes stand for SSNs.

    The copy is made in parts and is laid off to disk where memory does not hold it.

    Raises:
        InputError: it is no Parquet file, has more columns than are read, or holds SSNs within lists.
    """
    _check_columns(file, limits or Limits())
    table = engine.scan(name, file)
    kinds = table.kinds
    texts = [column for column, kind in kinds.items() if kind == "VARCHAR" or kind.startswith("ENUM")]
    lists = [column for column, kind in kinds.items() if kind == _LISTS]
    found = _columns_with_ssns(table, texts, lists)
    within = [column for column in lists if column in found]
    if within:
        raise InputError(
            f"{file} holds SSNs in the lists of {', '.join(within)}. Read what it was made of with "
            "reconcile.read, which replaces them by keyed hashes."
        )
    return _hidden(table, f"{name}_hidden", found) if found else table


def _check_columns(file: Path, limits: Limits) -> None:
    """Count the columns before the engine looks at each of them; what is wrong otherwise, it says itself."""
    import pyarrow as pa  # noqa: PLC0415 - only with such files
    from pyarrow import parquet  # noqa: PLC0415

    columns = 0
    with suppress(pa.ArrowException, OSError):
        columns = parquet.read_metadata(file).num_columns
    limits.check("columns", columns, what=f"{file} has too many columns")


def _columns_with_ssns(table: Table, texts: list[str], lists: list[str]) -> set[str]:
    """Find the columns in which a text is an SSN or holds one, batch by batch."""
    asked = [f"CAST({quote(name)} AS VARCHAR) AS {quote(name)}" for name in texts]
    asked += [f"array_to_string({quote(name)}, chr(10)) AS {quote(name)}" for name in lists]
    if not asked:
        return set()
    noticed = Diagnostics()
    for batch in table.engine.batches(f"SELECT {', '.join(asked)} FROM {quote(table.name)}"):
        hide_values(_frame(batch), cache(ssn_key), noticed)
    return {*noticed.frame()["column"]}


def _hidden(table: Table, name: str, columns: set[str]) -> Table:
    """Copy a table with the SSNs of some columns hashed or blotted out; its rows keep their numbers."""
    key = cache(ssn_key)
    asked = [
        f"CAST({quote(column)} AS VARCHAR) AS {quote(column)}" if column in columns else quote(column)
        for column in (*table.columns, table.numbered_by)
    ]

    def hide(batch: pa.RecordBatch) -> pa.RecordBatch:
        for place, column in enumerate(batch.schema.names):
            if column in columns:
                made = hide_values(_frame(batch.select([place])), key, Diagnostics()).to_arrow()
                batch = batch.set_column(place, column, made.column(0).combine_chunks())
        return batch

    copied = table.engine.map_arrow(name, f"SELECT {', '.join(asked)} FROM {quote(table.name)}", hide)
    return Table(copied.engine, copied.name, table.numbered_by)


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    made = pl.from_arrow(batch)
    assert isinstance(made, pl.DataFrame)  # noqa: S101 - a batch of columns is never a single one
    return made
