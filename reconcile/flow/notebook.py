"""Runs a notebook without JupyterLab, in a kernel that lives as long as it, and keeps what it showed."""

from __future__ import annotations

import copy
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING, Any, Final

from reconcile import errors
from reconcile.errors import InputError, OutputError, ReconcileError
from reconcile.files import private_folder, require_place, scratch, write_private
from reconcile.flow.parameters import values_of, with_values
from reconcile.flow.run import silent
from reconcile.flow.shipped import cells_with_parameters, find_notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

    from reconcile.flow.shipped import Notebook

_CODE: Final = "code"
_DEFECT: Final = 3  # the exit code of what is our mistake


@dataclass(frozen=True, kw_only=True)
class Executed:
    """A notebook after it ran.

    Attributes:
        notebook: which one.
        content: with its outputs, for nbformat and nbconvert.
        cells: how many cells ran.
        folder: where it ran.
        written: the files that keep what it showed.
    """

    notebook: Notebook
    content: NotebookNode = field(repr=False)
    cells: int
    folder: Path
    written: tuple[Path, ...] = ()


def run_notebook(
    name: str,
    /,
    given: Iterable[str] = (),
    *,
    folder: Path = Path(),
    out: Path | None = None,
    html: Path | None = None,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    kernel: AsyncKernelManager | None = None,
) -> Executed:
    """Run a notebook from top to bottom in a folder, and write what it showed.

    Args:
        name: a number ("06"), a name ("06_mis_reporting"), or the path of a copy of one's own.
        given: values for its parameters, key=value.
        folder: where it runs; relative paths in it are seen from there.
        out: keeps the executed notebook.
        html: keeps it as a page that stands alone.
        overwrite: replace what stands at `out` and `html`.
        progress: told each cell as it begins, by the heading above it.
        kernel: one that runs already; a new one when None.

    Raises:
        InputError: no such notebook or parameter, or a value of another kind.
        OutputError: a file stands in the way, or the folder cannot be written to.
        ReconcileError: a cell stopped. An error of ours is told as it is; another one, in a notebook of
            ours, is a defect, with exit code 3.
    """
    notebook = find_notebook(name)
    values = values_of(given, notebook.parameters, of=notebook.name)
    for place, ending in ((out, ".ipynb"), (html, ".html")):
        if place is None:
            continue
        if place.suffix.lower() != ending:
            raise OutputError(f"{place} does not end in {ending}. Give it a name that does.")
        require_place(place)
        if place.exists() and not overwrite:
            raise OutputError(
                f"{place} exists already and is not overwritten. Name another file, or say --overwrite."
            )
    folder = private_folder(folder.expanduser().resolve())
    content = _content(notebook, values)
    count = _execute(notebook, content, folder, progress=progress or silent, kernel=kernel)
    written = []
    if out is not None:
        import nbformat  # noqa: PLC0415 - slow to import

        written.append(write_private(out, nbformat.writes(content) + "\n"))  # type: ignore[no-untyped-call]
    if html is not None:
        from reconcile.flow.notebook_page import notebook_html  # noqa: PLC0415 - so is nbconvert

        written.append(write_private(html, notebook_html(content, title=notebook.title or notebook.name)))
    return Executed(notebook=notebook, content=content, cells=count, folder=folder, written=tuple(written))


@contextmanager
def started_kernel(folder: Path, /) -> Iterator[AsyncKernelManager]:
    """Start a kernel of this environment's own Python, on every system, and end it with the block.

    No kernel that somebody installed under the same name is taken, and nobody's start-up files are run.
    """
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - slow to import
    from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415
    from jupyter_core.utils import ensure_event_loop, run_sync  # noqa: PLC0415

    ensure_event_loop(prefer_selector_loop=True)  # the other kind, on Windows, does not know zmq's sockets
    with scratch() as own:
        manager = AsyncKernelManager(
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), connection_file=str(own / "kernel.json")
        )
        environment = os.environ | {"IPYTHONDIR": str(private_folder(own / "ipython"))}
        start = run_sync(manager.start_kernel)
        start(cwd=str(folder), env=environment, stdout=DEVNULL, stderr=DEVNULL)
        try:
            yield manager
        finally:
            run_sync(manager.shutdown_kernel)(now=True)


