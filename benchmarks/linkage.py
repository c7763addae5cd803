"""The same linkage by us and by Splink 5, in processes of their own: accuracy, calibration, CPU, memory.

Every engine reads the same Parquet files and hands back scored pairs; importing it is not counted. Accuracy
is of pairs: F1 at match_probability >= 0.5 over all true pairs, and at the threshold that the truth would
choose.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from benchmarks.linkage_data import DAMAGE, Task
from benchmarks.meter import Meter, child_peak

if TYPE_CHECKING:
    from collections.abc import Iterable

    Report = dict[str, Any]

ENGINES: Final = ("ours", "ours_quick", "splink")
_ROOT: Final = Path(__file__).resolve().parent.parent
_CALLED: Final = 0.5
_CERTAIN: Final = 0.95
_LEAST: Final = 0.01
_GIB: Final = 1 << 30


def compare(tasks: Iterable[Task], engines: Iterable[str], /, *, limit: int = 3_600) -> list[Report]:
    """Let each engine do each task; one report a task and engine."""
    reports = []
    for task in tasks:
        for engine in engines:
            print(f"{task.name}: {engine} ...", file=sys.stderr, flush=True)
            reports.append({"task": task.name, "engine": engine} | _run(task, engine, limit))
    return reports


def _run(task: Task, engine: str, limit: int) -> Report:
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as scratch:
        asked, answer = Path(scratch) / "task.json", Path(scratch) / "pairs.parquet"
        asked.write_text(json.dumps(asdict(task), default=str), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "benchmarks.run",
            "measured_linkage",
            engine,
            str(asked),
            str(answer),
        ]
        with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL) as child:
            peak = child_peak(child)
            child.wait(limit)
        if child.returncode:
            return {"failed": f"exit code {child.returncode}"}
        taken = json.loads(answer.with_suffix(".json").read_text(encoding="utf-8"))
        pairs = pl.read_parquet(answer)
        return {"cpu": taken["cpu"], "peak": max(peak, taken["peak"])} | accuracy(pairs, task)


def measure(engine: str, asked: Path, answer: Path, /) -> None:
    """Do one task in this process and write down the pairs and what they took."""
    raw = json.loads(asked.read_text(encoding="utf-8"))
    paths = {name: Path(raw[name]) if raw[name] else None for name in ("left", "right", "truth", "kin")}
    task = replace(Task(**raw), **paths, fields=tuple(raw["fields"]))  # type: ignore[arg-type] # of three kinds
    if engine == "splink":
        import splink  # noqa: F401, PLC0415 - importing is not what is measured

        from benchmarks.linkage_peers import splink as score  # noqa: PLC0415
    else:
        from functools import partial  # noqa: PLC0415

        score = partial(ours, profile="quick" if engine == "ours_quick" else "accurate")
    with Meter() as meter:
        pairs = score(task)
    pairs.write_parquet(answer)
    taken = {"cpu": meter.cpu, "peak": meter.peak}
    answer.with_suffix(".json").write_text(json.dumps(taken), encoding="utf-8")


def ours(task: Task, /, *, profile: str = "accurate") -> pl.DataFrame:
    """Score a task: id_l, id_r, match_probability, band."""
    from reconcile import find_duplicates, link  # noqa: PLC0415 - the other engine does without

    left = pl.read_parquet(task.left).select("id", *task.fields)
    options: dict[str, Any] = {"min_probability": _LEAST, "profile": profile}
    if task.right is None:
        found = find_duplicates(left, **options).pairs
    else:
        found = link(left, pl.read_parquet(task.right).select("id", *task.fields), **options).pairs
    return found.select("id_l", "id_r", "match_probability", "band")


def accuracy(pairs: pl.DataFrame, task: Task, /) -> Report:
    """Hold scored pairs against the truth."""
    truth = pl.read_parquet(task.truth).with_columns(true=pl.lit(value=True))
    if task.right is None:  # which record comes first makes no difference
        low, high = (each("id_l", "id_r") for each in (pl.min_horizontal, pl.max_horizontal))
        pairs, truth = (frame.with_columns(id_l=low, id_r=high) for frame in (pairs, truth))
    found = pairs.join(truth.select("id_l", "id_r", "true"), on=["id_l", "id_r"], how="left")
    found = found.with_columns(pl.col("true").fill_null(value=False)).sort(
        "match_probability", descending=True
    )
    right, value = found["true"].cast(pl.Int64).cum_sum().to_numpy(), found["match_probability"].to_numpy()
    if not len(value):
        return {"f1": 0.0}
    f1 = 2 * right / (np.arange(1, len(value) + 1) + truth.height)
    ends = np.append(value[1:] != value[:-1], True)
    called = found.filter(pl.col("match_probability") >= _CALLED)
    certain = found.filter(pl.col("match_probability") >= _CERTAIN)["true"]
    best = int(np.argmax(np.where(ends, f1, 0)))
    return {
        "f1": float(f1[called.height - 1]) if called.height else 0.0,
        "best_f1": float(f1[best]),
        "best_at": float(value[best]),
        "precision": float(called["true"].mean() or 0.0),  # type: ignore[arg-type] # a share
        "recall": float(called["true"].sum() / truth.height),
        "certain_right": float(certain.mean() or 0.0),  # type: ignore[arg-type] # a share
        "expected": float(value.sum() / truth.height),
        "true_pairs": truth.height,
        "damage": _by_damage(called, found, truth),
        "false": _by_kin(called.filter(~pl.col("true")), task),
        "false_links": _by_kin(found.filter(~pl.col("true") & (pl.col("band") == "link")), task)
        if "band" in found.columns
        else {},
        "links": found.filter(pl.col("band") == "link").height if "band" in found.columns else None,
    }


def _by_damage(called: pl.DataFrame, found: pl.DataFrame, truth: pl.DataFrame) -> dict[str, list[float]]:
    """Recall of pairs damaged in one way only: how many, share called, share scored at all."""
    kinds = pl.col("damage").str.split(";").list.filter(pl.element().is_in(DAMAGE)).list.unique()
    marked = truth.with_columns(kinds=kinds).with_columns(many=pl.col("kinds").list.len())
    key = ["id_l", "id_r"]
    told = (
        marked.join(called.select(*key, called=pl.lit(value=True)), on=key, how="left")
        .join(found.select(*key, scored=pl.lit(value=True)), on=key, how="left")
        .with_columns(pl.col("called", "scored").fill_null(value=False))
    )
    label = (
        pl.when(pl.col("many") == 0).then(pl.lit("none"))
        .when(pl.col("many") > 1).then(pl.lit("in several ways"))
        .otherwise(pl.col("kinds").list.first())
    )  # fmt: skip
    counted = told.group_by(kind=label).agg(pl.len(), pl.col("called").mean(), pl.col("scored").mean())
    return {kind: list(rest) for kind, *rest in counted.sort("kind").iter_rows()}


def _by_kin(wrong: pl.DataFrame, task: Task) -> dict[str, int]:
    """Count wrong pairs by how the two persons are related."""
    if task.kin is None:
        return {"strangers": wrong.height}
    kin = pl.read_parquet(task.kin).select("id", "relation")
    related = (
        wrong.join(kin.rename({"id": "id_l", "relation": "one"}), on="id_l", how="left")
        .join(kin.rename({"id": "id_r", "relation": "other"}), on="id_r", how="left")
        .with_columns(
            kind=pl.when(pl.col("one") == pl.col("other")).then("one").otherwise(pl.lit("strangers"))
        )
    )
    return dict(related.group_by("kind").len().sort("kind").iter_rows())


def tables(reports: list[Report], /) -> str:
    """Lay the reports out as Markdown."""
    head = (
        "task", "engine", "F1 at 0.5", "best F1", "precision", "recall", "of 95-100 % right",
        "expected / true", "CPU-s", "ratio", "peak", "ratio",
    )  # fmt: skip
    rows = [head, ("---", "---", *["---:"] * (len(head) - 2))]
    rows += [_row(report, _peer(reports, report["task"])) for report in reports]
    parts = ["\n".join(f"| {' | '.join(row)} |" for row in rows)]
    for task in dict.fromkeys(report["task"] for report in reports):
        some = [report for report in reports if report["task"] == task and "f1" in report]
        if any(len(report.get("damage", {})) > 1 for report in some):
            parts += [_damage_table(task, some), _false_table(task, some)]
    return "\n\n".join(parts)


def _peer(reports: list[Report], task: str) -> Report | None:
    return next((r for r in reports if r["task"] == task and r["engine"] == "splink" and "cpu" in r), None)


def _row(report: Report, peer: Report | None) -> tuple[str, ...]:
    if "best_f1" not in report:
        return (report["task"], report["engine"], report.get("failed", "no pairs"), *[""] * 9)
    shares = ("f1", "best_f1", "precision", "recall", "certain_right", "expected")
    ratios = [f"{report[name] / peer[name]:.2f}" if peer else "" for name in ("cpu", "peak")]
    return (
        report["task"], report["engine"], *(f"{report[name]:.4f}" for name in shares),
        f"{report['cpu']:.1f}", ratios[0], f"{report['peak'] / _GIB:.2f} GiB", ratios[1],
    )  # fmt: skip


def _damage_table(task: str, reports: list[Report]) -> str:
    kinds = sorted({kind for report in reports for kind in report["damage"]})
    lines = [f"{task}: recall at 0.5 by damage, with the share scored from 0.01 on in brackets", ""]
    lines += [f"| damage | pairs | {' | '.join(report['engine'] for report in reports)} |"]
    lines += ["| --- | ---: |" + " ---: |" * len(reports)]
    for kind in kinds:
        told = [report["damage"].get(kind, [0, 0.0, 0.0]) for report in reports]
        cells = " | ".join(f"{called:.3f} ({scored:.3f})" for _, called, scored in told)
        lines.append(f"| {kind.replace('_', ' ')} | {told[0][0]:,} | {cells} |")
    return "\n".join(lines)


def _false_table(task: str, reports: list[Report]) -> str:
    kinds = ["twins", "siblings", "jr_sr", "homonym", "strangers"]
    lines = [f"{task}: wrong pairs at 0.5 by relation, and those in band link", ""]
    lines += [f"| relation | {' | '.join(report['engine'] for report in reports)} | ours, band link |"]
    lines += ["| --- |" + " ---: |" * (len(reports) + 1)]
    linked = next((r["false_links"] for r in reports if r["links"] is not None), {})
    for kind in kinds:
        cells = " | ".join(f"{report['false'].get(kind, 0):,}" for report in reports)
        lines.append(f"| {kind} | {cells} | {linked.get(kind, 0):,} |")
    return "\n".join(lines)
