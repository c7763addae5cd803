"""Every row is accounted for: read = folded + quarantined + accepted, accepted = the sum of all statuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import SIS_ID, Status
from reconcile.errors import ConservationError
from reconcile.show import table_html
from reconcile.words import GROUPS, Group

if TYPE_CHECKING:
    from reconcile.report.missing import Missing
    from reconcile.results import Input, Reconciliation


@dataclass(frozen=True, kw_only=True)
class Equation:
    """The rows of one run, counted on both sides.

    Attributes:
        inputs: the inputs, each of whose rows = folded + quarantined + accepted.
        accepted: students that take part.
        statuses: how many students have each status, all statuses in order; their sum is `accepted`.
    """

    inputs: tuple[Input, ...]
    accepted: int
    statuses: dict[Status, int]

    @property
    def in_scope(self) -> int:
        """Students of the plan's population."""
        return self.accepted - self.statuses[Status.OUT_OF_SCOPE]

    @property
    def lines(self) -> tuple[str, ...]:
        """The equation in figures, one line an input and one for the students."""
        read = tuple(
            f"{entry.table}, {entry.source.name}: {entry.source.rows:,} read = {entry.folded:,} folded"
            f" + {entry.quarantined:,} quarantined + {entry.accepted:,} accepted"
            for entry in self.inputs
        )
        terms = " + ".join(f"{count:,} {status}" for status, count in self.statuses.items() if count)
        return (*read, f"{self.accepted:,} students accepted = {terms or 0}")

    def _repr_html_(self) -> str:
        frame = pl.DataFrame(
            {"status": [str(status) for status in self.statuses], "students": list(self.statuses.values())},
            schema={"status": pl.String, "students": pl.Int64},
        )
        return table_html(frame, title="Students by status", note=" · ".join(self.lines), rows=frame.height)


def equation(reconciliation: Reconciliation, /) -> Equation:
    """Count the rows of a run on both sides.

    Raises:
        ConservationError: a row was lost or doubled on the way; every place is named at once.
    """
    students = reconciliation.students
    accepted = sum(entry.accepted for entry in reconciliation.inputs if entry.table == "students")
    counts = dict(students.group_by("status").len().iter_rows())
    statuses = {status: int(counts.pop(status.value, 0)) for status in Status}
    wrong = [_imbalance(entry) for entry in reconciliation.inputs if _imbalance(entry)]
    if counts:
        wrong.append(f"{sum(counts.values()):,} students have no known status")
    if sum(statuses.values()) != accepted:
        wrong.append(f"{accepted:,} students were accepted, {sum(statuses.values()):,} have a status")
    doubled = students.height - students[SIS_ID].n_unique()
    if doubled:
        wrong.append(f"{doubled:,} students stand more than once")
    if wrong:
        raise ConservationError(
            f"Rows are not conserved: {'; '.join(wrong)}. No output was written. This is a defect of "
            "reconcile, not of your data: please report it with these figures."
        )
    return Equation(inputs=reconciliation.inputs, accepted=accepted, statuses=statuses)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """One line of the proof: a figure, and the figures that make it up.

    Attributes:
        what: the figure in words.
        total: the figure.
        parts: each part, how many and in words.
    """

    what: str
    total: int
    parts: tuple[tuple[int, str], ...]

    @property
    def terms(self) -> str:
        """The parts as a sum; what is 0 is left out."""
        return " + ".join(f"{count:,} {words}" for count, words in self.parts if count) or "0"

    def __str__(self) -> str:
        """Write the line as an equation."""
        return f"{self.total:,} {self.what} = {self.terms}"


def proof(counted: Equation, missing: Missing, /) -> tuple[Sum, ...]:
    """Lead from the rows of the files to the students without a CCCID, each figure as a sum of the next.

    Raises:
        ConservationError: a sum does not come out; every line is named at once.
    """
    outside = counted.statuses[Status.OUT_OF_SCOPE]
    of_inputs = (
        Sum(
            what=f"rows of {entry.source.name}",
            total=entry.source.rows,
            parts=(
                (entry.folded, "folded"),
                (entry.quarantined, "set aside"),
                (entry.accepted, "accepted"),
            ),
        )
        for entry in counted.inputs
    )
    scope = [(count, str(name)) for name, count in counted.statuses.items() if name != Status.OUT_OF_SCOPE]
    kinds = (
        (missing.usable, "with a CCCID that is theirs"),
        (missing.absent, "without a CCCID"),
        (missing.unusable, "with one that is wrong or cannot be used"),
    )
    reasons = [
        (row["students"], row["why"].replace("_", " ")) for row in missing.reasons.iter_rows(named=True)
    ]
    next_steps = [(int(missing.reasons[group.value].sum()), GROUPS[group].title.lower()) for group in Group]
    of_places = (
        Sum(
            what=f"without a usable CCCID, by {one.called}",
            total=missing.without,
            parts=tuple(one.frame.select("without", "value").iter_rows()),
        )
        for one in missing.by
        if not one.overlaps
    )
    sums = (
        *of_inputs,
        Sum(
            what="students accepted",
            total=counted.accepted,
            parts=((outside, "out of scope"), (counted.in_scope, "in scope")),
        ),
        Sum(what="in scope, by status", total=counted.in_scope, parts=tuple(scope)),
        Sum(what="in scope, by what the SIS holds", total=counted.in_scope, parts=kinds),
        Sum(what="without a usable CCCID, by reason", total=missing.without, parts=tuple(reasons)),
        Sum(what="without a usable CCCID, by next step", total=missing.without, parts=tuple(next_steps)),
        *of_places,
    )
    wrong = [str(line) for line in sums if line.total != sum(count for count, _ in line.parts)]
    if wrong:
        raise ConservationError(
            f"Figures do not add up: {'; '.join(wrong)}. Nothing was written. This is a defect of reconcile, "
            "not of your data: please report it with these figures."
        )
    return sums


def _imbalance(entry: Input) -> str:
    parts = entry.folded + entry.quarantined + entry.accepted
    if entry.source.rows == parts:
        return ""
    return f"{entry.table}: {entry.source.rows:,} rows were read, {parts:,} are accounted for"
