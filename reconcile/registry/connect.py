"""One connection pool to a registry, SQLite or PostgreSQL, and the only place where SQL errors surface.

A write holds the one write lock from its first statement (BEGIN IMMEDIATE, or an advisory lock of the
transaction), so that everything read inside it is still true when it commits. Work is passed in as a
function because the drivers' errors quote rows: they are dropped here, and what is raised afterwards
knows nothing of them, not even as its context.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import polars as pl
import sqlalchemy as sa
from sqlalchemy import event, exc

from reconcile.errors import Refused, RegistryError
from reconcile.files import touch_private
from reconcile.registry.place import require_local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

T = TypeVar("T")

_LOG: Final = "reconcile"
CHUNK: Final = 10_000  # rows in memory at a time; values in one IN list, of which SQLite takes 32,766
BUSY_SECONDS: Final = 60  # a writer that waits longer is stuck, not slow
LOCK_KEY: Final = 4_343_434_944  # "CCCI": any constant, the same for every registry process
_SQLITE: Final = "sqlite:///"
_SERVER: Final = ("postgresql", "postgres", "postgresql+psycopg")
_PROBLEMS: Final = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03"),
        "is held by another process. Nothing was changed; try again when that has ended",
    ),
    (("SQLITE_FULL", "53100"), "could not be written: the disk is full. Nothing was changed; make room"),
    (
        ("SQLITE_NOTADB", "SQLITE_CORRUPT"),
        "is no registry of ours, or is damaged. Name another file, or restore a backup",
    ),
    (
        ("42501",),
        "does not let your database login do that. Nothing was changed; see `reconcile role --help`",
    ),
    (
        ("42704",),
        "knows no login of that name. Nothing was changed; the database's keeper makes it first",
    ),
    (
        ("55000",),
        (
            "lets no student in any more: too many attempts were taken back before the log could keep them. "
            "Its owner finds out at which login that was, and then runs `reconcile registry grants`"
        ),
    ),
    (
        ("SQLITE_CONSTRAINT", "23"),
        "refused a row that would break one of its guarantees. Nothing was changed",
    ),
    (
        ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"),
        "cannot be read or written. Nothing was changed; check the disk and your rights to it",
    ),
    (
        # A sync that fails while committing tells nobody whether the disk has it.
        ("SQLITE_IOERR", "58030"),
        "met a disk that fails. The step was kept whole or not at all; check the disk and repeat it",
    ),
)


class Store:
    """A registry's engine: run a function in a reading or in the one writing transaction."""

    def __init__(self, place: str | Path, /, *, create: bool, rehearse: bool = False) -> None:
        """Connect, without yet looking at what is there.

        Args:
            place: path or URL.
            create: make a file where there is none.
            rehearse: take every writing transaction back at its end instead of keeping it.
        """
        self.rehearse = rehearse
        self.name, url = _address(place)
        self.path = None if url.drivername.startswith("postgresql") else Path(url.database or "")
        if self.path is not None:
            _prepare_file(self.path, create=create)
            self._file = self.path.stat()
        self._engine = _engine(url)
        self._writing = threading.RLock()  # widgets call from other threads; waiting here is fair

    def read(self, work: Callable[[sa.Connection], T], /) -> T:
        """Run `work` on one consistent view of the registry."""
        return self._run(work, immediate=False)

    def write(self, work: Callable[[sa.Connection], T], /) -> T:
        """Run `work` alone; all that it did is on disk when this returns, or nothing is."""
        with self._writing:
            try:
                return self._run(work, immediate=True)
            except Refused as error:
                refused = error
            from reconcile.registry.access import note_refusal  # noqa: PLC0415 - it needs this module

            with contextlib.suppress(RegistryError):  # whoever may not even write the log
                self._run(lambda connection: note_refusal(connection, refused), immediate=True)
            raise refused

    @contextlib.contextmanager
    def driver(self) -> Iterator[Any]:
        """Lend the SQLite driver's own connection, for what only it can do."""
        with self._engine.connect() as connection:
            yield connection.connection.driver_connection

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _run(self, work: Callable[[sa.Connection], T], *, immediate: bool) -> T:
        engine = self._engine.execution_options(reconcile_write=immediate)
        try:
            with _collector_paused(), engine.connect() as connection, connection.begin() as transaction:
                answer = work(connection)
                if immediate:
                    self._require_file()
                if immediate and self.rehearse:
                    transaction.rollback()
                return answer
        except exc.DBAPIError as error:
            problem = _problem(error.orig)
        except engine.dialect.loaded_dbapi.Error as error:  # from a bulk insert of ours
            problem = _problem(error)
        raise RegistryError(f"The registry {self.name} {problem}")

    def _require_file(self) -> None:
        """Refuse to keep anything in a file that nobody finds any more: SQLite would go on writing to it.

        It is not opened: to close it again would give up the locks that SQLite holds on it.
        """
        if self.path is None:
            return
        found = None
        with contextlib.suppress(OSError):
            found = self.path.stat()
        emptied = found is not None and not found.st_size and self._file.st_size
        if found is None or emptied or not os.path.samestat(found, self._file):
            raise RegistryError(
                f"The registry {self.name} was moved, replaced or emptied while it was open. Nothing was "
                "changed; put it back in its place, then open it again."
            )
        self._file = found


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector from walking a hundred thousand new rows again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def bulk(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: list[tuple[Any, ...]], /
) -> None:
    """Insert many rows by the quickest road of the driver; SQLAlchemy's own costs as much as SQLite."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table.name, columns, rows)
        return
    statement = sa.insert(table).compile(dialect=connection.dialect, column_keys=list(columns))
    order = [columns.index(name) for name in statement.positiontup or ()]
    if order != list(range(len(columns))):
        rows = [tuple(row[i] for i in order) for row in rows]
    connection.exec_driver_sql(str(statement), rows)


def _copy(connection: sa.Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert by COPY; what the driver reports becomes SQLAlchemy's, and quotes no row."""
    names = ", ".join(f'"{column}"' for column in columns)
    driver: Any = connection.connection.driver_connection
    errors: Any = connection.dialect.loaded_dbapi
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except errors.Error as error:
        failed = error
    else:
        return
    raise exc.DBAPIError.instance("COPY", None, failed, errors.Error, hide_parameters=True)


