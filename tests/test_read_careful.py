from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.read.careful import Record, records

ROWS = st.lists(
    st.lists(st.text(alphabet='ab ,"\n', max_size=4), min_size=2, max_size=2), min_size=1, max_size=5
)


def fields(record: Record) -> list[str]:
    return next(csv.reader(io.StringIO(record.text, newline="")), [])


@given(ROWS)
def test_a_sound_file_is_read_as_others_read_it(rows: list[list[str]]):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["id", "name"], *rows])
    read = list(records(out.getvalue().split("\n")[:-1], ",", 2))
    assert [fields(r) for r in read[1:]] == rows
    assert not any(r.stray for r in read)


@pytest.mark.parametrize(
    ("line", "expected", "stray"),
    [
        ('1,"a "b" c",3', ["1", 'a "b" c', "3"], True),
        ('1,"a,3', ["1", '"a', "3"], True),
        ('1,a "b" c,3', ["1", 'a "b" c', "3"], True),
        ("1,5'10\",3", ["1", "5'10\"", "3"], False),
        ('1, "b, c" ,3', ["1", "b, c", "3"], True),
        ('1,"a""b",3', ["1", 'a"b', "3"], False),
        ('1,"",3', ["1", "", "3"], False),
        ('1,"a","b","c"', ["1", "a", "b", "c"], False),
        ("1,a\rb,3", ["1", "a\rb", "3"], False),
    ],
)
def test_a_stray_quote_stays_in_its_record(line: str, expected: list[str], stray: bool):
    read = list(records(["id,name,note", line, "4,5,6"], ",", 3))
    assert (read[1].line, read[1].width, fields(read[1]), read[1].stray) == (
        2,
        len(expected),
        expected,
        stray,
    )
    assert read[2] == (3, 3, "4,5,6", False)


def test_an_open_quote_does_not_swallow_the_rest():
    read = list(records(["a,b", '1,"x', "2,y", '3,"z"'], ",", 2))
    assert [fields(r) for r in read[2:]] == [["2", "y"], ["3", "z"]]


def test_blank_lines_are_records_without_fields():
    assert [r.width for r in records(["a,b", " ", "1,2"], ",", 2)] == [2, 0, 2]
