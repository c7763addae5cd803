"""The shipped notebooks run from top to bottom, show nobody, and export to pages that fetch nothing."""

from __future__ import annotations

import ast
import json
import re
import stat
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from plans import take

from reconcile import resources
from reconcile.files import permissions_are_enforced
from reconcile.flow.notebook import run_notebook, started_kernel
from reconcile.flow.shipped import shipped_notebooks
from reconcile.registry import Registry
from reconcile.resources import notebooks, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from jupyter_client.manager import AsyncKernelManager

    from reconcile.flow.notebook import Executed
    from reconcile.flow.shipped import Notebook

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
    "08": (("changes",), "changes/changes.html"),
}
OWN = ("HOME", "USERPROFILE", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
# Parameters that several notebooks have: what each means is the same everywhere.
COMMON = {
    "plan": 'the path of your plan, such as "fall.toml"; empty: the sample',
    "sis": 'of the sample: or "colleague", "peoplesoft"',
}


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsyncKernelManager]:
    """Start one kernel for all notebooks, away from the user's Jupyter: half of a run is imports."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in OWN:
            patch.setenv(name, str(home / name.lower()))
            (home / name.lower()).mkdir()
        with started_kernel(home) as started:
            yield started


def forget(kernel: AsyncKernelManager, folder: Path, notes: Path) -> None:
    """Clear what the notebook before left in the kernel, and go to another folder."""
    folder.mkdir(exist_ok=True)
    source = f"import os\nos.chdir({str(folder)!r})\n%reset -f"
    cells = [nbformat.v4.new_markdown_cell("# Clear"), nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notes / "clear.ipynb")
    run_notebook(str(notes / "clear.ipynb"), folder=folder, kernel=kernel)


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda path: path.stem)
def executed(
    request: pytest.FixtureRequest, kernel: AsyncKernelManager, tmp_path_factory: pytest.TempPathFactory
) -> Executed:
    """Run a notebook on the sample, in a folder of its own."""
    folder, kept = tmp_path_factory.mktemp("notebook"), tmp_path_factory.mktemp("kept")
    forget(kernel, folder, kept)
    name = request.param.stem
    return run_notebook(
        name, folder=folder, out=kept / f"{name}.ipynb", html=kept / f"{name}.html", kernel=kernel
    )


def texts(output: Any) -> Iterator[str]:
    """Every text of an output, whatever way it would be shown."""
    if "text" in output:
        yield output.text
    for content in output.get("data", {}).values():
        yield content if isinstance(content, str) else str(content)


def shown(executed: Executed) -> str:
    return "\n".join(
        text for cell in code(executed.content) for output in cell.outputs for text in texts(output)
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
    assert "parameters" in code(notebook)[0].metadata.tags
    answers = next(line for line in first.source.splitlines() if line.startswith("**What it answers:**"))
    assert "?" in answers


@pytest.mark.parametrize("one", shipped_notebooks(), ids=lambda one: one.name)
def test_a_parameter_of_one_name_means_the_same_everywhere(one: Notebook) -> None:
    taken = {parameter.name: parameter for parameter in one.parameters}
    assert "plan" in taken
    for name, meaning in COMMON.items():
        assert name not in taken or taken[name].meaning == meaning
    assert [
        name for name in ("plan", "out") if name in taken and not isinstance(taken[name].default, str)
    ] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_it_imports_nothing_private(path: Path) -> None:
    for cell in code(read(path)):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
                assert not [name for name in names if name.startswith("_") or "._" in name]


# As run ---------------------------------------------------------------------------------------------


def test_every_cell_runs_and_warns_of_nothing(executed: Executed) -> None:
    cells = code(executed.content)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    streams = [output for cell in cells for output in cell.outputs if output.output_type == "stream"]
    assert [output.text for output in streams if output.name == "stderr"] == []


def test_every_stage_shows_something(executed: Executed) -> None:
    for cell in code(executed.content):
        last = ast.parse(cell.source).body[-1]
        if isinstance(last, ast.Expr):
            assert "".join(text for output in cell.outputs for text in texts(output)).strip(), cell.source


def test_it_leaves_in_the_readers_folder_what_it_says(executed: Executed) -> None:
    """Folders and a file in one of them; to look at an extract leaves nothing behind."""
    folders, file = LEAVES.get(executed.notebook.name[:2], ((), ""))
    assert sorted(path.name for path in executed.folder.iterdir()) == sorted(folders)
    assert not file or len(list(executed.folder.glob(file))) == 1
    if executed.notebook.name.startswith("00_"):
        assert "audit.html" in shown(executed)


def test_nobody_is_shown(executed: Executed) -> None:
    """Plain text too: it is what a search, a diff and a terminal see."""
    found = set(WORD.findall(shown(executed))) & marks() - {NOBODYS}
    assert not found, f"{len(found)} names, birthdates or addresses of the sample are shown"


def test_the_state_that_is_saved_with_a_widget_holds_nobody(executed: Executed) -> None:
    """Its script and its style are the shipped files; beside them there is nothing of the data."""
    state = executed.content.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {})
    panels = [one["state"] for one in state.get("state", {}).values() if "_esm" in one["state"]]
    assert len(panels) == executed.notebook.name.startswith(("04_", "05_"))
    own = "panel" if executed.notebook.name.startswith("04_") else "form"
    for panel in panels:
        assert panel.pop("_esm") == (PAGE / f"{own}.js").read_text(encoding="utf-8")
        assert panel.pop("_css").endswith((PAGE / f"{own}.css").read_text(encoding="utf-8"))
    rest = WORD.findall(json.dumps(state))
    assert not set(rest) & marks()
    assert not re.search(r"@0\d{7}", json.dumps(state))  # nor an id


@cache
def marks(folder: Path | None = None, sis: str = "banner") -> frozenset[str]:
    """Names of five letters or more, birthdates and e-mail addresses in the sample's own files."""
    from reconcile.read import read as read_file  # noqa: PLC0415 - beside its only use
    from reconcile.standardize import standardize  # noqa: PLC0415

    found: set[str] = set()
    for path, layout, key in (
        ((folder or sample() / sis) / "students.csv", sis, "sis_id"),
        ((folder or sample()) / "accounts.csv", "openccc", "cccid"),
    ):
        frame = read_file(path, layout=layout).frame
        for name in ("first_name", "last_name", "middle_name", "email"):
            for value in frame[name].drop_nulls().unique():
                found.update(part for part in {value, *value.split()} if len(part) > 4)
        found.update(standardize(frame, id=key).frame["birthdate"].drop_nulls().unique())
    return frozenset(found)


