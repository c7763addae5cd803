"""The guard of the browser tests: what it must notice, it notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.chromium import find_browser, stays_here

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from browser.chromium import Guard


def test_what_leaves_this_machine_is_aborted_and_remembered(
    new_page: Callable[..., Page], guard: Guard, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(
        "<img src='https://example.org/a.png'><script>new WebSocket('wss://example.org/b')</script>",
        encoding="utf-8",
    )
    page = new_page()
    page.goto(file.as_uri())
    page.wait_for_timeout(100)
    assert sorted(guard.outgoing) == ["https://example.org/a.png", "wss://example.org/b"]
    assert any("ERR_FAILED" in error for error in guard.errors)
    guard.outgoing.clear()


@pytest.mark.parametrize(
    ("url", "stays"),
    [
        ("file:///tmp/a.html", True),
        ("data:text/plain,a", True),
        ("http://127.0.0.1:8888/lab", True),
        ("ws://[::1]:8888/api", True),
        ("https://127.0.0.1.example.org/", False),
        ("https://example.org/?127.0.0.1", False),
        ("//example.org", False),
    ],
)
def test_only_this_machine_is_this_machine(url: str, *, stays: bool) -> None:
    assert stays_here(url) is stays


class Nothing:
    """A playwright without a browser of its own."""

    class chromium:  # noqa: N801 - playwright's name
        executable_path = "/no/such/browser"


def test_without_a_browser_none_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("browser.chromium._installed", lambda: iter([tmp_path / "chrome"]))
    monkeypatch.delenv("RECONCILE_BROWSER", raising=False)
    assert find_browser(Nothing) is None
    (tmp_path / "chrome").write_text("#!/bin/sh\nexec /snap/bin/chromium\n", encoding="utf-8")
    assert find_browser(Nothing) is None
    (tmp_path / "chrome").write_text("#!/bin/sh\n", encoding="utf-8")
    assert find_browser(Nothing) == tmp_path / "chrome"


def test_the_browser_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECONCILE_BROWSER", str(tmp_path / "mine"))
    with pytest.raises(pytest.fail.Exception, match="names no file"):
        find_browser(Nothing)
    (tmp_path / "mine").touch()
    assert find_browser(Nothing) == tmp_path / "mine"
