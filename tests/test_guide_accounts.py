"""docs/accounts.md from its first command to its last, with people who fill in, approve and take over."""

from __future__ import annotations

import io
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from accounts import cheap  # noqa: F401
from students import NOBODY

from reconcile.cli import main
from reconcile.columns import UseCase

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[1] / "docs" / "accounts.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
SMALLER = {"12000": "300", "24000": "900"}


def fill_in(file: Path) -> None:
    """Enter somebody who is in none of the files."""
    columns = file.read_text(encoding="utf-8").strip().split(",")
    pl.DataFrame([{name: NOBODY.get(name) for name in columns}]).write_csv(file)


def secret_of(file: Path) -> str:
    return pl.read_csv(file, infer_schema=False)["secret"][0]


def code_in(folder: Path) -> str:
    (message,) = folder.rglob("outbox/*.eml")
    found = re.search(r"Code: (.+)", message.read_text(encoding="utf-8"))
    assert found
    return found[1]


def test_whoever_follows_it_gets_to_the_end(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    cheap: None,  # noqa: F811
) -> None:
    monkeypatch.chdir(tmp_path)
    given, said = {"BATCH": "", "CCCID": ""}, ""
    for command in COMMANDS:
        words = [given.get(word) or SMALLER.get(word, word) for word in shlex.split(command)[1:]]
        typed = ""
        if words[0] == "create":
            fill_in(Path("one.csv"))
        if words[:2] == ["account", "reclaim"]:
            typed = f"kim@home.example.net\n{secret_of(Path('one-secret.csv'))}"
        if words[:2] == ["account", "confirm"]:
            typed = f"{code_in(tmp_path)}\neleven plus one more"
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        assert main(words) == 0, (command, capsys.readouterr().err)
        said = capsys.readouterr().out
        if found := re.search(r"reconcile batch approve (\S+)", said):
            given["BATCH"] = found[1]
        if words[:2] == ["account", "credentials"] and not given["CCCID"]:
            given["CCCID"] = pl.read_csv("one-secret.csv", infer_schema=False)["cccid"][0]
        if words[:2] == ["account", "show"]:
            assert re.search(r"^state +claimed", said, re.MULTILINE)
    minted = pl.read_csv("secrets.csv").height
    assert minted > 10
    assert f"Unclaimed: {minted:,} of {minted + 1:,}" in said


def test_every_use_case_is_explained() -> None:
    assert re.findall(r"^\| `(\w+)` \| ", TEXT, re.MULTILINE) == [case.value for case in UseCase]


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
