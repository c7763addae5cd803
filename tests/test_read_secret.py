"""What hides SSNs, against an implementation that looks at one cell after the other."""

from __future__ import annotations

import hmac
import re

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconcile.columns import SSN_DERIVED
from reconcile.privacy import HOLDS_SSN, SSN_PATTERN, Naming, SsnKey, hash_ids, ssn_naming
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.secret import hide_columns, hide_values

KEY = SsnKey(bytes(range(32)))
SAYS_SO = re.compile(
    r"\b((?:ssn|ss ?#|soc(?:ial)?\.? ?sec(?:urity)?\.?)(?: ?(?:number|num|nr|no)\b\.?)?"
    r"[^A-Za-z0-9]{0,3}(?:(?:is|was)[^A-Za-z0-9]{0,3})?)[0-9]{9}\b",
    re.IGNORECASE,
)
PIECES = (
    "212", "09", "9998", "212099998", "5550109998", "-", "\u2013", " ", ".", "\n", "ssn", "SS#",
    "social sec.", " no", " is ", "a", "é", "\u0661", "_",
)  # fmt: skip
cells = st.none() | st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
tables = st.integers(1, 4).flatmap(
    lambda rows: st.fixed_dictionaries(
        {name: st.lists(cells, min_size=rows, max_size=rows) for name in ("id", "note", "ssn_last4")},
        optional={name: st.lists(cells, min_size=rows, max_size=rows) for name in ("SSN", "Parent SSN")},
    )
)


def by_hand(cell: str | None, *, whole: str = SSN_PATTERN) -> str | None:
    if cell is None:
        return None
    if re.search(whole, cell):
        return hash_ids(pl.Series([cell]), KEY)[0]
    return SAYS_SO.sub(r"\1[SSN]", re.sub(r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", "[SSN]", cell))


def digits(cell: str | None) -> str:
    return re.sub("[^0-9]", "", cell or "")


def table_by_hand(table: dict[str, list[str | None]]) -> dict[str, list[str | None]]:
    """Hide what repeats an SSN of its row, then all other SSNs; the columns of SSNs are left out."""
    of_ssns = [
        name
        for name, column in table.items()
        if (name == "SSN" and any(column))
        or ("ssn" in name.lower() and any(cell and re.search(HOLDS_SSN, cell) for cell in column))
    ]
    answer = {}
    for name in [name for name in table if name not in of_ssns]:
        own = {
            digits(cell)
            for row, cell in enumerate(table[name])
            if digits(cell) in {digits(table[ssn][row]) for ssn in of_ssns} and len(digits(cell)) == 9
        }
        answer[name] = [
            hash_ids(pl.Series([digits(cell)]), KEY)[0] if digits(cell) in own else by_hand(cell)
            for cell in table[name]
        ]
    return answer


@settings(max_examples=200, deadline=None)
@given(tables)
@example({"id": ["212.09.9998", "#212099998"], "note": ["a", None], "SSN": ["212099998", None]})
@example({"id": ["a"], "note": ["SSN 212099998"], "ssn_last4": ["212099998"]})
def test_what_is_hidden_is_what_one_finds_cell_by_cell(table: dict[str, list[str | None]]):
    frame = pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))
    made = hide_columns(frame, lambda: KEY, Diagnostics())
    expected = table_by_hand(table)
    assert {name: made[name].to_list() for name in expected} == expected
    assert made.width == len(expected) + 4 * (len(table) - len(expected))


@settings(max_examples=100, deadline=None)
@given(st.lists(cells, min_size=1, max_size=6))
def test_a_column_of_what_is_kept_of_ssns_holds_none(column: list[str | None]):
    frame = pl.DataFrame({"ssn_last4": column}, schema={"ssn_last4": pl.String})
    made = hide_values(frame, lambda: KEY, Diagnostics())["ssn_last4"].to_list()
    assert made == [by_hand(cell, whole=HOLDS_SSN) for cell in column]


@pytest.mark.parametrize("name", ["ssn_no", "ssn_exception", *SSN_DERIVED, "session", "Assn", "id"])
def test_columns_about_ssns_hold_none_by_their_name(name: str):
    assert ssn_naming(name) is not Naming.HOLDS


@pytest.mark.parametrize("name", ["SSN", "ssn no", "Soc-Sec-No", "National_ID", "SPBPERS_SSN", "Taxpayer ID"])
def test_columns_of_ssns_by_their_name(name: str):
    assert ssn_naming(name) is Naming.HOLDS


def test_a_flag_called_ssn_no_is_left_alone_and_a_number_there_is_hidden():
    flags = pl.DataFrame({"ssn_no": ["N", None]})
    assert hide_columns(flags, lambda: KEY, Diagnostics()).equals(flags)
    made = hide_columns(pl.DataFrame({"ssn_no": ["N", "212099998"]}), lambda: KEY, Diagnostics())
    assert made.columns == list(SSN_DERIVED)


def test_many_hashes_are_those_of_one():
    numbers = [f"{212099998 + n}" for n in range(3)]
    for key in (KEY, SsnKey(bytes(range(100)))):
        assert list(key.hashes(numbers)) == [key.hash(number) for number in numbers]
        one = hmac.digest(key.secret, b"ssn:212099998", "sha256").hex()[:32]
        assert key.hash("212099998") == f"{key.fingerprint}:{one}"


def test_a_wide_table_is_looked_through_once():
    wide = pl.DataFrame({f"c{n}": ["x", "a longer text"] for n in range(300)} | {"c7": ["212-09-9998", "b"]})
    made = hide_columns(wide, lambda: KEY, Diagnostics())
    assert made.drop("c7").equals(wide.drop("c7"))
    assert made["c7"].to_list() == [hash_ids(pl.Series(["212099998"]), KEY)[0], "b"]
