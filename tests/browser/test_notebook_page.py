"""`reconcile notebook` as a person types it, watched from outside, and its page in a real browser."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from connections import run_watched

from browser.contrast import faint, texts
from browser.test_audit import SIDEWAYS, axe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connections import Watched
    from playwright.sync_api import Page

    from browser.chromium import Guard

NAME = "01_load_and_profile"
COMMAND = (sys.executable, "-m", "reconcile", "notebook", "01", "--folder", "here", "--html", "page.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def done(folder: Path) -> Watched:
    """Run it once, with nobody's Jupyter at hand."""
    home = {name: str(folder / "home") for name in ("HOME", "USERPROFILE")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    return run_watched(COMMAND, folder=folder, environment=kept | home)


@pytest.fixture
def opened(done: Watched, folder: Path, new_page: Callable[..., Page]) -> Callable[..., Page]:
    def opening(**options: Any) -> Page:
        page = new_page(**options)
        page.goto((folder / "page.html").as_uri())
        return page

    return opening


def test_it_runs_where_it_is_told_and_turns_to_nobody(done: Watched, folder: Path) -> None:
    assert done.code == 0, done.output
    assert f"{NAME}: 8 cells ran in {(folder / 'here').resolve()}" in done.output
    assert 'Cell 3 of 8 ("3 What was noticed, and what to do about it") ...' in done.output
    assert done.outside == []
    assert list((folder / "here").iterdir()) == []  # to look at an extract leaves nothing
    assert not list((folder / "home").glob(".ipython/**/history.sqlite"))


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_its_page_is_quiet_and_can_be_read(
    opened: Callable[..., Page], guard: Guard, screens: Path, theme: str, width: int
) -> None:
    page = opened(color_scheme=theme, width=width)
    page.screenshot(path=screens / f"notebook-page-{theme}.png", full_page=True)
    assert page.title() == "Load an extract and see what is in it"
    assert page.evaluate(SIDEWAYS) == 0
    assert len(texts(page, "body")) > 200
    assert faint(page, "body") == []
    assert axe(page) == []
    assert guard.errors == []
