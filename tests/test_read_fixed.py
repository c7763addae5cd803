"""Lines of fixed width: by positions they are read, and without any they are told by their blanks."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.errors import InputError
from reconcile.privacy import SsnKey
from reconcile.read import read
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.layouts.layout import Layout, load_layout
from reconcile.read.layouts.positions import FixedWidth
from reconcile.read.text.blanks import find_fields
from reconcile.read.text.fixed import read_fixed

KEY = SsnKey(bytes(32))
POSITIONS = {"sis_id": (1, 9), "last_name": (10, 24), "first_name": (25, 36), "birthdate": (37, 44)}
POSITIONS |= {"zip": (45, 49)}


def row(at: int, *, last: str = "", born: str = "20010203", zip_code: str = "94110") -> str:
    return (
        f"A{at:08}{last or 'Garcia' + 'a' * (at % 5):<15}{'Ána' + 'a' * (at % 4):<12}{born:<8}{zip_code:<5}"
    )


ROWS = [row(at) for at in range(1, 31)]


def layout(**settings) -> Layout:
    fixed = FixedWidth(positions=POSITIONS, **settings)
    fields = {name: [name] for name in POSITIONS}
    required = {name: fields.pop(name) for name in ("sis_id", "last_name")}
    return Layout(
        name="ours.toml", table="students", title="ours", required=required, optional=fields, fixed=fixed
    )


def cut(lines: list[str], *, end: str = "\n", **settings):
    found = Diagnostics()
    raw = read_fixed(end.join([*lines, ""]).encode(), layout(**settings), Path("sb.txt"), found)
    assert raw.rows == raw.frame.height + raw.rejected
    assert raw.lines.len() == raw.frame.height
    return raw, [(line, kind) for line, kind in found.frame().select("line", "kind").rows()]


def test_a_clean_file_is_read_by_characters_without_a_diagnostic(tmp_path: Path):
    path = tmp_path / "students.txt"
    path.write_bytes(("\r\n".join(ROWS) + "\r\n\x1a").encode("cp1252"))
    made = read(path, layout=layout(), encoding="cp1252", ssn_key=KEY)
    assert made.source.dialect == "fixed width"
    assert made.frame["sis_id"].to_list() == [f"A{at:08}" for at in range(1, 31)]
    assert made.frame.row(0, named=True)["first_name"] == "Ánaa"
    assert (made.frame["birthdate"][0], made.frame["zip"][0]) == ("20010203", "94110")
    assert made.diagnostics.is_empty()


def test_blanks_that_were_cut_off_are_no_finding():
    raw, noted = cut([row(0, zip_code="", born=""), *(line.rstrip() for line in ROWS)])
    assert noted == []
    assert raw.frame.row(0)[3:] == (None, None)


@pytest.mark.parametrize(
    ("lines", "expected", "rejected"),
    [
        ([*ROWS[:5], ROWS[5][:40], *ROWS[6:]], [(6, "cut_field")], 0),
        ([row(1, zip_code=""), *ROWS[1:9], ROWS[9][:38], *ROWS[10:]], [(10, "cut_field")], 0),
        ([*ROWS[:5], "A00000", *ROWS[6:]], [(6, "short_line")], 1),
        ([*ROWS[:2], "", " " * 60, *ROWS[2:], ""], [(3, "blank_lines")], 0),
        ([*ROWS[:2], ROWS[2] + "  ", ROWS[3] + "+1", *ROWS[4:]], [(4, "long_line")], 0),
        ([*ROWS[:2], "\t" + ROWS[2], *ROWS[3:]], [(3, "control_inside")], 1),
        ([*ROWS[:2], ROWS[2].replace(" ", "\0"), *ROWS[3:]], [(3, "nul_bytes")], 0),
        ([*ROWS[:2], "\f" + ROWS[2], *ROWS[3:]], [(3, "page_break")], 0),
        ([*ROWS, "", "30 rows selected."], [(32, "footer")], 0),
        (["--------- -------------- -----", *ROWS], [(1, "ruler")], 0),
        ([f"{'ID':<9}{'NAME':<15}{'FIRST':<12}{'BORN':<8}ZIP  ", *ROWS], [(1, "header_doubt")], 0),
    ],
)
def test_what_is_odd_is_said_with_its_line(lines: list[str], expected: list, rejected: int):
    raw, noted = cut(lines)
    assert noted == expected
    assert raw.rejected == rejected


def test_titles_are_skipped_on_every_page():
    page = ["STUDENTS  Page 1", "ID       NAME"]
    raw, noted = cut([*page, *ROWS[:9], "\fSTUDENTS  Page 2", page[1], *ROWS[9:]], skip=2)
    assert raw.frame.height == len(ROWS)
    assert noted == [(12, "header_repeated"), (12, "page_break"), (13, "header_repeated")]
    raw, noted = cut(ROWS, skip=1)
    assert noted == [(1, "header_doubt")]


def test_other_record_types_are_counted_and_passed_over():
    lines = ["GI0000000", *ROWS[:20], "TX0000020"]
    raw, noted = cut(lines, record_type=(1, 2), keep=("A0",))
    assert (raw.frame.height, noted) == (20, [(1, "other_records")])
    with pytest.raises(InputError, match=r'record type SB at the characters 1 to 2.*"GI" 1'):
        cut(lines, record_type=(1, 2), keep=("SB",))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line.replace(" ", "\t") for line in ROWS], "most lines hold tabs"),
        ([line[:8] for line in ROWS], r"30 of 30 lines break off.*\[positions\] in ours\.toml"),
        ([], "no line below"),
    ],
)
def test_positions_that_cannot_be_right_are_refused(lines: list[str], message: str):
    with pytest.raises(InputError, match=message):
        cut(lines)


TEXTS = st.text(alphabet=string.ascii_letters + string.digits + " ,;\"'|éÑŁ東", max_size=8).map(str.strip)
TABLES = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), min_size=1, max_size=12)
)


@given(
    TABLES,
    st.lists(st.integers(0, 3), min_size=6, max_size=6),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=80, deadline=None)
def test_what_was_written_is_read(table: list[list[str]], more: list[int], strip: bool, end: str):
    table = [["x", *cells] for cells in table]  # a line on which nothing stands is no row
    columns = [*zip(*table, strict=True)]
    widths = [max(1, *map(len, column)) + extra for column, extra in zip(columns, [0, *more], strict=False)]
    starts = [1 + sum(widths[:at]) for at in range(len(widths))]
    places = {f"c{at}": (start, start + widths[at] - 1) for at, start in enumerate(starts)}
    lines = ["".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in table]
    text = end.join(line.rstrip() if strip else line for line in lines)
    given = Layout(
        name="t", table="students", title="t", required={"sis_id": ["c0"]}, fixed=FixedWidth(positions=places)
    )
    raw = read_fixed(text.encode(), given, Path("t.txt"), Diagnostics())
    assert raw.frame.rows() == [tuple(cell or None for cell in cells) for cells in table]


def test_a_layout_with_positions_goes_by_no_delimiter_and_a_field_by_its_own_name(tmp_path: Path):
    path, own = tmp_path / "students.txt", tmp_path / "ours.toml"
    path.write_text("\n".join(ROWS), encoding="utf-8")
    places = "\n".join(f"{name} = [{first}, {last}]" for name, (first, last) in POSITIONS.items())
    own.write_text(f'base = "banner"\n[positions]\n{places}\n', encoding="utf-8")
    assert read(path, layout=own, ssn_key=KEY).frame["sis_id"].to_list()[0] == "A00000001"
    with pytest.raises(InputError, match='"delimiter"'):
        read(path, layout=own, options={"delimiter": ","}, ssn_key=KEY)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("sis_id = [1, 9]\nlast_name = [9, 20]", r"sis_id = \[1, 9\] and last_name = \[9, 20\] overlap"),
        ("sis_id = [1, 9]\nlast_name = [12, 20]", "from 10 to 11 between sis_id and last_name"),
        ("sis_id = [2, 9]\nlast_name = [10, 20]", "from 1 to 1 between the beginning and sis_id"),
        ("sis_id = [10, 20]\nlast_name = [1, 9]", "last_name stands left of sis_id"),
        ("sis_id = [5, 4]", "ends before it begins"),
        ("sis_id = [0, 4]", "the first character of a line is 1"),
        ('sis_id = "1-9"', "no pair of whole numbers"),
        ("filler_1 = [1, 9]", "only fillers"),
        ("sis_id = [1, 9]\n[fixed]\nskp = 1", 'did you mean "skip"'),
        ("sis_id = [1, 9]\n[fixed]\nskip = -1", "no number of lines"),
        ("sis_id = [1, 9]\n[fixed]\nrecord_type = [1, 2]", "go together"),
        ('sis_id = [1, 9]\n[fixed]\nrecord_type = [1, 2]\nkeep = "SB1"', "longer than its place"),
    ],
)
def test_positions_that_are_none_are_refused_by_file_and_field(section: str, message: str, tmp_path: Path):
    own = tmp_path / "ours.toml"
    own.write_text(f'base = "generic"\n[positions]\n{section}\n', encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        load_layout(own)
    assert "ours.toml" in str(caught.value)
    assert "name = [first, last]" in str(caught.value)


def test_fillers_and_what_tells_the_type_leave_no_gap(tmp_path: Path):
    own = tmp_path / "ours.toml"
    own.write_text(
        'base = "generic"\n[positions]\nsis_id = [3, 9]\nfiller_1 = [10, 11]\nlast_name = [12, 20]\n'
        '[fixed]\nrecord_type = [1, 2]\nkeep = "SB"\n',
        encoding="utf-8",
    )
    fixed = load_layout(own).fixed
    assert fixed is not None
    assert [*fixed.columns] == ["sis_id", "last_name"]
    assert (fixed.width, fixed.keep) == (20, ("SB",))


@pytest.mark.parametrize(
    "lines",
    [
        ROWS,
        [f"{at:08} {'Lee' + 'e' * (at % 6) + ', Ann':<20}{20010101 + at} Fresno" for at in range(9)],
        [f"AAA{at:04}{'Garcia' + 'a' * (at % 8):<15}{'Ann' + 'b' * (at % 9):<12}x" for at in range(40)],
    ],
)
def test_fixed_width_without_positions_is_never_read_in_silence(lines: list[str], tmp_path: Path):
    path = tmp_path / "students.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    noted = read(path, ssn_key=KEY).diagnostics.filter(kind="looks_fixed")
    assert noted.height == 1
    assert "reconcile map FILE --fixed" in noted["message"][0]
    with pytest.raises(InputError, match="--fixed"):
        read(path, layout="generic", ssn_key=KEY)


def test_a_refusal_says_that_it_may_be_fixed_width(tmp_path: Path):
    path = tmp_path / "students.txt"
    path.write_text("\n".join([f"{'ID':<9}{'NAME':<15}{'FIRST':<12}{'BORN':<8}ZIP", *ROWS]), encoding="utf-8")
    with pytest.raises(InputError, match=r"is it fixed width.*--fixed"):
        read(path, ssn_key=KEY)


@pytest.mark.parametrize(
    "lines",
    [
        [f"A{at:08}" for at in range(40)],
        [f"Ann{'n' * (at % 9)}".ljust(50) for at in range(40)],
        ["Called the student  twice", "No answer.  Will call", "Moved to Fresno", "Two  names"] * 5,
        ["2024-01-05 10:00:00"] * 20,
    ],
)
def test_other_text_does_not_look_like_fixed_width(lines: list[str], tmp_path: Path):
    path = tmp_path / "other.csv"
    path.write_text("\n".join(["name", *lines]), encoding="utf-8")
    assert "looks_fixed" not in read(path, ssn_key=KEY).diagnostics["kind"]


def test_a_delimiter_between_padded_fields_is_believed(tmp_path: Path):
    path = tmp_path / "padded.csv"
    lines = [f"{at:<5},{'x' * (at % 7 + 1):<10},{at}" for at in range(40)]
    path.write_text("\n".join(["id   ,name      ,n", *lines]), encoding="utf-8")
    made = read(path, options={"delimiter": ","}, ssn_key=KEY)
    assert "looks_fixed" not in made.diagnostics["kind"]


def test_fields_are_found_below_titles_and_above_footers():
    lines = [f"{at:<6}{'x' * (at % 7 + 1):<9}{at:>5}" for at in range(1, 40)]
    assert find_fields(["Report of a day in fall 2026", *lines, "39 rows selected."]) == [
        (1, 2),
        (7, 13),
        (19, 20),
    ]
    assert find_fields(["one", "two"]) == []
