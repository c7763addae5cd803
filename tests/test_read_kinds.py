"""Every kind of remark has a file that shows it, and says what was done and what to do, without a value."""

from __future__ import annotations

import io
import re
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workbooks

from reconcile.privacy import SsnKey
from reconcile.read import Limits, Query, read
from reconcile.read.layouts.layout import Layout
from reconcile.read.layouts.positions import FixedWidth
from reconcile.remarks import ASIDE, REMARKS, Kind, Sort

if TYPE_CHECKING:
    from reconcile.read import ReadResult

KEY = SsnKey(bytes(32))
PAGE = Path(__file__).parents[1] / "docs" / "reading.md"
WORDS_TO_ACT = (
    "Add|Call|Check|Copy|Correct|Delete|Draft|Export|Extract|Fill|Find|Format|Give|Have|Leave|Look|Make|Map|"
    "Mend|Name|Open|Pass|Put|Rename|Say|Select|Store|Take|Trim|Unmerge|Write"
)
REMEDY = re.compile(rf"(?:^|[.;] |, )(?:{WORDS_TO_ACT}|{WORDS_TO_ACT.lower()})\b")
ONE_OF_MANY = re.compile(r"(?<![0-9,.-])1 (?!is |was |has )[a-z]+s\b|spacess")
# Whoever stands in the files; a message that holds one of these tells a value.
PEOPLE = "Quillon", "Brandtner", "Vesely", "Ottoway", "Imre"
NINE = [f"{place}{70 + place % 20}{1234 + place}" for place in range(110, 770, 11)]


@dataclass
class Shown:
    """A file that shows a kind.

    Attributes:
        content: the file, or the files of a folder of parts by name.
        line: where it is noted, None for the whole file.
        name: how the file is called.
        layout: to read it with.
        given: other arguments of `read`.
    """

    content: str | bytes | dict[str, str]
    line: int | None = None
    name: str = "extract.csv"
    layout: str | Layout | None = None
    given: dict[str, Any] = field(default_factory=dict)

    def read(self, folder: Path) -> ReadResult:
        place: Any = folder / self.name
        files = self.content if isinstance(self.content, dict) else {self.name: self.content}
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        if isinstance(self.content, dict):
            place = [folder / name for name in files]
        return read(place, layout=self.layout, ssn_key=KEY, **self.given)


def people(*rows: str, head: str = "id,last_name,birthdate", line: int | None = 2, **options) -> Shown:
    """Rows of students, read with a layout."""
    given = {"options": options} if options else {}
    return Shown("\n".join([head, *rows, ""]), line, layout="generic", given=given)


def other(layout: str, text: str, line: int | None = None, **options) -> Shown:
    return Shown(text, line, layout=layout, given={"options": options} if options else {})


def sheet(*rows: Any, line: int | None, **options) -> Shown:
    return Shown(workbooks.workbook(("Fall", rows), **options), line, "extract.xlsx")


def cells(more: str, *, line: int) -> Shown:
    head = f'<row r="1">{workbooks.text_cell("A1", "last_name")}{workbooks.text_cell("B1", "units")}</row>'
    return Shown(workbooks.bare_xlsx(f'{head}<row r="2">{workbooks.text_cell("A2", "Quillon")}{more}'), line)


def columns(*, line: int | None = None, **made: Any) -> Shown:
    out = io.BytesIO()
    pq.write_table(pa.table({"last_name": ["Quillon", "Brandtner"], **made}), out)
    return Shown(out.getvalue(), line, "extract.parquet")


def fixed(*lines: str, line: int, **settings: Any) -> Shown:
    positions = {"sis_id": (1, 4), "last_name": (5, 14), "zip": (15, 19)}
    layout = Layout(
        name="ours.toml",
        table="students",
        title="ours",
        required={"sis_id": ["sis_id"], "last_name": ["last_name"]},
        optional={"zip": ["zip"]},
        fixed=FixedWidth(positions=positions, **settings),
    )
    return Shown("\n".join([*lines, ""]), line, "extract.txt", layout)


FIXED = [f"A{at:03}{name:<10}9411{at}" for at, name in enumerate((*PEOPLE, "Lee", "Ng", "Ko"))]
ROWS = [f"{at},{name},19{80 + at}-02-03" for at, name in enumerate(PEOPLE, 1)]
PLAIN = "\n".join(["id,last_name,birthdate", *ROWS, ""])
MANY = "".join(f"{at},Quillon,7{at}\n" for at in range(20))

