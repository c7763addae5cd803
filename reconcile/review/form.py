"""The form for one account in JupyterLab: fields, a look-up, candidates beside the student, the request.

What is typed and what is found travels in messages between kernel and page, never in the widget's state: a
notebook is saved with that state.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import anywidget
from IPython.display import display

from reconcile.errors import ReconcileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_HERE: Final = Path(__file__).parent
_SENTENCE: Final = (
    "The form below works while this notebook's kernel runs; nothing that is typed into it is saved with the "
    "notebook. In a saved or an exported page this sentence stands alone."
)


class Office(Protocol):
    """What stands behind the form."""

    def start(self) -> dict[str, Any]:
        """Describe the fields, and what is filled in before anybody types."""

    def extract(self, fields: Mapping[str, str], /) -> dict[str, Any]:
        """Give what the extract has of the student whose SIS id was typed."""

    def look(self, fields: Mapping[str, str], /) -> dict[str, Any]:
        """Look the student up, and describe what was found."""

    def ask(self, aside: list[str], because: str, /) -> dict[str, Any]:
        """Ask for an account for the student who was looked up last, and describe what came of it."""


class AccountForm(anywidget.AnyWidget):
    """A form that looks one student up among all accounts, and asks for an account when there is none.

    Its methods do what its buttons do, so that a notebook can be scripted.
    """

    _esm = _HERE / "form.js"
    _css = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("panel.css", "form.css"))

    def __init__(self, office: Office, /) -> None:
        """Show the form of an office."""
        self._office = office
        super().__init__()
        self.on_msg(self._heard)

    def look(self, fields: Mapping[str, str], /) -> None:
        """Fill the form in, as far as fields are given, and look the student up."""
        self.send({"kind": "looked", "fields": dict(fields), **self._office.look(fields)})

    def ask(self, *, aside: list[str] | None = None, because: str = "") -> None:
        """Ask for the account; see `flow.single.ask`.

        Raises:
            GateClosed, InputError: nothing was asked for.
        """
        self.send({"kind": "asked", **self._office.ask(list(aside or ()), because)})

    def _heard(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        """Answer a button of the page; what goes wrong is told there."""
        fields = {str(name): str(text) for name, text in (asked.get("fields") or {}).items()}
        aside, because = [str(one) for one in asked.get("aside") or ()], str(asked.get("because") or "")
        steps: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
            "start": ("started", self._office.start),
            "extract": ("extracted", lambda: self._office.extract(fields)),
            "look": ("looked", lambda: self._office.look(fields)),
            "ask": ("asked", lambda: self._office.ask(aside, because)),
        }
        kind, step = steps[str(asked.get("what"))]
        try:
            answer = {"kind": kind, **step()}
        except ReconcileError as error:
            answer = {"kind": "refused", "problem": str(error)}
        except Exception as error:  # noqa: BLE001 - its text may quote what was typed
            answer = {
                "kind": "refused",
                "problem": f"An error of the program ({type(error).__name__}). Please report it.",
            }
        self.send({**answer, "number": asked.get("number")})

    def __repr__(self) -> str:
        """Say what it is; nobody is named."""
        return "Form for one account"

    def _ipython_display_(self) -> None:
        """Show a sentence above the form: it is all that remains where no kernel runs."""
        sentence = {"text/html": f"<p>{escape(_SENTENCE)}</p>", "text/plain": _SENTENCE}
        display(sentence, raw=True)  # type: ignore[no-untyped-call] # IPython has no types
        data, metadata = self._repr_mimebundle_() or ({}, {})
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
