"""The registry as its users see it: open, look, record, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

import polars as pl
import sqlalchemy as sa

from reconcile.cccid import CCCID, ordinals
from reconcile.errors import InputError, IssuerError, KeyMismatch, Refused, RegistryError
from reconcile.registry import chain, noted, pin, schema, veils
from reconcile.registry.begin import allot, stamp_of, word
from reconcile.registry.canon import digest, iso, now, row_numbers
from reconcile.registry.connect import Store, bulk
from reconcile.registry.decided import settle, told
from reconcile.registry.ledger import Ledger
from reconcile.registry.people import require_name
from reconcile.registry.persons import TIES
from reconcile.registry.proof import Verification, prove
from reconcile.registry.tables import (
    VALID,
    audit,
    cccids,
    crosswalk,
    decisions,
    requests,
    voids,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

T = TypeVar("T")

_DECISION = ("table", "id_l", "id_r", "decision", "hash")
_DECISIONS = ("match", "different", "unsure", "withdrawn")
_BESIDE = {"note": pl.String, "seconds": pl.Float64}
_TEXT = pl.String
_ISSUED = {
    "college": _TEXT,
    "sis_id": _TEXT,
    "cccid": _TEXT,
    "kind": _TEXT,
    "state": _TEXT,
    "batch": _TEXT,
    "issued_on": _TEXT,
}
_DECIDED = dict.fromkeys((*_DECISION, "by", "at"), _TEXT)
_WORDS = {"id": pl.Int64, "audit": pl.Int64} | _DECIDED | _BESIDE
_TIED = ("college_l", "sis_id_l", "college_r", "sis_id_r", "tie")
_CROSSWALK = dict.fromkeys(("college", "sis_id", "cccid", "origin", "since"), _TEXT)
_VOIDED = dict.fromkeys(
    ("college", "sis_id", "cccid", "reason", "by", "approver", "replacement", "at"), _TEXT
)
_AUDIT = {"seq": pl.Int64} | dict.fromkeys(
    ("at", "what", "who", "subject", "detail", "previous", "entry"), _TEXT
)


class Registry:
    """The durable store of CCCIDs, batches, approvals, decisions and their audit log.

    Use as a context manager, or call `close`. Every writing method is one transaction.
    """

    def __init__(self, store: Store, *, demo: bool) -> None:
        """Wrap a store whose schema and stamp were checked; use `Registry.open`."""
        self._store = store
        self.demo = demo

    @classmethod
    def open(
        cls,
        place: str | Path,
        /,
        *,
        demo: bool = False,
        create: bool = True,
        rehearse: bool = False,
        at: datetime | None = None,
    ) -> Self:
        """Open a registry, and make it first where there is none.

        Args:
            place: the path of a SQLite file (or sqlite:///path), or postgresql://user@host/database.
            demo: open a registry stamped DEMO, whose numbers are watermarked and cannot be delivered.
            create: make it when there is none.
            rehearse: try every step and keep none: each writing transaction is taken back at its end.
            at: the time to note as its creation; now when None.

        Raises:
            RegistryError: a network or synchronised folder, another program's database, a newer schema,
                a demo registry opened as a real one or the other way round.
        """
        store = Store(place, create=create and not rehearse, rehearse=rehearse)
        try:
            found = store.read(schema.version)
            stamp = stamp_of(store, found, demo=demo, create=create, at=iso(now(at)))
        except BaseException:
            store.close()
            raise
        if stamp != word(demo=demo):
            store.close()
            raise RegistryError(
                f"The registry {store.name} is stamped {stamp} and was to be opened as {word(demo=demo)}. "
                "Demonstrations and real numbers are never mixed: name another registry."
            )
        return cls(store, demo=demo)

    @property
    def name(self) -> str:
        """Where the registry is, without a password."""
        return self._store.name

    @property
    def path(self) -> Path | None:
        """The file of a registry on SQLite; None on a server."""
        return self._store.path

    @property
    def rehearsal(self) -> bool:
        """Whether nothing that is done is kept."""
        return self._store.rehearse

    @property
    def sequence(self) -> int:
        """The number of the last audit entry."""
        return self.read(lambda ledger: ledger.sequence)

    def issued(self, *, voided: bool = False) -> pl.DataFrame:
        """List every CCCID that was issued or recovered and counts today.

        Args:
            voided: list also those that count no more.

        Returns:
            college, sis_id, cccid, kind, state ("issued", "delivered", "loaded", "voided"), batch, issued_on.
        """
        columns = [cccids.c.mis_code, *(cccids.c[name] for name in list(_ISSUED)[1:])]
        query = sa.select(*columns) if voided else sa.select(*columns).where(VALID)
        return self._frame(query, _ISSUED).sort("college", "sis_id", "issued_on")

    def voids(self) -> pl.DataFrame:
        """List numbers that count no more: college, sis_id, cccid, reason, by, approver, replacement, at."""
        columns = [voids.c.mis_code, *(voids.c[name] for name in list(_VOIDED)[1:])]
        return self._frame(sa.select(*columns).order_by(voids.c.id), _VOIDED)

    def note_ties(self, pairs: pl.DataFrame, /, *, by: str, at: datetime | None = None) -> int:
        """Remember which SIS records are, may be, or are not one person; return how many said something new.

        Two requests that are tied block each other; the latest word on a pair counts, and "different"
        outweighs an equal name and birthdate.

        Args:
            pairs: college_l, sis_id_l, college_r, sis_id_r, tie ("same", "possible" or "different").
            by: who says so.
            at: when; now when None.

        Raises:
            InputError: a column is missing, or a tie is another word; rows are named by number.
        """
        _require(pairs, _TIED)
        unknown = (~pairs["tie"].cast(pl.String).is_in(TIES).fill_null(value=False)).arg_true()
        if unknown.len():
            raise InputError(
                f'A tie is "same", "possible" or "different"; another word stands in '
                f"{row_numbers(unknown.to_list())}. Correct it; nothing was kept."
            )
        rows = pairs.select(pl.col(_TIED).cast(pl.String)).drop_nulls().rows()
        return self.write(lambda ledger: ledger.persons.tie(rows, by=by), at=at) if rows else 0

    def given_to(self) -> pl.DataFrame:
        """List whom each number that counts was given to, as the request described them.

        Columns: college, sis_id, first_name, last_name, birthdate.
        """
        same = (
            (requests.c.batch == cccids.c.batch)
            & (requests.c.mis_code == cccids.c.mis_code)
            & (requests.c.sis_id == cccids.c.sis_id)
        )
        query = (
            sa.select(cccids.c.mis_code, cccids.c.sis_id, requests.c.payload)
            .join_from(cccids, requests, same)
            .where(VALID)
        )
        rows = self._frame(query, {"college": pl.String, "sis_id": pl.String, "payload": pl.String})
        person = pl.Struct(dict.fromkeys(("first_name", "last_name", "birthdate"), pl.String))
        return rows.select("college", "sis_id", pl.col("payload").str.json_decode(person).struct.unnest())

    def ties(self) -> pl.DataFrame:
        """List the latest word on each pair of records: college_l, sis_id_l, college_r, sis_id_r, tie."""
        rows = self.read(lambda ledger: ledger.persons.ties())
        return pl.DataFrame(rows, schema=dict.fromkeys(_TIED, _TEXT), orient="row").sort(_TIED)

    def decisions(self, *, reviewers: int = 1, settled: bool = False) -> pl.DataFrame:
        """List what reviewers decided of each pair: table, id_l, id_r, decision, hash, by, at.

        Args:
            reviewers: how many people have to agree; a pair on which they do not yet is "unsure".
            settled: leave out the pairs that wait for another reviewer.
        """
        found = settle(self.words(), reviewers=reviewers)
        return (found.filter("settled") if settled else found).select(list(_DECIDED))

    def words(self, *, after: int = 0) -> pl.DataFrame:
        """List every word of every reviewer in order, "withdrawn" for one that was taken back.

        Args:
            after: leave out words up to this id.

        Returns:
            id, audit (the entry it came with), table, id_l, id_r, decision, hash, by, at, note, seconds.
        """
        query = sa.select(*(decisions.c[name] for name in _WORDS)).where(decisions.c.id > after)

        def look(connection: sa.Connection) -> pl.DataFrame:
            rows = [tuple(row) for row in connection.execute(query.order_by(decisions.c.id))]
            return veils.take_off(connection, pl.DataFrame(rows, schema=_WORDS, orient="row"))

        return self._store.read(look)

    def record(self, made: pl.DataFrame, /, *, by: str, at: datetime | None = None) -> int:
        """Add reviewers' decisions and return how many; an earlier decision stays in the history.

        Args:
            made: table, id_l, id_r, decision ("match", "different" or "unsure"; "withdrawn" takes the
                reviewer's own word back), hash (of the fields that the reviewer saw); where there are, note
                and seconds (that the reviewer looked).
            by: the reviewer.
            at: when; now when None.

        Raises:
            InputError: a column or the reviewer's name is missing, or a decision is another word; rows are
                named by number (the first is 1).
        """
        _require(made, _DECISION)
        unknown = (~made["decision"].cast(pl.String).is_in(_DECISIONS).fill_null(value=False)).arg_true()
        if unknown.len():
            raise InputError(
                f'A decision is "match", "different" or "unsure"; another word stands in '
                f"{row_numbers(unknown.to_list())}. Correct it and record again; nothing was kept."
            )
        kept = _beside(made).select(pl.col(_DECISION).cast(pl.String), *_BESIDE)
        if kept.is_empty():
            return 0
        require_name(by, "A decision needs the name of its reviewer")

        def work(connection: sa.Connection) -> int:
            marks = veils.cover(connection, kept["hash"].to_list())
            rows = kept.with_columns(hash=pl.Series(marks, dtype=pl.String)).rows()
            when, hashed = iso(now(at)), digest([told(row) for row in rows])
            seq = chain.append(
                connection, "decided", "pairs", who=by, at=when, decisions=len(rows), hash=hashed
            )
            names = (*_DECISION, *_BESIDE, "by", "at", "audit")
            bulk(connection, decisions, names, [(*row, by, when, seq) for row in rows])
            return len(rows)

        return self._store.write(work)

    def note_seen(self, numbers: pl.Series, /, *, at: datetime | None = None) -> int:
        """Remember numbers that exist somewhere and lie in an allotted range; return how many were new.

        Allot first: what lies outside every range is not kept.
        """
        places = (
            numbers.drop_nulls().to_frame("n").select(n=ordinals(pl.col("n"))).drop_nulls().unique().sort("n")
        )

        return self._store.write(lambda connection: noted.see(connection, places, iso(now(at))))

    def note_crosswalk(self, rows: pl.DataFrame, /, *, at: datetime | None = None) -> int:
        """Remember which CCCIDs a student has had and return how many were new.

        Args:
            rows: college, sis_id, cccid, origin ("sis", "application", ...).
            at: since when; now when None.
        """
        _require(rows, ("college", "sis_id", "cccid", "origin"))
        key = list(noted.KEY)
        given = rows.select(pl.col(*key, "origin").cast(pl.String)).drop_nulls().unique(key).sort(key)

        return self._store.write(lambda connection: noted.add(connection, given, iso(now(at))))

    def crosswalk(self) -> pl.DataFrame:
        """List every CCCID a student is known to have had.

        Returns:
            college, sis_id, cccid, origin ("issued", "recovered", "sis", "application", ...), since,
            until (when it was voided; null while it counts), tied (the other SIS records, "college/id", that
            were noted as the same person, joined by a blank; null when there is none).
        """
        noted = self._frame(
            sa.select(crosswalk.c.mis_code, *(crosswalk.c[name] for name in list(_CROSSWALK)[1:])), _CROSSWALK
        )
        ours = self.issued(voided=True).select(
            "college",
            "sis_id",
            "cccid",
            origin=pl.col("kind").replace_strict({"mint": "issued", "recover": "recovered"}),
            since="issued_on",
        )
        key = ["college", "sis_id", "cccid"]
        ended = self.voids().group_by(key).agg(until=pl.col("at").max())
        records = self.read(lambda ledger: ledger.persons.records())
        tied = pl.DataFrame(records, schema=dict.fromkeys(("college", "sis_id", "tied"), _TEXT), orient="row")
        every = pl.concat([ours, noted]).unique(key, keep="first", maintain_order=True)
        dated = every.join(ended, on=key, how="left").join(tied, on=key[:2], how="left")
        return dated.sort(key)

    def allot(
        self, first: CCCID | str, last: CCCID | str, /, *, authority: str, at: datetime | None = None
    ) -> None:
        """Enter a range of numbers that this registry may issue.

        The same range of the same authority may be entered again; that changes nothing.

        Raises:
            IssuerError: no authority, a range that runs backwards or overlaps another, a demo registry.
        """
        if self.demo:
            raise IssuerError(
                "A demo registry has its own range; real numbers are allotted to a real registry."
            )
        span = tuple(CCCID.parse(str(end)).ordinal for end in (first, last))
        if not authority.strip():
            raise IssuerError("The range needs the name of the authority that allotted it; none was given.")
        self._store.write(lambda connection: allot(connection, span, authority, iso(now(at))))

    def pin_key(
        self, fingerprint: str, /, *, instead_of: str = "", by: str = "", at: datetime | None = None
    ) -> None:
        """Tie the registry to one SSN key; the first one stays, unless it is named as replaced.

        Raises:
            KeyMismatch: the registry is tied to another key, or names students by hashes of the earlier one.
        """
        if instead_of:
            require_name(by, "A change of the SSN key needs the name of who decided it")
            moment, name = iso(now(at)), self.name
            self._store.write(
                lambda c: pin.repin(c, fingerprint, instead_of=instead_of, by=by, at=moment, name=name)
            )
            return
        known = self._store.write(lambda connection: pin.pin(connection, fingerprint))
        if known != fingerprint:
            raise KeyMismatch(pin.other_key(self.name, known, fingerprint))

    def audit(self) -> pl.DataFrame:
        """List the audit log in order: seq, at, what, who, subject, detail, previous, entry."""
        return self._frame(sa.select(*(audit.c[name] for name in _AUDIT)).order_by(audit.c.seq), _AUDIT)

    def verify(self) -> Verification:
        """Recompute the chain and compare what the log says with what the tables hold."""
        return self._store.read(prove)

    def read(self, work: Callable[[Ledger], T], /) -> T:
        """Run a function over one consistent view of the batches."""
        return self._store.read(lambda connection: work(Ledger(connection, demo=self.demo, at=now())))

    def write(self, work: Callable[[Ledger], T], /, *, at: datetime | None = None) -> T:
        """Run a function as the one writer; all of it is kept, or nothing, as done at one moment.

        Args:
            work: reads and writes through the ledger.
            at: that moment; the one in which the registry lets this writer in when None.
        """

        def once(connection: sa.Connection) -> T:
            ledger = Ledger(connection, demo=self.demo, at=now(at))
            try:
                return work(ledger)
            except Refused as refused:
                refused.at = refused.at or ledger.stamp  # the attempt is of that moment too
                raise

        return self._store.write(once)

    def inspect(self, work: Callable[[sa.Connection], T], /) -> T:
        """Run a function over one consistent view of the tables themselves."""
        return self._store.read(work)

    def change(self, work: Callable[[sa.Connection], T], /) -> T:
        """Run a function over the tables themselves as the one writer."""
        return self._store.write(work)

    def driver(self) -> AbstractContextManager[Any]:
        """Lend the SQLite driver's own connection."""
        return self._store.driver()

    def close(self) -> None:
        """Let go of the file or the server."""
        self._store.close()

    def __enter__(self) -> Self:
        """Enter a block at whose end the registry is closed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the registry."""
        self.close()

    def __repr__(self) -> str:
        """Say where it is and what it is stamped."""
        return f"Registry({self.name!r}, {word(demo=self.demo)})"

    def _frame(self, query: sa.Select[Any], columns: dict[str, Any]) -> pl.DataFrame:
        rows = self._store.read(lambda connection: connection.execute(query).all())
        return pl.DataFrame([tuple(row) for row in rows], schema=columns, orient="row")


def _beside(made: pl.DataFrame) -> pl.DataFrame:
    """Fill in what is not said beside a decision; an empty note is none."""
    given = [pl.col(name) if name in made.columns else pl.lit(None).alias(name) for name in _BESIDE]
    cast = made.with_columns(given).cast(_BESIDE)  # type: ignore[arg-type] # names and types
    return cast.with_columns(pl.col("note").replace("", None), pl.col("seconds").round(1))


def _require(frame: pl.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(f"Columns are missing: {', '.join(missing)}. Expected: {', '.join(columns)}.")
