"""The audit of a plan's last run: what registry, reviewers and earlier runs add, and how it is written."""

from __future__ import annotations

import json
import shutil
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from reconcile.cli.app import app
from reconcile.errors import InputError, OutputError
from reconcile.files import permissions_are_enforced, sha256
from reconcile.flow.audit import audit
from reconcile.flow.decisions import read_decisions
from reconcile.flow.latest import last_run
from reconcile.flow.restored import restore
from reconcile.flow.sampled import write_sample
from reconcile.mint.batch import approve
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.registry.disclosures import disclosures
from reconcile.report.evidence import ENOUGH

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.flow.run import Run

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A run of one's own, whose batch somebody approved and whose links somebody looked at."""
    home = tmp_path_factory.mktemp("audit") / "run"
    shutil.copytree(small_run.plan.path.parent, home)
    known = Plan.read(home / small_run.plan.path.name)
    with Registry.open(known.registry, demo=True) as registry:
        assert small_run.batch is not None
        approve(registry, small_run.batch.id, approver="registrar", at=AT)
    return known


def test_a_run_comes_back_out_of_its_folder(plan: Plan, small_run: Run) -> None:
    facts = restore(last_run(plan))
    made = audit(plan, at=AT)
    assert [entry.source.sha256 for entry in facts.inputs] == [
        entry.source.sha256 for entry in small_run.inputs.records
    ]
    found = dict(small_run.resolution.frame.group_by("status").len().iter_rows())
    assert {name: count for name, count in made.equation.statuses.items() if count} == found
    assert facts.students.schema["terms"] == facts.students.schema["flags"] == pl.List(pl.String)
    assert made.summary["students"][0] == made.summary["students"][1:4].sum() == made.equation.in_scope


def test_the_page_tells_who_approved_what_and_that_nobody_looked(plan: Plan) -> None:
    made = audit(plan, at=AT)
    html = made.html()
    batch = made.evidence.batches.row(0, named=True)
    assert (batch["proposer"], batch["approver"], batch["state"]) == ("analyst", "registrar", "approved")
    for text in (
        "registrar, 2026-11-22 09:00 UTC", "analyst, ", "audit written 2026-11-22 09:00:00 UTC",
        "entries holds",
        "are needed before an error rate can be stated", "There is no earlier run", "A pair is linked from",
        "How it was done", "What can be done today",
    ):  # fmt: skip
        assert text in html
    assert made.evidence.steps["step"].to_list() == ["submitted", "approved"]
    assert made.quality.spoken == made.evidence.verdict.replace("`", "")
    assert not [name for name in ("last_name", "birthdate") if name in made.run.students.columns]


def test_a_sample_is_decided_and_quality_is_stated(plan: Plan, small: Path, tmp_path: Path) -> None:
    listed = read_decided(write_sample(plan, tmp_path / "sample.csv"))
    truth = pl.read_csv(small / "truth_students.csv", infer_schema=False)
    theirs = dict(truth.select("sis_id", "cccids").iter_rows())
    said = [
        "match" if cccid in (theirs.get(sis_id) or "").split() else "different"
        for sis_id, cccid in listed.select("id_l", "id_r").iter_rows()
    ]
    with Registry.open(plan.registry, demo=True) as registry:
        registry.record(listed.with_columns(pl.Series("decision", said)), by="reviewer", at=AT)
    made = audit(plan, at=AT)
    assert made.evidence.decided >= ENOUGH
    precision = made.evidence.measures.row(0, named=True)
    assert precision["low"] <= precision["estimate"] <= precision["high"]
    assert f"Of the {made.evidence.pairs:,} sure links" in made.html()
    (reviewer,) = made.evidence.reviewers.to_dicts()
    assert (reviewer["match"], reviewer["different"]) == (said.count("match"), said.count("different"))
    with pytest.raises(OutputError, match="exists already"):
        write_sample(plan, tmp_path / "sample.csv")


def read_decided(list_: Path) -> pl.DataFrame:
    """Fill a list in, and read it as `reconcile decide` does."""
    text = pl.read_csv(list_, infer_schema=False)
    assert "match_probability" not in text.columns  # nobody is led
    assert set(text["why"]) == {"chosen by chance, to check the links"}
    list_.write_text(text.with_columns(decision=pl.lit("unsure")).write_csv(), encoding="utf-8")
    return read_decisions(list_)


def test_the_workbook_has_one_row_a_student_and_is_noted(plan: Plan, tmp_path: Path) -> None:
    made = audit(plan, by=["RESTRICTION"], at=AT)
    path = made.write(tmp_path / "missing.xlsx")
    book = CalamineWorkbook.from_path(path)
    head, *rows = book.get_sheet_by_name("Students without").to_python()
    assert len(rows) == made.missing.without == len({row[0] for row in rows})
    assert head == ["SIS id", "College", "Terms", "Why", "Status", "Code", "What to do", "Who", "When"]
    dimensions = {row[0] for row in book.get_sheet_by_name("By dimension").to_python()[1:]}
    assert "RESTRICTION" in dimensions
    assert {"Summary", "Reasons", "Equation", "Inputs", "Approvals", "Quality", "Settings"} < set(
        book.sheet_names
    )
    with Registry.open(plan.registry, demo=True) as registry:
        record = disclosures(registry).row(-1, named=True)
    assert (record["kind"], record["file"], record["people"]) == ("audit", "missing.xlsx", len(rows))
    if permissions_are_enforced():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(OutputError, match="exists already"):
        made.write(path)
    with pytest.raises(InputError, match=r"neither in \.html nor in \.xlsx"):
        made.write(tmp_path / "missing.pdf")


