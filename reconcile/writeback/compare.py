"""What the SIS holds beside what it should: to add, to replace, nothing to do, or for a person to decide."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import polars as pl

from reconcile.columns import Status


class Change(StrEnum):
    """What becomes of a student's number in the SIS."""

    ADD = "add"
    REPLACE = "replace"
    NOTHING = "nothing"
    REFUSED = "refused"


_WRITTEN: Final = (Change.ADD.value, Change.REPLACE.value)
# Statuses in which a number of our registry is the one to load; in all others a person decides first.
_LOADED_NEXT: Final = (
    Status.PENDING_LOAD.value, Status.RECOVERABLE.value, Status.MINTABLE.value, Status.OUT_OF_SCOPE.value,
    Status.BLOCKED.value, Status.REVIEW.value,
)  # fmt: skip
_NEVER: Final = (Status.HELD.value, Status.DUPLICATE_STUDENT.value)

_others = pl.col("others").list.len()
_holds = pl.col("held").list.contains(pl.col("new"))
_status = pl.col("status").fill_null("")

# The first rule that holds; a student for whom none does gets the number added.
RULES: Final = (
    (
        Change.REFUSED,
        pl.col("new").is_null(),
        "the SIS holds a number that was voided, and no other takes its place: take it out",
    ),
    (Change.REFUSED, pl.col("void"), "the number was voided"),
    (Change.NOTHING, _holds & (_others == 0), "the SIS holds it"),
    (Change.NOTHING, _holds, "the SIS holds it, and another number beside it"),
    (Change.NOTHING, pl.col("later").list.contains(pl.col("new")), "the SIS holds it from a later day on"),
    (Change.REFUSED, pl.col("taken"), "another student holds the number in the SIS"),
    (
        Change.REFUSED,
        pl.col("undecided") > 0,
        "the SIS holds another number, and no person has decided against it",
    ),
    (Change.REFUSED, _others > 1, "the SIS holds several other numbers: take out all but one"),
    (Change.REFUSED, _status.is_in(_NEVER), "the student's status asks for a person first"),
    (Change.REPLACE, _others == 1, "a person decided"),
    (Change.REFUSED, ~_status.is_in(_LOADED_NEXT), "the student's status asks for a person first"),
)
DIFFERENCE: Final = (
    "college", "sis_id", "change", "old", "new", "why", "status", "origin", "decision", "since", "batch",
    "line",
)  # fmt: skip


def compare(
    students: pl.DataFrame,
    numbers: pl.DataFrame,
    /,
    *,
    against: pl.DataFrame,
    voided: pl.DataFrame,
) -> pl.DataFrame:
    """Say for each student who has a number here what becomes of it in the SIS.

    Args:
        students: college, sis_id, line, held and later (lists of CCCIDs as the SIS has them), status (of the
            last run), accountless (whether no number that it holds has an account to decide on).
        numbers: college, sis_id, cccid, origin ("issued", "recovered" or "decided"), since, batch, decision
            (a person's word for it, or null); one row a student.
        against: college, sis_id, cccid, decision: people's words against a number.
        voided: college, sis_id, cccid of numbers that count no more, by who had them; nobody gets one again.

    Returns:
        The columns of `DIFFERENCE`, one row a student with a number, or with a voided one in the SIS; `new`
        null where nothing takes a voided one's place.
    """
    key = ["college", "sis_id"]
    holders = students.select(*key, new="held").explode("new").drop_nulls("new")
    held_by = holders.group_by("new").agg(holders=pl.col("sis_id").unique())
    said = against.group_by(*key).agg(
        refuted=pl.col("cccid"), word=pl.col("decision").unique(maintain_order=True).str.join("; ")
    )
    facts = (
        students.join(numbers.rename({"cccid": "new"}), on=key, how="left")
        .join(said, on=key, how="left")
        .join(held_by, on="new", how="left")
        .with_columns(pl.col("refuted").fill_null([]))
        .with_columns(
            others=pl.concat_list("held", "later").list.set_difference(pl.concat_list("new")),
            void=pl.col("new").is_in(voided["cccid"].implode()).fill_null(value=False),
            taken=pl.col("holders").list.set_difference(pl.concat_list("sis_id")).list.len().fill_null(0) > 0,
        )
        .with_columns(undecided=_undecided())
    )
    wrong = holders.join(voided, left_on=[*key, "new"], right_on=[*key, "cccid"]).select(key).unique()
    facts = facts.join(wrong.with_columns(wrong=pl.lit(value=True)), on=key, how="left")
    concerned = facts.filter(pl.col("new").is_not_null() | pl.col("wrong"))
    return _judged(concerned).select(DIFFERENCE).sort("college", "sis_id", nulls_last=True)


def to_write(difference: pl.DataFrame, /) -> pl.DataFrame:
    """Keep the rows that change the SIS."""
    return difference.filter(pl.col("change").is_in(_WRITTEN))


def counts(difference: pl.DataFrame, /) -> pl.DataFrame:
    """Count the rows by what becomes of them and why: change, why, students."""
    order = {change.value: place for place, change in enumerate(Change)}
    grouped = difference.group_by("change", "why").agg(students=pl.len())
    return grouped.sort(pl.col("change").replace_strict(order, return_dtype=pl.Int64), "why")


def _undecided() -> pl.Expr:
    """Count the numbers in the SIS that nobody has spoken against.

    A number without an account cannot be decided on by itself: there a person's word for the new one does.
    """
    left = pl.col("others").list.set_difference("refuted").list.len()
    confirmed = pl.col("decision").is_not_null() & pl.col("accountless")
    return pl.when(confirmed.fill_null(value=False)).then(0).otherwise(left)


def _judged(facts: pl.DataFrame) -> pl.DataFrame:
    change, why = pl.lit(Change.ADD.value), pl.lit("the SIS holds none")
    for name, rule, words in reversed(RULES):
        holds = rule.fill_null(value=False)
        change = pl.when(holds).then(pl.lit(name.value)).otherwise(change)
        why = pl.when(holds).then(pl.lit(words)).otherwise(why)
    replaced = change == Change.REPLACE.value
    return facts.with_columns(
        change=change,
        why=why,
        old=pl.when(replaced).then("others").otherwise("held").list.sort().list.join(" ").replace("", None),
        decision=pl.concat_str("decision", "word", separator="; ", ignore_nulls=True).replace("", None),
    )
