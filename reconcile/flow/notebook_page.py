"""An executed notebook as one page that stands alone: no script, nothing fetched, light and dark."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, page

if TYPE_CHECKING:
    from nbformat import NotebookNode

_STYLE: Final = Path(__file__).with_name("notebook_page.css")
_WIDGET: Final = "application/vnd.jupyter.widget-view+json"
_SCRIPTS: Final = ("application/javascript", "text/javascript")
_ONLY_LIVE: Final = "What stands here works in JupyterLab only, while the notebook runs."


def notebook_html(notebook: NotebookNode, /, *, title: str) -> str:
    """Draw an executed notebook as a page; whatever needs a running kernel is replaced by a sentence.

    Args:
        notebook: with its outputs.
        title: of the window.
    """
    from nbconvert import HTMLExporter  # noqa: PLC0415 - slow to import

    # The plainest of the templates: markup without a head, so that nothing is asked of anybody.
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic",
        exclude_anchor_links=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    body, _ = exporter.from_notebook_node(_still(notebook))
    return page(title, element("main", Html(body)), style=_STYLE.read_text("utf-8"), class_="notebook")


def _still(notebook: NotebookNode) -> NotebookNode:
    """Take out what moves: widgets, their state, and scripts."""
    still = copy.deepcopy(notebook)
    still.metadata.pop("widgets", None)
    for cell in still.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if _WIDGET in data:
                data.clear()
                data["text/html"] = element("p", _ONLY_LIVE, class_="live")
            for kind in _SCRIPTS:
                data.pop(kind, None)
    return still
