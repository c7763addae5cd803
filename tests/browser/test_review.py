"""A reviewer's session in JupyterLab: run the notebook, decide by keys, reload, find it in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from browser.contrast import faint, texts
from browser.test_lab import CELLS, ENDED, OPEN, PATIENCE, RUN, THEME, address  # noqa: F401 - a fixture
from reconcile.flow.practice import COLLEAGUE
from reconcile.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from browser.chromium import Guard

NOTEBOOK = "notebooks/04_review_duplicates.ipynb"
PANEL = ".reconcile-review"
LISTEN = """() => {
  window.times = [];
  document.addEventListener('reconcile-saved', event => window.times.push(event.detail.milliseconds));
}"""
IN_VIEW = "() => tour.content.scrollToItem(5, 'start')"
NUMBER_OF_CELLS = "window.tour.content.model.cells.length"
LAB_KEYS = "xxabddcv"  # x cuts a cell, a and b insert one, dd deletes it, c and v copy it; twice x masks not


def open_notebook(page: Page) -> None:
    page.wait_for_function("window.jupyterapp")
    page.evaluate(OPEN, NOTEBOOK)


def run_all(page: Page) -> None:
    page.evaluate(RUN)
    page.wait_for_function(ENDED, polling=300)
    outputs = [output for cell in page.evaluate(CELLS) for output in cell["outputs"]]
    assert [output for output in outputs if "error" in output["output_type"]] == []
    page.evaluate(IN_VIEW)
    page.evaluate(LISTEN)


def press(page: Page, key: str, said: str) -> None:
    page.keyboard.press(key)
    page.locator(f"{PANEL} .rr-status", has_text=said).wait_for()


def decided(page: Page, number: int) -> None:
    page.locator(f"{PANEL} .rr-counts", has_text=f"{number} decided").wait_for()


def test_a_reviewer_decides_by_keys_and_nothing_is_lost(
    address: str,  # noqa: F811
    new_page: Callable[..., Page],
    guard: Guard,
    screens: Path,
    tmp_path: Path,
) -> None:
    page = new_page(height=1500)
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(address)
    open_notebook(page)
    run_all(page)
    decided(page, 2)  # by the notebook's script
    panel = page.locator(PANEL)
    panel.focus()
    for key, word in (("m", "match"), ("n", "not a match"), ("u", "unsure"), ("m", "match")):
        press(page, key, f"Saved: {word}")
    press(page, "z", "Taken back")
    times = sorted(page.evaluate("window.times"))
    told = f"key to saved {times[len(times) // 2]:.0f} ms (median), {times[-1]:.0f} ms (longest)"
    print(f"panel in JupyterLab: {told}")  # noqa: T201 - a figure for people, of this machine
    before = page.evaluate(NUMBER_OF_CELLS)
    page.get_by_role("button", name="Help ?").focus()
    for key in LAB_KEYS:
        page.keyboard.press(key)
    assert page.evaluate(NUMBER_OF_CELLS) == before
    personal = {text for text in panel.locator(".rr-value").all_inner_texts() if len(text) > 7}
    assert len(personal) > 3
    look_at(page, screens)
    page.evaluate("window.tour.context.save()")
    saved = (tmp_path / "fall" / NOTEBOOK).read_text(encoding="utf-8")
    assert [text for text in personal if text in saved] == []
    page.reload()
    open_notebook(page)
    page.evaluate(IN_VIEW)
    decided(page, 5)
    panel.focus()
    press(page, "n", "Saved: not a match")
    check_registry(tmp_path / "fall" / "notebooks" / "practice" / "registry.sqlite")
    assert guard.errors == []


def look_at(page: Page, screens: Path) -> None:
    """Take pictures in both themes; what is read must stand out from what is behind it."""
    for theme in ("Light", "Dark"):
        page.evaluate(THEME, f"JupyterLab {theme}")
        page.evaluate(IN_VIEW)
        page.locator(PANEL).focus()
        page.screenshot(path=screens / f"review-{theme.lower()}.png")
        assert len(texts(page, PANEL)) > 30
        assert faint(page, PANEL) == []


def check_registry(place: Path) -> None:
    with Registry.open(place, demo=True, create=False) as registry:
        words = registry.words().filter(pl.col("by") != COLLEAGUE)
        assert registry.verify().ok
    assert words["decision"].to_list() == [
        "different", "unsure", "match", "different", "unsure", "match", "withdrawn", "different"
    ]  # fmt: skip
    assert words["seconds"].drop_nulls().len() == 7
    assert words["by"].unique().to_list() == ["reviewer one"]
