"""The table that rules look at: the columns they read, as text, each row with its number."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import LIST_COLUMNS
from reconcile.engine import Table
from reconcile.errors import InputError, nearest
from reconcile.results import as_frame
from reconcile.sql import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Hash the rows as they are judged, in their order, with SHA-256."""
    told = [
        f"array_to_string({quote(name)}, '{_SEPARATOR}') AS {quote(name)}"
        if name in LIST_COLUMNS
        else quote(name)
        for name in judged.columns
    ]
    sink = _Sink()
    sink.write("\n".join(judged.columns).encode())
    for batch in judged.engine.batches(
        f"SELECT {', '.join(told) or 'NULL'} FROM {{table}}", ordered=True, table=judged
    ):
        frame = pl.from_arrow(batch)
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a batch of several columns
        frame.write_csv(sink, include_header=False, quote_style="non_numeric")  # type: ignore[call-overload] # a sink is enough
    return sink.hash.hexdigest()


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


class _Sink:
    """A file that keeps nothing but a hash."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hash.update(data)
        return len(data)
