"""One reviewer's work on a queue of pairs: every word goes to the registry before it counts as said."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.errors import InputError, RegistryError
from reconcile.registry.decided import settle
from reconcile.registry.people import require_name, same_person
from reconcile.review import DECISIONS
from reconcile.review.cases import Key
from reconcile.review.progress import Progress
from reconcile.show import Listing, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconcile.registry import Registry
    from reconcile.review.cases import Cases
    from reconcile.review.parcel import Parcel

_OPEN: Final = "open"
_DONE: Final = "done"
_SKIPPED: Final = "skipped"
_ELSEWHERE: Final = "elsewhere"
_BACK: Final = "withdrawn"


@dataclass(frozen=True)
class _Word:
    """What one reviewer said of a pair."""

    id: int
    decision: str
    hash: str
    by: str
    at: str
    note: str | None
    seconds: float | None


class Session:
    """A queue of pairs, and what one reviewer says of them.

    Nothing is kept here that the registry does not hold: a session that is opened again goes on where the
    last one stopped. Its methods may be called from several threads.
    """

    def __init__(
        self,
        cases: Cases | Parcel,
        registry: Registry,
        /,
        *,
        reviewer: str,
        reviewers: int = 1,
        limit: int = 500,
    ) -> None:
        """Open the queue.

        Args:
            cases: the pairs.
            registry: keeps the words.
            reviewer: who decides.
            reviewers: how many people have to agree on a pair.
            limit: how many pairs the queue holds at most.

        Raises:
            InputError: the reviewer has no name.
        """
        self.reviewer = require_name(reviewer, "A review needs the name of the reviewer")
        self.cases = cases
        self.reviewers = reviewers
        self._registry = registry
        self._lock = threading.RLock()
        self._heard: dict[Key, dict[str, _Word]] = {}
        self._mine: dict[Key, int] = {}  # what I said at a desk, in order, with the entry it came with
        self._decided: set[Key] = set()  # where my word stands
        self._warned: set[int] = set()  # where I was told that somebody else has decided
        self._spellings: dict[str, bool] = {}  # which names are mine
        self._states: dict[int, str] = {}
        self._last = 0
        self._listen()
        waiting = [at for at in cases.asked if self._is_asked(at)]
        self._queue = waiting[:limit]
        self._beyond = len(waiting) - len(self._queue)
        self._states = dict.fromkeys(self._queue, _OPEN)
        self._at = 0
        self._since = time.monotonic()

    @property
    def place(self) -> int | None:
        """The pair in question; None at the end of the queue."""
        with self._lock:
            return self._queue[self._at] if self._at < len(self._queue) else None

    @property
    def queue(self) -> tuple[int, ...]:
        """The pairs of the queue, in its order."""
        return tuple(self._queue)

    @property
    def progress(self) -> Progress:
        """How far this reviewer has come."""
        with self._lock:
            states = list(self._states.values())
            disputed = unsettled = 0
            if self.reviewers > 1:
                mine = self._settled(self.cases.places[key] for key in self._decided)
                disputed, unsettled = int(mine["disputed"].sum()), int((~mine["settled"]).sum())
            return Progress(
                decided=len(self._decided),
                left=states.count(_OPEN),
                skipped=states.count(_SKIPPED),
                waiting=self._beyond,
                elsewhere=states.count(_ELSEWHERE),
                second=unsettled - disputed,
                disputed=disputed,
            )

    @property
    def said(self) -> Listing:
        """This reviewer's decisions that stand, the latest first, without notes: these may name people."""
        with self._lock:
            words = ((key, self._my_word(self.cases.places[key])) for key in self._decided)
            rows = [(word.at, *key, word.decision, word.seconds) for key, word in words if word is not None]
        names = ("at", *Key._fields, "decision")
        kinds = dict.fromkeys(names, pl.String) | {"seconds": pl.Float64}
        frame = pl.DataFrame(rows, schema=kinds, orient="row").sort("at", *Key._fields, descending=True)
        looked = sorted(frame["seconds"].drop_nulls())
        note = ""
        if looked:
            middle, whole = looked[len(looked) // 2], sum(looked) / 60
            note = (
                f"You looked at a pair for {middle:.0f} seconds as a rule, in all for {whole:,.1f} minutes."
            )
        sheet = Sheet(frame=frame, title="Your decisions", unit="decision", note=note)
        return Listing(frame=frame, sheet=sheet)

    def window(self, size: int = 3, /, *, listen: bool = True) -> list[dict[str, Any]]:
        """Describe the pair in question and the ones that follow, for the page.

        Args:
            size: how many.
            listen: take in first what others have said; needless right after a decision.
        """
        with self._lock:
            if listen:
                with suppress(RegistryError):  # drawn of what was heard last; a decision would shout
                    self._listen()
            ahead = [at for at in self._queue[self._at + 1 :] if self._states[at] == _OPEN]
            here = [] if self.place is None else [self.place]
            return [self._described(at) for at in (*here, *ahead)[:size]]

    def decide(
        self, decision: str, /, *, note: str = "", seconds: float | None = None, case: int | None = None
    ) -> int:
        """Keep a decision in the registry, and go on to the next pair.

        Args:
            decision: "match", "different" or "unsure".
            note: kept beside it, and shown to nobody but its author.
            seconds: how long the reviewer looked; since the pair came up when None.
            case: the pair; the one in question when None.

        Returns:
            The pair's place.

        Raises:
            InputError: another word, no pair is in question, or somebody else has said the opposite since
                it came up; decide again to say otherwise.
            RegistryError: it could not be kept; nothing has changed.
        """
        if decision not in DECISIONS:
            raise InputError(f"A decision is one of {', '.join(DECISIONS)}; another word was given.")
        with self._lock:
            at = self._one(case)
            self._listen()
            others = self._others(at)
            if at not in self._warned and any(word.decision != decision for word in others):
                self._warned.add(at)
                raise InputError(f"{others[-1].by} has decided this pair meanwhile, in another way.")
            self._record([at], decision, note=note, seconds=self._spent(seconds))
            self._go_on(at)
            return at

    def exclude(
        self, member: str, /, *, note: str = "", seconds: float | None = None, case: int | None = None
    ) -> int:
        """Say of one record around the pair in question that it is nobody else there.

        Args:
            member: the id of a neighbour that is compared with the pair.
            note: as for `decide`.
            seconds: as for `decide`.
            case: the pair; the one in question when None.

        Returns:
            How many pairs were decided as different by it.

        Raises:
            InputError: the record is not compared with the pair.
            RegistryError: it could not be kept; nothing has changed.
        """
        with self._lock:
            at = self._one(case)
            rows = [row for one in self.cases.near(at) if one.id == member for row in one.rows]
            if not rows:
                raise InputError("That record is not compared with this pair. Choose one of its neighbours.")
            self._record(rows, "different", note=note, seconds=self._spent(seconds))
            if self._states.get(at) == _DONE:
                self._go_on(at)
            return len(rows)

    def undo(self) -> bool:
        """Take back this reviewer's last decision and put its pair in question again; False without one.

        Raises:
            RegistryError: it could not be kept; nothing has changed.
        """
        with self._lock:
            if not self._mine:
                return False
            last = next(reversed(self._mine.values()))
            rows = [self.cases.places[key] for key, entry in self._mine.items() if entry == last]
            self._record(rows, _BACK, note="", seconds=None)
            back = [row for row in rows if row in self._states] or rows[:1]
            for row in back:
                if row not in self._states:
                    self._queue.insert(self._at, row)
                self._states[row] = _OPEN
            self._turn_to(self._queue.index(back[0]))
            return True

    def skip(self, *, case: int | None = None) -> int:
        """Put a pair off; it comes again at the end of the queue and in the next session."""
        with self._lock:
            at = self._one(case)
            if self._states[at] == _OPEN:
                self._states[at] = _SKIPPED
            self._go_on(at)
            return at

    def next(self) -> None:
        """Look at the next pair; at the end of the queue, at the first of those that were skipped."""
        with self._lock:
            if self._at < len(self._queue):
                self._turn_to(self._at + 1)
                return
            for place, at in enumerate(self._queue):
                if self._states[at] in (_OPEN, _SKIPPED):
                    self._turn_to(place)
                    return

    def previous(self) -> None:
        """Look at the pair before."""
        with self._lock:
            self._turn_to(max(self._at - 1, 0))

    def look_at(self, case: int, /) -> None:
        """Put a pair of the queue in question."""
        with self._lock:
            if case in self._states:
                self._turn_to(self._queue.index(case))

    def _one(self, case: int | None) -> int:
        at = self.place if case is None else case
        if at is None or at not in self._states:
            raise InputError("No pair is in question: the queue is at its end. Undo, or open it again.")
        return at

    def _turn_to(self, place: int) -> None:
        self._at = place
        self._since = time.monotonic()

    def _go_on(self, at: int) -> None:
        """Turn to the next open pair behind one, else to the first that is still open, else to the end."""
        start = self._queue.index(at) + 1
        order = [*range(start, len(self._queue)), *range(start)]
        following = (place for place in order if self._states[self._queue[place]] == _OPEN)
        self._turn_to(next(following, len(self._queue)))

    def _spent(self, seconds: float | None) -> float:
        return max(0.0, time.monotonic() - self._since if seconds is None else seconds)

    def _record(self, rows: list[int], decision: str, *, note: str, seconds: float | None) -> None:
        """Keep a word on some pairs in one entry of the registry, and take in what it holds now."""
        made = pl.DataFrame(
            [(*self.cases.keys[row], decision, self.cases.hashes[row], note, seconds) for row in rows],
            schema=dict.fromkeys((*Key._fields, "decision", "hash", "note"), pl.String)
            | {"seconds": pl.Float64},
            orient="row",
        )
        self._registry.record(made, by=self.reviewer)
        self._listen()
        for row in rows:
            if row in self._states and decision != _BACK:
                self._states[row] = _DONE

    def _listen(self) -> None:
        """Take in what was said since, here and at other desks."""
        words = self._registry.words(after=self._last)
        heard = set()
        for row in words.iter_rows(named=True):
            key = Key(row["table"], row["id_l"], row["id_r"])
            self._last = row["id"]
            if key in self.cases.places:
                said = _Word(
                    row["id"], row["decision"], row["hash"], row["by"], row["at"], row["note"], row["seconds"]
                )
                mine = self._is_me(row["by"])
                self._heard.setdefault(key, {})[self.reviewer if mine else row["by"]] = said
                heard.add(self.cases.places[key])
                if mine:
                    self._remember(key, row)
        for at in heard:
            if self._my_word(at) is None:
                self._decided.discard(self.cases.keys[at])
            else:
                self._decided.add(self.cases.keys[at])
            if self._states.get(at) == _OPEN and not self._is_asked(at):
                self._states[at] = _ELSEWHERE

    def _remember(self, key: Key, row: dict[str, Any]) -> None:
        """Keep the order in which I decided at a desk: what came in a list is not undone there."""
        self._mine.pop(key, None)
        if row["decision"] != _BACK and row["seconds"] is not None:
            self._mine[key] = row["audit"]

    def _is_me(self, name: str) -> bool:
        if name not in self._spellings:
            self._spellings[name] = same_person(name, self.reviewer)
        return self._spellings[name]

    def _standing(self, at: int) -> dict[str, _Word]:
        """Give the words on a pair that speak of its records as they are."""
        said = self._heard.get(self.cases.keys[at], {})
        return {
            by: word for by, word in said.items() if word.decision != _BACK and self._is_of_today(at, word)
        }

    def _is_of_today(self, at: int, word: _Word) -> bool:
        sealed = self.cases.sealed
        later = sealed is not None and (word.id > sealed.after or word.id in sealed.standing)
        return later or word.hash == self.cases.hashes[at]

    def _my_word(self, at: int) -> _Word | None:
        return self._standing(at).get(self.reviewer)

    def _is_asked(self, at: int) -> bool:
        standing = self._standing(at)
        if not standing or self.reviewers == 1:
            return not standing
        return self.reviewer not in standing and not self._settled([at])["settled"].any()

    def _settled(self, places: Iterable[int]) -> pl.DataFrame:
        """Say what the words on some pairs come to."""
        words = [
            (*self.cases.keys[at], word.decision, self.cases.hashes[at], by, word.at)
            for at in places
            for by, word in self._standing(at).items()
        ]
        names = [*Key._fields, "decision", "hash", "by", "at"]
        frame = pl.DataFrame(words, schema=dict.fromkeys(names, pl.String), orient="row")
        return settle(frame.with_row_index("id"), reviewers=self.reviewers)

    def _others(self, at: int) -> list[_Word]:
        """Give the words of others on a pair that one reviewer decides; of two neither knows the other's."""
        standing = self._standing(at) if self.reviewers == 1 else {}
        return [word for by, word in standing.items() if by != self.reviewer]

    def _described(self, at: int) -> dict[str, Any]:
        mine = self._my_word(at)
        before = None if mine else self._before(at)
        others = self._others(at)
        if others:
            self._warned.add(at)
        several = len(self._standing(at)) >= self.reviewers > 1
        disputed = several and bool(self._settled([at])["disputed"].any())
        return self.cases.shown(at) | {
            "place": self._queue.index(at) + 1,
            "of": len(self._queue),
            "said": None if mine is None else {"decision": mine.decision, "note": mine.note or ""},
            "changed": before and {"decision": before.decision, "by": before.by, "at": before.at},
            "meanwhile": others and {"decision": others[-1].decision, "by": others[-1].by},
            "disputed": disputed,
        }

    def _before(self, at: int) -> _Word | None:
        """Give the last word on a pair as its records were; of another reviewer not where two decide."""
        earlier = [
            replace(word, by=by)
            for by, word in self._heard.get(self.cases.keys[at], {}).items()
            if not self._is_of_today(at, word)
            and word.decision != _BACK
            and (self.reviewers == 1 or by == self.reviewer)
        ]
        return max(earlier, key=lambda word: word.at, default=None)
