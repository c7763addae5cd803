"""README.md says what is true: its commands run, its links lead somewhere, its tables are complete."""

from __future__ import annotations

import re
import shlex
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
        heads = 2 if words[0] in {"plan", "batch"} else 1
        assert main([*words[:heads], "--help"]) == 0
        known = capsys.readouterr().out
        assert all(word in known for word in words if word.startswith("--"))
    else:
        assert main(words) == 0


def test_a_researcher_who_follows_it_gets_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands in their order, with a small sample in the place of the researcher's files."""
    from reconcile.plan import Plan  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    done = []
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        if words[:2] == ["plan", "new"]:
            assert main(words) == 0
            assert main(["sample", "--students", "60", "--accounts", "200", "--out", "small"]) == 0
            (tmp_path / "small" / "fall.toml").write_text(
                (tmp_path / "small" / "plan.toml").read_text(encoding="utf-8"), encoding="utf-8"
            )
        elif words[0] in {"plan", "run"} and "--help" not in words:
            assert main([word.replace("fall.toml", "small/fall.toml") for word in words]) == 0
        elif words[0] == "batch":
            plan = Plan.read("small/fall.toml")
            assert plan.mint.proposer not in command
            batch = re.findall(r"batch approve (\S+)", "".join(done))[-1]
            words = [word.replace("fall.toml", "small/fall.toml").replace("BATCH", batch) for word in words]
            assert main(words) == 0
        elif words[0] == "sample":
            assert main([{"2000": "60", "8000": "200"}.get(word, word) for word in words]) == 0
        elif words[0] == "quality":
            assert main(words) == 0
        elif words[0] == "lab":
            assert main([*words, "--dry-run"]) == 0
        done.append(capsys.readouterr().out)


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
