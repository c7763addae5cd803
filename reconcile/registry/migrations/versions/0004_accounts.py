"""Accounts that the registry made: their temporary credentials, reclaims, and what seals them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"

_REFUSE_SQLITE = """
    CREATE TRIGGER account_log_{verb} BEFORE {verb} ON account_log
    BEGIN SELECT RAISE(ABORT, 'rows of this table are never changed'); END
"""
_REFUSE_POSTGRESQL = """
    CREATE TRIGGER account_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON account_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    """Add accounts; secrets of before opened nothing, so that they go and are made anew when needed."""
    op.drop_table("credentials")
    _accounts()
    _credentials()
    _reclaims()
    _log()


def _accounts() -> None:
    texts = ("email", "first_name", "middle_name", "last_name", "suffix", "birthdate", "accepted_terms",
             "accepted_terms_timestamp", "email_verified", "email_verified_timestamp", "attested_by",
             "attested_authority", "attested_on")  # fmt: skip
    op.create_table(
        "accounts",
        sa.Column("cccid", sa.Text, primary_key=True),
        sa.Column("mis_code", sa.Text, nullable=False),
        sa.Column("sis_id", sa.Text, nullable=False),
        sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, unique=name == "email") for name in texts),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("claimed_at", sa.Text),
        sa.Column("password", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locks", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.Text),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.CheckConstraint("state IN ('held', 'claimed')", name="known_account_state"),
    )
    op.create_index("ix_accounts_batch", "accounts", ["batch"])


def _credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("cccid", sa.Text, sa.ForeignKey("accounts.cccid"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("hash", sa.Text),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("expires", sa.Text, nullable=False),
        sa.Column("delivered_to", sa.Text),
        sa.Column("delivered_how", sa.Text),
        sa.Column("delivered_at", sa.Text),
        sa.Column("delivered_by", sa.Text),
        sa.CheckConstraint("state IN ('valid', 'replaced', 'used')", name="known_credential_state"),
    )
    works = sa.text("state = 'valid'")
    op.create_index("ix_credentials_cccid", "credentials", ["cccid"])
    op.create_index(
        "works_once", "credentials", ["cccid"], unique=True, sqlite_where=works, postgresql_where=works
    )


def _reclaims() -> None:
    op.create_table(
        "reclaims",
        sa.Column("cccid", sa.Text, sa.ForeignKey("accounts.cccid"), primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("expires", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
    )


def _log() -> None:
    op.create_table(
        "account_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("audit", sa.BigInteger, nullable=False),
        sa.Column("cccid", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.create_index("ix_account_log_cccid", "account_log", ["cccid"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_REFUSE_POSTGRESQL)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(_REFUSE_SQLITE.format(verb=verb))
