from __future__ import annotations

import datetime as dt
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
import workbooks
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.dates import Purpose, tell_dates
from reconcile.join import join
from reconcile.read import ReadResult, read
from reconcile.standardize import standardize

if TYPE_CHECKING:
    from pathlib import Path

DATE_KINDS = {"date_serial", "two_digit_year", "day_month_doubt", "date_unreadable", "date_placeholder"}
ID_KINDS = {"id_scientific", "id_zeros_lost", "float_ids", "digits_lost"}


def table(folder: Path, column: str, *values: str, layout: str = "generic") -> ReadResult:
    path = folder / "students.csv"
    lines = [f'{n},Name,"{value}"' for n, value in enumerate(values, 1001)]
    path.write_text("\n".join([f"id,last_name,{column}", *lines, ""]), encoding="utf-8")
    return read(path, layout=layout)


def noted(made: ReadResult) -> list[tuple[str, int | None]]:
    rows = made.diagnostics.select("kind", "line", "column").rows()
    assert {column for kind, _, column in rows if kind in DATE_KINDS} <= {"birthdate", "deceased_on"}
    return [(kind, line) for kind, line, _ in rows]


def read_as(made: ReadResult) -> list[date | None]:
    return standardize(made.frame, id="sis_id").frame["key_birth"].to_list()


# One rule for the reader and the keys.


@pytest.mark.parametrize(
    "written",
    [
        "2004-05-17T00:00:00Z", "2004-05-17 23:59:59-07:00", "2004-05-17T23:30:00.000+0000", "17.05.2004",
        "May 17, 2004", "17MAY2004", "20040517", "20040517000000", "5/17/04", "05171994", "17051994",
        "17-MAY-04", "17-MAY-2004 00:00:00", "17-MAY-04 12.00.00.000000000 AM", "17MAY2004:00:00:00",
        "May 17 2004 12:00AM", "5/17/'04", "\u2019" + "05/17/2004",
        "\uff10\uff15/\uff11\uff17/\uff12\uff10\uff10\uff14",
        "17 de mayo de 2004", "5/17/2004 1:05 PM", "Mon May 17 00:00:00 PDT 2004", "Monday, May 17, 2004",
        "2004-MAY-17", "17th May 2004", "94-05-17", "2004/05/17", "2004-05-17-07:00",
    ],
)  # fmt: skip
def test_a_date_is_a_date_in_every_usual_form(written: str):
    (day,) = tell_dates(pl.Series([written])).frame["date"]
    assert (day.month, day.day) == (5, 17)
    assert day.year in {2004, 1994}


@pytest.mark.parametrize(
    ("month", "number"), [("ENE", 1), ("abr.", 4), ("Agosto", 8), ("dic", 12), ("Sept", 9)]
)
def test_months_are_known_in_english_and_spanish(month: str, number: int):
    (day,) = tell_dates(pl.Series([f"3-{month}-1999"])).frame["date"]
    assert day == date(1999, number, 3)


@pytest.mark.parametrize(
    "written",
    [
        "Feb 30, 2004", "02/30/2004", "20040230", "2003-02-29", "2004137", "2004", "May 2004", "08:30:00",
        "03/25/1999 or later", "13/13/1999", "99999", "Maybe 3, 2004", "0",
    ],
)  # fmt: skip
def test_what_the_calendar_does_not_have_is_no_date(written: str):
    assert tell_dates(pl.Series([written])).frame["date"].to_list() == [None]


FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y", "%m-%d-%y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y",
         "%B %d %Y", "%Y%m%d", "%d%b%Y", "%m/%d/%Y %I:%M %p")  # fmt: skip
MOMENTS = st.datetimes(dt.datetime(1920, 1, 1), dt.datetime(2019, 12, 31))  # noqa: DTZ001 - as written


