from __future__ import annotations

from itertools import permutations
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


@pytest.mark.parametrize("mark", ["ý", "|", ";"])
def test_names_are_split_by_position_at_value_marks_and_the_separator(mark: str, tmp_path: Path):
    rows = (
        f"1,Lee,Ann,ABC1234{mark}X9,CCID{mark}LIB,Ray{mark}Poe,Ann{mark}Una\n"
        f"2,Nový,Bo,,,Starý,\n3,Sýkora,Cy,,,Starý{mark}Novák,Cy{mark}Jan\n4,Lee,Di,,,Ray{mark}Poe,Di\n"
    )
    made = table(tmp_path, "colleague", COLLEAGUE + rows, separator="|" if mark == "ý" else mark)
    names = [[(n["first_name"], n["last_name"]) for n in row] for row in made.frame["former_names"]]
    assert names == [
        [("Ann", "Ray"), ("Una", "Poe")],
        [(None, "Starý")],
        [("Cy", "Starý"), ("Jan", "Novák")],
        [],
    ]
    assert made.frame["cccids"].to_list() == [["ABC1234"], [], [], []]
    assert kinds(made) == [(5, "multivalue_mismatch")]


@pytest.mark.parametrize(("mark", "called"), [(";", '";"'), ("\n", "line ends"), (",", '","')])
def test_a_separator_that_does_not_fit_is_refused_and_the_right_one_named(
    mark: str, called: str, tmp_path: Path
):
    rows = f'1,Lee,Ann,"ABC1234{mark}X9","CCID{mark}LIB",,\n2,Ray,Bo,ABC1235,CCID,,\n'
    with pytest.raises(InputError, match="separator does not fit") as refused:
        table(tmp_path, "colleague", COLLEAGUE + rows)
    assert f"separated by {called}" in str(refused.value)
    made = table(tmp_path, "colleague", COLLEAGUE + rows, separator=mark)
    assert made.frame["cccids"].to_list() == [["ABC1234"], ["ABC1235"]]


def test_a_cell_with_another_separator_than_the_others_is_told_of(tmp_path: Path):
    rows = "1,A,B,ABC1234;X9,CCID;LIB,,\n2,A,C,ABC1235|X8,CCID|LIB,,\n3,A,D,,,Ray;Poe,Di\n"
    made = table(tmp_path, "colleague", COLLEAGUE + rows)
    assert made.frame["cccids"].to_list() == [["ABC1234"], ["ABC1235"], []]
    assert made.frame["former_names"].list.len().to_list() == [0, 0, 0]
    assert kinds(made) == [(2, "multivalue_mismatch"), (4, "multivalue_mismatch")]


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
    later = table(tmp_path, "peoplesoft", PEOPLESOFT + rows, as_of="2027-06-30")
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


DATED = "EMPLID,EFFDT,FIRST_NAME,LAST_NAME,BIRTHDATE,CITY,EXTERNAL_SYSTEM,EXTERNAL_SYSTEM_ID\n"
PAST = "1,2020-01-01,Ann,Lee,2004-05-17,Napa,CID,ABC1234\n"
NOW = "1,2022-01-01,Ann,Ray,2004-05-17,Davis,CID,ABC1235\n"
TO_COME = "1,2050-01-01,Ann,Poe,2004-05-17,,,\n"


@pytest.mark.parametrize("rows", list(permutations((PAST, NOW, TO_COME))))
def test_the_row_in_force_is_the_current_one_wherever_it_stands(rows: tuple[str, ...], tmp_path: Path):
    made = table(tmp_path, "peoplesoft", DATED + "".join(rows), as_of="2026-11-16")
    person = made.frame.row(0, named=True)
    assert (person["last_name"], person["city"], person["line"]) == ("Ray", "Davis", rows.index(NOW) + 2)
    assert [name["last_name"] for name in person["former_names"]] == ["Lee"]
    assert (person["cccids"], person["former_cccids"]) == (["ABC1235"], ["ABC1234"])
    assert kinds(made) == [(rows.index(TO_COME) + 2, "future_row")]
    assert made.source.rows == made.folded + made.quarantined + made.frame.height == 3


def test_rows_of_one_effective_date_that_differ_are_a_doubt_in_any_order(tmp_path: Path):
    rows = [NOW, NOW.replace("Ray", "Rex"), NOW.replace("Ann", "Una"), PAST]
    told = {
        str((frame["last_name"].to_list(), frame["first_name"].to_list(), sorted(kinds(made))))
        for order in permutations(rows)
        for made in [table(tmp_path, "peoplesoft", DATED + "".join(order), as_of="2026-11-16")]
        for frame in [made.frame]
    }
    assert told == {str((["Ray"], ["Ann"], [(2, "conflict"), (2, "conflict")]))}


def test_names_addresses_and_ids_of_a_join_have_each_their_own_date(tmp_path: Path):
    header = (
        "EMPLID,NAMES_EFFDT,FIRST_NAME,LAST_NAME,ADDRESSES_EFFDT,CITY,"
        "EFFDT,EXTERNAL_SYSTEM,EXTERNAL_SYSTEM_ID\n"
    )
    rows = [
        f"1,{names},{addresses},{ids}\n"
        for names in ("2022-01-01,Ann,Ray", "2020-01-01,Ann,Lee")
        for addresses in ("2019-01-01,Napa", "2024-01-01,Davis", "2060-01-01,Yuba")
        for ids in ("2021-01-01,CID,ABC1235", "2018-01-01,CID,ABC1234")
    ]
    made = table(tmp_path, "peoplesoft", header + "".join(rows), as_of="2026-11-16")
    assert made.frame.select("last_name", "city", "cccids").rows() == [("Ray", "Davis", ["ABC1235"])]
    assert kinds(made) == [(6, "future_row")]
    assert made.folded == 11


def test_the_only_row_of_a_person_stays_though_it_takes_effect_later(tmp_path: Path):
    rows = "1,2050-01-01,Ann,Ray,,,,\n2,,Bo,Lee,,,,\n2,2020-01-01,Bo,Lee,,,,\n"
    made = table(tmp_path, "peoplesoft", DATED + rows, as_of="2026-11-16")
    assert made.frame["last_name"].to_list() == ["Ray", "Lee"]
    assert kinds(made) == [(2, "future_row")]


def test_dates_of_one_part_of_a_join_are_looked_at_like_others(tmp_path: Path):
    text = "EMPLID,NAMES_EFFDT,FIRST_NAME,LAST_NAME\n1,03/04/2020,Ann,Lee\n1,05/06/2022,Ann,Ray\n"
    made = table(tmp_path, "peoplesoft", text, as_of="2026-11-16")
    assert made.frame["last_name"].to_list() == ["Ray"]
    assert made.diagnostics.select("kind", "column").rows() == [("day_month_doubt", "name_effective")]
