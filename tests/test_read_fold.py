from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.privacy import SsnKey
from reconcile.read import ReadResult, read

if TYPE_CHECKING:
    from pathlib import Path

KEY = SsnKey(bytes(32))
BANNER = "PIDM,SPRIDEN_ID,LAST_NAME,FIRST_NAME,CHANGE_IND,BIRTH_DATE,SSN,TERM_CODE,ENROLLED,HOLD,CREDIT\n"


def table(folder: Path, layout: str, text: str) -> ReadResult:
    path = folder / f"{layout}.csv"
    path.write_text(text, encoding="utf-8")
    made = read(path, layout=layout, ssn_key=KEY)
    assert made.source.rows == made.folded + made.quarantined + made.frame.height
    return made


def kinds(made: ReadResult) -> list[tuple[int, str, str]]:
    return made.diagnostics.select("line", "kind", "column").rows()


def test_former_rows_become_history(tmp_path: Path):
    made = table(
        tmp_path,
        "banner",
        BANNER
        + "1,B,Old,Ann,N,,,,,,\n1,A,New,Ann,I,,,,,,\n"
        + "1,B,New,Ann,,,,,,,\n1,B,New,Ann,N,,,,,,\n2,C,Poe,Bo,,,,,,,\n",
    )
    first = made.frame.row(0, named=True)
    assert (first["sis_id"], first["last_name"], first["line"]) == ("B", "New", 4)
    assert first["former_ids"] == ["A"]
    assert first["former_names"] == [{"first_name": "Ann", "middle_name": None, "last_name": "Old"}]
    assert (made.folded, made.frame.height) == (3, 2)
    assert made.diagnostics.is_empty()


def test_rows_of_one_person_are_folded_by_precedence(tmp_path: Path):
    made = table(
        tmp_path,
        "banner",
        BANNER + "1,A,X,Y,,,,202610,N,NU,N\n1,A,X,Y,,,,202620,Y,AR,C\n1,A,X,Y,,,,202630,Y,,N\n",
    )
    row = made.frame.row(0, named=True)
    assert (row["enrolled"], row["credit"], row["hold"]) == ("true", "credit", "AR NU")
    assert row["terms"] == ["202620", "202630"]
    assert made.diagnostics.is_empty()


def test_a_conflict_is_said_and_the_first_current_row_counts(tmp_path: Path):
    made = table(
        tmp_path, "banner", BANNER + "1,A,X,Y,,,,,,,\n1,A,X,Y,,20010203,,,,,\n1,A,X,Y,N,20020203,,,,,\n"
    )
    assert made.frame["birthdate"].to_list() == ["20010203"]
    assert kinds(made) == [(2, "conflict", "birthdate")]


@pytest.mark.parametrize(
    ("rows", "kind", "lines"),
    [
        ("1,,X,Y,,,,,,,\n", "id_missing", [2]),
        (",A,X,Y,,,,,,,\n", "id_missing", [2]),
        ("1,A,X,Y,Q,,,,,,\n", "role_unknown", [2]),
        ("1,A,X,Y,N,,,,,,\n", "no_current_row", [2]),
        ("1,A,X,Y,,,,,,,\n2,A,V,W,,,,,,,\n2,Z,V,U,N,,,,,,\n", "id_not_unique", [2, 3, 4]),
        ("1,A,X,Y,,,,,,,\n1,B,X,Y,,,,,,,\n", "id_not_unique", [2, 3]),
        ("1,A,X,Y,,2001-02-03,,,,,\n1,A,V,W,,2002-02-03,,,,,\n", "id_not_unique", [2, 3]),
    ],
)
def test_rows_that_cannot_be_told_apart_are_set_aside(rows: str, kind: str, lines: list[int], tmp_path: Path):
    made = table(tmp_path, "banner", BANNER + rows + "9,Q,Good,Row,,,,,,,\n")
    assert made.frame["sis_id"].to_list() == ["Q"]
    assert kinds(made) == [(line, kind, "sis_id") for line in lines]


