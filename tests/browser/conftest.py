"""A real browser for the pages that people look at, kept away from the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.chromium import FLAGS, Guard, find_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


# Once a module and not once a session: while it lives, no other test can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a second that other tests need not pay

    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            pytest.skip("no browser found: install Chromium, or set RECONCILE_BROWSER")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def guard() -> Iterator[Guard]:
    guard = Guard()
    yield guard
    assert guard.outgoing == []


@pytest.fixture
def new_page(browser: Browser, guard: Guard) -> Iterator[Callable[..., Page]]:
    """Open watched pages; a request that would leave this machine is aborted and fails the test."""
    contexts = []

    def new(*, width: int = 1280, height: int = 800, **options: Any) -> Page:
        # A service worker would speak past the guard.
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, service_workers="block", **options)
        contexts.append(context)
        return guard.watch(context.new_page())

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def screens() -> Path:
    """Where pictures are laid for people to look at; git ignores it."""
    folder = Path(__file__).parents[1] / ".screens"
    folder.mkdir(exist_ok=True)
    return folder
