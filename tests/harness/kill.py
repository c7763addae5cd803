"""Processes that mint are killed at random moments: nothing acknowledged is lost, doubled or used again.

A process proposes, approves and mints batch after batch and writes down each result that it was given. It
is killed (kill -9), another takes its place, and at the end the registry is held against everything
that was acknowledged. `broken` spoils the minting on purpose: the same harness has to notice.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from registries import approved, wanted

from reconcile.mint.batch import mint
from reconcile.registry import Registry

from . import common
from .common import SPAWN, STEPS, Marks, told_in, wait_for

BROKEN = ("acknowledge-first", "no-transaction")


@dataclass
class Outcome:
    """What a run of kills came to."""

    kills: int = 0
    at: Counter = field(default_factory=Counter)
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def in_flight(self) -> int:
        """Kills between BEGIN and acknowledgement."""
        return sum(self.at[step] for step in common.IN_FLIGHT)

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled, changed or broken."""
        return not (self.lost or self.doubled or self.changed or self.problems)

    def __str__(self) -> str:
        """Print the distribution and the findings."""
        rows = [f"  {self.at[step]:>6,}  {name}" for step, name in enumerate(STEPS)]
        found = (
            f"{self.acknowledged:,} acknowledged CCCIDs: {self.lost} lost, {self.doubled} doubled, "
            f"{self.changed} changed or used again; chain {'intact' if not self.problems else 'BROKEN'}"
        )
        told = [f"{self.kills:,} kills, {self.in_flight:,} of them between BEGIN and acknowledgement:", *rows]
        return "\n".join((*told, found, *self.problems[:5]))


def mint_for_ever(place, turn, folder, size, broken):
    """Mint batch after batch, mark each step, and write down each batch that was acknowledged."""
    marks = Marks(Path(folder) / "marks")
    with (
        Registry.open(place, create=False) as registry,
        (Path(folder) / "told").open("a", encoding="utf-8") as log,
    ):

        def tell(what, value):
            log.write(f"{json.dumps([what, value])}\n")
            log.flush()

        log.write("\n")  # the process before may have been killed in the middle of a line
        _watch(registry, marks, (lambda issues: tell("minted", issues)) if broken == BROKEN[0] else None)
        if broken == BROKEN[1]:
            _forget_transactions(registry)
        for number in range(1_000_000):
            marks.reach(common.PREPARES)
            batch = approved(registry, wanted(*(f"{turn}-{number}-{row:03d}" for row in range(size))))
            tell("started", batch.id)
            marks.reach(common.ASKS)
            marks.on = True
            result = mint(batch, registry=registry)
            marks.on = False
            marks.reach(common.COMMITTED)
            if broken != BROKEN[0]:
                tell("minted", result.frame.select("college", "sis_id", "cccid").rows())
            marks.reach(common.TOLD)


def _watch(registry, marks, acknowledge):
    """Mark how far minting has come, between the statements of its transaction."""
    from sqlalchemy import event  # noqa: PLC0415 - only in the process that is killed

    from reconcile.registry.ledger import Ledger  # noqa: PLC0415

    def after(name, step):
        real = getattr(Ledger, name)

        def watched(self, *values, **options):
            answer = real(self, *values, **options)
            if marks.on:
                if name == "issue" and acknowledge is not None:
                    acknowledge([(code, sis_id, cccid) for code, sis_id, _place, cccid, _kind in values[0]])
                marks.reach(step)
            return answer

        setattr(Ledger, name, watched)

    for name, step in (("claim", common.CLAIMED), ("issue", common.ENTERED), ("log", common.LOGGED)):
        after(name, step)
    engine = registry._store._engine
    event.listen(engine, "begin", lambda _connection: marks.on and marks.reach(common.BEGUN))
    event.listen(engine, "commit", lambda _connection: marks.on and marks.reach(common.COMMITS))


def _forget_transactions(registry):
    """Let each statement stand by itself, as a program does that forgot to begin."""
    from sqlalchemy import event  # noqa: PLC0415 - only in the broken variant

    from reconcile.registry import connect  # noqa: PLC0415

    engine = registry._store._engine
    event.remove(engine, "begin", connect._begin)
    registry._store._engine = engine.execution_options(isolation_level="AUTOCOMMIT")


