"""Rows of a proposal: every problem is named at once, by row; SSNs are never kept."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registries import wanted

from reconcile.columns import CONSENT, REQUEST
from reconcile.errors import InputError
from reconcile.mint import rows as module
from reconcile.mint.rows import PAYLOAD, asked_in, fingerprint, in_form, require_form, unpacked
from reconcile.registry.canon import digest


def formed(rows):
    return [row for part in in_form(rows) for row in part]


def test_rows_are_brought_into_key_order():
    assert [row[1] for row in formed(wanted("B", "A"))] == ["A", "B"]


@given(st.permutations(range(6)))
def test_fingerprint_does_not_depend_on_order(order):
    assert fingerprint(wanted(*order)) == fingerprint(wanted(*range(6)))


@given(st.permutations(range(7)), st.integers(1, 9))
def test_parts_of_any_size_are_the_same_batch(order, size):
    """A large batch is written and hashed a few thousand rows at a time; nobody can tell afterwards."""
    rows = wanted(*order)
    whole = sorted(formed(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PART", size)
        assert [len(part) for part in in_form(rows)][:-1] == [size] * ((len(order) - 1) // size)
        assert formed(rows) == whole
        assert fingerprint(rows) == digest(whole)
        again = unpacked(in_form(rows))
    assert again.select("sis_id", "last_name").rows() == [(row[1], "Example") for row in whole]


def test_rows_say_what_they_ask_for_as_they_stand():
    assert asked_in(wanted("B", "A")).rows() == [("021", "B", "mint", None), ("021", "A", "mint", None)]


@pytest.mark.parametrize("column", ["kind", "college", "sis_id", "last_name"])
def test_fingerprint_depends_on_every_value(column):
    rows = wanted(1, 2)
    changed = "recover" if column == "kind" else "other"
    edited = rows.with_columns(pl.Series(column, [changed, rows[column][1]]))
    if column == "kind":
        edited = edited.with_columns(cccid=pl.Series(["AAA0001", None]))
    assert fingerprint(edited) != fingerprint(rows)


def test_ssns_and_unknown_columns_are_not_kept():
    rows = wanted(1).with_columns(
        ssn=pl.lit("078051120"), ssn_last4=pl.lit("1120"), ssn_hmac=pl.lit("x"), note=pl.lit("n")
    )
    assert [row[4] for row in formed(rows)] == ['{"last_name":"Example"}']
    assert not [name for name in PAYLOAD if name in ("ssn", "ssn_last4", "ssn_hmac", "ssn_type", "ssn_class")]


@pytest.mark.parametrize("name", [*REQUEST, *CONSENT])
def test_what_a_request_says_is_part_of_what_is_approved(name):
    said = wanted(1).with_columns(pl.lit("said").alias(name))
    assert json.loads(formed(said)[0][4])[name] == "said"
    assert fingerprint(said) != fingerprint(said.with_columns(pl.lit("else").alias(name)))


def test_rows_without_fields_of_an_account_are_taken():
    assert [row[4] for row in formed(wanted(1).select("kind", "college", "sis_id"))] == ["{}"]


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="lack kind, sis_id"):
        require_form(wanted(1).drop("kind", "sis_id"))


def test_every_problem_is_named_by_its_rows_and_no_value():
    rows = pl.concat(
        [
            wanted("dup", "dup"),
            wanted("x", kind="gift"),
            wanted("", " "),
            wanted("no college", college=None),
            wanted("r", kind="recover"),
            wanted("m", cccid="AAA0001"),
            wanted("s", "t", kind="recover", cccid="AAA0002"),
        ],
        how="vertical_relaxed",
    )
    with pytest.raises(InputError) as caught:
        require_form(rows)
    message = str(caught.value)
    for part in (
        'neither "mint" nor "recover" nor "replace" (row 3; 1 in all)',
        "college is empty (row 6; 1 in all)",
        "sis_id is empty (row 4, 5; 2 in all)",
        "stand in several rows (row 1, 2; 2 in all)",
        "names no well-formed CCCID (row 7; 1 in all)",
        "asks for a new number names a CCCID (row 8; 1 in all)",
        "recovered for several students of a college (row 9, 10; 2 in all)",
    ):
        assert part in message
    assert "dup" not in message
    assert "gift" not in message


def test_long_lists_of_rows_are_cut():
    with pytest.raises(InputError, match=r"row 1, 2, 3, 4, 5, \.\.\.; 9 in all"):
        require_form(wanted(*[""] * 9))
