"""The desk of a plan and of a notebook's own pairs; what is decided there counts in the next run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from desks import ACCOUNTS, DUPLICATES, LINKS, STUDENTS, open_registry, with_roles
from plans import change_plan, take

from reconcile.errors import InputError, PlanError, Refused
from reconcile.flow.desk import desk
from reconcile.plan import Plan
from reconcile.registry.tables import decisions
from reconcile.review.cases import Cases, Part

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.review.panel import ReviewPanel

DAY = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
IDS = ("sis_id", "cccid")


def steps_of(plan: Path, **options: object) -> list[str]:
    steps: list[str] = []
    desk(plan, reviewer="Ana", progress=steps.append, **options).close()  # type: ignore[arg-type]
    return steps


@pytest.fixture
def plan(small: Path, tmp_path: Path) -> Path:
    return take(small, tmp_path / "p")


def test_a_plans_pairs_are_compared_once_until_the_plan_changes(plan: Path) -> None:
    assert "Compare the records" in steps_of(plan)
    assert "Compare the records" not in steps_of(plan)
    panel = desk(plan, reviewer="Ana")
    assert "no run of this plan" not in panel._note
    panel.close()
    change_plan(plan, thresholds={"review_probability": 0.2})
    assert "Compare the records" in steps_of(plan)


@pytest.mark.parametrize("number", [0, 3, "two"])
def test_one_or_two_reviewers_and_no_other_number(plan: Path, number: object) -> None:
    change_plan(plan, review={"reviewers": number})
    with pytest.raises(PlanError, match=r"\[review\] reviewers"):
        Plan.read(plan)


def test_pairs_of_a_notebook_have_a_desk_too(tmp_path: Path) -> None:
    with open_registry(tmp_path) as registry:
        links = desk(LINKS, STUDENTS, ACCOUNTS, registry=registry, reviewer="Ana", id=IDS, reviewers=2)
        assert links.progress.left == 4
        links.decide("match")
        own = desk(DUPLICATES, STUDENTS, registry=registry, reviewer="Ana", id="sis_id", limit=1)
        assert (own.progress.left, own.progress.waiting) == (1, 1)
        assert registry.words()["table"].to_list() == ["links"]
    panel = desk(DUPLICATES, STUDENTS, registry=tmp_path / "mine.sqlite", reviewer="Ana", id="sis_id")
    panel.decide("different")
    panel.close()
    assert (tmp_path / "mine.sqlite").is_file()


def test_what_is_missing_is_named(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name of the reviewer"):
        desk(plan, reviewer=" ")
    assert not list(plan.parent.glob("*.sqlite"))
    with pytest.raises(InputError, match="registry that keeps the decisions"):
        desk(LINKS, STUDENTS, ACCOUNTS, reviewer="Ana")
    with open_registry(tmp_path) as registry, pytest.raises(InputError, match='No column "id"'):
        desk(LINKS, STUDENTS, ACCOUNTS, registry=registry, reviewer="Ana")


def test_a_reviewer_decides_without_birthdates_and_the_decision_holds(tmp_path: Path) -> None:
    with open_registry(tmp_path) as registry:
        with_roles(registry, Ana="requester", Eva="reviewer")

        def opened(reviewer: str) -> ReviewPanel:
            return desk(LINKS, STUDENTS, ACCOUNTS, registry=registry, reviewer=reviewer, id=IDS)

        veiled = opened("Eva")
        assert not DAY.search(str(veiled._window()))
        veiled.decide("match")
        clear = opened("Ana")
        assert DAY.search(str(clear._window()))
        assert clear.progress.left == 3
        clear.decide("different")
        assert registry.verify().ok
        real = set(Cases([Part(pairs=LINKS, left=STUDENTS, right=ACCOUNTS, id=IDS)]).hashes)
        assert set(registry.words()["hash"]) < real
        kept = registry.inspect(lambda connection: connection.execute(sa.select(decisions.c.hash)).scalars())
        assert real.isdisjoint(kept)  # reviewers read this column, and could try out the days
        with pytest.raises(Refused, match="Dora lacks it"):
            opened("Dora")
