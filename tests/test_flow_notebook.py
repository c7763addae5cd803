"""A notebook without JupyterLab: found, refused, stopped, kept, and in a Python of this environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import psutil
import pytest

from reconcile.cli import main
from reconcile.errors import GateClosed, InputError, OutputError, ReconcileError
from reconcile.flow.notebook import run_notebook, started_kernel
from reconcile.flow.own_or_sample import extract_or_sample, plan_or_sample
from reconcile.flow.shipped import find_notebook, shipped_notebooks
from reconcile.resources import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_client.manager import AsyncKernelManager


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsyncKernelManager]:
    """Start a kernel where somebody has installed another one under the usual name."""
    home = tmp_path_factory.mktemp("home")
    (home / "kernels" / "python3").mkdir(parents=True)
    spec = json.dumps({"argv": ["no such program"], "display_name": "Python 3", "language": "python"})
    (home / "kernels" / "python3" / "kernel.json").write_text(spec, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(home))
        with started_kernel(home) as started:
            yield started


def written(folder: Path, *sources: str) -> str:
    """Write a notebook of one's own; what begins with # is text."""
    made = nbformat.v4.new_notebook()
    for source in sources:
        kind = nbformat.v4.new_markdown_cell if source.startswith("#") else nbformat.v4.new_code_cell
        made.cells.append(kind(source))
        if source.startswith("word ="):
            made.cells[-1].metadata.tags = ["parameters"]
    nbformat.write(made, folder / "mine.ipynb")
    return str(folder / "mine.ipynb")


def test_it_runs_in_this_environment_with_the_values_given(
    kernel: AsyncKernelManager, tmp_path: Path
) -> None:
    name = written(tmp_path, "# Mine", "word = 'a'  # to say", "import sys\nprint(word, sys.executable)")
    steps: list[str] = []
    done = run_notebook(name, ["word=b"], kernel=kernel, folder=tmp_path, progress=steps.append)
    assert done.content.cells[2].outputs[0].text.split() == ["b", sys.executable]
    assert (done.cells, done.folder, done.written) == (2, tmp_path, ())
    assert steps == ['Cell 1 of 2 ("Mine")', 'Cell 2 of 2 ("Mine")']
    assert "word = 'a'" in Path(name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        (
            "from reconcile.errors import GateClosed\nraise GateClosed('Two rows. Correct them.')",
            GateClosed,
            'mine stopped in cell 1 of 2 ("2 Two"): GateClosed: Two rows. Correct them.',
        ),
        ("{}['Null']", InputError, "KeyError. Run it in JupyterLab"),
        ("no python", InputError, "SyntaxError"),
    ],
)
def test_a_cell_that_fails_ends_it_with_plain_words(
    source: str, kind: type[Exception], said: str, kernel: AsyncKernelManager, tmp_path: Path
) -> None:
    name = written(tmp_path, "# Mine\n\n## 2 Two", source, "print('never')")
    with pytest.raises(kind) as caught:
        run_notebook(name, kernel=kernel, folder=tmp_path, html=tmp_path / "mine.html")
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "Null" not in str(caught.value)
    assert not (tmp_path / "mine.html").exists()


def test_of_a_shipped_one_it_is_our_defect(
    kernel: AsyncKernelManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "# Ours", "1 / 0")
    monkeypatch.setattr("reconcile.flow.shipped.notebooks", lambda: tmp_path)
    with pytest.raises(ReconcileError, match=r"mine stopped in cell 1 of 1 .*ZeroDivisionError") as caught:
        run_notebook("mine", kernel=kernel, folder=tmp_path)
    assert caught.value.exit_code == 3


def test_a_python_that_dies_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Python ended"):
        run_notebook(written(tmp_path, "# Mine", "import os\nos._exit(1)"), folder=tmp_path)


