from __future__ import annotations

import datetime as dt
import gzip
import os
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workbooks

from reconcile.errors import InputError
from reconcile.read import read

OLD = Path(__file__).parent / "data" / "old.xls"
OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
CSV = b"id,name\n007,Ada\n008,\n"


def put(folder: Path, content: bytes, name: str = "extract.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def kinds(result) -> list[tuple[int | None, str, str | None]]:
    return result.diagnostics.select("line", "kind", "column").rows()


def conserved(result) -> bool:
    return result.source.rows == result.folded + result.quarantined + result.frame.height


# What a file is, is told by its content.


@pytest.mark.parametrize("name", ["extract.csv", "extract.xlsx", "extract"])
def test_packed_text_is_text_whatever_its_name(name: str, tmp_path: Path):
    plain = read(put(tmp_path, CSV, name))
    for packed, kind in ((gzip.compress(CSV), "text, gzip"), (workbooks.archive(a__csv=CSV), "text, zip")):
        made = read(put(tmp_path, packed, name))
        assert made.frame.equals(plain.frame)
        assert made.source.kind == kind
        assert made.source.size == len(packed)
        assert made.diagnostics.is_empty()
    assert made.source.member == "a.csv"


def test_a_spreadsheet_within_an_archive(tmp_path: Path):
    book = workbooks.workbook(("S", [["id"], ["007"]]))
    made = read(put(tmp_path, workbooks.archive(a__xlsx=book)))
    assert made.frame.rows() == [("007",)]
    assert made.source.kind == "XLSX, zip"


def test_an_archive_of_several_files_asks_which(tmp_path: Path):
    members = {"a.csv": CSV, "b.csv": b"x\n1\n", "__MACOSX/a.csv": b"", "notes/c.csv": b""}
    path = put(tmp_path, workbooks.pack(members), "e.zip")
    with pytest.raises(InputError, match=r"archive of 3 files \('a.csv', 'b.csv', 'notes/c.csv'\).*member="):
        read(path)
    assert read(path, member="b.csv").frame.rows() == [("1",)]
    with pytest.raises(InputError, match=r"no one file 'bb.csv'.*Did you mean"):
        read(path, member="bb.csv")
    with pytest.raises(InputError, match="is no archive"):
        read(put(tmp_path, CSV), member="a.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"<!DOCTYPE html><table>", "HTML"),
        (b"\xef\xbb\xbf\n <html>", "HTML"),
        (b'<?xml version="1.0"?><Workbook/>', "XML"),
        (b"\x00\x01\x00\x00Standard ACE DB\x00", "Access"),
        (b"SQLite format 3\x00", "Query"),
        (OFFICE + "EncryptedPackage\0".encode("utf-16-le"), "password"),
        (OFFICE, "old Office file"),
        (OFFICE + "Workbook\0".encode("utf-16-le"), "damaged"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (gzip.compress(CSV, mtime=0)[:-6], "breaks off"),
        (gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), "archive within an archive"),
        (workbooks.archive(a__gz=gzip.compress(CSV, mtime=0)), "archive within an archive"),
        (workbooks.archive(), "without a file"),
        (workbooks.pack({"[Content_Types].xml": "", "word/document.xml": ""}), "Word"),
        (b"PAR1\x00\x00 damaged PAR1", "Parquet"),
        (b"ARROW1\x00\x00 damaged", "Arrow"),
        (b'[\n {"a": 1}\n]', "JSON lines"),
    ],
)  # fmt: skip
def test_what_holds_no_table_is_refused_by_its_kind(content: bytes, message: str, tmp_path: Path):
    with pytest.raises(InputError, match=message) as caught:
        read(put(tmp_path, content))
    assert "extract.bin" in str(caught.value)
    assert caught.value.__context__ is None


def test_names_are_taken_literally(tmp_path: Path):
    for name in ("a*.csv", "[ab].csv", "~x.csv", "Größe é.csv", " lead.csv", "$HOME.csv"):
        if sys.platform == "win32" and "*" in name:
            continue
        number = str(len(name))
        put(tmp_path, f"id,n\n{number},x\n".encode(), name)
        assert read(tmp_path / name).frame["id"].to_list() == [number]
    with pytest.raises(InputError, match="NUL"):
        read(tmp_path / "a\0b.csv")
    with pytest.raises(InputError, match="address") as caught:
        read("postgresql://me:secret@host/sis")
    assert "secret" not in str(caught.value)


