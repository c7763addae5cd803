"""The lab: notebooks are copied, a user's copy is never touched, JupyterLab is started privately."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from reconcile.cli import main
from reconcile.errors import OutputError
from reconcile.files import permissions_are_enforced
from reconcile.flow import lab as module
from reconcile.flow import shipped as words
from reconcile.flow.lab import Copy, copy_notebooks, lab

START, GUIDE = "START_HERE.md", "docs/faq.md"


def notebook(answer: str) -> str:
    """Write a notebook that has nothing but its beginning."""
    cell = {
        "cell_type": "markdown",
        "id": "0",
        "metadata": {},
        "source": f"# Tour\n\n**What it answers:** {answer}",
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / ".ipynb_checkpoints" / "00_tour.ipynb").write_text("no", encoding="utf-8")
    (folder / "00_tour.ipynb").write_text(notebook("one"), encoding="utf-8")
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "faq.md").write_text("# Questions\n", encoding="utf-8")
    monkeypatch.setattr(module, "notebooks", lambda: folder)
    for place in (module, words):
        monkeypatch.setattr(place, "guides", lambda: tmp_path / "guides")
    return folder


def test_a_notebook_is_copied_once_and_kept_up_to_date_while_untouched(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "w" / "notebooks" / "00_tour.ipynb"
    assert copy_notebooks(tmp_path / "w") == {START: Copy.NEW, "00_tour.ipynb": Copy.NEW, GUIDE: Copy.NEW}
    assert mine.read_text(encoding="utf-8") == notebook("one")
    assert set(copy_notebooks(tmp_path / "w").values()) == {Copy.SAME}
    (shipped / "00_tour.ipynb").write_text(notebook("two"), encoding="utf-8")
    again = copy_notebooks(tmp_path / "w")
    assert again == {START: Copy.UPDATED, "00_tour.ipynb": Copy.UPDATED, GUIDE: Copy.SAME}
    assert mine.read_text(encoding="utf-8") == notebook("two")
    start = mine.with_name(START).read_text(encoding="utf-8")
    assert "[00_tour](00_tour.ipynb) | Two |" in start
    assert "[Questions](docs/faq.md)" in start


def test_a_changed_notebook_stays_and_a_newer_one_is_laid_beside_it_once(
    shipped: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "w" / "notebooks"
    copy_notebooks(tmp_path / "w")
    (folder / "00_tour.ipynb").write_text("mine", encoding="utf-8")
    assert copy_notebooks(tmp_path / "w")["00_tour.ipynb"] is Copy.KEPT
    (shipped / "00_tour.ipynb").write_text(notebook("two"), encoding="utf-8")
    assert copy_notebooks(tmp_path / "w")["00_tour.ipynb"] is Copy.BESIDE
    (beside,) = folder.glob("00_tour.new-*.ipynb")
    assert beside.read_text(encoding="utf-8") == notebook("two")
    assert copy_notebooks(tmp_path / "w")["00_tour.ipynb"] is Copy.KEPT
    assert (folder / "00_tour.ipynb").read_text(encoding="utf-8") == "mine"


def test_a_notebook_that_was_there_before_us_is_not_ours(shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w" / "notebooks"
    folder.mkdir(parents=True)
    (folder / "00_tour.ipynb").write_text("mine", encoding="utf-8")
    assert copy_notebooks(tmp_path / "w")["00_tour.ipynb"] is Copy.BESIDE
    assert (folder / "00_tour.ipynb").read_text(encoding="utf-8") == "mine"


def test_a_run_may_use_a_fresh_workspace_and_a_strangers_folder_is_not_claimed(
    shipped: Path, tmp_path: Path
) -> None:
    copy_notebooks(tmp_path / "fresh")
    assert (tmp_path / "fresh" / ".reconcile-workspace").is_file()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").touch()
    copy_notebooks(tmp_path / "theirs")
    assert not (tmp_path / "theirs" / ".reconcile-workspace").exists()


def test_a_dry_run_does_nothing(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "w", "--dry-run"]) == 0
    assert not (tmp_path / "w").exists()
    said = capsys.readouterr().out
    assert "00_tour.ipynb: copied" in said
    assert "--ServerApp.ip=127.0.0.1" in said
    assert "oken" not in said


def test_a_file_is_no_workspace(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "w").touch()
    with pytest.raises(OutputError, match="is a file"):
        lab(tmp_path / "w")


def test_jupyterlab_gets_a_configuration_of_its_own(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted once, as by Ctrl-C, it is waited for until it ends by itself."""
    seen = {}

    class Started:
        def __init__(self, command, *, env, umask):
            seen.update(command=command, env=env, umask=umask)
            self.interrupts = 1

        def wait(self) -> int:
            if self.interrupts:
                self.interrupts -= 1
                raise KeyboardInterrupt
            return 7

    monkeypatch.setattr(module.subprocess, "Popen", Started)
    monkeypatch.setenv("JUPYTER_TOKEN", "known")
    done = lab(tmp_path / "w", open_browser=False)
    assert done.exit_code == 7
    assert seen["command"] == done.command
    assert "--ServerApp.open_browser=False" in done.command
    assert f"--LabApp.default_url=/lab/tree/notebooks/{START}" in done.command
    assert "--LabApp.news_url=None" in done.command
    assert "--LabApp.extension_manager=readonly" in done.command
    assert "JUPYTER_TOKEN" not in seen["env"]
    assert seen["env"]["PATH"].startswith(str(Path(sys.executable).parent) + os.pathsep)
    own = tmp_path / "w" / ".jupyter"
    for name in (
        "JUPYTER_CONFIG_DIR",
        "JUPYTERLAB_SETTINGS_DIR",
        "JUPYTERLAB_WORKSPACES_DIR",
        "IPYTHONDIR",
    ):
        assert seen["env"][name].startswith(str(own) + os.sep)
    news = own / "settings" / "@jupyterlab/apputils-extension" / "notification.jupyterlab-settings"
    assert json.loads(news.read_text(encoding="utf-8")) == {"fetchNews": "false", "checkForUpdates": False}
    if permissions_are_enforced():
        assert stat.S_IMODE(own.stat().st_mode) == 0o700
        assert seen["umask"] == 0o077
