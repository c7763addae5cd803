from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
import slow_scorer
import yaml
from linkage_tables import crowd
from polars.testing import assert_frame_equal

from reconcile.errors import InputError, KeyMismatch
from reconcile.flow.link import find_duplicates, link, prepare
from reconcile.flow.options import Options
from reconcile.flow.pairs import score_tables
from reconcile.flow.prepared import Prepared
from reconcile.score.model import Model, shipped
from reconcile.standardize import standardize

HARD = yaml.safe_load((Path(__file__).parent / "data" / "hard_pairs.yaml").read_text("utf-8"))
COLUMNS = ("first_name", "middle_name", "last_name", "suffix", "birthdate", "email", "phone", "ssn_hmac",
           "ssn_last4", "ssn_class", "zip", "street")  # fmt: skip

FIRSTS = (
    "maria",
    "Mary",
    "maria elena",
    "Jose",
    "Pepe",
    "Joseph",
    "jo",
    "Ann",
    "Anne",
    "Li",
    "M",
    "Marai",
    "Robert",
    "Bob",
)
LASTS = (
    "Garcia",
    "Garcia Lopez",
    "Lopez",
    "de la Cruz",
    "Cruz",
    "Smith",
    "Smyth",
    "Nguyen",
    "Jose",
    "Maria",
    "Garcai",
)
EMAILS = (
    "a.garcia@x.org",
    "a.garcia@y.org",
    "a.garcai@x.org",
    "garcia12@x.org",
    "garcai12@y.org",
    "g1arcia2@x.org",
)
SMITH = {"first_name": None, "middle_name": None, "last_name": "Smith"}


def people(rows, seed, start=0):
    """Records that resemble each other in every way that the levels know."""
    draw = random.Random(seed)  # noqa: S311 - made-up records
    day = date(1999, 1, 1)

    def maybe(value, chance=0.85):
        return value if draw.random() < chance else None

    return pl.DataFrame(
        [
            {
                "id": f"{number:05}",
                "first_name": maybe(draw.choice(FIRSTS)),
                "middle_name": maybe(draw.choice(("M", "Maria", "Marie", "Jose", "J", "Robert")), 0.5),
                "last_name": maybe(draw.choice(LASTS)),
                "birthdate": maybe(str(day + timedelta(days=draw.choice((0, 1, 31, 32, 45, 365, 3652))))),
                "email": maybe(draw.choice(EMAILS), 0.5),
                "phone": maybe(draw.choice(("5305550101", "5305550110", "5305550199", "9165550101")), 0.5),
                "zip": maybe(draw.choice(("95616", "95617", "90001"))),
                "former_names": draw.choice((None, None, [SMITH])),
                "preferred_first_name": maybe("Bob", 0.1),
            }
            for number in range(start, start + rows)
        ],
        schema_overrides={
            "former_names": pl.List(
                pl.Struct({"first_name": pl.String, "middle_name": pl.String, "last_name": pl.String})
            )
        },
    )


@pytest.fixture(scope="module")
def hard():
    ids = [case["case"] for case in HARD]
    sides = []
    for side in ("left", "right"):
        rows = [{c: str(case[side][c]) if c in case[side] else None for c in COLUMNS} for case in HARD]
        sides.append(
            pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).with_columns(pl.Series("id", ids))
        )
    wanted = pl.DataFrame({"id_l": ids, "id_r": ids})
    return {row["id_l"]: row for row in link(*sides, also=wanted).also.iter_rows(named=True)}


@pytest.mark.parametrize("case", HARD, ids=lambda case: case["case"])
def test_hard_pair_gets_its_band(hard, case):
    found = hard[case["case"]]
    assert found["guard"] == case["guard"]
    allowed = {"link"} if case["band"] == "link" else {"review", "none"}
    assert found["band"] in allowed, found


@pytest.mark.parametrize("seed", range(4))
def test_the_fast_scorer_agrees_with_the_slow_one(seed):
    left, right = people(40, seed), people(40, seed + 100, start=500)
    rows = [standardize(frame).frame.to_dicts() for frame in (left, right)]
    model = shipped()
    expected = {(a, b): fields for a, b, fields in slow_scorer.score(*rows, model)}
    found = link(left, right, min_probability=0, model=model).pairs
    assert found.height == len(expected)
    for row in found.iter_rows(named=True):
        for field, (level, weight) in expected[row["id_l"], row["id_r"]].items():
            assert row[f"level_{field}"] == level, (field, row)
            assert row[f"w_{field}"] == pytest.approx(weight, abs=1e-3), (field, row)