@pytest.mark.skipif(
    sys.platform == "win32", reason="another operating system: links need rights, pipes differ"
)
def test_links_are_followed_to_files_and_pipes_are_not_opened(tmp_path: Path):
    real = put(tmp_path, CSV, "real.csv")
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    made = read(link)
    assert (made.source.path, made.source.real) == (link, real.resolve())
    assert read(real).source.real is None
    (tmp_path / "loose.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(InputError, match="leads to no file"):
        read(tmp_path / "loose.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="device or a pipe"):
        read(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="device or a pipe"):
        read("/dev/zero")


# Spreadsheets.


def test_cells_come_as_a_person_sees_them(tmp_path: Path):
    rows = [
        ["id", "number", "share", "born", "seen", "at", "active", "note", "sum"],
        ["00123", 123456789012, 0.1 + 0.2, (dt.date(2004, 5, 6), "yyyy-mm-dd"),
         (dt.datetime(2026, 1, 2, 13, 5), "yyyy-mm-dd hh:mm"), (dt.time(8, 30), "hh:mm"), True, " NA ",  # noqa: DTZ001 - as written
         ("=A1", "General", 42)],
        ["1E10", 12.0, 1e-7, (dt.date(1931, 2, 28), "m/d/yy"), None, None, False, 'two\nlines, "quoted"',
         None],
    ]  # fmt: skip
    made = read(put(tmp_path, workbooks.workbook(("Fall", rows))))
    assert made.frame.rows() == [
        ("00123", "123456789012", "0.3", "2004-05-06", "2026-01-02 13:05:00", "08:30:00", "TRUE", " NA ",
         "42"),
        ("1E10", "12", "0.0000001", "1931-02-28", None, None, "FALSE", 'two\nlines, "quoted"', None),
    ]  # fmt: skip
    assert made.diagnostics.is_empty()
    assert (made.source.encoding, made.source.dialect, made.source.rows) == ("XLSX", 'sheet "Fall"', 2)


def test_old_spreadsheets(tmp_path: Path):
    made = read(OLD)
    assert made.frame.rows() == [
        ("00123", "123456789012", "2004-05-06", "TRUE", "A", "000001234"),
        ("00124", "2.5", "1999-12-31", "FALSE", "#N/A", "000056789"),
    ]
    assert kinds(made) == [(None, "zeros_shown", "code"), (3, "cell_error", "grade")]
    assert made.source.encoding == "XLS"
    with pytest.raises(InputError, match="damaged"):
        read(put(tmp_path, OLD.read_bytes()[:2000]))


def test_open_document_sheets(tmp_path: Path):
    body = (
        workbooks.ods_row(*map(workbooks.ods_cell, ("id", "born", "n", "ok")))
        + workbooks.ods_row(
            workbooks.ods_cell("007"),
            '<table:table-cell office:value-type="date" office:date-value="2004-05-06"/>',
            '<table:table-cell office:value-type="float" office:value="123456789012"/>',
            '<table:table-cell office:value-type="string" office:string-value="" calcext:value-type="error">'
            "<text:p>#N/A</text:p></table:table-cell>",
        )
        + workbooks.ods_row(
            '<table:table-cell table:number-columns-repeated="16384"/>',
            more='table:number-rows-repeated="1048000"',
        )
    )
    made = read(put(tmp_path, workbooks.bare_ods(body)))
    assert made.frame.rows() == [("007", "2004-05-06", "123456789012", "#N/A")]
    assert kinds(made) == [(2, "cell_error", "ok")]


def test_what_a_sheet_would_lose_without_a_word_is_said(tmp_path: Path):
    date = "yyyy-mm-dd"
    rows = [
        ["id", "born", "code", "grade", "long"],
        ["1", (dt.date(2004, 5, 6), date), (123, "000000000"), ("=NA()", "General"), 12345678901234567890],
        ["2", 38113, (45, "000000000"), ("=1/0", "General", "#DIV/0!"), 1],
        ["3", "5/6/2004", None, "A", 2],
    ]
    made = read(put(tmp_path, workbooks.workbook(("S", rows))))
    assert made.frame["born"].to_list() == ["2004-05-06", "38113", "5/6/2004"]
    assert made.frame["grade"].to_list() == ["#N/A", "#DIV/0!", "A"]
    assert made.frame["code"].to_list() == ["000000123", "000000045", None]
    assert kinds(made) == [
        (None, "zeros_shown", "code"),
        (2, "cell_error", "grade"),
        (2, "digits_lost", "long"),
        (3, "cell_error", "grade"),
        (3, "date_doubt", "born"),
        (4, "date_doubt", "born"),
    ]


def test_a_formula_that_was_never_calculated_is_said(tmp_path: Path):
    row = '<row r="2">' + workbooks.text_cell("A2", "x") + '<c r="B2"><f>1+1</f></c></row>'
    head = '<row r="1">' + workbooks.text_cell("A1", "id") + workbooks.text_cell("B1", "sum") + "</row>"
    made = read(put(tmp_path, workbooks.bare_xlsx(head + row)))
    assert made.frame["id"].to_list() == ["x"]
    assert (2, "formula_without_value", "sum") in kinds(made)


def test_titles_blank_rows_and_footers_of_a_sheet(tmp_path: Path):
    rows = [["Student list"], [], ["id", "name", "n"], ["1", "A", 1], [], ["2", "B", 2], ["2 rows selected."]]
    made = read(put(tmp_path, workbooks.workbook(("S", rows))))
    assert made.frame.rows() == [("1", "A", "1"), ("2", "B", "2")]
    lines = {(line, kind) for line, kind, _ in kinds(made)}
    assert {(1, "preamble"), (7, "footer")} <= lines
    assert any(kind == "blank_lines" for _, kind in lines)
    assert conserved(made)
    layout = read(
        put(tmp_path, workbooks.workbook(("S", rows[2:]))),
        layout="generic",
        options={"columns": {"last_name": "name"}},
    )
    assert layout.frame["line"].to_list() == [2, 4]  # fmt: skip


def test_merged_cells_are_said_below_the_header_only(tmp_path: Path):
    cells = "".join(
        f'<row r="{n}">{workbooks.text_cell(f"A{n}", a)}{workbooks.text_cell(f"B{n}", b)}</row>'
        for n, (a, b) in enumerate((("id", "name"), ("1", "x"), ("2", "y")), 1)
    )
    book = workbooks.bare_xlsx(cells)
    assert read(put(tmp_path, book)).diagnostics.is_empty()
    merged = '</sheetData><mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells><sheetData>'
    made = read(put(tmp_path, workbooks.bare_xlsx(cells + merged)))
    assert kinds(made) == [(2, "merged_cells", "name")]


def test_which_sheet_is_read(tmp_path: Path):
    table = [["id"], ["1"]]
    one = put(
        tmp_path, workbooks.workbook(("Empty", []), ("hidden Old", [["x"], ["9"]]), ("New", table)), "1.xlsx"
    )
    assert read(one).frame.rows() == [("1",)]
    assert read(one, sheet="Old").frame.columns == ["x"]
    two = put(tmp_path, workbooks.workbook(("Fall", table), ("Spring", [["id"], ["2"]])), "2.xlsx")
    with pytest.raises(InputError, match=r"2 sheets with cells. Name one .*: 1 'Fall', 2 'Spring'"):
        read(two)
    assert read(two, sheet=2).frame.rows() == read(two, sheet="Spring").frame.rows() == [("2",)]
    assert read(two, sheet="2").source.dialect == 'sheet "Spring"'
    with pytest.raises(InputError, match="Did you mean"):
        read(two, sheet="Sprin")
    with pytest.raises(InputError, match="is empty"):
        read(one, sheet="Empty")
    with pytest.raises(InputError, match="not hidden"):
        read(put(tmp_path, workbooks.workbook(("Empty", []), ("hidden Old", table)), "3.xlsx"))
    with pytest.raises(InputError, match="text has no sheets"):
        read(put(tmp_path, CSV), sheet="Fall")


# Parquet, Arrow, JSON lines.


def test_columns_become_text_without_loss(tmp_path: Path):
    day = dt.datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=dt.UTC)
    table = pa.table(
        {
            "id": pa.array(["007", "", None]),
            "n": pa.array([2**62, None, 1], pa.int64()),
            "price": pa.array(
                [Decimal("1.50"), None, Decimal("123456789012345678.90")], pa.decimal128(20, 2)
            ),
            "born": pa.array([dt.date(2004, 5, 6), None, None]),
            "at": pa.array([day, None, None], pa.timestamp("us", "UTC")),
            "ok": pa.array([True, False, None]),
            "x": pa.array([0.1, 1e22, 2.0]),
            "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
        }
    )
    expected = [
        ("007", "4611686018427387904", "1.50", "2004-05-06", "2026-01-02 03:04:05.000600+00:00", "true",
         "0.1", "a"),
        (None, None, None, None, None, "false", "10000000000000000000000", "b"),
        (None, "1", "123456789012345678.90", None, None, None, "2.0", "a"),
    ]  # fmt: skip
    for name, write in (("t.parquet", pq.write_table), ("t.arrow", write_arrow), ("t.stream", write_stream)):
        write(table, tmp_path / name)
        made = read(tmp_path / name)
        assert made.frame.rows() == expected
        assert made.diagnostics.is_empty()
        assert conserved(made)


def write_arrow(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_file(str(path), table.schema) as out:
        out.write_table(table)


def write_stream(table: pa.Table, path: Path) -> None:
    with pa.ipc.new_stream(str(path), table.schema) as out:
        out.write_table(table)


def test_ids_that_became_floats_are_whole_again_and_said(tmp_path: Path):
    table = pa.table({"id": [12345.0, None, 7.0], "__index_level_0__": [3, 1, 2], "tags": [["a"], [], None]})
    pq.write_table(table, tmp_path / "t.parquet")
    made = read(tmp_path / "t.parquet")
    assert made.frame.to_dict(as_series=False) == {"id": ["12345", None, "7"]}
    assert kinds(made) == [
        (None, "float_ids", "id"),
        (None, "index_column", "__index_level_0__"),
        (None, "nested_column", "tags"),
    ]


def test_days_that_no_calendar_has_stay_numbers(tmp_path: Path):
    end = 2**63 - 1  # what databases export as infinity
    table = pa.table(
        {
            "day": pa.array([0, 2**31 - 1, None], pa.int32()).cast(pa.date32()),
            "at": pa.array([0, end, -end], pa.int64()).cast(pa.timestamp("us", "UTC")),
            "fine": pa.array([0, end, -end], pa.int64()).cast(pa.timestamp("ns")),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    made = read(tmp_path / "t.parquet")
    assert made.frame["day"].to_list() == ["1970-01-01", "2147483647", None]
    assert made.frame["at"].to_list() == ["1970-01-01 00:00:00+00:00", str(end), str(-end)]
    assert made.frame["fine"][1].startswith("2262-04-11 23:47:16.8547758")
    assert kinds(made) == [(2, "date_range", "day"), (2, "date_range", "at"), (3, "date_range", "at")]


def test_one_object_a_line_is_a_table(tmp_path: Path):
    text = (
        '{"id":"007","n":1E10,"price":1.10}\n\n'
        '{"n":12345678901234567890,"new":true,"deep":{"a":[1.50,"x"]}}\n'
        '{"id":"008", damaged}\n'
        '{"id":"1","id":"2"}\n'
        "[1]\n"
        '{"id":"\\ud800"}\n'
        '{"id":0012}\n'
        '{"id":"009","new":null}\n'
    )
    made = read(put(tmp_path, text.encode()))
    assert made.frame.columns == ["id", "n", "price", "new", "deep"]
    assert made.frame.rows() == [
        ("007", "1E10", "1.10", None, None),
        (None, "12345678901234567890", None, "true", '{"a":[1.50,"x"]}'),
        ("009", None, None, None, None),
    ]
    assert kinds(made) == [
        (2, "blank_lines", None),
        (3, "nested_value", "deep"),
        *((n, "bad_line", None) for n in (4, 5, 6, 7, 8)),
    ]
    assert (made.source.rows, made.quarantined) == (8, 5)
    assert conserved(made)
    assert read(put(tmp_path, text.encode("utf-16"))).frame.equals(made.frame)


def test_a_text_that_only_begins_like_json_stays_text(tmp_path: Path):
    made = read(put(tmp_path, b"{id},name\n1,x\n"))
    assert made.frame.columns == ["{id}", "name"]


def test_column_names_of_a_format_are_checked(tmp_path: Path):
    pq.write_table(
        pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"])], ["a", "a "]), tmp_path / "t.parquet"
    )
    with pytest.raises(InputError, match='several columns are called "a"'):
        read(tmp_path / "t.parquet")
    pq.write_table(pa.table({"1999-12-31": ["1"], "": ["2"]}), tmp_path / "t.parquet")
    made = read(tmp_path / "t.parquet")
    assert made.frame.columns == ["column 1", "column 2"]
    assert kinds(made) == [(None, "header_doubt", None)]


def test_ssns_are_hidden_in_every_format(tmp_path: Path):
    from reconcile.privacy import SsnKey  # noqa: PLC0415 - only here

    rows = {"id": ["1"], "SSN": ["212-09-9998"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "t.parquet")
    put(tmp_path, b'{"id":"1","SSN":"212-09-9998"}\n', "t.jsonl")
    put(tmp_path, workbooks.workbook(("S", [["id", "SSN"], ["1", "212-09-9998"]])), "t.xlsx")
    for name in ("t.parquet", "t.jsonl", "t.xlsx"):
        made = read(tmp_path / name, ssn_key=SsnKey(bytes(32)))
        assert made.frame.columns == ["id", "ssn_hmac", "ssn_last4", "ssn_type", "ssn_class"]
