"""Who may take which step: access requests, roles granted and withdrawn, and what a reviewer sees instead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NEW = ("access_requests", "grants", "veils")
_REFUSE_SQLITE = """
    CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END
"""
_TRIGGER_POSTGRESQL = """
    CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    """Add the tables of roles; nobody has one yet, so that everybody may act as before."""
    op.create_table(
        "access_requests",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("person", "title", "supervisor", "email")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("college", "role", "reason")),
        sa.Column("login", sa.Text),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("audit", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("word", "role", "person")),
        sa.Column("login", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("college", "by", "reason")),
        sa.Column("request", sa.BigInteger),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("audit", sa.BigInteger, nullable=False),
        sa.CheckConstraint("word IN ('granted', 'withdrawn')", name="known_word"),
        sa.CheckConstraint(
            "role IN ('requester', 'approver', 'reviewer', 'administrator')", name="known_role"
        ),
    )
    op.create_table(
        "veils",
        sa.Column("shown", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
    )
    server = op.get_bind().dialect.name == "postgresql"
    for table in _NEW:
        if server:
            op.execute(_TRIGGER_POSTGRESQL.format(table=table))
            continue
        for verb in ("UPDATE", "DELETE"):
            op.execute(_REFUSE_SQLITE.format(table=table, verb=verb))