def slow(written: str) -> date | None:
    """Try one form after the other, as the standard library reads it."""
    for form in FORMS:
        try:
            day = dt.datetime.strptime(written, form).date()  # noqa: DTZ007 - no zone is written
        except ValueError:
            continue
        return day.replace(year=day.year - 100) if "%y" in form and day.year > 2019 else day
    return None


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(FORMS)), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_random_dates_are_read_as_the_standard_library_reads_them(moments):
    texts = [moment.strftime(form) for moment, form in moments] + ["12/31/1999", "02/30/1999", "1999-13-01"]
    told = tell_dates(pl.Series(texts)).frame
    for text, day in told.select("text", "date").rows():
        assert day == slow(text) or (
            day is not None and day.year == slow(text).year + 100 and day.year < 2020
        )


@given(st.lists(st.dates(date(1930, 1, 1), date(2015, 12, 31)), min_size=1, max_size=10), st.booleans())
@settings(max_examples=40, deadline=None)
def test_day_numbers_mean_the_days_of_a_spreadsheet(days, fraction):
    numbers = [str((day - date(1899, 12, 30)).days) + (".0" if fraction else "") for day in days]
    told = tell_dates(pl.Series(numbers)).frame
    assert dict(told.select("text", "date").rows()) == dict(zip(numbers, days, strict=True))
    assert told["serial"].all()


def test_the_latest_application_is_the_latest_day_however_it_is_written():
    sent = ["9/30/2024", "11/2/2025 1:05 PM", None]
    applications = pl.DataFrame({"sis_id": ["1"] * 3, "cccid": ["ABD1234"] * 3, "submitted": sent})
    people = pl.DataFrame({"sis_id": ["1"], "cccid": ["ABD1234"]})
    joined = join(people, people.select("cccid"), applications=applications)
    assert joined.applied["submitted"].to_list() == ["2025-11-02 13:05:00"]


# What the reader says of a column.


@pytest.mark.parametrize(
    "values",
    [
        ("1999-03-25", "2001-04-05", ""),
        ("03/25/1999", "04/05/2001", "1/1/2000"),
        ("25/03/1999", "04/05/2001"),
        ("19990325", "20010405"),
        ("1999-03-25 00:00:00", "2001-04-05 00:00:00.000"),
        ("25-MAR-1999", "05-APR-2001"),
        ("05/05/1999", "1/1/2001"),
    ],
)
def test_a_column_that_shows_its_order_says_nothing(values, tmp_path: Path):
    made = table(tmp_path, "dob", *values)
    assert noted(made) == []
    assert made.frame["birthdate"].to_list() == [value or None for value in values]


def test_day_numbers_are_told_from_other_numbers_by_their_column(tmp_path: Path):
    made = table(tmp_path, "dob", "36892", "36893.0", "")
    assert noted(made) == [("date_serial", 2)]
    assert "2 of 2 values are numbers, as" in made.diagnostics["message"][0]
    assert read_as(made) == [date(2001, 1, 1), date(2001, 1, 2), None]
    assert made.frame["birthdate"].to_list() == ["36892", "36893.0", None]
    made = table(tmp_path, "dob", "03/25/1999", "04/17/2001", "36892")
    assert noted(made) == [("date_serial", 4)]
    assert "1 of 3 values are numbers beside dates" in made.diagnostics["message"][0]
    for values in (("95616", "90210", "36892"), ("120199", "36892"), ("51799", "10199")):
        made = table(tmp_path, "dob", *values)
        assert noted(made) == [("date_unreadable", 2)]
        assert "is this the right column?" in made.diagnostics["message"][0]
        assert read_as(made) == [None] * len(values)


def test_a_spreadsheet_that_took_days_for_months_is_noticed(tmp_path: Path):
    made = table(tmp_path, "dob", "25/03/1999", "17/05/2004", "37016", "37021")  # 5 and 10 May
    assert noted(made) == [("date_serial", 4), ("day_month_doubt", 5)]
    keys = standardize(made.frame, id="sis_id").frame
    assert keys["key_birth_doubt"].to_list() == [False, False, False, True]
    assert keys["birthdate"].to_list()[3] == "37021"


