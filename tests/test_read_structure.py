from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text import structure
from reconcile.read.text.structure import mend_lines, mend_returns, scan

CELLS = st.text(alphabet='ab ,"\n', max_size=4)


def written(rows: list[list[str]], end: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode()


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6), st.sampled_from(["\n", "\r\n"]), st.data()
)
def test_it_agrees_with_a_reader_of_one_record_at_a_time(
    rows: list[list[str]], end: str, data: st.DataObject
):
    text = written(rows, end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "_CHUNK", data.draw(st.integers(1, 9)))
        found = scan(text, ",")
    assert found.clean
    assert found.fields.tolist() == [len(row) for row in rows]
    pieces = [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)]
    parsed = [next(csv.reader(io.StringIO(p.decode(), newline=""))) for p in pieces]
    assert parsed == rows
    assert found.lines.tolist() == [text.count(b"\n", 0, start) + 1 for start in found.starts]


@pytest.mark.parametrize("text", ['a,b"c\n', 'a,"b" c\n', 'a,"b\n', 'a, "b"\n', '"a"\rb\n'])
def test_quotes_out_of_order_are_not_clean(text: str):
    assert not scan(text.encode(), ",").clean


def test_a_last_line_without_a_line_end():
    found = scan(b"a,b\n1,2", ",")
    assert (found.fields.tolist(), found.ends.tolist()) == ([2, 2], [3, 7])


def test_line_ends_of_all_kinds():
    found = Diagnostics()
    assert mend_lines(b"a,b\r1,2\r", found) == b"a,b\n1,2\n"
    assert mend_lines(b"a,b\r\r\n1,2\r\r\n", found) == b"a,b\r\n1,2\r\n"
    assert mend_lines(b'a,"b\r\nc"\r\n', found) == b'a,"b\r\nc"\r\n'
    assert found.frame().is_empty()
    assert mend_lines(b"a,b\n\r1,2\n\r", found) == b"a,b\n1,2\n"
    assert found.frame().is_empty()


def test_returns_end_the_lines_where_all_line_feeds_are_quoted():
    found = Diagnostics()
    assert mend_lines(b'a,b\r1,"x\ny"\r2,z\r', found) == b'a,b\n1,"x\ny"\n2,z\n'
    assert mend_lines(b'a,b\n1,"x\ry"\n2,z\r3\n', found) == b'a,b\n1,"x\ry"\n2,z\r3\n'
    assert found.frame().is_empty()


@pytest.mark.parametrize("end", ["\x1e", "\u2028", "\x85"])
def test_line_ends_that_are_rare_are_a_guess(end: str):
    found = Diagnostics()
    assert mend_lines(f"a,b{end}1,2{end}".encode(), found) == b"a,b\n1,2\n"
    assert found.frame()["kind"].to_list() == ["line_end_guess"]


def test_a_lone_return_ends_a_line_unless_it_stands_in_a_value():
    found = Diagnostics()
    assert mend_returns(b'a,b\n1,2\r3,"x\ry"\n4,u\rv\n', ",", 2, found) == b'a,b\n1,2\n3,"x\ry"\n4,u\rv\n'
    assert found.frame().select("line", "kind").rows() == [(2, "line_end_mixed")]
    assert mend_returns(b"a\r\n1\r2\r\n", ",", 1, found) == b"a\r\n1\n2\r\n"


def test_nul_bytes_are_taken_out_and_named():
    found = Diagnostics()
    assert mend_lines(b"a,b\n1\0,2\n3,4\n\0\0", found) == b"a,b\n1,2\n3,4\n"
    assert found.frame()["line"].to_list() == [2, 4]
