"""The shipped notebooks run from top to bottom, show nobody, and export to pages that fetch nothing."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from reconcile import resources
from reconcile.resources import notebooks, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIPPED = sorted(notebooks().glob("*.ipynb"))
LONGEST = 15
PAGE = Path(resources.__file__).parent / "review"  # of the panel
WORD = re.compile(r"[\w.+-]+@[\w.-]+|\d{4}-\d{2}-\d{2}|[^\W\d_]+(?:['-][^\W\d_]+)*")
NOBODYS = "1900-01-01"  # a placeholder, which a rule of the dictionary names
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
# What a notebook leaves behind: folders, and a file that its reader is sent to.
LEAVES = {
    "00": (("tour",), "tour/runs/*/audit.html"),
    "04": (("practice",), "practice/registry.sqlite"),
    "05": (("accounts",), "accounts/undo/sis-reversal.csv"),
    "06": (("mis", "mis-sample"), "mis/mis.html"),
    "07": (("audit", "audit-sample"), "audit/missing.html"),
}
OWN = ("HOME", "USERPROFILE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")


@dataclass(frozen=True)
class Executed:
    """A notebook after it ran, and the folder that it ran in."""

    name: str
    notebook: Any
    folder: Path


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda path: path.stem)
def executed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    """Run a notebook in a folder of its own, away from the user's Jupyter."""
    from nbclient import NotebookClient  # noqa: PLC0415 - slow to import

    folder = tmp_path_factory.mktemp("notebook")
    home = tmp_path_factory.mktemp("home")
    notebook = read(request.param)
    with pytest.MonkeyPatch.context() as patch:
        for name in OWN:
            patch.setenv(name, str(home / name.lower()))
            (home / name.lower()).mkdir()
        client = NotebookClient(
            notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
        yield Executed(request.param.stem, notebook, folder)


def texts(output: Any) -> Iterator[str]:
    """Every text of an output, whatever way it would be shown."""
    if "text" in output:
        yield output.text
    for content in output.get("data", {}).values():
        yield content if isinstance(content, str) else str(content)


def shown(executed: Executed) -> str:
    return "\n".join(
        text for cell in code(executed.notebook) for output in cell.outputs for text in texts(output)
    )


# As committed ---------------------------------------------------------------------------------------


def test_every_number_stands_once() -> None:
    numbers = [int(path.stem[:2]) for path in SHIPPED]
    assert numbers[:3] == [0, 1, 2]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in code(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_cells_are_short_and_call_what_the_package_defines(path: Path) -> None:
    for cell in code(read(path)):
        assert len(cell.source.splitlines()) <= LONGEST
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, DEFINITIONS)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_says_what_it_answers_for_whom_and_what_comes_next(path: Path) -> None:
    notebook = read(path)
    first, last = notebook.cells[0], notebook.cells[-1]
    assert first.cell_type == last.cell_type == "markdown"
    assert "**What it answers:**" in first.source
    assert "**For whom:**" in first.source
    assert last.source.startswith("## What next")
    assert [cell.metadata.get("tags") for cell in code(notebook)].count(["parameters"]) == 1


# As run ---------------------------------------------------------------------------------------------


def test_every_cell_runs_and_warns_of_nothing(executed: Executed) -> None:
    cells = code(executed.notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    streams = [output for cell in cells for output in cell.outputs if output.output_type == "stream"]
    assert [output.text for output in streams if output.name == "stderr"] == []


def test_every_stage_shows_something(executed: Executed) -> None:
    for cell in code(executed.notebook):
        last = ast.parse(cell.source).body[-1]
        if isinstance(last, ast.Expr):
            assert "".join(text for output in cell.outputs for text in texts(output)).strip(), cell.source


def test_it_leaves_in_the_readers_folder_what_it_says(executed: Executed) -> None:
    """Folders and a file in one of them; to look at an extract leaves nothing behind."""
    folders, file = LEAVES.get(executed.name[:2], ((), ""))
    assert sorted(path.name for path in executed.folder.iterdir()) == sorted(folders)
    assert not file or len(list(executed.folder.glob(file))) == 1
    if executed.name.startswith("00_"):
        assert "audit.html" in shown(executed)


def test_nobody_is_shown(executed: Executed) -> None:
    """Plain text too: it is what a search, a diff and a terminal see."""
    found = set(WORD.findall(shown(executed))) & set(marks()) - {NOBODYS}
    assert not found, f"{len(found)} names, birthdates or addresses of the sample are shown"


def test_the_state_that_is_saved_with_a_widget_holds_nobody(executed: Executed) -> None:
    """Its script and its style are the shipped files; beside them there is nothing of the data."""
    state = executed.notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    panels = [one["state"] for one in state.get("state", {}).values() if "_esm" in one["state"]]
    assert len(panels) == executed.name.startswith("04_")
    for panel in panels:
        for name, file in (("_esm", "panel.js"), ("_css", "panel.css")):
            assert panel.pop(name) == (PAGE / file).read_text(encoding="utf-8")
    rest = WORD.findall(json.dumps(state))
    assert not set(rest) & set(marks())
    assert not re.search(r"@0\d{7}", json.dumps(state))  # nor an id


def marks() -> Iterator[str]:
    """Names of five letters or more, birthdates and e-mail addresses in the sample's own files."""
    from reconcile.read import read as read_file  # noqa: PLC0415 - beside its only use
    from reconcile.standardize import standardize  # noqa: PLC0415

    for path, layout, key in (
        (sample() / "banner" / "students.csv", "banner", "sis_id"),
        (sample() / "accounts.csv", "openccc", "cccid"),
    ):
        frame = read_file(path, layout=layout).frame
        for name in ("first_name", "last_name", "middle_name", "email"):
            for value in frame[name].drop_nulls().unique():
                yield from (part for part in {value, *value.split()} if len(part) > 4)
        yield from standardize(frame, id=key).frame["birthdate"].drop_nulls().unique()


def test_the_look_finds_each_of_them() -> None:
    """The counter-proof."""
    marked = set(marks())
    kinds = (str.isalpha, lambda text: "@" in text, lambda text: re.fullmatch(r"\d{4}-\d\d-\d\d", text))
    for kind in kinds:
        some = next(text for text in sorted(marked) if kind(text))
        assert some in WORD.findall(f"<td>{some}</td>")
    assert len(marked) > 5000


class Fetched(HTMLParser):
    """Collects what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            remote = re.match(r"\s*(https?:)?//", value or "")
            if remote and (name in {"src", "srcset", "data", "poster"} or (name == "href" and tag != "a")):
                self.found.append(f"<{tag} {name}>")


def test_its_page_fetches_nothing(executed: Executed, tmp_path: Path) -> None:
    from nbconvert import HTMLExporter  # noqa: PLC0415 - slow to import

    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="")
    executed.notebook.metadata.pop("widgets", None)
    page, _ = exporter.from_notebook_node(executed.notebook)
    looker = Fetched()
    looker.feed(page)
    assert looker.found == []
    assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", page)
    assert "reconcile-table" in page
    if executed.name.startswith("04_"):  # where no kernel runs there is a sentence, not a blank
        assert "in a saved or an exported page this sentence stands alone" in page
