from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.score import fuzzy
from reconcile.score.compare import chosen_pairs
from reconcile.score.decide import decide, guards
from reconcile.score.encode import NULL, encode
from reconcile.score.frequency import buckets, last_given_first
from reconcile.score.levels import BITS, EXACT, FIELD, FIELDS, RAREST, SHIFT, level_names
from reconcile.score.model import Model, codes_of, scale, shipped, weights
from reconcile.score.train import Space, chances, responsibilities, train

NAMES = ("first_name", "last_name", "birthdate")


def pattern(**levels):
    made = 0
    for name, level in levels.items():
        code = level if isinstance(level, int) else FIELD[name].code(level)
        made |= code << SHIFT[name]
    return made


def test_patterns_fit_and_come_apart_again():
    assert BITS * len(FIELDS) < 64
    assert EXACT + RAREST < 2**BITS
    assert all(len(field.levels) < EXACT for field in FIELDS)
    made = np.array([pattern(first_name="nickname", last_name=EXACT + 9, city="near")], dtype=np.int64)
    assert codes_of(made, ("first_name", "last_name", "city")).tolist() == [[2, EXACT + 9, 1]]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_shipped_model_knows_every_level(field):
    model = shipped()
    for second in (False, True):
        levels = scale(field, second=second)
        if levels:
            assert sum(model.m[field.name][level] for level in levels) == pytest.approx(1.0, abs=1e-9)
        assert all(0 < model.u[field.name][level] < 1 for level in levels if level != "exact")
    assert len(level_names(field)) == 2**BITS


def test_a_model_survives_being_written_down():
    again = Model.from_json(shipped().to_json())
    assert (again.m, again.u, again.shares, again.source) == (
        shipped().m,
        shipped().u,
        shipped().shares,
        "given",
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"m": {}, "u": {}, "shares": {}}'])
def test_what_is_no_model_is_refused(text):
    with pytest.raises(InputError, match="not readable"):
        Model.from_json(text)


def test_agreement_speaks_for_and_difference_against():
    table = weights(shipped(), NAMES)["same"]
    for row, name in enumerate(NAMES):
        assert table[row][FIELD[name].code("different")] < 0
        assert table[row][EXACT + 10] > 0
        assert table[row][0] == 0


def test_twins_look_like_a_match_but_for_the_first_name():
    tables = weights(shipped(), NAMES)
    np.testing.assert_allclose(tables["twin"][1:], tables["same"][1:], atol=1e-9)
    assert tables["twin"][0][EXACT + 8] < 0


def test_a_rare_value_weighs_more():
    codes = buckets(np.array([2, 10, 1000]), 0.004)
    assert codes[0] > codes[1] > codes[2]


def world(*, matches, strangers, seed=1):
    """Patterns as a known model makes them: what training must find again."""
    draw = np.random.default_rng(seed)
    model = shipped()
    made = np.zeros(matches + strangers, dtype=np.int64)
    for name in NAMES:
        levels = scale(FIELD[name], second=False)
        chance = 2.0**-9
        m = np.array([model.m[name][level] for level in levels])
        u = np.array([chance, *(model.u[name][level] for level in levels[1:])])
        codes = np.array([EXACT + 9, *(FIELD[name].code(level) for level in levels[1:])])
        for part, shares in ((slice(0, matches), m), (slice(matches, None), u)):
            count = len(made[part])
            made[part] |= draw.choice(codes, count, p=shares / shares.sum()).astype(np.int64) << SHIFT[name]
    patterns, counts = np.unique(made, return_counts=True)
    return patterns, counts.astype(np.float64)


def test_training_finds_the_matches_that_were_put_in():
    patterns, counts = world(matches=3_000, strangers=2_000_000)
    space = Space(
        fields=NAMES, patterns=patterns, counts=counts, possible=counts.sum(), smaller=5_000, in_full=True
    )
    model = train(space, chances(NAMES, patterns, counts, 0.0))
    posterior = responsibilities(model, codes_of(patterns, NAMES), NAMES)
    assert float(counts @ posterior["same"]) == pytest.approx(3_000, rel=0.05)
    assert model.m["last_name"]["exact"] == pytest.approx(shipped().m["last_name"]["exact"], abs=0.03)


def test_training_does_not_depend_on_pairs_that_nobody_compared():
    patterns, counts = world(matches=3_000, strangers=2_000_000)
    likely = np.flatnonzero((codes_of(patterns, NAMES) >= EXACT).sum(axis=1) >= 2)
    start = chances(NAMES, patterns, counts, 0.0)
    possible = counts.sum()
    found = []
    for rows in (slice(None), likely):
        space = Space(
            fields=NAMES, patterns=patterns[rows], counts=counts[rows], possible=possible, smaller=5_000,
            in_full=False,
        )  # fmt: skip
        found.append(train(space, start).shares["same"])
    assert found[1] == pytest.approx(found[0], rel=0.08)