def test_what_cannot_be_looked_at_is_said_or_refused(plan: Plan, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(plan.path.parent, home)
    other = Plan.read(home / plan.path.name)
    with pytest.raises(InputError, match="no column NOPE"):
        audit(other, by=["NOPE"])
    other.students.files[0].write_text("ID\n1\n", encoding="utf-8")
    with pytest.raises(InputError, match="changed after the run"):
        audit(other, by=["RESTRICTION"])
    (other.path.parent / "registry.sqlite").unlink()
    shutil.rmtree(other.workspace / "pairs")
    told = audit(other).html()
    assert "registry is not at hand" in told
    assert "not looked for: the extract was changed" in told
    assert "are not kept any more" in told
    record = last_run(other).folder / "run.json"
    facts = json.loads(record.read_text(encoding="utf-8"))
    del facts["remarks"]
    record.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(InputError, match="earlier version of reconcile"):
        audit(other)
    record.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not as the run wrote it"):
        audit(other)
    with pytest.raises(InputError, match="no folder of a run"):
        audit(other, run=tmp_path)


def test_columns_of_the_extract_may_have_names_of_ours_and_programs_are_found(
    plan: Plan, tmp_path: Path
) -> None:
    home = tmp_path / "copy"
    shutil.copytree(plan.path.parent, home)
    other = Plan.read(home / plan.path.name)
    (extract,) = other.students.files
    table = pl.read_csv(extract, infer_schema=False)
    cycle = pl.int_range(pl.len()).mod(3).cast(pl.String)
    more = table.with_columns(status=pl.format("s{}", cycle), MAJOR=pl.format("m{}", cycle), group=cycle)
    extract.write_text(more.write_csv(), encoding="utf-8")
    facts = json.loads((last_run(other).folder / "run.json").read_text(encoding="utf-8"))
    entry = next(entry for entry in facts["inputs"] if entry["table"] == "students")
    entry["sha256"] = sha256(extract)  # as if the run had read these columns
    (last_run(other).folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    made = audit(other, by=["status", "group"])
    named = {one.title: one.frame["value"].sort().to_list() for one in made.missing.by}
    assert named["status of the extract"] == ["s0", "s1", "s2"]
    assert named["group of the extract"] == ["0", "1", "2"]
    assert named["Program"] == ["m0", "m1", "m2"]
    assert "Program" not in {one.title for one in audit(other, by=["MAJOR"]).missing.by}
    with pytest.raises(InputError, match="speaks of citizenship"):
        audit(other, by=["CITZ_CODE"])


def test_an_earlier_run_stands_beside_this_one(plan: Plan, tmp_path: Path) -> None:
    home = tmp_path / "copy"
    shutil.copytree(plan.path.parent, home)
    other = Plan.read(home / plan.path.name)
    (folder,) = other.runs.iterdir()
    for name, change in (("20200101T000000Z", {}), ("20200102T000000Z", {"population": "all others"})):
        shutil.copytree(folder, other.runs / name)
        record = other.runs / name / "run.json"
        facts = json.loads(record.read_text(encoding="utf-8")) | change
        facts["stamp"]["began"] = f"{name[:4]}-01-01 00:00:00 UTC"
        facts["missing"]["absent"] += 7
        record.write_text(json.dumps(facts), encoding="utf-8")
    made = audit(other)
    assert made.evidence.runs["began"].str.head(4).to_list() == ["2020", made.run.stamp[:4]]
    first, last = made.evidence.runs["absent"]
    assert first == last + 7
    assert audit(other, run=other.runs / "20200101T000000Z").evidence.runs.height == 1


def test_at_the_shell(plan: Plan, tmp_path: Path) -> None:
    shell, page, public = CliRunner(), tmp_path / "missing.html", tmp_path / "public.xlsx"
    made = shell.invoke(app, ["audit", str(plan.path), "--out", str(page)])
    assert made.exit_code == 0, made.output
    assert "students in scope" in made.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    made = shell.invoke(app, ["audit", str(plan.path), "--publish", "--out", str(public)])
    assert made.exit_code == 0, made.output
    assert "With a usable CCCID" in made.output
    assert "correct the data first" not in made.output  # the screen shows what may be published, too
    sheets = CalamineWorkbook.from_path(public).sheet_names
    assert sheets[:3] == ["About", "Students in scope", "college"]
    assert "Students without" not in sheets
