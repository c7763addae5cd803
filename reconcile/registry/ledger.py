"""What can be done to batches and numbers inside one transaction; the rules of when are in mint/."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
import sqlalchemy as sa

from reconcile.cccid import CCCID, ordinals
from reconcile.errors import IssuerError
from reconcile.registry import chain
from reconcile.registry.accounts import Accounts
from reconcile.registry.canon import canonical, digest_parts, iso
from reconcile.registry.connect import CHUNK, bulk, in_bytes, in_parts, tabled
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
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

# A batch in one of these is still going to serve its rows, so that no other may take them.
OPEN_STATES: Final = ("draft", "checked", "submitted", "approved", "handed_over")
DEAD_STATES: Final = ("rejected", "withdrawn")
KEY: Final = ("mis_code", "sis_id")
ASKED: Final = dict.fromkeys((*KEY, "kind", "cccid"), pl.String)
HELD: Final = {**dict.fromkeys(KEY, pl.String), "ordinal": pl.Int64, "cccid": pl.String, "kind": pl.String}
_WINDOW: Final = 100_000  # places looked at together when a range is full of numbers that were seen


class Request(NamedTuple):
    """One row of a batch."""

    mis_code: str
    sis_id: str
    kind: str
    cccid: str | None
    payload: str


Span = tuple[int, int]  # a run of places in the sequence, first and last


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

    def add_batch(self, values: dict[str, Any], parts: Iterable[Sequence[Sequence[str | None]]], /) -> None:
        """Add a batch with its rows, which come in parts: the columns of a Request."""
        self._connection.execute(sa.insert(batches).values(**values))
        names = ("batch", *Request._fields, "row_hash", "person")
        for rows in parts:
            added = [(values["id"], *row, row_hash(row), person_of(row[4] or "")) for row in rows]
            bulk(self._connection, requests, names, added)

    def change_batch(self, batch_id: str, /, **values: object) -> None:
        """Change a batch's state, counts or hashes."""
        self._connection.execute(sa.update(batches).where(batches.c.id == batch_id).values(**values))

    def drop_batch(self, batch_id: str, /) -> None:
        """Take back a batch that was added in this transaction and came to nothing."""
        self._connection.execute(sa.delete(requests).where(requests.c.batch == batch_id))
        self._connection.execute(sa.delete(batches).where(batches.c.id == batch_id))

    def parts(self, batch_id: str, /, *columns: str) -> Iterator[list[tuple[Any, ...]]]:
        """Give a batch's rows in request-key order, in parts; all columns of a Request if none is named."""
        chosen = [requests.c[name] for name in columns or Request._fields]
        query = sa.select(*chosen).where(requests.c.batch == batch_id)
        keys = in_bytes(self._connection, *(requests.c[name] for name in KEY))
        return in_parts(self._connection, query.order_by(*keys))

    def rows(self, batch_id: str, /) -> pl.DataFrame:
        """List what each row of a batch asks for, in request-key order: mis_code, sis_id, kind, cccid."""
        return tabled(self.parts(batch_id, *ASKED), ASKED)

    def content(self, batch_id: str, /) -> tuple[str, pl.DataFrame]:
        """Hash exactly the rows that a batch holds, and list them as `rows` does, reading them once."""
        listed = [pl.DataFrame(schema=ASKED)]

        def watched() -> Iterator[list[tuple[Any, ...]]]:
            for part in self.parts(batch_id):
                listed.append(tabled([[row[:4] for row in part]], ASKED))
                yield part

        hashed = digest_parts(watched())
        return hashed, pl.concat(listed)

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

    def source(self, batch_id: str, /) -> str | None:
        """Say whom a batch's rows were looked for among; None where it was made by hand."""
        entries = self.history(batch_id)
        if any(entry["what"] == "drafted" for entry in entries):
            return None
        said = [json.loads(entry["detail"]) for entry in entries if entry["what"] == "submitted"]
        return str(said[-1].get("source", "")) if said else None

    def moved_on(self, sequence: int, batch_id: str, /) -> bool:
        """Say whether anything but this batch's own steps was logged after an entry."""
        newer = sa.select(1).where(audit.c.seq > sequence, audit.c.subject != batch_id).limit(1)
        return self._connection.execute(newer).first() is not None

    def open_batches(self, colleges: Sequence[str], states: Sequence[str], /) -> list[str]:
        """List the batches in some states that have rows of some colleges, oldest first."""
        theirs = sa.select(requests.c.batch).where(requests.c.mis_code.in_(colleges))
        query = sa.select(batches.c.id).where(batches.c.state.in_(states), batches.c.id.in_(theirs))
        return list(self._connection.execute(query.order_by(batches.c.sequence, batches.c.id)).scalars())

    def taken(self, rows: pl.DataFrame, /) -> list[int]:
        """Find by place the recoveries of a number that was voided or that another student there holds.

        Args:
            rows: as `rows` gives them.
        """
        wanted = recoveries(rows)
        found: set[int] = set()
        for some in wanted.iter_slices(CHUNK):
            void = self.life.voided(some["ordinal"].to_list())
            found.update(some.filter(pl.col("ordinal").is_in(list(void)))["place"])
            held = sa.select(cccids.c.mis_code, cccids.c.ordinal, cccids.c.sis_id).where(
                VALID, cccids.c.mis_code.in_(some["mis_code"].unique().to_list()),
                cccids.c.ordinal.in_(some["ordinal"].to_list()),
            )  # fmt: skip
            schema = {"mis_code": pl.String, "ordinal": pl.Int64, "holder": pl.String}
            others = some.join(tabled(in_parts(self._connection, held), schema), on=["mis_code", "ordinal"])
            found.update(others.filter(pl.col("holder") != pl.col("sis_id"))["place"])
        return sorted(found)

    def asked(self, rows: pl.DataFrame, /) -> list[int]:
        """Find by place the recoveries whose number an open batch gives to another student of the college."""
        wanted = recoveries(rows)
        waiting = (
            sa.select(requests.c.mis_code, requests.c.cccid, requests.c.sis_id)
            .join_from(requests, batches)
            .where(batches.c.state.in_(OPEN_STATES), requests.c.kind == "recover")
        )
        if wanted.is_empty():
            return []
        schema = dict.fromkeys(("mis_code", "cccid", "holder"), pl.String)
        others = wanted.join(tabled(in_parts(self._connection, waiting), schema), on=["mis_code", "cccid"])
        return others.filter(pl.col("holder") != pl.col("sis_id"))["place"].unique().sort().to_list()

    def see_recovered(self, rows: pl.DataFrame, /) -> None:
        """Remember the numbers of recoveries as seen in use, so that none of them is issued meanwhile."""
        self.life.see(recoveries(rows)["ordinal"].to_list())

    def edited(self, batch_id: str, /) -> list[int]:
        """Find by place the rows of a batch that are no longer what was written; others are gone or new."""
        rows = (row for part in self.parts(batch_id, *Request._fields, "row_hash") for row in part)
        return [place for place, (*row, hashed) in enumerate(rows) if row_hash(row) != hashed]

    def served(self, batch_id: str, /) -> pl.DataFrame:
        """List the numbers that the students of a batch hold, whichever batch gave them, in key order.

        Columns: mis_code, sis_id, ordinal, cccid, kind.
        """
        joined = sa.select(*(cccids.c[name] for name in HELD)).join_from(requests, cccids, _same_student())
        query = joined.where(requests.c.batch == batch_id, cccids.c.state != "voided")
        return tabled(in_parts(self._connection, query), HELD).sort(KEY)

    def approve(self, batch_id: str, /, **values: object) -> None:
        """Add the approval of a batch."""
        self._connection.execute(sa.insert(approvals).values(batch=batch_id, at=self.stamp, **values))

    def approval(self, batch_id: str, /) -> dict[str, Any] | None:
        """Look a batch's approval up."""
        current = (approvals.c.batch == batches.c.id) & (approvals.c.sequence >= batches.c.sequence)
        query = sa.select(approvals).join_from(approvals, batches, current).where(batches.c.id == batch_id)
        row = self._connection.execute(query).mappings().first()
        return dict(row) if row else None

    def claim(self, count: int, /) -> tuple[list[Span], list[Span]]:
        """Take the next free places; give them and the ones passed over because they were seen in use.

        Both are runs of places (first, last), in the order of the ranges.

        Raises:
            IssuerError: no range is allotted, or too little of it is left.
        """
        ranges = self._connection.execute(sa.select(allotments).order_by(allotments.c.id)).all()
        if count and not ranges:
            raise IssuerError(
                "No range of numbers is allotted to this registry. Enter the range and the authority that "
                "allotted it, or let OpenCCC issue the numbers."
            )
        taken: list[Span] = []
        skipped: list[Span] = []
        missing = count
        for row in ranges:
            following, missing = self._take(row.next, row.last, missing, taken, skipped)
            changed = sa.update(allotments).where(allotments.c.id == row.id).values(next=following)
            self._connection.execute(changed)
        if missing:
            raise IssuerError(
                f"{count:,} numbers are needed, {count - missing:,} are left in the allotted range. "
                "Ask the authority for another range; nothing was issued."
            )
        return taken, skipped

    def ranges(self) -> list[Span]:
        """List the first and last place of every allotted range."""
        rows = self._connection.execute(sa.select(allotments.c.first, allotments.c.last))
        return [(first, last) for first, last in rows]

    def issue(self, issues: Iterable[Sequence[str | int]], batch_id: str, /) -> None:
        """Enter numbers as issued: mis_code, sis_id, ordinal, cccid, kind."""
        names = (*HELD, "state", "batch", "issued_on")
        bulk(self._connection, cccids, names, [(*row, "issued", batch_id, self.stamp) for row in issues])

    def entry(self, what: str, subject: str, /) -> dict[str, Any]:
        """Read the detail of the last audit entry about something; empty when there is none."""
        return chain.last_detail(self._connection, what, subject)

    def _take(
        self, start: int, last: int, count: int, taken: list[Span], skipped: list[Span]
    ) -> tuple[int, int]:
        """Take from one range until there is enough; return where it goes on and how many are missing."""
        while count and start <= last:
            end = min(last, start + _WINDOW - 1)
            for used in (*self._used(start, end), end + 1):
                free = min(used - start, count)
                _run(taken, start, start + free - 1)
                start, count = start + free, count - free
                if not count:
                    return start, 0
                if used <= end:
                    _run(skipped, used, used)
                    start = used + 1
        return start, count

    def _used(self, start: int, end: int) -> list[int]:
        queries = (
            sa.select(column).where(column.between(start, end))
            for column in (seen.c.ordinal, cccids.c.ordinal)
        )
        return sorted(self._connection.execute(sa.union(*queries)).scalars())


