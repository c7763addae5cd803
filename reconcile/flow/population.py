"""Does the plan's population meet the extract? A code that matches nobody is a slip, not an answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import PlanError
from reconcile.privacy import looks_like_data
from reconcile.resolve.population import out_of_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.plan import Plan

_CODE: Final = re.compile(r"[A-Za-z0-9]{1,4}|(?=[^0-9]*[0-9])[A-Za-z0-9_/-]{1,12}")
_OURS: Final = ("student", "employee", "applicant", "vendor", "credit", "noncredit")
_SHOWN: Final = 8  # codes listed in a message
_KEYS: Final = {"colleges": "college", "terms": "terms", "credit": "credit", "person_types": "person_type"}


def require_somebody(students: pl.DataFrame, plan: Plan, /) -> tuple[str, ...]:
    """Return a note for each value of the population that matches no row of the extract.

    Raises:
        PlanError: nobody is in the population; the message says which codes the extract has.
    """
    outside = students.select(reason=out_of_scope(students, plan.population))["reason"]
    notes = tuple(_strangers(students, plan))
    if students.height and not outside.null_count():
        raise PlanError(
            "\n  ".join((f"None of the {students.height:,} students is in the plan's population:", *notes))
            + "\nCorrect [population] in the plan; codes are texts, their leading zeros count."
        )
    return notes


def _strangers(students: pl.DataFrame, plan: Plan) -> Iterator[str]:
    for key, column in _KEYS.items():
        wanted = [str(value) for value in getattr(plan.population, key)]
        if column not in students.columns:
            continue
        found = _values(students[column])
        missing = [value for value in wanted if value not in found]
        if key == "credit" and len(missing) < len(wanted):
            continue  # the usual plan names both kinds, an extract often has one
        if missing and found:
            listed = _listed(found)
            yield (f"[population] {key}: no student has {', '.join(missing)}; the extract has {listed}.")


def _listed(found: list[str]) -> str:
    """Name the codes of a column; what is no code by its shape may be a person's, and is only counted."""
    shown = [
        value for value in found if value in _OURS or (_CODE.fullmatch(value) and not looks_like_data(value))
    ]
    if len(shown) < len(found):
        return f"{len(found):,} different values that are no codes by their shape; check the column"
    return ", ".join(shown[:_SHOWN]) + (", ..." if len(shown) > _SHOWN else "")


def _values(column: pl.Series) -> list[str]:
    flat = column.explode(empty_as_null=True) if isinstance(column.dtype, pl.List) else column
    counts = flat.drop_nulls().value_counts(sort=True)
    return [str(value) for value in counts[counts.columns[0]].to_list()]
