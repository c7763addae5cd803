"""When PostgreSQL asks which guard: the triggers that bind guards to the registry's tables."""

from __future__ import annotations

from typing import Final

_NEW: Final = "BEFORE INSERT ON {table} FOR EACH ROW"
_MOVED: Final = "BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW"
_ANY: Final = "BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW"
_CHANGED: Final = "BEFORE UPDATE ON {table} FOR EACH ROW"
_FRESH: Final = "AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed FOR EACH STATEMENT"
_GONE: Final = "AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed FOR EACH STATEMENT"
_BOTH: Final = (
    "AFTER UPDATE ON {table} REFERENCING OLD TABLE AS former NEW TABLE AS changed FOR EACH STATEMENT"
)
# Table, guard with its argument, when.
_TRIGGERS: Final = (
    ("audit", "audit()", _NEW),
    ("batches", "batches()", _ANY),
    ("requests", "requests()", _FRESH),
    ("requests", "requests()", _GONE),
    ("approvals", "approvals()", _NEW),
    ("cccids", "numbers()", _FRESH),
    ("cccids", "lives()", _BOTH),
    ("allotments", "counter()", _MOVED),
    ("decisions", "entry('decided')", _FRESH),
    ("results", "entry('answered')", _FRESH),
    ("ties", "entry('tied')", _FRESH),
    ("voids", "entry('voided')", _FRESH),
    ("voids", "voids()", _FRESH),
    ("access_requests", "entry('asked')", _FRESH),
    ("grants", "entry('role')", _FRESH),
    ("grants", "grants()", _FRESH),
    ("meta", "key()", _CHANGED),
    ("accounts", "files()", _MOVED),
    ("credentials", "files()", _ANY),
    ("account_log", "entry()", _FRESH),
)


def triggers(schema: str, /) -> list[str]:
    """Write what binds the guards to the tables of a schema, in place of earlier ones."""
    return [
        f"CREATE OR REPLACE TRIGGER reconcile_{number:02} {when.format(table=f'{schema}.{table}')} "
        f"EXECUTE FUNCTION {schema}.reconcile_guard_{guard}"
        for number, (table, guard, when) in enumerate(_TRIGGERS, 1)
    ]


def guarded() -> list[tuple[str, str]]:
    """List the triggers by table and name."""
    return [(table, f"reconcile_{number:02}") for number, (table, _guard, _when) in enumerate(_TRIGGERS, 1)]
