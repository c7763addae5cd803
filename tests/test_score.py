from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler

from reconcile.errors import InputError
from reconcile.score import fuzzy
from reconcile.score.bands import Bands
from reconcile.score.compare import chosen_pairs
from reconcile.score.decide import decide, guards
from reconcile.score.encode import encode
from reconcile.score.frequency import rarity
from reconcile.score.letters import Words
from reconcile.score.levels import FIELD, FIELDS, NULL, Layout, declared, level_names
from reconcile.score.model import Model, scale, shipped, weights
from reconcile.score.train import Space, chances, responsibilities, train

NAMES = tuple(FIELD[name] for name in ("first_name", "last_name", "birthdate"))


def coded(fields, **levels):
    """One row of codes."""
    layout = Layout.of(fields)
    return layout.codes(layout.pattern(levels))


def test_patterns_fit_and_come_apart_again():
    further = [declared(f"extra_{number}", "name") for number in range(9)]
    layout = Layout.of([*FIELDS, *further])
    assert layout.words > 1
    wanted = {field.name: (7 * place) % field.codes for place, field in enumerate(layout.fields)}
    assert layout.codes(layout.pattern(wanted)).tolist() == [list(wanted.values())]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_shipped_model_knows_every_level(field):
    model = shipped()
    for second in (False, True):
        levels = scale(field, second=second)
        if levels:
            assert sum(model.m[field.name][level] for level in levels) == pytest.approx(1.0, abs=1e-9)
        assert all(0 < model.u[field.name][level] < 1 for level in levels if level != "exact")
    assert len(level_names(field)) == field.codes


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
    for row, field in enumerate(NAMES):
        assert table[row][field.code("different")] < 0
        assert table[row][field.exact + 10] > 0
        assert table[row][0] == 0


def test_twins_look_like_a_match_but_for_the_first_name():
    tables = weights(shipped(), NAMES)
    for place in (1, 2):
        np.testing.assert_allclose(tables["twin"][place], tables["same"][place], atol=1e-9)
    assert tables["twin"][0][FIELD["first_name"].exact + 8] < 0


def test_a_rare_value_weighs_more():
    rows = [("ann", "lee", None)] * 500 + [("zoe", "lee", None)] * 5
    made = encode(table(rows))
    bits = rarity(made).of_value["key_first"]
    words = made.vocabulary["name"].to_list()
    assert bits[words.index("zoe")] > bits[words.index("ann")] + 3
    # Were the five records of one person, the name would be rarer still.
    persons = np.array([1.0] * 500 + [0.2] * 5)
    assert (
        rarity(made, (persons, persons)).of_value["key_first"][words.index("zoe")] > bits[words.index("zoe")]
    )


def test_a_name_of_its_time_says_less_among_those_of_its_time():
    old, young = date(1950, 1, 1), date(2000, 1, 1)
    people = (
        [("mildred", old)] * 300 + [("ann", old)] * 700 + [("mildred", young)] * 3 + [("ann", young)] * 997
    )
    frame = pl.DataFrame(people, schema=["key_first", "key_birth"], orient="row")
    bits = rarity(encode(frame)).first_in_year
    assert bits[1001] > bits[0]


def world(*, matches, strangers, seed=1):
    """Codes as a known model makes them: what training must find again."""
    draw = np.random.default_rng(seed)
    model = shipped()
    columns = []
    for field in NAMES:
        levels = scale(field, second=False)
        chance = 2.0**-9
        m = np.array([model.m[field.name][level] for level in levels])
        u = np.array([chance, *(model.u[field.name][level] for level in levels[1:])])
        codes = np.array([field.exact + 9, *(field.code(level) for level in levels[1:])], dtype=np.uint8)
        columns.append(
            np.concatenate(
                [
                    draw.choice(codes, count, p=part / part.sum())
                    for count, part in ((matches, m), (strangers, u))
                ]
            )
        )
    codes, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return codes, counts.astype(np.float64)


def test_training_finds_the_matches_that_were_put_in():
    codes, counts = world(matches=3_000, strangers=1_000_000)
    space = Space(
        fields=NAMES, codes=codes, counts=counts, possible=counts.sum(), smaller=5_000, in_full=True
    )
    model = train(space, chances(NAMES, codes, counts, 0.0, shipped()))
    posterior = responsibilities(model, codes, NAMES)
    assert float(counts @ posterior["same"]) == pytest.approx(3_000, rel=0.05)
    assert model.m["last_name"]["exact"] == pytest.approx(shipped().m["last_name"]["exact"], abs=0.03)


