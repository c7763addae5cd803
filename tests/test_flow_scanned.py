"""Parquet is judged where it lies, and no SSN gets from it into findings or hashes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from canaries import CANARIES, SSN_ONLY, search, write_ssn

from reconcile.engine import Engine
from reconcile.errors import InputError
from reconcile.flow.judge import judge
from reconcile.flow.scanned import scan
from reconcile.privacy import ssn_key
from reconcile.read import Limits

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 100_001  # more than one batch


@pytest.fixture(scope="module")
def clean() -> pl.DataFrame:
    numbers = pl.Series(range(ROWS))
    return pl.DataFrame(
        {
            "sis_id": "A" + numbers.cast(pl.String).str.zfill(8),
            "middle_name": "Ann",
            "note": "born 1990-01-02, phone 916-555-0100",
            "city": pl.Series(["Ukiah"] * ROWS, dtype=pl.Enum(["Ukiah", write_ssn(CANARIES[0].ssn, 2)])),
            "ssn_last4": "1234",
            "cccids": pl.Series([["ABC1234"]] * ROWS),
            "born": pl.Series([date(1990, 1, 2)] * ROWS),
        }
    )


def put(frame: pl.DataFrame, folder: Path) -> Path:
    frame.write_parquet(folder / "given.parquet", row_group_size=25_000)
    return folder / "given.parquet"


def test_a_file_without_ssns_is_looked_at_where_it_lies(clean: pl.DataFrame, tmp_path: Path):
    with Engine() as engine:
        table = scan(engine, "given", put(clean, tmp_path))
        assert (table.name, table.rows) == ("given", ROWS)


def test_ssns_are_hashed_or_blotted_and_every_row_keeps_its_number(clean: pl.DataFrame, tmp_path: Path):
    first, second, third, fourth, *_ = (canary.ssn for canary in CANARIES)
    at, cities = pl.int_range(ROWS), clean.schema["city"]
    marked = clean.with_columns(
        middle_name=pl.when(at == ROWS - 1).then(pl.lit(write_ssn(second, 0))).otherwise("middle_name"),
        note=pl.when(at == 7).then(pl.lit(f"his SSN is {third}, call")).otherwise("note"),
        city=pl.when(at == 9).then(pl.lit(write_ssn(first, 2), dtype=cities)).otherwise("city"),
        ssn_last4=pl.when(at == 11).then(pl.lit(fourth)).otherwise("ssn_last4"),
    )  # fmt: skip
    with Engine() as engine:
        table = scan(engine, "given", put(marked, tmp_path))
        order = f"SELECT * FROM {table.name} ORDER BY {table.numbered_by}"
        made = engine.frame(order)
    assert made[table.numbered_by].equals(pl.Series(table.numbered_by, range(ROWS)))
    made = made.drop(table.numbered_by)
    assert search(made.write_json().encode(), kinds=SSN_ONLY) == set()
    assert made["note"][7] == "his SSN is [SSN], call"
    for column, row, ssn in (
        ("middle_name", ROWS - 1, second),
        ("city", 9, first),
        ("ssn_last4", 11, fourth),
    ):
        assert made[column][row] == f"ssn:{ssn_key().hash(ssn, use='id')}"
    touched = [7, 9, 11, ROWS - 1]
    kept = pl.int_range(ROWS, eager=True).is_in(touched).not_()
    city = pl.col("city").cast(pl.String)
    assert made.filter(kept).with_columns(city).equals(clean.filter(kept).with_columns(city))


def test_ssns_within_lists_are_refused(clean: pl.DataFrame, tmp_path: Path):
    listed = clean.head(1).with_columns(cccids=pl.Series([["ABC1234", write_ssn(CANARIES[0].ssn, 0)]]))
    with Engine() as engine, pytest.raises(InputError, match="lists of cccids") as caught:
        scan(engine, "given", put(listed, tmp_path))
    assert search(str(caught.value).encode()) == set()


def test_a_column_too_many_is_refused(tmp_path: Path):
    wide = pl.DataFrame({f"c{n}": ["x"] for n in range(4)})
    with Engine() as engine, pytest.raises(InputError, match="too many columns"):
        scan(engine, "given", put(wide, tmp_path), limits=Limits(columns=3))


def test_findings_of_parquet_hold_no_ssn(tmp_path: Path):
    ids = [write_ssn(CANARIES[0].ssn, 0), "A00000002"]
    students = pl.DataFrame(
        {"sis_id": ids, "first_name": ["A1", None], "last_name": [None, f"ssn {CANARIES[1].ssn}"]}
    )
    judged = judge(put(students, tmp_path), suite="students", progress=lambda _: None)
    judged.write_failures(tmp_path / "failures.csv")
    judged.write_page(tmp_path / "page.html")
    for name in ("failures.csv", "page.html"):
        assert search((tmp_path / name).read_bytes(), kinds=SSN_ONLY) == set()
    assert judged.validation.failures["key"].str.starts_with("ssn:").any()
