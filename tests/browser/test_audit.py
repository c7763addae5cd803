"""The audit of the demo in a real browser: alone in the world, readable, on a screen, a phone and paper."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.contrast import faint, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from browser.chromium import Guard
    from reconcile.flow.run import Run

THEMES = ("light", "dark")
WIDTHS = (1280, 400)

# Whatever sticks out of the page at its right, unless it stands in a part that scrolls by itself.
STICKS_OUT = """() => {
  const width = document.documentElement.clientWidth;
  return Array.from(document.querySelectorAll('body *'))
    .filter(element => !element.parentElement.closest('.scroll') && !element.closest('.skip')
      && element.getBoundingClientRect().right > width + 1)
    .map(element => element.outerHTML.slice(0, 80));
}"""
# A scrolling part of the page that has nothing to scroll needs no bar, and one on paper hides something.
SCROLLS = """() => Array.from(document.querySelectorAll('.scroll'))
  .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.getAttribute('aria-label'))"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LEVELS = "Array.from(document.querySelectorAll('h1, h2, h3, h4, h5, h6'), head => Number(head.tagName[1]))"
SHOWN = "element => element.getBoundingClientRect().bottom <= innerHeight"
# Words that are broken in the middle: a word drawn in more than one line although it has no hyphen.
BROKEN = """() => {
  const found = [], range = document.createRange();
  const walk = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.parentElement.closest('pre, .equation, .paper')) continue;
    for (const word of node.data.matchAll(/[A-Za-z0-9_,.]{3,}/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set(Array.from(range.getClientRects(), box => Math.round(box.top)));
      if (lines.size > 1) found.push(word[0]);
    }
  }
  return found;
}"""


@pytest.fixture
def open_audit(demo_run: Run, new_page: Callable[..., Page]) -> Callable[..., Page]:
    def opened(**options: Any) -> Page:
        page = new_page(**options)
        page.goto(Path(demo_run.folder, "audit.html").as_uri())
        return page

    return opened


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_quiet_and_fits(
    open_audit: Callable[..., Page], guard: Guard, screens: Path, theme: str, width: int
) -> None:
    page = open_audit(width=width, color_scheme=theme)
    page.screenshot(path=screens / f"audit-{theme}-{width}.png", full_page=True)
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(STICKS_OUT) == []
    assert page.evaluate(BROKEN) == []
    if width == max(WIDTHS):
        assert page.evaluate(SCROLLS) == []
    assert guard.errors == []


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_can_be_read(open_audit: Callable[..., Page], theme: str) -> None:
    page = open_audit(color_scheme=theme)
    measured = texts(page, "body")
    assert {"p", "td", "th", "text", "figcaption", "code"} <= {text.tag for text in measured}
    assert faint(page, "body") == []


@pytest.mark.parametrize(("theme", "colour"), [("light", "#888"), ("dark", "#777")])
def test_a_text_that_cannot_be_read_is_noticed(
    open_audit: Callable[..., Page], theme: str, colour: str
) -> None:
    page = open_audit(color_scheme=theme)
    page.add_style_tag(content=f"td {{ color: {colour} }}")
    assert {text.tag for text in faint(page, "body")} == {"td", "code"}


def test_the_first_screen_tells_the_story(open_audit: Callable[..., Page]) -> None:
    page = open_audit()
    assert "have no CCCID in the SIS." in page.locator(".lead").inner_text()
    assert page.locator(".figures .box").count() == 4
    for part in (".lead", ".story", ".figures"):
        assert page.locator(part).evaluate(SHOWN), part


def test_the_chart_has_a_text_alternative_and_headings_are_in_order(
    open_audit: Callable[..., Page], demo_run: Run
) -> None:
    page = open_audit()
    chart = page.get_by_role("img", name="Students by status.")
    spoken = str(chart.get_attribute("aria-label"))
    assert chart.locator("svg").is_visible()
    shown = set(chart.locator("text").all_text_contents())
    for status, count in demo_run.resolution.counts.select("status", "students").iter_rows():
        assert f": {count}" in spoken, status
        assert f"{count:,}" in shown, status
    levels = page.evaluate(LEVELS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(open_audit: Callable[..., Page], theme: str) -> None:
    page = open_audit(color_scheme=theme, width=400)
    assert axe(page) == []
    page.evaluate("document.querySelector('.chart').removeAttribute('aria-label')")
    assert axe(page) == ["role-img-alt"]


def test_paper_is_white_and_whole(open_audit: Callable[..., Page], screens: Path) -> None:
    page = open_audit(color_scheme="dark", width=690)
    page.emulate_media(media="print")
    assert page.evaluate(SCROLLS) == []
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(BROKEN) == []
    assert page.locator(".skip").is_hidden()
    assert page.get_by_text("SHA-256 in full:").is_visible()
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.pdf(path=screens / "audit.pdf", format="Letter", print_background=False)


def axe(page: Page) -> list[str]:
    """Name the rules of axe-core that the page breaks; its script comes in a wheel."""
    (package,) = find_spec("axe_playwright_python").submodule_search_locations
    page.evaluate(Path(package, "axe.min.js").read_text(encoding="utf-8"))
    return [rule["id"] for rule in page.evaluate("axe.run().then(found => found.violations)")]
