"""The profile of a table: counts that are right, shapes that are those of `mask_shape`, and no person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.privacy import SsnKey, mask_shape
from reconcile.read import read
from reconcile.read.layouts.fields import guess_fields, kind_of, made_from
from reconcile.read.look import shapes
from reconcile.read.look.noticed import group_noticed, lines_in_words
from reconcile.read.look.preview import mask
from reconcile.read.look.ranges import date_doubts, number_range, shared_range, year_range
from reconcile.read.look.shapes import count_shapes
from reconcile.read.look.wording import per_cent, profile_in_brief, profile_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read import ReadResult

KEY = SsnKey(bytes(32))
HEAD = "student_id,last_name,first_name,dob,email,ssn,term,units,note\n"
ROWS = "".join(
    f"0001{n:03},Garibaldi{'x' * (n % 3)},Béa,{n % 28 + 1:02}/0{n % 9 + 1}/19{40 + n},b{n}@kanari.example,"
    f"212-09-{9000 + n},2026FA,{n % 12}.5,{' ' if n else 'see 212-09-9998'}\n"
    for n in range(40)
)
SECRETS = ("aribald", "Béa", "kanari", "212-09", "9998", "0001003", "01/01/1940")


def put(folder: Path, text: str, name: str = "extract.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def one(result: ReadResult, column: str) -> dict[str, Any]:
    return result.profile().row(by_predicate=pl.col("column") == column, named=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ReadResult:
    return read(put(tmp_path_factory.mktemp("profile"), HEAD + ROWS), ssn_key=KEY)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> ReadResult:
    path = put(tmp_path_factory.mktemp("profile"), HEAD + ROWS)
    return read(path, layout="generic", options={"columns": {"hold": "units"}}, ssn_key=KEY)


# Shapes ---------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.none(), max_size=30))
def test_shapes_are_those_of_mask_shape(values: list[str | None]) -> None:
    series = pl.Series(values, dtype=pl.String)
    slow = (
        mask_shape(series.drop_nulls()).alias("shape").value_counts().with_columns(pl.col("count").cast(int))
    )
    assert count_shapes(series).sort("shape").equals(slow.sort("shape"))


def test_shapes_of_many_slices_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    values = pl.Series(["A1", "b", "Ñ2", None, "A3", "x" * 50] * 7)
    whole = count_shapes(values)
    monkeypatch.setattr(shapes, "_SLICE", 4)
    assert count_shapes(values).equals(whole)
    assert dict(whole.iter_rows()) == {"A9": 21, "a": 7, "a" * 40: 7}
    monkeypatch.setattr(shapes, "_KEPT", 1)
    assert count_shapes(values)["shape"].to_list() == ["A9"]


# What is counted ------------------------------------------------------------------------------------


def test_of_each_column_it_is_known_how_much_is_there(made: ReadResult) -> None:
    ids = one(made, "student_id")
    assert (ids["field"], ids["filled"], ids["empty"], ids["distinct"]) == ("sis_id", 40, 0, 40)
    assert (ids["all_different"], ids["constant"], ids["shortest"], ids["longest"]) == (True, False, 7, 7)
    assert ids["shapes"] == [{"shape": "9999999", "share": 1.0}]
    names = one(made, "last_name")
    assert (names["distinct"], names["shapes_seen"]) == (3, 3)
    assert one(made, "term")["constant"] is True
    note = one(made, "note")
    assert (note["filled"], note["empty"], note["empty_share"], note["distinct"]) == (1, 39, 0.975, 1)
    assert "39 of the empty cells hold blanks" in note["doubts"]
    assert "ssn_hidden" in note["doubts"]


def test_a_layouts_columns_say_what_they_were_made_of(mapped: ReadResult) -> None:
    table = mapped.profile()
    assert table["field"].to_list() == [name for name in mapped.frame.columns if name != "line"]
    by_field = dict(table.select("field", "column").iter_rows())
    assert by_field["sis_id"] == "student_id"
    assert by_field["ssn_last4"] == "ssn"
    assert by_field["terms"] == "term"
    assert by_field["hold"] == "units"
    assert by_field["suffix"] is None
    terms = table.row(by_predicate=pl.col("field") == "terms", named=True)
    assert (terms["filled"], terms["distinct"], terms["lowest"], terms["highest"]) == (
        40,
        1,
        "2026FA",
        "2026FA",
    )
    assert "Not in the file: middle_name, suffix" in repr(mapped)


def test_lists_and_names_are_looked_into(tmp_path: Path) -> None:
    path = put(
        tmp_path, "ID,LAST.NAME,FIRST.NAME,NAME.HISTORY.LAST.NAME,TERMS\n1,A,B,Cc|Dd,2026FA|2026SP\n2,E,F,,\n"
    )
    table = read(path, layout="colleague").profile()
    found = {row["field"]: row for row in table.iter_rows(named=True)}
    assert (found["terms"]["filled"], found["terms"]["empty"], found["terms"]["distinct"]) == (1, 1, 2)
    assert found["former_names"]["filled"] == 1
    assert {"shape": "Aa", "share": 1.0} in found["former_names"]["shapes"]


def test_an_empty_table_and_an_empty_column_have_a_profile(tmp_path: Path) -> None:
    none = read(put(tmp_path, "id,last_name\n", "a.csv"))
    assert none.profile()["empty_share"].to_list() == [0.0, 0.0]
    some = read(put(tmp_path, "id,last_name,suffix\n1,A,\n2,B,\n", "b.csv"))
    suffix = one(some, "suffix")
    assert (suffix["filled"], suffix["empty_share"], suffix["shapes"]) == (0, 1.0, [])
    assert (suffix["constant"], suffix["all_different"], suffix["longest"]) == (False, False, None)
    assert "no rows" in repr(none.preview(rows=0)) or none.preview(rows=0).frame.height == 2


# Ranges ---------------------------------------------------------------------------------------------


def test_a_range_gives_nobody_away(made: ReadResult) -> None:
    ranges = {row["column"]: (row["lowest"], row["highest"]) for row in made.profile().iter_rows(named=True)}
    assert ranges.pop("dob") == ("1940", "1979")
    assert ranges.pop("term") == ("2026FA", "2026FA")
    assert ranges.pop("units") == ("0.5", "11.5")
    assert ranges.pop("ssn_type") == ("0", "0")
    assert set(ranges.values()) == {(None, None)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1"] * 9, (None, None)),  # too few
        (["1", "99"] * 5, ("1", "99")),
        (["-3", "12.25"] * 5, ("-3", "12.25")),
        (["1", "1234"] * 5, (None, None)),  # the end of an SSN, or a PIN
        (["1", "x"] * 5, (None, None)),
    ],
)
def test_small_numbers_have_a_range(values: list[str], expected: tuple[str | None, str | None]) -> None:
    series = pl.Series(values)
    assert number_range(series, count_shapes(series)) == expected


def test_shared_codes_are_held_by_ten_rows_and_are_no_names() -> None:
    assert shared_range(pl.Series(["2026FA"] * 10 + ["2025SP"] * 9)) == ("2026FA", "2026FA")
    assert shared_range(pl.Series(["Garibaldi"] * 50)) == (None, None)


def test_years_are_found_however_a_date_is_written() -> None:
    ways = [
        "1/2/1987",
        "1988-02-03",
        "04-JUL-1989",
        "19900203",
        "02031991",
        "1992-01-01T00:00:00",
        "March 3, 1993",
    ]
    assert year_range(pl.Series(ways * 2)) == ("1987", "1993")
    assert year_range(pl.Series(["555-1234", "x", "01/02/87"] * 9)) == (None, None)


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        (["13/02/2001", "01/25/2001"], "the day stands first in 1, the month in 1"),
        (["13/02/2001", "01/02/2001"], "days stand before months"),
        (["01/02/2001"], "day and month cannot be told apart: none is over 12"),
        (["25-JAN-99", "26-JAN-1999"], "years of two digits: 1"),
        (["01/25/2001", "2001-02-03"], None),
    ],
)
def test_doubts_about_dates_are_said(values: list[str], doubt: str | None) -> None:
    series = pl.Series(values)
    assert date_doubts(series, count_shapes(series)) == ([doubt] if doubt else [])


def test_an_id_that_stands_twice_is_a_doubt_only_where_a_person_has_one_row(tmp_path: Path) -> None:
    generic = read(put(tmp_path, "student_id,last_name\n1,A\n1,B\n", "a.csv"))
    assert one(generic, "student_id")["doubts"] == ["1 value stood before"]
    banner = read(put(tmp_path, "SPRIDEN_ID,SPRIDEN_LAST_NAME,SPRIDEN_FIRST_NAME\n1,A,C\n1,B,C\n", "b.csv"))
    assert one(banner, "SPRIDEN_ID")["doubts"] == []


# What is shown --------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["made", "mapped"])
def test_no_value_of_a_person_is_shown(which: str, request: pytest.FixtureRequest) -> None:
    result: ReadResult = request.getfixturevalue(which)
    listings = (result, result.preview(), result.noticed(), result.mapping())
    shown = [text for one_ in listings for text in (repr(one_), one_._repr_html_())]
    shown += [str(result.profile().to_dicts()), str(result.preview().frame.to_dicts())]
    for text in shown:
        assert [secret for secret in SECRETS if secret in text] == []
    assert "G•••" in shown[2]
    assert "reconcile-table" in shown[3]


def test_the_name_of_a_column_may_be_a_persons(tmp_path: Path) -> None:
    path = put(tmp_path, "Garibaldi,Garibaldi,student_id\na,b,1\nc,d,2\n")
    result = read(path)
    assert "header_twice" in result.diagnostics["kind"].to_list()
    assert result.profile()["column"].to_list()[2] == "student_id"
    for shown in (repr(result), repr(result.mapping()), str(result.profile().to_dicts())):
        assert "column 1" in shown
        assert "Garibaldi'" not in shown
        assert "│ Garibaldi" not in shown


@pytest.mark.parametrize(
    ("value", "field", "expected"),
    [
        (None, "last_name", None),
        ("Ñuñez", "former_last_names", "Ñ•••"),
        ("03-MAR-1999", "birthdate", "1999-••-••"),
        ("1999-03-03T10:00:00Z", "email_verified_timestamp", "1999-••-••"),
        ("555-1234", "birthdate", "999-9999"),  # in the wrong column: no year, and four digits of a phone
        ("A00123456", "sis_id", "•••456"),
        ("212-09-9998", "sis_id", "999-99-9999"),
        ("a@b.org", "email", "a@a.aaa"),
        (["ABC1234", "ABC1235"], "cccids", "•••234; •••235"),
        ([{"first_name": "Ann", "last_name": None}], "former_names", "A•••"),
        ("1a2b:99", "ssn_hmac", "•••"),
        ("x", None, "a"),
    ],
)
def test_a_cell_is_masked_by_what_its_column_holds(
    value: object, field: str | None, expected: str | None
) -> None:
    assert mask(value, field) == expected


def test_kinds_cover_the_fields_that_name_a_person() -> None:
    assert {kind_of(name) for name in ("first_name", "preferred_first_name", "former_names")} == {"name"}
    assert {kind_of(name) for name in ("birthdate", "deceased_on")} == {"date"}
    assert {kind_of(name) for name in ("sis_id", "cccids", "ssid")} == {"id"}
    assert kind_of(None) == kind_of("email") == ""


# Mapping and findings -------------------------------------------------------------------------------


def test_without_a_layout_the_nearest_says_what_it_lacks() -> None:
    fields = guess_fields(["Ref", "Surname", "Given Name", "DOB"])
    assert (fields.layout, fields.nearest, fields.lacking) == ("", "generic", ("sis_id",))
    assert fields.of_column == {"Surname": "last_name", "Given Name": "first_name", "DOB": "birthdate"}
    assert "it knows 3 of 4 columns and finds none for sis_id" in fields.reasons[-1]
    assert guess_fields(["a", "b"]).nearest == ""


def test_what_no_layout_knows_is_guessed_at_and_nothing_goes_by_it(tmp_path: Path) -> None:
    rows = "".join(f"{n},A,B,ABD100{n},{n}/1{n}/198{n},x\n" for n in range(1, 9))
    result = read(put(tmp_path, f"Ref,Surname,Given Name,Apply,Born,Whim\n{rows}"))
    listed = {
        row["column"]: (row["field"], row["how"]) for row in result.mapping().frame.iter_rows(named=True)
    }
    assert listed["Surname"] == ("last_name", "by its name")
    assert listed["Apply"] == ("cccid", "a guess: three letters and four digits, as CCCIDs have")
    assert listed["Born"][0] == "birthdate"
    assert listed["Whim"] == (None, None)
    assert listed[None] == ("sis_id", "needed, not found")
    assert one(result, "Born")["field"] is None
    mapped = read(put(tmp_path, "student_id,last_name\n1,A\n"), layout="generic")
    assert mapped.mapping().frame["how"].to_list() == ["read as this"] * 2


def test_findings_are_grouped_and_none_is_lost() -> None:
    schema = {"line": pl.Int64, "kind": pl.String, "column": pl.String, "message": pl.String}
    rows: list[Any] = [(n, "ragged", None, "Mend it.") for n in range(9, 0, -1)]
    rows += [(None, "ssn_hidden", f"c{n}", f"Message {n}.") for n in range(8)]
    grouped = group_noticed(pl.DataFrame(rows, schema=schema, orient="row"))
    assert grouped["count"].sum() == 17
    first, *others = grouped.iter_rows(named=True)
    assert (first["kind"], first["count"], first["lines"]) == ("ragged", 9, [1, 2, 3, 4, 5])
    assert [one_["columns"] for one_ in others] == [["c0"], ["c1"], ["c2"]]
    assert others[-1]["message"] == "Message 2. (And 5 more of this kind.)"
    assert lines_in_words(first["lines"], first["count"]) == "1, 2, 3, 4, 5, …"
    assert group_noticed(pl.DataFrame(schema=schema)).height == 0


def test_words_of_a_profile_stand_in_few_columns(made: ReadResult) -> None:
    words = profile_in_words(made.profile())
    assert words.columns == ["column", "field", "filled", "different", "holds", "doubts"]
    held = dict(words.select("column", "holds").iter_rows())
    assert held["student_id"] == "9999999; all different"
    assert held["ssn_hmac"] == "a keyed hash of the number"
    assert held["dob"] == "99/99/9999; 1940 to 1979; all different"
    brief = profile_in_brief(words)
    assert brief.width == 4
    assert brief["column = field"][0] == "student_id\n  = sis_id"
    assert "\n! ssn_hidden; 39 of the empty cells hold blanks" in brief["holds, ! doubts"].to_list()[-1]


def test_what_is_not_all_never_reads_as_all() -> None:
    assert [per_cent(share) for share in (0.0, 1e-9, 0.9999999, 1.0)] == ["0%", "<1%", ">99%", "100%"]


def test_what_takes_effect_on_a_day_is_a_date_and_says_what_it_made():
    fields = ("effective", "name_effective", "address_effective", "id_effective")
    assert {kind_of(field) for field in fields} == {"date"}
    assert made_from("former_cccids", {"EXT_SYS_EFFDT": "id_effective", "X": "email"}) == ["EXT_SYS_EFFDT"]
