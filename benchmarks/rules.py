"""The rules of the data dictionary over one Parquet file: ours, one hand-written statement, and peers.

Each engine has a process of its own, the same file, the same rules and the same number of threads. What it
takes to import an engine and to build its rules is told apart from what it takes to judge the rows.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from benchmarks.meter import Meter, child_peak
from benchmarks.rules_raw import COUNT_IF, FILTER, statement
from benchmarks.rules_suite import AS_OF, SUITE, cut, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    # Judges the file that it was made for -> failures by rule.
    Judge = Callable[[], Mapping[str, int]]
    Report = dict[str, Any]

ENGINES: Final = {
    "raw": "one DuckDB statement",
    "raw_count_if": "the same with count_if",
    "ours": "reconcile, verdict and counts",
    "ours_failures": "reconcile, with the failure table",
    "dataframely": "dataframely",
    "pandera": "pandera (Polars)",
    "pointblank": "pointblank (Polars)",
}
_PACKAGES: Final = ("duckdb", "polars", "great-expectations", "dataframely", "pandera", "pointblank")
_ROOT: Final = Path(__file__).resolve().parent.parent
_GIB: Final = 1 << 30


def compare(
    place: Path,
    /,
    *,
    columns: Sequence[str],
    engines: Sequence[str] = tuple(ENGINES),
    repeats: int = 3,
    threads: int | None = None,
    limit: int = 1_800,
    here: bool = False,
) -> Report:
    """Let each engine judge the file, several times over, and put their figures side by side.

    Args:
        place: the Parquet file.
        columns: those that it has.
        engines: of ENGINES; the first is what all others are compared with.
        repeats: how often each runs; the order turns around every time, so that noise is spread.
        threads: of each engine, as many as there are cores when None.
        limit: seconds after which an engine is stopped and left out of further repeats.
        here: measure in this process, for a quick look.
    """
    threads = threads or os.cpu_count() or 1
    runs: dict[str, list[Report]] = {name: [] for name in engines}
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as scratch:
        suite = Path(scratch) / "expectations"
        rules = cut(suite, columns)
        for repeat in range(repeats):
            for name in engines if repeat % 2 == 0 else reversed(engines):
                if any("stopped" in run for run in runs[name]):
                    continue
                print(f"  {repeat + 1} of {repeats}: {ENGINES[name]} ...", file=sys.stderr, flush=True)
                run = (
                    measure(name, place, suite, threads=threads)
                    if here
                    else _measure_in_child(name, place, suite, threads=threads, limit=limit)
                )
                runs[name].append(run)
    return {
        "rules": rules,
        "columns": len(columns),
        "threads": threads,
        "versions": {name: version(name) for name in _PACKAGES if _installed(name)},
        "engines": {name: _summary(done) for name, done in runs.items()},
        "differences": differences({name: done[0].get("counts") for name, done in runs.items()}),
    }


def differences(counts: Mapping[str, Mapping[str, int] | None], /) -> dict[str, list[str]]:
    """Say where an engine counts other failures than the first one; engines that agree are left out."""
    (first, known), *others = counts.items()
    told = {}
    for name, found in others:
        if found is None or known is None:  # stopped
            continue
        unequal = [one for one in sorted({*known, *found}) if known.get(one, 0) != found.get(one, 0)]
        if unequal:
            told[name] = [
                f"{one}: {known.get(one, 0):,} by {first}, {found.get(one, 0):,} by {name}" for one in unequal
            ]
    return told


def table(report: Report, /) -> str:
    """Lay a report out as Markdown."""
    head = ("engine", "CPU-s", "ratio", "seconds", "peak memory", "counts equal", "import and set-up, CPU-s")
    rows = [head, ("---", *["---:"] * 4, "---", "---:")]
    engines: dict[str, Report] = report["engines"]
    first = next(iter(engines.values()))
    for name, one in engines.items():
        if "stopped" in one:
            rows.append((ENGINES[name], f"stopped after {one['stopped']:,} s", *[""] * 5))
            continue
        ratio = f"{one['cpu'] / first['cpu']:.2f}" if first.get("cpu") else ""
        equal = "no" if name in report["differences"] else "yes"
        figures = (f"{one['cpu']:.1f}", ratio, f"{one['wall']:.1f}", f"{one['peak'] / _GIB:.2f} GiB")
        rows.append((ENGINES[name], *figures, equal, f"{one['import']:.1f}"))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join((*lines, "", ", ".join(f"{name} {one}" for name, one in report["versions"].items())))


def measure(name: str, place: Path, suite: Path, /, *, threads: int) -> Report:
    """Import an engine and let it judge the file in this process."""
    with Meter() as before:
        judge = _JUDGES[name](place, suite, threads)
    with Meter() as work:
        counts = judge()
    return {
        "import": before.cpu,
        "cpu": work.cpu,
        "wall": work.wall,
        "peak": work.peak,
        "counts": dict(counts),
    }


def _measure_in_child(name: str, place: Path, suite: Path, *, threads: int, limit: int) -> Report:
    answer = suite.parent / "report.json"
    answer.unlink(missing_ok=True)
    words = ["measured_rules", name, str(place), str(suite), str(answer), "--threads", str(threads)]
    settings = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    with subprocess.Popen([sys.executable, "-m", "benchmarks.run", *words], cwd=_ROOT, env=settings) as child:
        late = threading.Timer(limit, child.kill)
        late.start()
        peak = child_peak(child)
        in_time = late.is_alive()
        late.cancel()
    if not in_time:
        return {"stopped": limit}
    if child.returncode:
        raise SystemExit(f"{ENGINES[name]} ended with exit code {child.returncode}.")
    report: Report = json.loads(answer.read_text(encoding="utf-8"))
    return report | {"peak": max(peak, report["peak"])}


def _summary(runs: Sequence[Report]) -> Report:
    """Take the median of each figure, and the counts, which are the same every time."""
    for run in runs:
        if "stopped" in run:
            return run
    figures = {key: median(run[key] for run in runs) for key in ("import", "cpu", "wall", "peak")}
    return {**figures, "runs": len(runs), "counts": runs[0]["counts"]}


def _raw(place: Path, suite: Path, threads: int, *, counted: str = FILTER) -> Judge:
    import duckdb  # noqa: PLC0415 - a part of what is measured

    rules, known = load(suite), _columns(place)

    def judge() -> dict[str, int]:
        with duckdb.connect(config={"threads": threads}) as connection:
            asked = statement(rules, f"read_parquet('{place}')", columns=known, counted=counted)
            counts = connection.execute(asked).fetchall()[0]
        return {rule.name: int(count) for rule, count in zip(rules, counts, strict=True)}

    return judge


def _ours(place: Path, suite: Path, threads: int) -> Judge:
    """What `validate` does up to the verdict, and nothing of what it does for single rows."""
    from reconcile.engine import Engine  # noqa: PLC0415 - a part of what is measured
    from reconcile.validate import gate, gx, judged  # noqa: PLC0415

    def judge() -> dict[str, int]:
        with _shipped_from(suite), Engine(threads=threads) as engine:
            rules = gate.load_suite(SUITE, as_of=AS_OF)
            given = judged.take(engine, engine.scan("accounts", place), key="cccid")
            texts = judged.as_text(given, rules["meta"])
            outcomes = gx.run(rules, texts)
        return {name: -1 if one.failures is None else one.failures for name, one in outcomes.items()}

    return judge


def _ours_failures(place: Path, suite: Path, threads: int) -> Judge:
    """All that `validate` does: counts, the table of failures, keys that pass and fail, hashes."""
    from reconcile.engine import Engine  # noqa: PLC0415 - a part of what is measured
    from reconcile.validate import gx, validate  # noqa: PLC0415

    del gx  # `validate` imports it when it is first asked

    def judge() -> dict[str, int]:
        with _shipped_from(suite), Engine(threads=threads) as engine:
            found = validate(engine.scan("accounts", place), suite=SUITE, as_of=AS_OF)
            listed = dict(found.failures.group_by("rule_id").len().iter_rows())
        counted = dict(found.counts.select("rule_id", "failures").iter_rows())
        if counted != {rule: listed.get(rule, 0) for rule in counted}:
            raise SystemExit("The table of failures holds other numbers than the counts.")
        return {rule: -1 if failures is None else failures for rule, failures in counted.items()}

    return judge


def _peer(name: str) -> Callable[[Path, Path, int], Judge]:
    def prepare(place: Path, suite: Path, threads: int) -> Judge:
        import polars as pl  # noqa: PLC0415 - a part of what is measured

        from benchmarks.rules_peers import PEERS, of_table  # noqa: PLC0415

        del threads  # an environment variable holds them
        rules = load(suite)
        count = PEERS[name](rules, _columns(place))

        def judge() -> dict[str, int]:
            rows = pl.read_parquet(place)
            return of_table(rules, rows) | count(rows)

        return judge

    return prepare


_JUDGES: Final[dict[str, Callable[[Path, Path, int], Judge]]] = {
    "raw": _raw,
    "raw_count_if": partial(_raw, counted=COUNT_IF),
    "ours": _ours,
    "ours_failures": _ours_failures,
    **{name: _peer(name) for name in ("dataframely", "pandera", "pointblank")},
}


@contextlib.contextmanager
def _shipped_from(folder: Path) -> Iterator[None]:
    """Let the package find its expectations in another folder."""
    from reconcile import resources  # noqa: PLC0415 - the raw statement does without

    usual = resources.expectations
    resources.expectations = lambda: folder
    try:
        yield
    finally:
        resources.expectations = usual


def _columns(place: Path) -> list[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - the engines bring it anyway

    return list(pq.read_schema(place).names)


def _installed(name: str) -> bool:
    try:
        version(name)
    except ModuleNotFoundError:
        return False
    return True
