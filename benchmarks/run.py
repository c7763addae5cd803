"""Measures: `python -m benchmarks.run` with end_to_end, quality, linkage, lookup, rules, reading or minting.

Inputs are made once and kept under data/bench, which git ignores; they are made again when the
generator changes. The measured run has a process of its own, so that neither the generator nor an
earlier run is in its memory.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.meter import Meter, child_peak

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.linkage_data import Task
    from reconcile.plan import Plan

ROOT: Final = Path(__file__).resolve().parent.parent
FILES: Final = ROOT / "data" / "bench"
_GIB: Final = 1 << 30


def main(arguments: Sequence[str] | None = None, /) -> int:
    """Run one benchmark and return its exit code."""
    given = _parser().parse_args(arguments)
    work: Callable[[argparse.Namespace], int] = given.work
    return work(given)


def end_to_end(given: argparse.Namespace, /) -> int:
    """Do the whole flow, from files to reports and a submitted batch, and print what it took."""
    files = inputs(given.students, given.accounts, sis=given.sis, seed=given.seed)
    report = measure(files) if given.here else _measure_in_child(files)
    print(f"{given.students:,} students x {given.accounts:,} accounts ({given.sis}, seed {given.seed})\n")
    print(table(report))
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def minting(given: argparse.Namespace, /) -> int:
    """Mint one batch on each store and print what it took."""
    from benchmarks.minting import run as measure_minting  # noqa: PLC0415 - the others do without

    return measure_minting(given)


def quality(given: argparse.Namespace, /) -> int:
    """Print precision and recall of each status on a seed that nothing was tuned on."""
    from reconcile.cli.tables import show_table  # noqa: PLC0415 - brings the whole flow
    from reconcile.flow.quality import quality as judge  # noqa: PLC0415

    accounts = given.accounts or 4 * given.students
    measured = judge(inputs(given.students, accounts, sis=given.sis, seed=given.seed))
    print(f"{given.students:,} students x {accounts:,} accounts ({given.sis}, seed {given.seed})\n")
    show_table(measured.frame)
    print(f"{measured.wrong_links:,} of {measured.recovered:,} CCCIDs to write back are another person's.")
    return 0


def reading(given: argparse.Namespace, /) -> int:
    """Have readers read a table damaged in thousands of ways, or a clean one against the clock."""
    from benchmarks import reading as module  # noqa: PLC0415 - the other commands do without

    if given.speed:
        FILES.mkdir(parents=True, exist_ok=True)
        print(module.speed(FILES, rows=given.rows))
    else:
        print(module.compare(given.readers, every=given.every))
    return 0


def linkage(given: argparse.Namespace, /) -> int:
    """Link and deduplicate with ours and with Splink, on synthetic or on labelled tables."""
    from benchmarks import linkage as module  # noqa: PLC0415 - the other commands do without
    from benchmarks import linkage_data as data  # noqa: PLC0415

    if given.millions:
        task = data.large(
            FILES / f"linkage-{given.millions}M-{given.seed}-{_version()}",
            millions=given.millions,
            seed=given.seed,
        )
        tasks = {task.name: task}
    else:
        tasks = data.labelled(given.labelled, FILES / "labelled") if given.labelled else _synthetic(given)
    chosen = [tasks[name] for name in given.tasks or tasks]
    reports = module.compare(chosen, given.engines or module.ENGINES)
    print(module.tables(reports))
    if given.json:
        given.json.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")
    return 0


def lookup(given: argparse.Namespace, /) -> int:
    """Look single students up among accounts that were prepared once, and compare with a whole link."""
    from benchmarks import lookup as module  # noqa: PLC0415 - the other commands do without

    report = module.measure(_synthetic(given)[given.task], lookups=given.lookups)
    print(f"{given.task}: {given.lookups:,} students looked up among {given.accounts:,} accounts\n")
    print(module.table(report))
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def blocking(given: argparse.Namespace, /) -> int:
    """Print what blocking reaches of true pairs, by damage; 1 where a kind in one place falls short."""
    from benchmarks import blocking as module  # noqa: PLC0415 - the other commands do without

    short = []
    for task in _synthetic(given).values():
        told, done = module.reached(task)
        print(module.tables(task, told, done), end="\n\n")
        short += [f"{task.name}: {kind} {share:.4f}" for kind, share in module.short(told)]
    for line in short:
        print(f"Below {module.AIM:.0%}: {line}", file=sys.stderr)
    return 1 if short else 0


def _synthetic(given: argparse.Namespace) -> dict[str, Task]:
    """Make the tables to link, or find those that were made before."""
    from benchmarks.linkage_data import synthetic  # noqa: PLC0415 - as above

    name = f"linkage-{given.students}x{given.accounts}-{given.seed}-{_version()}"
    place = FILES / name
    if not (place / "done").is_file():
        print(f"Making {name} ...", file=sys.stderr)
    return synthetic(place, students=given.students, accounts=given.accounts, seed=given.seed)


def rules(given: argparse.Namespace, /) -> int:
    """Judge one table by the dictionary's rules, with ours and with peers; 1 where counts differ."""
    from benchmarks import rules as module  # noqa: PLC0415 - the other commands do without
    from benchmarks.rules_data import COLUMNS, make  # noqa: PLC0415

    columns = COLUMNS[: given.columns]
    digest = hashlib.sha256((ROOT / "benchmarks" / "rules_data.py").read_bytes()).hexdigest()[:8]
    place = FILES / f"rules-{given.rows}x{len(columns)}-{given.seed}-{digest}.parquet"
    if not place.is_file():
        print(f"Making {place.name} ...", file=sys.stderr)
        FILES.mkdir(parents=True, exist_ok=True)
        make(place, rows=given.rows, columns=len(columns), seed=given.seed)
    report = module.compare(
        place,
        columns=columns,
        engines=given.engines or tuple(module.ENGINES),
        repeats=given.repeats,
        threads=given.threads,
        limit=given.limit,
        here=given.here,
    )
    told = f"{given.rows:,} rows x {len(columns)} columns, {report['rules']} rules of accounts"
    print(f"{told}, {report['threads']} threads, medians of {given.repeats}\n")
    print(module.table(report))
    for lines in report["differences"].values():
        print("", *lines, sep="\n", file=sys.stderr)
    if given.json:
        given.json.write_text(json.dumps({"rows": given.rows} | report, indent=1) + "\n", encoding="utf-8")
    return 1 if report["differences"] else 0