FIELDS_GUARDED = ("first_name", "last_name", "suffix", "birthdate", "email", "phone", "ssn")
HIGH = EXACT + 12
ALIKE = {"first_name": HIGH, "last_name": HIGH, "birthdate": HIGH}


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        ({"first_name": HIGH, "last_name": HIGH, "birthdate": HIGH}, None),
        ({"first_name": "different", "last_name": HIGH, "birthdate": HIGH, "email": HIGH}, "twin"),
        ({"first_name": HIGH, "last_name": HIGH, "birthdate": HIGH, "suffix": "different"}, "suffix_differs"),
        ({"first_name": HIGH, "last_name": HIGH, "birthdate": HIGH, "ssn": "different"}, "ssn_differs"),
        ({"first_name": HIGH, "last_name": "different", "birthdate": HIGH, "ssn": HIGH}, "name_differs"),
        ({"first_name": HIGH, "last_name": HIGH, "birthdate": "different", "ssn": HIGH}, "birthdate_differs"),
        ({"email": HIGH, "phone": HIGH, "first_name": "different", "last_name": "different"}, "contact_only"),
        ({**ALIKE, "email": "different", "phone": "different"}, "all_else_differs"),
    ],
)  # fmt: skip
def test_guards(levels, reason):
    codes = codes_of(np.array([pattern(**levels)], dtype=np.int64), FIELDS_GUARDED)
    assert guards(codes, FIELDS_GUARDED) == [reason]


def test_a_guard_changes_the_band_and_leaves_the_probability():
    free = pattern(first_name=HIGH, last_name=HIGH, birthdate=HIGH, suffix=0)
    held = free | pattern(suffix="different")
    judged = decide(
        np.array([free, held], dtype=np.int64),
        (*NAMES, "suffix"),
        shipped(),
        link_probability=0.0,
        review_probability=0.0,
    )
    assert judged["band"].to_list() == ["link", "review"]
    assert judged["w_suffix"].to_list()[1] < 0
    assert judged["match_probability"][1] > 0


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ("robert", "bob", fuzzy.NICKNAME),
        ("francisco", "paco", fuzzy.NICKNAME),
        ("chris", "christopher", fuzzy.NICKNAME),
        ("j", "jane", fuzzy.INITIAL),
        ("maria", "mariah", fuzzy.NICKNAME),
        ("jasmine", "jazmine", fuzzy.ONE_EDIT),
        ("brian", "brain", fuzzy.ONE_EDIT),
        ("kim", "tim", fuzzy.DIFFERENT),
        ("xavier", "bruno", fuzzy.DIFFERENT),
    ],
)
def test_first_names(a, b, found):
    words = np.array(sorted((a, b)), dtype=object)
    judge = fuzzy.first_names(words, fuzzy.nickname_codes(words))
    zero, one = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    assert fuzzy.over_distinct(zero, one, judge).tolist() == [found]
    assert fuzzy.over_distinct(one, zero, judge).tolist() == [found]


def test_distinct_pairs_are_judged_once_and_answers_reach_all():
    asked = []

    def judge(a, b):
        asked.append(len(a))
        return (a + b).astype(np.uint8)

    a = np.array([1, 2, 1, 2, 3] * 20, dtype=np.int32)
    b = np.array([2, 1, 2, 1, 4] * 20, dtype=np.int32)
    assert fuzzy.over_distinct(a, b, judge).tolist() == [3, 3, 3, 3, 7] * 20
    assert asked == [2]


def table(rows):
    return pl.DataFrame(
        rows, schema={"key_first": pl.String, "key_last": pl.String, "key_zip": pl.String}, orient="row"
    )


def test_codes_are_shared_by_both_tables_and_nulls_are_apart():
    left, right = table([("ann", "lee", "1"), (None, "ann", None)]), table([("lee", "ann", "1")])
    made = encode(left, right)
    words = made.vocabulary["name"]
    assert words[made.left.codes["key_first"][0]] == words[made.right.codes["key_last"][0]] == "ann"
    assert made.left.codes["key_first"][1] == NULL
    assert made.counts["key_zip"].tolist() == [2]


def test_names_that_go_together_say_less_together():
    rows = [(f"f{n % 10}", f"l{n % 10}", None) for n in range(20_000)]
    made = encode(table(rows))
    first, last = buckets(made.counts["key_first"], 0.004), buckets(made.counts["key_last"], 0.001)
    numbers, given = last_given_first(made, first, last)
    assert given[numbers[0]] == EXACT
    assert last[made.left.codes["key_last"][0]] > EXACT + 2


def test_chosen_pairs_are_the_same_in_every_run_and_never_a_row_with_itself():
    side = encode(table([("a", "b", "1")] * 50)).left
    one, two = chosen_pairs(side, side, 1_000), chosen_pairs(side, side, 1_000)
    assert [part.tolist() for part in one] == [part.tolist() for part in two]
    assert (one[0] != one[1]).all()
    assert len(np.unique(one[0])) == 50
