from __future__ import annotations

import itertools
import random

import polars as pl
import pytest

from reconcile.block import NULL, candidates, rows_of, rule


def keys(frame):
    """Lay a table out as blocking wants it."""
    return {name: frame[name].fill_null(NULL).to_numpy() for name in frame.columns if name != "record"}


def made(left, right, **options):
    left, right = keys(left), keys(left) if right is left else keys(right)
    return candidates(left, left if options.pop("one_table", False) else right, **options)


def rows(found):
    return list(zip(*(part.tolist() for part in rows_of(found.pairs)), strict=True))


def table(rows, seed):
    draw = random.Random(seed)  # noqa: S311 - made-up keys

    def some(n):
        return [draw.choice([*range(n), None]) for _ in range(rows)]

    schema = {"record": pl.Int32, "a": pl.Int32, "b": pl.Int32, "c": pl.Int32}
    return pl.DataFrame({"record": range(rows), "a": some(4), "b": some(3), "c": some(9)}, schema=schema)


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
def test_rules_make_the_pairs_that_looking_at_all_makes(seed):
    left, right = table(30, seed), table(25, seed + 50)
    found = rows(made(left, right, rules=RULES))
    assert len(found) == len(set(found))
    assert set(found) == obvious(left, right, RULES, one_table=False)


@pytest.mark.parametrize("seed", range(3))
def test_in_one_table_each_pair_comes_once_and_in_order(seed):
    only = table(30, seed)
    found = rows(made(only, only, rules=RULES, one_table=True))
    assert found == sorted(set(found))
    assert all(a < b for a, b in found)
    assert set(found) == obvious(only, only, RULES, one_table=True)


def test_keys_too_large_for_one_number_are_numbered_anew():
    wide = pl.DataFrame({"record": range(4), **{c: [2**31 - 2, 2**31 - 2, 5, 2**31 - 2] for c in "abc"}})
    assert rows(made(wide, wide, rules=(rule("a", "b", "c"),), one_table=True)) == [(0, 1), (0, 3), (1, 3)]


def test_an_oversized_key_is_blocked_again_on_a_rarer_one_and_the_rest_reported():
    count = 60
    crowd = pl.DataFrame(
        {"record": range(count), "a": [7] * count, "b": [n // 3 for n in range(count)]},
        schema={"record": pl.Int32, "a": pl.Int32, "b": pl.Int32},
    )
    again = made(crowd, crowd, rules=(rule("a", most=100, rarer=("b",)),), one_table=True)
    assert len(again.pairs) == 20 * 3
    assert again.rules.row(0, named=True)["oversized_keys"] == 1
    dropped = made(crowd, crowd, rules=(rule("a", most=100),), one_table=True)
    assert len(dropped.pairs) == 0
    assert dropped.rules["dropped_pairs"].to_list() == [count * (count - 1) // 2]


def test_a_budget_shrinks_the_cap():
    many = table(200, 3)
    few = made(many, many, rules=(), wide=(rule("c"), rule("a")), wide_pairs=1_000, one_table=True)
    assert len(few.pairs) <= 1_000


def test_rules_without_their_columns_are_passed_over():
    few = table(5, 3)
    assert made(few, few, rules=(rule("nothing"),), one_table=True).rules.is_empty()


def test_within_one_table_a_rule_turned_around_is_not_done_again():
    only, other = table(30, 4), table(25, 54)
    both = (rule("a=b", "c"), rule("b=a", "c"))
    found = made(only, only, rules=both, one_table=True)
    assert found.rules.height == 1
    assert set(rows(found)) == obvious(only, only, both, one_table=True)
    assert made(only, other, rules=both).rules.height == 2
