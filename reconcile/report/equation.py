"""Every row is accounted for: read = folded + quarantined + accepted, accepted = the sum of all statuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import SIS_ID, Status
from reconcile.errors import ConservationError
from reconcile.show import table_html

if TYPE_CHECKING:
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


def _imbalance(entry: Input) -> str:
    parts = entry.folded + entry.quarantined + entry.accepted
    if entry.source.rows == parts:
        return ""
    return f"{entry.table}: {entry.source.rows:,} rows were read, {parts:,} are accounted for"
