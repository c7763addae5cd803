"""What any writer wrote is read with nothing told, whatever the dialect, the line ends and the encoding.

Where a value could deceive the reader, its remark is as good as the table itself.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from fuzz_read import mutated
from fuzz_read import read as fuzz
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.privacy import SsnKey
from reconcile.read import read
from reconcile.remarks import REMARKS, Sort

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[list[str]]
    Reader = Callable[[bytes], tuple[list[str], Rows, set[str]]]

KEY = SsnKey(bytes(32))
USUAL = (",", ";", "\t", "|", "^", "~", "\x1f")
RARE = (":", "\x01", "||", "~|~", "::", ", ", "#|#")
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
WESTERN = ("cp1252", "latin-1", "mac_roman")
ENDS = ("\n", "\r\n", "\r")
HABITS = ("all", "needed", "texts")
# A guess, and what may stand in values: quotes, empty rows, signs that nobody sees.
SAID = {kind for kind, remark in REMARKS.items() if remark.sort is Sort.DOUBT} | {
    "stray_quote",
    "ragged",
    "delimiter_changed",
    "trailing_delimiter",
    "footer",
    "preamble",
    "header_repeated",
    "second_table",
    "encoding_mixed",
}
WORDS = st.sampled_from(
    [
        *("NA", "Null", "None", "True", "nan", "N/A", "(none)", "\\N", "-", "Total", "3 rows"),
        *("0012", "1E10", "3.5", "8:30", "05/17/2004", "#1", "$5", "50%"),
        *("a@b.example", "k=v&a=b", "c:\\dir", "O'Brien", "Ann Marie", " x ", "Garcia", "Lee"),
    ]
)
ODD = st.sampled_from(['a "b" c', "x, y; z|w", "first\nsecond", "'tis", "a~b", "^", ""])
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff"),
    max_size=6,
)
NAMES = ("Núñez", "Peña", "José", "María", "Zoë", "François", "Müller", "Lee", "Ng", "Ibarra")


def tables(cells: st.SearchStrategy[str]) -> st.SearchStrategy[Rows]:
    """Rows that begin with an id, of two to five fields."""
    return st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=3, max_size=8).map(
            lambda rows: [[f"{1000 + at}", *row] for at, row in enumerate(rows)]
        )
    )


@pytest.fixture(scope="module")
def back(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    path: Path = tmp_path_factory.mktemp("round") / "extract.csv"

    def answer(data: bytes) -> tuple[list[str], Rows, set[str]]:
        path.write_bytes(data)
        made = read(path, ssn_key=KEY)
        rows = [[cell or "" for cell in row] for row in made.frame.rows()]
        return made.frame.columns, rows, {*made.diagnostics["kind"]}

    return answer


def named(width: int) -> list[str]:
    return ["sis_id", "last_name", "note", "street", "code"][:width]


def written(rows: Rows, delimiter: str, end: str, habit: str) -> str:
    """As a writer of CSV does it, with a delimiter of any length."""

    def field(text: str) -> str:
        needs = any(sign in text for sign in {*delimiter, '"', "\n", "\r"})
        if habit == "all" or needs or (habit == "texts" and not text.isdigit()):
            return '"' + text.replace('"', '""') + '"'
        return text

    return "".join(delimiter.join(map(field, row)) + end for row in rows)


DIALECTS = st.tuples(st.sampled_from(USUAL), st.sampled_from(ENDS), st.sampled_from(HABITS))
ANY_DIALECTS = st.tuples(st.sampled_from(USUAL + RARE), st.sampled_from(ENDS), st.sampled_from(HABITS))


@given(tables(WORDS), DIALECTS, st.sampled_from(UNICODE))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_usual_values_are_read_as_they_are(
    back: Reader, rows: Rows, dialect: tuple[str, str, str], encoding: str
):
    names = named(len(rows[0]))
    data = written([names, *rows], *dialect).encode(encoding)
    read_names, read_rows, kinds = back(data)
    assert (read_names, read_rows) == (names, rows)
    assert kinds <= {"delimiter_guess", "encoding_guess", "footer_doubt", "report_row", "padding"}
    assert encoding in {"utf-16-le", "utf-16-be"} or "encoding_guess" not in kinds


@given(tables(st.one_of(WORDS, ODD, TEXTS)), ANY_DIALECTS, st.sampled_from(UNICODE))
@settings(max_examples=160, deadline=None, derandomize=True)
def test_any_values_are_read_or_something_is_said(
    back: Reader, rows: Rows, dialect: tuple[str, str, str], encoding: str
):
    names = named(len(rows[0]))
    data = written([names, *rows], *dialect).encode(encoding)
    read_names, read_rows, kinds = back(data)
    if (read_names, read_rows) != (names, rows):
        assert kinds & SAID


@given(st.lists(st.sampled_from(NAMES), min_size=30, max_size=40), DIALECTS, st.sampled_from(WESTERN))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_letters_of_one_byte_are_a_guess_that_is_right(
    back: Reader, people: list[str], dialect: tuple[str, str, str], encoding: str
):
    rows = [[f"{1000 + at}", name, "x"] for at, name in enumerate([*people, *NAMES])]
    read_names, read_rows, kinds = back(written([named(3), *rows], *dialect).encode(encoding))
    assert (read_names, read_rows) == (named(3), rows)
    assert kinds == {"encoding_guess"}


@given(tables(st.one_of(WORDS, ODD, TEXTS)), st.sampled_from(USUAL[:4]))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_polars_wrote_is_read(back: Reader, rows: Rows, delimiter: str):
    frame = pl.DataFrame(rows, schema=named(len(rows[0])), orient="row")
    names, read_rows, kinds = back(frame.write_csv(separator=delimiter).encode())
    assert (names, read_rows) == (frame.columns, rows) or kinds & SAID


def test_damaged_text_is_read_or_refused():
    rng = random.Random(11)  # noqa: S311 - repeatable
    for _ in range(150):
        fuzz(mutated(rng))
