"""README.md says what is true: its tables are complete, both shells get the same, its folders exist."""

from __future__ import annotations

import re

from guides import README, ROOT, Page

from reconcile.columns import Status
from reconcile.resources import notebooks
from reconcile.words import GROUPS, WORDINGS

PAGE = Page(README)


def test_the_first_command_installs_no_tools_and_both_shells_get_the_same() -> None:
    unix = [line for line in PAGE.lines("sh") if line.startswith("python3 ")]
    windows = PAGE.lines("powershell")
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


def test_every_status_has_its_place() -> None:
    rows = re.findall(r"^\| ([A-Z][\w ]+) \| ((?:`\w+` ?)+) \|$", PAGE.text, re.MULTILINE)
    assert [(title, re.findall(r"`(\w+)`", statuses)) for title, statuses in rows] == [
        (words.title, [one.value for one in Status if WORDINGS[one].group is group])
        for group, words in GROUPS.items()
    ]


def test_every_notebook_has_its_line() -> None:
    named = re.findall(r"^\| `(\w+\.ipynb)` \|", PAGE.text, re.MULTILINE)
    assert named == sorted(path.name for path in notebooks().glob("*.ipynb"))


def test_every_folder_is_there() -> None:
    for folder in re.findall(r"`([a-z_/]+/)`", PAGE.text):
        assert (ROOT / folder).is_dir(), folder