def test_the_persons_of_a_shared_id_stay_at_hand_and_out_of_sight(tmp_path: Path):
    made = table(
        tmp_path, "openccc",
        "ccc_id,lastname,firstname,birthdate,ssn,otherlastname\nABD1234,Garibaldi,Ann,2001,212-09-9998,Poe\n"
        "ABD1234,Quetzal,Bo,2002,,\n,Nobody,X,,,\nABD1235,Good,Row,,,\n",
    )  # fmt: skip
    assert made.frame["cccid"].to_list() == ["ABD1235"]
    assert made.rejected.schema == made.frame.schema
    assert made.rejected.select("cccid", "last_name", "line").rows() == [
        ("ABD1234", "Garibaldi", 2), ("ABD1234", "Quetzal", 3),
    ]  # fmt: skip
    assert made.rejected["former_names"].list.len().to_list() == [1, 0]
    assert made.rejected["ssn_last4"].to_list() == ["9998", None]
    for shown in (repr(made), made._repr_html_()):
        assert "aribaldi" not in shown


def test_set_aside_rows_of_several_tables_have_their_own_numbers(tmp_path: Path):
    header = "EMPLID,NAME_TYPE,LAST_NAME,FIRST_NAME,BIRTHDATE,EXTERNAL_SYSTEM,EXTERNAL_SYSTEM_ID,EFFDT\n"
    rows = "1,PRI,A,B,2001,CID,ABD1234,2020-01-01\n1,PRI,V,W,2002,CID,ABD1235,2024-01-01\n1,FRM,U,W,,,,\n"
    made = table(tmp_path, "peoplesoft", header + rows)
    assert made.frame.is_empty()
    assert made.quarantined == 3
    assert made.rejected.select("last_name", "cccids", "former_cccids").rows() == [
        ("A", ["ABD1234"], []), ("V", ["ABD1235"], []),
    ]  # fmt: skip


def test_one_row_a_person_is_believed_only_when_rows_agree(tmp_path: Path):
    made = table(
        tmp_path, "generic", "id,last_name,dob\n1,A,20010203\n1,A,20020203\n2,B,\n2,B,20030203\n3,C,\n"
    )
    assert made.frame.select("sis_id", "birthdate").rows() == [("2", "20030203"), ("3", None)]
    assert kinds(made) == [
        (2, "id_not_unique", "sis_id"),
        (3, "id_not_unique", "sis_id"),
        (5, "row_repeated", None),
    ]


def test_reports_and_applications_stand_by_themselves(tmp_path: Path):
    made = table(tmp_path, "fraud", "cccId,fraudType,rescindDate\nA,x,\nA,y,2026-01-02\n,z,\n")
    assert made.frame.select("cccid", "reason").rows() == [("A", "x")]
    assert [kind for _, kind, _ in kinds(made)] == ["rescinded", "id_missing"]
    made = table(
        tmp_path, "superglue", "ccc_id,sis_person_id,status,tstmp_submit\nA,1,S,20260102\nB,,I,20260102\n"
    )
    assert made.frame["submitted"].to_list() == ["20260102", None]
    assert [kind for _, kind, _ in kinds(made)] == ["not_submitted"]


ROW = st.tuples(
    *(st.sampled_from(s) for s in (["1", "2", "3", ""], ["A", "B", ""], ["X", "Y"], ["", "N", "I", "?"]))
)


@given(st.lists(ROW, min_size=1, max_size=8), st.randoms())
@settings(max_examples=40, deadline=None)
def test_rows_are_conserved_and_their_order_decides_nothing_else(tmp_path_factory, rows, random):
    folder = tmp_path_factory.mktemp("fold")
    lines = [f"{pidm},{sis_id},{name},F,{mark},,,,,,\n" for pidm, sis_id, name, mark in rows]
    made = table(folder, "banner", BANNER + "".join(lines))
    assert made.frame["sis_id"].n_unique() == made.frame.height
    random.shuffle(lines)
    again = table(folder, "banner", BANNER + "".join(lines))
    assert sorted(again.frame["sis_id"]) == sorted(made.frame["sis_id"])
    assert (again.folded, again.quarantined) == (made.folded, made.quarantined)
