"""What is left out of a published table cannot be worked out from what is shown."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.report import suppress
from reconcile.report.suppress import left_out, publish, with_totals

FEW = 3  # in place of ten, so that every table there is can be tried


def feasible(whole: list[list[int]], hidden: set[tuple[int, int]]) -> dict[tuple[int, int], set[int]]:
    """Try every table that agrees with what is shown: which values each hidden cell can have."""
    height, width = len(whole) - 1, len(whole[0]) - 1
    most = whole[-1][-1]
    inner = [(row, column) for row in range(height) for column in range(width)]
    choices = [range(most + FEW) if cell in hidden else (whole[cell[0]][cell[1]],) for cell in inner]
    values: dict[tuple[int, int], set[int]] = {cell: set() for cell in hidden}
    for chosen in product(*choices):
        table = [list(chosen[row * width : (row + 1) * width]) for row in range(height)]
        tried = with_totals(table)
        if all(
            tried[row][column] == whole[row][column]
            for row, column in product(range(height + 1), range(width + 1))
            if (row, column) not in hidden
        ):
            for row, column in hidden:
                values[row, column].add(tried[row][column])
    return values


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 2).flatmap(lambda width: st.lists(
    st.lists(st.sampled_from([0, 1, 2, 4]), min_size=width, max_size=width), min_size=1, max_size=2
)))  # fmt: skip
def test_no_hidden_cell_has_only_one_value(inner: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppress, "SMALLEST", FEW)
        whole = with_totals(inner)
        hidden = left_out(whole)
        assert {
            (row, column) for row, line in enumerate(whole) for column, n in enumerate(line) if n < FEW
        } <= hidden
        for found in feasible(whole, hidden).values():
            assert len(found) > 1


@pytest.mark.parametrize("seed", range(40))
def test_totals_do_not_give_a_hidden_cell_back(seed: int) -> None:
    """A cell is given away when it is a combination of the equations of rows and columns."""
    chance = random.Random(seed)  # noqa: S311 - a table to try
    height, width = chance.randint(1, 9), chance.randint(1, 5)
    few_and_many = [0, 1, 5, 9, 10, 12, 40, 200, 1000]
    whole = with_totals([[chance.choice(few_and_many) for _ in range(width)] for _ in range(height)])
    hidden = sorted(left_out(whole))
    signs = [1] * width + [-1], [1] * height + [-1]
    rows = [[signs[0][c] * (r == at) for r, c in hidden] for at in range(height + 1)]
    columns = [[signs[1][r] * (c == at) for r, c in hidden] for at in range(width + 1)]
    known = np.array(rows + columns)
    rank = np.linalg.matrix_rank(known)
    for one in np.eye(len(hidden)):
        assert np.linalg.matrix_rank(np.vstack([known, one])) > rank


def test_a_small_cell_takes_another_with_it() -> None:
    table = pl.DataFrame({"term": ["257", "263", None], "with": [500, 300, 40], "without": [100, 4, 12]})
    shown = publish(table, name="term", counts=["with", "without"])
    assert shown.rows() == [
        ("257", "500", "100", "600"),
        ("263", "*", "*", "304"),
        ("not stated", "*", "*", "52"),
        ("total", "840", "116", "956"),
    ]


def test_nothing_small_hides_nothing_and_nothing_at_all_is_no_table() -> None:
    table = pl.DataFrame({"term": ["a", "b"], "with": [10, 20], "without": [30, 40]})
    assert "*" not in publish(table, name="term", counts=["with", "without"]).to_series(1).to_list()
    assert publish(table.clear(), name="term", counts=["with", "without"]).rows() == []
