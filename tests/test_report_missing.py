"""Why students have no CCCID: each in scope without one is counted once."""

from __future__ import annotations

import polars as pl
import pytest
from reconciliations import MIX, reconciliation

from reconcile.columns import Search, SisCccid, Status
from reconcile.report.missing import WHY_WORDS, Why, missing
from reconcile.words import Group


def test_counts_agree_with_a_plain_count() -> None:
    made = missing(reconciliation().students)
    absent = sum(n for status, sis, _, n in MIX if status != "out_of_scope" and sis == "absent")
    wrong = sum(
        n for status, sis, _, n in MIX if status != "out_of_scope" and sis not in ("absent", "agrees")
    )
    assert (made.absent, made.unusable) == (absent, wrong)
    assert sum(made.groups.values()) == sum(made.statuses.values()) == absent
    assert made.reasons["students"].sum() == absent + wrong
    assert made.reasons["students"].sum() == sum(made.reasons[group.value].sum() for group in Group)


def test_every_place_adds_up_to_the_whole() -> None:
    made = missing(reconciliation().students)
    by = {one.title: one for one in made.by}
    assert list(by) == ["College", "Term", "Credit or noncredit"]
    for one in made.by:
        assert one.frame["in_scope"].sum() == 1893
        assert one.frame["without"].sum() == made.without == made.absent + made.unusable
        parts = one.frame.select(pl.sum_horizontal("none_found", "exists", "unusable")).to_series()
        assert parts.to_list() == one.frame["without"].to_list()
    assert by["College"].frame["value"].to_list() == ["891", "892", "not stated"]
    assert by["Credit or noncredit"].frame["value"].to_list() == ["credit", "noncredit"]
    assert made.usable + made.without == 1893


@pytest.mark.parametrize("column", ["college", "credit", "terms"])
def test_what_the_extract_does_not_have_is_left_out(column: str) -> None:
    students = reconciliation().students
    kind = students.schema[column]
    for without in (students.drop(column), students.with_columns(pl.lit(None, kind).alias(column))):
        assert len(missing(without).by) == 2


@pytest.mark.parametrize("sis", SisCccid)
@pytest.mark.parametrize("search", Search)
def test_every_pair_of_facts_has_one_reason_or_none(sis: SisCccid, search: Search) -> None:
    student = reconciliation().students.head(1)
    student = student.with_columns(
        status=pl.lit(Status.REVIEW.value), sis_cccid=pl.lit(sis.value), search=pl.lit(search.value)
    )
    made = missing(student)
    assert made.absent + made.unusable == (sis is not SisCccid.AGREES)


def test_every_reason_has_words() -> None:
    assert set(WHY_WORDS) == set(Why)
