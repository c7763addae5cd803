"""What hides SSNs, against an implementation that looks at one cell after the other."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconcile.columns import SSN_DERIVED
from reconcile.privacy import HOLDS_SSN, SSN_PATTERN, Naming, SsnKey, hash_ids, ssn_naming
from reconcile.read import read
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.secret import hide_columns, hide_values

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read import ReadResult

KEY = SsnKey(bytes(range(32)))
SAYS_SO = re.compile(
    r"\b((?:ssn|ss ?#|soc(?:ial)?\.? ?sec(?:urity)?\.?)(?: ?(?:number|num|nr|no)\b\.?)?"
    r"[^A-Za-z0-9]{0,3}(?:(?:is|was)[^A-Za-z0-9]{0,3})?)[0-9]{9}\b",
    re.IGNORECASE,
)
DASHED = re.compile("(?<![0-9])[0-9]{3}[-\u2010-\u2015][0-9]{2}[-\u2010-\u2015][0-9]{4}(?![0-9])")
SPACED = re.compile(
    "(?<![0-9+])(?<![0-9][-\u2010-\u2015 ./])[0-9]{3}[-\u2010-\u2015 ][0-9]{2}[-\u2010-\u2015 ][0-9]{4}"
    "(?![0-9])(?![-\u2010-\u2015 ./][0-9])"
)
PIECES = (
    "212", "09", "9998", "212099998", "212-09-9998", "212 09 9997", "5550109998", "-", "\u2013", " ", ".",
    "\n", ", ", "ssn", "SS#", "social sec.", " no", " is ", "a", "é", "\u0661", "_", "+",
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
    return SPACED.sub("[SSN]", SAYS_SO.sub(r"\1[SSN]", DASHED.sub("[SSN]", cell)))


def digits(cell: str | None) -> str:
    return re.sub("[^0-9]", "", re.sub(r"^\s*([0-9]{9})\.0+\s*$", r"\1", cell or ""))


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("SSN: 212 09 9998 ok", "SSN: [SSN] ok"),
        ("my ssn is 212 09 9998", "my ssn is [SSN]"),
        ("212\u201309\u20139998 is hers", "[SSN] is hers"),
        ("212-09-9998x", "[SSN]x"),
        ("212-09-9998A00005", "[SSN]A00005"),
        ("a 212 09 9998, 212 09 9997; 212-09-9996 212-09-9995.", "a [SSN], [SSN]; [SSN] [SSN]."),
        ("call 1 212 09 9998", "call 1 212 09 9998"),
        ("call 212 09 9998 11", "call 212 09 9998 11"),
        ("call +212 09 9998", "call +212 09 9998"),
        ("case 1212-09-9998", "case 1212-09-9998"),
        ("case 212-09-99980", "case 212-09-99980"),
    ],
)
def test_ssns_within_a_text_are_blotted_with_any_sign(text: str, kept: str):
    made = hide_values(pl.DataFrame({"note": [text]}), lambda: KEY, Diagnostics())
    assert made["note"].to_list() == [kept]


@pytest.mark.parametrize("layout", ["generic", None])
@pytest.mark.parametrize(
    ("ssn", "shape"), [("12099{}", "99999999"), ("212.09.9{}", "999.99.9999"), ("XXX-XX-9{}", "AAA-AA-9999")]
)
def test_ssns_that_cannot_be_used_are_told_once_a_column(
    ssn: str, shape: str, layout: str | None, tmp_path: Path
):
    made = _people(tmp_path, [ssn.format(900 + at) for at in range(19)] + [""], layout)
    assert made.frame["ssn_class"].to_list() == ["malformed"] * 19 + [None]
    (noted,) = made.diagnostics.iter_rows(named=True)
    assert (noted["kind"], noted["column"], noted["line"]) == ("ssn_unusable", "ssn", None)
    assert noted["message"].startswith("19 of 19 SSNs (100.0%) cannot be used")
    assert f"shape is {shape}. Export" in noted["message"]


@pytest.mark.parametrize("layout", ["generic", None])
def test_ssns_that_became_decimal_numbers_are_mended(layout: str | None, tmp_path: Path):
    made = _people(tmp_path, [f"212099{900 + at}.0" for at in range(20)], layout)
    assert made.frame["ssn_hmac"].to_list() == [KEY.hash(f"212099{900 + at}") for at in range(20)]
    assert made.diagnostics["kind"].to_list() == ["ssn_decimal"]


@pytest.mark.parametrize("layout", ["generic", None])
def test_good_ssns_are_not_remarked_on(layout: str | None, tmp_path: Path):
    made = _people(tmp_path, ["212-09-9998", "212 09 9997", "212099996", "", "123456789"], layout)
    assert made.diagnostics.is_empty()


def _people(folder: Path, ssns: list[str], layout: str | None) -> ReadResult:
    rows = "".join(f"A{at:03},Imre,Quillon,1987-02-03,{ssn}\n" for at, ssn in enumerate(ssns))
    path = folder / "people.csv"
    path.write_text(f"sis_id,first_name,last_name,birthdate,ssn\n{rows}", encoding="utf-8")
    return read(path, layout=layout, ssn_key=KEY)


@pytest.mark.parametrize("name", ["SSN_ID", "Social"])
def test_a_column_whose_name_may_mean_ssns_is_one_by_its_values(name: str):
    found = Diagnostics()
    frame = pl.DataFrame({name: ["212099998.0", "12099997"], "name": ["a", "b"]})
    made = hide_columns(frame, lambda: KEY, found)
    assert made.columns == [*SSN_DERIVED, "name"]
    guessed = ["ssn_hidden"] * (name == "Social")
    assert found.frame()["kind"].to_list() == ["ssn_decimal", *guessed, "ssn_unusable"]
    other = pl.DataFrame({name: ["@quillon", "12099997"]})
    assert hide_columns(other, lambda: KEY, Diagnostics()).equals(other)


def test_ids_that_are_ssns_as_decimal_numbers_are_hashed(tmp_path: Path):
    path = tmp_path / "people.csv"
    path.write_text("id,last_name\n212099998.0,Quillon\n212099997.0,Imre\n", encoding="utf-8")
    made = read(path, layout="generic", options={"id_is_ssn": True}, ssn_key=KEY)
    assert made.frame["sis_id"].to_list() == hash_ids(pl.Series(["212099998", "212099997"]), KEY).to_list()
