"""The chart of a profile: every column, its figure, nothing fetched, names of a file taken literally."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconcile.read import read
from reconcile.report.filled import draw_filled

if TYPE_CHECKING:
    import polars as pl

HOSTILE = "\"]+alert(1)//<b>&'\\"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    path = tmp_path_factory.mktemp("chart") / "a.tsv"
    path.write_text(f"id\tunits\t{HOSTILE}\n1\t3\tx\n2\t\ty\n3\t5\tz\n", encoding="utf-8")
    return read(path).profile()


def test_every_column_has_its_figure_and_stands_once_in_the_text(profile: pl.DataFrame) -> None:
    drawn = draw_filled(profile)
    html = drawn._repr_html_()
    assert html.count("3 of 3</text>") == 2
    assert html.count("2 of 3</text>") == 1
    assert repr(drawn).startswith("How much is filled, 3 columns: id 3 of 3; units 2 of 3; ")
    assert html.count('role="img"') == 1


def test_it_fetches_nothing_and_takes_the_pages_colours(profile: pl.DataFrame) -> None:
    html = draw_filled(profile)._repr_html_()
    assert "://" not in html
    assert 'fill="currentColor"' in html
    assert "script" not in html


def test_a_columns_name_is_no_markup_and_no_expression(profile: pl.DataFrame) -> None:
    html = draw_filled(profile)._repr_html_()
    assert "<b>" not in html
    assert "alert(1)//&lt;b&gt;" in html


def test_of_many_columns_the_emptiest_are_drawn_and_without_any_there_is_a_sentence(
    profile: pl.DataFrame,
) -> None:
    many = draw_filled(profile.sample(100, with_replacement=True, seed=1))
    assert many._repr_html_().count(" of 3</text>") == 60
    assert "the emptiest 60 of 100 columns" in repr(many)
    assert repr(draw_filled(profile.head(0))) == "No columns."
