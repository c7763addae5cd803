"""One student among prepared accounts: how long it takes, and what it finds beside a link of all students."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from benchmarks.meter import Meter

if TYPE_CHECKING:
    from benchmarks.linkage_data import Task

_CALLED: Final = 0.5
_SCORED: Final = 0.01
_GIB: Final = 1 << 30
_FIRST: Final = 5  # look-ups that warm up what is loaded at the first use


def measure(task: Task, /, *, lookups: int) -> dict[str, Any]:
    """Prepare the accounts, save and load them, look students up one by one, then link all of them."""
    from reconcile import Prepared, link  # noqa: PLC0415 - a part of what is measured

    assert task.right is not None  # noqa: S101 - a task of two tables
    accounts, students = (
        pl.read_parquet(path).select("id", *task.fields) for path in (task.right, task.left)
    )
    truth = pl.read_parquet(task.truth).select("id_l", "id_r")
    with Meter() as preparing:
        prepared = Prepared(accounts)
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as scratch:
        file = Path(scratch) / "accounts.prepared"
        with Meter() as saving:
            prepared.save(file)
        size = file.stat().st_size
        with Meter() as loading:
            prepared = Prepared.load(file, accounts)
    chosen = students.join(truth, left_on="id", right_on="id_l", how="semi").head(lookups)
    seconds, cpu, found = [], [], []
    for row in range(chosen.height):
        began, worked = time.perf_counter(), time.process_time()
        found.append(prepared.find(chosen[row]).pairs.select("id_l", "id_r", "match_probability"))
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    with Meter() as linking:
        linked = link(students, accounts, min_probability=_SCORED).pairs
    wanted = truth.join(chosen, left_on="id_l", right_on="id", how="semi")
    return {
        "prepare": preparing.wall, "prepare_cpu": preparing.cpu, "peak": preparing.peak,
        "save": saving.wall, "size": size, "load": loading.wall,
        "lookups": chosen.height,
        "median": float(np.median(seconds[_FIRST:])), "high": float(np.quantile(seconds[_FIRST:], 0.99)),
        "median_cpu": float(np.median(cpu[_FIRST:])), "high_cpu": float(np.quantile(cpu[_FIRST:], 0.99)),
        "link": linking.wall,
        "found": {name: _recall(pairs, wanted) for name, pairs in (("looked up", pl.concat(found)),
                                                                   ("linked", linked))},
    }  # fmt: skip


def _recall(pairs: pl.DataFrame, truth: pl.DataFrame) -> dict[str, float]:
    """Share of the true pairs that are scored at all, called a match, and the student's likeliest."""
    own = pairs.join(truth.select("id_l").unique(), on="id_l", how="semi")
    first = own.sort("match_probability", descending=True).unique("id_l", keep="first", maintain_order=True)
    kinds = {"scored": own, "called": own.filter(pl.col("match_probability") >= _CALLED), "first": first}
    return {
        name: truth.join(some, on=["id_l", "id_r"], how="semi").height / max(truth.height, 1)
        for name, some in kinds.items()
    }


def table(report: dict[str, Any], /) -> str:
    """Lay the report out as Markdown."""

    def taken(name: str) -> str:
        return f"{report[name] * 1000:.0f} ms, {report[f'{name}_cpu'] * 1000:.0f} CPU-ms"

    peak = f"peak of the process {report['peak'] / _GIB:.2f} GiB"
    rows = {
        "prepare": f"{report['prepare']:.1f} s, {report['prepare_cpu']:.1f} CPU-s, {peak}",
        "save": f"{report['save']:.1f} s, {report['size'] / _GIB:.2f} GiB",
        "load": f"{report['load']:.1f} s",
        "one look-up, median": taken("median"),
        "one look-up, 99th percentile": taken("high"),
        "link of all students": f"{report['link']:.1f} s",
    }
    lines = [
        "| what | figure |",
        "| --- | --- |",
        *(f"| {name} | {told} |" for name, told in rows.items()),
        "",
    ]
    lines += ["| true accounts of these students | looked up | linked |", "| --- | ---: | ---: |"]
    told = {"scored": "scored", "called": "called a match", "first": "the likeliest of the student"}
    lines += [
        f"| {words} | {report['found']['looked up'][name]:.4f} | {report['found']['linked'][name]:.4f} |"
        for name, words in told.items()
    ]
    return "\n".join(lines)
