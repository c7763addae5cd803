"""`reconcile inspect`: what is shown of a file, and that no value of it is."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from reconcile.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CLEAR = "900-12-3456"
VALUES = (CLEAR, "900123456", "Zythromanda", "Qarvellonix", "Béatrixo", "13/02/1931", "1931-02-13",
          "zy@kanari.example.net", "ABC1234", "00012345", "kanari")  # fmt: skip
TEXT = (
    "List of students\n\n"
    "Student Number,Surname,First Name,DOB,E-Mail,CCCID,SSN,Remark\n"
    f"00012345,Qarvellonix,Zythromanda,13/02/1931,zy@kanari.example.net,ABC1234,{CLEAR},x\n"
    f"00012346,Qarvellonix,Béatrixo,05/06/2002,,ABD1234,,SSN {CLEAR}\n"
    "00012347,Null,Ann,01/30/1999,,,,one,more\n"
    "00012348,Quorblat,Bo,,,,,y\n"
    + "".join(f"00012{n},Quorblat,Bo,05/{n}/2002,,,,y\n" for n in range(13, 23))
    + "\n14 rows selected.\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "students.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    return path


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.usefixtures("wide")
def test_it_says_what_the_file_is_and_shows_no_value(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = file.with_name("page.html")
    assert main(["inspect", str(file), "--page", str(page)]) == 0
    out, err = capsys.readouterr()
    for said in (
        "text, cp1252, comma, double quotes; 8 columns",
        "14 rows in the file = 13 accepted + 0 history of a person + 1 quarantined.",
        "looks like generic",
        "Remark",
        "Q•••",
        "1931-••-••",
        "•••234",
        "aa@aaaaaa.aaaaaaa.aaa",
        "1931 to 2002",
        "Line above the column names",
        "Line below the rows",
        "9 fields where 8 were expected",
    ):
        assert said in out, said
    assert "Look at every column" in err
    html = page.read_text(encoding="utf-8")
    assert "Read as" not in html  # it is a page, and no log
    assert "9 fields where 8 were expected" in html
    assert "Q•••" in html
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    for text in (out, err, html):
        assert [value for value in VALUES if value in text] == []


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_longer_than_the_screen_and_no_name_is_broken(
    file: Path, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["inspect", str(file), "--rows", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) < (200 if width > 40 else 320)
    if width > 40:
        assert sum("Student Number" in line for line in lines) >= 2  # once among the rows, once as a column


@pytest.mark.usefixtures("wide")
def test_with_a_layout_it_says_what_became_of_the_persons(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["inspect", str(file), "--layout", "generic", "--option", "columns.suffix=Remark"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "generic, as asked" in out
    assert "Remark" in out
    assert "= suffix" in out
    assert "= ssn_hmac" in out
    assert [value for value in VALUES if value in out] == []


def test_for_a_program_it_is_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(file), "--json", "--rows", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"] == {"in_file": 14, "accepted": 13, "folded": 0, "quarantined": 1}
    assert told["layout"]["guessed"] == "generic"
    assert {"ragged", "footer", "preamble"} <= {one["kind"] for one in told["noticed"]}
    assert [one["field"] for one in told["profile"]][:3] == ["sis_id", "last_name", "first_name"]
    assert list(told["preview"][0]) == ["column", "field", "row 1"]
    assert [value for value in VALUES if value in json.dumps(told, ensure_ascii=False)] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layout", "generi"], 'Did you mean "generic"?'),
        (["--option", "separator"], "Write NAME=VALUE"),
        (["--option", "separator=;"], 'Without a layout there is no option "separator".'),
        (["--sheet", "Fall"], "text has no sheets"),
        (["--encoding", "cp1253x"], "cp1253x"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], said: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(file), *words]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""


def test_the_file_itself_is_no_place_for_the_page(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(file), "--page", str(file)]) == 2
    assert "is the file that is read" in capsys.readouterr().err
    assert file.read_bytes() == TEXT.encode("cp1252")
