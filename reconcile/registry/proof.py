"""The proof that the registry holds what its audit log says it does."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from reconcile.registry import chain
from reconcile.registry.accounts import unsealed
from reconcile.registry.canon import BOUND, digest, digest_parts
from reconcile.registry.connect import in_bytes, in_parts
from reconcile.registry.decided import DECISION, told
from reconcile.registry.ledger import row_hash
from reconcile.registry.life import Answer, Void
from reconcile.registry.persons import person_of
from reconcile.registry.roles import ASKED, WORD
from reconcile.registry.shape import is_whole, misshapen
from reconcile.registry.tables import (
    access_requests,
    allotments,
    approvals,
    audit,
    batches,
    cccids,
    decisions,
    grants,
    meta,
    requests,
    results,
    seen,
    ties,
    voids,
)
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATES = {"drafted": "draft", "returned": "draft"} | {
    state: state
    for state in (
        "checked", "submitted", "approved", "rejected", "withdrawn", "minted", "handed_over", "delivered",
        "loaded",
    )
}  # fmt: skip
_REASONED = ("rejected", "withdrawn", "returned", "checked")  # the last one says why a batch is where it is
_BINDING = ("drafted", "checked", "submitted")  # entries that say what a batch's row holds
# Tables whose rows each belong to one entry of the log, which has their hash: event, columns.
_ENTRIES = {
    "decisions": (decisions, "decided", ("by",), DECISION),
    "results": (results, "answered", (), Answer._fields),
    "voids": (voids, "voided", ("by",), Void._fields),
    "ties": (ties, "tied", (), ("mis_code_l", "sis_id_l", "mis_code_r", "sis_id_r", "tie")),
    "grants": (grants, "role", ("by",), WORD),
    "access requests": (access_requests, "asked", ("by",), ASKED),
}
_OF_ENTRY = {"by": "who", "at": "at"}  # columns of such a row that say what its entry says
_APPROVED = ("rows_hash", "suite_hash", "sequence")
_REQUEST = ("mis_code", "sis_id", "kind", "cccid", "payload")


@dataclass(frozen=True, kw_only=True, repr=False)
class Verification(Shown):
    """What `Registry.verify` found.

    Attributes:
        entries: how many audit entries there are.
        head: the hash of the last one; kept elsewhere, it also shows a store put back to an earlier day.
        problems: one sentence each, empty when everything holds.
    """

    entries: int
    head: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when log and tables agree."""
        return not self.problems

    def _sheet(self) -> Sheet:
        title = "Registry verified" if self.ok else "Registry does NOT verify"
        shown = pl.DataFrame({"problem": list(self.problems) or ["none"]}, schema={"problem": pl.String})
        return Sheet(
            frame=shown, title=title, note=f"{self.entries:,} audit entries, head {self.head}.", rows=50
        )


def prove(connection: sa.Connection, /) -> Verification:
    """Recompute the chain and replay it against the tables, in one consistent view."""
    problems = list(misshapen(connection))
    if not is_whole(problems):
        return Verification(entries=0, head="unknown", problems=tuple(problems))
    log = [dict(row) for row in connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings()]
    broken = list(chain.breaks(log))
    problems += broken
    if not broken:  # a broken log proves nothing about the tables
        for row in log:
            row["detail"] = json.loads(row["detail"])
        for check in (
            _meta,
            _batches,
            _approvals,
            _requests,
            _numbers,
            _lives,
            _entries,
            _allotments,
            unsealed,
        ):
            problems.extend(check(connection, log))
    head = log[-1]["entry"] if log else chain.GENESIS
    return Verification(entries=len(log), head=head, problems=tuple(problems))


