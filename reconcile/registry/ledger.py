"""What can be done to batches and numbers inside one transaction; the rules of when are in mint/."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from reconcile.cccid import CCCID
from reconcile.errors import IssuerError
from reconcile.registry import chain
from reconcile.registry.accounts import Accounts
from reconcile.registry.canon import digest, iso
from reconcile.registry.connect import bulk
from reconcile.registry.life import Life
from reconcile.registry.persons import Persons, person_of
from reconcile.registry.tables import (
    VALID,
    allotments,
    approvals,
    audit,
    batches,
    cccids,
    requests,
    results,
    seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

# A batch in one of these is still going to serve its rows, so that no other may take them.
OPEN_STATES: Final = ("draft", "checked", "submitted", "approved", "handed_over")
DEAD_STATES: Final = ("rejected", "withdrawn")
BY_KEY: Final = itemgetter(0, 1)  # the request key of a Request or an Issue
_CHUNK: Final = 10_000  # values in one IN list; SQLite takes 32,766
_WINDOW: Final = 100_000  # places looked at together when a range is full of numbers that were seen


class Request(NamedTuple):
    """One row of a batch."""

    mis_code: str
    sis_id: str
    kind: str
    cccid: str | None
    payload: str


class Issue(NamedTuple):
    """One number that a student holds or is given."""

    mis_code: str
    sis_id: str
    ordinal: int
    cccid: str
    kind: str


class Ledger:
    """The batches and numbers of a registry, seen from inside a transaction.

    A transaction happens at one moment: everything that it writes down carries the same time.

    Attributes:
        demo: whether the registry is a demonstration.
        at: the moment of the transaction.
        stamp: the same as it is stored.
        life: what becomes of numbers after they were given.
        persons: which requests are about one person.
        accounts: what the students of issued numbers sign in to.
    """

    def __init__(self, connection: sa.Connection, /, *, demo: bool, at: datetime) -> None:
        """Wrap the connection that holds the transaction."""
        self._connection = connection
        self.demo = demo
        self.at = at
        self.stamp = iso(at)
        self.life = Life(connection, self.stamp)
        self.persons = Persons(connection, self.stamp)
        self.accounts = Accounts(connection, self.stamp)

    @property
    def sequence(self) -> int:
        """The number of the last audit entry."""
        return chain.head(self._connection)[0]

    def log(self, what: str, subject: str, /, *, who: str, **detail: object) -> int:
        """Add an audit entry."""
        return chain.append(self._connection, what, subject, who=who, at=self.stamp, **detail)

    def batch(self, batch_id: str, /) -> dict[str, Any] | None:
        """Look a batch up, its approval included (approver, or None)."""
        # An approval speaks of the submission before it; a batch that went back to draft has none.
        current = (approvals.c.batch == batches.c.id) & (approvals.c.sequence >= batches.c.sequence)
        joined = sa.select(batches, approvals.c.approver).outerjoin_from(batches, approvals, current)
        row = self._connection.execute(joined.where(batches.c.id == batch_id)).mappings().first()
        return dict(row) if row else None

    def batch_ids(self, content_hash: str, /) -> list[tuple[str, str]]:
        """List (id, state) of every batch that was ever proposed with the same rows, oldest first."""
        rows = self._connection.execute(
            sa.select(batches.c.id, batches.c.state)
            .where(batches.c.content_hash == content_hash)
            .order_by(batches.c.sequence)
        )
        return [(row.id, row.state) for row in rows]

    def add_batch(self, values: dict[str, Any], rows: Sequence[Request], /) -> None:
        """Add a batch with its rows."""
        self._connection.execute(sa.insert(batches).values(**values))
        names = ("batch", *Request._fields, "row_hash", "person")
        added = [(values["id"], *row, digest(list(row)), person_of(row.payload)) for row in rows]
        bulk(self._connection, requests, names, added)

    def change_batch(self, batch_id: str, /, **values: object) -> None:
        """Change a batch's state, counts or hashes."""
        self._connection.execute(sa.update(batches).where(batches.c.id == batch_id).values(**values))

    def drop_batch(self, batch_id: str, /) -> None:
        """Take back a batch that was added in this transaction and came to nothing."""
        self._connection.execute(sa.delete(requests).where(requests.c.batch == batch_id))
        self._connection.execute(sa.delete(batches).where(batches.c.id == batch_id))

    def requests(self, batch_id: str, /) -> list[Request]:
        """List a batch's rows in request-key order."""
        columns = [requests.c[name] for name in Request._fields]
        query = sa.select(*columns).where(requests.c.batch == batch_id).order_by(*columns[:2])
        rows = self._connection.execute(query).all()
        return sorted(map(Request._make, rows), key=BY_KEY)  # a server may sort by its own language's rules

    def leave_out(self, batch_id: str, /) -> tuple[int, int, str | None]:
        """Remove rows that are served or wait elsewhere; give both counts and the last batch that has one."""
        mine = requests.c.batch == batch_id
        other = requests.alias("other")
        same = sa.and_(other.c.mis_code == requests.c.mis_code, other.c.sis_id == requests.c.sis_id)
        elsewhere = sa.and_(
            same, other.c.batch != batch_id, batches.c.state.in_(OPEN_STATES), ~_has_failed(other)
        )
        waiting = sa.exists(sa.select(1).join_from(other, batches).where(elsewhere))
        holder = (
            sa.select(batches.c.id)
            .join_from(requests, other, same)
            .join(batches, batches.c.id == other.c.batch)
            .where(mine, other.c.batch != batch_id, ~_has_failed(other))
            .where(batches.c.state.not_in(DEAD_STATES))
            .order_by(batches.c.sequence.desc())
            .limit(1)
        )
        held = self._connection.execute(holder).scalar()
        served = self._connection.execute(sa.delete(requests).where(mine, _is_served())).rowcount
        waits = self._connection.execute(sa.delete(requests).where(mine, waiting)).rowcount
        return served, waits, held

    def freed(self, batch_id: str, /) -> bool:
        """Say whether a student of a finished batch has no number: it was voided, or none came."""
        mine = requests.c.batch == batch_id
        gone = sa.exists(
            sa.select(1)
            .select_from(cccids)
            .where(_same_student(), cccids.c.batch == batch_id, cccids.c.state == "voided")
            .correlate(requests)
        )
        free = sa.select(1).where(mine, ~_is_served(), sa.or_(gone, _has_failed(requests))).limit(1)
        return self._connection.execute(free).first() is not None

    def leave_rivals(self, batch_id: str, /) -> int:
        """Remove rows whose person holds a number, or waits for one, under another id; give their count."""
        keys = sorted({rival.key for rival in self.persons.rivals(batch_id)})
        mine = sa.delete(requests).where(
            requests.c.batch == batch_id,
            requests.c.mis_code == sa.bindparam("code"),
            requests.c.sis_id == sa.bindparam("student"),
        )
        if keys:
            self._connection.execute(mine, [{"code": code, "student": sis_id} for code, sis_id in keys])
        return len(keys)

    def history(self, batch_id: str, /) -> list[dict[str, Any]]:
        """List what the log says of a batch, oldest first: seq, at, what, who, detail."""
        columns = [audit.c[name] for name in ("seq", "at", "what", "who", "detail")]
        query = sa.select(*columns).where(audit.c.subject == batch_id).order_by(audit.c.seq)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def moved_on(self, sequence: int, batch_id: str, /) -> bool:
        """Say whether anything but this batch's own steps was logged after an entry."""
        newer = sa.select(1).where(audit.c.seq > sequence, audit.c.subject != batch_id).limit(1)
        return self._connection.execute(newer).first() is not None

    def open_batches(self, colleges: Sequence[str], states: Sequence[str], /) -> list[str]:
        """List the batches in some states that have rows of some colleges, oldest first."""
        theirs = sa.select(requests.c.batch).where(requests.c.mis_code.in_(colleges))
        query = sa.select(batches.c.id).where(batches.c.state.in_(states), batches.c.id.in_(theirs))
        return list(self._connection.execute(query.order_by(batches.c.sequence, batches.c.id)).scalars())

    def taken(self, rows: Sequence[Request], /) -> list[int]:
        """Find by place the recoveries of a number that was voided or that another student there holds."""
        wanted = _recovered(rows)
        places = sorted({place for _college, place in wanted})
        void = self.life.voided(places)
        found = {at for (_college, place), at in wanted.items() if place in void}
        for chunk in _chunks(places):
            query = sa.select(cccids.c.mis_code, cccids.c.ordinal, cccids.c.sis_id)
            here = cccids.c.mis_code.in_(sorted({college for college, _place in wanted}))
            for college, place, student in self._connection.execute(
                query.where(VALID, here, cccids.c.ordinal.in_(chunk))
            ):
                at = wanted.get((college, place))
                if at is not None and rows[at].sis_id != student:
                    found.add(at)
        return sorted(found)

    def asked(self, rows: Sequence[Request], /) -> list[int]:
        """Find by place the recoveries whose number an open batch gives to another student of the college."""
        wanted = {(row.mis_code, row.cccid): at for at, row in enumerate(rows) if row.kind == "recover"}
        found = set()
        waiting = (
            sa.select(requests.c.mis_code, requests.c.cccid, requests.c.sis_id)
            .join_from(requests, batches)
            .where(batches.c.state.in_(OPEN_STATES), requests.c.kind == "recover")
        )
        for college, number, student in self._connection.execute(waiting) if wanted else ():
            at = wanted.get((college, number))
            if at is not None and rows[at].sis_id != student:
                found.add(at)
        return sorted(found)

    def note_recovered(self, rows: Sequence[Request], /) -> None:
        """Remember the numbers of recoveries as seen in use, so that none of them is issued meanwhile."""
        places = sorted({place for _college, place in _recovered(rows)})
        for chunk in _chunks(places):
            known = sa.select(seen.c.ordinal).where(seen.c.ordinal.in_(chunk))
            old = set(self._connection.execute(known).scalars())
            new = [(place, self.stamp) for place in chunk if place not in old]
            bulk(self._connection, seen, ("ordinal", "at"), new)

    def served(self, batch_id: str, /) -> list[Issue]:
        """List the numbers that the students of a batch hold, whichever batch gave them."""
        joined = sa.select(*(cccids.c[name] for name in Issue._fields)).join_from(
            requests, cccids, _same_student()
        )
        query = joined.where(requests.c.batch == batch_id, cccids.c.state != "voided")
        return sorted(map(Issue._make, self._connection.execute(query).all()), key=BY_KEY)

    def approve(self, batch_id: str, /, **values: object) -> None:
        """Add the approval of a batch."""
        self._connection.execute(sa.insert(approvals).values(batch=batch_id, at=self.stamp, **values))

    def approval(self, batch_id: str, /) -> dict[str, Any] | None:
        """Look a batch's approval up."""
        current = (approvals.c.batch == batches.c.id) & (approvals.c.sequence >= batches.c.sequence)
        query = sa.select(approvals).join_from(approvals, batches, current).where(batches.c.id == batch_id)
        row = self._connection.execute(query).mappings().first()
        return dict(row) if row else None

    def claim(self, count: int, /) -> tuple[list[int], list[int]]:
        """Take the next free places; give them and the ones passed over because they were seen in use.

        Raises:
            IssuerError: no range is allotted, or too little of it is left.
        """
        ranges = self._connection.execute(sa.select(allotments).order_by(allotments.c.id)).all()
        if count and not ranges:
            raise IssuerError(
                "No range of numbers is allotted to this registry. Enter the range and the authority that "
                "allotted it, or let OpenCCC issue the numbers."
            )
        taken: list[int] = []
        skipped: list[int] = []
        for row in ranges:
            following = self._take(row.next, row.last, count, taken, skipped)
            changed = sa.update(allotments).where(allotments.c.id == row.id).values(next=following)
            self._connection.execute(changed)
        if len(taken) < count:
            raise IssuerError(
                f"{count:,} numbers are needed, {len(taken):,} are left in the allotted range. "
                "Ask the authority for another range; nothing was issued."
            )
        return taken, skipped

    def ranges(self) -> list[tuple[int, int]]:
        """List the first and last place of every allotted range."""
        rows = self._connection.execute(sa.select(allotments.c.first, allotments.c.last))
        return [(first, last) for first, last in rows]

    def issue(self, issues: Sequence[Issue], batch_id: str, /) -> None:
        """Enter numbers as issued."""
        names = (*Issue._fields, "state", "batch", "issued_on")
        bulk(self._connection, cccids, names, [(*row, "issued", batch_id, self.stamp) for row in issues])

    def entry(self, what: str, subject: str, /) -> dict[str, Any]:
        """Read the detail of the last audit entry about something; empty when there is none."""
        return chain.last_detail(self._connection, what, subject)

    def _take(self, start: int, last: int, count: int, taken: list[int], skipped: list[int]) -> int:
        """Take from one range until there is enough; return the place from which it goes on."""
        while len(taken) < count and start <= last:
            end = min(last, start + max(count - len(taken), _WINDOW) - 1)
            used = self._used(start, end)
            for place in range(start, end + 1):
                if len(taken) == count:
                    return place
                (skipped if place in used else taken).append(place)
            start = end + 1
        return start

    def _used(self, start: int, end: int) -> set[int]:
        queries = (
            sa.select(column).where(column.between(start, end))
            for column in (seen.c.ordinal, cccids.c.ordinal)
        )
        return set(self._connection.execute(sa.union(*queries)).scalars())


