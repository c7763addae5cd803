"""The page on the dictionary names rules that exist, and leaves out none that rests on the official text."""

from __future__ import annotations

import re
from pathlib import Path

import elements
import pytest

from reconcile import resources
from reconcile.validate.dictionary import SUITES

PAGE = Path(__file__).parents[1] / "docs" / "dictionary.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| Element ")
]
RULES = {rule.id for rule in elements.RULES}
OFFICIAL = [one for one in elements.ELEMENTS if one.source.startswith("OpenCCC account data elements")]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}: {row[1][:40]}")
def test_a_sentence_has_rules_or_a_word_on_why_not(row: list[str]):
    _, sentence, answer = row
    assert sentence
    assert set(named(answer)) <= RULES
    assert named(answer) or re.match(r"None: .+\.$", answer)


def test_every_rule_of_the_official_text_stands_in_the_table():
    stated = {rule for row in ROWS for rule in named(row[2])}
    assert len(OFFICIAL) == 15
    assert {rule.id for element in OFFICIAL for rule in element.rules} - stated == set()


def test_elements_stand_in_the_order_of_the_text():
    first_sixteen = sorted(
        (one for one in elements.ELEMENTS if one.number and one.number <= 16), key=lambda one: one.number
    )
    assert list(dict.fromkeys(row[0] for row in ROWS)) == [one.element for one in first_sixteen]


def test_every_suite_is_explained():
    assert all(f"`{suite}` (" in TEXT for suite in SUITES)


def test_the_entry_shown_is_one_of_the_dictionary():
    shown = re.search(r"```yaml\n(.+?)```", TEXT, re.DOTALL)
    assert shown
    entries = (
        path.read_text(encoding="utf-8") for path in (resources.expectations() / "dictionary").iterdir()
    )
    assert any(shown[1] in entry for entry in entries)
