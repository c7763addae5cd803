"""The person behind a request: which SIS records are one, and which requests must not both be served.

A request key is a student at a college. One person may have several: a former SIS id, a second record, a
record at another college of the district. Two things tell: ties that somebody noted (a former id, a
reviewer's or the linkage's word), and the same first name, last name and birthdate. What looks like one
person and was not called two blocks a new number; nothing is linked by it.
"""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import sqlalchemy as sa

from reconcile.registry import chain
from reconcile.registry.canon import digest
from reconcile.registry.connect import bulk, in_parts
from reconcile.registry.tables import VALID, audit, batches, cccids, decisions, requests, results, ties

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TIES: Final = ("same", "possible", "different")
_WHO: Final = ("first_name", "last_name", "birthdate")
_NAMES: Final = ("mis_code_l", "sis_id_l", "mis_code_r", "sis_id_r", "tie")
_OPEN: Final = ("draft", "checked", "submitted", "approved", "handed_over")

Key = tuple[str, str]


class Rival(NamedTuple):
    """A request for a new number, and the record for whose sake it must wait."""

    key: Key
    other: Key
    served: bool  # the other holds a number; it waits for one when False


def person_of(payload: str, /) -> str | None:
    """Spell the person that a request is about, so that case, marks and blanks make no difference.

    None when first name, last name or birthdate is missing: then nothing can be said.

    >>> person_of('{"first_name": "José", "last_name": "De la Cruz", "birthdate": "2001-02-03"}')
    'jose|delacruz|20010203'
    """
    fields = json.loads(payload)
    parts = [_plain(fields.get(name) or "") for name in _WHO]
    return "|".join(parts) if all(parts) else None


