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
    assert found.clusters.rows() == [("a", "a"), ("b", "a"), ("c", "a"), ("x", "x"), ("y", "x")]
    assert found.cut.is_empty()


def test_only_band_link_joins():
    found = group(pairs(("a", "b", 9.0, "review", None)))
    assert found.clusters.is_empty()
    assert found.cut.columns == ["id_l", "id_r", "match_weight", "reason"]


TIGHT = [("a", "b"), ("a", "c"), ("b", "c"), ("x", "y"), ("x", "z"), ("y", "z")]


def test_a_weak_bridge_between_two_tight_groups_is_cut_and_reported():
    found = group(pairs(*((*edge, 9.0) for edge in TIGHT), ("c", "x", 9.0)))
    assert set(found.clusters["cluster"]) == {"a", "x"}
    assert found.cut.rows() == [("c", "x", 9.0, "bridge")]


def test_a_bridge_that_a_reviewer_built_stands():
    told = pairs(*((*edge, 9.0) for edge in TIGHT), ("c", "x", 9.0))
    decision = pl.when(pl.col("id_r") == "x").then(pl.lit("match"))
    found = group(told.with_columns(decision=decision))
    assert set(found.clusters["cluster"]) == {"a"}


def test_a_chain_end_is_no_bridge():
    found = group(pairs(("a", "b", 9.0), ("a", "c", 9.0), ("b", "c", 9.0), ("c", "d", 9.0)))
    assert found.clusters["cluster"].to_list() == ["a"] * 4


def test_the_weakest_pair_goes_where_a_guard_says_that_two_of_a_group_are_two_persons():
    found = group(pairs(("a", "b", 12.0), ("b", "c", 9.0), ("a", "c", -3.0, "none", "ssn_differs")))
    assert found.clusters.rows() == [("a", "a"), ("b", "a")]
    assert found.cut.rows() == [("b", "c", 9.0, "contradiction")]


def test_a_reviewers_words_come_before_the_weights_and_agree_with_each_other():
    told = pairs(("a", "b", 3.0), ("b", "c", 15.0), ("a", "c", 12.0, "none", None))
    said = pl.Series("decision", ["match", None, "different"])
    found = group(told.with_columns(said))
    assert found.clusters.rows() == [("a", "a"), ("b", "a")]
    assert found.cut.rows() == [("b", "c", 15.0, "contradiction")]


@settings(deadline=None)
@given(EDGES, EDGES)
def test_no_group_holds_two_who_are_certainly_two(edges, apart):
    linked = {(min(e), max(e)) for e in edges if e[0] != e[1]}
    against = {(min(e), max(e)) for e in apart if e[0] != e[1]} - linked
    rows = [(f"{a:02}", f"{b:02}", float(a + b), "link", None) for a, b in sorted(linked)]
    rows += [(f"{a:02}", f"{b:02}", 0.0, "none", "twin") for a, b in sorted(against)]
    found = group(pairs(*rows))
    of = dict(found.clusters.iter_rows())
    assert not [(a, b) for a, b in against if of.get(f"{a:02}", a) == of.get(f"{b:02}", b)]
    together = {(a, b) for a, b, *_ in rows[: len(linked)] if of.get(a, a) == of.get(b, b)}
    assert together | set(found.cut.select("id_l", "id_r").iter_rows()) == {
        row[:2] for row in rows[: len(linked)]
    }


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


def test_what_a_reviewer_decided_is_assigned_first_and_rivals_nobody():
    told = pairs(("a", "u", 5.0), ("a", "v", 20.0), ("b", "v", 19.0))
    said = pl.Series("decision", ["match", None, None])
    found = assign(told.with_columns(said), tie_bits=6.6)
    assert found.select("id_l", "id_r", "band").rows() == [("a", "u", "link"), ("b", "v", "link")]
