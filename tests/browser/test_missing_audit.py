"""The audit of students without a CCCID, as an auditor gets it, and its version for publication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from browser.contrast import faint
from browser.test_audit import BROKEN, SCROLLS, SIDEWAYS, STICKS_OUT, THEMES, axe
from reconcile.flow.audit import audit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from browser.chromium import Guard
    from reconcile.flow.run import Run


@pytest.fixture(scope="module")
def written(demo_run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The page and the one for publication, counted by a column more, as addresses."""
    folder: Path = tmp_path_factory.mktemp("audit")
    made = audit(demo_run.plan, by=["PERSON_TYPE"])
    return {
        name: made.write(folder / f"{name}.html", publish=name == "public").as_uri()
        for name in ("missing", "public")
    }


@pytest.fixture
def opened(written: dict[str, str], new_page: Callable[..., Page]) -> Callable[..., Page]:
    def one(name: str, **options: Any) -> Page:
        page = new_page(**options)
        page.goto(written[name])
        return page

    return one


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["missing", "public"])
def test_it_can_be_read_in_both_themes_and_by_everybody(
    opened: Callable[..., Page], guard: Guard, screens: Path, theme: str, name: str
) -> None:
    page = opened(name, color_scheme=theme, width=400)
    assert axe(page) == []
    assert page.evaluate(SIDEWAYS) == 0
    assert page.evaluate(STICKS_OUT) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.screenshot(path=screens / f"{name}-{theme}.png", full_page=True)
    assert page.evaluate(SCROLLS) == page.evaluate(STICKS_OUT) == []
    assert faint(page, "body") == []
    assert guard.errors == []


@pytest.mark.parametrize("name", ["missing", "public"])
def test_paper_is_whole(opened: Callable[..., Page], screens: Path, name: str) -> None:
    page = opened(name, color_scheme="dark", width=690)
    page.emulate_media(media="print")
    assert page.evaluate(SCROLLS) == page.evaluate(BROKEN) == []
    assert page.evaluate(SIDEWAYS) == 0
    page.pdf(path=screens / f"{name}.pdf", format="Letter", print_background=False)


def test_every_link_of_the_contents_leads_somewhere(opened: Callable[..., Page]) -> None:
    page = opened("missing")
    links = page.locator("nav a").all()
    assert len(links) > 12
    for link in links:
        assert page.locator(str(link.get_attribute("href"))).inner_text() == link.inner_text()
