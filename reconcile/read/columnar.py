"""Parquet and Arrow files to columns of text, without a digit lost; rows are numbered from 1."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.read.names import fit_names
from reconcile.read.numbers import exact
from reconcile.read.raw import RawTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.limits import Limits

_INDEX: Final = "__index_level_0__"  # the numbering that pandas writes along
_BATCH: Final = 65_536
_UNSUSPICIOUS: Final = 20_000_000  # values up to which no ratio is a bomb
_NESTED: Final = (pl.List, pl.Array, pl.Struct, pl.Object)


def read_columns(data: bytes, kind: str, path: Path, found: Diagnostics, limits: Limits) -> RawTable:
    """Read all columns as text.

    Args:
        data: the file.
        kind: "parquet" or "arrow".
        path: for messages.
        found: takes the diagnostics.
        limits: what is refused.

    Raises:
        InputError: the file is damaged, too large, or has no column of single values.
    """
    import pyarrow as pa  # noqa: PLC0415 - only with such files

    problem = ""
    try:
        table = _table(data, kind, path, limits)
        names = fit_names(table.column_names, path, found, limits)
        table = table.rename_columns([f"c{i}" for i in range(len(names))])
        frame = pl.DataFrame(table)
        del table
    except (pa.ArrowException, OSError, ValueError, MemoryError, pl.exceptions.PolarsError) as error:
        if isinstance(error, InputError):
            raise
        problem = "it is damaged, or written in a way that is not known"
    except BaseException as error:  # a panic of the parser is no Exception
        if type(error).__name__ != "PanicException":
            raise
        problem = "it is damaged"
    if problem:
        raise InputError(f"{path} cannot be read as {kind.capitalize()}: {problem}. Write it again.")
    made = []
    for name, column in zip(names, frame.columns, strict=True):
        if name == _INDEX:
            found.note("index_column", "The row numbers that pandas had added were left out.", column=name)
        elif (text := _text(frame[column], name, found)) is not None:
            made.append(text.alias(name))
    if not made:
        raise InputError(f"{path} has no column of single values. Write lists and structures apart.")
    rows = frame.height
    lines = pl.int_range(1, rows + 1, dtype=pl.Int64, eager=True).alias("line")
    return RawTable(pl.DataFrame(made), lines, "", rows, 0)


def _table(data: bytes, kind: str, path: Path, limits: Limits) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    if kind == "arrow":
        return _counted(*_arrow(data), len(data), path, limits)
    plain = pq.ParquetFile(io.BytesIO(data))
    schema, facts = plain.schema_arrow, plain.metadata
    _check_values(facts.num_rows * max(facts.num_columns, 1), len(data), path, limits)
    limits.check("columns", facts.num_columns, what=f"{path} has too many columns")
    # Texts stay in their dictionaries until they are counted: one long text may stand in every row.
    texts = [
        field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_binary(field.type)
    ]
    file = pq.ParquetFile(io.BytesIO(data), read_dictionary=texts)
    return _counted(file.iter_batches(batch_size=_BATCH), file.schema_arrow, len(data), path, limits)


def _arrow(data: bytes) -> tuple[Iterator[pa.RecordBatch], pa.Schema]:
    import pyarrow as pa  # noqa: PLC0415

    if data.startswith(b"ARROW1"):
        file = pa.ipc.open_file(io.BytesIO(data))
        return (file.get_batch(i) for i in range(file.num_record_batches)), file.schema
    stream = pa.ipc.open_stream(io.BytesIO(data))
    return iter(stream), stream.schema


def _counted(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, packed: int, path: Path, limits: Limits
) -> pa.Table:
    """Gather batches while their texts, dictionaries unfolded, stay within the limits."""
    kept, values, size = [], 0, 0
    for batch in batches:
        values += batch.num_rows * max(batch.num_columns, 1)
        size += batch.nbytes + sum(_unfolded(column) for column in batch.columns)
        _check_values(values, packed, path, limits)
        limits.check("unpacked", size, what=f"{path} unpacks to too many bytes")
        if size > _UNSUSPICIOUS * 5:
            limits.check("ratio", size // packed, what=f"{path} unpacks to too many times its size")
        kept.append(batch)
    import pyarrow as pa  # noqa: PLC0415

    return pa.Table.from_batches(kept, kept[0].schema if kept else schema)


def _check_values(values: int, packed: int, path: Path, limits: Limits) -> None:
    limits.check("values", values, what=f"{path} has too many values")
    if values > _UNSUSPICIOUS:
        limits.check("ratio", values // packed, what=f"{path} unpacks to too many times its size")


def _unfolded(column: pa.Array[Any]) -> int:
    """Bytes of the texts of a column that is kept as a dictionary."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if not isinstance(column, pa.DictionaryArray) or not len(column.dictionary):
        return 0
    if not _is_text(column.dictionary.type):
        return 0
    texts: Any = column.dictionary
    lengths = pc.take(pc.binary_length(texts), column.indices)
    return int(pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary))


def _text(column: pl.Series, name: str, found: Diagnostics) -> pl.Series | None:
    """One column as text, an empty cell as null; None where its cells hold more than one value."""
    kind = column.dtype
    if isinstance(kind, _NESTED) or kind in _NESTED:
        found.note(
            "nested_column",
            "The cells hold lists or structures; the column was left out. Write one value a cell.",
            column=name,
        )
        return None
    if kind == pl.Boolean:
        text = column.replace_strict([True, False], ["true", "false"], return_dtype=pl.String)
    elif kind.is_float():
        text = _floats(column, name, found)
    elif isinstance(kind, pl.Datetime):
        zone = "%:z" if kind.time_zone else ""
        text = column.dt.strftime(f"%Y-%m-%d %H:%M:%S%.f{zone}")
    elif isinstance(kind, pl.Duration):
        text = column.dt.to_string("polars")
    elif kind == pl.Binary:
        text = column.cast(pl.String, strict=False)
        if text.null_count() > column.null_count():
            found.note(
                "binary_column", "The cells hold bytes and no text; the column was left out.", column=name
            )
            return None
    elif isinstance(kind, pl.Categorical | pl.Enum):
        text = column.cast(pl.String)
    else:
        text = column.cast(pl.String)
    return text.replace({"": None})


def _floats(column: pl.Series, name: str, found: Diagnostics) -> pl.Series:
    wide = column.cast(pl.Float64) if column.dtype == pl.Float64 else column.cast(pl.String).cast(pl.Float64)
    real = wide.fill_nan(None)
    if real.len() > real.null_count() and (real.round() == real).all() and (real.abs() < 2**53).all():
        found.note(
            "float_ids",
            "Whole numbers stored with a decimal point (pandas does so where some are missing); they were "
            "read without. Store ids as text.",
            column=name,
        )
        return real.cast(pl.Int64).cast(pl.String)
    values = [None if value is None else exact(value) for value in wide.to_list()]
    return pl.Series(values, dtype=pl.String)
