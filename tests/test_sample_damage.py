"""The error model: each kind does what its name says, and only marked rows differ."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from reconcile.sample import damage, people, rates
from reconcile.sample.kinds import KINDS

AS_OF = date(2026, 11, 16)


@pytest.fixture(scope="module")
def world():
    rng = np.random.Generator(np.random.PCG64(11))
    persons = people.make(rng, 3_000, 0, AS_OF)
    clean = damage.copy_of(persons, np.arange(3_000))
    broken = damage.copy_of(persons, np.arange(3_000))
    damage.damage(rng, persons, broken, AS_OF, sis=True)
    return clean, broken


def rows(world, kind, name):
    clean, broken = world
    mine = np.flatnonzero(broken.has(kind))
    assert len(mine), kind
    return list(zip(clean[name][mine], broken[name][mine], strict=True))


def test_every_rate_names_a_kind():
    assert set(rates.ERRORS) <= set(KINDS)
    assert len(KINDS) < 64


def test_unmarked_records_are_faultless(world):
    clean, broken = world
    harmless = ("two_surnames", "mononym", "itin", "under_13", *rates.RELATIONS, "family_email")
    untouched = ~broken.has(*(set(KINDS) - set(harmless)))
    assert untouched.sum() > 50
    for name in clean.columns:
        if name not in {"former_first", "former_last"}:
            assert (clean[name][untouched] == broken[name][untouched]).all(), name


def test_day_and_month_are_swapped(world):
    for right, wrong in rows(world, "day_month_swapped", "birthdate"):
        assert wrong == f"{right[:5]}{right[8:]}-{right[5:7]}"


def test_one_digit_is_wrong_and_the_date_still_exists(world):
    for right, wrong in rows(world, "digit_error", "birthdate"):
        assert sum(a != b for a, b in zip(right, wrong, strict=True)) == 1
        assert date(1930, 1, 1) < date.fromisoformat(wrong) < AS_OF


def test_impossible_dates_are_not_in_the_calendar(world):
    for _right, wrong in rows(world, "impossible_birthdate", "birthdate"):
        with pytest.raises(ValueError, match="day"):
            date.fromisoformat(wrong)


def test_dates_out_of_range(world):
    assert all(wrong > AS_OF.isoformat() for _right, wrong in rows(world, "future_birthdate", "birthdate"))
    assert all(wrong < "1901" for _right, wrong in rows(world, "birthdate_before_1901", "birthdate"))


def test_what_is_missing_is_missing(world):
    for kind in (name for name in rates.ERRORS if name.startswith("missing_")):
        column = {"address": "street"}.get(kind[8:], kind[8:].replace("_name", ""))
        assert all(wrong is None for _right, wrong in rows(world, kind, column)), kind


def test_an_initial_is_one_letter(world):
    assert all(len(wrong) == 1 for _right, wrong in rows(world, "middle_initial", "middle"))


def test_no_mark_is_left_that_one_byte_cannot_hold(world):
    _clean, broken = world
    for name in ("first", "middle", "last", "preferred", "former_last"):
        "".join(text for text in broken[name] if text).encode("cp1252")


@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.999])
@pytest.mark.parametrize("way", [0.0, 0.3, 0.6, 0.9])
def test_a_slip_of_the_finger_is_one_edit(place, way):
    typed = damage.mistyped("Hernandez", place, way, 0.5)
    assert typed[0] == "H"
    assert abs(len(typed) - 9) <= 1
    assert sorted(typed) == sorted("Hernandez") or typed != "Hernandez"


def test_short_names_are_left_alone():
    assert damage.mistyped("Li", 0.5, 0.1, 0.1) == "Li"


@pytest.mark.parametrize("chance", [0.0, 0.25, 0.5, 0.75, 0.999])
def test_a_wrong_digit_leaves_a_possible_birthdate(chance):
    for day in range(1, 32):
        right = f"1996-01-{day:02}"
        wrong = damage.one_digit(right, chance, "2016-01-01")
        assert sum(a != b for a, b in zip(right, wrong, strict=True)) == 1
        assert date(1930, 1, 1) < date.fromisoformat(wrong) < date(2016, 1, 1)
