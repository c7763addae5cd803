"""Steps of a batch, and what each asks of it: a last day, rules, a second person."""

from __future__ import annotations

from datetime import datetime

import pytest

from reconcile.errors import ApprovalError, RegistryError
from reconcile.mint.states import STEPS, BatchState, is_late, require_bound, require_second, require_step

ROW = {"id": "b", "valid_until": "2026-11-21", "suite_hash": "s", "mints": 1, "proposer": "Ana"}


@pytest.mark.parametrize(("day", "late"), [(20, False), (21, False), (22, True)])
def test_a_batch_lives_to_the_end_of_its_last_day_where_it_is_approved(day, late):
    at = datetime(2026, 11, day, 23, 30).astimezone()  # the clock on the wall
    assert is_late(ROW, at) is late
    assert not is_late(ROW | {"valid_until": None}, at)


def test_rules_are_compared_where_there_are_new_accounts():
    at = datetime(2026, 11, 21, 12).astimezone()
    require_bound(ROW, at, suite_hash="s")
    require_bound(ROW, at)
    require_bound(ROW | {"mints": 0, "suite_hash": ""}, at, suite_hash="s")
    with pytest.raises(ApprovalError, match="the rules changed since it was checked; run the plan again"):
        require_bound(ROW, at, suite_hash="other")


@pytest.mark.parametrize(
    ("name", "problem"), [("", "none was given"), ("A\u200bna", "invisible"), ("LEE, ana", "same person")]
)
def test_an_approver_is_somebody_else_with_a_readable_name(name, problem):
    with pytest.raises(ApprovalError, match=problem):
        require_second(ROW | {"proposer": "Ana Lee"}, name)
    require_second(ROW, "Ben")


@pytest.mark.parametrize("to", STEPS)
@pytest.mark.parametrize("state", BatchState)
def test_steps_are_taken_from_where_they_may(to, state):
    row = {"state": state.value}
    if state in STEPS[to]:
        assert require_step(row, "b", to) is row
        return
    after = (BatchState.MINTED, BatchState.HANDED_OVER, BatchState.DELIVERED, BatchState.LOADED)
    expected = ApprovalError if state is BatchState.SUBMITTED and to in after else RegistryError
    with pytest.raises(expected, match=f"is {state.value.replace('_', ' ')}"):
        require_step(row, "b", to)