def test_whoever_stops_it_stops_its_python_too(tmp_path: Path) -> None:
    """As by Ctrl-C, while a cell runs."""
    before = {child.pid for child in psutil.Process().children()}
    began: list[set[int]] = []

    def stop(step: str) -> None:
        if step.startswith("Cell"):
            began.append({child.pid for child in psutil.Process().children()} - before)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_notebook(written(tmp_path, "# Mine", "1"), folder=tmp_path, progress=stop)
    assert len(began[0]) == 1
    assert not began[0] & {child.pid for child in psutil.Process().children()}


@pytest.mark.parametrize("name", ["6", "06", "06_mis_reporting", "mis_reporting", "06_mis_reporting.ipynb"])
def test_one_is_found_by_number_name_or_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_notebook(name)
    assert (found.name, found.ours) == ("06_mis_reporting", True)
    (tmp_path / "06_mis_reporting.ipynb").write_bytes(found.path.read_bytes())
    assert find_notebook(name).ours is not name.endswith(".ipynb")  # a path is the person's own copy


def test_what_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'"06_mis_reportin".*Did you mean "06_mis_reporting"'):
        find_notebook("06_mis_reportin")
    (tmp_path / "x.ipynb").write_text("one", encoding="utf-8")
    with pytest.raises(InputError, match="is no notebook"):
        find_notebook(str(tmp_path / "x.ipynb"))


def test_nothing_is_overwritten_and_nothing_runs_in_vain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("mine", encoding="utf-8")
    for words, said in (
        (["01", "--html", "page.html"], "page.html exists already and is not overwritten"),
        (["01", "--out", "nowhere/x.ipynb"], "There is no folder nowhere"),
        (["01", "--html", "page.pdf"], "page.pdf does not end in .html"),
        (["01", "--out", "x.html"], "x.html does not end in .ipynb"),
        (["06", "-p", "pla=x"], "06_mis_reporting takes: plan, out."),
        ([], "Name a notebook"),
    ):
        assert main(["notebook", *words]) == InputError.exit_code == OutputError.exit_code
        told = capsys.readouterr()
        assert said in told.err
        assert "Cell" not in told.err
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "mine"


def test_a_page_is_replaced_when_that_is_said(kernel: AsyncKernelManager, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("old", encoding="utf-8")
    name = written(tmp_path, "# Mine", "1 + 1")
    run_notebook(name, kernel=kernel, folder=tmp_path, html=page, overwrite=True)
    assert "<title>Mine</title>" in page.read_text(encoding="utf-8")


def test_the_list_says_what_each_answers_and_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notebook", "--list"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for one in shipped_notebooks():
        assert f"{one.name} {one.answers}" in said
        assert f"For {one.whom}" in said
        assert all(f"-p {parameter.name}=" in said for parameter in one.parameters)


def test_a_plan_is_found_beside_the_notebook_or_one_folder_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    text = (sample() / "banner" / "plan.toml").read_text(encoding="utf-8")
    text = text.replace('path = "', f'path = "{(sample() / "banner").as_posix()}/')
    (tmp_path / "fall.toml").write_text(text, encoding="utf-8")
    assert plan_or_sample("fall.toml").path == tmp_path / "fall.toml"
    assert extract_or_sample("", "fall.toml").layout == "banner"
    Path("fall.toml").write_text(text, encoding="utf-8")
    assert plan_or_sample("fall.toml").path == tmp_path / "notebooks" / "fall.toml"
    assert plan_or_sample(None, sis="colleague").workspace == tmp_path / "notebooks" / "practice"
    with pytest.raises(InputError, match="does not exist"):
        plan_or_sample("winter.toml")
    parts = text.replace('students.csv"', 'students.csv", "x"', 1).replace('path = "', 'path = ["', 1)
    Path("parts.toml").write_text(parts.replace('"x"', '"fall.toml"]', 1), encoding="utf-8")
    with pytest.raises(InputError, match="not one file"):
        extract_or_sample(None, "parts.toml")
