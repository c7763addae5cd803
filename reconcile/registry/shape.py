"""Whether a store has the tables, columns, indexes, checks and guards that the migrations gave it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from reconcile.registry.tables import APPEND_ONLY, metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VERSION: Final = "alembic_version"  # of the tool that makes the tables


def misshapen(connection: sa.Connection, /) -> Iterator[str]:
    """Name what was added to the store, taken away from it or switched off in it."""
    found = sa.inspect(connection)
    there, ours = set(found.get_table_names()) - {_VERSION}, set(metadata.tables)
    yield from (f"the table {name} was added" for name in sorted(there - ours))
    yield from (f"the table {name} was taken away" for name in sorted(ours - there))
    yield from (f"the view {name} was added" for name in sorted(found.get_view_names()))
    parts = _parts(found)
    for name in sorted(there & ours):
        has, wants = parts[name], _wanted(metadata.tables[name])
        yield from (f"{part} was added to the table {name}" for part in sorted(has - wants))
        yield from (f"{part} was taken away from the table {name}" for part in sorted(wants - has))
    guards = set(_guards(connection))
    for name in sorted(set(APPEND_ONLY) & there):
        if not {(name, verb) for verb in ("UPDATE", "DELETE")} <= guards:
            yield f"the guard that keeps the rows of the table {name} was taken away, changed or switched off"
    strange = {table for table, verb in guards if verb == ""}
    yield from (f"a trigger was added to the table {name}" for name in sorted(strange))


def is_whole(problems: Iterable[str], /) -> bool:
    """Say whether a store has at least the tables and columns that a proof reads."""
    return not any(
        one.endswith("was taken away") or ("the column" in one and "away" in one) for one in problems
    )


def _parts(found: sa.Inspector) -> dict[str, set[str]]:
    parts: dict[str, set[str]] = defaultdict(set)
    for (_, name), columns in found.get_multi_columns().items():
        parts[name] |= {f"the column {column['name']}" for column in columns}
    for (_, name), checks in found.get_multi_check_constraints().items():
        parts[name] |= {f"the check {check['name']}" for check in checks if check["name"]}
    for (_, name), indexes in found.get_multi_indexes().items():
        own: list[Any] = [one for one in indexes if not one.get("duplicates_constraint")]
        parts[name] |= {_index(one["name"], one["column_names"], unique=bool(one["unique"])) for one in own}
    return parts


def _wanted(table: sa.Table) -> set[str]:
    checks = [one for one in table.constraints if isinstance(one, sa.CheckConstraint) and one.name]
    indexes = [
        _index(one.name, [column.name for column in one.columns], unique=bool(one.unique))
        for one in table.indexes
    ]
    return {
        *(f"the column {column.name}" for column in table.columns),
        *(f"the check {one.name}" for one in checks),
        *indexes,
    }


def _index(name: Any, columns: Any, *, unique: bool) -> str:  # noqa: ANN401 - as SQLAlchemy names them
    return f"the {'unique ' * unique}index {name} on {', '.join(map(str, columns))}"


def _guards(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Give table and verb of each guard that works; the verb of a trigger of somebody else is empty."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(
            sa.text("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
        )
        for table, name, text in rows:
            verb = name.rpartition("_")[2]
            ours = name == f"{table}_{verb}" and f"BEFORE {verb} ON {table}" in text and "WHEN" not in text
            refuses = "SELECT RAISE(ABORT, 'rows of this table are never changed')" in text
            yield (table, verb if ours and refuses else "")
        return
    rows = connection.execute(
        sa.text(
            "SELECT c.relname, t.tgname, t.tgenabled, t.tgtype, p.prosrc FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    for table, name, enabled, kind, text in rows:
        if name == f"{table}_kept":
            refuses = "RAISE EXCEPTION 'rows of this table are never changed'" in text and enabled in "OA"
            yield from ((table, verb) for verb, bit in _VERBS.items() if refuses and kind & bit)
        elif not name.startswith("reconcile_"):  # those of the roles are looked at by grants
            yield table, ""


_VERBS: Final = {"UPDATE": 16, "DELETE": 8}  # bits of pg_trigger.tgtype
