"""`reconcile validate` and `reconcile dictionary`: what they print, write and return."""

from __future__ import annotations

import csv
import io
import stat
from typing import TYPE_CHECKING

import pytest
from canaries import search
from plans import BRIEF
from test_validate_gate import row, table
from test_validate_page import canary_accounts

from reconcile.cli import main
from reconcile.files import permissions_are_enforced
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.registry.disclosures import disclosures

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

DAY = ["--as-of", "2026-11-21"]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "accounts.csv", table("accounts", *(row("accounts", n) for n in range(1, 6))))


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.parquet"  # as the frame stands: a text file would have its SSNs hashed
    canary_accounts().write_parquet(path)
    return path


def written(path: Path, frame: pl.DataFrame) -> Path:
    path.write_text(frame.write_csv(), encoding="utf-8", newline="\n")
    return path


def judge(path: Path, *options: str, suite: str = "accounts") -> int:
    return main(["validate", str(path), "--suite", suite, *DAY, *options])


def test_an_open_gate_is_zero_and_says_how_many_rows_there_were(
    capsys: pytest.CaptureFixture[str], good: Path
) -> None:
    assert judge(good) == 0
    said = capsys.readouterr()
    assert "The gate is open; no critical rule is broken." in said.out
    assert "5 in accounts.csv = 5 judged + 0 quarantined" in said.out
    assert "Read accounts.csv ..." in said.err


def test_a_closed_gate_is_one_and_shows_no_value(capsys: pytest.CaptureFixture[str], bad: Path) -> None:
    assert judge(bad) == 1
    said = capsys.readouterr()
    assert "The gate is closed; critical rules broken: " in said.out
    assert "birthdate_valid" in said.out
    assert "9 rows judged" in said.out
    assert search((said.out + said.err).encode()) == set()


def test_messages_in_spanish(capsys: pytest.CaptureFixture[str], bad: Path) -> None:
    assert judge(bad, "--language", "es") == 1
    said = capsys.readouterr().out
    assert "El paso está cerrado" in said
    assert "crítica" in said


def test_page_and_failures_are_private_and_hold_no_value(
    capsys: pytest.CaptureFixture[str], bad: Path, tmp_path: Path
) -> None:
    page, failures = tmp_path / "out" / "gate.html", tmp_path / "out" / "failures.csv"
    assert judge(bad, "--page", str(page), "--failures", str(failures)) == 1
    assert str(page) in capsys.readouterr().out
    for path in (page, failures):
        assert search(path.read_bytes()) == set()
        if permissions_are_enforced():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed = list(csv.DictReader(io.StringIO(failures.read_text("utf-8-sig"))))
    assert {"row", "key", "rule_id", "element", "severity", "value", "message", "language"} == set(listed[0])
    assert listed[0]["key"] == "<a>AA9999</a>"  # it looks like no id
    again = ("--page", str(page), "--failures", str(failures), "--no-keys")
    assert judge(bad, *again) == 2
    assert "gate.html exists already and is not overwritten" in capsys.readouterr().err
    page.unlink()
    failures.unlink()
    assert judge(bad, *again) == 1
    assert "key" not in failures.read_text("utf-8-sig").splitlines()[0]
    assert "This page names no row" in page.read_text("utf-8")


def test_what_a_spreadsheet_would_calculate_is_defused(tmp_path: Path) -> None:
    path = tmp_path / "formulas.parquet"
    rows = [row("accounts", 1, cccid='=HYPERLINK("x")'), row("accounts", 2, phone="+1 x 2")]
    table("accounts", *rows).write_parquet(path)
    failures = tmp_path / "failures.csv"
    assert judge(path, "--failures", str(failures)) == 1
    listed = list(csv.DictReader(io.StringIO(failures.read_text("utf-8-sig"))))
    assert {one["key"] for one in listed if one["rule_id"] == "cccid_shape"} == {'\'=AAAAAAAAA("a")'}
    assert {one["value"] for one in listed if one["rule_id"] == "phone_shape"} == {"'+9 a 9"}


def test_quarantined_rows_are_told(capsys: pytest.CaptureFixture[str], good: Path) -> None:
    rows = [row("accounts", n) for n in range(1, 6)]
    twice = row("accounts", 5, last_name="Other", first_name="Another", birthdate="1980-02-03")
    written(good, table("accounts", *rows, twice, row("accounts", 1)))
    assert judge(good) == 1  # two accounts have one number, and nobody judged them
    said = capsys.readouterr().out
    assert "7 in accounts.csv = 4 judged + 1 folded into another row + 2 quarantined" in said
    assert "2 rows of the file were set aside and not judged" in said


def test_a_request_with_a_row_that_cannot_be_read_is_closed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [row("mint_request", n) for n in range(1, 4)]
    path = written(tmp_path / "requests.csv", table("mint_request", *rows))
    assert judge(path, suite="mint_request") == 0
    assert "3 in requests.csv = 3 judged + 0 quarantined" in capsys.readouterr().out
    path.write_text(path.read_text("utf-8") + "1,2,3" + ",x" * 60 + "\n", encoding="utf-8")
    assert judge(path, suite="mint_request") == 1
    assert "The gate is closed; 1 row of the file was set aside and not judged." in capsys.readouterr().out


