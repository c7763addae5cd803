"""README.md says what is true: its commands run, its links lead somewhere, its tables are complete."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from reconcile.cli import main
from reconcile.cli.app import app
from reconcile.words import WORDINGS

if TYPE_CHECKING:
    from reconcile.flow.run import Run

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
LINES = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("reconcile ")]


def test_every_block_names_its_shell() -> None:
    assert {kind for kind, _ in BLOCKS} == {"sh", "powershell"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_the_program_understands(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parsed with all of its options; what it then does is tested below and elsewhere."""
    words = shlex.split(command)[1:]
    if "--help" not in words:
        heads = 2 if words[0] in {group.name for group in app.registered_groups} else 1
        assert main([*words[:heads], "--help"]) == 0
        known = capsys.readouterr().out
        assert all(word in known for word in words if word.startswith("--"))
    else:
        assert main(words) == 0


def fill_in(plan: Path) -> None:
    """Stand in for the researcher: take the sample's plan for the one that was filled in."""
    assert main(["sample", "--students", "300", "--accounts", "1200", "--out", "small"]) == 0
    text = (plan.parent / "small" / "plan.toml").read_text(encoding="utf-8")
    text = text.replace('path = "', 'path = "small/')
    if "attested_by" not in text:
        text += '\nattested_by = "dean"\nattested_authority = "policy"\nattested_on = 2026-11-10\n'
    plan.write_text(text, encoding="utf-8")


def test_a_researcher_who_follows_it_gets_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands in their order, with a small sample in the place of the researcher's files."""
    monkeypatch.chdir(tmp_path)
    batch = "BATCH"
    for command in COMMANDS:
        words = shlex.split(command.replace("BATCH", batch).replace("2000", "300").replace("8000", "1200"))[
            1:
        ]
        if words[0] == "inspect":
            shutil.copy(ROOT / "data" / "sample" / "banner" / "students.csv", tmp_path)
        if words[0] == "validate":
            shutil.copy(ROOT / "data" / "sample" / "accounts.csv", tmp_path)
        if words[0] == "lab":
            words.append("--dry-run")
        assert main(words) == 0, command
        if words[:2] == ["plan", "new"]:
            fill_in(tmp_path / words[2])
        said = capsys.readouterr().out
        if found := re.search(r"batch approve (\S+)", said):
            batch = found[1]
    assert batch != "BATCH"


def test_the_first_command_installs_no_tools_and_both_shells_get_the_same() -> None:
    unix = [line for line in LINES if line.startswith("python3 ")]
    windows = [line for kind, block in BLOCKS if kind == "powershell" for line in block.splitlines()]
    assert len(unix) == len(windows) == 2
    for line, other in zip(unix, windows, strict=True):
        assert "&&" not in other  # Windows PowerShell 5.1 does not know it
        assert other == (
            line.replace("python3 ", "py ")
            .replace(" && ", "; ")
            .replace(".uv/bin/python", r".uv\Scripts\python")
            .replace(".uv/bin/uv", r".uv\Scripts\uv")
        )
    assert "--group" not in unix[0]
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").count("--group dev pytest$' README.md") == 1


def test_every_status_is_explained() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", TEXT, re.MULTILINE)
    assert rows == [(status.value, words.meaning, words.action) for status, words in WORDINGS.items()]


def test_every_output_is_explained(demo_run: Run) -> None:
    written = {path.name for path in demo_run.audit.parent.iterdir()}
    assert written == set(re.findall(r"^\| `([\w.]+\.\w+)` \|", TEXT, re.MULTILINE))


def test_links_and_folders_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
    for folder in re.findall(r"`([a-z_/]+/)`", TEXT):
        assert (ROOT / folder).is_dir(), folder


def test_every_command_is_mentioned() -> None:
    names = {command.callback.__name__ for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    spoken = {words.split()[1] for words in COMMANDS} | {"demo"}
    assert names <= spoken, SimpleNamespace(missing=names - spoken)
