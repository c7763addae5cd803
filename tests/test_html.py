"""Building pages from pieces: what was not built here is escaped."""

from __future__ import annotations

from reconcile.html import element, joined, listing, page


def test_text_is_escaped_once() -> None:
    inner = element("b", "a & b")
    assert element("p", inner, " <i>") == "<p><b>a &amp; b</b> &lt;i&gt;</p>"
    assert joined(inner, "<") == "<b>a &amp; b</b>&lt;"


def test_attributes_are_escaped_and_named_for_html() -> None:
    assert element("a", href='"x"', aria_label="y", class_="z") == (
        '<a href="&quot;x&quot;" aria-label="y" class="z"></a>'
    )


def test_void_elements_are_not_closed() -> None:
    assert element("br") == "<br>"


def test_numbers_stand_right_with_their_heading_and_the_first_column_names_the_row() -> None:
    html = listing(("What", "Count"), [("rows", 1234), ("together", 1234)], caption="C", total=True)
    assert '<th scope="col" class="number">Count</th>' in html
    assert '<td class="number">1,234</td>' in html
    assert '<th scope="row">rows</th>' in html
    assert html.count('class="total"') == 1


def test_a_share_is_a_number() -> None:
    assert '<td class="number">26.0 %</td>' in listing(("a", "b"), [("x", "26.0 %")], caption="C")


def test_a_page_stands_alone() -> None:
    made = page("A < B", element("p", "text"), style="p{margin:0}", class_="plain", lang="es")
    assert made.startswith(
        '<!doctype html>\n<html lang="es"><head><meta charset="utf-8"><title>A &lt; B</title>'
    )
    assert made.endswith('p{margin:0}</style></head><body class="plain"><p>text</p></body></html>\n')
    assert "://" not in made
    assert "prefers-color-scheme: dark" in made
