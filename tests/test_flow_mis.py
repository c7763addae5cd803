"""From a run to the folder for MIS, at the shell as a user types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from typer.testing import CliRunner

from reconcile.cli.app import app
from reconcile.errors import InputError, OutputError, PlanError
from reconcile.flow.mis import prepare_mis, write_mis
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.registry.disclosures import disclosures
from reconcile.resources import sample

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.flow.run import Run


@pytest.fixture
def plan(demo_run: Run, demo_folder: Path, tmp_path: Path) -> Plan:
    """The demo's plan with a section for MIS, on the demo's own last run."""
    before = "GI01,GI03,sis_id,SB34\nZZ1,257,@00001365,XXXXXXXX\nZZ1,257,@00001830,DTK0505\n"
    (tmp_path / "before.csv").write_text(before, encoding="utf-8")
    text = demo_run.plan.text.replace('workspace = "workspace"', f"workspace = '{demo_run.plan.workspace}'")
    text = text.replace('"submitted.csv"', '"before.csv"')
    return Plan.parse(text, path=tmp_path / "fall.toml", files=False)


def test_a_folder_for_mis(plan: Plan, tmp_path: Path) -> None:
    with Registry.open(plan.registry, demo=True) as registry:
        made = write_mis(plan, tmp_path / "mis")
        record = disclosures(registry).row(-1, named=True)
    assert (record["kind"], record["file"], record["who"]) == ("MIS worksheet", "mis", "analyst")
    assert record["people"] == made.worksheet["sis_id"].n_unique()
    written = pl.read_csv(tmp_path / "mis" / "sb34.csv", infer_schema=False)
    assert written.equals(made.worksheet.with_columns(pl.col("SB00").cast(pl.String)))
    assert made.corrections.select("sis_id", "old_SB34", "kind").rows() == [("@00001365", "XXXXXXXX", "add")]
    page = (tmp_path / "mis" / "mis.html").read_text(encoding="utf-8")
    assert "DEMO" in page
    assert "http" not in page
    assert sorted(path.name for path in (tmp_path / "mis").iterdir()) == [
        "corrections.csv",
        "mis.html",
        "published.csv",
        "sb34.csv",
    ]
    with pytest.raises(OutputError, match="exists already"):
        write_mis(plan, tmp_path / "mis")


def test_the_samples_own_submission_is_corrected_as_the_truth_says(demo_run: Run) -> None:
    """Whether a number is surely another person's may be for a person to say; nothing else is left open."""
    made = prepare_mis(demo_run.plan)
    truth = pl.read_csv(sample() / "banner" / "truth_submitted.csv", infer_schema=False)
    statuses = pl.read_csv(sample() / "banner" / "truth_students.csv", infer_schema=False)
    as_truth = demo_run.resolution.frame.select("sis_id", "status").join(statuses, on=["sis_id", "status"])
    expected = dict(truth.join(as_truth, on="sis_id", how="semi").drop_nulls().rows())
    assert len(expected) > 0.9 * truth.height
    found = dict(made.corrections.select("sis_id", "kind").rows())
    asked = {one for one, kind in found.items() if (expected.get(one), kind) == ("withdraw", "decide")}
    assert {one: found[one] for one in found if one in expected and one not in asked} == {
        one: kind for one, kind in expected.items() if kind and one not in asked
    }
    assert set(found.values()) == {"add", "replace", "withdraw", "decide"}
    reported = made.submitted["count"].to_list()
    assert reported[0] == sum(reported[1:]) == truth.height
    assert reported[-1] == made.corrections.height


def test_a_run_that_was_changed_is_not_used(plan: Plan, tmp_path: Path) -> None:
    import shutil  # noqa: PLC0415 - only here
    from dataclasses import replace  # noqa: PLC0415

    copied = replace(plan, workspace=tmp_path / "copy")
    with pytest.raises(InputError, match="no run"):
        prepare_mis(copied)
    shutil.copytree(plan.workspace, copied.workspace)
    (students,) = copied.workspace.glob("runs/*/students.csv")
    students.write_text(students.read_text(encoding="utf-8").replace("confirmed", "review"), encoding="utf-8")
    with pytest.raises(InputError, match="not as the run wrote it"):
        prepare_mis(copied)
    with pytest.raises(PlanError, match=r"no section \[mis\]"):
        prepare_mis(replace(plan, mis=None))


def test_at_the_shell(plan: Plan, tmp_path: Path) -> None:
    plan.path.write_text(plan.text, encoding="utf-8")
    shell = CliRunner()
    looked = shell.invoke(app, ["mis", "worksheet", str(plan.path), "--dry-run"])
    assert looked.exit_code == 0, looked.output
    assert "Corrections of earlier submissions  1" in looked.output
    assert not (tmp_path / "mis").exists()
    made = shell.invoke(app, ["mis", "worksheet", str(plan.path), "--out", str(tmp_path / "mis")])
    assert made.exit_code == 0, made.output
    layout = shell.invoke(app, ["mis", "layout", "--out", str(tmp_path / "sb.toml")])
    assert layout.exit_code == 0
    assert (tmp_path / "sb.toml").is_file()
