from __future__ import annotations

import csv
import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.read.text import structure
from reconcile.read.text.careful import Mended, Record, _close, records

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


def parsed(text: bytes | str) -> list[list[str]]:
    plain = text.decode() if isinstance(text, bytes) else text
    return list(csv.reader(io.StringIO(plain, newline="")))


@given(
    st.text(alphabet='ab1,"\n\r é', min_size=1, max_size=80), st.integers(1, 4), st.sampled_from([8, 1 << 22])
)
@settings(max_examples=400, deadline=None)
def test_mending_only_what_is_damaged_gives_what_the_rule_gives(text: str, width: int, chunk: int):
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    expected = list(records(lines, ",", width))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "_CHUNK", chunk)
        made = Mended(text.encode(), ",", width)
    assert made.lines.tolist() == [r.line for r in expected]
    assert made.widths.tolist() == [r.width for r in expected]
    assert made.stray.tolist() == [r.stray for r in expected]
    for i, record in enumerate(expected):
        if record.width:
            assert parsed(made.text(np.array([i]))) == parsed(record.text + "\n")
    every = np.arange(len(expected))
    for rows in (every, every[::2], every[1:]):
        assert made.text(rows) == b"".join(made.text(rows[i : i + 1]) for i in range(len(rows)))


def test_one_stray_quote_costs_one_record():
    sound = [f'"{i}","a ""quoted"" name",x' for i in range(1000)]
    made = Mended("\n".join([*sound[:500], '1,"a,3', *sound[500:]]).encode(), ",", 3)
    assert len(made._texts) == 1
    assert made.stray.nonzero()[0].tolist() == [500]


def test_a_quote_that_closes_lines_below_is_found_like_one_that_closes_at_once():
    pieces = ['"a b" c', 'x ""y"" z', ' "" ', "plain", 'e"f']
    for first, second, third in itertools.product(pieces, repeat=3):
        text = f'1,"{first}\n{second}\n{third}",3'
        at_once = _close(text, 3, ",")
        line, told = "", (None, -1, False)
        for piece in text.split("\n"):
            seen, line = len(line), f"{line}\n{piece}" if line else piece
            told = _close(line, 3, ",", seen=seen, stray=told[2])
            if told[0] is not None:
                break
        assert told == at_once
