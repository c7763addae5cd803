"""Blocking reaches what is damaged in one place, on tables of a size that is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from benchmarks import run as module
from benchmarks.blocking import AIM, SEVERAL, reached, short
from benchmarks.linkage_data import synthetic

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.linkage_data import Task


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task]:
    """Tables of a few thousand records, with the truth."""
    return synthetic(tmp_path_factory.mktemp("tables"), students=6_000, accounts=15_000, seed=11)


@pytest.mark.parametrize("name", ["deduplicate", "link", "link, all fields"])
def test_blocking_reaches_pairs_damaged_in_one_place(tasks: dict[str, Task], name: str) -> None:
    told, rules = reached(tasks[name], in_full=0)
    one = told.filter(pl.col("damage") != SEVERAL)
    assert one.height > 10
    together = (one["pairs"] * one["reached"]).sum() / one["pairs"].sum()
    assert together >= AIM
    assert all(share >= 0.9 for _, share in short(told))  # of few pairs a single one is more than a hundredth
    assert rules["pairs"].sum() > one["pairs"].sum()
    assert {"last + birth", "first + last + year"} <= set(rules["rule"])


def test_what_is_never_compared_is_found_short(tasks: dict[str, Task]) -> None:
    told, _ = reached(tasks["link"], in_full=0)
    worse = told.with_columns(reached=pl.when(pl.col("damage") == "typo").then(0.5).otherwise("reached"))
    assert ("typo", 0.5) in short(worse)


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "FILES", tmp_path)
    assert module.main(["blocking", "--students", "60", "--accounts", "240"]) == 0
    said = capsys.readouterr().out
    assert "| damage | pairs | reached |" in said
    assert "| rule | keys | pairs | oversized keys | dropped pairs |" in said
