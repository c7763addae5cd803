"""Processes that are killed, and processes that mint at once: no number is lost, doubled or used again."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from registries import allotted, approved, place, submitted, wanted  # noqa: F401

from reconcile.mint.batch import approve, mint
from reconcile.registry import Registry

KILLS = {"sqlite": 10, "postgresql": 6}
BATCH = 400
DEADLINE = 60  # seconds; a process that has not come so far hangs
# Polars' threads do not survive a fork of this process; a server that has only imported it can be forked.
SPAWN = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    SPAWN.set_forkserver_preload(["pytest", "reconcile.mint.batch", "reconcile.registry.store"])


def mint_for_ever(where, turn, acknowledged):
    """Mint batch after batch, and write down each one that was acknowledged."""
    with (
        Registry.open(where, create=False) as registry,
        Path(acknowledged).open("a", encoding="utf-8") as log,
    ):
        for number in range(10_000):
            rows = wanted(*(f"{turn}-{number}-{row:03d}" for row in range(BATCH)))
            batch = approved(registry, rows)
            log.write(f"{json.dumps(['started', batch.id])}\n")
            log.flush()
            result = mint(batch, registry=registry)
            log.write(f"{json.dumps(['minted', result.frame.rows()])}\n")
            log.flush()


def mint_overlapping(where, worker, barrier):
    """Mint students that the other workers ask for as well."""
    with Registry.open(where, create=False) as registry:
        barrier.wait(DEADLINE)
        for number in range(6):
            rows = wanted(*(f"{(worker * 7 + number * 11 + row) % 60:03d}" for row in range(25)))
            batch = submitted(registry, rows, proposer=f"Ana {worker}")
            if batch.state == "submitted":
                batch = approve_once(registry, batch)
            if batch.state == "approved":
                mint(batch, registry=registry)


def approve_once(registry, batch):
    from reconcile.errors import RegistryError  # noqa: PLC0415
    from reconcile.mint.batch import look_up  # noqa: PLC0415

    try:
        return approve(registry, batch.id, approver="Ben")
    except RegistryError:  # another worker was quicker with the same batch
        return look_up(registry, batch.id)


def acknowledged_in(path):
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines[:-1]]  # what stands after the last line feed is torn


def test_kill_9_loses_and_doubles_nothing(allotted, tmp_path):  # noqa: F811
    chance = random.Random(20261121)  # noqa: S311 - when to kill, not what to keep secret
    kills = KILLS["sqlite" if isinstance(allotted, Path) else "postgresql"]
    log = tmp_path / "acknowledged"
    for turn in range(kills):
        process = SPAWN.Process(target=mint_for_ever, args=(allotted, turn, str(log)))
        before = len(acknowledged_in(log))
        process.start()
        try:
            wait_for(lambda before=before: len(acknowledged_in(log)) > before)
            time.sleep(chance.uniform(0, 0.15))
        finally:
            process.kill()
            process.join()
            process.close()
    entries = acknowledged_in(log)
    told = {
        (college, sis_id): cccid
        for what, rows in entries
        if what == "minted"
        for college, sis_id, cccid, _ in rows
    }
    with Registry.open(allotted, create=False) as registry:
        held = registry.issued()
        found = {
            (college, sis_id): cccid
            for college, sis_id, cccid in held.select("college", "sis_id", "cccid").rows()
        }
        assert told.items() <= found.items()
        assert held["cccid"].n_unique() == held.height == len(found)
        assert registry.verify().ok
        for what, batch_id in entries:  # whatever was cut short is finished, and nothing twice
            if what == "started":
                assert mint(batch_id, registry=registry).frame.height == BATCH
        after = registry.issued()
        assert (
            found.items()
            <= {(c, s): n for c, s, n in after.select("college", "sis_id", "cccid").rows()}.items()
        )
        assert after["cccid"].n_unique() == after.height
        assert registry.verify().ok
    assert len({batch_id for what, batch_id in entries if what == "started"}) >= kills


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
    workers = 3
    barrier = SPAWN.Barrier(workers)
    processes = [SPAWN.Process(target=mint_overlapping, args=(allotted, n, barrier)) for n in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(DEADLINE)
        assert process.exitcode == 0
    with Registry.open(allotted, create=False) as registry:
        held = registry.issued()
        assert held["cccid"].n_unique() == held["sis_id"].n_unique() == held.height
        assert held.height >= 25
        assert registry.verify().ok


def test_a_crash_at_any_step_of_minting_changes_nothing(tmp_path, monkeypatch):
    with Registry.open(tmp_path / "r.sqlite") as registry:
        registry.allot("AAA0001", "AAA9999", authority="Chancellor's Office")
        batch = approved(registry, wanted(1, 2))
        before = registry.audit()
        for step in ("requests", "served", "claim", "issue", "log", "change_batch"):
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


def wait_for(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"process {os.getpid()} waited in vain"
        time.sleep(0.005)
