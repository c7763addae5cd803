"""The chart: all bars, all labels, nothing fetched, the same each time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reconciliations import reconciliation

import reconcile
from reconcile.columns import Status
from reconcile.report.chart import LINE, SHADES, bars, status_chart
from reconcile.report.equation import equation
from reconcile.words import GROUPS, wording


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


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [SHADES[0], LINE, *(words.colour for words in GROUPS.values())])
def test_a_colour_is_seen_on_the_light_page_and_on_the_dark_one(colour: str) -> None:
    style = (Path(reconcile.__file__).parent / "page.css").read_text(encoding="utf-8")
    pages = re.findall(r"--page: (#[0-9a-f]{6})", style)
    assert len(pages) == 2
    for page in pages:
        dark, light = sorted((luminance(colour), luminance(page)))
        assert (light + 0.05) / (dark + 0.05) >= 3, page
