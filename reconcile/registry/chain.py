"""The audit log: entries that each carry the hash of the one before, so that an edit shows.

The chain proves that what is there was not changed, reordered or thinned out. It cannot show that the whole
store was put back to an earlier day: for that somebody keeps (sequence, hash) elsewhere.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from reconcile.registry.canon import canonical, digest
from reconcile.registry.roles import admit
from reconcile.registry.tables import audit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GENESIS: Final = "0" * 64


def append(
    connection: sa.Connection, what: str, subject: str, /, *, who: str, at: str, **detail: object
) -> int:
    """Add an entry and return its sequence number; only inside a writing transaction.

    Args:
        connection: holds the write lock.
        what: the event ("submitted", "minted", ...).
        subject: what it is about, most often a batch.
        who: the person, as they call themselves.
        at: when, ISO 8601.
        detail: numbers and hashes that `verify` replays; nothing personal.

    Raises:
        Refused: roles are in force, and the person has none that goes with the event.
    """
    detail |= admit(connection, what, subject, who=who, at=at, detail=detail)
    sequence, previous = head(connection)
    text = canonical(detail)
    row = {"seq": sequence + 1, "at": at, "what": what, "who": who, "subject": subject, "detail": text}
    entry = _entry(row, previous)
    connection.execute(sa.insert(audit).values(**row, previous=previous, entry=entry))
    return sequence + 1


def head(connection: sa.Connection, /) -> tuple[int, str]:
    """Give the last sequence number and its hash; (0, zeros) before the first entry."""
    last = sa.select(audit.c.seq, audit.c.entry).order_by(audit.c.seq.desc()).limit(1)
    found = connection.execute(last).first()
    return (int(found.seq), str(found.entry)) if found else (0, GENESIS)


def last_detail(connection: sa.Connection, what: str, subject: str, /) -> dict[str, Any]:
    """Read the detail of the last entry of one kind about something; empty when there is none."""
    query = sa.select(audit.c.detail).where(audit.c.what == what, audit.c.subject == subject)
    found = connection.execute(query.order_by(audit.c.seq.desc()).limit(1)).scalar()
    detail: dict[str, Any] = json.loads(found) if found else {}
    return detail


def breaks(rows: Iterable[dict[str, Any]], /) -> Iterator[str]:
    """Name every place where the chain does not hold, for rows in the order of their sequence."""
    previous = GENESIS
    for expected, row in enumerate(rows, 1):
        if row["seq"] != expected:
            yield f"audit entry {expected} is missing; entry {row['seq']} stands in its place"
            return
        if row["previous"] != previous:
            yield f"audit entry {expected} does not follow the entry before it"
        if row["entry"] != _entry(row, row["previous"]):
            yield f"audit entry {expected} was changed after it was written"
        previous = row["entry"]


def _entry(row: dict[str, Any], previous: str) -> str:
    return digest([previous, *(row[name] for name in ("seq", "at", "what", "who", "subject", "detail"))])