def place_of(cccid: str, /) -> int:
    """Give a number's place in the sequence; whether a wide one may be entered was asked before."""
    return CCCID.parse(cccid, wide=True).ordinal


def row_hash(row: Sequence[str | None], /) -> str:
    """Hash one row of a batch."""
    return sha256(canonical(row).encode("utf-8", "surrogatepass")).hexdigest()


def recoveries(rows: pl.DataFrame, /) -> pl.DataFrame:
    """Pick the rows that write a number back, with place (in the rows) and ordinal (of the number)."""
    numbered = rows.with_row_index("place")
    recovered = numbered.filter((pl.col("kind") == "recover") & pl.col("cccid").is_not_null())
    return recovered.with_columns(ordinal=ordinals(pl.col("cccid"), wide=True))


def runs(places: Iterable[int], /) -> list[Span]:
    """Write ascending places as runs, so that a long list stays a short text.

    >>> runs([3, 4, 5, 9])
    [(3, 5), (9, 9)]
    """
    spans: list[Span] = []
    for place in places:
        _run(spans, place, place)
    return spans


def _run(spans: list[Span], first: int, last: int) -> None:
    """Add places to a list of runs, going on with the last run where they follow it."""
    if first > last:
        return
    if spans and spans[-1][1] == first - 1:
        first = spans.pop()[0]
    spans.append((first, last))


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
