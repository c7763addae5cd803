"""A SQL query as a source: any database that SQLAlchemy reaches, by the user's own driver, read only."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.cccid import shaped_in
from reconcile.errors import InputError
from reconcile.read.columnar.names import fit_names
from reconcile.read.raw import RawTable, is_padded
from reconcile.read.sheets.numbers import as_text, exact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import sqlalchemy as sa

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.limits import Limits

_ROWS: Final = 10_000
_NOT_SQL: Final = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$(\w*)\$.*?\$\1\$""", re.DOTALL | re.VERBOSE
)
_READS: Final = re.compile(r"[\s(]*(select|with)\b", re.IGNORECASE)
_WRITES: Final = re.compile(
    r"\b(into|insert|update|delete|merge|truncate|drop|alter|create)\b", re.IGNORECASE
)
# What each database says before a transaction that may change nothing.
_READ_ONLY: Final = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
}
_DRIVERS: Final = {
    "oracle": "oracledb (url oracle+oracledb://...)",
    "mssql": "pyodbc (url mssql+pyodbc://...) or pymssql (url mssql+pymssql://...)",
    "postgresql": "psycopg[binary] (url postgresql+psycopg://...)",
    "mysql": "pymysql (url mysql+pymysql://...)",
    "mariadb": "pymysql (url mariadb+pymysql://...)",
}
_MIDNIGHT: Final = " 00:00:00"
_MAY_BE_CCCID: Final = "[A-Za-z]{3}[0-9]{4}"


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to ask a database for, in place of a file.

    Attributes:
        url: as SQLAlchemy takes it: "postgresql+psycopg://user:password@host/database",
            "oracle+oracledb://...", "mssql+pyodbc://...", "sqlite:///file.sqlite".
        sql: one statement that begins with SELECT or WITH. With ORDER BY its hash is the same each time.
        parameters: values for :names in the statement, where it has any.

    >>> Query(url="postgresql+psycopg://me:secret@host/sis", sql="SELECT 1")
    Query(postgresql+psycopg)
    """

    url: str
    sql: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show neither the address, which may hold a password, nor the statement, which may hold values."""
        kind = re.match(r"[a-z0-9+]+(?=:)", self.url)
        return f"Query({kind[0] if kind else ''})"


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        raw: the table; rows are numbered from 1.
        place: "query on host/database", "query on file.sqlite".
        sha256: of the column names and all rows as text.
        size: bytes of that text.
        seen: every text in it that is shaped like a CCCID, since the answer itself is kept nowhere.
    """

    raw: RawTable
    place: Path
    sha256: str
    size: int
    seen: pl.Series


def run_query(query: Query, found: Diagnostics, limits: Limits) -> Answer:
    """Ask a database, take all rows as text, and leave everything in it as it was.

    Args:
        query: the address and the statement.
        found: takes the diagnostics.
        limits: what is refused.

    Raises:
        InputError: the statement does more than read, the driver is missing, or the database refuses.
    """
    require_reading(query.sql)
    engine, place = _connect(query.url)
    columns: list[list[str | None]] = []
    names: list[str] = []
    digest, size = hashlib.sha256(), 0
    nested: set[int] = set()
    problem = ""
    import sqlalchemy as sa  # noqa: PLC0415 - only with queries

    try:
        for row_names, rows in _rows(engine, query):
            if not columns:
                limits.check("columns", len(row_names), what=f"{place} has too many columns")
                names = row_names
                columns = [[] for _ in names]
                digest.update(json.dumps(names).encode("utf-8"))
            for row in rows:
                texts = [_text(value) for value in row]
                nested |= {at for at, value in enumerate(row) if isinstance(value, dict | list | tuple)}
                line = json.dumps(texts).encode("utf-8")
                digest.update(line)
                size += len(line)
                for column, text in zip(columns, texts, strict=True):
                    column.append(text)
            limits.check("unpacked", size, what=f"{place} answers with too many bytes")
    except (sa.exc.SQLAlchemyError, UnicodeError) as error:
        problem = _kind_of(error)
    except Exception as error:
        if isinstance(error, InputError):
            raise
        problem = type(error).__name__  # a driver's own error: its text may quote the address or a row
    finally:
        engine.dispose()
    if problem:
        raise InputError(
            f"The {place} failed ({problem}). Check the address, your rights and the statement, for example "
            "in the database's own client. What the database said is not repeated, since it may quote values."
        )
    raw = _table(fit_names(names, place, found, limits), columns, nested, found)
    return Answer(raw, Path(place), digest.hexdigest(), size, _seen(raw.frame))


def _seen(frame: pl.DataFrame) -> pl.Series:
    """Collect what is shaped like a CCCID, from the cells that may hold one alone."""
    found = [shaped_in("\n".join(cells.filter(cells.str.contains(_MAY_BE_CCCID)))) for cells in frame]
    return pl.concat(found).unique().sort()


def require_reading(sql: str) -> None:
    """Refuse a statement that could change something; what else could is stopped by the transaction.

    Raises:
        InputError: it does more than read, or is several statements.
    """
    bare = _NOT_SQL.sub(" ", sql).strip()
    if not _READS.match(bare):
        raise InputError(
            "The statement of a query begins with SELECT or WITH; this one does not. Correct sql."
        )
    if ";" in bare.rstrip("; \t\r\n"):
        raise InputError("A query is one statement; this one holds several. Leave all but one out of sql.")
    if word := _WRITES.search(bare):
        raise InputError(
            f"The statement of a query only reads; this one holds the word {word[0].upper()}. Take it out of "
            "sql, or put it in quotes if it names a column."
        )


def _connect(url: str) -> tuple[sa.Engine, str]:
    import sqlalchemy as sa  # noqa: PLC0415 - only with queries
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    problem, kind = "", re.match(r"[a-z]*", url)
    driver = _DRIVERS.get(kind[0] if kind else "", "the package of its driver")
    try:
        address = sa.make_url(url)
        engine = sa.create_engine(address, poolclass=NullPool, hide_parameters=True)
    except ModuleNotFoundError:
        problem = f"needs a driver that is not installed. Install {driver}"
    except sa.exc.NoSuchModuleError:
        problem = "names a database or a driver that SQLAlchemy does not know. Install " + driver
    except (sa.exc.ArgumentError, ValueError):
        problem = (
            "is no address of a database. Write it as kind+driver://user:password@host/database, with "
            "characters such as @ and / in a password as %40 and %2F"
        )
    if problem:
        raise InputError(f"The url of the query {problem}.")
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise InputError(f"There is no SQLite database {address.database}. Check the path behind sqlite:///.")
    if address.get_backend_name() == "sqlite":  # a file is called by its name, as others are
        return engine, f"query on {Path(address.database or '').name}"
    # Of a password with a bare @ in it, a part would be taken for the host: then neither is shown.
    parts = [part for part in (address.host, address.database) if part and url.count("@") < 2]  # noqa: PLR2004
    return engine, f"query on {'/'.join(parts) or address.get_backend_name()}"


def _rows(engine: sa.Engine, query: Query) -> Iterator[tuple[list[str], Sequence[Sequence[Any]]]]:
    """Give the column names with the rows, part by part, from a cursor of the server's."""
    import sqlalchemy as sa  # noqa: PLC0415

    options: dict[str, Any] = {"stream_results": True, "yield_per": _ROWS}
    with engine.connect() as connection:
        try:
            if calm := _READ_ONLY.get(engine.dialect.name):
                connection.exec_driver_sql(calm)
            if query.parameters:
                result = connection.execute(
                    sa.text(query.sql), dict(query.parameters), execution_options=options
                )
            else:  # as it stands: a colon or a percent sign in it is no placeholder
                result = connection.exec_driver_sql(
                    query.sql.strip().rstrip(";"), execution_options={**options, "no_parameters": True}
                )
            names = [str(name) for name in result.keys()]  # noqa: SIM118 - a method of results
            yield names, ()
            for rows in result.partitions():
                yield names, rows
        finally:
            connection.rollback()