def inputs(students: int, accounts: int, *, sis: str, seed: int) -> Path:
    """Make the sample, or find the one that was made before, and return its folder."""
    from reconcile.sample import generate  # noqa: PLC0415 - the measured process does without

    folder = FILES / f"{sis}-{students}x{accounts}-{seed}-{_version()}"
    if not folder.is_dir():
        print(f"Making {folder.name} ...", file=sys.stderr)
        with Meter() as meter:
            generate(out=folder, students=students, accounts=accounts, sis=sis, seed=seed)
        print(f"  {meter.wall:.1f} s, {meter.cpu:.1f} CPU-s", file=sys.stderr)
    return folder


def measure(files: Path, /) -> dict[str, object]:
    """Run the plan of a folder in a throw-away workspace of this process, stage by stage."""
    whole, stages = Meter(), _Stages()
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as scratch, whole:
        stages("Import")
        from reconcile.flow.run import run  # noqa: PLC0415 - a part of what is measured

        done = run(_plan(files, Path(scratch)), progress=stages)
        stages.end()
    batch = done.batch
    return {
        "stages": stages.rows,
        "wall": whole.wall,
        "cpu": whole.cpu,
        "peak": whole.peak,
        "students": done.students.height,
        "accounts": done.accounts.height,
        "compared_pairs": done.links.report.compared_pairs,
        "proposed": (batch.mints + batch.recoveries) if batch else 0,
    }


