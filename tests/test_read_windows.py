"""A text that is read window by window gives what it gives in one piece."""

import csv
import gzip
import io
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconcile.errors import InputError
from reconcile.read import read
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text import windows
from reconcile.read.text.encoding import to_utf8
from reconcile.read.text.table import parse
from reconcile.read.text.windows import LargeText

_TEXTS = ["Ann", "Ä", "", "Main St, Apt 7", "two\nlines", 'so "called"', 'x\n"y", z\n']
_WORDS = st.sampled_from(_TEXTS)
_ROWS = st.lists(st.tuples(st.integers(1000, 9999).map(str), _WORDS, _WORDS), min_size=40, max_size=120)


def _in_windows(data: bytes, size: int, *, encoding: str | None = None) -> tuple[pl.DataFrame, LargeText]:
    text = LargeText(
        path=Path("large.csv"),
        open=lambda: io.BytesIO(data),
        encoding=encoding,
        delimiter=None,
        known=frozenset(),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW", size)
        parts = list(text)
    frame = pl.concat([part.frame.with_columns(part.lines) for part in parts])
    return text.finish(frame), text


def _whole(data: bytes) -> tuple[pl.DataFrame, Diagnostics]:
    found = Diagnostics()
    text, _ = to_utf8(data, Path("large.csv"), found, encoding=None)
    raw = parse(text, Path("large.csv"), found)
    return raw.frame.with_columns(raw.lines), found


def _written(rows, *, delimiter=",", end="\n") -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
    writer.writerow(["number", "first", "second"])
    writer.writerows(rows)
    return out.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=_ROWS, size=st.integers(400, 900), crlf=st.booleans())
def test_windows_give_what_the_whole_text_gives(rows, size, crlf):
    data = _written(rows, end="\r\n" if crlf else "\n").encode()
    whole, _ = _whole(data)
    parts, text = _in_windows(data, size)
    assert parts.equals(whole)
    assert text.encodings.keys() == {"utf-8"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_letters_are_read_wherever_a_window_ends(encoding):
    rows = [(str(1000 + i), "Muñoz", f"peña {i}") for i in range(200)]
    data = _written(rows, delimiter=";").encode(encoding)
    for size in (101, 256, 1000):
        parts, _ = _in_windows(data, size)
        assert parts.drop("line").rows() == rows


def test_an_encoding_that_is_told_is_used_and_its_faults_are_placed():
    data = _written([(str(i), "Muñoz", "x") for i in range(1000, 1100)]).encode("cp1252")
    parts, text = _in_windows(data, 300, encoding="cp1252")
    assert parts["first"].unique().to_list() == ["Muñoz"]
    assert [*text.encodings] == ["cp1252"]
    with pytest.raises(InputError, match=r"large\.csv, line 2: the text is not written in"):
        _in_windows(data, 300, encoding="utf-8")


def test_a_stray_quote_costs_its_own_record_only():
    rows = [f"{i},Ann,Main St" for i in range(1000, 1400)]
    rows[150] = '1150,"Ann,Main St'
    data = ("number,first,street\n" + "\n".join(rows) + "\n").encode()
    parts, text = _in_windows(data, 1000)
    assert parts.height == 400
    kinds = text.found.frame().filter(pl.col("line") == 152)["kind"].to_list()
    assert "stray_quote" in kinds


def test_rows_of_another_width_and_a_footer_are_found_in_their_windows():
    rows = [f"{i},Ann,Main St" for i in range(1000, 1400)]
    rows[200] = "1200,Ann"
    data = ("number,first,street\n" + "\n".join(rows) + "\n400 rows selected.\n").encode()
    parts, text = _in_windows(data, 700)
    noticed = text.found.frame()
    assert parts.height == 399
    assert noticed.select("line", "kind").rows() == [(202, "ragged"), (402, "footer")]
    assert parts.filter(pl.col("number") == "1399")["line"].item() == 401


def test_a_column_without_name_goes_only_if_it_is_empty_everywhere():
    empty = "a,b,\n" + "1,2,\n" * 300
    parts, text = _in_windows(empty.encode(), 200)
    assert parts.columns == ["a", "b", "line"]
    assert text.found.frame()["kind"].to_list() == ["empty_column"]
    filled = empty + "1,2,3\n"
    parts, text = _in_windows(filled.encode(), 200)
    assert parts.columns == ["a", "b", "column 3", "line"]
    assert text.found.frame()["kind"].to_list() == ["header_empty"]


def test_a_record_without_end_is_refused_before_memory_is():
    data = b"a,b\n" + b"1,2\n" * 40 + b'3,"' + b"x\n" * 5000
    with pytest.raises(InputError, match="does not end"):
        _in_windows(data, 64)


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_is_read_like_a_small_one(tmp_path, monkeypatch, packed):
    rows = [(str(1000 + i), "Muñoz", f"{i % 7}") for i in range(500)]
    text = _written(rows).encode()
    path = tmp_path / "large.csv"
    path.write_bytes(gzip.compress(text) if packed else text)
    small = read(path)
    monkeypatch.setattr(import_module("reconcile.read.open"), "HELD", 1000)
    monkeypatch.setattr(windows, "WINDOW", 999)
    large = read(path)
    assert large.frame.equals(small.frame)
    assert large.source == small.source
    assert large.diagnostics.is_empty()
    fields = {"sis_id": "number", "last_name": "first", "first_name": "second"}
    mapped = read(path, layout="generic", options={"columns": fields})
    assert mapped.frame["last_name"].unique().to_list() == ["Muñoz"]
    assert mapped.frame.height == 500


def test_an_ssn_is_hidden_in_all_windows_though_one_alone_shows_it(tmp_path, monkeypatch):
    rows = [(str(212000000 + 7 * i), "Ann", "") for i in range(300)]
    rows[250] = ("212000007", "Ann", "212-00-0007")  # the id of the second row, too
    rows[280] = ("A0000001", "her SSN is 212001001", "")
    path = tmp_path / "large.csv"
    path.write_text(_written(rows).replace("number,first,second", "id,note,ssn"), encoding="utf-8")
    small = read(path)
    monkeypatch.setattr(import_module("reconcile.read.open"), "HELD", 1000)
    monkeypatch.setattr(windows, "WINDOW", 999)
    large = read(path)
    assert large.frame.equals(small.frame)
    assert large.source == small.source
    assert large.diagnostics.equals(small.diagnostics)
    hidden = large.frame.filter(pl.col("id").str.starts_with("ssn:"))
    assert hidden.height == 2
    assert large.frame["note"][280] == "her SSN is [SSN]"
    assert "212000007" not in large.frame.write_csv()
