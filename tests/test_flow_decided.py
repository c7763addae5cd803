"""Reviewers' decisions in a linkage: they hold, and they teach."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from linkage_tables import HOUSED, copied, crowd, housed

from reconcile.errors import InputError
from reconcile.flow.link import find_duplicates, link
from reconcile.score.levels import FIELD, level_names
from reconcile.score.model import Model
from reconcile.score.teach import teach

CALLED = 0.5


@pytest.fixture(scope="module")
def tables():
    return copied(600, 41)


@pytest.fixture(scope="module")
def linked(tables):
    return link(*tables)


def right(pairs):
    """Say of each pair whether it is a record and its copy."""
    return pairs.with_columns(match=pl.col("id_r").str.strip_prefix("r") == pl.col("id_l"))


def f1(pairs, true, without):
    rest = right(pairs).join(without, on=["id_l", "id_r"], how="anti")
    called = rest.filter(pl.col("match_probability") >= CALLED)
    return 2 * called["match"].sum() / (called.height + true - without["match"].sum())


def surprise(pairs, without):
    """What the probabilities cost where the truth is another (log loss)."""
    rest = right(pairs).join(without, on=["id_l", "id_r"], how="anti")
    chance = pl.when("match").then("match_probability").otherwise(1 - pl.col("match_probability"))
    return rest.select(-chance.clip(1e-12, 1).log().mean()).item()


def test_decisions_on_a_hard_table_make_the_other_pairs_better():
    tables = housed(480, 41)
    plain = link(*tables, fields=HOUSED)
    said = right(plain.sample_pairs(pairs=100)).select("id_l", "id_r", "match")
    taught = link(*tables, fields=HOUSED, decisions=said)
    true = tables[1].height
    assert f1(taught.pairs, true, said) > f1(plain.pairs, true, said) + 0.1
    assert surprise(taught.pairs, said) < surprise(plain.pairs, said) / 2
    assert "learned with 100 decisions" in " ".join(taught.report.notes)
    words, bits = taught.taught().frame.row(0)
    assert words
    assert abs(bits) == taught.taught().frame["bits"].abs().max() > 0.5


def test_decisions_on_an_easy_table_leave_the_other_pairs_as_good(tables, linked):
    said = right(linked.sample_pairs(pairs=100)).select("id_l", "id_r", "match")
    taught = link(*tables, decisions=said)
    true = tables[1].height
    assert f1(taught.pairs, true, said) > f1(linked.pairs, true, said) - 0.002
    assert taught.model.taught["prior"]["prior"] != 0


def test_what_is_taught_is_the_likeliest_and_held_back():
    fields = (FIELD["first_name"], FIELD["birthdate"])
    draw = np.random.default_rng(5)
    codes = np.stack([draw.integers(0, 20, 400), draw.integers(0, 10, 400)], axis=1).astype(np.uint8)
    match, bits = draw.random(400) < 0.4, draw.normal(0, 8, 400)
    taught = teach(codes, match, bits, fields)
    moved = shifted(taught, codes, fields)

    def loss(shift, size):
        odds = (bits + shift) * math.log(2)
        return float(np.sum(np.logaddexp(0, odds) - match * odds)) + 2 * size  # half a bit of spread

    flat = [value for levels in taught.values() for value in levels.values()]
    best = loss(moved, sum(value**2 for value in flat))
    for name, levels in taught.items():
        for level in levels:
            other = {key: dict(of) for key, of in taught.items()}
            other[name][level] += 0.05
            size = sum(value**2 for of in other.values() for value in of.values())
            assert loss(shifted(other, codes, fields), size) > best


def shifted(taught, codes, fields):
    """Add up, pair by pair and level by level, what is taught."""
    told = []
    for row in codes:
        total = taught["prior"]["prior"]
        for code, field in zip(row, fields, strict=True):
            level = level_names(field)[code]
            total += taught.get(field.name, {}).get(level, 0.0)
        told.append(total)
    return np.array(told)


def test_what_was_learned_can_be_kept_and_used_again(tables, linked):
    said = right(linked.sample_pairs(pairs=60)).select("id_l", "id_r", "match")
    taught = link(*tables, decisions=said)
    again = link(*tables, model=Model.from_json(taught.model.to_json()))
    both = taught.pairs.join(again.pairs, on=["id_l", "id_r"], suffix="_again")
    assert both.height >= again.pairs.height
    assert (both["match_weight"] - both["match_weight_again"]).abs().max() < 1e-6
    assert "decision" not in again.pairs.columns


def test_a_handful_teaches_nothing_and_says_so(tables, linked):
    few = right(linked.sample_pairs(pairs=12)).select("id_l", "id_r", "match")
    found = link(*tables, decisions=few)
    assert found.model.taught == {}
    assert "too few to learn from" in " ".join(found.report.notes)


def test_a_decision_wins_over_weight_and_guard(tables, linked):
    surest = (
        linked.links.filter(pl.col("band") == "link").sort("match_weight", descending=True).row(0, named=True)
    )
    held = linked.pairs.filter(pl.col("guard").is_not_null()).sort("match_weight").row(0, named=True)
    unlikely = {"id_l": tables[0]["id"][0], "id_r": tables[1]["id"][-1]}
    said = pl.DataFrame(
        [
            {"id_l": surest["id_l"], "id_r": surest["id_r"], "decision": "match"},
            {"id_l": surest["id_l"], "id_r": surest["id_r"], "decision": "different"},  # the last word counts
            {"id_l": held["id_l"], "id_r": held["id_r"], "decision": "match"},
            {"id_l": unlikely["id_l"], "id_r": unlikely["id_r"], "decision": "different"},
            {"id_l": held["id_l"], "id_r": surest["id_r"], "decision": "unsure"},
            {"id_l": "nobody", "id_r": surest["id_r"], "decision": "match"},
        ]
    )
    found = link(*tables, decisions=said)
    told = {row["id_l"]: row for row in found.pairs.drop_nulls("decision").iter_rows(named=True)}
    assert told.keys() == {surest["id_l"], held["id_l"], unlikely["id_l"]}
    assert (told[surest["id_l"]]["band"], told[surest["id_l"]]["decision"]) == ("none", "different")
    assert (told[held["id_l"]]["band"], told[held["id_l"]]["guard"]) == ("link", None)
    assert told[unlikely["id_l"]]["match_probability"] < 0.01
    assert told[surest["id_l"]]["match_weight"] == pytest.approx(surest["match_weight"])
    of = dict(found.links.select("id_l", "id_r").iter_rows())
    assert of.get(surest["id_l"]) != surest["id_r"]
    assert of[held["id_l"]] == held["id_r"]
    assert "decided by a reviewer: match" in found.explain(held["id_l"], held["id_r"]).title
    assert "1 decision is about records that are not here" in " ".join(found.report.notes)


def test_decided_duplicates_come_in_either_order_and_shape_the_clusters(tables):
    table = crowd(200, 7).with_columns(pl.col("id").cast(pl.String))
    plain = find_duplicates(table)
    left, other = plain.clusters["id"][:2]
    one, two = (table.filter(~pl.col("id").is_in(plain.clusters["id"].implode()))["id"][n] for n in (0, -1))
    said = pl.DataFrame(
        {"table": ["duplicates"] * 2 + ["links"], "id_l": [other, two, one], "id_r": [left, one, left],
         "decision": ["different", "match", "match"]}
    )  # fmt: skip
    found = find_duplicates(table, decisions=said)
    assert found.pairs["decision"].drop_nulls().len() == 2
    of = dict(found.clusters.iter_rows())
    assert of[one] == of[two]
    assert of.get(left) is None or of.get(left) != of.get(other)


def test_decided_pairs_speak_for_no_others_when_quality_is_estimated(tables, linked):
    said = right(linked.sample_pairs(pairs=100)).select("id_l", "id_r", "match")
    quality = link(*tables, decisions=said).estimate_quality(said)
    decided = quality.strata.filter(pl.col("from_probability").is_null())
    assert decided["pairs"].sum() == decided["decided"].sum() == said.height
    assert quality.strata.drop_nulls("from_probability")["decided"].sum() == 0


def test_a_pair_asked_for_is_told_with_what_was_decided():
    left, right = (crowd(200, 7), crowd(200, 7))
    asked = pl.DataFrame({"id_l": ["3", "4", "3"], "id_r": ["3", "5", "3"]})
    said = pl.DataFrame({"id_l": ["3"], "id_r": ["3"], "match": [False]})
    also = link(left, right, also=asked, decisions=said).also
    assert also.select("band", "decision").rows()[::2] == [("none", "different")] * 2
    assert also["decision"][1] is None
    assert "decision" not in link(left, right, also=asked, decisions=said.clear()).also.columns


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"id_l": ["1"], "id_r": ["1"]}, "need the columns id_l, id_r and decision"),
        ({"id_l": ["1"], "decision": ["match"]}, "need the columns id_l, id_r and decision"),
        ({"id_l": ["1"], "id_r": ["1"], "decision": ["yes"]}, "1 row has another word"),
    ],
)
def test_decisions_that_cannot_be_read_are_refused(tables, given, told):
    with pytest.raises(InputError, match=told):
        link(tables[0].head(5), tables[1].head(5), decisions=pl.DataFrame(given))
