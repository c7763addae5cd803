from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.columns import ACCOUNTS, APPLICATIONS, FRAUD, STUDENTS
from reconcile.errors import InputError
from reconcile.privacy import SsnKey, hash_ids
from reconcile.read import ReadResult, read

if TYPE_CHECKING:
    from pathlib import Path

KEY = SsnKey(bytes(32))


def put(folder: Path, text: str | bytes, name: str = "extract.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def kinds(result: ReadResult) -> list[tuple[int | None, str]]:
    return result.diagnostics.select("line", "kind").rows()


def conserved(result: ReadResult) -> bool:
    return result.source.rows == result.folded + result.quarantined + result.frame.height


def test_a_clean_file_comes_as_it_stands(tmp_path: Path):
    text = "code,name,n\n007, NA ,1E10\n008,Null,\n009,None,True\n"
    made = read(put(tmp_path, text))
    assert made.frame.rows() == [("007", " NA ", "1E10"), ("008", "Null", None), ("009", "None", "True")]
    assert made.diagnostics.is_empty()
    assert (made.source.encoding, made.source.dialect, made.source.rows) == (
        "utf-8",
        "comma, double quotes",
        3,
    )
    assert made.source.size == len(text)
    assert conserved(made)


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0\r\x1f\ufeff", exclude_categories=["Cs"])
CELL = st.text(CHARACTERS, max_size=6)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=8)
)


@given(
    TABLES,
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(
    tmp_path_factory, rows: list[list[str]], delimiter: str, end: str, encoding: str
):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    names = [f"column_{i}" for i in range(len(rows[0]))]
    writer.writerows([names, *rows])
    path = put(tmp_path_factory.mktemp("trip"), out.getvalue().encode(encoding))
    made = read(path, ssn_key=KEY, options={"delimiter": delimiter})
    assert made.frame.columns == names
    assert made.frame.rows() == [tuple(cell or None for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("a,b\n1,2,3\n4,5,6\n", "the header has 2 columns, but most rows have 3"),
        ("a,b,c,d\n1,2\n3,4\n", "the header has 4 columns, but most rows have 2"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"\x1f\x8b", "gzip"),
    ],
)
def test_a_file_that_is_no_table(content: str | bytes, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message) as caught:
        read(put(tmp_path, content))
    assert "extract.csv" in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path):
    put(tmp_path, "a\n1\n", "students.csv")
    with pytest.raises(InputError, match=r'Did you mean "students\.csv"'):
        read(tmp_path / "student.csv")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="no file"):
        read(tmp_path / "nowhere" / "x.csv")


def test_a_pattern_in_a_name_is_taken_literally(tmp_path: Path):
    put(tmp_path, "a,b\nwrong,1\n", "snap2.csv")
    put(tmp_path, "a,b\nright,1\n", "snap[2024].csv")
    assert read(tmp_path / "snap[2024].csv").frame["a"].to_list() == ["right"]


def test_column_names_without_rows(tmp_path: Path):
    path = put(tmp_path, "sis_id,last_name\n")
    assert kinds(read(path)) == [(None, "no_rows")]
    with pytest.raises(InputError, match="no rows"):
        read(path, layout="generic")


def test_ragged_rows_are_set_aside_with_their_line(tmp_path: Path):
    made = read(put(tmp_path, 'a,b,c\n1,"x\ny",3\n4,5\n\n6,7,8,9\n1,2,3\n3 rows selected.\n'))
    assert made.frame.rows() == [("1", "x\ny", "3"), ("1", "2", "3")]
    assert kinds(made) == [(4, "ragged"), (5, "blank_lines"), (6, "ragged"), (8, "footer")]
    assert made.quarantined == 2
    assert conserved(made)


def test_titles_and_repeated_headers_are_set_aside(tmp_path: Path):
    made = read(put(tmp_path, "Student list\n\na,b,c\n1,2,3\na,b,c\n4,5,6\n"))
    assert made.frame.rows() == [("1", "2", "3"), ("4", "5", "6")]
    assert kinds(made) == [(1, "preamble"), (2, "blank_lines"), (5, "header_repeated")]
    assert conserved(made)


def test_a_delimiter_at_each_lines_end(tmp_path: Path):
    for header in ("a,b", "a,b,"):
        made = read(put(tmp_path, f"{header}\n1,2,\n3,4,\n"))
        assert made.frame.rows() == [("1", "2"), ("3", "4")]
        assert kinds(made) == [(None, "empty_column")]


