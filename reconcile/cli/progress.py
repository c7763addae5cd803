"""Shows the steps of a long command on stderr, so that stdout stays the result."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from reconcile.cli.failures import say

if TYPE_CHECKING:
    from types import TracebackType

    from rich.status import Status


class Steps:
    """Called with the name of each step as it begins.

    A terminal gets a spinner and the seconds that each step took; a log file gets one plain line a step.
    """

    def __init__(self) -> None:
        """Look where stderr goes."""
        self._live: Status | None = None
        self._name = ""
        self._began = self._started = time.monotonic()
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - only where it shows

            self._live = Console(stderr=True, highlight=False, markup=False).status("Start", spinner="line")

    def __call__(self, step: str) -> None:
        """Begin a step, which ends the one before."""
        self._finish()
        self._name, self._began = step, time.monotonic()
        if self._live:
            self._live.update(step)
        else:
            say(f"{step} ...")

    def __enter__(self) -> Self:
        """Show the spinner."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the spinner away, and say how long all of it took."""
        self._finish()
        if self._live:
            self._live.stop()
        if kind is None and self._name:
            say(f"Done in {time.monotonic() - self._started:.1f} s")

    def _finish(self) -> None:
        if self._live and self._name:
            self._live.console.print(f"{time.monotonic() - self._began:6.1f} s  {self._name}")
