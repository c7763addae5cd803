"""The relational engine behind the stages: load, sql, map_arrow, to_arrow; the only importer of duckdb.

Stage cores take an engine and table handles and return handles, so that ten million rows stay in the
engine; a frame is made only when somebody looks. SQL that reaches `sql` keeps to equality joins,
GROUP BY, windows and counts over key columns, so that another engine can stand here later.
"""

from __future__ import annotations

import contextlib
import glob
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from reconcile.errors import InputError, OutputError, ReconcileError
from reconcile.files import make_private, private_folder, scratch
from reconcile.results import ArrowStream, as_frame
from reconcile.sql import fill, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa

    # A batch in, a batch out: the only way in which Python touches rows on their way.
    Mapper = Callable[[pa.RecordBatch], pa.RecordBatch]


_NUMBER: Final = "reconcile_row"
_FILE_NUMBER: Final = "file_row_number"


@dataclass(frozen=True)
class Table:
    """A handle on a table that lives in an engine."""

    engine: Engine = field(repr=False)
    name: str
    numbered_by: str = "rowid"  # a column that numbers the rows and is none of the table's own

    @property
    def frame(self) -> pl.DataFrame:
        """The rows, brought into memory."""
        return self.engine.frame(f"SELECT {', '.join(map(quote, self.columns))} FROM {quote(self.name)}")

    @property
    def kinds(self) -> dict[str, str]:
        """The columns in order, with their types as SQL names them."""
        described = self.engine.describe(self.name)
        return {name: kind for name, kind in described.items() if name != self.numbered_by}

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.engine.value(f"SELECT count(*) FROM {quote(self.name)}"))

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(self.kinds)


