"""Processes that are killed, and processes that mint at once: no number is lost, doubled or used again."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import pytest
from harness import common, crash, crowd, faults, kill
from registries import NOT_ON_WINDOWS, allotted, approved, place, wanted  # noqa: F401

from reconcile.mint.batch import mint
from reconcile.registry import Registry

DEADLINE = common.DEADLINE
SPAWN = common.SPAWN
EVERY_STEP = tuple(range(common.ASKS, common.TOLD + 1))


@pytest.fixture
def short_folder():
    """Lend a folder for sockets, whose paths may have about a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="crash") as folder:
        yield Path(folder)


def test_kill_9_loses_and_doubles_nothing(allotted, tmp_path):  # noqa: F811
    outcome = kill.run(allotted, tmp_path, kills=2, seed=20261121, size=60, aim=EVERY_STEP)
    assert outcome.ok, str(outcome)
    assert outcome.kills == len(EVERY_STEP) + 2
    assert outcome.in_flight >= 6
    assert all(outcome.at[step] for step in EVERY_STEP)
    assert outcome.acknowledged > 0


@pytest.mark.parametrize(
    ("broken", "step"), [("acknowledge-first", common.LOGGED), ("no-transaction", common.ENTERED)]
)
def test_the_harness_notices_minting_that_is_broken(tmp_path, broken, step):
    where = common.make_registry("sqlite", tmp_path)
    outcome = kill.run(where, tmp_path, kills=0, size=5, aim=(step,), broken=broken)
    assert not outcome.ok
    assert outcome.lost == 5 if broken == "acknowledge-first" else outcome.problems


def test_a_disk_that_fails_leaves_all_or_nothing(tmp_path):
    if faults.compiler():
        calls = {"a write fails": (1,), "the disk is full": (4,), "a sync fails": (1,)}
        outcome = faults.on_sqlite(tmp_path, only=calls, size=40)
        assert outcome.ok, str(outcome)
        assert outcome.unchanged.total() + outcome.committed.total() == 3
    outcome = faults.on_statements(common.make_registry("sqlite", tmp_path / "r"), end=False, size=5)
    assert outcome.ok, str(outcome)
    assert outcome.unchanged.total() > 5


@pytest.mark.skipif(sys.platform == "win32", reason=NOT_ON_WINDOWS)
def test_a_connection_that_ends_leaves_all_or_nothing(tmp_path):
    outcome = faults.on_statements(common.make_registry("postgresql", tmp_path), end=True, size=5)
    assert outcome.ok, str(outcome)
    assert outcome.unchanged.total() > 5


@pytest.mark.skipif(sys.platform == "win32", reason=NOT_ON_WINDOWS)
def test_a_server_that_is_killed_and_a_commit_without_an_answer_leave_all_or_nothing(short_folder):
    outcome = crash.run(short_folder, kills=1, seed=20261121, size=20, disks=False)
    assert outcome.ok, str(outcome)
    told = outcome.committed + outcome.unchanged
    assert [told[kind] for kind in crash.KINDS] == [1, 1, 1, 1]
    assert outcome.committed[crash.KINDS[3]] == 1


def open_new(where, barrier):
    barrier.wait(DEADLINE)
    Registry.open(where).close()


def test_processes_may_make_one_registry_at_once(place):  # noqa: F811
    barrier = SPAWN.Barrier(4)
    processes = [SPAWN.Process(target=open_new, args=(place, barrier)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE)
        assert process.exitcode == 0
    with Registry.open(place, create=False) as registry:
        assert registry.audit()["what"].to_list() == ["created"]


def test_processes_that_mint_at_once_share_nothing(allotted):  # noqa: F811
    outcome = crowd.run(allotted, processes=3, requests=150, size=25)
    assert outcome.ok, str(outcome)
    assert outcome.asked > outcome.students >= 25


def test_a_crash_at_any_step_of_minting_changes_nothing(tmp_path, monkeypatch):
    with Registry.open(tmp_path / "r.sqlite") as registry:
        registry.allot("AAA0001", "AAA9999", authority="Chancellor's Office")
        batch = approved(registry, wanted(1, 2))
        before = registry.audit()
        for step in ("content", "served", "claim", "issue", "log", "change_batch"):
            with monkeypatch.context() as patch:
                _break_after(patch, step)
                with pytest.raises(ZeroDivisionError):
                    mint(batch, registry=registry)
            assert registry.issued().is_empty()
            assert registry.audit().equals(before)
        assert mint(batch, registry=registry).frame["cccid"].to_list() == ["AAA0001", "AAA0002"]


def test_a_hundred_thousand_fit_in_one_batch(tmp_path):
    with Registry.open(tmp_path / "r.sqlite") as registry:
        registry.allot("AAA0001", "AAZ9999", authority="Chancellor's Office")
        batch = approved(registry, wanted(*range(100_000)))
        started = time.process_time()
        result = mint(batch, registry=registry)
        spent = time.process_time() - started
        assert result.frame["cccid"].n_unique() == 100_000
        assert spent < 3, f"{spent:.2f} CPU-seconds; 0.8 were measured on a quiet machine"
        assert isinstance(result.frame, pl.DataFrame)


def _break_after(patch, step):
    from reconcile.registry.ledger import Ledger  # noqa: PLC0415

    real = getattr(Ledger, step)

    def broken(*args, **options):
        real(*args, **options)
        raise ZeroDivisionError

    patch.setattr(Ledger, step, broken)
