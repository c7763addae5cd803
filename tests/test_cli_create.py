"""`reconcile create`: from a file, from the extract, and by questions; values are for a terminal alone."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import take
from students import NOBODY, account_of

from reconcile.cli import main
from reconcile.columns import CONSENT
from reconcile.mint.asked import FIELDS
from reconcile.plan import Plan
from reconcile.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path


class Terminal(io.StringIO):
    """A stream that says it is a person's."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def folder(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = take(small, tmp_path_factory.mktemp("create") / "small")
    Registry.open(Plan.read(plan).registry, demo=True).close()
    return plan.parent


@pytest.fixture(scope="module")
def twin(small: Path) -> dict[str, str]:
    """Somebody whose account is not theirs: all but the first name agrees."""
    account = account_of(small)
    return NOBODY | {name: account[name] for name in ("last_name", "birthdate", "street", "cccid")}


@pytest.fixture
def create(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def run(*words: str, code: int = 0, row: dict[str, str] | None = None, stdin: str = "") -> str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        if row is not None:
            pl.DataFrame([row]).write_csv(folder / "row.csv")
            words = ("--from", str(folder / "row.csv"), *words)
        assert main(["create", "--plan", str(folder / "plan.toml"), "--by", "Ana", *words]) == code
        said = capsys.readouterr()
        assert "Qarvellonix" not in said.out  # which may be a log
        return said.out + said.err

    return run


def test_from_a_file_in_a_script(create, twin) -> None:
    number = twin["cccid"]
    assert "nothing was kept" in create("--dry-run", row=NOBODY | {"sis_id": "900002"})
    refused = create(row=twin, code=1)
    assert f"Account {number}: perhaps the student's (twin)" in refused
    assert f"not set aside that may be this student's: {number}" in refused
    assert twin["last_name"] not in refused
    assert twin["birthdate"] not in refused
    made = create("--looked-at", number, "--because", "a twin", row=twin)
    assert re.search(r"Batch  \w+: submitted, 1 to create", made)
    assert re.search(r'reconcile batch approve \w+ --plan ".+" --approver "YOUR NAME"', made)
    assert "The registry knows this student already" in create(row=twin)


def test_an_account_that_exists_is_named_and_a_fault_closes_the_gate(
    create, small: Path, tmp_path: Path
) -> None:
    truth = pl.read_csv(small / "truth_students.csv", infer_schema=False)
    holder = truth.filter(pl.col("status") == "confirmed").row(0, named=True)
    assert f"The account exists: {holder['cccids']}" in create("--student", holder["sis_id"])
    assert "no student nobody" in create("--student", "nobody", code=2)
    refused = create(row=NOBODY | {"birthdate": "2101-01-01", "sis_id": "900003"}, code=1)
    assert "birthdate: Invalid date" in refused
    assert "The gate is closed: correct birthdate" in refused
    pl.DataFrame([NOBODY, NOBODY]).write_csv(tmp_path / "two.csv")
    assert "one student takes one row" in create("--from", str(tmp_path / "two.csv"), code=2)


def test_by_questions_at_a_terminal(folder: Path, twin, capsys, monkeypatch) -> None:
    """An adult's fields are asked for; a wrong one again, in the dictionary's words; then the candidates."""
    asked: list[str] = []
    answers = {field.label: twin.get(name, "") for name, field in FIELDS.items()} | {
        "SIS id": "900004", "Legal first name": "Zythromander", "Date of birth": "30 February",
        "Why none of them is": "a twin",
    }  # fmt: skip

    def prompt(text: str, *, default: str = "", **_: object) -> str:
        asked.append(text)
        if asked.count(text) > 1:
            return str(twin["birthdate"])
        return next((said for label, said in answers.items() if text.startswith(label)), default) or default

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr(sys, "stdin", Terminal())
    words = ["create", "--plan", str(folder / "plan.toml"), "--by", "Ana"]
    answers["Is one of them the student"] = twin["cccid"]
    with monkeypatch.context() as screen:
        screen.setattr(sys.stdout, "isatty", lambda: True)
        assert main(words) == 1
    seen, said = capsys.readouterr()
    assert twin["street"] in seen  # the values, for who sits before it
    assert f"{twin['cccid']} is the student's. Run the plan" in said
    assert "Invalid date. A day of the calendar is expected" in said
    adults = len(FIELDS) - len(CONSENT)
    assert len(asked) == adults + 1 + 1
    assert asked[-2].startswith("Date of birth")
    answers |= {"Is one of them the student": "none", "Date of birth": twin["birthdate"]}
    asked.clear()
    assert main(words) == 0
    assert "submitted, 1 to create" in capsys.readouterr().out
    assert len(asked) == adults + 2
    answers |= {"SIS id": "900005", "Date of birth": f"{datetime.now(UTC).year - 8}-02-03"}
    asked.clear()
    assert main(words) == 1
    assert "correct guardian_consent_on" in capsys.readouterr().err
    assert {FIELDS[name].label for name in CONSENT} <= {text.partition(" (")[0] for text in asked}
