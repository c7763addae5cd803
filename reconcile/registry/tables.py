"""The registry's tables as SQLAlchemy sees them; migrations/ makes them and a test compares the two.

Times are ISO 8601 text in UTC, so that both stores sort and print them alike. `ordinal` is a CCCID's
place in the sequence; `mis_code` and `sis_id` together are the request key: one student at one college.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

SCHEMA: Final = "0007"  # the newest migration; a test holds the two together
metadata: Final = sa.MetaData()


def _texts(*names: str) -> list[sa.Column[str]]:
    """Make columns of text that is always there."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


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
    *_texts("authority", "at"),
    sa.CheckConstraint("first <= last AND next >= first AND next <= last + 1", name="counter_in_range"),
)

batches: Final = sa.Table(
    "batches",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False, index=True),
    *_texts("state", "issuer", "proposer", "proposed_at"),
    sa.Column("valid_until", sa.Text),
    *_texts("rows_hash", "suite_hash"),
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
    *_texts("payload", "row_hash"),
    sa.Column("person", sa.Text),
    sa.CheckConstraint("kind IN ('mint', 'recover', 'replace')", name="known_kind"),
    sa.Index("requests_by_key", "mis_code", "sis_id"),
    sa.Index("requests_by_person", "person"),
)

approvals: Final = sa.Table(
    "approvals",  # a batch that went back to draft is approved anew: one row an approval
    metadata,
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), primary_key=True),
    *_texts("approver", "at", "rows_hash", "suite_hash"),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
)

cccids: Final = sa.Table(
    "cccids",  # no CHECKs: they would double the time of a bulk insert
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *_texts("mis_code", "sis_id"),
    sa.Column("ordinal", sa.BigInteger, nullable=False),
    *_texts("cccid", "kind", "state"),
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

accounts: Final = sa.Table(
    "accounts",  # made by this registry; what seals them is in accounts.py
    metadata,
    sa.Column("cccid", sa.Text, primary_key=True),
    sa.Column("mis_code", sa.Text, nullable=False),
    sa.Column("sis_id", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, sa.ForeignKey("batches.id"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("email", sa.Text, unique=True),  # in one spelling; null once the number was voided
    sa.Column("first_name", sa.Text),
    sa.Column("middle_name", sa.Text),
    sa.Column("last_name", sa.Text),
    sa.Column("suffix", sa.Text),
    sa.Column("birthdate", sa.Text),
    sa.Column("accepted_terms", sa.Text),  # null while it is pending, as are the three after it
    sa.Column("accepted_terms_timestamp", sa.Text),
    sa.Column("email_verified", sa.Text),
    sa.Column("email_verified_timestamp", sa.Text),
    sa.Column("attested_by", sa.Text),
    sa.Column("attested_authority", sa.Text),
    sa.Column("attested_on", sa.Text),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("claimed_at", sa.Text),
    sa.Column("password", sa.Text),  # Argon2; the student's own
    sa.Column("failures", sa.Integer, nullable=False),  # since the last success or lock
    sa.Column("locks", sa.Integer, nullable=False),  # since the last success
    sa.Column("locked_until", sa.Text),
    sa.Column("nonce", sa.Text, nullable=False),  # keeps the hashes in the log from telling who it is
    sa.CheckConstraint("state IN ('held', 'claimed')", name="known_account_state"),
)

credentials: Final = sa.Table(
    "credentials",  # temporary secrets and to whom they went; a replaced or used one has no hash any more
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("cccid", sa.Text, sa.ForeignKey("accounts.cccid"), nullable=False, index=True),
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
_WORKS: Final = sa.text("state = 'valid'")
sa.Index("works_once", credentials.c.cccid, unique=True, sqlite_where=_WORKS, postgresql_where=_WORKS)

reclaims: Final = sa.Table(
    "reclaims",  # a new address that waits for its code; at most one an account
    metadata,
    sa.Column("cccid", sa.Text, sa.ForeignKey("accounts.cccid"), primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),  # Argon2
    sa.Column("expires", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
)

account_log: Final = sa.Table(
    "account_log",  # what each step left of an account, as a hash; the latest must be the present one
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("audit", sa.BigInteger, nullable=False),
    sa.Column("cccid", sa.Text, nullable=False, index=True),
    sa.Column("hash", sa.Text, nullable=False),
)

decisions: Final = sa.Table(
    "decisions",  # every word that was ever said of a pair; "withdrawn" takes the reviewer's own word back
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *_texts("table", "id_l", "id_r", "decision", "by", "at", "hash"),
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
    *_texts("mis_code", "sis_id", "outcome"),
    sa.Column("cccid", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("audit", sa.BigInteger, nullable=False),
    sa.CheckConstraint("outcome IN ('created', 'exists', 'failed', 'conflict')", name="known_outcome"),
)

voids: Final = sa.Table(
    "voids",  # numbers that count no more, with who decided so; none of them is ever used again
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *_texts("mis_code", "sis_id"),
    sa.Column("ordinal", sa.BigInteger, nullable=False, index=True),
    *_texts("cccid", "reason", "by", "approver"),
    sa.Column("replacement", sa.Text),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("audit", sa.BigInteger, nullable=False),
)

ties: Final = sa.Table(
    "ties",  # SIS records that are, may be, or are not one person; the latest word on a pair counts
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    *_texts("mis_code_l", "sis_id_l", "mis_code_r", "sis_id_r", "tie", "at"),
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
    *_texts("origin", "since"),
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
    *_texts("at", "what", "who", "subject", "detail", "previous", "entry"),
)

access_requests: Final = sa.Table(
    "access_requests",  # who asked for a role, with what a district wants to know before it grants one
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("supervisor", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("college", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("login", sa.Text),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("audit", sa.BigInteger, nullable=False),
)

grants: Final = sa.Table(
    "grants",  # roles granted and withdrawn; the latest word on person, role and college counts
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("word", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("login", sa.Text),
    sa.Column("college", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("request", sa.BigInteger),  # the audit entry of the access request
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("audit", sa.BigInteger, nullable=False),
    sa.CheckConstraint("word IN ('granted', 'withdrawn')", name="known_word"),
    sa.CheckConstraint(
        "role IN ('requester', 'approver', 'reviewer', 'administrator', 'kiosk')", name="known_role"
    ),
)

veils: Final = sa.Table(
    "veils",  # what stands in a reviewer's list for the hash of a pair, whose birthdates it would betray
    metadata,
    sa.Column("shown", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
)

# Rows of these are added and never changed; triggers refuse a casual edit, the chain shows a wilful one.
APPEND_ONLY: Final = (
    "audit",
    "approvals",
    "decisions",
    "results",
    "voids",
    "ties",
    "account_log",
    "access_requests",
    "grants",
    "veils",
)
