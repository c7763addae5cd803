"""Finds a browser, and watches what its pages ask for and complain of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import ConsoleMessage, Page, Playwright, Route, WebSocketRoute

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
MACOS = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS = (
    ("Google", "Chrome", "Application", "chrome.exe"),
    ("Microsoft", "Edge", "Application", "msedge.exe"),
)

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
HARMLESS = frozenset({"file", "data", "blob", "about"})
# The browser's own errands are off; a name that slips by the guard of a page resolves to nothing.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class Guard:
    """Lets pages speak to this machine only, and remembers what they tried and what went wrong."""

    def __init__(self) -> None:
        self.outgoing: list[str] = []
        self.errors: list[str] = []

    def watch(self, page: Page) -> Page:
        page.route("**/*", self._request)
        page.route_web_socket(lambda url: not stays_here(url), self._socket)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page

    def _request(self, route: Route) -> None:
        if stays_here(route.request.url):
            route.continue_()
        else:
            self.outgoing.append(route.request.url)
            route.abort()

    def _socket(self, socket: WebSocketRoute) -> None:
        self.outgoing.append(socket.url)
        socket.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


def stays_here(url: str) -> bool:
    """Whether a request can be answered without leaving this machine."""
    parts = urlsplit(url)
    return parts.scheme in HARMLESS or parts.hostname in LOCAL


def find_browser(playwright: Playwright) -> Path | None:
    """Find the browser that is named, else one that is installed, else playwright's own."""
    if named := os.environ.get("RECONCILE_BROWSER"):
        if not Path(named).is_file():
            pytest.fail(f"RECONCILE_BROWSER names no file: {named}")
        return Path(named)
    places = (*_installed(), Path(playwright.chromium.executable_path))
    return next((place for place in places if place.is_file() and not _confined(place)), None)


def _installed() -> Iterator[Path]:
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    yield from (Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in MACOS)
    for place in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
        if folder := os.environ.get(place):
            yield from (Path(folder, *parts) for parts in WINDOWS)


def _confined(path: Path) -> bool:
    """Whether it is a snap, which cannot see the folders of a test."""
    with path.open("rb") as file:
        start = file.read(4096)
    return path.resolve().name == "snap" or b"/snap/bin" in start
