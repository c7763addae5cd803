"""The wording is complete, and the colours can be told apart from the page."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reconcile.columns import SisCccid, Status
from reconcile.words import GROUPS, SIS_CCCID_WORDS, WORDINGS, Group, level_words, wording


def test_every_status_and_fact_has_words() -> None:
    assert set(WORDINGS) == set(Status)
    assert set(SIS_CCCID_WORDS) == set(SisCccid)
    assert set(GROUPS) == set(Group)


@pytest.mark.parametrize("status", Status)
def test_words_are_short_sentences(status: Status) -> None:
    words = wording(status)
    assert len(words.title) <= 36
    for sentence in (words.meaning, words.action):
        assert sentence.endswith(".")
        assert sentence[0].isupper()
        assert "_" not in sentence


def test_titles_differ() -> None:
    titles = [words.title for words in WORDINGS.values()]
    assert len(set(titles)) == len(titles)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("group", Group)
@pytest.mark.parametrize("page", ["#ffffff", "#16181c"])
def test_colours_stand_out_on_light_and_dark(group: Group, page: str) -> None:
    assert contrast(GROUPS[group].colour, page) >= 3


def test_reading_order_of_groups_is_the_order_of_the_enum() -> None:
    order = list(GROUPS)
    assert all(list(Group).index(a) < list(Group).index(b) for a, b in pairwise(order))


def test_levels_become_a_sentence() -> None:
    levels = {
        "first_name": "exact",
        "last_name": "one_edit",
        "birthdate": "day_month_swapped",
        "ssn": "different",
        "email": "different",
        "phone": None,
        "street": "some_new_level",
    }
    assert level_words(levels) == (
        "agrees on first name; last name differs in one letter; birthdate has day and month swapped; "
        "street some new level; SSN and e-mail differ"
    )


def test_no_levels_is_said() -> None:
    assert level_words({"email": "missing"}) == "nothing to compare"
