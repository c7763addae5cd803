"""Which students have no usable CCCID in the SIS, and why: the first question of every reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Search, SisCccid, Status
from reconcile.report.dimensions import KEPT, Breakdown, breakdown
from reconcile.words import WORDINGS, Group

if TYPE_CHECKING:
    from collections.abc import Iterable


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
_EXISTS: Final = (Why.KNOWN.value, Why.PERHAPS.value, Why.WAITING.value)


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Students in scope without a usable CCCID, counted.

    Attributes:
        usable: students in scope whose CCCID is theirs.
        absent: students in scope whose CCCID field is empty.
        unusable: students in scope whose CCCID is wrong or cannot be used.
        groups: of the absent, how many are ready, need a person, need data.
        statuses: of the absent, how many have each status.
        next: of the absent and the unusable, how many have each status.
        reasons: why, students, write, person, data (and done, nearly always 0).
        by: by each dimension that the students have.
    """

    usable: int
    absent: int
    unusable: int
    groups: dict[Group, int]
    statuses: dict[Status, int]
    next: dict[Status, int]
    reasons: pl.DataFrame
    by: tuple[Breakdown, ...]

    @property
    def without(self) -> int:
        """Students in scope without a CCCID that can be used."""
        return self.absent + self.unusable


def missing(students: pl.DataFrame, /, *, by: Iterable[str] = ()) -> Missing:
    """Count the students in scope whose CCCID is absent, wrong or unusable, and say why.

    Args:
        students: the students of a Reconciliation.
        by: columns to count by, beside college, term and credit.

    Raises:
        InputError: a column is refused as a dimension.
    """
    scope = reasons_of(students)
    without = scope.filter(pl.col("why").is_not_null())
    absent = scope.filter(pl.col("why").is_in([why.value for why in ABSENT]))
    of_groups, of_statuses, of_next = (
        _tally(absent, "group"),
        _tally(absent, "status"),
        _tally(without, "status"),
    )
    parted = scope.with_columns(
        none_found=_true(pl.col("why") == Why.NONE_FOUND.value),
        exists=_true(pl.col("why").is_in(_EXISTS)),
        unusable=_true(~pl.col("why").is_in([why.value for why in ABSENT])),
    )
    found = (breakdown(parted, column) for column in dict.fromkeys((*KEPT, *by)))
    return Missing(
        usable=scope.height - without.height,
        absent=absent.height,
        unusable=without.height - absent.height,
        groups={group: of_groups.get(group.value, 0) for group in Group},
        statuses={status: of_statuses.get(status.value, 0) for status in Status},
        next={status: of_next.get(status.value, 0) for status in Status},
        reasons=_by_reason(without),
        by=tuple(one for one in found if one is not None),
    )


def reasons_of(students: pl.DataFrame, /) -> pl.DataFrame:
    """Add to the students in scope why they have no usable CCCID (null: they have) and what comes next."""
    students = students.filter(pl.col("status") != Status.OUT_OF_SCOPE.value)
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


def blocks(students: pl.DataFrame, findings: pl.DataFrame, /) -> pl.DataFrame:
    """Count the blocked students whose record breaks each rule: element, message, students.

    Args:
        students: the students of a Reconciliation.
        findings: its findings.
    """
    blocked = students.filter(pl.col("status") == Status.BLOCKED.value)["evidence"]
    rules = findings.filter(
        (pl.col("suite") == "mint_request") & (pl.col("severity") == "critical") & (pl.col("failures") > 0)
    )
    rows = [
        (element, message, int(blocked.str.contains(rf"\b{re.escape(rule)}\b").sum()))
        for rule, element, message in rules.select("rule_id", "element", "message").iter_rows()
    ]
    kinds = {"element": pl.String, "message": pl.String, "students": pl.Int64}
    found = pl.DataFrame(rows, schema=kinds, orient="row").filter(pl.col("students") > 0)
    return found.sort("students", "element", descending=[True, False])


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


def _true(condition: pl.Expr) -> pl.Expr:
    return condition.fill_null(value=False)


def _count(condition: pl.Expr) -> pl.Expr:
    return _true(condition).sum().cast(pl.Int64)