def place_of(cccid: str, /) -> int:
    """Give a recovered number's place in the sequence."""
    return CCCID.parse(cccid).ordinal


def _recovered(rows: Sequence[Request]) -> dict[tuple[str, int], int]:
    """Map college and number of each recovery to its place in the rows."""
    return {
        (row.mis_code, place_of(row.cccid)): at
        for at, row in enumerate(rows)
        if row.kind == "recover" and row.cccid is not None
    }


def _chunks(values: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _same_student() -> sa.ColumnElement[bool]:
    return sa.and_(cccids.c.mis_code == requests.c.mis_code, cccids.c.sis_id == requests.c.sis_id)


def _is_served() -> sa.ColumnElement[bool]:
    """Say whether a student holds a number, and not just the one that the request gives up."""
    given_up = sa.and_(requests.c.kind == "replace", requests.c.cccid == cccids.c.cccid)
    held = sa.select(1).select_from(cccids).where(_same_student(), cccids.c.state != "voided", ~given_up)
    return sa.exists(held.correlate(requests))


def _has_failed(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Say whether OpenCCC's last answer to a request was that it failed: such a row waits no more."""
    mine = sa.and_(
        results.c.batch == table.c.batch,
        results.c.mis_code == table.c.mis_code,
        results.c.sis_id == table.c.sis_id,
    )
    last = sa.select(sa.func.max(results.c.id)).where(mine).correlate(table).scalar_subquery()
    failed = sa.select(1).select_from(results).where(results.c.id == last, results.c.outcome == "failed")
    return sa.exists(failed.correlate(table))
