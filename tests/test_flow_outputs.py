"""A run's facts are gathered once, and its folder is written whole or not at all."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.columns import Status
from reconcile.errors import ConservationError
from reconcile.files import permissions_are_enforced
from reconcile.flow import outputs as module
from reconcile.flow.outputs import gather, write_outputs
from reconcile.flow.requests import ATTESTATION
from reconcile.flow.submit import submit
from reconcile.mint.batch import approve, mint
from reconcile.registry import Registry
from reconcile.report import OUTPUTS
from reconcile.resolve import Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconcile.flow.run import Run

STAMP = datetime(2026, 11, 21, 12, 30, 15, tzinfo=UTC)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(tmp_path / "registry.sqlite", demo=True) as opened:
        yield opened


@pytest.fixture
def done(small_run: Run, tmp_path: Path) -> Run:
    """The run as it stood before it wrote anything, with a workspace of its own."""
    return replace(small_run, plan=replace(small_run.plan, workspace=tmp_path / "w"), folder=None)


def test_the_facts_are_those_of_the_run(done: Run, registry: Registry) -> None:
    facts = gather(done, registry, stamp=STAMP)
    assert facts.title == "Sample college, colleague"
    assert facts.stamp == "2026-11-21 12:30:15 UTC"
    assert (facts.demo, facts.issuer, facts.as_of) == (True, "demo", done.plan.as_of)
    assert facts.population == str(done.plan.population)
    assert facts.inputs == done.inputs.records
    assert facts.students["sis_id"].to_list() == done.resolution.frame["sis_id"].to_list()
    assert facts.students["issued_cccid"].null_count() == 150
    assert facts.students["snapshot_scope"].unique().to_list() == ["systemwide"]
    assert facts.students["snapshot_as_of"].unique().to_list() == ["2026-11-16"]
    assert (facts.batch, facts.notes) == (done.batch, done.notes)


def test_no_fact_is_a_persons_name_or_birthdate(done: Run, registry: Registry) -> None:
    facts = gather(done, registry, stamp=STAMP)
    frames = (facts.students, facts.duplicates, facts.crosswalk, facts.findings, facts.quarantine)
    text = "".join(frame.cast(pl.String, strict=False).write_json() for frame in map(_flat, frames))
    for column in ("last_name", "first_name", "birthdate", "email"):
        values = done.students[column].drop_nulls().unique()
        assert not [value for value in values if len(value) > 5 and f" {value}" in text], column


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    return frame.with_columns(pl.col(lists).list.join(" ")) if lists else frame


def test_pairs_come_with_reasons_and_without_strangers(done: Run, registry: Registry) -> None:
    pairs = gather(done, registry, stamp=STAMP).duplicates
    assert set(pairs["table"]) == {"students", "accounts"}
    assert set(pairs["band"]) <= {"link", "review"}
    assert pairs["reasons"].str.contains("agrees on").any()
    assert (pairs["id_l"] < pairs["id_r"]).all()


def test_findings_leave_out_the_attestation_which_is_judged_with_a_batch(
    done: Run, registry: Registry
) -> None:
    findings = gather(done, registry, stamp=STAMP).findings
    assert set(findings["suite"]) == {"students", "accounts", "mint_request"}
    assert not set(findings["element"]) & set(ATTESTATION)
    bare = gather(replace(done, validations={}), registry, stamp=STAMP).findings
    assert (bare.height, bare.columns) == (0, findings.columns)


def test_numbers_minted_meanwhile_are_told(done: Run, registry: Registry) -> None:
    submit(done, registry, at=STAMP)
    assert done.batch is not None
    approve(registry, done.batch.id, approver="registrar", at=STAMP)
    made = mint(done.batch.id, registry=registry, at=STAMP).frame
    facts = gather(done, registry, stamp=STAMP)
    given = facts.students.drop_nulls("issued_cccid").select("sis_id", "issued_cccid")
    assert dict(given.iter_rows()) == dict(made.select("sis_id", "cccid").iter_rows())
    new = facts.crosswalk.filter(pl.col("origin") == "issued")
    assert new["current"].unique().to_list() == ["yes"]
    assert set(new["sis_id"]) == set(done.resolution.frame.filter(status=Status.MINTABLE.value)["sis_id"])


def test_a_folder_is_named_after_the_stamp_and_never_reused(done: Run, registry: Registry) -> None:
    folders = [write_outputs(done, registry, stamp=STAMP) for _ in range(3)]
    assert [folder.name for folder in folders] == [
        "20261121T123015Z", "20261121T123015Z-2", "20261121T123015Z-3",
    ]  # fmt: skip
    assert done.folder == folders[-1]
    assert done.audit == folders[-1] / "audit.html"
    latest = (done.plan.workspace / "latest").read_bytes()
    assert latest == b"runs/20261121T123015Z-3\n"
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == {*OUTPUTS, "plan.toml"}
    assert (folders[0] / "students.csv").read_bytes() == (folders[2] / "students.csv").read_bytes()
    if permissions_are_enforced():
        assert {stat.S_IMODE(path.stat().st_mode) for path in folders[0].iterdir()} == {0o600}
        assert stat.S_IMODE(folders[0].stat().st_mode) == 0o700


@pytest.mark.parametrize("at", ["report", "gather"])
def test_a_failure_leaves_the_old_outputs(
    done: Run, registry: Registry, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_outputs(done, registry, stamp=STAMP)

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk")

    monkeypatch.setattr(module, at, fail)
    with pytest.raises(OSError, match="disk"):
        write_outputs(done, registry, stamp=STAMP)
    assert [path.name for path in done.plan.runs.iterdir()] == [first.name]
    assert (done.plan.workspace / "latest").read_text(encoding="utf-8") == f"runs/{first.name}\n"


def test_a_lost_student_writes_nothing(done: Run, registry: Registry) -> None:
    done.resolution = Resolution(frame=done.resolution.frame[:-1])
    with pytest.raises(ConservationError, match="149 have a status"):
        write_outputs(done, registry, stamp=STAMP)
    assert list(done.plan.runs.iterdir()) == []
    assert done.folder is None


def test_the_plan_is_kept_without_the_password_of_a_server(done: Run, registry: Registry) -> None:
    text = 'url = "postgresql://analyst:s3cret@db.example.edu/ccc"  # ours\nother = "postgresql://db/x"\n'
    done.plan = replace(done.plan, text=text)
    folder = write_outputs(done, registry, stamp=STAMP)
    kept = (folder / "plan.toml").read_text(encoding="utf-8")
    assert kept == text.replace("s3cret", "***")