def _plan(files: Path, scratch: Path) -> Plan:
    """Take the plan of a sample, with a workspace and a registry that are thrown away."""
    from reconcile.plan import Plan  # noqa: PLC0415 - a part of what is measured

    plan = Plan.read(files / "plan.toml")
    mint = replace(plan.mint, attested_by="registrar", attested_authority="board", attested_on=plan.as_of)
    return replace(plan, workspace=scratch / "workspace", registry=str(scratch / "r.sqlite"), mint=mint)


def table(report: dict[str, object], /) -> str:
    """Lay a report out as a Markdown table."""
    rows = [("stage", "seconds", "CPU-s", "peak"), ("---", "---:", "---:", "---:")]
    stages: list[tuple[str, float, float, int]] = report["stages"]  # type: ignore[assignment] # as measured
    rows += [(name, f"{wall:.1f}", f"{cpu:.1f}", _size(peak)) for name, wall, cpu, peak in stages]
    rows.append(("**total**", f"{report['wall']:.1f}", f"{report['cpu']:.1f}", _size(report["peak"])))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    counts = {name: report[name] for name in ("students", "accounts", "compared_pairs", "proposed")}
    told = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())
    return "\n".join((*lines, "", told))


class _Stages:
    """Told the name of each step as it begins, it measures the one before."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float, int]] = []
        self._name = ""
        self._meter = Meter()

    def __call__(self, step: str, /) -> None:
        self.end()
        self._name, self._meter = step, Meter().start()

    def end(self) -> None:
        if self._name:
            self._meter.stop()
            self.rows.append((self._name, self._meter.wall, self._meter.cpu, self._meter.peak))
            print(f"{self._meter.wall:8.1f} s  {self._name}", file=sys.stderr, flush=True)
        self._name = ""


def _measure_in_child(files: Path) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as scratch:
        answer = Path(scratch) / "report.json"
        command = [sys.executable, "-m", "benchmarks.run", "measured", str(files), str(answer)]
        with subprocess.Popen(command, cwd=ROOT) as child:
            peak = child_peak(child)
        if child.returncode:
            raise SystemExit(f"The measured run ended with exit code {child.returncode}.")
        report: dict[str, object] = json.loads(answer.read_text(encoding="utf-8"))
    return report | {"peak": max(peak, int(str(report["peak"])))}


def _measured(given: argparse.Namespace) -> int:
    given.answer.write_text(json.dumps(measure(given.files)), encoding="utf-8")
    return 0


def _measured_rules(given: argparse.Namespace) -> int:
    from benchmarks.rules import measure as judge  # noqa: PLC0415 - the other commands do without

    report = judge(given.engine, given.file, given.suite, threads=given.threads)
    given.answer.write_text(json.dumps(report), encoding="utf-8")
    return 0


def _measured_linkage(given: argparse.Namespace) -> int:
    from benchmarks.linkage import measure as score  # noqa: PLC0415 - the other commands do without

    score(given.engine, given.task, given.answer)
    return 0


def _version() -> str:
    """Eight digits that change with the generator."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "reconcile" / "sample").rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def _size(count: object) -> str:
    return f"{int(str(count)) / _GIB:.2f} GiB"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    commands = parser.add_subparsers(required=True)
    whole = commands.add_parser("end_to_end", help="stage times, CPU and peak memory of a whole run")
    whole.add_argument("--students", type=int, default=200_000)
    whole.add_argument("--accounts", type=int, default=1_000_000)
    whole.add_argument("--here", action="store_true", help="measure in this process, for a quick look")
    whole.add_argument("--json", type=Path, help="also write the figures to a file")
    whole.set_defaults(work=end_to_end)
    judged = commands.add_parser("quality", help="precision and recall of each status")
    judged.add_argument("--students", type=int, default=20_000)
    judged.add_argument("--accounts", type=int, help="four for each student when not given")
    judged.set_defaults(work=quality)
    for command in (whole, judged):
        command.add_argument("--sis", choices=("banner", "colleague", "peoplesoft"), default="banner")
        command.add_argument("--seed", type=int, default=7)
    readers = commands.add_parser("reading", help="a table damaged in thousands of ways, beside peers")
    readers.add_argument("--readers", nargs="+", help="not all of those that are installed")
    readers.add_argument("--every", type=int, default=1, help="damage only each so-many-th row")
    readers.add_argument("--speed", action="store_true", help="instead, a clean file against the clock")
    readers.add_argument("--rows", type=int, default=1_000_000, help="of the clean file")
    readers.set_defaults(work=reading)
    _parse_rules(commands.add_parser("rules", help="the dictionary's rules, beside a statement and peers"))
    minted = commands.add_parser("minting", help="one batch in one transaction, on both stores")
    minted.add_argument("--requests", type=int, nargs="+", default=[100_000, 1_000_000])
    minted.add_argument(
        "--stores", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"]
    )
    minted.add_argument("--repeats", type=int, default=3, help="the best counts")
    minted.add_argument("--json", type=Path, help="also write the figures to a file")
    minted.set_defaults(work=minting)
    _parse_linkage(commands.add_parser("linkage", help="duplicates and links, beside Splink"))
    looked = commands.add_parser("lookup", help="single students among prepared accounts")
    _parse_size(looked)
    looked.add_argument("--lookups", type=int, default=1_000)
    looked.add_argument("--task", choices=("link", "link, all fields"), default="link, all fields")
    looked.add_argument("--json", type=Path, help="also write the figures to a file")
    looked.set_defaults(work=lookup)
    blocked = commands.add_parser("blocking", help="what blocking reaches of true pairs, by damage")
    blocked.set_defaults(work=blocking)
    _parse_size(blocked)
    linked = commands.add_parser("measured_linkage", help="the process that linkage starts")
    linked.add_argument("engine")
    for name in ("task", "answer"):
        linked.add_argument(name, type=Path)
    linked.set_defaults(work=_measured_linkage)
    measured = commands.add_parser("measured", help="the process that end_to_end starts")
    measured.add_argument("files", type=Path)
    measured.add_argument("answer", type=Path)
    measured.set_defaults(work=_measured)
    one = commands.add_parser("measured_rules", help="the process that rules starts")
    one.add_argument("engine")
    for name in ("file", "suite", "answer"):
        one.add_argument(name, type=Path)
    one.add_argument("--threads", type=int, required=True)
    one.set_defaults(work=_measured_rules)
    return parser


