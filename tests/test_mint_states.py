"""Steps of a batch and the comparison of two people's names."""

from __future__ import annotations

import pytest

from reconcile.errors import ApprovalError, RegistryError
from reconcile.mint.states import STEPS, BatchState, require_step, same_person


@pytest.mark.parametrize(
    ("left", "right"), [("Ana", "ana "), ("José  Núñez", "JOSE nunez"), ("Straße", "STRASSE")]
)
def test_spelling_makes_no_second_person(left, right):
    assert same_person(left, right)


def test_other_names_are_other_people():
    assert not same_person("Ana", "Anna")


@pytest.mark.parametrize("to", STEPS)
@pytest.mark.parametrize("state", BatchState)
def test_steps_are_taken_from_where_they_may(to, state):
    row = {"state": state.value}
    if state in STEPS[to]:
        assert require_step(row, "b", to) is row
        return
    expected = ApprovalError if state is BatchState.SUBMITTED else RegistryError
    with pytest.raises(expected, match=f"is {state.value}"):
        require_step(row, "b", to)
