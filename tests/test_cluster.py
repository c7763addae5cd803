from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.cluster import assign, connected, group


def pairs(*rows):
    schema = {
        "id_l": pl.String,
        "id_r": pl.String,
        "match_weight": pl.Float64,
        "band": pl.String,
        "guard": pl.String,
    }
    return pl.DataFrame(
        [(*row, "link", None) if len(row) == 3 else row for row in rows], schema=schema, orient="row"
    )


def obvious(size, edges):
    """Join sets until nothing changes."""
    groups = [{n} for n in range(size)]
    for a, b in edges:
        one, other = (next(g for g in groups if n in g) for n in (a, b))
        if one is not other:
            one |= other
            groups.remove(other)
    return [min(next(g for g in groups if n in g)) for n in range(size)]


EDGES = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=25)


@given(EDGES)
@settings(deadline=None)
def test_components_are_those_of_joining_sets(edges):
    a, b = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    assert connected(15, a, b).tolist() == obvious(15, edges)


def test_a_group_lists_all_its_records_under_the_smallest_id():
    found = group(pairs(("b", "c", 9.0), ("a", "b", 9.0), ("x", "y", 9.0)))
    assert found.rows() == [("a", "a"), ("b", "a"), ("c", "a"), ("x", "x"), ("y", "x")]


def test_only_band_link_joins():
    assert group(pairs(("a", "b", 9.0, "review", None))).is_empty()


def test_a_weak_bridge_between_two_tight_groups_is_cut():
    tight = [("a", "b"), ("a", "c"), ("b", "c"), ("x", "y"), ("x", "z"), ("y", "z")]
    found = group(pairs(*((*edge, 9.0) for edge in tight), ("c", "x", 9.0)))
    assert set(found["cluster"]) == {"a", "x"}


def test_a_chain_end_is_no_bridge():
    found = group(pairs(("a", "b", 9.0), ("a", "c", 9.0), ("b", "c", 9.0), ("c", "d", 9.0)))
    assert found["cluster"].to_list() == ["a"] * 4


def greedy(rows):
    """Take pairs from the heaviest on while both records are free."""
    taken, out = set(), []
    for a, b, weight in sorted(rows, key=lambda row: (-row[2], row[0], row[1])):
        if ("l", a) not in taken and ("r", b) not in taken:
            taken |= {("l", a), ("r", b)}
            out.append((a, b, weight))
    return sorted(out)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from("uvwxyz"), st.integers(0, 5).map(float)),
        max_size=20,
        unique_by=lambda row: row[:2],
    )
)
def test_the_assignment_is_the_greedy_one(rows):
    found = assign(pairs(*rows), tie_bits=0.0)
    assert found.select("id_l", "id_r", "match_weight").rows() == greedy(rows)


@pytest.mark.parametrize(("second", "band"), [(18.0, "review"), (5.0, "link")])
def test_a_near_tie_goes_to_review(second, band):
    found = assign(pairs(("a", "u", 20.0), ("a", "v", second)), tie_bits=6.6)
    assert found.select("id_r", "band").rows() == [("u", band)]


def test_band_none_takes_no_part():
    assert assign(pairs(("a", "u", 20.0, "none", None)), tie_bits=6.6).is_empty()