class Engine:
    """DuckDB, in memory or in a warehouse file, spilling to a private folder.

    Args:
        path: the warehouse file; in memory when None. Anything in it can be rebuilt from the inputs.
        memory_limit: as DuckDB spells it ("4GB"); DuckDB's own default (80 % of RAM) when None.
        threads: as many as there are cores when None.

    Raises:
        InputError: the memory limit or the number of threads makes no sense.
        OutputError: another process, most often a notebook, has the file open.
    """

    def __init__(
        self, path: Path | None = None, *, memory_limit: str | None = None, threads: int | None = None
    ) -> None:
        """Open the engine."""
        import duckdb  # noqa: PLC0415 - kept out of `import reconcile`

        self.path = path
        if path is not None:
            private_folder(path.parent)
        self._views: dict[str, object] = {}
        self._scratch = contextlib.ExitStack()
        self._spill = self._scratch.enter_context(scratch())
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": str(self._spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if memory_limit:
            settings["memory_limit"] = memory_limit
        if threads:
            settings["threads"] = threads
        self._error = duckdb.Error
        refused: ReconcileError | None = None
        try:
            self._connection = duckdb.connect(str(path) if path else ":memory:", config=settings)
        except (duckdb.IOException, duckdb.ConnectionException):
            refused = OutputError(
                f"{path} is open in another process, perhaps a notebook, or is no warehouse of ours. "
                "Shut that kernel down, or name another workspace."
            )
        except duckdb.Error as error:
            refused = InputError(
                f"The engine cannot be set up like that ({type(error).__name__}). Give the memory limit as "
                '"4GB" and at least one thread.'
            )
        if refused is not None:
            self._scratch.close()
            raise refused
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")  # times read the same on every machine
        if path is not None:
            make_private(path)  # DuckDB refuses a file made beforehand; until here its 0700 folder shields it

    def load(self, name: str, table: object, /) -> Table:
        """Copy a frame or an Arrow stream into a table of the engine, replacing one of that name.

        Raises:
            InputError: the object is no table.
        """
        self._connection.register("_incoming", _arrow(table))
        try:
            self.run(f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT * FROM _incoming")
        finally:
            self._connection.unregister("_incoming")
        return Table(self, name)

    def view(self, name: str, table: object, /) -> Table:
        """Look at a frame or an Arrow table under a name, without copying it; its rows are numbered from 0.

        Raises:
            InputError: the object is no table, or has a column of the name that the numbers take.
        """
        frame = as_frame(table)
        if _NUMBER in frame.columns:
            raise InputError(f"The table has a column called {_NUMBER}, a name of ours. Rename it.")
        self._views[name] = frame.with_row_index(_NUMBER).to_arrow()
        self._connection.register(name, self._views[name])
        return Table(self, name, _NUMBER)

    def scan(self, name: str, path: Path, /) -> Table:
        """Look at a Parquet file under a name; its rows are read whenever they are asked for.

        Raises:
            InputError: there is no such file, it is no Parquet, or has a column called file_row_number.
        """
        if not path.is_file():
            raise InputError(f"{path} does not exist. Name a Parquet file.")
        place = glob.escape(str(path)).replace("'", "''")  # DuckDB would read snap[2024] as a pattern
        scanned = f"FROM read_parquet('{place}')"
        try:
            own = self._connection.sql(f"SELECT * {scanned} LIMIT 0").columns
            if _FILE_NUMBER not in own:
                create = f"CREATE OR REPLACE VIEW {quote(name)} AS SELECT *, {_FILE_NUMBER} {scanned}"
                self._connection.execute(create)
        except self._error:
            own = None
        if own is None:
            raise InputError(f"{path} is no Parquet file, or a damaged one. Write it again.")
        if _FILE_NUMBER in own:
            raise InputError(f"{path} has a column called {_FILE_NUMBER}, a name of the engine's. Rename it.")
        return Table(self, name, _FILE_NUMBER)

    def describe(self, name: str, /) -> dict[str, str]:
        """Name the columns of a table or view and their types, as SQL does."""
        return {column: kind for column, kind, *_ in self._do(f"DESCRIBE {quote(name)}", ())}

    def sql(self, name: str, query: str, /, *values: object, **names: str | Table) -> Table:
        """Make a table from one SELECT; {holes} take table or column names, ? takes values."""
        self.run(f"CREATE OR REPLACE TABLE {quote(name)} AS {self._fill(query, names)}", *values)
        return Table(self, name)

    def frame(self, query: str, /, *values: object, **names: str | Table) -> pl.DataFrame:
        """Answer a SELECT as a frame."""
        made = pl.from_arrow(self._answer(self._fill(query, names), values))
        assert isinstance(made, pl.DataFrame)  # noqa: S101 - a table never becomes a series
        return made

    def value(self, query: str, /, *values: object, **names: str | Table) -> Any:  # noqa: ANN401 - any SQL type
        """Answer a SELECT of one row and one column."""
        return self._do(self._fill(query, names), values)[0][0]

    def to_arrow(self, table: Table, /) -> pa.Table:
        """Hand a table over as Arrow."""
        return self._answer(f"SELECT * FROM {quote(table.name)}", ())

    def batches(
        self, query: str, /, *, rows: int = 100_000, ordered: bool = False, **names: str | Table
    ) -> Iterator[pa.RecordBatch]:
        """Stream a SELECT in batches, on a connection of its own so that others may work meanwhile.

        Args:
            query: with {holes} for names.
            rows: in a batch.
            ordered: give the rows as they stand in the table; costs memory.
            names: for the holes.
        """
        import pyarrow as pa  # noqa: PLC0415 - kept out of `import reconcile`

        cursor = self._connection.cursor()
        for name, table in self._views.items():  # a view of Python's memory belongs to one connection
            cursor.register(name, table)
        if ordered:
            cursor.execute("SET preserve_insertion_order = true")
        kind = ""
        try:
            yield from cursor.sql(self._fill(query, names)).to_arrow_reader(rows)
        except (self._error, pa.ArrowException, OSError) as error:  # Arrow hands late errors on as its own
            kind = type(error).__name__
        finally:
            if ordered:
                cursor.execute("SET preserve_insertion_order = false")
            cursor.close()
        if kind:
            raise _withheld(kind)

    def map_arrow(
        self, name: str, query: str, mapper: Mapper, /, *, rows: int = 100_000, **names: str | Table
    ) -> Table:
        """Make a table by passing the batches of a SELECT through a Python function.

        An error of ours that the function raises comes through as it is.
        """
        import pyarrow as pa  # noqa: PLC0415 - kept out of `import reconcile`

        source = self.batches(query, rows=rows, ordered=False, **names)
        first = next(source, None)
        if first is None:  # an empty answer has a schema all the same
            empty = self._answer(self._fill(query, names), ())
            first = pa.RecordBatch.from_pylist([], schema=empty.schema)
        mapped = mapper(first)
        failed: list[ReconcileError] = []

        def rest() -> Iterator[pa.RecordBatch]:
            yield mapped
            try:
                for batch in source:
                    yield mapper(batch)
            except ReconcileError as error:  # on its way through the engine it would become text
                failed.append(error)
                raise

        try:
            return self.load(name, pa.RecordBatchReader.from_batches(mapped.schema, rest()))
        except ReconcileError as error:
            failed.append(error)
        raise failed[0]

    def run(self, statement: str, /, *values: object) -> None:
        """Run a statement that answers nothing."""
        self._do(statement, values)

    def drop(self, *tables: Table) -> None:
        """Let go of tables that no later stage reads."""
        for table in tables:
            self.run(f"DROP TABLE IF EXISTS {quote(table.name)}")

    def close(self) -> None:
        """Close the file and remove what was spilled."""
        self._connection.close()
        self._scratch.close()

    def __enter__(self) -> Self:
        """Enter a block at whose end the engine is closed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine."""
        self.close()

    @staticmethod
    def _fill(query: str, names: dict[str, str | Table]) -> str:
        if not names:  # nothing to fill in: braces are a regular expression's
            return query
        return fill(query, **{k: v.name if isinstance(v, Table) else v for k, v in names.items()})

    def _do(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, list(values) if values else None).fetchall()
        except self._error as error:
            kind = type(error).__name__
        raise _withheld(kind)

    def _answer(self, statement: str, values: Sequence[object]) -> pa.Table:
        try:
            relation = self._connection.sql(statement, params=list(values) if values else None)
            table: pa.Table = relation.to_arrow_table()
        except self._error as error:
            kind = type(error).__name__
        else:
            return table
        raise _withheld(kind)


def _withheld(kind: str) -> ReconcileError:
    """Stand in for an engine error, outside its handler.

    DuckDB quotes the values it stumbled over, personal data included, and an exception raised while
    another is handled carries that one along as its context.
    """
    if kind == "ConnectionException":
        return ReconcileError("The engine was closed, and what it held is gone. Open it again and repeat.")
    return ReconcileError(
        f"The engine failed on a step ({kind}). The values are withheld, since they may be personal data; "
        "out of disk space or memory is the most frequent cause."
    )


def _arrow(table: object) -> object:
    if isinstance(table, pl.LazyFrame):
        return table.collect().to_arrow()
    if isinstance(table, pl.DataFrame):
        return table.to_arrow()
    if isinstance(table, ArrowStream):
        return table
    raise InputError(
        f"A table was expected, a {type(table).__name__} was given. Pass a frame or an Arrow table."
    )
