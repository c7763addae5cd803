"""The table that rules look at: the columns they read, as text, each row with its number."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.columns import LIST_COLUMNS
from reconcile.engine import Table
from reconcile.errors import InputError, nearest
from reconcile.results import as_frame
from reconcile.sql import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from reconcile.engine import Engine

_ROW: Final = "reconcile_row"
_GIVEN: Final = "reconcile_given"
_VIEW: Final = "reconcile_judged"
_SEPARATOR: Final = "\x1f"  # no text holds it that a rule lets pass


def take(engine: Engine, table: object, /, *, key: str) -> Table:
    """Take a table as the engine can look at it, without a copy: a handle as it is, anything else numbered.

    Raises:
        InputError: the object is no table, or has no key column.
    """
    given = table if isinstance(table, Table) else as_frame(table)
    columns = given.columns
    if key not in columns:
        raise InputError(
            f"The key column {key} is not in the table.{nearest(key, columns)} "
            "Name the column that identifies a row: validate(table, key=...)."
        )
    if isinstance(given, Table):
        return given
    return engine.view(_GIVEN, given.drop(_ROW, strict=False).with_row_index(_ROW), numbered_by=_ROW)


def as_text(given: Table, read: Sequence[str], optional: Sequence[str], /) -> Table:
    """Look at the columns that rules read as text, at the optional ones that are absent as empty.

    Raises:
        InputError: a column holds something that is not text and cannot be judged as such.
    """
    schema = given.schema
    columns = [name for name in (*read, *optional) if name in schema]
    problems = [problem for name in columns if (problem := _problem(name, schema[name]))]
    if problems:
        raise InputError("\n".join(sorted(problems)))
    texts = [f"CAST({quote(name)} AS {_type(name)}) AS {quote(name)}" for name in columns]
    empty = [f"CAST(NULL AS {_type(name)}) AS {quote(name)}" for name in optional if name not in schema]
    wanted = ", ".join((f"{quote(given.numbered_by)} AS {quote(_ROW)}", *texts, *empty))
    given.engine.run(f"CREATE OR REPLACE VIEW {quote(_VIEW)} AS SELECT {wanted} FROM {quote(given.name)}")
    return Table(given.engine, _VIEW, _ROW)


def keys_of(given: Table, key: str, /) -> pl.Series:
    """Bring the keys into memory, in the order of the rows."""
    query = f"SELECT CAST({quote(key)} AS VARCHAR) AS key FROM {{table}} ORDER BY {quote(given.numbered_by)}"
    return given.engine.frame(query, table=given)["key"]


def hash_rows(judged: Table, /) -> str:
    """Hash the rows as they are judged, in their order, with SHA-256.

    Each column is hashed by itself, the lengths of its texts apart from the texts, so that neither the
    engine's batches nor a value that looks like a separator make a difference; a null has the length -1.
    """
    told = [
        f"array_to_string({quote(name)}, '{_SEPARATOR}') AS {quote(name)}"
        if name in LIST_COLUMNS
        else quote(name)
        for name in judged.columns
    ]
    columns = [_Column(name) for name in judged.columns]
    query = f"SELECT {', '.join(told) or 'NULL'} FROM {{table}}"
    for batch in judged.engine.batches(query, ordered=True, table=judged):
        for column, values in zip(columns, batch.columns, strict=False):
            column.add(values)
    return hashlib.sha256("\n".join(column.digest() for column in columns).encode()).hexdigest()


def _problem(name: str, kind: pl.DataType) -> str:
    """Say why a column cannot be judged, empty when it can."""
    if name in LIST_COLUMNS:
        good = isinstance(kind, pl.List) and kind.inner in (pl.String, pl.Null)
        return "" if good or kind == pl.Null else f"Column {name} is {kind}; a list of texts was expected."
    good = kind in (pl.String, pl.Null, pl.Boolean, pl.Date, pl.Categorical, pl.Enum)
    if good or (kind == pl.Datetime and name.removesuffix("_before").endswith("_timestamp")):
        return ""
    return (
        f"Column {name} is {kind}; text was expected, since numbers lose leading zeros and times shift. "
        "Read the file with reconcile.read, or cast the column to text."
    )


def _type(name: str) -> str:
    return "VARCHAR[]" if name in LIST_COLUMNS else "VARCHAR"


class _Column:
    """A column of texts of which nothing is kept but hashes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._texts, self._lengths = hashlib.sha256(), hashlib.sha256()

    def add(self, values: pa.Array[Any]) -> None:
        """Take the next texts in."""
        import numpy as np  # noqa: PLC0415 - kept out of `import reconcile`
        from pyarrow import large_string  # noqa: PLC0415

        texts: Any = values.cast(large_string())
        _, offsets, data = texts.buffers()
        if not len(texts) or offsets is None:
            return
        ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        lengths = np.where(texts.is_null().to_numpy(zero_copy_only=False), -1, np.diff(ends))
        self._lengths.update(lengths.tobytes())
        if data is not None:
            self._texts.update(memoryview(data)[ends[0] : ends[-1]])

    def digest(self) -> str:
        """Tell column, lengths and texts in one line."""
        return f"{self._name} {self._lengths.hexdigest()} {self._texts.hexdigest()}"