def test_the_rule_for_two_digits_of_a_year_is_stated(tmp_path: Path):
    made = table(tmp_path, "dob", "17-MAY-04", "17-MAY-98", "3/25/1999")
    assert noted(made) == [("two_digit_year", 2)]
    assert "2 of 3 years" in made.diagnostics["message"][0]
    assert "20 to 99 as 1920 to 1999" in made.diagnostics["message"][0]
    assert read_as(made)[:2] == [date(2004, 5, 17), date(1998, 5, 17)]
    assert tell_dates(pl.Series(["1-MAY-26"]), purpose=Purpose.EVENT).frame["date"][0] == date(2026, 5, 1)
    assert tell_dates(pl.Series(["1-MAY-26"])).frame["date"][0] == date(1926, 5, 1)


@pytest.mark.parametrize(
    ("values", "line", "said", "doubted"),
    [
        (("03/04/1999", "05/05/2001"), 2, "1 of 2 values can be read as day/month or month/day, and no", 0),
        (("03.04.1999", "05.06.2001"), 2, "read as day/month, as is usual with points", 0),
        (("25/03/1999", "03/25/1999", "04/05/1999"), 2, "1 of 3 values have the day first, 1 the month", 1),
        (("03/25/1999",) + ("04/05/1999",) * 9, None, "", 0),
        (("25/3/1999", *(f"{m}/{d}/2001" for m in range(1, 4) for d in range(4, 9))), 3, "only 1 show", 15),
        (("17/05/1994", *(f"{m}/{d}/2001" for m in (1, 2) for d in range(13, 26))), 2, "as nearly all", 0),
    ],
)  # fmt: skip
def test_a_doubt_of_day_and_month_is_kept_and_said(values, line, said, doubted, tmp_path: Path):
    made = table(tmp_path, "dob", *values)
    assert noted(made) == ([("day_month_doubt", line)] if line else [])
    assert said in " ".join(made.diagnostics["message"])
    assert standardize(made.frame, id="sis_id").frame["key_birth_doubt"].sum() == doubted


def test_what_cannot_be_read_is_shown_by_its_shape_only(tmp_path: Path):
    made = table(tmp_path, "dob", "1999-03-25", "Feb 30, 2004", "soon", "1999-03-26")
    assert noted(made) == [("date_unreadable", 3)]
    assert "2 of 4 values" in made.diagnostics["message"][0]
    assert '"Aaa 99, 9999", "aaaa"' in made.diagnostics["message"][0]


def test_stand_ins_are_counted(tmp_path: Path):
    made = table(tmp_path, "dob", "1999-03-25", "1900-01-01", "01-01-1901", "0000-00-00", "9999-12-31")
    assert noted(made) == [("date_placeholder", 3)]
    assert "4 of 5 values stand for no date" in made.diagnostics["message"][0]
    assert read_as(made) == [date(1999, 3, 25), None, None, None, None]


def test_a_death_on_a_day_number_is_a_death_and_no_unknown_word(tmp_path: Path):
    made = table(tmp_path, "date_of_death", "43831", "", "May 17, 2004", "1/1/1900")
    assert made.frame["deceased"].to_list() == ["true", None, "true", "true"]
    assert noted(made) == [("date_serial", 2), ("date_placeholder", 5)]


# Ids.


def ids(folder: Path, values: list[str]) -> ReadResult:
    path = folder / "students.csv"
    path.write_text("\n".join(["id,last_name", *(f"{v},N{n}" for n, v in enumerate(values)), ""]), "utf-8")
    return read(path, layout="generic")


def test_words_and_numbers_pass_as_they_stand(tmp_path: Path):
    names = ["NA", "Null", "None", "True", "nan", "NULL", "N/A", "inf", "1E5", "-"]
    given = ["1E10", "00123", "007 ", "0x1F", "+12", "1e5", "12.50", "TRUE", "nan", "1_000"]
    path = tmp_path / "students.csv"
    rows = [f"{a},{b}" for a, b in zip(given, names, strict=True)]
    path.write_text("\n".join(["id,last_name", *rows, ""]), encoding="utf-8")
    assert read(path).frame.rows() == list(zip(given, names, strict=True))
    made = read(path, layout="generic")
    assert made.frame["last_name"].to_list() == names
    assert made.frame["sis_id"].to_list() == [text.strip() for text in given]
    assert not ID_KINDS & set(made.diagnostics["kind"])


