"""The review panel in JupyterLab: two records side by side, a key for each decision.

What is personal travels in messages between kernel and page, never in the widget's state: a notebook is
saved with that state.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
from IPython.display import display

from reconcile.errors import ReconcileError
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from reconcile.registry import Registry
    from reconcile.review.progress import Progress
    from reconcile.review.session import Session
    from reconcile.show import Listing

_HERE: Final = Path(__file__).parent
_NOT_TRIED: Final = "A decision before it was not saved, so this one was not tried."


class ReviewPanel(anywidget.AnyWidget):
    """A queue of pairs for one reviewer, worked through by keys or by buttons.

    The methods do what the keys do, so that a notebook can be scripted.
    """

    _esm = _HERE / "panel.js"
    _css = _HERE / "panel.css"

    def __init__(
        self, session: Session, /, *, owned: ExitStack | Registry | None = None, note: str = ""
    ) -> None:
        """Show a session.

        Args:
            session: the queue.
            owned: what was opened for the panel, and is closed with it.
            note: a sentence that the reader has to know before.
        """
        self._session = session
        self._owned = owned
        self._note = note
        self._stopped: int | None = None  # the pair whose decision could not be saved
        super().__init__()
        self.on_msg(self._answer)

    @property
    def progress(self) -> Progress:
        """How far the reviewer has come."""
        return self._session.progress

    @property
    def said(self) -> Listing:
        """The reviewer's decisions that stand: at, table, id_l, id_r, decision, seconds."""
        return self._session.said

    def decide(self, decision: str, /, *, note: str = "", seconds: float | None = None) -> Progress:
        """Decide the pair in question: "match" (m), "different" (n) or "unsure" (u).

        Args:
            decision: the word.
            note: kept beside it.
            seconds: how long the reviewer looked; since the pair came up when None.

        Raises:
            InputError, RegistryError: nothing was kept.
        """
        self._session.decide(decision, note=note, seconds=seconds)
        return self._shown()

    def exclude(self, member: str, /) -> Progress:
        """Say of a record that is compared with the pair in question that it is nobody else there (o).

        Raises:
            InputError, RegistryError: nothing was kept.
        """
        self._session.exclude(member)
        return self._shown()

    def skip(self) -> Progress:
        """Put the pair in question off (s)."""
        self._session.skip()
        return self._shown()

    def undo(self) -> Progress:
        """Take back this reviewer's last decision (z)."""
        self._session.undo()
        return self._shown()

    def next(self) -> Progress:
        """Look at the next pair (j)."""
        self._session.next()
        return self._shown()

    def previous(self) -> Progress:
        """Look at the pair before (k)."""
        self._session.previous()
        return self._shown()

    def close(self) -> None:
        """Take the panel off the page, and let go of a registry that was opened for it."""
        super().close()
        if self._owned is not None:
            self._owned.close()

    def _shown(self) -> Progress:
        self.send(self._window())
        return self._session.progress

    def _window(self, *, listen: bool = True) -> dict[str, Any]:
        """Describe what the page shows: the pair in question, the two behind it, and how far one has come."""
        pairs = self._session.window(listen=listen)
        progress = self._session.progress
        return {
            "kind": "window",
            "reviewer": self._session.reviewer,
            "reviewers": self._session.reviewers,
            "veiled": self._session.cases.veiled,
            "pairs": pairs,
            "decided": progress.decided,
            "left": progress.left,
            "skipped": progress.skipped,
            "waiting": progress.waiting,
            "elsewhere": progress.elsewhere,
            "second": progress.second,
            "disputed": progress.disputed,
        }

    def _answer(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        """Do what a key asks for, and say so only when it is done; whatever goes wrong is told."""
        echo = {name: asked.get(name) for name in ("view", "number", "case", "what")}
        problem = ""
        try:
            self._do(asked)
        except ReconcileError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a page that is told nothing would call it saved
            problem = f"An error of the program ({type(error).__name__}). Please report it."
        if problem:
            if asked.get("case") is not None:
                if self._stopped is None:
                    self._stopped = asked["case"]
                self._session.look_at(self._stopped)
            self.send({**self._window(), "kind": "failed", "problem": problem, **echo})
            return
        self.send({**self._window(listen=asked.get("case") is None), "kind": "done", **echo})

    def _do(self, asked: dict[str, Any]) -> None:
        session = self._session
        case = asked.get("case")
        if case is not None and self._stopped not in (None, case):
            raise ReconcileError(_NOT_TRIED)
        beside: dict[str, Any] = {
            "note": str(asked.get("note") or ""),
            "seconds": asked.get("seconds"),
            "case": case,
        }
        steps: dict[str, Callable[[], object]] = {
            "ready": lambda: None,
            "match": lambda: session.decide("match", **beside),
            "different": lambda: session.decide("different", **beside),
            "unsure": lambda: session.decide("unsure", **beside),
            "exclude": lambda: session.exclude(str(asked.get("member")), **beside),
            "skip": lambda: session.skip(case=case),
            "undo": session.undo,
            "next": session.next,
            "previous": session.previous,
        }
        steps[str(asked.get("what"))]()
        if case is not None:
            self._stopped = None

    def __repr__(self) -> str:
        """Say what it is; nobody is named."""
        progress = self._session.progress
        return f"Review panel: {counted(progress.left, 'pair')} left, {progress.decided:,} decided"

    def _ipython_display_(self) -> None:
        """Show a sentence above the panel: it is all that remains where no kernel runs."""
        told = (
            f"{self!r}, when it was opened. {self._note}Every decision is saved at once. "
            "The panel below works while this notebook's kernel runs; in a saved or an exported page this "
            "sentence stands alone."
        )
        sentence = {
            "text/html": f'<p class="reconcile-review-sentence">{escape(told)}</p>',
            "text/plain": told,
        }
        for shown, metadata in ((sentence, {}), self._repr_mimebundle_() or ({}, {})):
            display(shown, metadata=metadata, raw=True)  # type: ignore[no-untyped-call] # IPython has no types
