"""The first schema: allotments, batches, CCCIDs, credentials, decisions, crosswalk and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_GUARDED = ("audit", "approvals", "decisions")
_REFUSE_SQLITE = """
    CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END
"""
_REFUSE_POSTGRESQL = """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'rows of this table are never changed'; END $$
"""
_TRIGGER_POSTGRESQL = """
    CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    """Make the tables and the triggers that keep history as it is."""
    _batches()
    _numbers()
    _history()
    _guards()


def _batches() -> None:
    op.create_table(
        "meta",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("ssn_key", sa.Text),
        sa.Column("created", sa.Text, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.CheckConstraint("stamp IN ('DEMO', 'REAL')", name="known_stamp"),
    )
    op.create_table(
        "allotments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.CheckConstraint("first <= last AND next >= first AND next <= last + 1", name="counter_in_range"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("proposer", sa.Text, nullable=False),
        sa.Column("proposed_at", sa.Text, nullable=False),
        sa.Column("valid_until", sa.Text),
        sa.Column("rows_hash", sa.Text, nullable=False),
        sa.Column("suite_hash", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("mints", sa.Integer, nullable=False),
        sa.Column("recoveries", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_index("ix_batches_content_hash", "batches", ["content_hash"])
    op.create_table(
        "requests",
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("mis_code", sa.Text, primary_key=True),
        sa.Column("sis_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cccid", sa.Text),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("row_hash", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('mint', 'recover')", name="known_kind"),
    )
    op.create_table(
        "approvals",
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("approver", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("rows_hash", sa.Text, nullable=False),
        sa.Column("suite_hash", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    )
    op.create_index("requests_by_key", "requests", ["mis_code", "sis_id"])


def _numbers() -> None:
    op.create_table(
        "cccids",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mis_code", sa.Text, nullable=False),
        sa.Column("sis_id", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, nullable=False),
        sa.Column("cccid", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("issued_on", sa.Text, nullable=False),
    )
    minted, valid = sa.text("kind = 'mint'"), sa.text("state <> 'voided'")
    op.create_index(
        "minted_once", "cccids", ["ordinal"], unique=True, sqlite_where=minted, postgresql_where=minted
    )
    op.create_index(
        "served_once",
        "cccids",
        ["mis_code", "sis_id"],
        unique=True,
        sqlite_where=valid,
        postgresql_where=valid,
    )
    op.create_index(
        "held_once",
        "cccids",
        ["mis_code", "ordinal"],
        unique=True,
        sqlite_where=valid,
        postgresql_where=valid,
    )
    op.create_table(
        "credentials",
        sa.Column("mis_code", sa.Text, primary_key=True),
        sa.Column("sis_id", sa.Text, primary_key=True),
        sa.Column("cccid", sa.Text, nullable=False),
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("expires", sa.Text, nullable=False),
    )


def _history() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("table", sa.Text, nullable=False),
        sa.Column("id_l", sa.Text, nullable=False),
        sa.Column("id_r", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("audit", sa.BigInteger, nullable=False),
        sa.CheckConstraint("decision IN ('match', 'different', 'unsure')", name="known_decision"),
    )
    op.create_table(
        "crosswalk",
        sa.Column("mis_code", sa.Text, primary_key=True),
        sa.Column("sis_id", sa.Text, primary_key=True),
        sa.Column("cccid", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
    )
    op.create_table(
        "seen",
        sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )


def _guards() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE_POSTGRESQL)
        for table in _GUARDED:
            op.execute(_TRIGGER_POSTGRESQL.format(table=table))
        return
    for table in _GUARDED:
        for verb in ("UPDATE", "DELETE"):
            op.execute(_REFUSE_SQLITE.format(table=table, verb=verb))