def test_the_layout_of_an_extract_is_found_out(
    capsys: pytest.CaptureFixture[str], small: Path, good: Path, tmp_path: Path
) -> None:
    assert judge(small / "students.csv", suite="students") in {0, 1}
    said = capsys.readouterr().out
    assert "Layout    colleague" in said
    assert judge(good, suite="students") == 2
    strange = tmp_path / "strange.csv"
    strange.write_text("a,b\n1,2\n", encoding="utf-8")
    assert judge(strange, suite="students") == 2
    assert "Name its layout: --layout NAME" in capsys.readouterr().err


def test_a_date_may_be_written_as_the_extract_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "students.csv"
    path.write_text("id,last_name,first_name,dob\n1,Anything,Else,02/28/2001\n", encoding="utf-8")
    assert judge(path, "--layout", "generic", suite="students") == 0
    path.write_text("id,last_name,first_name,dob\n1,Anything,Else,02/30/2001\n", encoding="utf-8")
    assert judge(path, "--layout", "generic", suite="students") == 1


def test_two_snapshots(capsys: pytest.CaptureFixture[str], good: Path, tmp_path: Path) -> None:
    rows = [row("accounts", n) for n in range(1, 4)]
    later = written(tmp_path / "later.csv", table("accounts", *rows))
    change = {"suite": "snapshot_change"}
    assert judge(later, "--before", str(good), **change) == 1
    said = capsys.readouterr().out
    assert "5 in accounts.csv = 5 judged" in said
    assert "3 in later.csv = 3 judged" in said
    assert judge(later, "--before", str(good), "--scope", "district", **change) == 0
    assert judge(later, **change) == 2
    assert "--before FILE" in capsys.readouterr().err
    assert judge(later, "--before", str(good)) == 2
    assert "goes with the suite snapshot_change" in capsys.readouterr().err


def test_a_threshold_closes_the_gate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [row("accounts", 1), row("accounts", 2, phone="x")]
    path = written(tmp_path / "accounts.csv", table("accounts", *rows))
    assert judge(path) == 0
    assert judge(path, "--at-most", "phone_shape=1") == 0
    assert judge(path, "--at-most", "phone_shape=0.1") == 1
    assert "rules broken more often than allowed: phone_shape (1)" in capsys.readouterr().out
    for wrong in ("phone_shape", "phone_shape=few", "phone_shap=2"):
        assert judge(path, "--at-most", wrong) == 2
    assert 'Did you mean "phone_shape"?' in capsys.readouterr().err


def test_a_mailbox_and_the_wide_shape_are_passed_on(tmp_path: Path) -> None:
    wide = written(tmp_path / "wide.csv", table("accounts", row("accounts", 1, cccid="ABCD0001")))
    assert judge(wide) == 1
    assert judge(wide, "--wide-cccid") == 0
    mute = written(tmp_path / "mute.csv", table("mint_request", row("mint_request", 1, email=None)))
    assert judge(mute, suite="mint_request") == 1
    assert judge(mute, "--mailbox", suite="mint_request") == 0


def test_what_cannot_be_used_is_two(capsys: pytest.CaptureFixture[str], good: Path, tmp_path: Path) -> None:
    assert judge(tmp_path / "none.csv") == 2
    assert judge(tmp_path / "none.parquet") == 2
    assert judge(good, suite="acounts") == 2
    assert judge(good, "--rules", str(tmp_path / "none.yaml")) == 2
    assert judge(good, "--page", str(good)) == 2
    assert "one of the files that are read" in capsys.readouterr().err
    assert good.read_text("utf-8").startswith("cccid")
    parquet = tmp_path / "a.parquet"
    table("accounts", row("accounts", 1)).write_parquet(parquet)
    assert judge(parquet, "--layout", "openccc") == 2


def test_the_dictionary_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dictionary"]) == 0
    said = capsys.readouterr().out
    assert "  46  username" in said
    assert main(["dictionary", "--suite", "mint_request", "--language", "es"]) == 0
    said = capsys.readouterr().out
    assert "Fecha de nacimiento" in said
    assert "username" not in said


def test_an_element_or_a_rule_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dictionary", "verification_workflow_status"]) == 0
    assert "idme_workflow_status (No. 17 of OpenCCC's list)" in capsys.readouterr().out
    assert main(["dictionary", "email_valid"]) == 0
    said = capsys.readouterr().out
    assert "Please enter a valid email address." in said
    assert "email_unique" not in said
    assert main(["dictionary", "emial"]) == 2
    assert 'Did you mean "email"?' in capsys.readouterr().err


def test_the_dictionary_as_a_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    page = tmp_path / "dictionary.html"
    assert main(["dictionary", "--page", str(page)]) == 0
    assert capsys.readouterr().out == f"Page  {page}\n"
    assert 'id="email_valid"' in page.read_text("utf-8")


def test_findings_by_key_leave_a_record_where_a_plan_is_named(
    capsys: pytest.CaptureFixture[str], bad: Path, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(BRIEF.format(issuer="demo", layout="banner"), encoding="utf-8")
    Registry.open(Plan.read(plan, files=False).registry, demo=True).close()
    for name, more in (("named.csv", ()), ("unnamed.csv", ("--no-keys",))):
        assert judge(bad, "--failures", str(tmp_path / name), "--plan", str(plan), *more) == 1
    capsys.readouterr()
    assert main(["registry", "disclosures", "--plan", str(plan)]) == 0
    said = capsys.readouterr().out
    assert "findings" in said
    assert "unnamed.csv" not in said
    assert "Files that left: 1" in said
    with Registry.open(Plan.read(plan, files=False).registry, demo=True) as opened:
        columns = disclosures(opened)["columns"][0].split(", ")
    assert not [name for name in columns if "_" in name and name in said]  # their number alone
    assert str(len(columns)) in said
