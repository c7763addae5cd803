"""Statuses are measured against a truth, by counting that anybody can check."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import polars as pl
import pytest
from plans import take

from reconcile.columns import Status
from reconcile.errors import InputError
from reconcile.flow.quality import compare, quality

if TYPE_CHECKING:
    from pathlib import Path

TRUTH = pl.DataFrame(
    {
        "sis_id": list("123456"),
        "status": ["confirmed", "confirmed", "recoverable", "recoverable", "mintable", "held"],
        "cccids": ["ABD0001", None, "ABD0003 ABE0003", "ABD0004", None, ""],
    }
)
FOUND = pl.DataFrame(
    {
        "sis_id": list("654321"),
        "status": ["recoverable", "review", "recoverable", "recoverable", "confirmed", "confirmed"],
        "cccid": [None, None, None, None, "ABD0007", "ABD0001"],
        "proposed_cccid": ["ABD0009", None, "ABD0005", "ABE0003", None, None],
    }
)


def test_precision_and_recall_are_counted() -> None:
    measured = compare(FOUND, TRUTH)
    assert measured.frame.columns == ["status", "truth", "found", "right", "precision", "recall"]
    assert measured.frame.rows() == [
        ("held", 1, 0, 0, None, 0.0),
        ("confirmed", 2, 2, 2, 1.0, 1.0),
        ("recoverable", 2, 3, 2, 2 / 3, 1.0),
        ("review", 0, 1, 0, 0.0, None),
        ("mintable", 1, 0, 0, None, 0.0),
    ]
    assert measured.confusion["students"].sum() == 6
    assert ("mintable", "review", 1) in measured.confusion.rows()


def test_a_recovery_of_somebody_elses_number_is_a_wrong_link() -> None:
    measured = compare(FOUND, TRUTH)
    assert (measured.wrong_links, measured.recovered) == (2, 3)
    assert measured.numbers.rows() == [
        ("confirmed", 2, 1), ("to write back", 3, 2), ("proposed to a person", 0, 0)
    ]  # fmt: skip
    assert "2 of 3 to write back" in repr(measured)


def test_a_student_who_was_set_aside_while_reading_lowers_the_recall() -> None:
    measured = compare(FOUND.filter(pl.col("sis_id") != "3"), TRUTH)
    assert dict(measured.frame.select("status", "recall").iter_rows())["recoverable"] == 0.5


def test_a_student_without_a_truth_is_refused() -> None:
    with pytest.raises(InputError, match="1 of 6 students are not in the truth"):
        compare(FOUND, TRUTH.head(5))


def test_nobody_is_no_trouble() -> None:
    measured = compare(FOUND.clear(), TRUTH.clear())
    assert (measured.frame.height, measured.wrong_links) == (0, 0)


def test_a_sample_is_measured_and_left_as_it_was(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = take(small, tmp_path / "s").parent
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    measured = quality(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert list(temporary.iterdir()) == []
    assert measured.frame["truth"].sum() == measured.frame["found"].sum() == 150
    assert measured.wrong_links == 0
    assert measured.frame["right"].sum() > 0.9 * 150
    order = [status.value for status in Status]
    assert measured.frame["status"].to_list() == sorted(measured.frame["status"], key=order.index)


@pytest.mark.parametrize("name", ["plan.toml", "truth_students.csv"])
def test_a_folder_that_is_no_sample_is_refused(small: Path, tmp_path: Path, name: str) -> None:
    folder = take(small, tmp_path / "s").parent
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"has no {name}. Make a sample"):
        quality(folder)
