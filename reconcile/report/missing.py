"""Which students have no usable CCCID in the SIS, and why: the first question of every reader."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from reconcile.columns import Search, SisCccid, Status
from reconcile.words import WORDINGS, Group


class Why(StrEnum):
    """Why the SIS has no CCCID that can be used, in reading order."""

    NONE_FOUND = "none_found"
    KNOWN = "known"
    PERHAPS = "perhaps"
    WAITING = "waiting"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"
    SHARED = "shared"
    RETIRED = "retired"
    FRAUD = "fraud"


WHY_WORDS: Final[dict[Why, str]] = {
    Why.NONE_FOUND: "No CCCID, and no account was found: probably never had one",
    Why.KNOWN: "No CCCID, but an account exists that the SIS does not know",
    Why.PERHAPS: "No CCCID, and an account may exist",
    Why.WAITING: "No CCCID yet: an earlier batch settled it, it waits to be loaded",
    Why.WRONG: "The CCCID leads to an account that differs or agrees only in part",
    Why.UNKNOWN: "The CCCID is not in the account snapshot",
    Why.MALFORMED: "What stands in the CCCID field is not a CCCID",
    Why.SHARED: "The CCCID stands on several students",
    Why.RETIRED: "The CCCID was retired",
    Why.FRAUD: "The CCCID was reported as fraud",
}

ABSENT: Final = (Why.NONE_FOUND, Why.KNOWN, Why.PERHAPS, Why.WAITING)

_OF_SIS: Final = {
    SisCccid.DOUBTFUL: Why.WRONG,
    SisCccid.OTHER_PERSON: Why.WRONG,
    SisCccid.NOT_IN_SNAPSHOT: Why.UNKNOWN,
    SisCccid.MALFORMED: Why.MALFORMED,
    SisCccid.SHARED: Why.SHARED,
    SisCccid.RETIRED: Why.RETIRED,
    SisCccid.FRAUD: Why.FRAUD,
}
_OF_SEARCH: Final = {
    Search.NONE: Why.NONE_FOUND,
    Search.CERTAIN: Why.KNOWN,
    Search.SEVERAL: Why.KNOWN,
    Search.POSSIBLE: Why.PERHAPS,
}
_GROUP: Final = {status.value: words.group.value for status, words in WORDINGS.items()}
_NOT_STATED: Final = "not stated"
_CREDIT: Final = {"true": "credit", "false": "noncredit"}


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Students in scope without a usable CCCID, counted.

    Attributes:
        absent: students in scope whose CCCID field is empty.
        unusable: students in scope whose CCCID is wrong or cannot be used.
        groups: of the absent, how many are ready, need a person, need data.
        statuses: of the absent, how many have each status.
        reasons: why, students, write, person, data (and done, nearly always 0).
        by: for "college" and "credit", where the extract has them: value, in_scope, without,
            none_found, exists (certainly or perhaps), unusable.
    """

    absent: int
    unusable: int
    groups: dict[Group, int]
    statuses: dict[Status, int]
    reasons: pl.DataFrame
    by: dict[str, pl.DataFrame]


def missing(students: pl.DataFrame, /) -> Missing:
    """Count the students in scope whose CCCID is absent, wrong or unusable, and say why.

    Args:
        students: the students of a Reconciliation.
    """
    scope = _reasons(students.filter(pl.col("status") != Status.OUT_OF_SCOPE.value))
    without = scope.filter(pl.col("why").is_not_null())
    absent = scope.filter(pl.col("why").is_in([why.value for why in ABSENT]))
    of_groups = _tally(absent, "group")
    of_statuses = _tally(absent, "status")
    return Missing(
        absent=absent.height,
        unusable=without.height - absent.height,
        groups={group: of_groups.get(group.value, 0) for group in Group},
        statuses={status: of_statuses.get(status.value, 0) for status in Status},
        reasons=_by_reason(without),
        by={column: _by_column(scope, column) for column in ("college", "credit") if _stated(scope, column)},
    )


def _reasons(students: pl.DataFrame) -> pl.DataFrame:
    absent = pl.col("sis_cccid") == SisCccid.ABSENT.value
    waiting = absent & (pl.col("status") == Status.PENDING_LOAD.value)
    return students.with_columns(
        pl.when(waiting)
        .then(pl.lit(Why.WAITING.value))
        .when(absent)
        .then(pl.col("search").replace_strict(_plain(_OF_SEARCH), return_dtype=pl.String))
        .otherwise(pl.col("sis_cccid").replace_strict(_plain(_OF_SIS), default=None, return_dtype=pl.String))
        .alias("why"),
        pl.col("status").replace_strict(_GROUP, return_dtype=pl.String).alias("group"),
    )


def _plain(words: dict[SisCccid, Why] | dict[Search, Why]) -> dict[str, str]:
    return {key.value: why.value for key, why in words.items()}


def _tally(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().iter_rows())


def _by_reason(without: pl.DataFrame) -> pl.DataFrame:
    groups = [_count(pl.col("group") == group.value).alias(group.value) for group in Group]
    order = {why.value: at for at, why in enumerate(Why)}
    return (
        without.group_by("why")
        .agg(pl.len().cast(pl.Int64).alias("students"), *groups)
        .sort(pl.col("why").replace_strict(order, return_dtype=pl.Int64))
    )


def _stated(scope: pl.DataFrame, column: str) -> bool:
    return column in scope.columns and scope[column].null_count() < scope.height


def _by_column(scope: pl.DataFrame, column: str) -> pl.DataFrame:
    why = pl.col("why")
    exists = [Why.KNOWN.value, Why.PERHAPS.value, Why.WAITING.value]
    absent = [reason.value for reason in ABSENT]
    return (
        scope.with_columns(pl.col(column).replace(_CREDIT).fill_null(_NOT_STATED).alias("value"))
        .group_by("value")
        .agg(
            pl.len().cast(pl.Int64).alias("in_scope"),
            _count(why.is_not_null()).alias("without"),
            _count(why == Why.NONE_FOUND.value).alias("none_found"),
            _count(why.is_in(exists)).alias("exists"),
            _count(why.is_not_null() & ~why.is_in(absent)).alias("unusable"),
        )
        .sort(pl.col("value") == _NOT_STATED, "value")
    )


def _count(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False).sum().cast(pl.Int64)
