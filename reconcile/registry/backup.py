"""Copies of a registry, made and put back while others use it.

A backup is always one SQLite file, whichever store it comes from, so that it can be looked at and verified
anywhere. From SQLite it is made by SQLite's own backup, page by page; from PostgreSQL by reading every
table in one view. (`pg_dump` of the database serves as well, and is what its keepers know.)
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import sqlalchemy as sa

from reconcile.errors import OutputError, RegistryError
from reconcile.exports import write_for_people
from reconcile.files import (
    make_private,
    private_folder,
    replace,
    scratch,
    touch_private,
    whole_folder,
)
from reconcile.registry import schema
from reconcile.registry.accounts import NAME
from reconcile.registry.connect import Store, bulk
from reconcile.registry.disclosures import BACKUP, EXPORT, disclose
from reconcile.registry.store import Registry
from reconcile.registry.tables import metadata, requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconcile.registry.proof import Verification

_KEPT_BACK: Final = {
    "requests": ("payload", "row_hash", "person"),
    "accounts": (*NAME, "suffix", "birthdate", "email", "password", "nonce"),
    "credentials": ("hash",),
    "reclaims": ("email", "code"),
    "results": ("reason",),
    "veils": ("hash",),
}
_PAGES = 2_000  # copied between two looks at whether somebody writes


def backup(registry: Registry, path: Path, /, *, by: str = "") -> Verification:
    """Copy a registry that is in use into one file, and verify the copy.

    A backup holds every person: that it is taken is noted first, so that the copy says so too.

    Args:
        registry: on either store.
        path: the file; a file that is there is not overwritten.
        by: who takes it; the account that this runs under when empty.

    Raises:
        OutputError: there is such a file.
        RegistryError: the copy does not verify; it is not kept.
    """
    if path.exists():
        raise OutputError(f"{path} exists already and is not overwritten. Name another file.")
    private_folder(path.parent)
    asked = sa.select(requests.c.mis_code, requests.c.sis_id).distinct().subquery()
    query = sa.select(sa.func.count()).select_from(asked)
    people = registry.inspect(lambda connection: connection.execute(query).scalar_one())
    names = [f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.columns]
    registry.write(lambda ledger: disclose(ledger, BACKUP, path, by=by, columns=names, people=people))
    with scratch(large=True) as folder:  # the place of a backup may be a share, where SQLite is not safe
        draft = folder / "registry.sqlite"
        if registry.path is not None:
            with registry.driver() as source:
                _copy_pages(source, draft)
        else:
            _copy_rows(registry, draft)
        make_private(draft)
        with Registry.open(draft, demo=registry.demo, create=False) as copied:
            verified = copied.verify()
        if not verified.ok:
            raise RegistryError(
                f"The copy of {registry.name} does not verify: {verified.problems[0]}. It was not kept; run "
                "`reconcile registry verify` on the registry itself."
            )
        with plain(draft) as whole:  # one file that is complete by itself
            whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            whole.execute("PRAGMA journal_mode = DELETE")
        _deliver(draft, path)
    return verified


def export(registry: Registry, folder: Path, /, *, by: str = "", purpose: str = "") -> dict[str, int]:
    """Write what a registry holds as CSV files in a new private folder, and return rows by file.

    One file a table, with all of its rows, and three that put tables together: issued, voided and known
    (every CCCID that a student is known to have had). Students' names, birthdates and addresses, and every
    hash that a secret or a birthdate could be tried out on, stay in the registry. Texts that a spreadsheet
    would calculate are made inert. It leaves a record of who took it, what for and how many students it
    speaks of.

    Raises:
        OutputError: there is such a folder.
    """
    tables = {
        "issued": registry.issued(voided=True),
        "voided": registry.voids(),
        "known": registry.crosswalk(),
        **registry.inspect(lambda connection: dict(_told(connection))),
    }
    if registry.rehearsal:
        return {name: table.height for name, table in tables.items()}
    with whole_folder(folder) as draft:
        for name, table in tables.items():
            write_for_people(draft / f"{name}.csv", table)
    people = tables["known"].select("college", "sis_id").n_unique()
    names = [f"{name}.{column}" for name, table in tables.items() for column in table.columns]
    registry.write(
        lambda ledger: disclose(ledger, EXPORT, folder, by=by, columns=names, people=people, purpose=purpose)
    )
    return {name: table.height for name, table in tables.items()}


def held(registry: Registry, /) -> dict[str, int]:
    """Count the rows of each table."""
    count = sa.select(sa.func.count())
    return registry.inspect(
        lambda connection: {
            table.name: connection.execute(count.select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
    )


def _told(connection: sa.Connection) -> Iterator[tuple[str, pl.DataFrame]]:
    for table in metadata.sorted_tables:
        told = [column for column in table.columns if column.name not in _KEPT_BACK.get(table.name, ())]
        yield table.name, _frame(connection, sa.select(*told).order_by(*table.primary_key.columns))


def _deliver(draft: Path, path: Path) -> None:
    """Copy a whole file to where it was wanted, under another name until it is complete."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        touch_private(half)
        shutil.copyfile(draft, half)
        with half.open("rb+") as file:
            os.fsync(file.fileno())
        replace(half, path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _copy_pages(source: Any, draft: Path) -> None:  # noqa: ANN401 - the driver's own class
    with plain(draft) as target:
        source.backup(target, pages=_PAGES, sleep=0.05)


def _copy_rows(registry: Registry, draft: Path) -> None:
    store = Store(draft, create=True)
    try:
        store.write(lambda connection: schema.upgrade(connection, None))
        for table, rows in registry.inspect(lambda connection: list(tables_of(connection))):
            store.write(_filling(table, rows))
    finally:
        store.close()


def _filling(table: sa.Table, rows: list[tuple[Any, ...]]) -> Callable[[sa.Connection], None]:
    columns = [column.name for column in table.columns]
    return lambda connection: bulk(connection, table, columns, rows)


def tables_of(connection: sa.Connection, /) -> Iterator[tuple[sa.Table, list[tuple[Any, ...]]]]:
    """Give every table with its rows, those first that others refer to."""
    for table in metadata.sorted_tables:
        yield table, [tuple(row) for row in connection.execute(sa.select(table))]


@contextlib.contextmanager
def plain(path: Path, /) -> Iterator[sqlite3.Connection]:
    """Lend a connection of SQLite's own driver, closed at the end of the block."""
    connection = sqlite3.connect(path, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _frame(connection: sa.Connection, query: sa.Select[Any]) -> pl.DataFrame:
    answer = connection.execute(query)
    names = list(answer.keys())
    rows = [tuple(None if cell is None else str(cell) for cell in row) for row in answer]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
