"""`reconcile map` writes a private mapping, never over another one, and says what comes next."""

from __future__ import annotations

import shlex
import stat
from typing import TYPE_CHECKING

import pytest

from reconcile.cli import main
from reconcile.files import permissions_are_enforced

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"A{at:06},Quetzal,2001-02-0{at % 9 + 1},x\n" for at in range(12))
    (tmp_path / "students.csv").write_text(f"Stu ID,Lname,DOB,note\n{rows}", encoding="utf-8")
    lines = "".join(f"A{at:06}  {'Quetzal' + 'a' * (at % 5):<15}2001-02-03\n" for at in range(12))
    (tmp_path / "students.txt").write_text(f"{'ID':<9}{'LAST NAME':<15}DOB\n{lines}", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("words", [["students.csv"], ["students.txt", "--fixed", "--encoding", "utf-8"]])
def test_the_mapping_is_written_and_the_next_command_reads_with_it(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", *words]) == 0
    said = capsys.readouterr().out
    assert "last_name" in said
    assert "Quetzal" not in said
    if permissions_are_enforced():
        assert stat.S_IMODE((folder / "mapping.toml").stat().st_mode) == 0o600
    command = said[said.index("reconcile inspect ") :].replace("\n", " ")
    assert main(shlex.split(command)[1:]) == 0


def test_an_earlier_mapping_is_kept_unless_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = folder / "ours.toml"
    own.write_text("# mine\n", encoding="utf-8")
    assert main(["map", "students.csv", "--out", "ours.toml"]) == 2
    assert "--force" in capsys.readouterr().err
    assert own.read_text(encoding="utf-8") == "# mine\n"
    assert main(["map", "students.csv", "--out", "ours.toml", "--force"]) == 0
    assert 'sis_id = "Stu ID"' in own.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["students.csv", "--out", "ours.txt"], ".toml"),
        (["students.csv", "--layout", "banne"], '"banner"'),
        (["students.csv", "--fixed", "--sheet", "A"], "--sheet"),
        (["students.txt"], "--fixed"),
        (["student.csv"], '"students.csv"'),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["map", *words]) == 2
    assert message in capsys.readouterr().err
    assert not (folder / "mapping.toml").exists()


def test_what_is_lacking_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "odd.csv").write_text(
        "KEY,remark\n" + "".join(f"B{at:06},q\n" for at in range(9)), encoding="utf-8"
    )
    assert main(["map", "odd.csv"]) == 0
    assert "Needed before it can be used: sis_id, last_name" in capsys.readouterr().out.replace("\n", " ")
