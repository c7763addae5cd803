"""The pieces that our pages are built from; text is escaped unless it was built here."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_VOID: Final = frozenset({"br", "col", "meta", "wbr"})
_STYLE: Final = Path(__file__).with_name("page.css")


class Html(str):
    """Markup that was built here and must not be escaped again."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: str) -> Html:
    """Build one element; a trailing underscore frees an attribute's name from Python (`class_`).

    >>> element("p", "1 < 2 ", element("b", "x"), class_="lead")
    '<p class="lead">1 &lt; 2 <b>x</b></p>'
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in attributes.items()
    )
    if tag in _VOID:
        return Html(f"<{tag}{named}>")
    return Html(f"<{tag}{named}>{''.join(_safe(child) for child in children)}</{tag}>")


def joined(*parts: str) -> Html:
    """Put pieces one after the other."""
    return Html("".join(_safe(part) for part in parts))


def page(title: str, /, *body: str, style: str, class_: str, lang: str = "en") -> str:
    """Build a whole page that stands alone: no script, nothing fetched, light and dark.

    Args:
        title: of the window.
        body: what is seen.
        style: rules of this page; those that all pages share stand before them.
        class_: of the body.
        lang: the language of what is not marked otherwise.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", title),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("style", Html(_STYLE.read_text("utf-8") + style)),
    )
    whole = element("html", head, element("body", *body, class_=class_), lang=lang)
    return f"<!doctype html>\n{whole}\n"


def section(title: str, /, *children: str, key: str) -> Html:
    """Build a section with its heading; `key` is what a link names."""
    return element("section", element("h2", title, id=key), *children, aria_labelledby=key)


def listing(
    head: Sequence[str], rows: Sequence[Sequence[str | int]], /, *, caption: str, total: bool = False
) -> Html:
    """Build a table: numbers stand right, the first column names the row.

    Args:
        head: the columns' names.
        rows: texts, pieces of HTML and whole numbers; "*" is one that is left out.
        caption: what the table says, read out by a screen reader and printed above it.
        total: the last row is the sum of the others.
    """
    right = [bool(rows) and all(_is_number(row[at]) for row in rows) for at in range(len(head))]
    heads = [
        element("th", name, scope="col", class_="number" if r else "text")
        for name, r in zip(head, right, strict=True)
    ]
    lines = [_line(row, total=at == len(rows) and total) for at, row in enumerate(rows, start=1)]
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *heads)),
        element("tbody", *lines),
    )
    return element("div", table, class_="scroll", role="region", tabindex="0", aria_label=caption)


def _line(row: Sequence[str | int], *, total: bool) -> Html:
    cells = [_cell(value, at) for at, value in enumerate(row)]
    return element("tr", *cells, class_="total") if total else element("tr", *cells)


def _cell(value: str | int, at: int) -> Html:
    text = f"{value:,}" if isinstance(value, int) else value
    if _is_number(value):
        return element("td", text, class_="number")
    return element("td", text) if at else element("th", text, scope="row")


def _is_number(value: str | int) -> bool:
    return isinstance(value, int) or value.endswith(" %") or value == "*"


def _safe(text: str) -> str:
    return text if isinstance(text, Html) else escape(text)
