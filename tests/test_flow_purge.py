"""What a plan no longer wants kept goes, what is not surely ours stays, and the registry says so."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import BRIEF

from reconcile.cli import main
from reconcile.errors import InputError, OutputError, PlanError
from reconcile.exports import write_for_people
from reconcile.files import WINDOWS, WORKSPACE_MARK, lock, write_private
from reconcile.flow.purge import FINDERS, look, purge
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.registry.disclosures import CREDENTIALS, UPLOAD, WORK_LIST, disclose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = (
    BRIEF.format(issuer="openccc", layout="banner")
    + """
[retention]
credentials = 30
drafts = 1
work_lists = 180
uploads = 60
runs = 300
"""
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUNS = ("20240101T000000Z", "20250101T000000Z", "20250101T000000Z-2", "20260901T000000Z", "20261120T000000Z")
LIST = pl.DataFrame({"table": ["links"], "id_l": ["1"], "id_r": ["ABC0001"], "decision": [""]})


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Give a plan with runs of several years, the latest of which is an old one."""
    home = tmp_path.resolve() / "home"
    for name in RUNS:
        for file in ("audit.html", "run.json", "plan.toml"):
            write_private(home / "workspace" / "runs" / name / file, "x")
    (home / "workspace" / WORKSPACE_MARK).touch()
    write_private(home / "workspace" / "latest", f"runs/{RUNS[1]}\n")
    write_private(home / "plan.toml", PLAN)
    return Plan.read(home / "plan.toml", files=False)


@pytest.fixture
def registry(plan: Plan) -> Iterator[Registry]:
    with Registry.open(plan.registry) as opened:
        yield opened


def left(
    registry: Registry, kind: str, file: Path, *, days: int, columns: tuple[str, ...] = ("sis_id",)
) -> Path:
    """Note a file that is there as having left so many days ago."""
    at = NOW - timedelta(days=days)
    registry.write(lambda ledger: disclose(ledger, kind, file, columns=columns, people=1, by="Ana"), at=at)
    return file


def aged(path: Path, *, days: int) -> Path:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_old_files_go_in_their_order_and_younger_ones_stay(
    plan: Plan, registry: Registry, tmp_path: Path
) -> None:
    where = tmp_path.resolve()
    old, young = (write_private(where / f"{n}.csv", n) for n in ("old", "young"))
    left(registry, CREDENTIALS, old, days=31)
    left(registry, CREDENTIALS, young, days=29)
    upload = left(registry, UPLOAD, write_private(where / "upload.csv", "a,b\n"), days=61)
    draft = aged(write_private(plan.workspace / ".latest.0a1b2c3d.tmp", "half"), days=2)
    fresh = aged(write_private(plan.workspace / ".latest.0a1b2c3e.tmp", "half"), days=0)
    half = plan.runs / ".20261101T000000Z.00c0ffee.draft"
    write_private(half / "students.csv", "half")
    aged(half, days=3)
    before = registry.sequence
    seen = look(plan, registry, at=NOW)
    assert registry.sequence == before
    assert seen.frame.select("kind", "name").rows() == [
        ("credentials", "old.csv"), ("drafts", ".latest.0a1b2c3d.tmp"), ("drafts", half.name),
        ("uploads", "upload.csv"), ("runs", RUNS[0]), ("runs", RUNS[2]),
    ]  # fmt: skip
    kinds = seen.frame["kind"].to_list()
    assert kinds == sorted(kinds, key=list(FINDERS).index)
    purge(plan, registry, by="Ana", at=NOW)
    assert not [path for path in (old, upload, draft, half) if path.exists()]
    assert young.exists()
    assert fresh.exists()
    assert sorted(path.name for path in plan.runs.iterdir()) == [
        RUNS[1],
        RUNS[3],
        RUNS[4],
    ]  # the latest stays
    assert plan.path.exists()
    assert (plan.workspace / WORKSPACE_MARK).exists()


def test_the_registry_says_what_how_many_and_by_whom(plan: Plan, registry: Registry) -> None:
    purge(plan, registry, by="Ana", at=NOW)
    told = registry.audit().filter(what="purged").row(-1, named=True)
    assert (told["subject"], told["who"]) == ("runs", "Ana")
    detail = json.loads(told["detail"])
    assert (detail["removed"], detail["days"]) == (2, 300)
    assert registry.verify().ok
    before = registry.sequence
    assert purge(plan, registry, by="Ana", at=NOW).frame.is_empty()
    assert registry.sequence == before


def test_a_work_list_goes_filled_in_too_and_another_file_of_its_name_stays(
    plan: Plan, registry: Registry, tmp_path: Path
) -> None:
    where, columns = tmp_path.resolve(), tuple(LIST.columns)
    for name in ("a.csv", "b.xlsx", "other.csv", "upload.csv"):
        write_for_people(where / name, LIST)
        kind = UPLOAD if name == "upload.csv" else WORK_LIST
        left(registry, kind, where / name, days=200, columns=columns)
    filled = LIST.with_columns(decision=pl.lit("match"))
    for name in ("a.csv", "b.xlsx", "upload.csv"):
        write_for_people(where / name, filled)
    write_private(where / "other.csv", "recipe,sugar\ncake,2\n")
    done = purge(plan, registry, by="Ana", at=NOW)
    assert not (where / "a.csv").exists()
    assert not (where / "b.xlsx").exists()
    assert done.kept.select("name", "why").rows() == [
        ("other.csv", "it was changed since, or is another file"),
        ("upload.csv", "it was changed since, or is another file"),
    ]
    assert (where / "other.csv").exists()


