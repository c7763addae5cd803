"""Tables that are hardly tables: an answer or a clear error, in small; benchmarks has the large forms."""

from __future__ import annotations

import polars as pl
import pytest
from linkage_tables import copied, crowd

from reconcile.errors import InputError
from reconcile.flow.link import find_duplicates, link
from reconcile.flow.prepared import Prepared

RTL = ["מרים", "محمد علي", "\u202eשרה\u202c", "דוד"]
COMBINING = ["e\u0301" * 40, "Z" + "\u0334\u0335" * 200 + "oe", "n\u0303un\u0303ez", "\u200d\u200d"]
LONG = ["Wolfeschlegel" * 770, "x" * 10_000, "ab " * 3_400]


def named(names):
    return pl.DataFrame(
        [
            {"id": f"{n:03}", "first_name": one, "last_name": other, "birthdate": f"1999-{n % 12 + 1:02}-03"}
            for n, (one, other) in enumerate((a, b) for a in names for b in names)
        ]
    )


@pytest.mark.parametrize("column", ["first_name", "last_name", "birthdate"])
def test_a_column_that_is_all_null_is_done_without(column):
    left, right = (
        table.with_columns(pl.lit(None, dtype=pl.String).alias(column)) for table in copied(300, 61)
    )
    found = link(left, right)
    assert set(found.report.patterns[f"level_{column}"]) == {"missing"}
    assert found.pairs["match_probability"].is_between(0, 1).all()


def test_one_row_on_either_side_and_no_row_at_all():
    left, right = copied(60, 62)
    one = link(left.filter(pl.col("id") == "00001"), right.filter(pl.col("id") == "r00001"), duplicates=True)
    assert one.report.possible_pairs == 1
    assert one.persons.summary.height in {1, 2}
    none = link(left.clear(), right, duplicates=True)
    assert none.pairs.is_empty()
    assert none.persons.summary.height == right.height
    assert find_duplicates(left.head(1)).clusters.is_empty()
    assert Prepared(right.clear()).find(left.head(2)).pairs.is_empty()


def test_no_pair_that_could_be_one():
    """Every key differs: nothing is met by blocking, and the answer is empty."""
    left = pl.DataFrame({"id": range(3000), "ssid": [f"10000{n:05}" for n in range(3000)]})
    right = pl.DataFrame({"id": range(3000), "ssid": [f"99999{n:05}" for n in range(3000)]})
    found = link(left, right)
    assert found.report.compared_pairs == 0
    assert found.links.is_empty()
    for told in (found.blocking(), found.weights(), found.scores(), found.thresholds(), found.taught()):
        assert repr(told)
    for told in (found.blocking(), found.weights(), found.scores(), found.thresholds()):
        assert "<svg" in told.chart._repr_html_() or told.chart.spoken
    assert found.sample_pairs().is_empty()
    with pytest.raises(InputError, match="None of the decisions"):
        found.estimate_quality(pl.DataFrame({"id_l": [1], "id_r": [1], "match": [True]}))


def test_copies_of_one_record_end_soon_and_say_what_was_left_out():
    one = {"first_name": "Ann", "last_name": "Lee", "birthdate": "1999-04-05", "email": "a@example.org"}
    table = pl.DataFrame([one] * 4_000).with_row_index("id")
    found = find_duplicates(table)
    assert found.report.compared_pairs < 1_000_000
    assert "were not compared" in " ".join(found.report.notes)


def test_a_birthdate_that_a_tenth_of_the_rows_share():
    table = crowd(4_000, 63).with_columns(
        birthdate=pl.when(pl.int_range(pl.len()) % 10 == 3).then(pl.lit("1999-09-09")).otherwise("birthdate")
    )
    found = find_duplicates(table)
    shared = table.filter(birthdate="1999-09-09")["id"].implode()
    wrong = found.pairs.filter(
        pl.col("id_l").is_in(shared) & pl.col("id_r").is_in(shared) & (pl.col("band") == "link")
    )
    names = dict(table.select("id", pl.concat_str("first_name", "last_name")).iter_rows())
    assert all(names[a][:6] == names[b][:6] for a, b in wrong.select("id_l", "id_r").iter_rows())
    assert found.report.expected_matches < 1_200


@pytest.mark.parametrize(
    "names", [list("abcdé"), RTL, COMBINING, LONG], ids=["letters", "rtl", "marks", "long"]
)
def test_names_of_any_kind(names):
    table = named(names)
    found = find_duplicates(table)
    assert found.report.compared_pairs == table.height * (table.height - 1) // 2
    twice = link(table, table.with_columns(id="x" + pl.col("id"))).pairs
    own = twice.filter("x" + pl.col("id_l") == pl.col("id_r"))
    assert own.height == table.height or names is COMBINING  # a name of joiners alone is no name
    assert own["match_probability"].is_between(0, 1).all()
