"""What students are counted by, what is refused, and how a dimension with few, many or no values looks."""

from __future__ import annotations

import re

import polars as pl
import pytest
from reconciliations import reconciliation

from reconcile.errors import InputError
from reconcile.report.dimensions import MOST, Breakdown, require_dimension
from reconcile.report.missing import missing
from reconcile.report.where import PARTS, where, where_chart

REFUSED = {
    "citizenship": [
        "citizenship",
        "SPBPERS_CITZ_CODE",
        "CITIZEN.STATUS",
        "VISA_TYPE",
        "ab540_ind",
        "dacaStatus",
    ],
    "SSN": ["ssn_exception", "ssn_no", "SPBPERS_SSN", "NO_SSN", "SSN", "NATIONAL_ID", "taxId", "ITIN_FLAG"],
    "homelessness": ["homeless", "no_perm_address_homeless", "UNHOUSED_IND", "Housing Status"],
    "incarceration": ["INCARCERATED", "inmate_no", "CDCR_FACILITY", "Rising Scholars", "use_case"],
    "personal": ["birthdate", "DOB", "sis_id", "SPRIDEN_PIDM", "EMPLID", "Email", "last_name", "cccid"],
}
ALLOWED = [
    "PROGRAM", "CLASS_NUMBER", "className", "ADVISOR", "SUPERVISOR", "WAITLIST", "waiting_list", "passing",
    "ACAD_PROBATION", "STD_ACAD_PROG", "UNDERGRAD_ACAD_PLAN", "PERSON_TYPE", "CAMPUS", "city", "Adobe",
    "COURSE_MODALITY", "DUAL_ENR_IND", "full_time", "age_group", "FALL I 2026", "comprised",
]  # fmt: skip


@pytest.mark.parametrize("name", [name for names in REFUSED.values() for name in names])
def test_what_may_harm_is_refused_and_the_reason_is_told(name: str) -> None:
    with pytest.raises(InputError, match=rf'not counted by "{re.escape(name)}": it speaks of .*, and '):
        require_dimension(name)
    students = reconciliation().students.with_columns(pl.lit("x").alias(name))
    with pytest.raises(InputError, match="not counted"):
        missing(students, by=[name])


@pytest.mark.parametrize("name", ALLOWED)
def test_other_columns_are_not(name: str) -> None:
    assert require_dimension(name) == name


def by_program(values: list[str | None]) -> Breakdown:
    students = reconciliation().students
    many = students.height // len(values) + 1
    column = pl.Series("PROGRAM", (values * many)[: students.height], dtype=pl.String)
    return next(
        one for one in missing(students.with_columns(column), by=["PROGRAM"]).by if one.title == "PROGRAM"
    )


@pytest.mark.parametrize("count", [1, MOST, MOST + 1, 300])
def test_few_values_and_many(count: int) -> None:
    long = "a title of a program that is longer than any that a catalogue ever had, with a comma"
    one = by_program([long, *(f"Program {n}" for n in range(1, count))])
    frame = one.frame
    assert (one.values, frame.height) == (count, min(count, MOST))
    assert frame["in_scope"].sum() == 1893
    assert frame.select(pl.sum_horizontal(*PARTS)).to_series().to_list() == frame["without"].to_list()
    listed = frame if count <= MOST else frame.head(MOST - 1)
    assert listed["without"].to_list() == sorted(listed["without"], reverse=True)
    html = where(one)
    assert html.count("<svg") == -(-min(count, MOST) // 30)
    if long in frame["value"]:
        assert f">{long}</th>" in html
    assert ("the other 241" in html) == (count == 300)
    spoken = where_chart(one).spoken
    assert all(f"{value}: " in spoken for value in frame["value"])


def test_too_many_values_are_people_and_no_groups() -> None:
    with pytest.raises(InputError, match="too many for groups"):
        by_program([f"P{n}" for n in range(700)])


def test_what_is_not_stated_is_not_among_the_others() -> None:
    one = by_program([None, *(f"Program {n}" for n in range(MOST + 9))])
    assert one.frame.height == MOST
    assert one.frame["value"].tail(2).to_list() == ["the other 11", "not stated"]
    assert one.frame["in_scope"].sum() == 1893


def test_what_is_not_stated_comes_last_and_nobody_at_all_is_no_dimension() -> None:
    one = by_program(["A", None, None, None])
    assert one.frame["value"].to_list() == ["A", "not stated"]
    empty = missing(reconciliation().students.clear())
    assert (empty.by, empty.without, empty.usable) == ((), 0, 0)
    none = Breakdown(title="Term", frame=one.frame.clear(), values=0)
    assert where_chart(none).spoken == "No students."


def test_a_student_of_two_terms_counts_in_both_and_the_page_says_so() -> None:
    students = reconciliation().students.with_columns(terms=pl.lit(["202620", "202610"], pl.List(pl.String)))
    term = next(one for one in missing(students).by if one.title == "Term")
    assert term.overlaps
    assert term.frame.select("value", "in_scope").rows() == [("202610", 1893), ("202620", 1893)]
    assert "add up to more" in where(term)
