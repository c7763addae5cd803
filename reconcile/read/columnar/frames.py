"""Parquet and Arrow files to columns of text, without a digit lost; rows are numbered from 1."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.read.columnar.files import ArrowColumns, ParquetColumns, gather
from reconcile.read.columnar.names import fit_names
from reconcile.read.raw import RawTable
from reconcile.read.sheets.numbers import exact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.limits import Limits

_INDEX: Final = "__index_level_0__"  # the numbering that pandas writes along
_ROW_NUMBERS: Final = "The row numbers that pandas had added were left out. Write the file with index=False."
_FIRST_DAY: Final = -719_162  # of the year 1, counted from 1970
_LAST_DAY: Final = 2_932_896  # of the year 9999
_LARGEST: Final = (1 << 63) - 1
_SECONDS: Final = 86_400
_A_SECOND: Final = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_CONTROL: Final = r"[\x00-\x08\x0e-\x1f\x7f]"  # no sign of a line or a page
_NESTED: Final = "The cells hold lists or structures; the column was left out. Write one value a cell."


def read_columns(data: bytes, kind: str, path: Path, found: Diagnostics, limits: Limits) -> RawTable:
    """Read all columns as text; those of lists or structures are left out, and not even unpacked.

    Args:
        data: the file.
        kind: "parquet" or "arrow".
        path: for messages.
        found: takes the diagnostics.
        limits: what is refused.

    Raises:
        InputError: the file is damaged, too large, or has no column of single values.
    """
    made = _guarded(path, kind, lambda: _texts(data, kind, path, found, limits))
    if not made:
        raise InputError(f"{path} has no column of single values. Write lists and structures apart.")
    frame = pl.DataFrame(made)
    lines = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias("line")
    return RawTable(frame, lines, "", frame.height, 0)


def _guarded(path: Path, kind: str, work: Callable[[], list[pl.Series]]) -> list[pl.Series]:
    """Call what parses; what it says of a damaged file, and where it breaks, is ours to say."""
    import pyarrow as pa  # noqa: PLC0415 - only with such files

    try:
        return work()
    except (
        *(pa.ArrowException, OSError, ValueError, MemoryError, OverflowError, IndexError),
        pl.exceptions.PolarsError,
    ) as error:
        if isinstance(error, InputError):
            raise
        problem = "it is damaged, or written in a way that is not known"
    except BaseException as error:  # a panic of the parser is no Exception
        if type(error).__name__ != "PanicException":
            raise
        problem = "it is damaged"
    raise InputError(f"{path} cannot be read as {kind.capitalize()}: {problem}. Write it again.")


def _texts(data: bytes, kind: str, path: Path, found: Diagnostics, limits: Limits) -> list[pl.Series]:
    """Read what is no list as text."""
    import pyarrow as pa  # noqa: PLC0415

    file = ParquetColumns(data) if kind == "parquet" else ArrowColumns(data)
    names = fit_names(file.schema.names, path, found, limits)
    single = [i for i, field in enumerate(file.schema) if not pa.types.is_nested(field.type)]
    table = gather(file, single, len(data), path, limits)
    frame = pl.DataFrame(table.rename_columns([f"c{i}" for i in single]))
    made = []
    for i, name in enumerate(names):
        if i not in single:
            found.note("nested_column", _NESTED, column=name)
        elif name == _INDEX:
            found.note("index_column", _ROW_NUMBERS, column=name)
        elif (text := _text(frame[f"c{i}"], name, found)) is not None:
            made.append(text.alias(name))
    return made


def _text(column: pl.Series, name: str, found: Diagnostics) -> pl.Series | None:
    """One column as text, an empty cell as null; None where its cells hold no text."""
    kind = column.dtype
    if kind == pl.Boolean:
        text = column.replace_strict([True, False], ["true", "false"], return_dtype=pl.String)
    elif kind.is_float():
        text = _floats(column, name, found)
    elif isinstance(kind, pl.Datetime):
        zone = "%:z" if kind.time_zone else ""
        text = _days(column, f"%Y-%m-%d %H:%M:%S%.f{zone}", _SECONDS * _A_SECOND[kind.time_unit], name, found)
    elif kind == pl.Date:
        text = _days(column, "%Y-%m-%d", 1, name, found)
    elif isinstance(kind, pl.Duration):
        text = column.dt.to_string("polars")
    elif kind == pl.Binary:
        told = _told_bytes(column)
        if told is None:
            found.note(
                "binary_column",
                "The cells hold bytes and no text; the column was left out. Write it as text.",
                column=name,
            )
            return None
        text = told
    elif isinstance(kind, pl.Categorical | pl.Enum):
        text = column.cast(pl.String)
    else:
        text = column.cast(pl.String)
    return text.replace({"": None})


def _told_bytes(column: pl.Series) -> pl.Series | None:
    """Bytes as the text that they are; None where they are none, as control characters show, too."""
    with suppress(pl.exceptions.ComputeError):  # not even strict=False makes a null of what is no UTF-8
        text = column.cast(pl.String)
        return None if text.str.contains(_CONTROL).any() else text
    return None


def _days(column: pl.Series, form: str, a_day: int, name: str, found: Diagnostics) -> pl.Series:
    """Days or moments as text; those that no calendar has, as an end of all times is, as their numbers."""
    numbers = column.to_physical().cast(pl.Int64)
    first, last = max(_FIRST_DAY * a_day, -_LARGEST - 1), min((_LAST_DAY + 1) * a_day - 1, _LARGEST)
    usual = numbers.is_between(first, last)
    if (~usual).any():
        found.note_lines(
            (~usual).arg_true() + 1,
            "date_range",
            "A day before the year 1 or after 9999, kept as the number that stands for it. Check the cell.",
            column=name,
        )
    texts = pl.DataFrame({"number": numbers, "moment": column}).select(
        pl.when(usual)
        .then(pl.col("moment"))
        .dt.strftime(form)
        .fill_null(pl.when(~usual).then(pl.col("number").cast(pl.String)))
    )
    return texts.to_series()


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