def test_every_pair_of_one_table_is_scored_once_and_as_the_slow_scorer_says():
    table = people(30, 7)
    rows = standardize(table).frame.to_dicts()
    expected = {(a, b): fields for a, b, fields in slow_scorer.score(rows, rows, shipped())}
    found = find_duplicates(table, min_probability=0, model=shipped()).pairs
    assert found.height == 30 * 29 // 2
    assert set(found.select("id_l", "id_r").iter_rows()) == set(expected)
    for row in found.iter_rows(named=True):
        assert {f: row[f"level_{f}"] for f in slow_scorer.LEVELS} == {
            f: level for f, (level, _) in expected[row["id_l"], row["id_r"]].items()
        }


def test_the_weight_is_the_sum_of_its_parts_and_gives_the_probability():
    pairs = find_duplicates(crowd(600, 1), min_probability=0).pairs
    parts = pairs.select(pl.sum_horizontal("^w_.*$")).to_series()
    assert (parts - pairs["match_weight"]).abs().max() < 1e-9
    odds = (pairs["match_weight"].cast(pl.Float64) * 0.6931471805599453).exp()
    assert (odds / (1 + odds) - pairs["match_probability"]).abs().max() < 1e-9


def test_left_and_right_may_change_places():
    left, right = crowd(300, 2), crowd(300, 2).with_columns(pl.col("id") + 10_000)
    one = link(left, right).pairs
    two = (
        link(right, left)
        .pairs.rename({"id_l": "id_r", "id_r": "id_l"})
        .select(one.columns)
        .sort("id_l", "id_r")
    )
    assert_frame_equal(one, two, rel_tol=0, abs_tol=1e-9)


@pytest.mark.parametrize("compare_in_full", [10**6, 0], ids=["in full", "blocked"])
def test_row_order_changes_nothing(compare_in_full):
    table = crowd(900, 3)
    options = Options(compare_in_full=compare_in_full)
    found = []
    for rows in (table, table.sample(fraction=1, shuffle=True, seed=5)):
        prepared = prepare(rows, "id", "table", {})
        found.append(score_tables(prepared, None, also=None, options=options))
    first, second = found
    assert_frame_equal(first.pairs, second.pairs, check_exact=True)
    assert first.model == second.model


def test_blocking_reaches_nearly_all_that_comparing_in_full_finds():
    prepared = prepare(crowd(2500, 11), "id", "table", {})
    full, blocked = (
        score_tables(prepared, None, also=None, options=Options(compare_in_full=most)).pairs.filter(
            pl.col("match_probability") > 0.5
        )
        for most in (10**7, 0)
    )
    missed = full.join(blocked, on=["id_l", "id_r"], how="anti")
    assert missed.height <= full.height // 100


def test_it_learns_and_finds_the_copies():
    found = find_duplicates(crowd(2000, 4))
    assert found.report.model_source == "trained"
    sure = found.pairs.filter(pl.col("match_probability") > 0.5)
    assert 380 <= sure.height <= 440
    assert 380 <= found.report.expected_matches <= 440


def test_pairs_asked_for_come_back_all_and_in_order():
    left, right = people(10, 1), people(10, 2, start=500)
    asked = pl.DataFrame(
        {"id_l": ["00003", "00001", "gone", "00003"], "id_r": ["00501", "00502", "00501", "00501"]}
    )
    also = link(left, right, also=asked).also
    assert_frame_equal(also.select("id_l", "id_r"), asked)
    assert also["match_weight"].is_null().to_list() == [False, False, True, False]
    assert also.row(2, named=True)["guard"] == "unknown_id"


def test_few_rows_fall_back_to_the_shipped_model_and_say_so():
    report = link(people(5, 1), people(5, 2)).report
    assert report.model_source == "shipped"
    assert report.notes


def test_a_saved_model_gives_the_same_pairs():
    table = crowd(700, 6)
    first = find_duplicates(table)
    again = find_duplicates(table, model=Model.from_json(first.model.to_json()))
    assert_frame_equal(first.pairs, again.pairs)


def test_links_are_one_to_one():
    left, right = crowd(500, 8), crowd(500, 8)
    links = link(left, right).links
    assert links["id_l"].is_unique().all()
    assert links["id_r"].is_unique().all()


def test_a_second_account_as_good_as_the_first_goes_to_review():
    left = crowd(400, 9).filter(pl.col("id") % 5 == 0)
    right = pl.concat([left, left.head(1).with_columns(pl.lit(9_999).alias("id").cast(left["id"].dtype))])
    links = link(left, right).links.row(0, named=True)
    assert (links["band"], links["guard"]) == ("review", "near_tie")


