"""What SQLAlchemy believes of the tables is what the migrations make, on both stores."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from registries import allotted, place, registry  # noqa: F401

from reconcile.registry import schema
from reconcile.registry.tables import APPEND_ONLY, SCHEMA, metadata


def test_migrations_make_these_tables(registry):  # noqa: F811
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert registry._store.read(differences) == []


def test_newest_migration_is_the_schema():
    assert ScriptDirectory.from_config(schema.configuration()).get_current_head() == SCHEMA


def test_append_only_tables_exist():
    assert set(APPEND_ONLY) <= metadata.tables.keys()
