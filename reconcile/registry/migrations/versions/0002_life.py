"""The life of a number after it was issued: results of OpenCCC, voided numbers, records of one person."""

from __future__ import annotations

import json
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NEW = ("results", "voids", "ties")
_KINDS = "kind IN ('mint', 'recover', 'replace')"
_REFUSE_SQLITE = """
    CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END
"""
_TRIGGER_POSTGRESQL = """
    CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""
_KEPT = {
    "requests": "batch, mis_code, sis_id, kind, cccid, payload, row_hash",
    "approvals": "batch, approver, at, rows_hash, suite_hash, sequence",
}
_CHUNK = 10_000


def upgrade() -> None:
    """Add what happens to numbers, and know of each request who it is about."""
    if op.get_bind().dialect.name == "postgresql":
        _widen_postgresql()
    else:
        _widen_sqlite()
    op.create_index("requests_by_person", "requests", ["person"])
    _results()
    _voids()
    _ties()
    _guards(_NEW)
    _name_persons()


def _widen_postgresql() -> None:
    op.add_column("requests", sa.Column("person", sa.Text))
    op.drop_constraint("known_kind", "requests", type_="check")
    op.create_check_constraint("known_kind", "requests", _KINDS)
    op.drop_constraint("approvals_pkey", "approvals", type_="primary")
    op.create_primary_key("approvals_pkey", "approvals", ["batch", "sequence"])


def _widen_sqlite() -> None:
    """Make both tables anew: SQLite changes neither a key nor a CHECK of a table that is there."""
    for table, columns in _KEPT.items():
        op.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT {columns} FROM {table}")
        op.drop_table(table)  # its triggers and indexes go with it
    op.create_table(
        "requests",
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("mis_code", sa.Text, primary_key=True),
        sa.Column("sis_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cccid", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("row_hash", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.CheckConstraint(_KINDS, name="known_kind"),
    )
    op.create_index("requests_by_key", "requests", ["mis_code", "sis_id"])
    op.create_table(
        "approvals",
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("approver", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("rows_hash", sa.Text, nullable=False),
        sa.Column("suite_hash", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    for table, columns in _KEPT.items():
        op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}")
        op.execute(f"DROP TABLE kept_{table}")
    _guards(("approvals",))


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("mis_code", sa.Text, nullable=False),
        sa.Column("sis_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("cccid", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("audit", sa.BigInteger, nullable=False),
        sa.CheckConstraint("outcome IN ('created', 'exists', 'failed', 'conflict')", name="known_outcome"),
    )
    op.create_index("ix_results_batch", "results", ["batch"])


def _voids() -> None:
    op.create_table(
        "voids",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mis_code", sa.Text, nullable=False),
        sa.Column("sis_id", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("cccid", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("approver", sa.Text, nullable=False),
        sa.Column("replacement", sa.Text),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("audit", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_voids_ordinal", "voids", ["ordinal"])


def _ties() -> None:
    op.create_table(
        "ties",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mis_code_l", sa.Text, nullable=False),
        sa.Column("sis_id_l", sa.Text, nullable=False),
        sa.Column("mis_code_r", sa.Text, nullable=False),
        sa.Column("sis_id_r", sa.Text, nullable=False),
        sa.Column("tie", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("audit", sa.BigInteger, nullable=False),
        sa.CheckConstraint("tie IN ('same', 'possible', 'different')", name="known_tie"),
    )
    op.create_index("ties_by_left", "ties", ["mis_code_l", "sis_id_l"])
    op.create_index("ties_by_right", "ties", ["mis_code_r", "sis_id_r"])


def _guards(tables: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(_TRIGGER_POSTGRESQL.format(table=table))
        return
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_REFUSE_SQLITE.format(table=table, verb=verb))


def _name_persons() -> None:
    """Fill in who the requests are about that were made before anybody asked."""
    bind = op.get_bind()
    last = ("", "", "")
    while True:
        rows = bind.execute(
            sa.text(
                "SELECT batch, mis_code, sis_id, payload FROM requests WHERE person IS NULL AND "
                "(batch > :b OR (batch = :b AND (mis_code > :c OR (mis_code = :c AND sis_id > :s)))) "
                "ORDER BY batch, mis_code, sis_id LIMIT :n"
            ),
            {"b": last[0], "c": last[1], "s": last[2], "n": _CHUNK},
        ).all()
        if not rows:
            return
        known = [
            {"b": row[0], "c": row[1], "s": row[2], "p": person}
            for row in rows
            if (person := _person(json.loads(row[3])))
        ]
        if known:
            update = "UPDATE requests SET person = :p WHERE batch = :b AND mis_code = :c AND sis_id = :s"
            bind.execute(sa.text(update), known)
        last = (rows[-1][0], rows[-1][1], rows[-1][2])


def _person(payload: dict[str, str | None]) -> str | None:
    parts = [_plain(payload.get(name) or "") for name in ("first_name", "last_name", "birthdate")]
    return "|".join(parts) if all(parts) else None


def _plain(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in split if character.isalnum())