def test_a_stray_quote_is_repaired_and_said(tmp_path: Path):
    made = read(put(tmp_path, 'a,b,c\n1,"x "y" z",3\r\n4,"open,6\n7,8,9\n'))
    assert made.frame.rows() == [("1", 'x "y" z', "3"), ("4", '"open', "6"), ("7", "8", "9")]
    assert kinds(made) == [(2, "stray_quote"), (3, "stray_quote")]


def test_rows_swallowed_by_a_lost_quote_are_given_back(tmp_path: Path):
    made = read(put(tmp_path, 'a,b,c\n1,2,"x\n3,4,5\n6,7,y"\n8,9,z\n'))
    assert made.frame["a"].to_list() == ["1", "3", "6", "8"]
    assert kinds(made) == [(2, "stray_quote"), (4, "stray_quote")]
    made = read(put(tmp_path, 'a,b,c\n1,2,"x\n3,4,5\nor so"\n8,9,z\n'))
    assert kinds(made) == [(2, "multiline_doubt")]


def test_names_that_are_missing_or_given_twice_are_made_distinct(tmp_path: Path):
    made = read(put(tmp_path, "id,,id,id 2\n1,2,3,4\n"))
    assert made.frame.columns == ["id", "column 2", "id 3", "id 2"]
    assert kinds(made) == [(None, "header_empty"), (None, "header_twice")]


def test_ssn_columns_become_four(tmp_path: Path):
    made = read(put(tmp_path, "id,SSN,ssn_no\n1,212-09-9998,N\n2,123456789,N\n"), ssn_key=KEY)
    assert made.frame.columns == ["id", "ssn_hmac", "ssn_last4", "ssn_type", "ssn_class", "ssn_no"]
    assert made.frame["ssn_class"].to_list() == ["ok", "dummy"]


def test_an_ssn_in_any_other_place_is_hidden(tmp_path: Path):
    made = read(
        put(tmp_path, "id,note\n212-09-9998,call 212-09-9997 now\n555-12-3456,212 09 9996\n"), ssn_key=KEY
    )
    text = str(made.frame.rows())
    assert not any(number in text for number in ("9998", "9997", "3456", "9996"))
    assert made.frame["id"].n_unique() == 2
    assert {kind for _, kind in kinds(made)} == {"ssn_hidden"}


@pytest.mark.parametrize(
    "name",
    [
        "SSN2", "SS#", "SS #", "Soc Sec Num", "Student SSN#", "studentSsn", "SSN_OLD", "Social Sec No.",
        "SOC_SEC_NBR", "parent-ssn", "SSN", "SSN #2",
    ],
)  # fmt: skip
def test_a_column_whose_name_speaks_of_ssns_is_hidden(name: str, tmp_path: Path):
    made = read(put(tmp_path, f"id,{name},n\n1,523456789,a\n2,,b\n"), ssn_key=KEY)
    assert "523456789" not in str(made.frame.rows())
    assert made.frame.columns == ["id", "ssn_hmac", "ssn_last4", "ssn_type", "ssn_class", "n"]


@pytest.mark.parametrize(
    "name", ["session", "Assn", "lessons", "Session No", "mission_num", "class#", "ssnap"]
)
def test_a_column_that_only_sounds_so_is_left_alone(name: str, tmp_path: Path):
    made = read(put(tmp_path, f"id,{name}\n1,523456789\n"), ssn_key=KEY)
    assert made.frame[name].to_list() == ["523456789"]


@pytest.mark.parametrize("name", ["SSN Last 4", "ssn_verified", "SSN status date", "ssn_exception"])
def test_a_column_about_ssns_without_any_is_left_alone(name: str, tmp_path: Path):
    made = read(put(tmp_path, f"id,{name}\n1,6789\n2,2024-05-06\n"), ssn_key=KEY)
    assert made.frame[name].to_list() == ["6789", "2024-05-06"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("SSN is 523456789", "SSN is [SSN]"),
        ("call; ssn: 523456789.", "call; ssn: [SSN]."),
        ("SSN523456789", "SSN[SSN]"),
        ("SS# 523456789 and ssn 523456788", "SS# [SSN] and ssn [SSN]"),
        ("Social Security Number = 523456789", "Social Security Number = [SSN]"),
        ("soc. sec. no. was 523456789", "soc. sec. no. was [SSN]"),
        ("session 523456789", "session 523456789"),
        ("case 523456789", "case 523456789"),
        ("SSN seen; case 5234567890", "SSN seen; case 5234567890"),
    ],
)
def test_nine_digits_that_a_text_calls_an_ssn_are_blotted(text: str, kept: str, tmp_path: Path):
    made = read(put(tmp_path, f"id,note\n1,{text}\n"), ssn_key=KEY)
    assert made.frame["note"].to_list() == [kept]