@pytest.mark.parametrize(
    ("values", "kind", "line", "count"),
    [
        (["900123456789", "9.00123E+11", "8.1E+11"], "id_scientific", 3, "2 of 3"),
        (["12345.0", "12346.0"], "float_ids", 2, "2 of 2"),
        (["1234567890123450000", "1234567890124460000"], "digits_lost", 2, "2 of 2"),
        (["0012345", "0123456", "34567", "7654321"], "id_zeros_lost", 4, "1 of 4"),
    ],
)
def test_damage_by_a_spreadsheet_is_said(values, kind, line, count, tmp_path: Path):
    made = ids(tmp_path, values)
    assert noted(made) == [(kind, line)]
    assert count in made.diagnostics["message"][0]
    assert made.frame["sis_id"].to_list() == values


def test_ids_of_one_width_without_their_zeros_are_known_by_their_lengths(tmp_path: Path):
    spread = [n * 7_919_113 % 10**8 for n in range(1, 400)]
    assert noted(ids(tmp_path, [f"{n:08}" for n in spread])) == []
    (found,) = noted(ids(tmp_path, [str(n) for n in spread]))
    assert found[0] == "id_zeros_lost"


@pytest.mark.parametrize(
    "values",
    [
        [str(n) for n in range(95, 1105)],
        ["007", "12", "0012", "1234"],
        ["A0012345", "00123456", "123"],
        [*(str(n) for n in range(1_234_000, 1_234_060)), *(str(n) for n in range(900_000_001, 900_000_400))],
        ["1234567890123456", "1234567890123457"],
    ],
)  # fmt: skip
def test_ids_of_several_lengths_are_no_damage(values, tmp_path: Path):
    assert noted(ids(tmp_path, values)) == []


# Cells of a workbook.


def sheet(folder: Path, *rows, **options) -> ReadResult:
    path = folder / "students.xlsx"
    path.write_bytes(workbooks.workbook(("S", [["id", "last_name", "dob"], *rows]), **options))
    return read(path, layout="generic")


def test_dates_of_a_workbook_are_dates_and_numbers_are_said(tmp_path: Path):
    day = date(2004, 5, 17)
    for start in ({}, {"date_1904": True}):
        made = sheet(tmp_path, ["1", "A", (day, "m/d/yyyy")], ["2", "B", (day, "d-mmm-yy")], **start)
        assert made.frame["birthdate"].to_list() == ["2004-05-17"] * 2
        assert noted(made) == []
    number = (day - date(1899, 12, 30)).days
    made = sheet(tmp_path, ["1", "A", number], ["2", "B", str(number + 1)])
    assert noted(made) == [("date_serial", 2)]
    assert read_as(made) == [day, day + timedelta(1)]
    made = sheet(tmp_path, ["1", "A", number], date_1904=True)
    assert noted(made) == [("date_1904", 2), ("date_serial", 2)]
    assert "This workbook counts from 1904" in made.diagnostics["message"][1]


def test_zeros_that_a_format_shows_are_written_where_all_have_it(tmp_path: Path):
    made = sheet(tmp_path, [(123, "00000000"), "A", None], [(45678, "00000000"), "B", None])
    assert made.frame["sis_id"].to_list() == ["00000123", "00045678"]
    assert noted(made) == [("zeros_shown", None)]
    made = sheet(tmp_path, [(123, "00000000"), "A", None], [456, "B", None])
    assert made.frame["sis_id"].to_list() == ["123", "456"]
    assert "none were added" in made.diagnostics["message"][0]


def test_shares_amounts_and_times_are_values_not_pictures(tmp_path: Path):
    cells = ["1", (0.15, "0%"), (1234.5, "$#,##0.00"), (0.5, "h:mm"), (1.5, "[h]:mm"), (12.0, "0.00")]
    rows = [["id", "share", "paid", "at", "lasts", "n"], cells]
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbooks.workbook(("S", rows)))
    made = read(path)
    assert made.frame.row(0) == ("1", "0.15", "1234.5", "12:00:00", "36:00:00", "12")
    assert made.diagnostics.is_empty()
