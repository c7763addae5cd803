"""A population that meets nobody is refused, one that half does is told."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from reconcile.errors import PlanError
from reconcile.flow.population import require_somebody
from reconcile.plan import Plan, Population
from reconcile.resources import sample

PEOPLE = pl.DataFrame(
    {
        "sis_id": ["1", "2"],
        "college": ["076", "076"],
        "terms": [["2026FA"], ["2025SP"]],
        "credit": ["credit", "C"],
    }
)


@pytest.fixture
def plan() -> Plan:
    return Plan.read(Path(sample()) / "banner" / "plan.toml")


def of(plan: Plan, **changes: tuple[str, ...]) -> Plan:
    everybody = Population(colleges=(), terms=(), enrolled_only=False, credit=(), person_types=())
    return replace(plan, population=replace(everybody, **changes))


def test_nobody_at_all_names_what_the_extract_has(plan: Plan) -> None:
    with pytest.raises(PlanError, match="None of the 2 students") as refused:
        require_somebody(PEOPLE, of(plan, colleges=("76",)))
    assert "[population] colleges: no student has 76; the extract has 076." in str(refused.value)


def test_a_value_that_matches_no_row_is_told(plan: Plan) -> None:
    notes = require_somebody(PEOPLE, of(plan, terms=("2026FA", "2026SU")))
    assert notes == ("[population] terms: no student has 2026SU; the extract has 2026FA, 2025SP.",)


def test_a_population_that_fits_is_silent(plan: Plan) -> None:
    assert require_somebody(PEOPLE, of(plan, colleges=("076",))) == ()


def test_a_column_that_the_extract_lacks_says_nothing(plan: Plan) -> None:
    assert require_somebody(PEOPLE.drop("college"), of(plan, colleges=("076",))) == ()


def test_a_column_that_holds_no_codes_is_not_quoted(plan: Plan) -> None:
    names = PEOPLE.with_columns(college=pl.Series(["Aaron Abernathy", "1985-01-02"]))
    with pytest.raises(PlanError) as refused:
        require_somebody(names, of(plan, colleges=("076",)))
    assert "Aaron" not in str(refused.value)
    assert "1985" not in str(refused.value)


def test_an_extract_with_one_kind_of_credit_is_usual(plan: Plan) -> None:
    assert require_somebody(PEOPLE, of(plan, credit=("credit", "noncredit"))) == ()
