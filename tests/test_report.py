"""The files of a report: private, whole, and the same for the same run."""

from __future__ import annotations

import hashlib
import json
import random
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from reconciliations import reconciliation, tiny

from reconcile.errors import ConservationError, OutputError
from reconcile.files import permissions_are_enforced
from reconcile.report import OUTPUTS, report

if TYPE_CHECKING:
    from pathlib import Path


def test_writes_every_file_for_its_owner_only(tmp_path: Path) -> None:
    made = report(reconciliation(), folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(OUTPUTS)
    assert made.audit == tmp_path / "audit.html"
    for path in made.paths.values():
        data = path.read_bytes()
        data.decode("utf-8")
        assert b"\r" not in data
        if permissions_are_enforced():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_equal_runs_give_equal_bytes_whatever_the_order_of_rows(tmp_path: Path) -> None:
    one = reconciliation()
    order = list(range(one.students.height))
    random.Random(1).shuffle(order)  # noqa: S311 - a test draws, nothing is secret
    other = replace(
        one,
        stamp="2027-01-01T00:00:00+00:00",
        students=one.students[order],
        duplicates=one.duplicates.reverse(),
        crosswalk=one.crosswalk.reverse(),
        findings=one.findings.reverse(),
        quarantine=one.quarantine.reverse(),
    )
    for name, run in (("one", one), ("other", other)):
        (tmp_path / name).mkdir()
        report(run, folder=tmp_path / name)
    for name in OUTPUTS:
        left, right = ((tmp_path / run / name).read_text("utf-8") for run in ("one", "other"))
        if name == "run.json":
            left, right = (json.loads(text) for text in (left, right))
            assert left.pop("stamp") != right.pop("stamp")
        assert left == right.replace(other.stamp, one.stamp) if name == "audit.html" else left == right


def test_lost_row_stops_the_run_before_anything_is_written(tmp_path: Path) -> None:
    whole = reconciliation()
    broken = replace(whole, students=whole.students.head(1999))
    with pytest.raises(ConservationError, match=r"2,000 students were accepted, 1,999 have a status"):
        report(broken, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folder_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        report(tiny(), folder=tmp_path / "nowhere")


def test_run_json_holds_the_hashes_of_the_outputs(tmp_path: Path) -> None:
    report(reconciliation(), folder=tmp_path)
    record = json.loads((tmp_path / "run.json").read_text("utf-8"))
    hashes = {**record["outputs"], "audit.html": record["stamp"]["audit.html"]}
    for name in set(OUTPUTS) - {"run.json"}:
        assert hashes[name] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


def test_tells_its_steps(tmp_path: Path) -> None:
    told: list[str] = []
    report(tiny(), folder=tmp_path, progress=told.append)
    assert told == list(OUTPUTS)


def test_runs_without_any_student_or_finding(tmp_path: Path) -> None:
    small = tiny()
    entry = small.inputs[0]
    none = replace(
        small,
        inputs=(replace(entry, source=replace(entry.source, rows=0), folded=0, accepted=0),),
        students=small.students.clear(),
    )
    made = report(none, folder=tmp_path)
    assert made.equation.in_scope == 0
    assert "No students." in made.audit.read_text("utf-8")


def test_columns_beyond_the_agreed_ones_are_not_written(tmp_path: Path) -> None:
    small = tiny()
    leaky = replace(small, students=small.students.with_columns(last_name=pl.lit("Canaryson")))
    report(leaky, folder=tmp_path)
    for name in OUTPUTS:
        assert "Canaryson" not in (tmp_path / name).read_text("utf-8")


def test_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    made = report(tiny(), folder=tmp_path)
    assert "audit.html" in made._repr_html_()
    assert "confirmed" in made.equation._repr_html_()
