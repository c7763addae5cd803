"""The registry's tables as SQLAlchemy sees them; migrations/ makes them and a test compares the two.

Times are ISO 8601 text in UTC, so that both stores sort and print them alike. `ordinal` is a CCCID's
place in the sequence; `mis_code` and `sis_id` together are the request key: one student at one college.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA: Final = "0006"  # the newest migration; a test holds the two together
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
    sa.Column("person", sa.Text),
    sa.CheckConstraint("kind IN ('mint', 'recover', 'replace')", name="known_kind"),
    sa.Index("requests_by_key", "mis_code", "sis_id"),
    sa.Index("requests_by_person", "person"),
)

approvals: Final = sa.Table(
    "approvals",  # a batch that went back to draft is approved anew: one row an approval
    metadata,
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
    sa.Column("approver", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("rows_hash", sa.Text, nullable=False),
    sa.Column("suite_hash", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
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
    "decisions",  # every word that was ever said of a pair; "withdrawn" takes the reviewer's own word back
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
    sa.Column("note", sa.Text),
    sa.Column("seconds", sa.Float),
    sa.CheckConstraint("decision IN ('match', 'different', 'unsure', 'withdrawn')", name="known_decision"),
)

results: Final = sa.Table(
    "results",  # what OpenCCC answered to each row of an upload; the latest answer counts
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False, index=True),
    sa.Column("mis_code", sa.Text, nullable=False),
    sa.Column("sis_id", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("cccid", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("audit", sa.BigInteger, nullable=False),
    sa.CheckConstraint("outcome IN ('created', 'exists', 'failed', 'conflict')", name="known_outcome"),
)

voids: Final = sa.Table(
    "voids",  # numbers that count no more, with who decided so; none of them is ever used again
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("mis_code", sa.Text, nullable=False),
    sa.Column("sis_id", sa.Text, nullable=False),
    sa.Column("ordinal", sa.BigInteger, nullable=False, index=True),
    sa.Column("cccid", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("approver", sa.Text, nullable=False),
    sa.Column("replacement", sa.Text),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("audit", sa.BigInteger, nullable=False),
)

ties: Final = sa.Table(
    "ties",  # SIS records that are, may be, or are not one person; the latest word on a pair counts
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("mis_code_l", sa.Text, nullable=False),
    sa.Column("sis_id_l", sa.Text, nullable=False),
    sa.Column("mis_code_r", sa.Text, nullable=False),
    sa.Column("sis_id_r", sa.Text, nullable=False),
    sa.Column("tie", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("audit", sa.BigInteger, nullable=False),
    sa.CheckConstraint("tie IN ('same', 'possible', 'different')", name="known_tie"),
    sa.Index("ties_by_left", "mis_code_l", "sis_id_l"),
    sa.Index("ties_by_right", "mis_code_r", "sis_id_r"),
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
APPEND_ONLY: Final = ("audit", "approvals", "decisions", "results", "voids", "ties")
