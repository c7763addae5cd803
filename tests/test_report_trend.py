"""The change from run to run: with none, one and many runs."""

from __future__ import annotations

import polars as pl
import pytest

from reconcile.report.trend import MOST, RUNS, trend, trend_chart


def runs(count: int) -> pl.DataFrame:
    rows = [
        (f"2026-{n // 28 + 1:02}-{n % 28 + 1:02} 08:00:00 UTC", "2026-11-16", 100, 40 - n, 5)
        for n in range(count)
    ]
    return pl.DataFrame(rows, schema=RUNS, orient="row")


@pytest.mark.parametrize("count", [0, 1, 2, MOST + 3])
def test_every_listed_run_is_drawn_and_spoken(count: int) -> None:
    made, html, drawn = runs(count), trend(runs(count)), trend_chart(runs(count))
    for row in made.tail(MOST).iter_rows(named=True):
        assert f"{row['began']}: {row['absent']} without" in drawn.spoken
        assert f">{row['began']}</th>" in html
    assert ("no earlier run" in html) == (count < 2)
    assert ("<svg" in html) == (count >= 2)
    assert html.count("<tbody><tr") == (count > 0)
    if count > MOST:
        assert f"{MOST} of {count}" in html
        assert made["began"][0] not in html
