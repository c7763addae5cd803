"""The gate's page and the dictionary's page in a real browser: quiet, readable, and whole on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from test_validate_gate import AS_OF, broken_rows

from browser.contrast import faint, texts
from browser.test_audit import SIDEWAYS, STICKS_OUT, axe
from reconcile import resources
from reconcile.validate import Policy, validate
from reconcile.validate.book import dictionary_html
from reconcile.validate.dictionary import read_dictionary
from reconcile.validate.page import suite_html
from reconcile.validate.steps import Reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from browser.chromium import Guard

PAGES = ("gate", "dictionary")
FEW = ("ccc_id", "birthdate", "email", "ssn", "secondphone", "sis_id")  # axe takes its time over all
THEMES = ("light", "dark")
OPEN_ALL = "document.querySelectorAll('details').forEach(part => part.open = true)"
# Each column of a table stands below its heading, whatever is in it.
COLUMNS = """() => {
  const left = cell => cell.getBoundingClientRect().left;
  return Array.from(document.querySelectorAll('table.steps')).every(table =>
    Array.from(table.tBodies[0].rows).every(row => Array.from(row.cells).every((cell, at) =>
      Math.abs(left(cell) - left(table.tHead.rows[0].cells[at])) < 1)));
}"""
LABELS = """() => Array.from(document.querySelectorAll('tbody td'),
  cell => getComputedStyle(cell, '::before').content)"""
# What is drawn over its neighbour because it does not fit its cell.
SPILLS = """() => Array.from(document.querySelectorAll('td > div, th > div'))
  .filter(part => part.scrollWidth > part.clientWidth + 1).map(part => part.textContent.slice(0, 60))"""
THIN = "Array.from(document.querySelectorAll('.bar i'), bar => bar.getBoundingClientRect().width)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    policy = Policy(at_most={"phone_shape": 0})
    judged = validate(broken_rows("accounts")[0], suite="accounts", as_of=AS_OF, policy=policy)
    reading = Reading(
        file="accounts-of-the-whole-district-2026-fall.csv", rows=200, accepted=190, quarantined=10
    )
    (folder / "gate.html").write_text(suite_html(judged, readings=[reading]), encoding="utf-8")
    elements = read_dictionary(resources.expectations())
    (folder / "dictionary.html").write_text(dictionary_html(elements), encoding="utf-8")
    few = [one for one in elements if one.element in FEW]
    (folder / "few.html").write_text(dictionary_html(few), encoding="utf-8")
    return folder


@pytest.fixture
def shown(folder: Path, new_page: Callable[..., Page]) -> Callable[..., Page]:
    def opened(name: str, *, link: str = "", **options: Any) -> Page:
        page = new_page(**options)
        page.goto((folder / f"{name}.html").as_uri() + link)
        page.evaluate(OPEN_ALL)
        return page

    return opened


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_a_page_is_quiet_and_fits(
    shown: Callable[..., Page], guard: Guard, name: str, theme: str, width: int
) -> None:
    page = shown(name, color_scheme=theme, width=width)
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(STICKS_OUT) == []
    assert page.evaluate(SPILLS) == []
    assert guard.errors == []


@pytest.mark.parametrize("name", ["gate", "few"])
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_and_every_text_can_be_read(
    shown: Callable[..., Page], screens: Path, name: str, theme: str
) -> None:
    page = shown(name, color_scheme=theme)
    page.screenshot(path=screens / f"{name}-{theme}.png", full_page=True)
    assert len(texts(page, "body")) > 200
    assert faint(page, "body") == []
    assert axe(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert faint(page, "body") == []
    assert axe(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_an_entry_that_a_link_leads_to_can_be_read(shown: Callable[..., Page], theme: str) -> None:
    page = shown("dictionary", link="#birthdate_valid", color_scheme=theme)
    assert page.locator("tr:target").get_by_text("aaaa-mm-dd").is_visible()
    assert faint(page, "tr:target") == []


def test_columns_stand_below_their_headings_and_little_is_still_seen(shown: Callable[..., Page]) -> None:
    page = shown("gate")
    assert page.evaluate(COLUMNS)
    widths = page.evaluate(THIN)
    assert len(widths) > 50
    assert min(widths) >= 3


@pytest.mark.parametrize("name", PAGES)
def test_a_card_says_what_each_of_its_lines_is(shown: Callable[..., Page], name: str) -> None:
    page = shown(name, width=390)
    assert "none" not in set(page.evaluate(LABELS))
    roles = page.locator("table").first.get_by_role("row").count()
    assert roles == page.locator("table").first.locator("tbody tr").count()


@pytest.mark.parametrize("name", PAGES)
def test_paper_is_white_and_whole(shown: Callable[..., Page], screens: Path, name: str) -> None:
    page = shown(name, color_scheme="dark", width=690)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(SPILLS) == []
    page.pdf(path=screens / f"{name}.pdf", format="Letter")
