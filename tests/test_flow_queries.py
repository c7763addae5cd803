"""A plan's query is made ready, asked, and the run that follows is that of a file with the same rows."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import registries
from plans import change_plan, change_rows, take

from reconcile.cli import main
from reconcile.errors import InputError
from reconcile.flow.inputs import read_inputs
from reconcile.flow.queries import query_of, require_askable
from reconcile.flow.run import run, silent
from reconcile.mint.batch import approve, mint
from reconcile.plan import Plan
from reconcile.registry import Registry

if TYPE_CHECKING:
    from reconcile.flow.run import Run

RANGE = ("ZBB0001", "ZBB9999")
MINTING = {"kind": "registry", "range": list(RANGE), "authority": "Chancellor's Office"}
QUERY = {"path": None, "url": "$SIS_URL", "sql": "students.sql", "parameters": {"least": "0"}}
SECRET = "Quetzal-7"  # noqa: S105 - of nobody


@pytest.fixture
def plan(small: Path, tmp_path: Path) -> Path:
    place = take(small, tmp_path / "p", students=QUERY)
    statement = '\ufeffSELECT * FROM students WHERE "ID" >= :least ORDER BY "ID"\n'
    (place.parent / "students.sql").write_text(statement, encoding="utf-8")
    return place


def asked(plan: Path) -> Any:
    read = Plan.read(plan)
    assert read.students.query is not None
    return query_of("students", read.students.query, read)


def test_the_address_comes_from_the_environment_and_the_statement_from_its_file(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIS_URL", f" oracle+oracledb://reader:{SECRET}@host/sis\n")
    made = asked(plan)
    assert made.url == f"oracle+oracledb://reader:{SECRET}@host/sis"
    assert made.sql.startswith("SELECT * FROM")
    assert made.parameters == {"least": "0"}
    monkeypatch.setenv("SIS_URL", "sqlite:///sis.sqlite")
    assert asked(plan).url == f"sqlite:///{plan.parent.resolve() / 'sis.sqlite'}"


@pytest.mark.parametrize("address", [None, "", " "])
def test_an_address_that_is_not_set_is_named_before_anything_is_read(
    plan: Path, address: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if address is None:
        monkeypatch.delenv("SIS_URL", raising=False)
    else:
        monkeypatch.setenv("SIS_URL", address)
    assert main(["run", str(plan)]) == 2
    said = capsys.readouterr()
    assert f"[students] of {plan.resolve()}: the environment variable SIS_URL is not set." in said.err
    assert "Read students" not in said.out + said.err
    assert not (plan.parent / "workspace").exists()


def test_what_a_statement_may_not_do_is_said_of_its_section(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIS_URL", f"oracle+oracledb://reader:{SECRET}@host/sis")
    statement = plan.parent / "students.sql"
    statement.write_text("DELETE FROM students", encoding="utf-8")
    with pytest.raises(InputError, match=r"\[students\] of .*: The statement of a query begins with SELECT"):
        require_askable(Plan.read(plan))
    statement.write_bytes("SELECT 'Peña'".encode("cp1252"))
    with pytest.raises(InputError, match=r"students.sql is not UTF-8 text. Save it again"):
        require_askable(Plan.read(plan))
    read = Plan.read(plan)
    statement.unlink()
    with pytest.raises(InputError, match=r"students.sql cannot be read: "):
        require_askable(read)


def test_a_database_that_does_not_answer_is_said_of_its_section_without_the_address(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIS_URL", f"oracle+oracledb://reader:{SECRET}@host/sis")
    with pytest.raises(InputError, match=r"\[students\] of .*Install oracledb") as caught:
        read_inputs(Plan.read(plan), progress=silent)
    assert SECRET not in f"{caught.value} {caught.value.__context__!r}"


def load(database: str, file: Path) -> None:
    """Put a CSV file into a table of PostgreSQL, an empty cell as NULL."""
    import psycopg  # noqa: PLC0415 - not on Windows

    with file.open(encoding="utf-8", newline="") as opened:
        header, *rows = csv.reader(opened)
    columns = ", ".join(f'"{name}" text' for name in header)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE students ({columns})")
        connection.cursor().executemany(
            f"INSERT INTO students VALUES ({', '.join(['%s'] * len(header))})",
            [[cell or None for cell in row] for row in rows],
        )


@pytest.mark.skipif(sys.platform == "win32", reason=registries.NOT_ON_WINDOWS)
def test_students_from_postgresql_run_as_those_of_a_file_up_to_the_minted_numbers(
    plan: Path, small_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of the answer without an id holds the first number of the range: it is nobody's new number."""

    def spoil(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [*rows, dict.fromkeys(rows[0], "") | {"LAST.NAME": f"formerly {RANGE[0].lower()}"}]

    change_rows(plan.parent / "students.csv", spoil)
    database = registries.new_database()
    load(database, plan.parent / "students.csv")
    url = database.replace("postgresql://", "postgresql+psycopg://")
    monkeypatch.setenv("SIS_URL", url)
    (plan.parent / "students.sql").write_text(
        'SELECT * FROM students WHERE "ID" >= :least OR "ID" IS NULL ORDER BY "ID"', encoding="utf-8"
    )
    (plan.parent / "students.csv").unlink()
    change_plan(plan, issuer=MINTING, accounts={"max_age_days": 36_500})

    done = run(plan)

    theirs = small_run.resolution.frame.select("sis_id", "status").sort("sis_id")
    assert done.resolution.frame.select("sis_id", "status").sort("sis_id").equals(theirs)
    students = done.inputs.records[0]
    assert (students.source.kind, students.quarantined) == ("query", 1)
    assert students.source.name.startswith("query on ")
    assert done.batch is not None
    with Registry.open(done.plan.registry) as registry:
        approve(registry, done.batch.id, approver="registrar")
        made = mint(done.batch.id, registry=registry)
    assert made.skipped["cccid"].to_list() == [RANGE[0]]
    new = made.frame.filter(pl.col("kind") == "mint")["cccid"]
    assert new.len()
    assert RANGE[0] not in new
    written = [Path(place, name) for place, _, names in os.walk(plan.parent) for name in names]
    assert [path.name for path in written].count("audit.html") == 1
    assert not [path for path in written if url.encode() in path.read_bytes()]
    assert "query on" in done.audit.read_text(encoding="utf-8")
