"""What any writer wrote is read, whatever the dialect and the encoding."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import polars as pl
from fuzz_read import mutated
from fuzz_read import read as fuzz
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text.encoding import to_utf8
from reconcile.read.text.table import parse

PATH = Path("extract.csv")
WORDS = st.sampled_from(
    [
        "NA",
        "Null",
        "None",
        "True",
        "nan",
        "0012",
        "1E10",
        "-",
        "Ann Marie",
        " x ",
        'a "b" c',
        "x, y; z|w",
        "first\nsecond",
    ]
)
CELLS = st.one_of(
    WORDS,
    st.text(
        st.characters(
            codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff"
        ),
        max_size=6,
    ),
)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=3, max_size=6)
)
GUESSES = {
    "comment_doubt",
    "delimiter_guess",
    "empty_row",
    "encoding_guess",
    "encoding_twice",
    "footer_doubt",
    "multiline_doubt",
}


def back(data: bytes, delimiter: str | None = None) -> tuple[list[str], list[tuple[str, ...]], set[str]]:
    found = Diagnostics()
    text, _ = to_utf8(data, PATH, found, encoding=None)
    frame = parse(text, PATH, found, delimiter=delimiter, names=frozenset({"sisid", "lastname"})).frame
    rows = [tuple(cell or "" for cell in row) for row in frame.rows()]
    return frame.columns, rows, {*found.frame()["kind"]}


def named(width: int) -> list[str]:
    return ["sis_id", "last_name", "note", "street", "code"][:width]


@given(
    TABLES,
    st.sampled_from(",;\t|^~"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_a_writer_wrote_is_read(
    rows: list[list[str]], delimiter: str, end: str, encoding: str, quoting: int
):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(
        [named(len(rows[0])), *rows]
    )
    text = out.getvalue()
    if encoding == "utf-16-be":
        text = "\ufeff" + text
    names, read, kinds = back(text.encode(encoding), delimiter)
    assert names == named(len(rows[0]))
    assert read == [tuple(row) for row in rows]
    assert kinds <= GUESSES


@given(TABLES, st.sampled_from(",;\t|"))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_what_polars_wrote_is_read(rows: list[list[str]], delimiter: str):
    frame = pl.DataFrame(rows, schema=named(len(rows[0])), orient="row")
    names, read, kinds = back(frame.write_csv(separator=delimiter).encode(), delimiter)
    assert (names, read) == (frame.columns, frame.rows())
    assert kinds <= GUESSES


def test_damaged_text_is_read_or_refused():
    rng = random.Random(11)  # noqa: S311 - repeatable
    for _ in range(150):
        fuzz(mutated(rng))