@pytest.mark.parametrize(
    "tables",
    [
        (people(1, 1).clear(), people(3, 1)),
        (people(3, 1), people(1, 1).clear()),
        (people(1, 1), people(1, 1)),
        (people(3, 1).with_columns(first_name=None, last_name=None, birthdate=None), people(3, 1)),
    ],
    ids=["no left", "no right", "one row each", "null columns"],
)
def test_little_or_nothing_is_an_answer(tables):
    found = link(*tables)
    assert found.links.height <= 1 + found.pairs.height
    assert {"id_l", "id_r", "match_weight", "match_probability", "band", "guard"} <= set(found.pairs.columns)


def test_everything_identical_ends_soon():
    one = people(1, 3).drop("id")
    table = pl.concat([one] * 20_000).with_row_index("id")
    found = find_duplicates(table)
    assert found.report.rules["dropped_pairs"].sum() > 0
    assert "were not compared" in " ".join(found.report.notes)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pl.DataFrame({"id": ["1", None], "last_name": ["A", "B"]}), "have no"),
        (pl.DataFrame({"id": ["1", "1"], "last_name": ["A", "B"]}), "not unique"),
        (pl.DataFrame({"key": ["1"], "last_name": ["A"]}), 'no column "id"'),
        (pl.DataFrame({"id": ["1"], "shoe_size": ["A"]}), "no column that persons"),
    ],
    ids=["null", "twice", "absent", "nothing to compare"],
)
def test_an_unusable_table_is_refused(table, told):
    with pytest.raises(InputError, match=told):
        find_duplicates(table)


def test_hashes_of_different_keys_are_refused():
    left = pl.DataFrame({"id": ["1"], "ssn_hmac": ["aaaa:01"]})
    with pytest.raises(KeyMismatch):
        link(left, left.with_columns(pl.lit("bbbb:01").alias("ssn_hmac")))


def test_thresholds_that_cross_are_refused():
    with pytest.raises(InputError, match="must rise"):
        link(people(1, 1), people(1, 1), link_probability=0.01)


def test_extreme_values_are_answered():
    odd = ["x" * 10_000, "محمد", "e\u0301" * 50, "🙂", "a", "", " ", "李", "O'" * 40]
    table = pl.DataFrame(
        [
            {"id": n, "first_name": a, "last_name": b, "birthdate": "2000-02-30"}
            for n, (a, b) in enumerate(itertools.product(odd, odd))
        ]
    )
    assert find_duplicates(table).pairs["id_l"].null_count() == 0


def test_pairs_asked_for_need_their_columns():
    with pytest.raises(InputError, match="id_l and id_r"):
        link(people(2, 1), people(2, 2), also=pl.DataFrame({"sis_id": ["1"]}))


def test_results_show_counts_and_no_names():
    left, right = people(20, 1), people(20, 2, start=500)
    for shown in (link(left, right), find_duplicates(left)):
        told = (repr(shown) + shown._repr_html_()).lower()
        assert "link" in told
        assert not any(name in told for name in ("garcia", "nguyen", "5305550101"))


def accounts(rows, seed):
    """A crowd with a town, in two spellings."""
    towns = pl.Series(["Davis", "San José", "Fresno", None]).gather([n % 4 for n in range(rows)])
    return crowd(rows, seed).with_columns(town=towns)