def test_the_look_finds_each_of_them() -> None:
    """The counter-proof."""
    marked = marks()
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


def test_its_page_stands_alone(executed: Executed) -> None:
    _, path = executed.written
    page = path.read_text(encoding="utf-8")
    looker = Fetched()
    looker.feed(page)
    assert looker.found == []
    assert "<script" not in page
    assert not re.search(r"@import|url\(\s*['\"]?(https?:)?//", page)
    assert f"<title>{executed.notebook.title}</title>" in page
    assert "reconcile-table" in page
    if executed.notebook.name.startswith("04_"):  # where no kernel runs there are sentences, not a blank
        assert "in a saved or an exported page this sentence stands alone" in page
        assert "works in JupyterLab only" in page


@pytest.mark.skipif(not permissions_are_enforced(), reason="another operating system")
def test_what_it_showed_is_kept_for_its_owner_alone(executed: Executed) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in executed.written} == {0o600}


# On a plan of one's own -----------------------------------------------------------------------------


def log_of(registry: Path) -> pl.DataFrame:
    with Registry.open(registry, demo=True, create=False) as kept:
        return kept.audit()


def test_one_plan_goes_through_all_of_them(kernel: AsyncKernelManager, small: Path, tmp_path: Path) -> None:
    """As after `reconcile lab`: the plan lies in the workspace, one folder above the notebooks."""
    take(
        small, tmp_path / "fall", reconciliation={"workspace": "results"},
        accounts={"previous": "earlier_accounts.csv"},
    )  # fmt: skip
    folder, registry = tmp_path / "fall" / "notebooks", tmp_path / "fall" / "registry.sqlite"
    people = marks(small, "colleague") - {NOBODYS}
    for one in shipped_notebooks():
        forget(kernel, folder, tmp_path)
        before = log_of(registry) if one.name.startswith("05_") else None
        done = run_notebook(one.name, ["plan=../plan.toml"], folder=folder, kernel=kernel)
        found = set(WORD.findall(shown(done))) & people
        assert not found, f"{one.name} shows {len(found)} names, birthdates or addresses"
        if before is not None:  # both people are played, and not in the plan's registry
            assert log_of(registry).equals(before)
            (batch,) = before.filter(what="submitted")["subject"]
            assert re.search(rf"Batches that wait.*1 batch.*{batch}.*submitted", shown(done), re.DOTALL)
    assert len(list((tmp_path / "fall" / "results" / "runs").glob("*/audit.html"))) == 1
    left = {path.name for path in folder.iterdir()}
    assert "mis" in left
    assert not left & {"tour", "practice"}  # all else went where the plan says
