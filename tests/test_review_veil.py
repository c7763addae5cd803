"""A reviewer without birthdates reads agree, near or differ, by the same levels as everybody else."""

from __future__ import annotations

import polars as pl
import pytest

from reconcile.agreement import with_agreement
from reconcile.review.veil import veiled
from reconcile.score.levels import FIELD


def listed(levels):
    """Make a work list of one pair for each level of a field, as `review` words them."""
    pairs = with_agreement(pl.DataFrame(levels | {"guard": [None] * len(next(iter(levels.values())))}))
    rows = pairs.height
    return pairs.select(
        id_l=pl.lit("1"), agreement="words",
        birthdate_l=pl.lit("2001-02-03"), birthdate_r=pl.lit("2001-03-02"),
        match_probability=pl.lit(0.9), ssn_last4_l=pl.lit("1234"), email_l=pl.lit("a@b.edu"),
        hash=pl.lit("h0123-4567"),
    ), pl.Series("hash", [f"h{n}-4567" for n in range(rows)])  # fmt: skip


@pytest.mark.parametrize("field", ["birthdate", "ssn"])
def test_each_level_comes_to_one_of_three_words(field):
    levels = ["exact", "missing", *FIELD[field].levels]
    frame, marks = listed({f"level_{field}": levels, "level_last_name": ["exact"] * len(levels)})
    shown = veiled(frame, marks)
    said = dict(zip(levels, shown["agreement"].to_list(), strict=True))
    word = {"birthdate": "birthdate", "ssn": "SSN"}[field]
    for level, text in said.items():
        states = pl.DataFrame({f"level_{name}": ["exact"] for name in ("first_name", "last_name")})
        states = states.with_columns(pl.lit(level).alias("level_birthdate"), guard=pl.lit(None, pl.String))
        if level in ("missing", "same_year"):
            assert text == "agrees on last name"
        elif level == "exact":
            assert text == f"agrees on last name and {word}"
        else:
            assert text in (f"agrees on last name; {word} is near", f"agrees on last name; {word} differs")
            if field == "birthdate":  # counted as by everybody else
                differs = with_agreement(states)["differing"][0] == 1
                assert text.endswith("differs") == differs
    if field == "birthdate":
        words = {
            "": ("missing", "same_year"),
            "agree": ("exact",),
            "near": ("day_month_swapped", "one_digit"),
        }
        for word, ones in words.items():
            assert {shown["birthdate"][levels.index(one)] for one in ones} == {word}


def test_no_day_no_part_of_an_ssn_and_no_hash_is_left():
    frame, marks = listed({"level_birthdate": ["one_digit"], "level_first_name": ["exact"]})
    shown = veiled(frame, marks)
    assert shown.columns == ["id_l", "agreement", "birthdate", "email_l", "hash"]
    assert shown.row(0) == ("1", "agrees on first name; birthdate is near", "near", "a@b.edu", "h0-4567")


def test_what_differs_together_is_told_apart():
    fields = {f"level_{name}": ["different"] for name in ("first_name", "birthdate", "ssn", "email")}
    frame, marks = listed(fields)
    shown = veiled(frame, marks)
    assert shown["agreement"][0] == "first name, birthdate, SSN and e-mail differ"
    assert shown["birthdate"][0] == "differ"
