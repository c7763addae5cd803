"""The drawings of a linkage: every label, the page's own colours, nothing fetched, the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.flow.explain import waterfall
from reconcile.report.linkage import (
    AGAINST,
    FOR,
    blocking_chart,
    calibration_chart,
    distribution_chart,
    levels_chart,
    thresholds_chart,
    waterfall_chart,
)

if TYPE_CHECKING:
    from reconcile.report.chart import Drawing

PAIR = {
    "w_prior": -12.0, "w_first_name": 6.5, "w_middle_name": 0.0, "w_last_name": -4.25, "w_relatives": -1.0,
    "level_first_name": "nickname", "level_middle_name": "missing", "level_last_name": "part",
}  # fmt: skip


def levels() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "words": ["first name agrees", "first name differs", "first name is a nickname"],
            "least": [4.0, -6.0, None],
            "most": [12.0, -6.0, None],
        }
    )


def draw(name: str) -> Drawing:
    if name == "waterfall":
        return waterfall_chart(waterfall(PAIR))
    if name == "levels":
        return levels_chart(levels())
    if name == "blocking":
        rules = {"rule": [f"key_{n} + birth" for n in range(20)], "pairs": list(range(20))}
        return blocking_chart(pl.DataFrame(rules))
    if name == "scores":
        scores = {"bits": [-20, 3, 12], "band": ["none", "review", "link"], "pairs": [9000, 5, 800]}
        return distribution_chart(pl.DataFrame(scores), thresholds={"link": 6.6, "review": 2.1})
    if name == "thresholds":
        told = {"probability": [0.99, 0.5], "expected_precision": [1.0, 0.99], "expected_recall": [0.9, 1.0]}
        return thresholds_chart(pl.DataFrame(told))
    told = {
        "called": [0.1, 0.9],
        "right": [0.2, 1.0],
        "low": [0.0, 0.8],
        "high": [0.4, 1.0],
        "pairs": [9, 40],
    }
    return calibration_chart(pl.DataFrame(told))


ALL = ("waterfall", "levels", "blocking", "scores", "thresholds", "calibration")


@pytest.mark.parametrize("name", ALL)
def test_it_is_static_takes_the_pages_colours_and_is_the_same_each_time(name: str) -> None:
    html = draw(name)._repr_html_()
    assert html == draw(name)._repr_html_()
    assert "<svg" in html
    assert 'fill="currentColor"' in html
    for word in ("<script", "http", "xmlns", "…</text>", 'fill="#000"', 'fill="white"'):
        assert word not in html


@pytest.mark.parametrize("name", ALL)
def test_it_is_read_out_once_and_printed_in_words(name: str) -> None:
    drawn = draw(name)
    assert drawn._repr_html_().count("role=") == 2  # the part that scrolls, and the picture
    assert repr(drawn) == drawn.spoken
    assert len(drawn.spoken) > 40


def test_a_waterfall_names_each_step_that_weighs() -> None:
    html = draw("waterfall").html
    for label in (
        "first name is a nickname",
        "last name agrees in part",
        "+6.5",
        "\N{MINUS SIGN}4.2",
        "match weight",
    ):
        assert f">{label}</text>" in html
    assert "middle name" not in html
    assert FOR in html
    assert AGAINST in html


def test_a_level_that_no_pair_shows_is_left_out_and_an_exact_one_has_a_span() -> None:
    html = draw("levels").html
    assert ">+4 to +12</text>" in html
    assert ">\N{MINUS SIGN}6.0</text>" in html
    assert "nickname" not in html


def test_the_rules_that_brought_most_are_drawn_and_the_others_counted() -> None:
    drawn = draw("blocking")
    assert "the 15 rules that brought most, of 20" in drawn.spoken
    assert ">key 19 + birth</text>" in drawn.html
    assert ">key 0 + birth</text>" not in drawn.html
    assert blocking_chart(pl.DataFrame({"rule": [], "pairs": []})).spoken == "No pairs."


def test_the_thresholds_stand_in_the_distribution() -> None:
    html = draw("scores").html
    for label in ("link from here", "review from here", "link", "review", "none"):
        assert f">{label}</text>" in html
