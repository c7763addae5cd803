"""The number itself: format, order, sequence and near misses."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.cccid import CCCID, COUNT, LETTERS, WIDE_COUNT, near, near_in, ordinals, texts, well_formed
from reconcile.errors import InputError, ReconcileError

PLACES = st.integers(0, COUNT - 1)
WRONG = ["", "AAA0000", "aaa0001", " AAA0001", "AAA0001 ", "AAA001", "AAAA0001", "AIA0001", "OAA0001"]
WRONG += ["AA10001", "AAA00O1", "AAA\u0660\u0660\u0660\u0661", "ÄAA0001", "AAA0001\n", "AAA000\n"]


def test_there_are_138_million_numbers():
    assert COUNT == 138_226_176
    assert (str(CCCID.from_ordinal(0)), str(CCCID.from_ordinal(COUNT - 1))) == ("AAA0001", "ZZZ9999")


@settings(deadline=None)
@given(PLACES)
def test_place_and_number_are_inverse(place):
    number = CCCID.from_ordinal(place)
    assert (number.ordinal, CCCID.parse(str(number))) == (place, number)


@settings(deadline=None)
@given(st.lists(PLACES, min_size=1))
def test_columns_agree_with_the_class(places):
    expected = [str(CCCID.from_ordinal(place)) for place in places]
    frame = pl.DataFrame({"place": places}).with_columns(text=texts(pl.col("place")))
    assert frame["text"].to_list() == expected
    assert frame.select(ordinals(pl.col("text"))).to_series().to_list() == places


@settings(deadline=None)
@given(PLACES, PLACES)
def test_order_is_the_order_of_issue(left, right):
    assert (CCCID.from_ordinal(left) < CCCID.from_ordinal(right)) == (left < right)


@pytest.mark.parametrize("text", WRONG)
def test_parse_is_strict(text):
    with pytest.raises(InputError, match="Not a CCCID") as caught:
        CCCID.parse(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ReconcileError)
    assert not text or text not in str(caught.value)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=9), st.from_regex(r"\A[A-Z]{3}[0-9]{4}\Z"), st.sampled_from(WRONG)))
def test_well_formed_agrees_with_parse(text):
    try:
        CCCID.parse(text)
        expected = True
    except InputError:
        expected = False
    answer = pl.DataFrame({"t": [text, None]}).select(well_formed(pl.col("t")), place=ordinals(pl.col("t")))
    assert answer["t"].to_list() == [expected, None]
    assert (answer["place"][0] is not None) == expected


def test_successor_steps_over_letters_that_do_not_exist():
    assert str(CCCID("AAH9999").successor()) == "AAJ0001"
    assert str(CCCID("AZZ9999").successor()) == "BAA0001"
    with pytest.raises(InputError, match="last"):
        CCCID("ZZZ9999").successor()


@pytest.mark.parametrize("place", [-1, COUNT])
def test_places_outside_the_sequence_are_refused(place):
    with pytest.raises(InputError, match="places run"):
        CCCID.from_ordinal(place)


def test_number_shows_itself():
    assert (str(CCCID("ABC1234")), repr(CCCID("ABC1234"))) == ("ABC1234", "CCCID('ABC1234')")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("abc1234", "ABC1234"),
        (" ABC 1234 ", "ABC1234"),
        ("ABC-1234", "ABC1234"),
        ("ABCI2O4", "ABC1204"),
        ("ABCl234", "ABC1234"),
        ("AB1C234", "ABC1234"),
    ],
)
def test_likeliest_meaning_comes_first(text, first):
    assert str(near(text)[0]) == first


def test_near_is_what_one_slip_makes():
    found = {str(number) for number in near("ABC1234")}
    assert "ABC1234" not in found
    assert {"BAC1234", "ABC1243", "ABD1234", "ABC1239"} <= found
    assert all(_distance_one("ABC1234", number) for number in found)
    assert len(found) == 3 * (len(LETTERS) - 1) + 4 * 9 + 5
    assert near("") == near("WHATEVER ELSE") == []
    assert CCCID("ABC1234") in near("ABC12344")
    assert CCCID("ABC1234") in near("ABC134")
    assert CCCID("ABC0001") in near("ABC0000")


def test_near_numbers_of_a_column_are_those_that_exist():
    values = pl.Series(["ABC12O4", None, "ZZZ9999", "ABC12O4", "ABC1205"])
    known = pl.Series(["ABC1204", "ABC1205", None])
    assert near_in(values, known).to_list() == [
        ["ABC1204", "ABC1205"],
        [],
        [],
        ["ABC1204", "ABC1205"],
        ["ABC1204"],
    ]
    assert near_in(values.head(0), known).to_list() == []


def _distance_one(left, right):
    differ = [i for i in range(7) if left[i] != right[i]]
    swap = len(differ) == 2 and differ[1] == differ[0] + 1
    return len(differ) == 1 or (swap and left[differ[0]] == right[differ[1]])


WIDE_PLACES = st.integers(0, COUNT + WIDE_COUNT - 1)


@settings(deadline=None)
@given(WIDE_PLACES, WIDE_PLACES)
def test_the_form_of_the_future_is_read_where_it_is_asked_for(left, right):
    one, two = (CCCID.from_ordinal(place, wide=True) for place in (left, right))
    assert CCCID.parse(str(one), wide=True) == one
    assert (one.ordinal, one.wide) == (left, left >= COUNT)
    assert (one < two, one <= two, one == two) == (left < right, left <= right, left == right)
    asked = pl.DataFrame({"t": [str(one)]}).select(
        plain=well_formed(pl.col("t")), wide=well_formed(pl.col("t"), wide=True)
    )
    assert asked.row(0) == (not one.wide, True)


def test_it_is_no_number_of_today():
    with pytest.raises(InputError, match="8 characters were found instead of 7"):
        CCCID.parse("AAAA0001")
    with pytest.raises(InputError, match="Four letters without I and O"):
        CCCID.parse("AAAI0001", wide=True)
    with pytest.raises(InputError, match="0000"):
        CCCID.parse("AAAA0000", wide=True)
    assert str(CCCID.parse("AAAZ9999", wide=True).successor()) == "AABA0001"
    with pytest.raises(InputError, match="ZZZZ9999 is the last"):
        CCCID.parse("ZZZZ9999", wide=True).successor()
    with pytest.raises(InputError, match="places run"):
        CCCID.from_ordinal(COUNT)
    assert str(CCCID.from_ordinal(COUNT, wide=True)) == "AAAA0001"
    with pytest.raises(TypeError):
        _ = CCCID("AAA0001") < "AAA0002"


@given(st.lists(st.integers(0, COUNT + WIDE_COUNT - 1), max_size=20))
def test_places_of_the_wide_form_are_the_numbers_own(places):
    numbers = pl.DataFrame({"text": [str(CCCID.from_ordinal(place, wide=True)) for place in places]})
    text = pl.col("text").cast(pl.String)
    assert numbers.select(ordinals(text, wide=True)).to_series().to_list() == places
    today = [place if place < COUNT else None for place in places]
    assert numbers.select(ordinals(text)).to_series().to_list() == today
