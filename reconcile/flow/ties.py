"""What a run knows of SIS records of one person, for the registry: so that two batches serve nobody twice."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Band

if TYPE_CHECKING:
    from reconcile.flow.run import Run
    from reconcile.registry import Registry

_SCHEMA: Final = dict.fromkeys(("college_l", "sis_id_l", "college_r", "sis_id_r", "tie"), pl.String)
_SAME_NAME: Final = 50  # records of one name and birthdate that are compared; more are no name of a person
_BY_BAND: Final = {Band.LINK.value: "same", Band.REVIEW.value: "possible"}


def ties_of(done: Run, registry: Registry, /) -> pl.DataFrame:
    """List pairs of records that a run compared: same, possible, or different.

    A reviewer's word comes first, then former SIS ids, then the score. Different are also records of equal
    name and birthdate that the score kept apart (other SSNs, for instance), and pairs that the registry
    had noted and that the records do not bear out any more.

    Returns:
        college_l, sis_id_l, college_r, sis_id_r, tie.
    """
    students = done.students
    college = dict(students.select("sis_id", "college").iter_rows())
    told: dict[tuple[str, str], str] = {}
    for left, right in _one_name(students):
        told[left, right] = "different"
    for row in registry.ties().filter(pl.col("tie") != "different").iter_rows(named=True):
        left, right = sorted((row["sis_id_l"], row["sis_id_r"]))
        if college.get(left) is not None and college.get(right) is not None:
            told[left, right] = "different"
    pairs = done.student_duplicates.pairs
    bands = pairs.select("id_l", "id_r", pl.col("band").cast(pl.String)).filter(
        pl.col("band").is_in(list(_BY_BAND))
    )
    for left, right, band in bands.iter_rows():
        told[min(left, right), max(left, right)] = _BY_BAND[band]
    former = students.select("sis_id", "former_ids").explode("former_ids").drop_nulls("former_ids")
    for student, earlier in former.iter_rows():
        if student != earlier:
            college.setdefault(earlier, college.get(student))
            told[min(student, earlier), max(student, earlier)] = "same"
    decided = registry.decisions(reviewers=done.plan.review.reviewers).filter(
        (pl.col("table") == "duplicates") & (pl.col("decision") != "unsure")
    )
    for left, right, decision in decided.select("id_l", "id_r", "decision").iter_rows():
        told[min(left, right), max(left, right)] = "same" if decision == "match" else "different"
    rows = [
        (college.get(left), left, college.get(right), right, tie)
        for (left, right), tie in sorted(told.items())
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").drop_nulls()


def _one_name(students: pl.DataFrame) -> list[tuple[str, str]]:
    """Pair the records of one name and birthdate."""
    names = ["first_name", "last_name", "birthdate"]
    spelled = students.select("sis_id", *(pl.col(name).str.to_lowercase() for name in names)).drop_nulls()
    groups = (
        spelled.group_by(names).agg("sis_id").filter(pl.col("sis_id").list.len().is_between(2, _SAME_NAME))
    )
    return [pair for ids in groups["sis_id"].to_list() for pair in combinations(sorted(ids), 2)]