FILES: dict[Kind, Shown] = {
    # Rows that take no part.
    "bad_line": Shown('{"id":"1","last_name":"Quillon"}\n{"id":"2","last_name":\n{"id":"3"}\n', 2),
    "control_inside": fixed(*FIXED, "B001Imre\t      94110", line=9),
    "header_repeated": Shown(PLAIN + PLAIN, 7),
    "id_missing": people(*ROWS, ",Quillon,1987-02-03", line=7),
    "id_not_unique": people(*ROWS, "1,Vesely,1987-02-03"),
    "no_current_row": other("banner", "ID,PIDM,CHANGE_IND,LAST_NAME,FIRST_NAME\nA1,1,N,Quillon,Imre\n", 2),
    "ragged": Shown(PLAIN + "9,Quillon\n8,Vesely,1987-02-03\n", 7),
    "role_unknown": other("banner", "ID,PIDM,CHANGE_IND,LAST_NAME,FIRST_NAME\nA1,1,X,Quillon,Imre\n", 2),
    "second_table": Shown(PLAIN + "college,students\nNorth,12\nSouth,14\nWest,19\n", 7),
    "short_line": fixed(*FIXED, "B00", line=9),
    # How the text is written.
    "encoding_guess": Shown("id,last_name\n1,Quillón\n2,Ñu\n".encode("cp1252")),
    "encoding_mixed": Shown("id,n\n1,Quillón\n2,Vesély\n".encode() + "3,Ótto\n".encode("cp1252"), 4),
    "encoding_twice": Shown("id,n\n1,Lee\n2,QuillÃ³n\n3,Ng\n", 3),
    "truncated": Shown("id,last_name\n1,Quillon\n".encode("utf-16")[:-1]),
    "nul_bytes": Shown("id,last_name\n1,Quil\0lon\n2,Vesely\n", 2),
    "control_kept": Shown("id,last_name\n1,Quil\alon\n2,Vesely\n", 2),
    "mark_inside": Shown("id,last_name\n1,Quillon\n\ufeff2,Vesely\n", 3),
    "line_end_guess": Shown("id,last_name\x1e1,Quillon\x1e2,Vesely\x1e"),
    "line_end_mixed": Shown("id,last_name\n1,Quillon\r2,Vesely\n3,Imre\n", 2),
    "page_break": fixed(*FIXED[:3], "\f" + FIXED[3], *FIXED[4:], line=4),
    # How fields are cut.
    "delimiter_guess": Shown("id:last_name:zip\n1:Quillon:94110\n2:Vesely:94112\n3:Imre:94113\n"),
    "delimiter_changed": Shown(PLAIN + "7;Quillon;1987-02-03\n", 7),
    "trailing_delimiter": Shown(PLAIN + "7,Quillon,1987-02-03,\n", 7),
    "quote_guess": Shown("id,last_name\n'1','Quillon, Jr.'\n'2','Vesely'\n'3','Imre'\n"),
    "escape_guess": Shown('id,last_name\n1,"Quillon \\"Q\\" Imre"\n2,"Vesely"\n'),
    "stray_quote": Shown(PLAIN + '7,"Quil"lon",1987-02-03\n', 7),
    "multiline_doubt": Shown('id,last_name,note\n1,Vesely,"x\n3,Quillon,5\nor so"\n8,Imre,z\n', 2),
    "looks_fixed": Shown("".join(f"{line}\n" for line in FIXED), name="extract.txt"),
    "other_records": fixed("HEAD20261120", *FIXED, line=1, record_type=(1, 1), keep=("A",)),
    "cut_field": fixed(*FIXED[:6], "A009Quillon   94", *FIXED[6:], line=7),
    "long_line": fixed(*FIXED, "A009Quillon   94110 more", line=9),
    # What stands around the rows.
    "preamble": Shown("Students of the fall\n" + PLAIN, 1),
    "header_comment": Shown("#id,last_name,birthdate\n" + "".join(f"{row}\n" for row in ROWS), 1),
    "comment_doubt": Shown(PLAIN + "#7,Quillon,1987-02-03\n", 7),
    "ruler": Shown(PLAIN.replace("\n", "\n---,---------,----------\n", 1), 2),
    "no_header": Shown("".join(f"{row}\n" for row in ROWS)),
    "header_rows": Shown("Student,,Units\nid,name,earned\n" + MANY),
    "header_doubt": Shown("id,last_name,as of 2026-08-15\n1,Quillon,x\n"),
    "header_twice": Shown("id,last_name,last_name\n1,Quillon,Vesely\n"),
    "header_empty": Shown("id,,last_name\n1,Imre,Quillon\n"),
    "row_of_words": Shown("id,last_name,units\nStudent,Name,Units earned\n" + MANY, 2),
    "empty_column": Shown("id,last_name,\n1,Quillon,\n2,Vesely,\n"),
    "blank_file": Shown("\n\n\n"),
    "blank_lines": Shown(PLAIN + "\n7,Quillon,1987-02-03\n", 7),
    "footer": Shown(PLAIN + "5 rows selected.\n", 7),
    "empty_row": Shown(PLAIN + ",,\n7,Quillon,1987-02-03\n", 7),
    "table_doubt": Shown(PLAIN + "\nX,12,Vesely\nY,14,Imre\n", 8),
    "footer_doubt": Shown(PLAIN + "Without those who withdrew,,\n", 7),
    "report_row": Shown(PLAIN + "Sum of the page,,5\n7,Quillon,1987-02-03\n", 7),
    "no_rows": Shown("id,last_name\n"),
    # What spreadsheets, other formats and databases bring along.
    "cell_error": sheet(["id", "last_name"], ["1", "=A1"], ["2", "Quillon"], line=2),
    "formula_without_value": cells('<c r="B2"><f>1+1</f></c></row>', line=2),
    "merged_cells": cells(
        f'{workbooks.text_cell("B2", "x")}</row></sheetData><mergeCells count="1"><mergeCell ref="B2:B3"/>'
        "</mergeCells><sheetData>",
        line=2,
    ),
    "zeros_shown": sheet(["id", "last_name"], [(12, "00000"), "Quillon"], [(13, "00000"), "Imre"], line=None),
    "date_doubt": sheet(
        ["last_name", "birthdate"],
        ["Quillon", (date(1987, 2, 3), "yyyy-mm-dd")],
        ["Vesely", "02/03/1987"],
        line=3,
    ),
    "date_1904": sheet(["last_name", "birthdate"], ["Quillon", 31000], line=2, date_1904=True),
    "date_range": columns(day=pa.array([0, 2**31 - 1], pa.int32()).cast(pa.date32()), line=2),
    "nested_column": columns(units=[["a"], ["b"]]),
    "nested_value": Shown('{"id":"1","last_name":["Quillon"]}\n{"id":"2","last_name":"Vesely"}\n', 1),
    "index_column": columns(__index_level_0__=[1, 2]),
    "binary_column": columns(photo=[b"\xff\xfe", b"\x80"]),
    "guarded": Shown("id,units\n'0012,3\n'0013,4\n'0014,5\n"),
    "column_order": Shown({"fall.csv": "id,last_name\n1,Quillon\n", "spring.csv": "last_name,id\nImre,2\n"}),
    "same_part": Shown(dict.fromkeys(("fall.csv", "spring.csv"), "id,last_name\n1,Quillon\n"), 3),
    # Ids.
    "id_scientific": people("4.56E+11,Quillon,1987-02-03", "4.57E+11,Imre,1987-02-04"),
    "float_ids": people("1001.0,Quillon,1987-02-03", "1002.0,Imre,1987-02-04"),
    "digits_lost": people("1234567890123450000,Quillon,1987-02-03", "1234567890123460000,Imre,1987-02-04"),
    "id_zeros_lost": people("001234,Quillon,", "002345,Imre,1987-02-04", "3456,Lee,1987-02-05", line=4),
    "ssn_hidden": Shown("id,note\n1,212-09-9998\n2,Quillon\n"),
    "ssn_decimal": people("1,Quillon,212099998.0", "2,Imre,", head="id,last_name,ssn", line=None),
    "ssn_unusable": people("1,Quillon,12099998", "2,Imre,", head="id,last_name,ssn", line=None),
    "id_is_ssn": people("212099998,Quillon,212-09-9998", head="id,last_name,ssn", line=None),
    "id_may_be_ssn": people(*(f"{nine},Quillon,1987-02-03" for nine in NINE), line=None),
    "no_additional_ids": other(
        "banner", "ID,LAST_NAME,FIRST_NAME,ADDITIONAL_ID,ADID_CODE\nA1,Quillon,Imre,,\n"
    ),
    "cccid_under_other_code": other(
        "banner",
        "ID,LAST_NAME,FIRST_NAME,ADDITIONAL_ID,ADID_CODE\nA1,Quillon,Imre,ABD1234,CCCD\n"
        "A2,Vesely,Imre,ABD1235,XYZ\nA3,Ottoway,Imre,ABD1236,XYZ\n",
    ),
    "future_id": other(
        "peoplesoft",
        "EMPLID,LAST_NAME,FIRST_NAME,EXTERNAL_SYSTEM_ID,EXTERNAL_SYSTEM,EFFDT\n"
        "1,Quillon,Imre,ABD1234,CID,2027-01-01\n",
        2,
        as_of="2026-11-30",
    ),
    "future_row": other(
        "peoplesoft",
        "EMPLID,LAST_NAME,FIRST_NAME,EFFDT\n1,Quillon,Imre,2020-01-01\n1,Vesely,Imre,2027-01-01\n",
        3,
        as_of="2026-11-30",
    ),
    "multivalue_mismatch": other(
        "colleague",
        "ID,LAST.NAME,FIRST.NAME,PERSON.ALT.IDS,PERSON.ALT.ID.TYPES\n1,Quillon,Imre,ABD1234|77,CCID\n",
        2,
    ),
    # Dates.
    "date_serial": people("1,Quillon,31811", "2,Imre,1987-02-04"),
    "two_digit_year": people("1,Quillon,02/23/87", "2,Imre,03/24/88"),
    "day_month_doubt": people("1,Quillon,02/03/1987", "2,Imre,03/04/1988"),
    "date_unreadable": people(*ROWS, "7,Quillon,Feb of 1987", line=7),
    "date_placeholder": people(*ROWS, "7,Quillon,1900-01-01", line=7),
    # What a layout makes of the columns and rows.
    "unmapped_columns": people("1,Quillon,x", head="id,last_name,shoe size", line=None),
    "never_delivered": other("openccc", "ccc_id,lastname,password\nABD1234,Quillon,Imre\n"),
    "unknown_value": other("banner", "ID,LAST_NAME,FIRST_NAME,CREDIT\nA1,Quillon,Imre,Q\n"),
    "row_repeated": people(ROWS[0], *ROWS, line=3),
    "conflict": people("1,Quillon,ab@example.org", "1,Quillon,cd@example.org", head="id,last_name,email"),
    "not_submitted": other("superglue", "ccc_id,sis_id,submitted,status\nABD1234,Quillon,2026-01-02,I\n", 2),
    "rescinded": other("fraud", "cccId,reportedDate,rescindDate\nABD1234,2026-01-02,2026-01-03\n", 2),
}


