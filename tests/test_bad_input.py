"""Bad input on the command line: one message that names file, row or key and the remedy, and no trace."""

from __future__ import annotations

import csv
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from reconcile.cli import main
from reconcile.flow.run import MARK
from reconcile.sample import generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Rows = list[list[str]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "colleague"
    generate(out=folder, students=40, accounts=90, sis="colleague", seed=11)
    return folder


@pytest.fixture
def home(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of sound files that a test may spoil; also the current folder."""
    copy = shutil.copytree(sound, tmp_path / "files")
    monkeypatch.chdir(tmp_path)
    return copy


def refused(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the plan, or another command; demand one message, code 2, and a folder that is as before.

    A workspace that is marked as ours and empty is nothing half-written.
    """
    before = content(home.parent)
    assert main(words or ["run", str(home / "plan.toml")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    messages = [line for line in said.err.splitlines() if line.startswith("reconcile: ")]
    assert len(messages) == 1
    after = content(home.parent)
    if set(home.glob("workspace/*")) <= {home / "workspace" / MARK}:
        before |= {name: data for name, data in after.items() if name.startswith("files/workspace")}
    assert after == before
    return said.err[said.err.index("reconcile: ") :]


def content(folder: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def change(path: Path, edit: Callable[[Rows], None]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    edit(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def set_plan(home: Path, before: str, after: str) -> None:
    plan = home / "plan.toml"
    text = plan.read_text(encoding="utf-8")
    assert before in text
    plan.write_text(text.replace(before, after, 1), encoding="utf-8")


# Files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["students", "accounts", "applications", "fraud"])
def test_a_missing_file(home: Path, capsys: pytest.CaptureFixture[str], table: str) -> None:
    (home / f"{table}.csv").unlink()
    said = refused(home, capsys)
    assert f"[{table}] path:" in said
    assert f"{table}.csv does not exist" in said


def test_a_folder_instead_of_a_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "accounts.csv").unlink()
    (home / "accounts.csv").mkdir()
    said = refused(home, capsys)
    assert "[accounts] path:" in said
    assert "is a folder; name the file in it" in said


@pytest.mark.parametrize("data", [b"", b"\n\n  \n", b"\xef\xbb\xbf"], ids=["nothing", "blank", "mark"])
@pytest.mark.parametrize("table", ["students", "accounts"])
def test_an_empty_file(home: Path, capsys: pytest.CaptureFixture[str], table: str, data: bytes) -> None:
    (home / f"{table}.csv").write_bytes(data)
    said = refused(home, capsys)
    assert str(home / f"{table}.csv") in said
    assert "is empty" in said
    assert "column names" in said


@pytest.mark.parametrize("table", ["students", "accounts"])
def test_a_header_and_nothing_below(home: Path, capsys: pytest.CaptureFixture[str], table: str) -> None:
    change(home / f"{table}.csv", lambda rows: rows.__delitem__(slice(1, None)))
    said = refused(home, capsys)
    assert str(home / f"{table}.csv") in said
    assert "no rows" in said


@pytest.mark.parametrize(
    ("table", "column", "field"),
    [
        ("students", "LAST.NAME", "last_name"),
        ("students", "ID", "sis_id"),
        ("accounts", "ccc_id", "cccid"),
        ("applications", "sis_person_id", "sis_id"),
        ("fraud", "cccId", "cccid"),
    ],
)
def test_a_required_column_that_is_not_there(
    home: Path, capsys: pytest.CaptureFixture[str], table: str, column: str, field: str
) -> None:
    def rename(rows: Rows) -> None:
        rows[0][rows[0].index(column)] = "WORUM"

    change(home / f"{table}.csv", rename)
    said = refused(home, capsys)
    assert str(home / f"{table}.csv") in said
    assert field in said
    assert column in said
    assert "columns" in said


def test_a_column_that_is_there_twice(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def double(rows: Rows) -> None:
        rows[0][rows[0].index("FIRST.NAME")] = "LAST.NAME"

    change(home / "students.csv", double)
    said = refused(home, capsys)
    assert str(home / "students.csv") in said
    assert "FIRST.NAME" in said
    assert "Rename the columns" in said


def test_a_spreadsheet(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "students.csv").write_bytes(b"PK\x03\x04" + bytes(100))
    said = refused(home, capsys)
    assert "spreadsheet" in said
    assert "is damaged. Copy it again." in said


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="another operating system")
def test_an_unreadable_file(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path as Real  # noqa: PLC0415 - to stand in for a file of somebody else

    whole = Real.read_bytes

    def forbidden(path: Path) -> bytes:
        if path.name == "students.csv" and path.parent == home:
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    with monkeypatch.context() as patch:
        patch.setattr(Real, "read_bytes", forbidden)
        assert main(["run", str(home / "plan.toml")]) == 2
    said = capsys.readouterr().err
    assert "students.csv cannot be read: Permission denied. Check its permissions." in said
    assert not (home / "workspace").exists()


def test_an_id_that_is_not_unique_is_set_aside_and_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not fatal: the rows are set aside and named by their lines, the others are worked on."""
    change(home / "students.csv", lambda rows: rows[3].__setitem__(0, rows[2][0]))
    assert main(["run", str(home / "plan.toml")]) in {0, 1}
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    (audit,) = home.glob("workspace/runs/*/audit.html")
    page = audit.read_text(encoding="utf-8")
    assert "Rows with this id differ" in page


# The plan -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('kind = "demo"', 'kidn = "demo"', '[issuer] kidn: no such key. Did you mean "kind"?'),
        ("[accounts]", "[acounts]", '[acounts]: no such section. Did you mean "accounts"?'),
        ('kind = "demo"', 'kind = "registry"', "[issuer] authority: is missing"),
        ('kind = "demo"', 'kind = "openccc"\nrange = ["ZAA0001", "ZZZ9999"]', "[issuer] range:"),
        ('scope = "systemwide"', 'scope = "district"', "[accounts] scope"),
        ("accounts.csv", "students.csv", "is the same file as"),
        ('layout = "colleague"', "", "[students] layout: is missing"),
        ('layout = "colleague"', 'layout = "colleage"', 'Did you mean "colleague"?'),
        ("[mint]", "[thresholds]\nlink_probability = 0.5\nreview_probability = 0.9\n[mint]", "is above"),
        ("enrolled_only = true", 'enrolled_only = "yes"', "true or false is needed"),
        ('alt_id_type = "CCID"', 'alt_id_typ = "CCID"', 'Did you mean "alt_id_type"?'),
        ("[mint]", "[mint", "is no TOML"),
        ("\nas_of = ", '\nas_of = "soon" # ', "[reconciliation] as_of:"),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_used(
    home: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, expected: str
) -> None:
    set_plan(home, before, after)
    said = refused(home, capsys)
    assert expected in said


def test_every_problem_of_a_plan_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_plan(home, 'proposer = "analyst"', "")
    set_plan(home, 'kind = "demo"', "")
    (home / "fraud.csv").unlink()
    said = refused(home, capsys)
    assert "3 problems" in said
    for key in ("[fraud] path:", "[issuer] kind:", "[mint] proposer:"):
        assert key in said


@pytest.mark.parametrize("name", ["nowhere.toml", "files"])
def test_no_plan(home: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    said = refused(home, capsys, "run", str(home.parent / name))
    assert name in said
    assert "reconcile plan new" in said


# Options and folders ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "--pln", "x"], "--pln"),
        (["demo", "--ot", "x"], 'Did you mean "--out"?'),
        (["sample", "--studnets", "3", "--out", "x"], 'Did you mean "--students"?'),
        (["sample", "--students", "-3", "--out", "x"], "--students"),
        (["sample", "--sis", "baner", "--out", "x"], "banner"),
        (["qualty", "x"], 'Did you mean "quality"?'),
        (["quality", "files/nothing"], "reconcile sample"),
    ],
)
def test_a_command_that_cannot_be_done(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert expected in refused(home, capsys, *words)


def test_a_workspace_that_is_not_ours(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "workspace").mkdir()
    (home / "workspace" / "thesis.txt").write_text("mine", encoding="utf-8")
    said = refused(home, capsys)
    assert str(home / "workspace") in said
    assert "not reconcile's" in said
    assert "Name an empty or a new folder" in said


def test_a_file_where_the_workspace_should_be(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "workspace").write_text("mine", encoding="utf-8")
    said = refused(home, capsys)
    assert "is a file; a folder is needed" in said


@pytest.mark.parametrize("command", ["demo", "sample"])
def test_outputs_into_a_folder_that_is_not_ours(
    home: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    more = ["--students", "20", "--accounts", "20"] if command == "sample" else []
    said = refused(home, capsys, command, "--out", str(home), *more)
    assert str(home) in said
    assert "ame a" in said  # "Name an empty or a new folder", "Name another folder"


def test_a_registry_where_none_can_be(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file stands where a folder would have to be: no system and no rights can write there."""
    (home / "blocked").write_text("", encoding="utf-8")
    set_plan(home, 'url = "registry.sqlite"', 'url = "blocked/registry.sqlite"')
    said = refused(home, capsys)
    assert str(home / "blocked") in said


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("Dropbox/registry.sqlite", "synchronised folder"),
        ("workspace/runs/registry.sqlite", "in the folder of outputs"),
        ("mysql://server/database", "another kind of URL"),
        ("accounts.csv", "no registry of ours"),
    ],
)
def test_a_registry_that_cannot_be_used(
    home: Path, capsys: pytest.CaptureFixture[str], url: str, expected: str
) -> None:
    set_plan(home, 'url = "registry.sqlite"', f'url = "{url}"')
    assert expected in refused(home, capsys)


def test_a_real_registry_is_not_used_for_practice(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from reconcile.registry import Registry  # noqa: PLC0415 - brings SQLAlchemy

    Registry.open(home / "registry.sqlite", demo=False).close()
    said = refused(home, capsys)
    assert "stamped REAL" in said
    assert "name another registry" in said
