"""A disk that fails, fills up or does not sync while numbers are minted: all is kept, or nothing.

On SQLite the calls to the system fail for real: a small library, compiled on the spot and laid before the
C library, lets the n-th write or sync of the registry's files and all later ones fail, for every n.
On PostgreSQL the server ends the connection before the n-th statement. Afterwards another process, on a
sound disk, looks: the batch has all of its numbers or none, the log agrees, and minting again completes it.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from registries import approved, wanted

from reconcile.errors import RegistryError
from reconcile.mint.batch import look_up, mint
from reconcile.registry import Registry

from . import common

FAULTS = {
    "a write fails": ("write", errno.EIO),
    "the disk is full": ("write", errno.ENOSPC),
    "a sync fails": ("sync", errno.EIO),
}
_SIZE = 300  # requests in a batch
_MOST = 10_000


@dataclass
class Outcome:
    """What faults at every step came to."""

    committed: Counter = field(default_factory=Counter)
    unchanged: Counter = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether each fault left all or nothing."""
        return not self.problems

    def __str__(self) -> str:
        """Print the counts by kind of fault."""
        names = sorted(self.committed.keys() | self.unchanged.keys())
        rows = [
            f"  {name}: {self.unchanged[name]:,} times unchanged, {self.committed[name]:,} committed"
            for name in names
        ]
        return "\n".join((f"{len(self.problems)} times in between", *rows, *self.problems[:5]))


def compiler() -> str | None:
    """Find a C compiler; None where the library cannot be made."""
    return (shutil.which("cc") or shutil.which("gcc")) if sys.platform == "linux" else None


def compiled(folder: Path) -> Path:
    """Make the library that lets calls to the system fail."""
    library, source = folder / "faults.so", Path(__file__).with_name("faults.c")
    words = [compiler() or "cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(words, check=True)
    return library


def on_sqlite(folder: Path, *, only: dict[str, tuple[int, ...]] | None = None, size: int = _SIZE) -> Outcome:
    """Let each write, and each sync, fail once.

    Args:
        folder: an empty one.
        only: by kind of fault, at which calls; at each in turn when None.
        size: requests in a batch.
    """
    library = compiled(folder)
    outcome = Outcome()
    for name, (call, number) in FAULTS.items():
        for at in range(1, _MOST) if only is None else only.get(name, ()):
            place = folder / "registry.sqlite"
            batch, before = _fresh(place, size)
            armed = folder / "armed"
            armed.unlink(missing_ok=True)
            faults = {
                "LD_PRELOAD": str(library), "FAULT_MATCH": place.name, "FAULT_CALL": call,
                "FAULT_NUMBER": str(at), "FAULT_ERRNO": str(number), "FAULT_ARMED": str(armed),
            }  # fmt: skip
            child = [sys.executable, "-c", _CHILD, str(place), batch, str(armed)]
            done = subprocess.run(
                child, check=False, capture_output=True, encoding="utf-8", env={**os.environ, **faults}
            )
            said = done.stdout.strip()
            if said not in {"minted", "refused"}:
                outcome.problems.append(f"{name}, call {at}: {done.stderr.strip()[-300:]}")
            look(place, batch, before, said, f"{name}, call {at}", name, outcome, size)
            if said == "minted":  # there is no such call any more, or it did not matter
                break
    return outcome


# Run by a process of its own: the faults begin when the batch is about to be minted.
_CHILD = """
import pathlib, sys
from reconcile.errors import RegistryError
from reconcile.mint.batch import mint
from reconcile.registry import Registry
place, batch, armed = sys.argv[1:]
registry = Registry.open(place, create=False)
registry.sequence
pathlib.Path(armed).touch()
try:
    mint(batch, registry=registry)
    answer = "minted"
except RegistryError as error:
    answer = "refused"
print(answer, flush=True)
import os
os._exit(0)
"""


def on_statements(place, *, end: bool, size: int = _SIZE) -> Outcome:
    """Let the connection end, or the driver fail, before each statement of minting, COMMIT among them.

    Args:
        place: a registry with a range.
        end: end the connection at the server (PostgreSQL); otherwise the driver reports an I/O error.
        size: requests in a batch.
    """
    outcome, name = Outcome(), "the connection ends" if end else "the driver fails"
    for at in range(1, _MOST):
        with Registry.open(place, create=False) as registry:
            batch = approved(registry, wanted(*(f"{at}-{row}" for row in range(size)))).id
            before = registry.audit()
            with _failing(registry, at, end=end) as failing:
                try:
                    mint(batch, registry=registry)
                    said = "minted"
                except RegistryError:
                    said = "refused"
        look(place, batch, before, said, f"{name}, statement {at}", name, outcome, size)
        if not failing["happened"]:
            return outcome
    raise AssertionError("Minting does not end.")


@contextlib.contextmanager
def _failing(registry, at, *, end):
    """Break the at-th statement from here on, a COMMIT counting as one."""
    import sqlalchemy as sa  # noqa: PLC0415 - beside its one use
    from sqlalchemy import event  # noqa: PLC0415

    engine, told = registry._store._engine, {"count": 0, "happened": False}

    def step(connection):
        told["count"] += 1
        if told["count"] != at:
            return
        told["happened"] = True
        if not end:
            import sqlite3  # noqa: PLC0415 - on SQLite only

            fault = sqlite3.OperationalError("disk I/O error")
            fault.sqlite_errorname = "SQLITE_IOERR"
            raise sa.exc.OperationalError("", None, fault)
        victim = connection.connection.driver_connection.info.backend_pid
        other = sa.create_engine(engine.url)
        with other.begin() as stranger:
            stranger.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
        other.dispose()

    def before(connection, _cursor, _statement, _values, _context, _many):
        step(connection)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", step)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "commit", step)


def _fresh(place, size):
    for path in place.parent.glob(f"{place.name}*"):
        path.unlink()
    with Registry.open(place) as made:
        made.allot(*common.RANGE, authority="Chancellor's Office")
        batch = approved(made, wanted(*range(size))).id
        return batch, made.audit()


def look(place, batch, before, said, where, name, outcome, size):  # noqa: PLR0917 - one judgement
    """Look from outside, on a sound disk."""
    with Registry.open(place, create=False) as registry:
        held = registry.issued().filter(registry.issued()["batch"] == batch)
        state, found = look_up(registry, batch).state, registry.verify()
        whole = held.height == size and state == "minted"
        nothing = held.is_empty() and state == "approved" and registry.audit().equals(before)
        if not found.ok or whole == nothing or (said == "minted" and not whole):
            outcome.problems.append(f"{where}: {held.height} numbers, {state}, {said}; {found.problems}")
            return
        (outcome.committed if whole else outcome.unchanged)[name] += 1
        again = mint(batch, registry=registry).frame
        if again.height != size or (
            whole and again["cccid"].to_list() != held.sort("sis_id")["cccid"].to_list()
        ):
            outcome.problems.append(f"{where}: minting again gave something else")


def main(words=None) -> int:
    """Run from the shell: exit code 0 when every fault left all or nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.faults", description=__doc__)
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="faults") as folder:
        if given.store == "sqlite":
            outcome = on_sqlite(Path(folder))
        else:
            outcome = on_statements(common.make_registry("postgresql", Path(folder)), end=True)
    common.show(f"{given.store}: {outcome}")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