def _text(value: object) -> str | None:  # noqa: PLR0911 - one kind a line
    """One value as text: no exponent, dates in ISO order, an empty text as null."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else exact(value)
    if isinstance(value, int | Decimal | dt.date | dt.time | dt.timedelta):
        return as_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8")
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if callable(reader := getattr(value, "read", None)):  # a LOB of Oracle's
        return _text(reader())
    return str(value)


def _kind_of(error: Exception) -> str:
    """Name an error without repeating what it says."""
    origin = getattr(error, "orig", None)
    code = getattr(origin, "sqlstate", None) or getattr(origin, "sqlite_errorname", None)
    kind = type(error).__name__
    return f"{kind}, {code}" if code else kind


def _table(
    names: list[str], columns: list[list[str | None]], nested: set[int], found: Diagnostics
) -> RawTable:

    made = []
    for at, (name, values) in enumerate(zip(names, columns, strict=True)):
        column = pl.Series(name, values, dtype=pl.String)
        if column.len() > column.null_count() and column.str.ends_with(_MIDNIGHT).all():
            column = column.str.strip_suffix(_MIDNIGHT)  # Oracle's dates are all moments
        elif is_padded(column):
            found.note(
                "padding",
                "All values end in blanks up to one length, as in a CHAR column; they were kept. Trim the "
                "column in the statement if they are compared.",
                column=name,
            )
        if at in nested:
            found.note(
                "nested_value",
                "Cells hold lists or objects; they were kept as JSON text. Select one value a cell.",
                column=name,
            )
        made.append(column)
    rows = made[0].len()
    lines = pl.int_range(1, rows + 1, dtype=pl.Int64, eager=True).alias("line")
    return RawTable(pl.DataFrame(made), lines, "", rows, 0)
