from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from reconcile.errors import InputError
from reconcile.read import ReadResult, read

if TYPE_CHECKING:
    from pathlib import Path

COLLEAGUE = (
    "ID,LAST.NAME,FIRST.NAME,PERSON.ALT.IDS,PERSON.ALT.ID.TYPES,NAME.HISTORY.LAST.NAME,"
    "NAME.HISTORY.FIRST.NAME\n"
)
PEOPLESOFT = "EMPLID,NAME_TYPE,LAST_NAME,FIRST_NAME,EXTERNAL_SYSTEM,EXTERNAL_SYSTEM_ID,EFFDT\n"


def table(folder: Path, layout: str, text: str, **options: object) -> ReadResult:
    path = folder / f"{layout}.csv"
    path.write_text(text, encoding="utf-8")
    return read(path, layout=layout, options=options)


def kinds(made: ReadResult) -> list[tuple[int, str]]:
    noted = made.diagnostics.filter(pl.col("kind") != "no_additional_ids")
    return noted.select("line", "kind").rows()


@pytest.mark.parametrize(
    ("ids", "types", "kept", "even"),
    [
        ("ABC1234|L1", "CCID|LEG", ["ABC1234"], True),
        ("L1||ABC1234", "LEG||ccid", ["ABC1234"], True),
        ("ABC1234ýABC1235", "CCIDýCCID", ["ABC1234", "ABC1235"], True),
        ("ABC1234|ABC1234", "CCID|CCID", ["ABC1234"], True),
        ("L1|abc1234", "LEG", ["abc1234"], False),
        ("L1|L2", "CCID", [], False),
        ("ABC1234", "", ["ABC1234"], False),
        ("", "", [], True),
    ],
)
def test_parallel_lists(ids: str, types: str, kept: list[str], even: bool, tmp_path: Path):
    made = table(tmp_path, "colleague", f"{COLLEAGUE}1,A,B,{ids},{types},,\n")
    assert made.frame["cccids"].to_list() == [kept]
    assert kinds(made) == ([] if even else [(2, "multivalue_mismatch")])


def test_the_codes_of_a_college_are_options(tmp_path: Path):
    text = COLLEAGUE + "1,A,B,ABC1234;L1,CCC;LEG,,\n"
    made = table(tmp_path, "colleague", text, alt_id_type="CCC", separator=";")
    assert made.frame["cccids"].to_list() == [["ABC1234"]]


def test_former_names_in_parallel_cells(tmp_path: Path):
    made = table(
        tmp_path,
        "colleague",
        COLLEAGUE + "1,A,B,,,Old|Older,Bea|B\n2,Nový,B,,,Starý,\n3,A,B,,,Old|Older,Bea\n4,A,B,,,A,B\n",
    )
    names = [[(n["first_name"], n["last_name"]) for n in row] for row in made.frame["former_names"]]
    assert names == [[("Bea", "Old"), ("B", "Older")], [(None, "Starý")], [], []]
    assert kinds(made) == [(4, "multivalue_mismatch")]


def test_the_newest_id_of_the_day_counts(tmp_path: Path):
    rows = (
        "1,PRI,A,B,CID,OLD1,2020-01-01\n1,PRI,A,B,CID,NEW1,2024-01-01\n1,PRI,A,B,CID,FUT1,2027-01-01\n"
        "1,FRM,Z,B,CID,NEW1,2024-01-01\n1,PRI,A,B,OLD,77,2019-01-01\n"
        "2,PRI,A,C,CID,SAME1,01/20/2024\n2,PRI,A,C,CID,SAME2,20-JAN-2024\n3,PRI,A,D,CID,ODD1,soon\n"
    )
    made = table(tmp_path, "peoplesoft", PEOPLESOFT + rows, as_of="2026-11-16")
    assert made.frame["cccids"].to_list() == [["NEW1"], ["SAME1", "SAME2"], ["ODD1"]]
    assert made.frame["former_ids"].to_list() == [["77"], [], []]
    assert made.frame["former_names"].list.len().to_list() == [1, 0, 0]
    assert kinds(made) == [(4, "future_id"), (9, "date_unreadable")]
    later = table(tmp_path, "peoplesoft", PEOPLESOFT + rows)
    assert later.frame["cccids"].to_list()[0] == ["FUT1"]


def test_superseded_and_coming_numbers_are_kept_apart(tmp_path: Path):
    rows = (
        "1,PRI,A,B,CID,OLD1,2020-01-01\n1,PRI,A,B,CID,NEW1,2024-01-01\n1,PRI,A,B,CID,FUT1,2027-01-01\n"
        "1,PRI,A,B,CID,new1,2021-01-01\n1,PRI,A,B,CID,NEW1,2028-01-01\n"
        "2,PRI,A,C,CID,FUT2,2027-01-01\n3,PRI,A,D,CID,ODD3,soon\n3,PRI,A,D,CID,NEW3,2024-01-01\n"
    )
    made = table(tmp_path, "peoplesoft", PEOPLESOFT + rows, as_of="2026-11-16")
    assert made.frame.select("cccids", "former_cccids", "future_cccids").rows() == [
        (["NEW1"], ["OLD1"], ["FUT1"]),
        ([], [], ["FUT2"]),
        (["NEW3"], ["ODD3"], []),
    ]


def test_the_day_asked_for_must_be_one(tmp_path: Path):
    with pytest.raises(InputError, match="as_of"):
        table(tmp_path, "peoplesoft", PEOPLESOFT + "1,PRI,A,B,CID,ABC1234,2024-01-01\n", as_of="soon")


def test_terms_without_an_enrolment_are_all_kept(tmp_path: Path):
    made = table(tmp_path, "generic", "id,last_name,terms,cccid\n1,A,202610|202620,ABC1234|ABC1235\n")
    assert made.frame.select("terms", "cccids").row(0) == (["202610", "202620"], ["ABC1234", "ABC1235"])
