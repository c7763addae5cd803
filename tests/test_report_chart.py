"""The chart: all bars, all labels, nothing fetched, the same each time."""

from __future__ import annotations

from reconciliations import reconciliation

from reconcile.columns import Status
from reconcile.report.chart import bars, status_chart
from reconcile.report.equation import equation
from reconcile.words import wording


def test_shows_every_status_that_occurs_with_its_figure() -> None:
    statuses = equation(reconciliation()).statuses
    svg = status_chart(statuses)
    for status, count in statuses.items():
        assert f">{wording(status).title}</text>" in svg
        assert f">{count:,}</text>" in svg
    assert "…</text>" not in svg  # nothing was cut off


def test_takes_its_colours_from_the_page() -> None:
    svg = status_chart({Status.CONFIRMED: 1})
    assert 'fill="currentColor"' in svg
    assert "#000" not in svg.replace("#00875f", "")
    assert "xmlns" not in svg


def test_is_read_out_once() -> None:
    html = status_chart(equation(reconciliation()).statuses)
    assert html.count("role=") == html.count("aria-") == 2  # the part that scrolls, and the picture


def test_is_the_same_each_time() -> None:
    statuses = equation(reconciliation()).statuses
    first = status_chart(statuses)
    assert first == status_chart(statuses)
    assert " id=" not in first


def test_bars_stand_by_group_and_then_by_size() -> None:
    rows = bars({Status.REVIEW: 3, Status.CONFLICT: 5, Status.CONFIRMED: 1, Status.HELD: 0})
    assert [row["count"] for row in rows] == [1, 5, 3]


def test_without_students_there_is_a_sentence() -> None:
    assert "No students." in status_chart(dict.fromkeys(Status, 0))