class Persons:
    """Who is who in a registry, seen from inside a transaction."""

    def __init__(self, connection: sa.Connection, stamp: str, /) -> None:
        """Wrap the connection that holds the transaction."""
        self._connection = connection
        self._stamp = stamp

    def tie(self, pairs: Iterable[tuple[str, ...]], /, *, by: str, **detail: str) -> int:
        """Note pairs of records (college, id, college, id, tie) and return how many said something new."""
        known = self._ties()
        wanted: dict[tuple[Key, Key], str] = {}
        for left_code, left, right_code, right, tie in pairs:
            pair = _ordered((left_code, left), (right_code, right))
            if pair[0] != pair[1]:
                wanted[pair] = tie
        new = sorted(
            (*left, *right, tie) for (left, right), tie in wanted.items() if known.get((left, right)) != tie
        )
        if new:
            detail |= {"hash": digest([list(row) for row in new])}
            entry = chain.append(
                self._connection, "tied", "records", who=by, at=self._stamp, pairs=len(new), **detail
            )
            names = (*_NAMES, "at", "audit")
            bulk(self._connection, ties, names, [(*row, self._stamp, entry) for row in new])
        return len(new)

    def ties(self) -> list[tuple[str, str, str, str, str]]:
        """List the latest word on each pair: mis_code and sis_id of both records, and the tie."""
        return [(*left, *right, tie) for (left, right), tie in self._ties().items()]

    def doubtful(self) -> dict[tuple[Key, Key], str]:
        """List the pairs that are possibly one person and that nobody decided about, with who noted them."""
        names = (*(ties.c[name] for name in _NAMES), audit.c.who)
        joined = sa.select(*names).join_from(ties, audit, audit.c.seq == ties.c.audit).order_by(ties.c.id)
        latest = {((a, b), (c, d)): (tie, who) for a, b, c, d, tie, who in self._connection.execute(joined)}
        decided = self._decided_apart()
        return {
            (left, right): who
            for (left, right), (tie, who) in latest.items()
            if tie == "possible" and frozenset((left[1], right[1])) not in decided
        }

    def records(self) -> list[tuple[str, str, str]]:
        """List for each record the others of the same person: mis_code, sis_id, "code/id code/id"."""
        pairs = [pair for pair, tie in self._ties().items() if tie == "same"]
        groups = _Groups(pairs)
        members: dict[Key, list[Key]] = {}
        for key in sorted({key for pair in pairs for key in pair}):
            members.setdefault(groups.of(key), []).append(key)
        return [
            (*key, " ".join("/".join(other) for other in group if other != key))
            for group in members.values()
            for key in group
        ]

    def rivals(self, batch_id: str, /) -> list[Rival]:
        """List the requests of a batch for a new number that must not be served, in request-key order.

        Another request, or another record, is the same person or may be, and holds a number, waits for one
        in an open batch, or stands in this batch too.
        """
        found = {(rival.key, rival.other): rival for rival in (*self._alike(batch_id), *self._tied(batch_id))}
        if not found:
            return []
        apart = {pair for pair, tie in self._ties().items() if tie == "different"}
        decided = self._decided_apart()
        return sorted(
            rival
            for (left, right), rival in found.items()
            if _ordered(left, right) not in apart and frozenset((left[1], right[1])) not in decided
        )

    def _alike(self, batch_id: str) -> Iterator[Rival]:
        """Requests about somebody of the same name and birthdate."""
        mine, other = requests.alias("mine"), requests.alias("other")
        another = sa.or_(mine.c.mis_code != other.c.mis_code, mine.c.sis_id != other.c.sis_id)
        holds = sa.exists(
            sa.select(1).where(
                cccids.c.mis_code == other.c.mis_code, cccids.c.sis_id == other.c.sis_id, VALID
            )
        )
        query = (
            sa.select(
                mine.c.mis_code, mine.c.sis_id, other.c.mis_code, other.c.sis_id, other.c.batch,
                batches.c.state, holds,
            )
            .join_from(mine, other, mine.c.person == other.c.person)
            .join(batches, batches.c.id == other.c.batch)
            .where(mine.c.batch == batch_id, mine.c.kind == "mint", another)
        )  # fmt: skip
        answered: dict[str, set[Key]] = {}
        for row in self._connection.execute(query):
            key, rival, (batch, state, served) = (row[0], row[1]), (row[2], row[3]), row[4:]
            if served:
                yield Rival(key, rival, served=True)
            elif state in _OPEN or batch == batch_id:
                if batch not in answered:
                    answered[batch] = self._failed(batch)
                if rival not in answered[batch]:
                    yield Rival(key, rival, served=False)

    def _tied(self, batch_id: str) -> Iterator[Rival]:
        """Records that somebody called the same person, or a possible one, directly or through others."""
        pairs = {pair: tie for pair, tie in self._ties().items() if tie != "different"}
        if not pairs:
            return
        groups = _Groups(pair for pair, tie in pairs.items() if tie == "same")
        near: dict[Key, set[Key]] = {}
        for (left, right), tie in pairs.items():
            if tie == "possible":
                near.setdefault(groups.of(left), set()).add(groups.of(right))
                near.setdefault(groups.of(right), set()).add(groups.of(left))
        query = sa.select(requests.c.mis_code, requests.c.sis_id)
        asked = query.where(requests.c.batch == batch_id, requests.c.kind == "mint")
        known = {key for pair in pairs for key in pair}  # of the others nobody asks here
        wanted = self._among(known, asked)
        if not wanted:
            return
        served = self._among(known, sa.select(cccids.c.mis_code, cccids.c.sis_id).where(VALID))
        waiting = wanted | self._waiting(batch_id, known)
        members: dict[Key, list[Key]] = {}
        for key in sorted(known):
            members.setdefault(groups.of(key), []).append(key)
        for key in sorted(wanted):
            for group in (groups.of(key), *sorted(near.get(groups.of(key), ()))):
                for other in members.get(group, ()):
                    if other != key and (other in served or other in waiting):
                        yield Rival(key, other, served=other in served)

    def _among(self, known: set[Key], query: sa.Select[tuple[str, str]]) -> set[Key]:
        rows = (row for rows in in_parts(self._connection, query) for row in rows)
        return {(code, sis_id) for code, sis_id in rows if (code, sis_id) in known}

    def _waiting(self, batch_id: str, known: set[Key]) -> set[Key]:
        open_ = sa.select(batches.c.id).where(batches.c.state.in_(_OPEN), batches.c.id != batch_id)
        query = sa.select(requests.c.mis_code, requests.c.sis_id)
        found: set[Key] = set()
        for other in self._connection.execute(open_).scalars().all():
            found |= self._among(known, query.where(requests.c.batch == other)) - self._failed(other)
        return found

    def _failed(self, batch_id: str) -> set[Key]:
        query = sa.select(results.c.mis_code, results.c.sis_id, results.c.outcome)
        latest: dict[Key, str] = {}
        for code, sis_id, outcome in self._connection.execute(
            query.where(results.c.batch == batch_id).order_by(results.c.id)
        ):
            latest[code, sis_id] = outcome
        return {key for key, outcome in latest.items() if outcome == "failed"}

    def _ties(self) -> dict[tuple[Key, Key], str]:
        rows = self._connection.execute(sa.select(*(ties.c[name] for name in _NAMES)).order_by(ties.c.id))
        return {((row[0], row[1]), (row[2], row[3])): row[4] for row in rows}

    def _decided_apart(self) -> set[frozenset[str]]:
        """Pairs of SIS ids that a reviewer's latest word calls different people."""
        query = sa.select(decisions.c.id_l, decisions.c.id_r, decisions.c.decision)
        latest: dict[frozenset[str], str] = {}
        for left, right, decision in self._connection.execute(
            query.where(decisions.c.table == "duplicates").order_by(decisions.c.id)
        ):
            latest[frozenset((left, right))] = decision
        return {pair for pair, decision in latest.items() if decision == "different"}


class _Groups:
    """Records that are one person: a union-find over the pairs that say so."""

    def __init__(self, pairs: Iterable[tuple[Key, Key]], /) -> None:
        self._parent: dict[Key, Key] = {}
        for left, right in pairs:
            roots = sorted((self.of(left), self.of(right)))
            self._parent[roots[1]] = roots[0]

    def of(self, key: Key, /) -> Key:
        path = []
        while (above := self._parent.get(key, key)) != key:
            path.append(key)
            key = above
        for one in path:
            self._parent[one] = key
        return key


def _ordered(left: Key, right: Key) -> tuple[Key, Key]:
    return (left, right) if left <= right else (right, left)


@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    if text.isascii() and text.isalpha():
        return text.lower()
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in split if character.isalnum())
