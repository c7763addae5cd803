"""The notebooks that come with the package: what each answers, for whom, and what it takes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import InputError, nearest
from reconcile.flow.parameters import parameters_of
from reconcile.resources import guides, notebooks

if TYPE_CHECKING:
    from reconcile.flow.parameters import Parameter

PARAMETERS: Final = "parameters"  # the tag of the cell that holds them
_ANSWERS: Final = re.compile(r"\*\*What it answers:\*\* (.+)")
_WHOM: Final = re.compile(r"\*\*For whom:\*\* (.+?)(?: Nothing here needs programming|$)", re.MULTILINE)
_START: Final = """\
# Start here

Nothing here needs programming. Open a notebook by its name below, run its cells from top to bottom
(Shift+Enter, or Run > Run All Cells), and look at what each one shows. Each works on sample data at once:
nobody in it exists, and nothing of yours is changed. Begin with the first.

| notebook | what it answers |
|---|---|
{rows}

## With your own files

1. File > New > Terminal, and there: `reconcile plan new fall.toml`. The file appears on the left, here or one
   folder up: open it and fill in what is empty. `reconcile plan check fall.toml` says what is still missing.
2. The first cell of code in each notebook holds its parameters. Write `plan = "fall.toml"` there and run the
   notebooks in their order: all of them work on the same files, results and registry. 05 shows the batches
   that wait and the form for one student; its steps for two people are practice, and done on your plan by
   [commands](docs/accounts.md).
3. What comes out lies in the folder that the plan calls `workspace`, a new folder for each run.

The guides are beside the notebooks: {guides}.

A notebook that you changed stays as it is: a newer version is laid beside it. A notebook also runs without
JupyterLab, and becomes a page to send on: `reconcile notebook 06 -p plan=fall.toml --html mis.html`.
"""


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """One notebook, before it runs.

    Attributes:
        name: the file's, without its ending.
        path: the file.
        title: its first heading.
        answers: what it answers.
        whom: for whom it is.
        parameters: what its parameter cell assigns.
        content: the notebook as JSON holds it.
        ours: it comes with the package, as it is.
    """

    name: str
    path: Path
    title: str
    answers: str
    whom: str
    parameters: tuple[Parameter, ...]
    content: dict[str, Any] = field(repr=False)
    ours: bool = True


def shipped_notebooks(folder: Path | None = None, /) -> tuple[Notebook, ...]:
    """List the shipped notebooks in their order.

    Args:
        folder: where they are; found when None.
    """
    return tuple(_notebook(path) for path in sorted((folder or notebooks()).glob("*.ipynb")))


def find_notebook(name: str, /) -> Notebook:
    """Find a notebook by its number, its name, or the path of a copy of one's own.

    Raises:
        InputError: there is none, or the file is no notebook.
    """
    path = Path(name).expanduser()
    if path.suffix == ".ipynb" and path.is_file():
        return _notebook(path.resolve(), ours=False)
    shipped = shipped_notebooks()
    wanted = Path(name).stem if path.suffix == ".ipynb" else name
    for notebook in shipped:
        number, _, rest = notebook.name.partition("_")
        if wanted in {notebook.name, rest} or (wanted.isdecimal() and int(wanted) == int(number)):
            return notebook
    hint = nearest(wanted, [notebook.name for notebook in shipped])
    raise InputError(f'There is no notebook "{name}".{hint} `reconcile notebook --list` lists them.')


def start_here(shipped: tuple[Notebook, ...], /) -> str:
    """Write the page that a person meets first: the notebooks in their order, and what each answers."""
    rows = (
        f"| [{one.name}]({one.path.name}) | {one.answers[:1].upper()}{one.answers[1:]} |" for one in shipped
    )
    named = (
        (path, path.read_text(encoding="utf-8").partition("\n")[0]) for path in sorted(guides().glob("*.md"))
    )
    links = (f"[{title.lstrip('# ')}](docs/{path.name})" for path, title in named)
    return _START.format(rows="\n".join(rows), guides=", ".join(links))


def cells_with_parameters(content: dict[str, Any], /) -> list[dict[str, Any]]:
    """Choose the cells that are tagged as parameters."""
    return [cell for cell in content["cells"] if PARAMETERS in cell["metadata"].get("tags", ())]


def _notebook(path: Path, *, ours: bool = True) -> Notebook:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = content["cells"]
        first = "".join(cells[0]["source"])
    except (ValueError, LookupError, TypeError):
        content = None
    if content is None:
        raise InputError(f"{path} is no notebook. Save it again in JupyterLab.")
    sources = ["".join(cell["source"]) for cell in cells_with_parameters(content)]
    return Notebook(
        name=path.stem,
        path=path,
        title=first.partition("\n")[0].lstrip("# "),
        answers=_found(_ANSWERS, first),
        whom=_found(_WHOM, first),
        parameters=parameters_of(sources[0]) if sources else (),
        content=content,
        ours=ours,
    )


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1].strip() if found else ""