def test_training_does_not_depend_on_pairs_that_nobody_compared():
    codes, counts = world(matches=3_000, strangers=1_000_000)
    exact = np.array([field.exact for field in NAMES])
    likely = np.flatnonzero((codes >= exact).sum(axis=1) >= 2)
    start = chances(NAMES, codes, counts, 0.0, shipped())
    possible = counts.sum()
    found = []
    for rows in (slice(None), likely):
        space = Space(
            fields=NAMES, codes=codes[rows], counts=counts[rows], possible=possible, smaller=5_000,
            in_full=False,
        )  # fmt: skip
        found.append(train(space, start).shares["same"])
    assert found[1] == pytest.approx(found[0], rel=0.08)


FIELDS_GUARDED = tuple(
    FIELD[name] for name in ("first_name", "last_name", "suffix", "birthdate", "email", "phone", "ssn")
)
HIGH = 25  # an exact agreement on something rare, in every field
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
    assert guards(coded(FIELDS_GUARDED, **levels), FIELDS_GUARDED) == [reason]


def test_a_guard_changes_the_band_and_leaves_the_probability():
    fields = (*NAMES, FIELD["suffix"])
    codes = np.concatenate([coded(fields, **ALIKE), coded(fields, **ALIKE, suffix="different")])
    judged = decide(codes, fields, shipped(), counts=np.ones(2), bands=Bands(link=0.0, review=0.0))
    assert judged["band"].to_list() == ["link", "review"]
    assert judged["w_suffix"].to_list()[1] < 0
    assert judged["match_probability"][1] > 0


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        (Bands(precision=0.9, review=0.9, link=0.9), ["link", "none", "none"]),
        (Bands(precision=0.5), ["link", "review", "none"]),  # the second is more likely wrong than right
        (Bands(most_reviews=10), ["link", "review", "none"]),
        (Bands(most_reviews=9), ["link", "none", "none"]),
        (Bands(review=0.0), ["link", "review", "review"]),
    ],
)
def test_bands_follow_an_expected_precision_or_a_budget(bands, expected):
    rows = (ALIKE, ALIKE | {"birthdate": "one_digit"}, dict.fromkeys(ALIKE, "different"))
    codes = np.concatenate([coded(NAMES, **row) for row in rows])
    shares = shipped().shares | {"same": 1e-10}
    model = replace(shipped(), shares=shares | dict.fromkeys(("twin", "household", "namesake"), 0.0))
    judged = decide(codes, NAMES, model, counts=np.array([10.0, 10.0, 100.0]), bands=bands)
    assert judged["match_probability"].is_sorted(descending=True)
    assert judged["band"].to_list() == expected, judged["match_probability"].to_list()


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
    judge = fuzzy.FirstNames(pl.Series(sorted((a, b))))
    zero, one = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    assert judge(zero, one).tolist() == [found]
    assert judge(one, zero).tolist() == [found]


@given(st.lists(st.text("abcdeéü 李", min_size=1, max_size=14), min_size=2, max_size=12, unique=True))
@settings(deadline=None, max_examples=60)
def test_letters_never_rule_out_what_resembles(texts):
    words = Words.of(pl.Series(sorted(texts)))
    a, b = (part.astype(np.int32) for part in np.triu_indices(len(texts), k=1))
    for least in (0.7, 0.88):
        like = np.array(
            [JaroWinkler.similarity(words.text[x], words.text[y]) >= least for x, y in zip(a, b, strict=True)]
        )
        assert words.may_resemble(a, b, least)[like].all()


def table(rows):
    return pl.DataFrame(
        rows, schema={"key_first": pl.String, "key_last": pl.String, "key_zip": pl.String}, orient="row"
    )


def test_codes_are_shared_by_both_tables_and_nulls_are_apart():
    left, right = table([("ann", "lee", "1"), (None, "ann", None)]), table([("lee", "ann", "1")])
    made = encode(left, right)
    words = made.vocabulary["name"]
    assert words[int(made.left.codes["key_first"][0])] == words[int(made.right.codes["key_last"][0])] == "ann"
    assert made.left.codes["key_first"][1] == NULL


def test_names_that_go_together_say_less_together():
    rows = [(f"f{n % 10}", f"l{n % 10}", None) for n in range(20_000)]
    made = rarity(encode(table(rows)))
    assert made.last_given_first[0] == 0
    assert made.of_value["key_last"].max() > 2


def test_chosen_pairs_are_the_same_in_every_run_and_never_a_row_with_itself():
    side = encode(table([("a", "b", "1")] * 50)).left
    one, two = chosen_pairs(side, side, 1_000), chosen_pairs(side, side, 1_000)
    assert [part.tolist() for part in one] == [part.tolist() for part in two]
    assert (one[0] != one[1]).all()
    assert len(np.unique(one[0])) == 50
