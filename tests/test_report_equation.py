"""The row equation holds, or the run stops and says where."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from reconciliations import MIX, reconciliation, tiny

from reconcile.columns import Status
from reconcile.errors import ConservationError
from reconcile.report.equation import equation


def test_counts_every_status() -> None:
    rows = equation(reconciliation())
    assert rows.accepted == sum(rows.statuses.values()) == sum(count for *_, count in MIX)
    assert list(rows.statuses) == list(Status)


def test_is_printed_with_numbers() -> None:
    assert equation(tiny()).lines == (
        "students, students_2026-11-20.csv: 4 read = 1 folded + 0 quarantined + 3 accepted",
        "3 students accepted = 1 out_of_scope + 1 confirmed + 1 recoverable",
    )


def test_names_every_imbalance_at_once() -> None:
    run = tiny()
    entry = replace(run.inputs[0], quarantined=7)
    students = pl.concat([run.students, run.students.head(1)]).with_columns(
        status=pl.when(pl.col("status") == "recoverable").then(pl.lit("lost")).otherwise("status")
    )
    with pytest.raises(ConservationError) as caught:
        equation(replace(run, inputs=(entry,), students=students))
    message = str(caught.value)
    assert "4 rows were read, 11 are accounted for" in message
    assert "1 students have no known status" in message
    assert "1 students stand more than once" in message
    assert caught.value.exit_code == 3


def test_a_student_without_status_is_noticed() -> None:
    run = tiny()
    students = run.students.with_columns(status=pl.lit(None, dtype=pl.String))
    with pytest.raises(ConservationError, match="3 students have no known status"):
        equation(replace(run, students=students))
