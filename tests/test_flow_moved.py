"""Decisions move statuses, weights and the quality of the links, and the reader sees by how much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import take

from reconcile.columns import Status
from reconcile.errors import RegistryError
from reconcile.flow.moved import Moved, moved
from reconcile.flow.practice import COLLEAGUE, play_reviewer
from reconcile.plan import Plan
from reconcile.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def plan(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Give a plan whose pairs of every level of certainty a colleague has decided, by the truth."""
    made = Plan.read(take(small, tmp_path_factory.mktemp("moved") / "p"))
    truth = (small / "truth_students.csv", small / "truth_accounts.csv")
    assert play_reviewer(made, truth=truth, pairs=60) == 60
    assert play_reviewer(made, truth=truth, pairs=60) == 0  # once is enough
    return made


@pytest.fixture(scope="module")
def effect(plan: Plan) -> Moved:
    return moved(plan)


def test_every_student_has_a_status_before_and_after(effect: Moved) -> None:
    assert effect.frame["status"].to_list() == [status.value for status in Status]
    assert effect.frame["before"].sum() == effect.frame["after"].sum() > 0
    change = dict(effect.frame.select("status", "change").rows())
    assert change["review"] < 0
    assert change["recoverable"] + change["mintable"] > 0
    assert (effect.decisions, effect.changed, effect.taught) == (60, 0, False)  # few of them are different


def test_the_links_are_better_with_decisions_than_without(effect: Moved) -> None:
    assert effect.quality is not None
    without, within = effect.quality
    assert without.recall[0] < within.recall[0]
    for quality in effect.quality:
        for low, estimate, high in ((q[1], q[0], q[2]) for q in (quality.precision, quality.recall)):
            assert 0 <= low <= estimate <= high <= 1
    assert without.precision[2] - without.precision[1] < 0.5


def test_it_is_shown_in_words_and_as_a_picture_of_nobody(effect: Moved) -> None:
    assert "60 decisions hold. They are too few to move the weights." in repr(effect)
    assert "right pairs that are linked" in repr(effect)
    assert "May have an account" in effect.chart.spoken


def test_without_decisions_nothing_moves(plan: Plan, tmp_path: Path) -> None:
    other = replace(plan, registry=str(tmp_path / "other.sqlite"))
    with pytest.raises(RegistryError, match="There is no registry"):
        moved(other)
    Registry.open(other.registry, demo=True).close()
    same = moved(other)
    assert same.frame["change"].to_list() == [0] * len(Status)
    assert (same.quality, same.decisions) == (None, 0)
    assert same.chart.spoken.endswith("None.")


def test_who_decided_is_known(plan: Plan) -> None:
    with Registry.open(plan.registry, demo=True) as registry:
        assert registry.words()["by"].unique().to_list() == [COLLEAGUE]
        assert registry.decisions().filter(pl.col("decision") == "match").height > 5
