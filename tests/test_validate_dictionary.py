"""The dictionary: complete, bilingual, and clear about what is wrong in it."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
from datetime import date
from random import Random
from typing import TYPE_CHECKING

import pytest
from damage import damaged
from elements import ELEMENTS

from reconcile import resources
from reconcile.columns import ACCOUNTS, CONSENT, STUDENTS
from reconcile.errors import InputError
from reconcile.validate.build import _PARAMETERS
from reconcile.validate.dictionary import LANGUAGES, read_dictionary
from reconcile.validate.entries import read_entries
from reconcile.validate.expected import PARAMETERS
from reconcile.validate.predicates import row_predicate

if TYPE_CHECKING:
    from pathlib import Path


def test_all_46_elements_of_openccc_are_there_once():
    assert sorted(one.number for one in ELEMENTS if one.number) == list(range(1, 47))


def test_elements_carry_columns_of_ours():
    own = {"request_key", "attested_by", "attested_authority", "attested_on", "seen", "scope"}
    own |= {"use_case", "proxy_application", *CONSENT}
    own |= {"email_in_use"}  # what the system says of an address, beside the request
    assert {one.column for one in ELEMENTS if one.column} <= {*STUDENTS, *ACCOUNTS, *own}


def test_parameters_are_those_that_suites_have():
    assert set(PARAMETERS) == set(_PARAMETERS)


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


GOOD = """\
- element: phone
  name: {en: Phone, es: Teléfono}
  description: The number.
  type: text
  length: 19
  values: []
  nullable: true
  mis: SB03
  column: phone
  sensitivity: internal
  source: a test
  standard:
    length: {students: warning}
  rules:
    - id: phone_shape
      suites: {accounts: critical}
      expect: expect_column_values_to_match_regex
      kwargs: {regex: "^[0-9]{10}$"}
      message:
        en: It has no ten digits.
        es: No tiene diez dígitos.
      remedy: Ask for it.
    - id: phone_example
      suites: {accounts: critical}
      expect: expect_column_values_to_not_be_in_set
      kwargs: {value_set: ["5555555555"]}
      message: {en: An example., es: Un ejemplo.}
      remedy: Ask for it.
    - id: phone_owner
      suites: {accounts: critical}
      sql: phone = email
      message: {en: The same., es: Lo mismo.}
      remedy: Ask for it.
