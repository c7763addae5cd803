"""What becomes of numbers after they were given: OpenCCC's answers, delivery, and void numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl
import sqlalchemy as sa

from reconcile.registry.connect import CHUNK, bulk, in_parts, tabled
from reconcile.registry.tables import VALID, batches, cccids, crosswalk, requests, results, seen, voids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NUMBERS: Final = {
    "mis_code": pl.String, "sis_id": pl.String, "ordinal": pl.Int64,
    **dict.fromkeys(("cccid", "kind", "state"), pl.String),
}  # fmt: skip


class Answer(NamedTuple):
    """What OpenCCC answered to one row of an upload."""

    mis_code: str
    sis_id: str
    outcome: str  # created, exists, failed or conflict
    cccid: str | None
    reason: str | None


class Void(NamedTuple):
    """A number that counts no more."""

    mis_code: str
    sis_id: str
    ordinal: int
    cccid: str
    reason: str
    by: str
    approver: str
    replacement: str | None


class Life:
    """Numbers after they were given, seen from inside a transaction."""

    def __init__(self, connection: sa.Connection, stamp: str, /) -> None:
        """Wrap the connection that holds the transaction."""
        self._connection = connection
        self._stamp = stamp

    def add_answers(self, batch_id: str, rows: Sequence[Answer], /, *, audit: int) -> None:
        """Enter answers; each belongs to one audit entry."""
        names = ("batch", *Answer._fields, "audit")
        bulk(self._connection, results, names, [(batch_id, *row, audit) for row in rows])

    def answers(self, batch_id: str, /) -> dict[tuple[str, str], Answer]:
        """Give the latest answer to each row of a batch."""
        query = sa.select(*(results.c[name] for name in Answer._fields)).where(results.c.batch == batch_id)
        rows = map(Answer._make, self._connection.execute(query.order_by(results.c.id)).all())
        return {(row.mis_code, row.sis_id): row for row in rows}

    def add_voids(self, rows: Sequence[Void], /, *, audit: int) -> None:
        """Enter numbers as void, and take them from the students who hold them."""
        names = (*Void._fields, "at", "audit")
        bulk(self._connection, voids, names, [(*row, self._stamp, audit) for row in rows])
        for row in rows:
            theirs = sa.update(cccids).where(
                cccids.c.mis_code == row.mis_code, cccids.c.sis_id == row.sis_id,
                cccids.c.ordinal == row.ordinal, VALID,
            )  # fmt: skip
            self._connection.execute(theirs.values(state="voided"))

    def voided(self, places: Sequence[int], /) -> set[int]:
        """Say which of these places hold a number that was voided, at whatever college."""
        found: set[int] = set()
        for chunk in _chunks(places):
            query = sa.select(voids.c.ordinal).where(voids.c.ordinal.in_(chunk))
            found.update(self._connection.execute(query).scalars())
        return found

    def holders(self, place: int, /) -> list[dict[str, Any]]:
        """List who holds a number: mis_code, sis_id, cccid, kind, state, batch, issued_on, issuer."""
        names = ("mis_code", "sis_id", "cccid", "kind", "state", "batch", "issued_on")
        query = sa.select(*(cccids.c[name] for name in names), batches.c.issuer).join_from(cccids, batches)
        held = query.where(cccids.c.ordinal == place, cccids.c.state != "voided").order_by(
            cccids.c.mis_code, cccids.c.sis_id
        )
        return [dict(row) for row in self._connection.execute(held).mappings()]

    def held(self, places: Sequence[int], /) -> dict[int, list[tuple[str, str, str]]]:
        """Give for each place who holds or held its number: (mis_code, sis_id, state)."""
        found: dict[int, list[tuple[str, str, str]]] = {}
        for chunk in _chunks(places):
            query = sa.select(cccids.c.ordinal, cccids.c.mis_code, cccids.c.sis_id, cccids.c.state)
            for place, code, sis_id, state in self._connection.execute(
                query.where(cccids.c.ordinal.in_(chunk))
            ):
                found.setdefault(place, []).append((code, sis_id, state))
        return found

    def move(self, batch_id: str, state: str, /, *, places: Sequence[int] | None = None) -> None:
        """Move the numbers of a batch that still count to a state; of some places only, if any are named."""
        mine = sa.update(cccids).where(cccids.c.batch == batch_id, VALID).values(state=state)
        if places is None:
            self._connection.execute(mine)
        for chunk in _chunks(places or ()):
            self._connection.execute(mine.where(cccids.c.ordinal.in_(chunk)))

    def numbers(self, batch_id: str, /) -> pl.DataFrame:
        """List all that a batch gave, in request-key order: mis_code, sis_id, ordinal, cccid, kind, state."""
        query = sa.select(*(cccids.c[name] for name in _NUMBERS)).where(cccids.c.batch == batch_id)
        return tabled(in_parts(self._connection, query), _NUMBERS).sort("mis_code", "sis_id", "ordinal")

    def note(self, rows: Sequence[tuple[str, str, str, str]], /) -> None:
        """Add to the crosswalk what is new: mis_code, sis_id, cccid, origin."""
        for code, sis_id, cccid, origin in rows:
            key = (crosswalk.c.mis_code == code, crosswalk.c.sis_id == sis_id, crosswalk.c.cccid == cccid)
            if self._connection.execute(sa.select(1).select_from(crosswalk).where(*key)).first() is None:
                self._connection.execute(
                    sa.insert(crosswalk).values(
                        mis_code=code, sis_id=sis_id, cccid=cccid, origin=origin, since=self._stamp
                    )
                )

    def see(self, places: Sequence[int], /) -> None:
        """Remember numbers as in use somewhere, so that none of them is issued here."""
        for chunk in _chunks(sorted(set(places))):
            known = self._connection.execute(sa.select(seen.c.ordinal).where(seen.c.ordinal.in_(chunk)))
            old = set(known.scalars())
            new = [(place, self._stamp) for place in chunk if place not in old]
            bulk(self._connection, seen, ("ordinal", "at"), new)

    def replacements(self, batch_id: str, /) -> list[tuple[str, str, str, int | None]]:
        """List a batch's replacements: mis_code, sis_id, the number given up, its place if it is ours."""
        same = sa.and_(
            cccids.c.mis_code == requests.c.mis_code, cccids.c.sis_id == requests.c.sis_id,
            cccids.c.cccid == requests.c.cccid, VALID,
        )  # fmt: skip
        query = (
            sa.select(requests.c.mis_code, requests.c.sis_id, requests.c.cccid, cccids.c.ordinal)
            .outerjoin_from(requests, cccids, same)
            .where(requests.c.batch == batch_id, requests.c.kind == "replace")
        )
        return sorted(tuple(row) for row in self._connection.execute(query))


def _chunks(places: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(places), CHUNK):
        yield list(places[start : start + CHUNK])
