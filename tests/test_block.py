from __future__ import annotations

import itertools
import random

import polars as pl
import pytest

from reconcile.block import EVERY, candidates, rule
from reconcile.engine import Engine


@pytest.fixture(scope="module")
def engine():
    with Engine() as made:
        yield made


def table(rows, seed):
    draw = random.Random(seed)  # noqa: S311 - made-up keys

    def some(n):
        return [draw.choice([*range(n), None]) for _ in range(rows)]

    schema = {"record": pl.Int32, EVERY: pl.Int8, "a": pl.Int32, "b": pl.Int32, "c": pl.Int32}
    return pl.DataFrame(
        {"record": range(rows), EVERY: [0] * rows, "a": some(4), "b": some(3), "c": some(9)}, schema=schema
    )


def obvious(left, right, rules, *, one_table):
    """Look at every pair."""
    found = set()
    for x, y in itertools.product(left.to_dicts(), right.to_dicts()):
        if one_table and x["record"] == y["record"]:
            continue
        for each in rules:
            if all(x[a] is not None and x[a] == y[b] for a, b in each.keys):
                pair = (x["record"], y["record"])
                found.add(tuple(sorted(pair)) if one_table else pair)
    return found


RULES = (rule("a", "b"), rule("a=b", "b=a"), rule("c"), rule("a=c"))


@pytest.mark.parametrize("seed", range(3))
def test_rules_make_the_pairs_that_looking_at_all_makes(engine, seed):
    left, right = table(30, seed), table(25, seed + 50)
    l_table, r_table = engine.load("l", left), engine.load("r", right)
    found = candidates(engine, l_table, r_table, rules=RULES, wide=())
    rows = found.pairs.frame.rows()
    assert len(rows) == len(set(rows))
    assert set(rows) == obvious(left, right, RULES, one_table=False)


@pytest.mark.parametrize("seed", range(3))
def test_in_one_table_each_pair_comes_once_and_in_order(engine, seed):
    only = table(30, seed)
    handle = engine.load("l", only)
    rows = candidates(engine, handle, handle, rules=RULES, wide=()).pairs.frame.rows()
    assert len(rows) == len(set(rows))
    assert all(a < b for a, b in rows)
    assert set(rows) == obvious(only, only, RULES, one_table=True)


def test_every_pair_is_made_where_all_are_wanted(engine):
    handle = engine.load("l", table(40, 1))
    assert candidates(engine, handle, handle, rules=(rule(EVERY),), wide=()).pairs.rows == 40 * 39 // 2


def test_an_oversized_key_is_blocked_again_on_a_rarer_one_and_the_rest_reported(engine):
    rows = 60
    crowd = pl.DataFrame(
        {"record": range(rows), "a": [7] * rows, "b": [n // 3 for n in range(rows)]},
        schema={"record": pl.Int32, "a": pl.Int32, "b": pl.Int32},
    )
    handle = engine.load("l", crowd)
    again = candidates(engine, handle, handle, rules=(rule("a", most=100, rarer=("b",)),), wide=())
    assert again.pairs.rows == 20 * 3
    assert again.rules.row(0, named=True)["oversized_keys"] == 1
    dropped = candidates(engine, handle, handle, rules=(rule("a", most=100),), wide=())
    assert dropped.pairs.rows == 0
    assert dropped.rules["dropped_pairs"].to_list() == [rows * (rows - 1) // 2]


def test_a_budget_shrinks_the_cap(engine):
    handle = engine.load("l", table(200, 3))
    few = candidates(engine, handle, handle, rules=(), wide=(rule("c"), rule("a")), wide_pairs=1_000)
    assert few.pairs.rows <= 1_000


def test_rules_without_their_columns_are_passed_over(engine):
    handle = engine.load("l", table(5, 3))
    assert candidates(engine, handle, handle, rules=(rule("nothing"),), wide=()).rules.is_empty()
