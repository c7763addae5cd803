"""What a plan names is read, standardized and accounted for."""

from __future__ import annotations

import csv
import gzip
import os
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import change_plan, change_rows, take
from workbooks import pack, workbook

from reconcile.errors import InputError
from reconcile.flow.inputs import Inputs, read_inputs
from reconcile.flow.run import silent
from reconcile.plan import Plan
from reconcile.privacy import ssn_key
from reconcile.read import open as opening

if TYPE_CHECKING:
    from pathlib import Path

EXTRACT = """EMPLID,LAST_NAME,FIRST_NAME,BIRTHDATE,EXTERNAL_SYSTEM,EXTERNAL_SYSTEM_ID,EFFDT,INSTITUTION,STRM
1,Lee,Ann,2001-02-03,CID,ABD0001,2026-11-01,021,2268
1,Lee,Ann,2001-02-03,CID,ABD0002,2026-11-20,021,2268
"""


@pytest.fixture
def plan(small: Path, tmp_path: Path) -> Path:
    return take(small, tmp_path / "p")


def inputs(plan: Path) -> Inputs:
    return read_inputs(Plan.read(plan), progress=silent)


def without_college(plan: Path) -> None:
    path = plan.parent / "students.csv"
    pl.read_csv(path, infer_schema=False).drop("COLLEGE").write_csv(path)


def test_every_input_is_read_told_of_and_accounted_for(plan: Path) -> None:
    told: list[str] = []
    read = read_inputs(Plan.read(plan), progress=told.append)
    names = ["students", "accounts", "applications", "fraud"]
    assert told == [f"Read {name}" for name in names]
    assert list(read.tables) == names
    assert [record.table for record in read.records] == names
    for record in read.records:
        assert record.accepted == read.tables[record.table].height
        assert record.source.rows == record.folded + record.quarantined + record.accepted
    assert read.key == ssn_key().fingerprint


def test_a_snapshot_says_whose_and_of_when_it_is(plan: Path) -> None:
    told = {record.table: (record.scope, record.as_of) for record in inputs(plan).records}
    assert told.pop("accounts") == ("systemwide", date(2026, 11, 16))
    assert set(told.values()) == {(None, None)}


def test_students_and_accounts_come_ready_to_be_compared(plan: Path) -> None:
    read = inputs(plan)
    for name in ("students", "accounts"):
        assert any(column.startswith("key_") for column in read.tables[name].columns)
        assert "ssn" not in read.tables[name].columns
    assert not any(column.startswith("key_") for column in read.tables["applications"].columns)


def test_remarks_name_their_table(plan: Path) -> None:
    change_rows(plan.parent / "accounts.csv", lambda rows: rows[4].update(ccc_id=""))
    change_rows(plan.parent / "students.csv", lambda rows: rows[2].update(ID=""))
    found = inputs(plan).diagnostics
    missing = found.filter(pl.col("kind") == "id_missing").select("table", "line")
    assert missing.rows() == [("students", 4), ("accounts", 6)]
    assert found.columns == ["table", "line", "kind", "column", "message"]


def test_effective_dates_count_up_to_the_plans_day_unless_the_plan_says_otherwise(plan: Path) -> None:
    (plan.parent / "students.csv").write_text(EXTRACT, encoding="utf-8")
    options = {"additional_id_code": "CID", "alt_id_type": None}
    change_plan(plan, students={"layout": "peoplesoft", "options": options})
    assert inputs(plan).tables["students"]["cccids"].to_list() == [["ABD0001"]]
    change_plan(plan, students={"options": options | {"as_of": date(2026, 11, 30)}})
    assert inputs(plan).tables["students"]["cccids"].to_list() == [["ABD0002"]]


def test_the_one_college_of_a_plan_is_filled_in(plan: Path) -> None:
    given = inputs(plan).tables["students"]["college"]
    assert given.n_unique() > 1  # those of others stay where they are
    without_college(plan)
    assert inputs(plan).tables["students"]["college"].unique().to_list() == ["ZZ1"]
    for colleges in ([], ["ZZ1", "ZZ2"]):
        change_plan(plan, population={"colleges": colleges})
        assert inputs(plan).tables["students"]["college"].null_count() == 150


def test_a_crosswalk_of_the_past_is_an_input(plan: Path) -> None:
    path = plan.parent / "crosswalk.csv"
    path.write_text("sis_id,cccid,since\n0000001,ABD0001,2020-01-01\n", encoding="utf-8")
    change_plan(plan, crosswalk={"path": "crosswalk.csv"})
    past = inputs(plan).tables["crosswalk"].select("sis_id", "cccid", "since")
    assert past.rows() == [("0000001", "ABD0001", "2020-01-01")]