def test_each_kind_has_a_file_and_a_title() -> None:
    assert {*get_args(Kind)} == {*REMARKS} == {*FILES} | {"padding"}
    assert len({remark.title for remark in REMARKS.values()}) == len(REMARKS)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_shows_it(kind: Kind, tmp_path: Path) -> None:
    shown = FILES[kind]
    made = shown.read(tmp_path)
    noted = made.diagnostics.filter(kind=kind)
    assert noted.height, made.diagnostics["kind"].to_list()
    assert noted["line"][0] == shown.line
    assert made.source.rows == made.frame.height + made.folded + made.quarantined
    if kind in ASIDE:
        assert made.quarantined == noted.height
    require_message(noted["message"][0], made.frame)
    told = made.noticed()
    assert REMARKS[kind].title in told.frame["title"]
    assert told.sheet.title == f"{made.source.path.name}: what was noticed"
    if made.source.parts:
        assert noted["message"][0].startswith("spring.csv: ")


def test_an_answer_of_a_database_shows_blanks_of_char_columns(tmp_path: Path) -> None:
    place = tmp_path / "sis.sqlite"
    with closing(sqlite3.connect(place)) as base:
        base.executescript(
            "CREATE TABLE person (name); INSERT INTO person VALUES ('Quillon  '), ('Brandtner')"
        )
    made = read(Query(url=f"sqlite:///{place}", sql="SELECT name FROM person"))
    assert made.diagnostics.select("line", "kind", "column").rows() == [(None, "padding", "name")]
    require_message(made.diagnostics["message"][0], made.frame)


