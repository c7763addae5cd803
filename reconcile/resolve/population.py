"""Who is in the plan's population, and why somebody is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from reconcile.plan import Population

# An unknown value excludes nobody: leaving a student out in silence is worse than one row too many.
_IN_WORDS = {
    "person_type": "is no student (person type)",
    "college": "belongs to another college",
    "terms": "is in none of the plan's terms",
    "enrolled": "never enrolled",
    "credit": "only takes courses that the plan leaves out (credit / noncredit)",
}


def out_of_scope(students: pl.DataFrame, population: Population | None, /) -> pl.Expr:
    """Give the reason why a student is outside the population, null for those inside.

    A column that the extract lacks, or that is empty in a row, excludes nobody.
    """
    if population is None:
        return pl.lit(None, pl.String)
    outside = {
        "person_type": _other("person_type", population.person_types),
        "college": _other("college", population.colleges),
        "terms": (
            pl.col("terms").list.drop_nulls().list.len().fill_null(0) > 0
        ) & ~pl.col("terms").list.set_intersection(list(population.terms)).list.len().cast(pl.Boolean)
        if population.terms
        else pl.lit(value=False),
        "enrolled": pl.col("enrolled") == "false" if population.enrolled_only else pl.lit(value=False),
        "credit": _other("credit", tuple(population.credit)),
    }  # fmt: skip
    reasons = [
        pl.when(rule.fill_null(value=False)).then(pl.lit(_IN_WORDS[column]))
        for column, rule in outside.items()
        if column in students.columns
    ]
    return pl.coalesce(reasons) if reasons else pl.lit(None, pl.String)


def _other(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return ~pl.col(column).is_in(list(wanted)) if wanted else pl.lit(value=False)
