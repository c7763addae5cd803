"""The reference is in step with the code, and explains everything that it names."""

from __future__ import annotations

import inspect
import re

from guides import ROOT

from reconcile.columns import Search
from reconcile.flow import reference as module
from reconcile.flow.reference import EXITS, FLAGS, MEANINGS, SEARCHES, reference
from reconcile.report.tables import CROSSWALK_COLUMNS, DUPLICATE_COLUMNS, STUDENT_COLUMNS
from reconcile.resolve import _same_person, search
from reconcile.resolve import flags as own
from reconcile.resources import expectations
from reconcile.validate.dictionary import read_dictionary


def test_the_page_is_what_the_code_makes() -> None:
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page == reference(), "make it again: python -m reconcile.flow.reference docs/reference.md"


def test_every_flag_is_explained_and_no_other() -> None:
    literals = re.findall(
        r'pl\.lit\("(\w+)"\)', inspect.getsource(search.judge_candidates) + inspect.getsource(_same_person)
    )
    assert [*FLAGS] == [*own.FLAGS, *literals]


def test_nothing_is_explained_that_is_gone() -> None:
    assert MEANINGS.keys() == {*STUDENT_COLUMNS, *CROSSWALK_COLUMNS, *DUPLICATE_COLUMNS}
    assert [*SEARCHES] == [*Search]
    assert sorted(EXITS) == [0, 1, 2, 3, 130]


def test_every_element_and_rule_has_its_place() -> None:
    text = reference()
    for one in read_dictionary(expectations()):
        assert text.count(f"\n### {one.element}\n") == 1
        for rule in one.rules:
            assert f"| `{rule.id}` |" in text


def test_a_stroke_in_a_cell_does_not_end_it() -> None:
    assert module._row(("a|b", "c\nd")) == "| a\\|b | c d |"