def require_message(message: str, frame: pl.DataFrame) -> None:
    """It says what to do, in the number that the count asks for, and holds no value of the file."""
    assert REMEDY.search(message), message
    assert message.endswith((".", "`.")), message
    assert not ONE_OF_MANY.search(message), message
    texts = frame.select(pl.col(pl.String)).to_dict(as_series=False).values()
    values = {text for column in texts for text in column if text and len(text) > 4}
    assert not [value for value in {*PEOPLE, *values} if value in message], message


def table_under(heading: str) -> list[list[str]]:
    """The rows of the table under a heading of the page on reading."""
    part = PAGE.read_text(encoding="utf-8").split(f"# {heading}\n")[1].split("\n#")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "sort"),
    [("Rows that were set aside", Sort.ASIDE), ("Repairs", Sort.REPAIR), ("Doubts", Sort.DOUBT)],
)
def test_the_page_lists_every_kind_under_its_title(heading: str, sort: Sort) -> None:
    listed = [(kind.strip("`"), title) for title, kind, *_ in table_under(heading)]
    known = [(kind, remark.title) for kind, remark in REMARKS.items() if remark.sort is sort]
    assert listed == known
    for _, kind, done, remedy in table_under(heading):
        assert done.endswith("."), kind
        assert re.match(rf"(?:{WORDS_TO_ACT})\b.*\.$", remedy), kind


def test_the_page_states_the_limits_as_they_are() -> None:
    stated = {name.strip("`"): int(most.replace(",", "")) for name, _, most in table_under("Limits")}
    assert stated == asdict(Limits())
