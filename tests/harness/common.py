"""What the harnesses share: a place for a registry, processes, marks of how far a process has come."""

from __future__ import annotations

import json
import mmap
import multiprocessing
import sys
import time
from pathlib import Path  # noqa: TC003 - a child process asks for it

from registries import new_place

from reconcile.registry import Registry

DEADLINE = 120  # seconds; a process that has not come so far hangs
RANGE = ("AAA0001", "BZZ9999")
# Polars' threads do not survive a fork of this process; a server that has only imported it can be forked.
SPAWN = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    SPAWN.set_forkserver_preload(["pytest", "reconcile.mint.batch", "reconcile.registry.store"])

# How far a process has come with a batch.
PREPARES, ASKS, BEGUN, CLAIMED, ENTERED, LOGGED, COMMITS, COMMITTED, TOLD = range(9)
STEPS = (
    "before the transaction", "waiting to begin", "begun, reading", "numbers claimed", "numbers entered",
    "log written", "committing", "committed, not acknowledged", "acknowledged",
)  # fmt: skip
IN_FLIGHT = range(BEGUN, TOLD)


def make_registry(store: str, folder: Path) -> str | Path:
    """Make a registry with an allotted range on one of the stores and say where."""
    place = new_place(store, folder)
    with Registry.open(place) as made:
        made.allot(*RANGE, authority="Chancellor's Office")
    return place


class Marks:
    """Two bytes that two processes share: how far one has come, and where it is to stop."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it first."""
        if not path.exists():
            path.write_bytes(b"\0\0")
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 2)
        self.on = False  # whether the process is at what is watched

    @property
    def step(self) -> int:
        """How far the process has come."""
        return self._bytes[0]

    def reach(self, step: int) -> None:
        """Say that a step is reached, and stop there when that is asked for."""
        self._bytes[0] = step
        while step and self._bytes[1] == step:
            time.sleep(0.001)

    def stop_at(self, step: int) -> None:
        """Ask the process to stop at a step; 0 for none."""
        self._bytes[1] = step
        self._bytes[0] = 0


def told_in(path: Path) -> list[list]:
    """Read what was acknowledged; a line that a kill tore was not, wherever it stands."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [told for line in lines[:-1] if (told := _whole(line)) is not None]


def _whole(line: str) -> list | None:
    """Take a line apart; None for the beginning of one, which is no JSON."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def show(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def wait_for(condition) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("A process did not come as far as it should.")
        time.sleep(0.0005)
