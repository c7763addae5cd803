"""What a reviewer noted beside a decision, how long it took, and that it was taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_WORDS = "decision IN ('match', 'different', 'unsure', 'withdrawn')"
_REFUSE_SQLITE = """
    CREATE TRIGGER decisions_{verb} BEFORE {verb} ON decisions
    BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END
"""


def upgrade() -> None:
    """Widen the decisions; those that are there stay as they are."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("decisions") as table:
        table.add_column(sa.Column("note", sa.Text))
        table.add_column(sa.Column("seconds", sa.Float))
        if not sqlite:  # the copy that SQLite makes of a table begins without its CHECK
            table.drop_constraint("known_decision", type_="check")
        table.create_check_constraint("known_decision", _WORDS)
    if sqlite:  # the triggers went with the old table
        for verb in ("UPDATE", "DELETE"):
            op.execute(_REFUSE_SQLITE.format(verb=verb))
