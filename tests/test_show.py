"""Tables as people see them."""

from __future__ import annotations

from html.parser import HTMLParser

import polars as pl

from reconcile.show import Listing, Sheet, cells, console_table, row_count, table_html, table_text

VOID = {"br", "hr", "img", "meta", "link", "input", "col"}


class Balanced(HTMLParser):
    """Fails on a tag that is closed in the wrong place or never."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_well_formed_and_loads_nothing() -> None:
    html = table_html(pl.DataFrame({"a": ["x"], "n": [1]}), title="T", note="n")
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert "script" not in html
    assert "://" not in html


def test_markup_in_data_is_shown_not_obeyed() -> None:
    hostile = "<img src=x onerror=alert(1)>"
    html = table_html(pl.DataFrame({hostile: [hostile]}), title=hostile, note=hostile)
    assert "<img" not in html
    assert html.count("&lt;img") == 5  # caption, label, head, cell, note


def test_numbers_stand_right_and_text_left() -> None:
    html = table_html(pl.DataFrame({"n": [1234], "t": ["x"]}), title="T")
    assert 'text-align:right;border-bottom:1px solid rgba(128,128,128,.35)">1,234</td>' in html
    assert 'text-align:left;border-bottom:1px solid rgba(128,128,128,.35)">x</td>' in html


def test_shows_no_more_rows_than_asked_and_says_so() -> None:
    html = table_html(pl.DataFrame({"n": range(1234)}), title="T")
    assert "10 of 1,234 rows" in html
    assert html.count("<tr>") == 11


def test_every_kind_of_value_has_words() -> None:
    frame = pl.DataFrame(
        {
            "none": pl.Series([None], dtype=pl.String),
            "yes": [True],
            "part": [0.98765432],
            "nearly": [0.99999],
            "hardly": [0.00001],
            "list": [["a", "b"]],
            "names": [[{"first": "A", "last": None}]],
            "long": ["x" * 1000],
        }
    )
    html = table_html(frame, title="T")
    for word in (
        ">\N{EN DASH}<",
        ">yes<",
        ">0.9877<",
        ">over 0.9999<",
        ">under 0.0001<",
        ">a; b<",
        ">A<",
        "x…<",
    ):
        assert word in html


def test_a_score_is_never_certain() -> None:
    frame = pl.DataFrame({"match_probability": [1.0], "share": [1.0]})
    assert cells(frame) == [("over 0.9999", "1")]


def test_an_empty_table_says_so() -> None:
    assert "no rows" in table_html(pl.DataFrame({"a": []}), title="T")
    assert "no rows" in table_html(pl.DataFrame(), title="T")


def test_console_takes_brackets_as_text() -> None:
    text = table_text(pl.DataFrame({"[b]a": ["[red]x[/red]"]}), title="[i]T")
    assert "[red]x[/red]" in text
    assert "[b]a" in text
    assert "[i]T" in text


def test_console_table_has_the_rows_asked_for() -> None:
    assert console_table(pl.DataFrame({"n": range(20)}), title="T", rows=3).row_count == 3


def test_counts_read_as_words() -> None:
    assert row_count(10, 10) == "10 rows"


def test_a_row_is_called_what_it_is() -> None:
    assert row_count(3, 9, unit="column") == "3 of 9 columns"
    assert row_count(0, 0, unit="finding") == "no findings"
    assert "2 columns" in table_html(pl.DataFrame({"a": [1, 2]}), title="T", unit="column")


def test_a_table_below_is_shown_too_and_plain_text_may_be_narrower() -> None:
    below = Sheet(frame=pl.DataFrame({"b": ["beneath"]}), title="Below", unit="finding", note="last words")
    shown = Listing(
        frame=pl.DataFrame(),
        sheet=Sheet(
            frame=pl.DataFrame({"wide": ["all of it"]}),
            title="Above",
            narrow=pl.DataFrame({"slim": ["a part"]}),
            below=(below,),
        ),
    )
    text, html = repr(shown), shown._repr_html_()
    assert "all of it" in html
    assert "a part" in text
    assert "all of it" not in text
    for said in (text, html):
        assert said.index("Above") < said.index("Below") < said.index("last words")
        assert "1 finding" in said


def test_a_short_word_is_not_broken_to_make_room() -> None:
    frame = pl.DataFrame({"long": ["word " * 60], "filled": ["100%"], "n": [1234567]})
    text = table_text(frame, title="T", width=40)
    assert "100%" in text
    assert "1,234,567" in text