def test_ids_that_are_ssns_still_join(plan: Path) -> None:
    """The extract shows by its column that its ids are SSNs; the applications have them too."""
    ids = {}

    def number(rows: list[dict[str, str]]) -> None:
        for place, row in enumerate(rows):
            ids[row["ID"]] = row["ID"] = f"{812000000 + place}"

    def follow(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["sis_person_id"] = ids.get(row["sis_person_id"], row["sis_person_id"])

    before = joined(inputs(plan))
    change_rows(plan.parent / "students.csv", number)
    change_rows(plan.parent / "applications.csv", follow)
    change_plan(plan, students={"options": {"alt_id_type": "CCID", "id_is_ssn": "yes"}})
    after = inputs(plan)
    assert after.tables["students"]["sis_id"].str.starts_with("ssn:").all()
    assert joined(after) == before > 0


def joined(read: Inputs) -> int:
    return read.tables["applications"].join(read.tables["students"], on="sis_id", how="semi").height


@pytest.mark.parametrize("name", ["students", "accounts", "applications", "fraud"])
def test_a_file_that_went_away_is_named(plan: Path, name: str) -> None:
    read = Plan.read(plan)
    path = plan.parent / f"{name}.csv"
    os.remove(path)  # noqa: PTH107 - after the plan was read
    with pytest.raises(InputError) as caught:
        read_inputs(read, progress=silent)
    assert str(path) in str(caught.value)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_parts_sheets_members_and_folders_say_the_same(plan: Path) -> None:
    folder, wanted = plan.parent, inputs(plan)
    header, *rows = rows_of(folder / "students.csv")
    for name, some in (("north.csv", rows[:70]), ("south.csv", rows[70:])):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *some])
    accounts = [[cell or None for cell in row] for row in rows_of(folder / "accounts.csv")]
    (folder / "accounts.xlsx").write_bytes(workbook(("About", [["x"]]), ("Fall", accounts)))
    packed = pack({"a.csv": (folder / "applications.csv").read_bytes(), "b.csv": b"x"})
    (folder / "applications.zip").write_bytes(packed)
    (folder / "reports").mkdir()
    (folder / "fraud.csv").rename(folder / "reports" / "fraud.csv")
    change_plan(
        plan,
        students={"path": ["north.csv", "south.csv"]},
        accounts={"path": "accounts.xlsx", "sheet": "Fall"},
        applications={"path": "applications.zip", "member": "a.csv"},
        fraud={"path": "reports", "parts": True},
    )
    read = inputs(plan)
    for name, table in wanted.tables.items():
        same = [column for column in table.columns if column != "line"]
        assert read.tables[name].select(same).equals(table.select(same)), name
    assert read.tables["students"].height == 150
    names = [record.source.name for record in read.records]
    assert names == ["north.csv and 1 more", "accounts.xlsx", "applications.zip", "reports"]
    assert [part.name for part in read.records[0].source.parts] == ["north.csv", "south.csv"]
    assert read.records[2].source.member == "a.csv"


def test_limits_of_a_plan_are_kept(plan: Path) -> None:
    folder = plan.parent
    (folder / "students.csv.gz").write_bytes(gzip.compress((folder / "students.csv").read_bytes()))
    change_plan(plan, students={"path": "students.csv.gz", "limits": {"unpacked": 100}})
    with pytest.raises(InputError, match=r"students\.csv\.gz unpacks to too many bytes.* the limit is 100"):
        inputs(plan)


@pytest.mark.parametrize("name", ["students", "accounts"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    plan: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the export were still running: what was hashed would not be what was read."""
    take_it = opening.take

    def take_and_write(path: Path, *given: object, **more: object) -> object:
        opened = take_it(path, *given, **more)
        if path.name == f"{name}.csv":
            with path.open("a", encoding="utf-8") as file:
                file.write("x\n")
        return opened

    monkeypatch.setattr(opening, "take", take_and_write)
    with pytest.raises(InputError, match=rf"{name}\.csv changed while it was being read\. Wait until"):
        inputs(plan)


def test_what_inputs_say_of_themselves_holds_no_tables(plan: Path) -> None:
    read = inputs(plan)
    names = [name for name in read.tables["students"]["last_name"].drop_nulls() if len(name) > 4]
    assert not [name for name in names if name in repr(read)]