def _meta(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    """Compare the stamp with the first entry, and the key with the last that was pinned and with the ids."""
    row = connection.execute(sa.select(meta.c.stamp, meta.c.created, meta.c.ssn_key)).one()
    if not log or (row.stamp, row.created) != (log[0]["detail"].get("stamp"), log[0]["at"]):
        yield "the stamp of the registry or the day on which it was made is not the one in the log"
    pinned = [e["detail"]["key"] for e in log if e["what"] == "pinned"][-1:]
    hashed = requests.c.sis_id.like("ssn:%")
    ids = connection.execute(sa.select(requests.c.sis_id).where(hashed)).scalars()
    used = {text.split(":")[1] for text in ids}
    if not {*pinned, *used} <= {row.ssn_key}:
        yield "the SSN key of the registry is not the one in the log, or not the one of its ids"


def _batches(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    states = {e["subject"]: _STATES[e["what"]] for e in log if e["what"] in _STATES}
    proposed = {e["subject"]: e for e in log if e["what"] in _BINDING}
    steps = {e["subject"]: e for e in log if e["what"] in (*_BINDING, "returned")}
    reasons = {e["subject"]: e["detail"].get("reason") for e in log if e["what"] in _REASONED}
    proposers = {e["subject"]: e["who"] for e in log if e["what"] in ("drafted", "submitted")}
    found = {row["id"]: row for row in connection.execute(sa.select(batches)).mappings()}
    for batch in sorted(states.keys() | found.keys()):
        if batch not in found or batch not in states:
            yield f"batch {batch} stands in the {'log' if batch in states else 'table'} only"
            continue
        row, entry = found[batch], proposed[batch]
        if row["state"] != states[batch]:
            yield f"batch {batch} is {row['state']}, the log says {states[batch]}"
        detail = entry["detail"]
        others = any(row[name] != detail[name] for name in BOUND if name in detail)
        said = (proposers.get(batch), steps[batch]["seq"], reasons.get(batch))
        if others or (row["proposer"], row["sequence"], row["reason"]) != said:
            yield f"batch {batch} was changed after it was submitted"


def _approvals(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    logged = {
        (e["subject"], e["who"], e["at"], *(e["detail"][name] for name in _APPROVED))
        for e in log
        if e["what"] == "approved"
    }
    names = ("batch", "approver", "at", *_APPROVED)
    found = {tuple(row) for row in connection.execute(sa.select(*(approvals.c[name] for name in names)))}
    for batch in sorted({str(row[0]) for row in logged ^ found}):
        yield f"the approval of batch {batch} is not the one in the log"


def _requests(connection: sa.Connection, _log: list[dict[str, Any]]) -> Iterator[str]:
    hashes = {
        row.id: row.rows_hash for row in connection.execute(sa.select(batches.c.id, batches.c.rows_hash))
    }
    yield from _compare(connection, "requests", requests, _REQUEST, hashes)
    query = sa.select(*(requests.c[name] for name in ("batch", *_REQUEST, "row_hash", "person")))
    wrong = {
        batch
        for rows in in_parts(connection, query)
        for batch, *row, hashed, person in rows
        if hashed != row_hash(row) or person != person_of(row[-1])
    }
    for batch in sorted(wrong):
        yield f"what is derived from the requests of batch {batch} was changed after they were written"


def _numbers(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    hashes = {e["subject"]: e["detail"]["issued_hash"] for e in log if "issued_hash" in e["detail"]}
    names = ("mis_code", "sis_id", "ordinal", "cccid", "kind")
    yield from _compare(connection, "CCCIDs", cccids, names, hashes)
    days = {(e["subject"], e["at"]) for e in log}
    given = connection.execute(sa.select(cccids.c.batch, cccids.c.issued_on).distinct())
    for batch in sorted({row.batch for row in given if tuple(row) not in days}):
        yield f"the days on which the CCCIDs of batch {batch} were issued are not the ones in the log"


def _lives(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    """Compare where each number stands with the steps of its batch and with the numbers that were voided."""
    states = _steps(log)
    names = ("mis_code", "sis_id", "ordinal")
    gone = {tuple(row) for row in connection.execute(sa.select(*(voids.c[name] for name in names)))}
    query = sa.select(cccids.c.batch, cccids.c.state, *(cccids.c[name] for name in names))
    wrong = {
        batch
        for rows in in_parts(connection, query)
        for batch, state, *key in rows
        if state != ("voided" if tuple(key) in gone else _expected(states.get(batch), key[2]))
    }
    for batch in sorted(wrong):
        yield f"numbers of batch {batch} are not where the log says they are"


def _steps(log: list[dict[str, Any]]) -> dict[str, tuple[str, list[list[int]]]]:
    """Say of each batch where its numbers stand, and which runs of places an extract did not show yet."""
    found: dict[str, tuple[str, list[list[int]]]] = {}
    for e in log:
        what, batch = e["what"], e["subject"]
        if what in {"delivered", "loaded"}:
            found[batch] = (what, [])
        elif what == "compared":
            found[batch] = ("loaded", e["detail"]["waiting"])
        elif what in {"answered", "replaced"} and found.get(batch, ("", []))[1]:
            found[batch] = ("delivered", [])  # new numbers: the next extract speaks of all of them
    return found


def _expected(step: tuple[str, list[list[int]]] | None, place: int) -> str:
    if step is None:
        return "issued"
    state, waiting = step
    run = bisect_right(waiting, place, key=itemgetter(0)) - 1
    return "delivered" if run >= 0 and place <= waiting[run][1] else state


def _entries(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    """Hash the rows that belong to each entry, and compare with the hash in it."""
    for name, (table, what, who, columns) in _ENTRIES.items():
        same = {own: said for own, said in _OF_ENTRY.items() if own in (*who, "at") and own in table.c}
        hashes = {
            e["seq"]: ({(own, e[said]) for own, said in same.items()}, e["detail"]["hash"])
            for e in log
            if e["what"] == what
        }
        wanted = [table.c[column] for column in ("audit", *same, *columns)]
        found: dict[int, tuple[set[tuple[str, str]], list[list[Any]]]] = {}
        for entry, *row in connection.execute(sa.select(*wanted).order_by(table.c.id)):
            beside, rows = found.setdefault(entry, (set(), []))
            beside.update(zip(same, row, strict=False))
            kept = row[len(same) :]
            rows.append(told(kept) if name == "decisions" else kept)
        for entry in sorted(hashes.keys() | found.keys()):
            beside, rows = found.get(entry, (set(), []))
            said, hashed = hashes.get(entry, (set(), ""))
            if digest(rows) != hashed or beside != said:
                yield f"the {name} of audit entry {entry} were changed after they were made"


def _allotments(connection: sa.Connection, log: list[dict[str, Any]]) -> Iterator[str]:
    logged = {
        (e["detail"]["first"], e["detail"]["last"], e["who"], e["at"]) for e in log if e["what"] == "allotted"
    }
    skipped = [span for e in log if e["what"] == "minted" for span in e["detail"].get("skipped", ())]
    lost = any(e["what"] == "restored" for e in log)  # then a counter may stand further than its numbers
    rows = connection.execute(sa.select(allotments)).all()
    if {(row.first, row.last, row.authority, row.at) for row in rows} != logged:
        yield "the allotted ranges are not the ones in the log"
    for row in rows:
        minted = sa.and_(cccids.c.kind == "mint", cccids.c.ordinal.between(row.first, row.last))
        last = connection.execute(sa.select(sa.func.max(cccids.c.ordinal)).where(minted)).scalar()
        if last is not None and last >= row.next:
            yield f"the counter of the range allotted on {row.at[:10]} was turned back"
            continue
        given = connection.execute(sa.select(sa.func.count()).select_from(cccids).where(minted)).scalar_one()
        passed = sum(b - a + 1 for a, b in skipped if row.first <= a <= row.last)
        if not lost and row.first + given + passed != row.next:
            yield f"the counter of the range allotted on {row.at[:10]} was turned on"
    used = sa.union(sa.select(seen.c.ordinal), sa.select(cccids.c.ordinal)).subquery()
    for first, last in skipped:
        known = sa.select(sa.func.count()).where(used.c.ordinal.between(first, last))
        if connection.execute(known).scalar() != last - first + 1:
            yield "numbers that were passed over since they had been seen in use are not known as seen"


def _compare(
    connection: sa.Connection, what: str, table: sa.Table, names: tuple[str, ...], hashes: dict[str, str]
) -> Iterator[str]:
    """Hash the rows of each batch in request-key order and compare with what is known of them."""
    there = set(connection.execute(sa.select(table.c.batch).distinct()).scalars())
    for batch in sorted(hashes.keys() | there):
        keys = in_bytes(connection, table.c.mis_code, table.c.sis_id)
        query = sa.select(*(table.c[name] for name in names)).where(table.c.batch == batch).order_by(*keys)
        if hashes.get(batch) != digest_parts(in_parts(connection, query)):
            yield f"the {what} of batch {batch} were changed after they were written"