def test_a_declared_field_is_compared_by_its_kind():
    table = accounts(600, 21)
    kinds = {"town": "text", "shoe": "category"}
    found = find_duplicates(table.with_columns(shoe=pl.lit("42")), fields=kinds)
    levels = set(found.pairs["level_town"])
    assert {"exact", "different", "missing"} <= levels
    assert set(found.pairs["level_shoe"]) == {"exact"}
    again = find_duplicates(table, fields={"town": "text"}, model=Model.from_json(found.model.to_json()))
    assert again.pairs["w_town"].null_count() == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fields": {"town": "texts"}}, 'Did you mean "text"'),
        ({"profile": "fast"}, "no profile"),
        ({"precision": 1.5}, "expected precision"),
        ({"most_reviews": -1}, "at least 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        find_duplicates(accounts(10, 22), **options)


@pytest.fixture(scope="module")
def linked():
    """Records and a second, partly damaged copy of two thirds of them."""
    left = crowd(3_000, 23).with_columns(pl.col("id").cast(pl.String))
    copy = left.filter(pl.int_range(pl.len()) % 3 > 0)
    damaged = pl.int_range(pl.len()) % 7 == 0
    right = copy.with_columns(
        id="r" + pl.col("id"),
        last_name=pl.when(damaged).then(pl.col("last_name").str.slice(1)).otherwise("last_name"),
    )
    return link(left, right)


def test_one_person_one_partner_makes_what_is_left_over_likelier(linked):
    told = linked.pairs.group_by("level_partners").agg(pl.col("w_partners").first())
    bits = dict(told.iter_rows())
    assert bits["none"] > 0 > bits["both_have"]


def test_a_pair_is_explained_step_by_step(linked):
    pair = linked.pairs.sort("match_weight").row(0, named=True)
    steps = linked.explain(pair["id_l"], pair["id_r"]).frame
    assert steps["to_bits"][-1] == pytest.approx(pair["match_weight"])
    assert steps["from_bits"][1:].to_list() == pytest.approx(steps["to_bits"][:-1].to_list())
    with pytest.raises(InputError, match="not among the scored"):
        linked.explain("nobody", "nobody")


def test_the_model_and_the_scores_are_told_and_drawn(linked):
    weights, scores = linked.weights(), linked.scores()
    assert scores.frame["pairs"].sum() == linked.report.compared_pairs
    assert set(weights.frame["field"]) == {"first name", "last name", "birthdate", "other partners"}
    for told in (weights, scores, linked.explain(*linked.pairs.select("id_l", "id_r").row(0))):
        drawn = told.chart
        assert "<svg" in drawn._repr_html_()
        assert drawn.spoken in drawn._repr_html_().replace("&#x27;", "'")
    thresholds = linked.thresholds(at=(0, 0.5, 0.99)).frame
    assert thresholds["probability"].to_list() == [0.99, 0.5, 0]
    assert thresholds["expected_recall"].is_sorted()
    assert thresholds["expected_recall"][-1] == pytest.approx(1)


def test_decisions_on_a_sample_give_figures_with_intervals(linked):
    sample = linked.sample_pairs(pairs=300)
    right = pl.col("id_r").str.strip_prefix("r") == pl.col("id_l")
    said = sample.select(
        "id_l", "id_r", decision=pl.when(right).then(pl.lit("match")).otherwise(pl.lit("different"))
    )
    quality = linked.estimate_quality(said)
    truth = linked.pairs.filter(pl.col("band") == "link").select(right.mean()).item()
    low, high = quality.precision[1:]
    assert low <= quality.precision[0] <= high
    assert low - 0.01 <= truth <= high + 0.01
    assert quality.recall[0] <= quality.recall_with_review[0] <= 1
    assert linked.calibration(said).frame["pairs"].sum() == sample.height
    assert "decisions" in repr(quality)
    with pytest.raises(InputError, match="need the columns id_l, id_r and decision"):
        linked.estimate_quality(said.drop("decision"))
    with pytest.raises(InputError, match="None of the decisions"):
        linked.estimate_quality(said.clear())


def test_records_with_too_little_are_listed():
    table = pl.concat([crowd(150, 24), pl.DataFrame({"id": [9_999], "first_name": ["Ann"]})], how="diagonal")
    assert find_duplicates(table).report.unlinkable.filter(pl.col("table") == "left")["id"].to_list() == [
        9_999
    ]


def test_prepared_accounts_answer_as_a_link_does():
    left, right = people(25, 31), people(60, 32, start=500)
    whole = link(left, right, model=shipped()).pairs
    model = replace(shipped(), shares=dict(shipped().shares))
    found = Prepared(right, model=model).find(left).pairs
    both = whole.join(found, on=["id_l", "id_r"], suffix="_found").filter(pl.col("match_probability") > 0.5)
    levels = [c for c in whole.columns if c.startswith("level_")]
    assert both.height > 0
    assert all((both[c] == both[f"{c}_found"]).all() for c in levels)
    one = Prepared(right, model=model).find(left.filter(pl.col("id") == "00003")).pairs
    assert_frame_equal(one, found.filter(pl.col("id_l") == "00003"), abs_tol=2.0)


def test_a_student_whom_nothing_resembles_is_answered_with_nothing():
    right = people(30, 33)
    stranger = pl.DataFrame(
        {"id": ["x"], "first_name": ["Zyx"], "last_name": ["Qwv"], "birthdate": ["1931-02-03"]}
    )
    found = Prepared(right).find(stranger).pairs
    assert found.is_empty()
    assert {"id_l", "id_r", "match_weight", "band"} <= set(found.columns)