"""


def dictionary(folder: Path, text: str) -> Path:
    """Make a dictionary of one file beside our standard rules."""
    (folder / "dictionary").mkdir()
    (folder / "dictionary" / "ours.yaml").write_text(text, encoding="utf-8")
    shutil.copy(resources.expectations() / "standard.yaml", folder)
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_dictionary(folder)
    assert caught.value.__context__ is None
    return str(caught.value)


def test_the_good_file_of_these_tests_is_good(tmp_path: Path):
    (element,) = read_dictionary(dictionary(tmp_path, GOOD))
    assert [rule.id for rule in element.rules] == [
        "phone_length", "phone_shape", "phone_example", "phone_owner"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("mis: SB03", "mis: [SB03", 9, "this is no YAML ("),
        ("mis: SB03", "mis:\tSB03\n\tx: y", 8, "Indent with spaces, not with tabs."),
        ("mis: SB03", "mi: SB03", 8, 'phone: the key mi is not read by anybody. Did you mean "mis"?'),
        ("mis: SB03", "mis: 3", 8, "phone: mis is a number; a text was expected. Put it in quotes."),
        ("mis: SB03", "mis: x\n  mis: x", 9, "the key mis is there twice, first in line 8. Keep one."),
        ("mis: SB03", "mis: *SB03", 8, "aliases (*), tags (!) and entries inside more than 12"),
        ("mis: SB03", "optional: [acounts]", 8, 'phone: no suite acounts. Did you mean "accounts"?'),
        ("mis: SB03", "rules: []", 14, "the key rules is there twice, first in line 8."),
        ("sensitivity: internal", "sensitivity: privat", 10, "phone: no sensitivity privat."),
        ("  sensitivity: internal\n", "", 1, "sensitivity is missing. Add it."),
        ("{en: Phone, es: Teléfono}", "Phone", 2, "phone: name is a text; a mapping (key: value) was"),
        ("{en: Phone, es: Teléfono}", "{en: Phone}", 2, "phone: es is missing. Add it."),
        ("length: 19", 'length: "19"', 5, "phone: length is a text; a number was expected."),
        (
            "length: {students",
            "lenght: {students",
            13,
            'phone: no standard rule lenght. Did you mean "length"?',
        ),
        ("length: 19", "notes: x", 13, "phone: the standard rule length needs length, which the"),
        (
            "students: warning",
            "students: no",
            13,
            "rule phone_length: students is true or false (as YAML also",
        ),
        ("students: warning", "students: fatal", 13, "rule phone_length: no severity fatal. Known: critical"),
        (
            "{accounts: critical}",
            "{acounts: critical}",
            16,
            "rule phone_shape: no suite acounts. Did you mean",
        ),
        ("{accounts: critical}", "accounts", 16, "suites is a text; a mapping (key: value) was expected."),
        ("{accounts: critical}", "{}", 16, "suites is empty; write {students: critical}, for example."),
        ("id: phone_shape", "id: Phone shape", 15, "rule Phone shape: an id is small letters, digits and _"),
        ("id: phone_shape", "id: x' OR 'x", 15, "an id is small letters, digits and _"),
        ("id: phone_shape", "id: no", 15, "rule (without an id): id is true or false (as YAML also reads"),
        ("- id: phone_shape\n      suites", "- suites", 15, "rule (without an id): id is missing. Add it."),
        (
            "id: phone_example",
            "id: phone_shape",
            23,
            "more than one rule called phone_shape, the first in ours",
        ),
        (
            "    - id: phone_shape",
            "    - phone\n    - id: phone_shape",
            15,
            "the entry is a text; a mapping was",
        ),
        ("match_regex", "match_rgex", 17, "no expectation expect_column_values_to_match_rgex. Did you mean"),
        (
            '{regex: "^[0-9]{10}$"}',
            "{regex: {$PARAMETER: shape}}",
            18,
            "rule phone_shape: no parameter shape.",
        ),
        (
            '{regex: "^[0-9]{10}$"}',
            "{regexp: x}",
            18,
            'rule phone_shape: the key regexp is not read by anybody. Did you mean "regex"?',
        ),
        ('{regex: "^[0-9]{10}$"}', "{}", 18, "rule phone_shape: regex is missing. Add it."),
        (
            '{regex: "^[0-9]{10}$"}',
            '{regex: "(?!x)"}',
            18,
            "rule phone_shape: the regex is not understood; RE2 knows no",
        ),
        ('{regex: "^[0-9]{10}$"}', '{regex: "["}', 18, "rule phone_shape: the regex is not understood"),
        (
            '{regex: "^[0-9]{10}$"}',
            "{regex: 7}",
            18,
            "rule phone_shape: regex is a number; a text was expected. Put it in quotes.",
        ),
        ("        es: No tiene diez dígitos.\n", "", 20, "rule phone_shape: es is missing. Add it."),
        ('{value_set: ["5555555555"]}', "{value_set: []}", 26, "rule phone_example: value_set is empty"),
        (
            '{value_set: ["5555555555"]}',
            "{value_set: [yes, no]}",
            26,
            "an item of value_set is true or false",
        ),
        (
            '{value_set: ["5555555555"]}',
            "{value_set: ABC1234}",
            26,
            "value_set is a text; a list (- item) was expected",
        ),
        (
            "sql: phone = email",
            "sql: x\n      when: {zip: a}",
            32,
            "rule phone_owner: when belongs to expect",
        ),
        ("sql: phone = email", "sql: 1", 31, "rule phone_owner: sql is a number; a text was expected."),
        ("sql: phone = email", "sql: x\n      kwargs: {}", 32, "rule phone_owner: kwargs belong to expect"),
        (
            "sql: phone = email",
            "sql: x\n      expect: y",
            29,
            "rule phone_owner: it needs either expect or sql, not both",
        ),
        (
            '{value_set: ["5555555555"]}',
            "{value_set: [x]}\n      when: {}",
            27,
            "rule phone_example: when is empty",
        ),
        (
            '{value_set: ["5555555555"]}',
            "{value_set: [x]}\n      when: {zip: 3}",
            27,
            "rule phone_example: zip is a number; a text was expected",
        ),
        (
            '{value_set: ["5555555555"]}',
            "{value_set: [x]}\n      when: {zip: {~: x}}",
            27,
            "a key is empty. Put it in quotes.",
        ),
        (
            '{value_set: ["5555555555"]}',
            "{value_set: [x]}\n      when: {zip: {'=': x}}",
            27,
            "no comparison =. Did you mean",
        ),
        (
            "sql: phone = email",
            "sql: x\n      eased: {mail: info}",
            32,
            'no ease mail. Did you mean "mailbox"?',
        ),
        (
            "sql: phone = email",
            "expect: unexpected_rows_expectation",
            31,
            "no expectation unexpected_rows_expectation.",
        ),
    ],
)
def test_a_faulty_entry_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, told: str):
    assert old in GOOD
    said = refusal(dictionary(tmp_path, GOOD.replace(old, new, 1)))
    assert said.startswith(f"ours.yaml, line {line}")
    assert told in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "expect_column_value_lengths_to",
            "expect_lengths_to",
            "no expectation expect_lengths_to_be_between.",
        ),
        (
            "{max_value: $length}",
            "{max_value: -1}",
            "_length: max_value is negative or empty; a number was expected.",
        ),
        (
            "{max_value: $length}",
            "{min_value: 9, max_value: 3}",
            "_length: min_value 9 is greater than max_value 3.",
        ),
        ("{max_value: $length}", "{}", "_length: min_value or max_value is missing. Add one."),
        ("{max_value: $length}", "{max_value: 3, strict_max: 1}", "strict_max is a number; true or false"),
        (
            "{name} is longer",
            "{nme} is longer",
            "standard rule length: the message has another hole than {name}",
        ),
        (
            "{name} is longer",
            "{name is longer",
            "standard rule length: the message has another hole than {name}",
        ),
        (
            "  remedy: Complete the field where the record is kept.\n",
            "",
            "standard rule required: remedy is missing",
        ),
    ],
)
def test_a_faulty_standard_rule_is_named(tmp_path: Path, old: str, new: str, told: str):
    folder = dictionary(tmp_path, GOOD)
    path = folder / "standard.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    said = refusal(folder)
    assert re.match(r"[a-z]+[.]yaml, line [0-9]+, ", said)
    assert told in said


FILES = [
    (b"", "line 1: the file is empty; a list of entries, each beginning with a dash, was expected."),
    (b"# nothing\n", "line 1: the file is empty; a list of entries"),
    (b"[]", "line 1: the file is empty; a list of entries"),
    (b"only a text", "line 1: the file is a text; a list of entries"),
    (b"element: phone\nrules: []\n", "line 1: the file is a mapping (key: value); a list of entries"),
    (b"- element: a\n- b\n", "line 2: the entry is a text; a mapping was expected."),
    (b"-\n", "line 1: the entry is empty; a mapping was expected."),
    (b"- a: 1\n  a: 2\n", "line 2: the key a is there twice, first in line 1. Keep one."),
    (b"- a: &x [1]\n- b: *x\n", "line 2: aliases (*)"),
    (b"- !!python/object/apply:os.system [ls]\n", "line 1: aliases (*), tags (!)"),
    (b"- a: " + b"[" * 500_000, "line 1: aliases (*), tags (!) and entries inside more than 12"),
    (b"- " * 400_000, "line 1: aliases (*), tags (!) and entries inside more than 12"),
    (b"- a: " + b"x" * 1_000_000, "is larger than 1,000,000 bytes; no list of rules is. Split it."),
    (b"- a:\n\tb: c\n", "line 2: this is no YAML (found character '\\t' that cannot start any token)."),
    (b"- a: 1\n- b: \xe9\n", "line 2: this is not UTF-8. Save the file as UTF-8."),
    ("- a: 1\n".encode("utf-16"), "line 1: this is not UTF-8."),
    (b"- a: 1\n- b: \x00\n", "line 2: this is no YAML (a control character)."),
    (b'- a: 1\n- b: "\\0"\n', "line 2: an escape stands for no character of a text."),
    (b'- a: 1\n- b: "\\ud800"\n', "line 2: an escape stands for no character of a text."),
    (b'- a: 1\n- b: "\\UFFFFFFFF"\n', "line 2: this is no YAML (an escape that stands for no character)."),
    (
        b"- no: x\n",
        "line 1: a key is true or false (as YAML also reads yes, no, on and off). Put it in quotes.",
    ),
    (b"- [a]: x\n", "line 1: a key is a list (- item). Put it in quotes."),
    (b"- a: 1\n---\n- b: 1\n", "line 2: a second document begins here. Keep one in a file."),
    (b"- a: 'x\n", "this is no YAML (found unexpected end of stream)."),
]


@pytest.mark.parametrize(("data", "told"), FILES, ids=[str(data[:20]) for data, _ in FILES])
def test_a_file_that_is_no_list_of_entries_is_refused_with_its_line(tmp_path: Path, data: bytes, told: str):
    path = tmp_path / "our-rules.yaml"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_entries(path)
    assert str(caught.value).startswith("our-rules.yaml")
    assert told in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("path", ["missing.yaml", ".", "a\0b"])
def test_a_place_that_is_no_file_is_refused(tmp_path: Path, path: str):
    with pytest.raises(InputError, match=r"cannot be read\. Name a YAML file"):
        read_entries(tmp_path / path)


def test_words_and_numbers_are_what_they_look_like(tmp_path: Path):
    path = tmp_path / "our-rules.yaml"
    path.write_text(
        "- {a: 2001-02-03, b: 0012, c: 1.5, d: 12, e: '12', f: 12:30, g: 0x10, h: yes, i: ~, j: nEin}\n",
        encoding="utf-8-sig",
    )
    (entry,) = read_entries(path)
    assert entry == {
        "a": "2001-02-03", "b": "0012", "c": "1.5", "d": 12, "e": "12",
        "f": "12:30", "g": "0x10", "h": True, "i": None, "j": "nEin",
    }  # fmt: skip


def test_spaces_in_a_rules_literals_stay(tmp_path: Path):
    text = GOOD.replace("sql: phone = email", "sql: >-\n        phone  =\n          'a  {b}  it''s  c'")
    folder = dictionary(tmp_path, text)
    (rule,) = (rule for one in read_dictionary(folder) for rule in one.rules if rule.id == "phone_owner")
    query = rule.kwargs["unexpected_rows_query"]
    assert query == "SELECT * FROM {batch} WHERE phone = 'a  {{b}}  it''s  c'"
    assert row_predicate(query) == "phone = 'a  {b}  it''s  c'"


@pytest.mark.parametrize("seed", range(150))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(tmp_path: Path, seed: int):
    folder = dictionary(tmp_path, GOOD)
    path = folder / "dictionary" / "ours.yaml"
    path.write_bytes(damaged(path.read_bytes(), Random(seed)))  # noqa: S311 - nothing secret
    with contextlib.suppress(InputError):
        read_dictionary(folder)