def run(
    place,
    folder: Path,
    *,
    kills: int,
    seed: int = 1,
    size: int = 100,
    aim: tuple[int, ...] = (),
    broken: str = "",
    say=lambda _line: None,
) -> Outcome:
    """Kill processes that mint, then hold the registry against what they were told.

    Args:
        place: the registry.
        folder: for marks and acknowledgements.
        kills: how many at random moments.
        seed: of the moments.
        size: requests in a batch.
        aim: steps at which to kill exactly, before the random ones.
        broken: one of BROKEN, or nothing.
        say: told how far it is.
    """
    chance = random.Random(seed)  # noqa: S311 - when to kill, not what to keep secret
    marks, told = Marks(folder / "marks"), folder / "told"
    outcome = Outcome()
    pace = 0.02
    for turn in range(len(aim) + kills):
        exact = aim[turn] if turn < len(aim) else 0
        marks.stop_at(exact)
        process = SPAWN.Process(
            target=mint_for_ever, args=(place, f"{seed}-{turn}", str(folder), size, broken)
        )
        process.start()
        try:
            if exact:
                wait_for(lambda step=exact: marks.step == step)
            else:
                pace = _wait_some(marks, chance, pace)
        finally:
            process.kill()
            process.join()
            process.close()
        outcome.kills += 1
        outcome.at[marks.step] += 1
        if turn % 100 == 99:
            say(f"{turn + 1} kills, {outcome.in_flight} between BEGIN and acknowledgement")
    _judge(place, told_in(told), outcome, size=size)
    return outcome


def _wait_some(marks, chance, pace):
    """Wait until a mint has begun, then for a moment that may lie anywhere in it or behind it."""
    for _ in range(chance.choice((1, 1, 2))):
        wait_for(lambda: marks.step >= common.ASKS)
        started = time.monotonic()
        wait_for(lambda: marks.step in {common.TOLD, common.PREPARES})
        pace = 0.8 * pace + 0.2 * (time.monotonic() - started)
    wait_for(lambda: marks.step >= common.ASKS and marks.step != common.TOLD)
    time.sleep(chance.uniform(0, pace))
    return pace


def _judge(place, entries, outcome, *, size):
    told = {
        (college, sis_id): cccid
        for what, rows in entries
        if what == "minted"
        for college, sis_id, cccid in rows
    }
    outcome.acknowledged = len(told)
    with Registry.open(place, create=False) as registry:
        found = _held(registry)
        outcome.lost += sum(key not in found for key in told)
        outcome.changed += sum(found.get(key, cccid) != cccid for key, cccid in told.items())
        outcome.doubled += len(found) - len(set(found.values()))
        outcome.problems += registry.verify().problems
        for what, batch_id in entries:  # whatever was cut short is finished, and nothing twice
            if what == "started" and not outcome.problems:
                outcome.problems += _finish(registry, batch_id, size)
        after = _held(registry)
        outcome.changed += sum(after.get(key) != cccid for key, cccid in found.items())
        outcome.doubled += len(after) - len(set(after.values()))
        outcome.problems += registry.verify().problems


def _finish(registry, batch_id, size):
    from reconcile.errors import RegistryError  # noqa: PLC0415 - beside its one use

    try:
        rows = mint(batch_id, registry=registry).frame.height
    except RegistryError as error:
        return [str(error)]
    return [] if rows == size else [f"batch {batch_id} has {rows} numbers for {size} students"]


def _held(registry):
    return {
        (college, sis_id): n
        for college, sis_id, n in registry.issued().select("college", "sis_id", "cccid").rows()
    }


def main(words=None) -> int:
    """Run from the shell: exit code 0 when nothing was lost, 1 when something was."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.kill", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument(
        "--in-flight", type=int, default=300, help="at least so many between BEGIN and the answer"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=500, help="requests in a batch")
    parser.add_argument("--broken", choices=BROKEN, default="", help="spoil the minting, to see it noticed")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="kill") as folder:
        place = common.make_registry(given.store, Path(folder))
        started = time.monotonic()
        outcome = run(
            place, Path(folder), kills=given.kills, seed=given.seed, size=given.size, broken=given.broken,
            say=common.show,
        )  # fmt: skip
    common.show(f"{given.store}, seed {given.seed}, {time.monotonic() - started:,.0f} s\n{outcome}")
    if outcome.in_flight < given.in_flight:
        common.show(
            f"Too few kills in flight: {outcome.in_flight} of the {given.in_flight} that were wanted."
        )
    return 0 if outcome.ok and outcome.in_flight >= given.in_flight else 1


if __name__ == "__main__":
    sys.exit(main())
