"""The files for machines, to the byte in a small case."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import polars as pl
import pytest
from reconciliations import reconciliation, tiny

from reconcile.columns import Status
from reconcile.errors import InputError
from reconcile.report.equation import equation
from reconcile.report.tables import STUDENT_COLUMNS, crosswalk_csv, duplicates_csv, run_json, students_csv

GOLDEN = """\
sis_id,status,sis_cccid,search,flags,evidence,action,cccid,proposed_cccid,issued_cccid,snapshot_scope,snapshot_as_of,college,terms,credit,line
S1,confirmed,agrees,certain,twin;confidential,"n, d",Nothing.,ABC0001,,,district,2026-11-18,891,1;2,true,2
S2,recoverable,absent,certain,,agrees on SSN,Approve.,,ABC0002,,district,2026-11-18,,,,3
"""


SNAPSHOT = ("district", "2026-11-18")


def test_students_to_the_byte() -> None:
    kept = ("S1", "confirmed", "agrees", "certain", ["twin", "confidential"], "n, d")
    found = ("S2", "recoverable", "absent", "certain", [], "agrees on SSN", "Approve.", None, "ABC0002")
    rows = [
        (*found, None, *SNAPSHOT, None, [], None, 3),
        (*kept, "Nothing.", "ABC0001", None, None, *SNAPSHOT, "891", ["1", "2"], "true", 2),
    ]
    run = replace(tiny(), students=pl.DataFrame(rows, schema=STUDENT_COLUMNS, orient="row"))
    assert students_csv(run).decode() == GOLDEN


def test_duplicates_come_surest_first() -> None:
    assert duplicates_csv(reconciliation()).decode().splitlines() == [
        "table,id_l,id_r,match_weight,match_probability,band,reasons",
        "accounts,ABC0001,ABC0002,21.000000,1.000000,link,agrees on SSN",
        "accounts,ABC0005,ABC0006,8.500000,0.910000,review,first name is a nickname",
        "students,S10000003,S10000004,12.345679,0.999810,review,agrees on last name and birthdate",
    ]


def test_crosswalk_reads_back_as_it_was() -> None:
    run = reconciliation()
    back = pl.read_csv(BytesIO(crosswalk_csv(run)), infer_schema=False)
    assert back.equals(run.crosswalk.sort(pl.all()))


def test_empty_tables_keep_their_header() -> None:
    assert crosswalk_csv(tiny()) == b"sis_id,cccid,origin,current,since\n"


def test_record_has_sorted_keys_and_one_stamp() -> None:
    run = reconciliation()
    text = run_json(run, equation=equation(run), outputs={"audit.html": b"", "students.csv": b""}).decode()
    record = json.loads(text)
    assert text == json.dumps(record, indent=2, sort_keys=True) + "\n"
    assert text.count(run.stamp) == 1
    assert record["stamp"]["began"] == run.stamp
    assert set(record["statuses"]) == {status.value for status in Status}
    assert record["inputs"][0]["file"] == "students_2026-11-20.csv"
    assert "nobody/" not in text


def test_missing_columns_are_named() -> None:
    run = tiny()
    with pytest.raises(InputError, match="lack evidence, action"):
        students_csv(replace(run, students=run.students.drop("evidence", "action")))
