"""What may be published: no small number, none that the totals of all tables together give back."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from reconciliations import reconciliation

from reconcile.exports import write_book
from reconcile.report.missing import missing
from reconcile.report.published import published_html, published_pages, published_tables
from reconcile.report.suppress import HIDDEN, SMALLEST, publish_alike, with_totals

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = ("with", "without")


def given_back(tables: dict[str, pl.DataFrame], shown: dict[str, pl.DataFrame]) -> list[tuple[str, int]]:
    """Find the left-out numbers that follow from all tables together: an attacker with linear algebra."""
    cells: dict[tuple[str, int, int], int] = {}
    sums: list[list[tuple[str, int, int]]] = []
    for title, table in tables.items():
        height = table.height
        sums += [[(title, at, to) for to in range(3)] for at in range(height + 1)]
        sums += [[(title, at, to) for at in range(height + 1)] for to in range(3)]
        for at in range(height + 1):
            for to, name in enumerate((*COUNTS, "total")):
                key = ("", 0, to) if at == height else (title, at, to)  # totals are the same in all tables
                if shown[title][name][at] == HIDDEN:
                    cells.setdefault(key, len(cells))
    rows = np.zeros((len(sums), len(cells)))
    for line, keys in enumerate(sums):
        height = tables[keys[0][0]].height
        for place, (title, at, to) in enumerate(keys):
            key = ("", 0, to) if at == height else (title, at, to)
            if key in cells:
                rows[line, cells[key]] += -1 if place == len(keys) - 1 else 1
    rank = np.linalg.matrix_rank(rows) if cells else 0
    return [
        key[:2]
        for key, column in cells.items()
        if np.linalg.matrix_rank(np.vstack([rows, np.eye(len(cells))[column]])) == rank
    ]


@pytest.mark.parametrize("seed", range(12))
def test_no_number_is_given_back_by_all_tables_together(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a test draws, nothing is secret
    people = [
        (draw.choice("AB"), draw.choice("abcde"), draw.random() < 0.15)
        for _ in range(draw.choice([14, 60, 300]))
    ]
    frame = pl.DataFrame(people, schema=["one", "other", "without"], orient="row")
    tables = {
        column: frame.group_by(value=column)
        .agg(**{"with": (~pl.col("without")).sum(), "without": pl.col("without").sum()})
        .cast(dict.fromkeys(COUNTS, pl.Int64))
        .sort("value")
        for column in ("one", "other")
    }
    shown = publish_alike(tables, name="value", counts=COUNTS)
    for title, table in tables.items():
        whole = with_totals([list(row) for row in table.select(COUNTS).rows()])
        for at, row in enumerate(whole):
            for to, name in enumerate((*COUNTS, "total")):
                assert shown[title][name][at] in (
                    [HIDDEN] if row[to] < SMALLEST else [HIDDEN, f"{row[to]:,}"]
                )
    assert given_back(tables, shown) == []


def test_the_attacker_finds_what_is_left_out_alone() -> None:
    table = pl.DataFrame({"value": ["a", "b"], "with": [40, 50], "without": [4, 30]})
    shown = publish_alike({"one": table}, name="value", counts=COUNTS)["one"]
    naive = shown.with_columns(
        pl.Series("with", ["40", "50", "90"]),
        pl.Series("without", [HIDDEN, "30", "34"]),
        pl.Series("total", ["44", "80", "124"]),
    )
    assert given_back({"one": table}, {"one": naive}) == [("one", 0)]
    assert given_back({"one": table}, {"one": shown}) == []


def test_small_numbers_ids_and_names_of_staff_are_left_out() -> None:
    run = reconciliation(demo=False)
    html = published_html(run, missing(run.students))
    assert "S1000" not in html
    assert "researcher" not in html
    assert run.inputs[0].source.name not in html
    reasons = published_tables(missing(run.students))["Why"]
    assert reasons.filter(pl.col("Why").str.contains("retired"))["Students"].item() == HIDDEN
    assert (reasons["Students"] == HIDDEN).sum() == 4  # each of them under ten
    assert [page.title for page in published_pages(run, missing(run.students))][:2] == [
        "About",
        "Students in scope",
    ]


def test_it_warns_of_other_tables_of_the_same_students() -> None:
    run = reconciliation(demo=False)
    about = published_pages(run, missing(run.students))[0].frame["In words"][-1]
    for told in (about, published_html(run, missing(run.students))):
        assert "none of several terms beside one of some of them" in told
        assert "published.csv of the MIS worksheet" in told


def test_the_numbers_of_a_workbook_are_numbers(tmp_path: Path) -> None:
    run = reconciliation()
    many = pl.concat([run.students] * 200)
    many = many.with_columns(sis_id=pl.format("S{}", pl.int_range(many.height)))
    found = missing(many)
    book = write_book(tmp_path / "public.xlsx", published_pages(run, found))
    sheet = CalamineWorkbook.from_path(book).get_sheet_by_name("Students in scope")
    head, row = sheet.to_python()
    assert head == ["Students in scope", "With a usable CCCID", "Without", "In scope", "Share in %"]
    whole = found.usable + found.without
    assert row[1:] == [found.usable, found.without, whole, round(100 * found.without / whole, 1)]
    assert whole > 1000
    few = published_pages(run, missing(run.students))
    hidden = CalamineWorkbook.from_path(write_book(tmp_path / "few.xlsx", few)).get_sheet_by_name("Why")
    assert HIDDEN in [row[1] for row in hidden.to_python()]


def test_where_students_stand_twice_there_is_no_table() -> None:
    run = reconciliation()
    both = run.students.with_columns(terms=pl.lit(["202610", "202620"], pl.List(pl.String)))
    once = published_tables(missing(run.students))
    assert "term" in once
    assert list(published_tables(missing(both))) == [title for title in once if title != "term"]
    assert "There is no table by term" in published_html(run, missing(both))
    assert "There is no table" not in published_html(run, missing(run.students))


def test_few_without_are_not_told_by_their_reasons() -> None:
    run = reconciliation()
    few = run.students.filter(status="confirmed").vstack(run.students.filter(status="mintable").head(4))
    tables = published_tables(missing(replace(run, students=few).students))
    assert "Why" not in tables
    assert tables["Students in scope"]["Without"].to_list() == [HIDDEN]
    assert tables["Students in scope"]["Share"].to_list() == [HIDDEN]
