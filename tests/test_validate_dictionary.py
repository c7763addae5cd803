"""The dictionary: complete, bilingual, and clear about what is wrong in it."""

from __future__ import annotations

import itertools
import re
import shutil
from datetime import date

import pytest

from reconcile import resources
from reconcile.columns import ACCOUNTS, STUDENTS
from reconcile.errors import InputError
from reconcile.validate.dictionary import LANGUAGES, read_dictionary

ELEMENTS = read_dictionary(resources.expectations())


def test_all_46_elements_of_openccc_are_there_once():
    assert sorted(one.number for one in ELEMENTS if one.number) == list(range(1, 47))


def test_elements_carry_columns_of_ours():
    own = {"request_key", "attested_by", "attested_authority", "attested_on"}
    assert {one.column for one in ELEMENTS if one.column} <= {*STUDENTS, *ACCOUNTS, *own}


def test_every_word_to_the_reader_is_there_in_both_languages():
    for element in ELEMENTS:
        assert set(element.name) == set(LANGUAGES)
        assert element.description.endswith(".")
        for rule in element.rules:
            assert all(rule.message[language].endswith(".") for language in LANGUAGES), rule.id
            assert rule.remedy.endswith(".")


def test_the_pattern_of_birthdates_knows_the_calendar():
    rule = next(rule for one in ELEMENTS for rule in one.rules if rule.id == "birthdate_valid")
    pattern = re.compile(rule.kwargs["regex"])
    every = itertools.product((4, 100, 1600, 1700, *range(1895, 2103)), range(14), range(33))
    for year, month, day in every:
        text = f"{year:04}-{month:02}-{day:02}"
        try:
            right = date(year, month, day).year < 2100
        except ValueError:
            right = False
        assert bool(pattern.search(text)) == right, text
    for text in ("2001-2-3", "20010203", "2001-02-03 ", "2001-02-03T00:00", "31-FEB-2001", "", "9999-12-31"):
        assert not pattern.search(text)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("mis: SB03", "mis: [SB03", "1-identity.yaml, line"),
        ("mis: SB03", "mi: SB03", 'birthdate: the key mi is not read by anybody. Did you mean "mis"'),
        ("{accounts: critical}", "{acounts: critical}", 'no suite acounts. Did you mean "accounts"'),
        ("{accounts: critical}", "{accounts: fatal}", "no severity fatal. Known: critical, info, warning"),
        ("id: cccid_example", "id: cccid_shape", "more than one rule called cccid_shape"),
        (
            "      remedy: Ask for the date of birth;",
            "      notes: Ask",
            "birthdate_placeholder: remedy is missing",
        ),
        (
            "    required: {accounts",
            "    requierd: {accounts",
            'no standard rule requierd. Did you mean "required"',
        ),
    ],
)
def test_a_faulty_entry_is_named(tmp_path, old: str, new: str, told: str):
    folder = shutil.copytree(resources.expectations(), tmp_path / "expectations")
    path = folder / "dictionary" / "1-identity.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_dictionary(folder)
    assert told in str(caught.value)