def _parse_linkage(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--labelled", type=Path, help="a folder of labelled files, instead of synthetic ones"
    )
    command.add_argument("--millions", type=int, help="instead, deduplicate so many million records")
    _parse_size(command)
    command.add_argument("--tasks", nargs="+", help="not all")
    command.add_argument("--engines", nargs="+", help="of ours, ours_quick and splink; all when not given")
    command.add_argument("--json", type=Path, help="also write the figures to a file")
    command.set_defaults(work=linkage)


def _parse_size(command: argparse.ArgumentParser) -> None:
    command.add_argument("--students", type=int, default=200_000)
    command.add_argument("--accounts", type=int, default=1_000_000)
    command.add_argument("--seed", type=int, default=7)


def _parse_rules(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rows", type=int, default=1_000_000)
    command.add_argument("--columns", type=int, default=16, help="the first so many of rules_data.COLUMNS")
    command.add_argument("--engines", nargs="+", help="not all; the others are compared with the first")
    command.add_argument("--repeats", type=int, default=3)
    command.add_argument("--threads", type=int, help="of each engine; as many as cores when not given")
    command.add_argument("--limit", type=int, default=1_800, help="seconds after which an engine is stopped")
    command.add_argument("--here", action="store_true", help="measure in this process, for a quick look")
    command.add_argument("--json", type=Path, help="also write the figures to a file")
    command.add_argument("--seed", type=int, default=7)
    command.set_defaults(work=rules)


if __name__ == "__main__":
    sys.exit(main())
