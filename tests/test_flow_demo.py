"""The demo does the whole job and mints, in a registry that can deliver nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import platformdirs
import polars as pl
import pytest

from reconcile.cccid import WATERMARK
from reconcile.columns import Status
from reconcile.errors import InputError, OutputError, RegistryError
from reconcile.flow import practice as module
from reconcile.flow.demo import APPROVER, demo
from reconcile.flow.practice import SYSTEMS, practice_registry
from reconcile.mint.batch import look_up
from reconcile.registry import Registry
from reconcile.resources import sample

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.flow.run import Run


def test_it_ends_with_numbers_that_a_second_person_approved(demo_run: Run, demo_folder: Path) -> None:
    assert demo_run.gate_open
    assert demo_run.batch is not None
    assert (demo_run.batch.state, demo_run.batch.approver) == ("minted", APPROVER)
    assert demo_run.batch.command == ""
    counts = dict(demo_run.summary.select("status", "students").iter_rows())
    assert demo_run.batch.mints == counts[Status.MINTABLE]
    assert demo_run.batch.recoveries == counts[Status.RECOVERABLE]
    with Registry.open(demo_folder / "registry.sqlite", demo=True, create=False) as registry:
        issued = registry.issued()
        assert registry.verify().ok
        assert look_up(registry, demo_run.batch.id).proposer != APPROVER
    assert issued["sis_id"].is_unique().all()
    new = issued.filter(pl.col("kind") == "mint")["cccid"]
    assert new.str.starts_with(WATERMARK).all()
    assert not set(new.str.strip_prefix(WATERMARK)) & set(demo_run.accounts["cccid"])


def test_its_registry_is_stamped(demo_folder: Path) -> None:
    with pytest.raises(RegistryError, match="is stamped DEMO"):
        Registry.open(demo_folder / "registry.sqlite", create=False)


def test_every_new_number_is_in_the_outputs(demo_run: Run) -> None:
    students = pl.read_csv(demo_run.audit.parent / "students.csv", infer_schema=False)
    assert demo_run.batch is not None
    issued = students.drop_nulls("issued_cccid")
    assert issued.height == demo_run.batch.mints + demo_run.batch.recoveries
    assert set(issued["status"]) == {Status.MINTABLE.value, Status.RECOVERABLE.value}


def test_all_statuses_but_the_one_of_a_second_run_occur(demo_run: Run) -> None:
    assert {*Status} - {Status(s) for s in demo_run.summary["status"]} == {Status.PENDING_LOAD}


@pytest.fixture
def practice(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo with a small sample in the place of the shipped one."""
    shutil.copytree(small, tmp_path / "sample" / "colleague")
    monkeypatch.setattr(module, "sample", lambda: tmp_path / "sample")
    return tmp_path / "out"


def test_again_it_mints_nobody(practice: Path) -> None:
    told: list[str] = []
    first = demo(out=practice, sis="colleague", progress=told.append)
    assert told[-2:] == ["Approve and mint (a scripted second person)", "Write the reports"]
    again = demo(out=practice, sis="colleague")
    assert first.batch is not None
    assert again.batch is None
    waiting = again.resolution.frame.filter(status=Status.PENDING_LOAD.value)
    assert waiting.height == first.batch.mints + first.batch.recoveries
    assert again.audit.parent != first.audit.parent


def test_where_a_service_copies_the_folder_the_registry_lies_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents often lie in such a folder; there a registry is refused."""
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: tmp_path / "data")
    synced = tmp_path / "OneDrive - Example College"
    first, second = (practice_registry(synced / name) for name in ("one", "two"))
    assert first.parent == second.parent == tmp_path / "data" / "demo"
    assert first == practice_registry(synced / "one") != second
    assert practice_registry(tmp_path / "here") == tmp_path / "here" / "registry.sqlite"


def test_without_a_folder_it_works_in_demo(
    practice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="holds files that are not reconcile's") as caught:
        demo(sis="colleague")
    assert str(tmp_path / "demo") in str(caught.value)
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["thesis.txt"]


def test_an_unknown_system_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='Did you mean "banner"'):
        demo(out=tmp_path / "out", sis="bannr")
    assert not (tmp_path / "out").exists()


def test_there_is_a_sample_of_each_system() -> None:
    assert {path.parent.name for path in sample().glob("*/plan.toml")} == set(SYSTEMS)