@pytest.mark.skipif(WINDOWS, reason="another operating system: links need rights there")
def test_no_link_is_followed(plan: Plan, registry: Registry, tmp_path: Path) -> None:
    where = tmp_path.resolve()
    precious = write_private(where / "precious" / "thesis.txt", "x")
    left(registry, CREDENTIALS, write_private(where / "c.csv", "x"), days=99)
    (where / "c.csv").unlink()
    (where / "c.csv").symlink_to(precious)
    inside = left(registry, CREDENTIALS, write_private(where / "d" / "e.csv", "x"), days=99)
    (where / "d").rename(where / "moved")
    (where / "d").symlink_to(where / "moved")
    (plan.runs / "20230101T000000Z").symlink_to(precious.parent)
    (plan.runs / RUNS[0] / "run.json").unlink()
    (plan.runs / RUNS[0] / "run.json").symlink_to(precious)
    (plan.workspace / ".a.00000000.draft").symlink_to(precious.parent)
    done = purge(plan, registry, by="Ana", at=NOW)
    assert precious.read_text(encoding="utf-8") == "x"
    assert inside.exists()
    assert done.frame["name"].to_list() == [RUNS[2]]
    assert done.kept.select("name", "why").rows() == [
        ("c.csv", "a symbolic link stands in its place"),
        ("e.csv", "a symbolic link stands in its place"),
        (RUNS[0], "it holds files that are not reconcile's"),
    ]


@pytest.mark.skipif(WINDOWS, reason="another operating system: links need rights there")
def test_a_workspace_that_leads_elsewhere_is_left_alone(
    plan: Plan, registry: Registry, tmp_path: Path
) -> None:
    plan.runs.rename(tmp_path / "elsewhere")
    plan.runs.symlink_to(tmp_path / "elsewhere")
    assert look(plan, registry, at=NOW).frame.is_empty()
    plan.runs.unlink()
    (tmp_path / "elsewhere").rename(plan.runs)
    (plan.workspace / WORKSPACE_MARK).unlink()  # a folder of somebody else
    assert look(plan, registry, at=NOW).frame.is_empty()


def test_a_run_with_a_strangers_file_stays(plan: Plan, registry: Registry) -> None:
    write_private(plan.runs / RUNS[0] / "notes.txt", "x")
    done = purge(plan, registry, by="Ana", at=NOW)
    assert (plan.runs / RUNS[0] / "audit.html").exists()
    assert done.kept["name"].to_list() == [RUNS[0]]


def test_what_the_system_holds_on_to_is_said_and_noted(
    plan: Plan, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr("reconcile.flow.purge.shutil.rmtree", refuse)
    with pytest.raises(OutputError, match=r"2 things could not be removed, the first .*20240101T000000Z"):
        purge(plan, registry, by="Ana", at=NOW)
    assert registry.audit()["what"].to_list()[-2:] == ["purged", "not_purged"]


def test_nothing_goes_while_a_run_is_on_or_without_a_word_of_the_plan(plan: Plan, registry: Registry) -> None:
    with (
        lock(plan.workspace / WORKSPACE_MARK, what="x"),
        pytest.raises(OutputError, match="is in use by another reconcile process"),
    ):
        purge(plan, registry, by="Ana", at=NOW)
    with pytest.raises(InputError, match="A purge needs the name of who makes it"):
        purge(plan, registry, by=" ", at=NOW)
    silent = PLAN.partition("[retention]")[0]
    quiet = Plan.parse(silent, path=plan.path, files=False)
    with pytest.raises(
        InputError, match=r"does not say how long anything is kept.*credentials, drafts, warehouses"
    ):
        purge(quiet, registry, by="Ana", at=NOW)
    for wrong in ("runs = 0", 'runs = "a year"', "warehouse = 3"):
        with pytest.raises(PlanError, match=r"\[retention\] (runs|warehouse):"):
            Plan.parse(f"{silent}[retention]\n{wrong}\n", path=plan.path, files=False)


def test_spilled_folders_of_dead_processes_go_and_those_of_living_ones_stay(
    plan: Plan, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path.resolve() / "tmp"
    monkeypatch.setattr("reconcile.flow.purge.scratch_places", lambda: (place,))
    for name in ("reconcile-dead", "reconcile-alive"):
        aged(write_private(place / name / ".owned", ""), days=3)
        aged(place / name, days=3)
    plan = Plan.parse(PLAN + "warehouses = 1\n", path=plan.path, files=False)
    with lock(place / "reconcile-alive" / ".owned", what="x"):
        done = purge(plan, registry, by="Ana", at=NOW)
    assert done.frame.filter(kind="warehouses")["name"].to_list() == ["reconcile-dead"]
    assert [path.name for path in place.iterdir()] == ["reconcile-alive"]


def test_the_command_lists_first_and_removes_then(
    plan: Plan, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.close()
    assert main(["purge", "--plan", str(plan.path), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "Would remove:" in said
    assert RUNS[0] in said
    assert (plan.runs / RUNS[0]).exists()
    assert main(["purge", "--plan", str(plan.path)]) == 2
    assert "Say who purges with --by" in capsys.readouterr().err
    assert main(["purge", "--plan", str(plan.path), "--by", "Ana"]) == 0
    assert "Removed:" in capsys.readouterr().out
    assert not (plan.runs / RUNS[0]).exists()
    assert (plan.runs / RUNS[1]).exists()
    assert main(["purge", "--plan", str(plan.path), "--by", "Ana"]) == 0
    assert "Nothing is older than the plan wants it kept." in capsys.readouterr().out
