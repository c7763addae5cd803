"""The registry's tables as SQLAlchemy sees them; migrations/ makes them and a test compares the two.

Times are ISO 8601 text in UTC, so that both stores sort and print them alike. `ordinal` is a CCCID's
place in the sequence; `mis_code` and `sis_id` together are the request key: one student at one college.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA: Final = "0001"  # the newest migration; a test holds the two together
metadata: Final = sa.MetaData()

meta: Final = sa.Table(
    "meta",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stamp", sa.Text, nullable=False),
    sa.Column("ssn_key", sa.Text),
    sa.Column("created", sa.Text, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
    sa.CheckConstraint("stamp IN ('DEMO', 'REAL')", name="known_stamp"),
)

allotments: Final = sa.Table(
    "allotments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("next", sa.BigInteger, nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.CheckConstraint("first <= last AND next >= first AND next <= last + 1", name="counter_in_range"),
)

batches: Final = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False, index=True),
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

requests: Final = sa.Table(
    "requests",
    metadata,
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
    sa.Column("mis_code", sa.Text, primary_key=True),
    sa.Column("sis_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("cccid", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("row_hash", sa.Text, nullable=False),
    sa.CheckConstraint("kind IN ('mint', 'recover')", name="known_kind"),
    sa.Index("requests_by_key", "mis_code", "sis_id"),
)

approvals: Final = sa.Table(
    "approvals",
    metadata,
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
    sa.Column("approver", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("rows_hash", sa.Text, nullable=False),
    sa.Column("suite_hash", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

cccids: Final = sa.Table(
    "cccids",  # no CHECKs: they would double the time of a bulk insert
    metadata,
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
# A number is minted once for ever; a student at a college has one that counts, and no other has the same.
_MINTED: Final = sa.text("kind = 'mint'")
VALID: Final = sa.text("state <> 'voided'")
sa.Index("minted_once", cccids.c.ordinal, unique=True, sqlite_where=_MINTED, postgresql_where=_MINTED)
sa.Index(
    "served_once",
    cccids.c.mis_code,
    cccids.c.sis_id,
    unique=True,
    sqlite_where=VALID,
    postgresql_where=VALID,
)
sa.Index(
    "held_once",
    cccids.c.mis_code,
    cccids.c.ordinal,
    unique=True,
    sqlite_where=VALID,
    postgresql_where=VALID,
)

credentials: Final = sa.Table(
    "credentials",
    metadata,
    sa.Column("mis_code", sa.Text, primary_key=True),
    sa.Column("sis_id", sa.Text, primary_key=True),
    sa.Column("cccid", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("expires", sa.Text, nullable=False),
)

decisions: Final = sa.Table(
    "decisions",
    metadata,
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

crosswalk: Final = sa.Table(
    "crosswalk",
    metadata,
    sa.Column("mis_code", sa.Text, primary_key=True),
    sa.Column("sis_id", sa.Text, primary_key=True),
    sa.Column("cccid", sa.Text, primary_key=True),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
)

seen: Final = sa.Table(
    "seen",
    metadata,
    sa.Column("ordinal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
)

audit: Final = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.Text, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
)

# Rows of these are added and never changed; triggers refuse a casual edit, the chain shows a wilful one.
APPEND_ONLY: Final = ("audit", "approvals", "decisions")