def _content(notebook: Notebook, values: dict[str, object]) -> NotebookNode:
    import nbformat  # noqa: PLC0415 - slow to import

    content = copy.deepcopy(notebook.content)
    for cell in cells_with_parameters(content):
        cell["source"] = with_values("".join(cell["source"]), values)
    read: NotebookNode = nbformat.reads(json.dumps(content), as_version=4)  # type: ignore[no-untyped-call]
    return read


def _execute(
    notebook: Notebook,
    content: NotebookNode,
    folder: Path,
    *,
    progress: Callable[[str], None],
    kernel: AsyncKernelManager | None,
) -> int:
    """Run the cells one by one, and return how many ran; the first that fails ends it."""
    if kernel is None:
        progress("Start Python")
        with started_kernel(folder) as own:
            return _execute(notebook, content, folder, progress=progress, kernel=own)
    from nbclient import NotebookClient  # noqa: PLC0415 - slow to import
    from nbclient.exceptions import CellExecutionError, DeadKernelError  # noqa: PLC0415

    client: Any = NotebookClient(content, km=kernel, timeout=None)
    total = sum(cell["cell_type"] == _CODE for cell in content["cells"])
    heading, count = notebook.title, 0
    with client.setup_kernel(cleanup_kc=False), _closing(client):
        for index, cell in enumerate(content["cells"]):
            if cell["cell_type"] != _CODE:
                heading = _heading(cell["source"]) or heading
                continue
            count += 1
            where = f'{count} of {total} ("{heading}")'
            progress(f"Cell {where}")
            failed: ReconcileError | None = None
            try:
                client.execute_cell(cell, index, execution_count=count)
            except CellExecutionError as error:
                failed = _failure(notebook, where, error.ename, error.evalue)
            except DeadKernelError:
                failed = InputError(
                    f"{notebook.name} stopped in cell {where}: Python ended, mostly for want of memory. "
                    "Close other programs, or read fewer rows."
                )
            if failed is not None:
                raise failed
        client.set_widgets_metadata()
    return count


@contextmanager
def _closing(client: Any) -> Iterator[None]:  # noqa: ANN401 - nbclient's, which declares no types for it
    """Let go of the connection to a kernel that may live on."""
    from jupyter_core.utils import ensure_event_loop  # noqa: PLC0415 - slow to import

    try:
        yield
    except KeyboardInterrupt:
        # What the cell was about to say has nobody left to hear it; asyncio would print that as a traceback.
        ensure_event_loop().set_exception_handler(lambda _loop, _context: None)
        raise
    finally:
        client.kc.stop_channels()


def _heading(source: str) -> str:
    """Take the last heading of a text, which is what the next cell stands under."""
    heads = [line.lstrip("# ") for line in source.splitlines() if line.startswith("#")]
    return heads[-1] if heads else ""


def _failure(notebook: Notebook, where: str, kind: str, text: str) -> ReconcileError:
    """Say which cell stopped and why; the text of an error that is none of ours may quote a value."""
    begin = f"{notebook.name} stopped in cell {where}"
    known = getattr(errors, kind, None)
    if isinstance(known, type) and issubclass(known, ReconcileError):
        return known(f"{begin}: {kind}: {text}")
    if notebook.ours:
        defect = ReconcileError(f"{begin}: {kind}. Its text is left out, since it may quote a value.")
        defect.exit_code = _DEFECT
        return defect
    return InputError(f"{begin}: {kind}. Run it in JupyterLab to see where; its text may quote a value.")
