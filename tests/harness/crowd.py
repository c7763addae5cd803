"""Several processes mint at once, for students that the others ask for as well: everybody gets one number.

Each process proposes, approves and mints batch after batch until it has asked for so many students; a part
of them others ask for too. No process may see "database is locked" or any other failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from registries import submitted, wanted

from reconcile.errors import ReconcileError, RegistryError
from reconcile.mint.batch import approve, look_up, mint
from reconcile.registry import Registry

from . import common
from .common import DEADLINE, SPAWN

_ROUNDS = 3  # of one batch that another process carries forward at the same time


@dataclass
class Outcome:
    """What a crowd came to."""

    asked: int = 0
    students: int = 0
    numbers: int = 0
    doubled: int = 0
    batches: int = 0
    failures: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everybody has one number and nobody saw a failure."""
        return not (self.doubled or self.failures or self.problems) and self.numbers == self.students

    def __str__(self) -> str:
        """Print the counts."""
        told = (
            f"{self.asked:,} requests for {self.students:,} students in {self.batches:,} batches: "
            f"{self.numbers:,} "
            f"numbers, {self.doubled} doubled; {len(self.failures)} failures reached a process; chain "
            f"{'intact' if not self.problems else 'BROKEN'}"
        )
        return "\n".join((told, *self.failures[:5], *self.problems[:5]))


def mint_among_others(place, worker, requests, size, pool, seed, barrier, answers):  # noqa: PLR0917
    """Ask for students, a part of whom the others ask for as well, and tell what happened."""
    chance = random.Random(f"{seed}-{worker}")  # noqa: S311 - whom to ask for
    failures, asked = [], set()
    with Registry.open(place, create=False) as registry:
        barrier.wait(DEADLINE)
        for _ in range(-(-requests // size)):
            start = chance.randrange(pool)
            ids = [f"{(start + row) % pool:08d}" for row in range(size)]
            asked.update(ids)
            try:
                _carry_through(registry, wanted(*ids), worker)
            except ReconcileError as error:
                failures.append(f"process {worker}: {type(error).__name__}: {error}")
    answers.put((worker, sorted(asked), failures))


def _carry_through(registry, rows, worker):
    batch = submitted(registry, rows, proposer=f"Ana {worker}")
    for _ in range(_ROUNDS):
        try:
            if batch.state == "submitted":
                batch = approve(registry, batch.id, approver="Ben")
            if batch.state == "approved":
                mint(batch, registry=registry)
        except RegistryError:  # another process was quicker with the same batch
            batch = look_up(registry, batch.id)
            continue
        return


def run(place, *, processes: int, requests: int, size: int, overlap: float = 0.5, seed: int = 1) -> Outcome:
    """Let a crowd mint, then hold the registry against what was asked for.

    Args:
        place: the registry.
        processes: how many at once.
        requests: of each process.
        size: of a batch.
        overlap: which part of all requests is for students that others ask for too, about.
        seed: of whom each asks for.
    """
    pool = max(size, int(processes * requests * (1 - overlap)))
    barrier, answers = SPAWN.Barrier(processes), SPAWN.Queue()
    crowd = [
        SPAWN.Process(
            target=mint_among_others, args=(place, worker, requests, size, pool, seed, barrier, answers)
        )
        for worker in range(processes)
    ]
    for process in crowd:
        process.start()
    outcome, students = Outcome(asked=processes * size * -(-requests // size)), set()
    for _ in crowd:
        _worker, asked, failures = answers.get(timeout=DEADLINE + requests)
        students.update(asked)
        outcome.failures += failures
    for process in crowd:
        process.join(DEADLINE)
    with Registry.open(place, create=False) as registry:
        held = registry.issued()
        found = registry.verify()
    outcome.students, outcome.numbers = len(students), held.height
    outcome.batches = held["batch"].n_unique()
    outcome.doubled = 2 * held.height - held["cccid"].n_unique() - held["sis_id"].n_unique()
    outcome.problems += found.problems
    return outcome


def main(words=None) -> int:
    """Run from the shell: exit code 0 when everybody got one number and nobody saw a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.crowd", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--requests", type=int, default=100_000, help="of each process")
    parser.add_argument("--size", type=int, default=5_000, help="of a batch")
    parser.add_argument("--overlap", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="crowd") as folder:
        place = common.make_registry(given.store, Path(folder))
        started = time.monotonic()
        outcome = run(
            place, processes=given.processes, requests=given.requests, size=given.size,
            overlap=given.overlap, seed=given.seed,
        )  # fmt: skip
    common.show(f"{given.store}, {given.processes} processes, {time.monotonic() - started:,.0f} s\n{outcome}")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
