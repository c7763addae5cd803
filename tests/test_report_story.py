"""The sentences of the first screen fit the run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from reconciliations import reconciliation

from reconcile.report.equation import equation
from reconcile.report.missing import missing
from reconcile.report.story import statuses_table, story

if TYPE_CHECKING:
    from reconcile.results import Reconciliation


def told(run: Reconciliation) -> str:
    return story(run, equation=equation(run), missing=missing(run.students))


@pytest.mark.parametrize(
    ("issuer", "sentence"),
    [
        ("openccc", "requested from OpenCCC, which looks once more"),
        ("registry", "account can be created."),
    ],
)
def test_who_creates_an_account_depends_on_the_issuer(issuer: str, sentence: str) -> None:
    assert sentence in told(replace(reconciliation(demo=False), issuer=issuer))


def test_a_systemwide_snapshot_needs_no_reservation() -> None:
    run = reconciliation()
    whole = replace(run, inputs=tuple(replace(entry, scope="systemwide") for entry in run.inputs))
    assert "have no account in the snapshot" in told(run)
    assert "have no account and good data" in told(whole)


def test_some_issued_is_counted() -> None:
    run = reconciliation()
    first = run.students.filter(status="mintable")["sis_id"][0]
    students = run.students.with_columns(issued_cccid=pl.when(pl.col("sis_id") == first).then("issued_cccid"))
    assert "a CCCID was issued for 1 of them in this run" in told(replace(run, students=students))


def test_without_notes_there_is_no_box() -> None:
    assert 'class="notes"' not in told(replace(reconciliation(), notes=()))


def test_the_table_lists_what_occurs_by_kind_of_work() -> None:
    html = statuses_table(equation(reconciliation()))
    order = [html.index(f"<code>{name}</code>") for name in ("confirmed", "mintable", "review", "blocked")]
    assert order == sorted(order)
