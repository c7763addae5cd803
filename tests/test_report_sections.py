"""The parts of the audit below its first screen."""

from __future__ import annotations

import polars as pl
from reconciliations import reconciliation

from reconcile.report import sections


def test_rows_set_aside_and_remarks_stand_apart() -> None:
    run = reconciliation()
    html = sections.quarantine(run.quarantine, run.inputs)
    aside, remarks = html.split("What else was noticed")[0], html.split("What else was noticed")[-1]
    assert "Id not unique" in aside
    assert "students_2026-11-20.csv" in aside
    assert "805, 806" in aside
    assert "Stray quote" in remarks
    assert "Stray quote" not in aside


def test_only_the_first_lines_are_listed() -> None:
    frame = pl.DataFrame(
        {
            "table": ["students"] * 9,
            "line": list(range(10, 1, -1)),
            "kind": ["id_missing"] * 9,
            "column": ["sis_id"] * 9,
            "message": ["There is no id."] * 9,
        }
    )
    assert "2, 3, 4, 5, 6 …" in sections.quarantine(frame, ())


def test_nothing_set_aside_is_said() -> None:
    html = sections.quarantine(reconciliation().quarantine.clear(), ())
    assert html == "<p>Every row could be read and has an id of its own.</p>"


def test_findings_come_gravest_first_and_only_those_that_found_something() -> None:
    html = sections.findings(reconciliation().findings)
    assert "5 rules of the data dictionary were checked; 4 found something." in html
    order = [html.index(f">{name}<") for name in ("email", "birthdate", "zip", "suffix")]
    assert order == sorted(order)
    assert ">cccid<" not in html


def test_no_findings_is_not_the_same_as_no_rules() -> None:
    findings = reconciliation().findings
    assert "none found anything" in sections.findings(findings.with_columns(failures=pl.lit(0)))
    assert "No rule of the data dictionary was checked" in sections.findings(findings.clear())


def test_no_duplicates_and_no_batch_are_said() -> None:
    assert "No two records" in sections.duplicates(reconciliation().duplicates.clear())
    assert "Nothing was proposed" in sections.batch(None)
