"""Prepared accounts in a file, and single look-ups."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from linkage_tables import copied
from polars.testing import assert_frame_equal

import reconcile
from reconcile.errors import InputError
from reconcile.files import permissions_are_enforced


@pytest.fixture(scope="module")
def tables():
    return copied(400, 51)


@pytest.fixture(scope="module")
def prepared(tables):
    return reconcile.Prepared(tables[1])


@pytest.fixture
def file(prepared, tmp_path):
    return prepared.save(tmp_path / "accounts.prepared")


def test_what_is_saved_answers_as_before(tables, prepared, file):
    again = reconcile.Prepared.load(file, tables[1])
    assert again.accounts == prepared.accounts == tables[1].height
    some = tables[0].head(40)
    assert prepared.find(some).pairs.height > 20
    assert_frame_equal(prepared.find(some).pairs, again.find(some).pairs)
    if permissions_are_enforced():
        assert file.stat().st_mode & 0o777 == 0o600


def test_further_fields_and_aliases_are_kept(tables, tmp_path):
    right = tables[1].with_columns(
        town=pl.lit("Davis"), preferred_first_name=pl.col("first_name").str.slice(0, 3)
    )
    left = tables[0].head(20).with_columns(town=pl.lit("Davis"))
    made = reconcile.Prepared(right, fields={"town": "text"})
    again = reconcile.Prepared.load(made.save(tmp_path / "f"), right, fields={"town": "text"})
    assert_frame_equal(made.find(left).pairs, again.find(left).pairs)
    assert "w_town" in again.find(left).pairs.columns


@pytest.mark.parametrize("change", ["accounts", "fields", "version"])
def test_a_file_of_other_accounts_or_another_version_is_refused(tables, file, change, monkeypatch):
    accounts, fields = tables[1], {}
    if change == "accounts":
        accounts = accounts.with_columns(last_name=pl.col("last_name").reverse())
    if change == "fields":
        fields = {"town": "text"}
    if change == "version":
        monkeypatch.setattr(reconcile, "__version__", "0.0.1")
    with pytest.raises(InputError, match=rf"prepared for something else \({change}\)"):
        reconcile.Prepared.load(file, accounts, fields=fields)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nothing", b"x" * 1000])
def test_what_is_no_such_file_is_refused(tables, tmp_path, content):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no prepared table"):
        reconcile.Prepared.load(path, tables[1])


def test_a_file_that_would_run_something_is_refused(tables, tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, about=np.array([{"format": 1}], dtype=object))
    with pytest.raises(InputError, match="is no prepared table"):
        reconcile.Prepared.load(path, tables[1])


def test_a_look_up_is_shown_and_explained_without_a_name(tables, prepared):
    one = tables[0].filter(pl.col("id") == "00001")
    found = prepared.find(one)
    told = repr(found) + found._repr_html_() + repr(prepared)
    assert "Accounts that may be theirs" in told
    assert not any(name in told for name in one.row(0)[1:])
    pair = found.pairs.row(0, named=True)
    steps = found.explain(pair["id_l"], pair["id_r"]).frame
    assert steps["to_bits"][-1] == pytest.approx(pair["match_weight"])
