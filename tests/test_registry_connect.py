"""Where connections fail, the message says what to do and quotes no row."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from registries import allotted, alter, minted, place, registry, wanted  # noqa: F401

from reconcile.errors import RegistryError
from reconcile.mint.void import void
from reconcile.registry import Registry, connect
from reconcile.registry.connect import bulk
from reconcile.registry.tables import APPEND_ONLY, seen


def test_errors_say_nothing_of_the_rows(registry):  # noqa: F811
    minted(registry, wanted("SECRET-ID"))
    copied = sa.text(
        "INSERT INTO cccids (mis_code, sis_id, ordinal, cccid, kind, state, batch, issued_on) "
        "SELECT mis_code, sis_id, :place, cccid, kind, state, batch, issued_on FROM cccids"
    )
    with pytest.raises(RegistryError, match="guarantees") as caught:
        registry._store.write(lambda connection: connection.execute(copied, {"place": 99}))
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert registry.issued().height == 1


def test_nothing_is_kept_of_work_that_fails(registry):  # noqa: F811
    before = registry.audit()

    def work(ledger):
        ledger.log("approved", "batch", who="me")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        registry.write(work)
    assert registry.audit().equals(before)


def test_history_cannot_be_edited_casually(registry):  # noqa: F811
    batch = minted(registry, wanted(1)).batch
    registry.record(_one_decision(), by="Eva")
    void(registry, "AAA0001", by="Ana", approver="Ben", reason="twice")
    alter(
        registry,
        f"INSERT INTO results VALUES (1, '{batch}', '021', '1', 'failed', NULL, NULL, 1)",
        "INSERT INTO ties VALUES (1, '021', '1', '021', '2', 'same', 'now', 1)",
        "INSERT INTO access_requests VALUES (1, '', '', '', '', '', 'reviewer', '', NULL, '', 'now', 1)",
        "INSERT INTO grants VALUES (1, 'granted', 'reviewer', '', NULL, '', '', '', NULL, 'now', 1)",
        "INSERT INTO veils VALUES ('h1', 'h2')",
        "INSERT INTO account_log VALUES (1, 1, 'AAA0001', 'hash')",
    )
    for table in APPEND_ONLY:
        column = {"results": "reason", "account_log": "hash", "veils": "hash"}.get(table, "at")
        for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(RegistryError, match="refused a"):
                alter(registry, statement)


def test_a_bulk_insert_that_fails_quotes_no_row(registry):  # noqa: F811
    def twice(connection):
        bulk(connection, seen, ("ordinal", "at"), [(1, "secret"), (1, "secret")])

    with pytest.raises(RegistryError, match="would break one of its guarantees") as refused:
        registry.change(twice)
    assert "secret" not in str(refused.value)
    assert (refused.value.__context__, refused.value.__cause__) == (None, None)


def test_a_busy_registry_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.05)
    path = tmp_path / "r.sqlite"
    with Registry.open(path) as opened:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(RegistryError, match="held by another process"):
                opened.pin_key("0a1b2c3d")
        finally:
            other.close()
        opened.pin_key("0a1b2c3d")


def test_files_that_are_no_registry_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text(
        "not a database, but long enough to be mistaken" * 40, encoding="utf-8"
    )
    with pytest.raises(RegistryError, match="no registry of ours"):
        Registry.open(tmp_path / "notes.txt")
    with pytest.raises(RegistryError, match="is a folder"):
        Registry.open(tmp_path)


@pytest.mark.parametrize("url", ["mysql://host/db", "postgresql+asyncpg://host/db", "http://host", "://"])
def test_other_urls_are_refused_without_being_quoted(url):
    with pytest.raises(RegistryError, match="another kind"):
        Registry.open(url)


def test_a_server_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(RegistryError, match="does not answer") as caught:
        Registry.open("postgresql://me:hidden@localhost:1/nothing")
    assert "hidden" not in str(caught.value)


def test_sqlite_urls_are_paths(tmp_path):
    with Registry.open(f"sqlite:///{tmp_path / 'r.sqlite'}") as opened:
        assert opened.name == str(tmp_path / "r.sqlite")


def test_postgresql_needs_its_driver(monkeypatch):
    monkeypatch.setattr(connect, "find_spec", lambda _name: None)
    with pytest.raises(RegistryError, match="psycopg"):
        Registry.open("postgresql://me@localhost/db")


def _one_decision():
    import polars as pl  # noqa: PLC0415

    return pl.DataFrame(
        {"table": ["links"], "id_l": ["1"], "id_r": ["2"], "decision": ["match"], "hash": ["h"]}
    )