def test_an_id_column_of_ssns_is_one(tmp_path: Path):
    text = "SB00,SB01,last_name\n212099998,S,A\n900123456,C,B\n"
    made = read(put(tmp_path, text), layout="generic", ssn_key=KEY)
    assert made.frame["sis_id"].str.starts_with("ssn:").to_list() == [True, False]
    text = "id,ssn,last_name\n212099998,212-09-9998,A\n900123456,,B\n"
    made = read(put(tmp_path, text), layout="generic", ssn_key=KEY)
    assert made.frame["sis_id"].str.starts_with("ssn:").to_list() == [True, False]
    assert (None, "id_is_ssn") in kinds(made)


def test_ids_that_may_be_ssns_are_a_doubt_until_told(tmp_path: Path):
    rows = "".join(f"{101 + 7 * i}{i + 10}{1000 + i},A\n" for i in range(60))
    path = put(tmp_path, f"id,last_name\n{rows}")
    assert kinds(read(path, layout="generic", ssn_key=KEY)) == [(None, "id_may_be_ssn")]
    assert kinds(read(path, layout="generic", options={"id_is_ssn": False})) == []
    hashed = read(path, layout="generic", options={"id_is_ssn": True}, ssn_key=KEY)
    assert hashed.frame["sis_id"].str.starts_with("ssn:").all()


def test_options_are_checked(tmp_path: Path):
    path = put(tmp_path, "a;b\n1;2\n")
    with pytest.raises(InputError, match='no option "separator"'):
        read(path, options={"separator": ";"})
    with pytest.raises(InputError, match="delimiter"):
        read(path, options={"delimiter": ";;"})


@pytest.mark.parametrize(
    ("layout", "columns", "text"),
    [
        ("generic", STUDENTS, "id,last_name\n1,A\n"),
        ("openccc", ACCOUNTS, "ccc_id,lastname\nABC1234,A\n"),
        ("superglue", APPLICATIONS, "ccc_id,sis_person_id\nABC1234,1\n"),
        ("fraud", FRAUD, "cccId\nABC1234\n"),
    ],
)
def test_a_layout_gives_the_canonical_columns(
    layout: str, columns: tuple[str, ...], text: str, tmp_path: Path
):
    made = read(put(tmp_path, text), layout=layout)
    assert tuple(made.frame.columns) == columns
    assert made.layout == layout
    assert made.frame["line"].to_list() == [2]
    assert made.frame.schema["line"] == pl.Int64
    assert made.diagnostics.is_empty()


def test_a_result_shows_no_value(tmp_path: Path):
    made = read(put(tmp_path, "id,last_name,email\nA123,Garibaldi,gari@example.org\n"))
    for shown in (repr(made), made._repr_html_()):
        assert "extract.csv" in shown
        assert "aribaldi" not in shown
        assert "example.org" not in shown


@pytest.mark.parametrize(
    "first", ["1,Garibaldi,212-09-9998,x", "1,Garibaldi,1999-12-31,x", "900123456,Garibaldi,a,b"]
)
def test_a_first_line_of_values_is_a_row_and_no_header(first: str, tmp_path: Path):
    path = put(tmp_path, f"{first}\n2,Quetzal,a,b\n")
    made = read(path, ssn_key=KEY)
    assert made.frame.columns == [f"column {i}" for i in (1, 2, 3, 4)]
    assert made.frame["column 2"].to_list() == ["Garibaldi", "Quetzal"]
    assert [kind for _, kind in kinds(made)] in (["no_header"], ["no_header", "ssn_hidden"])
    assert conserved(made)
    assert made.source.columns == tuple(made.frame.columns)
    for shown in (repr(made), made._repr_html_()):
        assert not any(text in shown for text in ("aribaldi", "9998", "1999", "900123456"))
    with pytest.raises(InputError, match="no line of column names") as caught:
        read(path, layout="generic", ssn_key=KEY)
    assert "aribaldi" not in str(caught.value)
    columns = {"sis_id": "column 1", "last_name": "column 2"}
    placed = read(path, layout="generic", options={"columns": columns}, ssn_key=KEY)
    assert placed.frame["last_name"].to_list() == ["Garibaldi", "Quetzal"]


