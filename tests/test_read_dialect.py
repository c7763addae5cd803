from __future__ import annotations

import pytest

from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text.dialect import DELIMITERS, Dialect, counts_by_line, find_dialect


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_every_delimiter_is_found(delimiter: str):
    found = Diagnostics()
    rows = [["id", "name", "note"], ["1", "Ana", '"x, y; z|w"'], ["2", "Bo", "a b"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert find_dialect(text.encode(), found) == Dialect(delimiter)
    assert found.frame().is_empty()


def test_commas_in_names_do_not_mislead():
    assert find_dialect(b"id|name|born\n1|Doe, Jane|x\n2|Roe, Rex|y\n", Diagnostics()).delimiter == "|"


def test_two_that_fit_equally_well_are_a_doubt():
    found = Diagnostics()
    assert find_dialect(b"a;b,c\n1;2,3\n4;5,6\n", found).delimiter in ",;"
    assert found.frame()["kind"].to_list() == ["delimiter_guess"]


def test_one_column_has_none():
    assert find_dialect(b"id\n1\n2\n", Diagnostics()).delimiter == ","
    assert find_dialect(b"id\nx, y\nz\n", Diagnostics()).delimiter == ","


def test_lines_are_counted_where_quotes_fail():
    assert counts_by_line(b'a,b\n"1,2",3\n\n5,"6', ",") == [2, 2, 0, 2]


def test_two_numbers_with_a_blank_between_are_two_columns():
    text = "".join(f"{10 + i / 50:.2f} {i * 37 % 900}\n" for i in range(40))
    assert find_dialect(text.encode(), Diagnostics()).delimiter == " "


def test_names_with_a_blank_between_are_one_column():
    text = "full name\n" + "Ana Quillon\nImre Vesely\n" * 20
    found = Diagnostics()
    assert find_dialect(text.encode(), found).delimiter == ","
    assert found.frame().is_empty()


def test_doubled_marks_separate_though_single_ones_stand_within_values():
    rows = "".join(f"{i}::Up (2009)::{i % 5}::{'10:30 show' if i % 3 else 'dvd'}\n" for i in range(30))
    assert find_dialect(f"user::movie::rating::note\n{rows}".encode(), Diagnostics()).delimiter == "::"


def test_numbers_with_decimal_commas_stand_between_semicolons():
    found = Diagnostics()
    text = "".join(f"{399 + i},{1000 + i};95,1{i:04}\n" for i in range(30))
    assert find_dialect(text.encode(), found).delimiter == ";"
    assert found.frame().is_empty()