def in_parts(connection: sa.Connection, query: sa.Select[Any], /) -> Iterator[list[tuple[Any, ...]]]:
    """Give the rows of a query a few thousand at a time: a batch may have a million.

    Nothing that the query reads may change while it is read, except by rows that were given already.
    """
    with connection.execute(query.execution_options(yield_per=CHUNK)) as answer:
        for rows in answer.partitions():
            yield [tuple(row) for row in rows]


def tabled(parts: Iterable[Sequence[Sequence[Any]]], schema: Mapping[str, Any], /) -> pl.DataFrame:
    """Put rows that come in parts into one table, which takes a tenth of the room of so many tuples."""
    tables = [pl.DataFrame(schema=schema)]
    for rows in filter(None, parts):
        columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
        tables.append(pl.DataFrame([pl.Series(name, cells, dtype=kind) for (name, kind), cells in columns]))
    return pl.concat(tables, rechunk=False)


def in_bytes(connection: sa.Connection, *columns: sa.ColumnElement[str]) -> list[sa.ColumnElement[Any]]:
    """Order by columns as Python does; a server may sort by the rules of its own language."""
    if connection.dialect.name == "sqlite":
        return list(columns)
    return [sa.collate(column, "C") for column in columns]


def _address(place: str | Path) -> tuple[str, sa.URL]:
    text = str(place)
    if isinstance(place, str) and "://" in text and not text.startswith(_SQLITE):
        try:
            url = sa.make_url(text)
        except (exc.ArgumentError, ValueError):
            url = None
        if url is None or url.drivername not in _SERVER:
            raise RegistryError(
                "The registry's URL is of another kind. A path to a file or postgresql://user@host/database "
                "is needed."
            )
        url = url.set(drivername="postgresql+psycopg")
        return f"{url.database} on {url.host or 'this machine'}", url
    path = Path(text.removeprefix(_SQLITE)).expanduser().absolute()
    return str(path), sa.URL.create("sqlite", database=str(path))


def _prepare_file(path: Path, *, create: bool) -> None:
    require_local(path.resolve())
    if path.is_dir():
        raise RegistryError(f"The registry {path} is a folder; a file was expected. Name a file in it.")
    if path.exists():
        return
    if not create:
        raise RegistryError(f"There is no registry at {path}. Name an existing one, or create it first.")
    touch_private(path)


def _engine(url: sa.URL) -> sa.Engine:
    if url.drivername == "sqlite":
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            logging_name=_LOG,
            connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
        )
        event.listen(engine, "connect", _configure_sqlite)
    else:
        if find_spec("psycopg") is None:
            raise RegistryError(
                'A registry on PostgreSQL needs the package psycopg: install "reconcile[postgresql]".'
            )
        engine = sa.create_engine(
            url, hide_parameters=True, logging_name=_LOG, pool_logging_name=_LOG, pool_pre_ping=True
        )
        # A server that ends takes its cursors along; what is raised says so in words.
        logging.getLogger(f"sqlalchemy.pool.impl.QueuePool.{_LOG}").addFilter(_without_cursors)
        event.listen(engine, "handle_error", _close_cursor)
    event.listen(engine, "begin", _begin)
    # At level DEBUG SQLAlchemy logs every row that it fetches, and these are people.
    logging.getLogger(f"sqlalchemy.engine.Engine.{_LOG}").addFilter(_without_rows)
    return engine


def _without_cursors(record: logging.LogRecord) -> bool:
    return record.msg != "Error closing cursor"


def _without_rows(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


def _configure_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own class
    connection.isolation_level = None  # transactions begin where _begin says, not where the driver guesses
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}").close()


def _close_cursor(failure: sa.engine.ExceptionContext) -> None:
    """Close the cursor of a statement that met a dead server, which SQLAlchemy leaves open."""
    cursor = getattr(failure.execution_context, "cursor", None)
    if cursor is not None:
        cursor.close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("reconcile_write", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _problem(error: BaseException | None) -> str:
    """Word a driver's error by its code alone: its text may quote a row."""
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    for prefixes, words in _PROBLEMS:
        if code.startswith(prefixes):
            return f"{words} ({code})."
    kinds = {kind.__name__ for kind in type(error).__mro__}  # the same in every driver
    if "OperationalError" in kinds and not code.startswith("SQLITE"):
        return (
            "does not answer. The step was kept as a whole or not at all: check that the server runs and "
            "lets "
            "you in, and repeat it; nothing is done twice."
        )
    return f"refused a statement ({code or type(error).__name__}). Nothing was changed."