def test_a_header_that_we_know_may_hold_a_date_but_no_value(tmp_path: Path):
    made = read(put(tmp_path, "id,last_name,as of 2026-08-15,212-09-9998\n1,A,x,y\n"))
    assert made.frame.columns == ["id", "last_name", "as of 2026-08-15", "column 4"]
    assert kinds(made) == [(None, "header_doubt")]


def test_a_file_without_any_name_or_value_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no column with a name or a value"):
        read(put(tmp_path, ",,\n,,\n"))


def told(path: Path) -> str:
    """What a user sees of a file: its diagnostics, or why it was refused."""
    try:
        made = read(path, ssn_key=KEY)
    except InputError as error:
        return f"{error} {error.__context__}"
    assert conserved(made)
    return f"{path} {made.diagnostics.rows()} {made!r}"


@given(st.text(alphabet='ab1 ,;|"\n\r\t\0é', max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(tmp_path_factory, text: str):
    assert "extract.csv" in told(put(tmp_path_factory.mktemp("any"), text))


@pytest.mark.parametrize("damage", ["", "\n1,2\n", '\n1,"x,3\n', "\n1,x\0,3\n", "\n\xff,é,3\n"])
def test_no_message_carries_a_value(damage: str, tmp_path: Path):
    shown = told(put(tmp_path, f"Quetzal,Quetzal,1999-12-31{damage}"))
    assert "Quetzal" not in shown
    assert "1999" not in shown


def test_an_id_that_repeats_the_ssn_of_its_row_is_hidden_without_a_layout(tmp_path):
    path = tmp_path / "students.csv"
    path.write_text("SID,Name,SSN\n812345678,Xa,812-34-5678\n000345679,Yb,\n", encoding="utf-8")
    made = read(path, ssn_key=KEY)
    assert made.frame["SID"][0].startswith("ssn:")
    assert made.frame["SID"][1] == "000345679"


def test_ids_of_applications_are_hidden_like_those_of_students(tmp_path):
    path = tmp_path / "applications.csv"
    path.write_text("sis_id,ccc_id\n812345678,ABD1234\n", encoding="utf-8")
    made = read(path, layout="superglue", options={"id_is_ssn": True}, ssn_key=KEY)
    assert made.frame["sis_id"].to_list() == hash_ids(pl.Series(["812-34-5678"]), KEY).to_list()


def test_a_needed_column_that_is_there_twice_is_no_guess_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(
        "ccc_id,lastname,birthdate,birthdate\nABD1234,Example,2001-02-03,2001-02-04\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="the column for birthdate is there twice"):
        read(path, layout="openccc")
    assert read(path).frame.columns == ["ccc_id", "lastname", "birthdate", "birthdate 2"]


def test_blank_lines_alone_are_a_column_without_a_value(tmp_path: Path):
    made = read(put(tmp_path, "\n\n"))
    assert made.frame.rows() == [(None,)]
    assert kinds(made) == [(None, "blank_file")]
    assert conserved(made)
    for text in ("", "\n", "  \n \n"):
        with pytest.raises(InputError, match="is empty"):
            read(put(tmp_path, text))
    with pytest.raises(InputError):
        read(put(tmp_path, "\n\n"), layout="generic")


def test_units_below_the_names_do_not_hide_them(tmp_path: Path):
    rows = "".join(f"2026-11-02 {n:02}:00,{n},1.{n}\n" for n in range(12))
    above = "TOA5,logger 7,CR1000,31844,hourly\n"
    made = read(put(tmp_path, f"{above}TIMESTAMP,RECORD,Temp\nTS,RN,Deg C\n,,Avg\n{rows}"))
    assert [name.split()[0] for name in made.frame.columns] == ["TIMESTAMP", "RECORD", "Temp"]
    assert {kind for _, kind in kinds(made)} & {"header_rows", "row_of_words"}
    assert (1, "preamble") in kinds(made)


def test_rows_of_words_above_rows_of_numbers_are_a_doubt(tmp_path: Path):
    asked = 'Student,Points,"How was\nit?"\n"{""Q"":""id""}","{""Q"":""points""}",{Q3}\n'
    rows = "".join(f"A{n},{n},well\n" for n in range(12))
    made = read(put(tmp_path, f"id,points,q3\n{asked}{rows}"))
    assert made.frame.height == 14
    assert kinds(made) == [(2, "row_of_words"), (4, "row_of_words")]
    assert not kinds(read(put(tmp_path, f"id,points,q3\nunknown,N/A,x\n{rows}")))
