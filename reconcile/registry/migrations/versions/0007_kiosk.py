"""One more role: of the service login at which students take their accounts over."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

_ROLES = "role IN ('requester', 'approver', 'reviewer', 'administrator', 'kiosk')"
_REFUSE_SQLITE = """
    CREATE TRIGGER grants_{verb} BEFORE {verb} ON grants
    BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END
"""


def upgrade() -> None:
    """Widen what a role may be; the grants that are there stay as they are."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table("grants", recreate="always" if sqlite else "never") as table:
        if not sqlite:  # the copy that SQLite makes of a table begins without its CHECKs
            table.drop_constraint("known_role", type_="check")
        else:
            table.create_check_constraint("known_word", "word IN ('granted', 'withdrawn')")
        table.create_check_constraint("known_role", _ROLES)
    if sqlite:  # the triggers went with the old table
        for verb in ("UPDATE", "DELETE"):
            op.execute(_REFUSE_SQLITE.format(verb=verb))
