"""Two tables with duplicates put together to persons."""

from __future__ import annotations

import polars as pl
import pytest
from linkage_tables import crowd

from reconcile.flow.link import link
from reconcile.flow.linked import Duplicates
from reconcile.flow.persons import persons_of

EMPTY = {
    "id_l": pl.String,
    "id_r": pl.String,
    "match_weight": pl.Float64,
    "band": pl.String,
    "guard": pl.String,
}


def pairs(*rows):
    return pl.DataFrame([(a, b, 20.0, "link", None) for a, b in rows], schema=EMPTY, orient="row")


def within(*rows):
    return Duplicates(
        pairs=pairs(*rows), clusters=pl.DataFrame(), cut=pl.DataFrame(), model=None, report=None
    )


def records(ids):
    return pl.Series("id", list(ids), dtype=pl.String)


@pytest.fixture(scope="module")
def linked():
    """Persons with several records on either side; the ids of the two tables are the same."""
    left = crowd(500, 8)
    return left, link(left, left.filter(pl.int_range(pl.len()) % 4 > 0), duplicates=True)


def test_every_record_is_of_one_person(linked):
    left, found = linked
    persons = found.persons
    assert persons.frame.columns == ["person", "table", "id"]
    assert persons.frame.schema["id"] == left.schema["id"]
    assert persons.frame.select("table", "id").is_unique().all()
    assert persons.frame.height == left.height + 375
    assert persons.summary["left"].sum() == left.height
    assert persons.summary["right"].sum() == 375
    assert persons.summary["person"].to_list() == list(range(1, persons.summary.height + 1))
    assert 380 <= persons.summary.height <= 420
    assert "persons" in repr(persons)


def test_the_two_records_of_a_link_are_one_person(linked):
    of = {(table, key): person for person, table, key in linked[1].persons.frame.iter_rows()}
    sure = linked[1].pairs.filter(pl.col("band") == "link").select("id_l", "id_r").rows()
    cut = set(linked[1].persons.cut.select("table_l", "id_l", "table_r", "id_r").iter_rows())
    assert sure
    for left, right in sure:
        together = of["left", left] == of["right", right]
        assert together or ("left", str(left), "right", str(right)) in cut


def test_several_accounts_are_a_conflict_and_several_students_are_not():
    found = persons_of(
        (records("ab"), records("xyz")),
        pairs(("a", "x"), ("b", "x"), ("a", "y")),
        within(("a", "b")),
        within(),
    )
    assert found.summary.rows() == [(1, 2, 2, "several_accounts"), (2, 0, 1, None)]
    assert found.frame.filter(pl.col("person") == 2).rows() == [(2, "right", "z")]


def test_groups_that_hang_together_by_one_pair_stay_apart_and_the_pair_is_named():
    found = persons_of(
        (records("abc"), records("xyz")),
        pairs(("a", "x")),
        within(("a", "b"), ("a", "c"), ("b", "c")),
        within(("x", "y"), ("x", "z"), ("y", "z")),
    )
    assert found.summary.select("left", "right").rows() == [(3, 0), (0, 3)]
    assert found.cut.rows() == [("left", "a", "right", "x", 20.0, "bridge")]


def test_equal_ids_of_two_tables_are_two_records():
    found = persons_of((records("a"), records("a")), pairs(), within(), within())
    assert found.frame.rows() == [(1, "left", "a"), (2, "right", "a")]
