"""Made-up numbers: distinct, well-formed, nobody's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from reconcile.sample import numbers
from reconcile.sample.students import _malformed, _unknown

CCCID = re.compile("[A-HJ-NP-Z]{3}(?!0000)[0-9]{4}")


@pytest.fixture
def rng():
    return np.random.Generator(np.random.PCG64(3))


def test_cccids_are_distinct_ascending_and_never_documented_examples(rng):
    drawn = numbers.cccids(rng, 5_000)
    texts = numbers.cccid_texts(drawn)
    assert len(set(texts)) == 5_000
    assert list(texts) == sorted(texts)
    assert all(CCCID.fullmatch(text) for text in texts)
    assert not {"AAA0001", "ABC1234", "CAL5736"} & set(texts)


def test_a_cccid_and_its_number_are_each_other_s_inverse(rng):
    drawn = numbers.cccids(rng, 500)
    assert [numbers.cccid_number(text) for text in numbers.cccid_texts(drawn)] == drawn.tolist()


def test_ssns_are_distinct_and_of_areas_never_assigned(rng):
    made = numbers.ssns(rng, 5_000)
    assert len(set(made)) == 5_000
    assert all(re.fullmatch("8[0-9]{2}(?!00)[0-9]{2}(?!0000)[0-9]{4}", text) for text in made)


def test_itins_are_in_their_range(rng):
    assert all(re.fullmatch("9[0-9]{2}(7[0-9]|8[0-8])[0-9]{4}", text) for text in numbers.itins(rng, 200))


def test_phones_have_the_exchange_555(rng):
    assert all(re.fullmatch("[0-9]{3}555[0-9]{4}", text) for text in numbers.phones(rng, 200))


def test_zip_codes_belong_to_their_city(rng):
    _street, cities, zips = numbers.addresses(rng, 3_000)
    assert {zip_code for city, zip_code in zip(cities, zips, strict=True) if city == "Fresno"} == {
        "93702",
        "93704",
        "93706",
        "93722",
        "93727",
    }


def test_a_malformed_number_never_has_the_format(rng):
    none = np.empty(0, dtype=np.int64)
    assert not any(CCCID.fullmatch(_malformed(rng, "CDE0417", none)) for _ in range(200))


def test_an_unknown_number_is_one_character_off_and_not_taken(rng):
    right = numbers.cccid_number("CDE0417")
    taken = np.arange(right - 9, right + 9)
    for _ in range(300):
        typed = _unknown(rng, "CDE0417", taken)
        assert CCCID.fullmatch(typed)
        assert sum(a != b for a, b in zip(typed, "CDE0417", strict=True)) == 1
        assert numbers.cccid_number(typed) not in taken
