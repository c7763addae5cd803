"""A workbook of several sheets: parted where a table is too long, ready for print, and nothing calculates."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from reconcile import workbook as module
from reconcile.exports import write_book
from reconcile.files import permissions_are_enforced
from reconcile.workbook import Page, parted

if TYPE_CHECKING:
    from pathlib import Path

TABLE = pl.DataFrame({"SIS id": ["@001", "=1+1", "0042"], "n": [1, 2, None], "share": [0.5, None, 12.25]})


@pytest.mark.parametrize("cells", [1_000_000, 1], ids=["in memory", "through a folder"])
def test_sheets_are_as_given_and_nothing_calculates(
    tmp_path: Path, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", cells)
    pages = [Page(title="First", frame=TABLE), Page(title="Empty", frame=TABLE.clear())]
    path = write_book(tmp_path / "book.xlsx", pages)
    again = write_book(tmp_path / "again.xlsx", pages)
    assert path.read_bytes() == again.read_bytes()
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["First", "Empty"]
    assert book.get_sheet_by_name("First").to_python() == [
        ["SIS id", "n", "share"], ["'@001", 1.0, 0.5], ["'=1+1", 2.0, ""], ["0042", "", 12.25],
    ]  # fmt: skip
    assert book.get_sheet_by_name("Empty").to_python() == [["SIS id", "n", "share"]]
    with zipfile.ZipFile(path) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        names = parts.read("xl/workbook.xml").decode()
    assert "<f>" not in sheet
    for part in (
        'state="frozen"',
        "<autoFilter",
        "fitToPage",
        'orientation="landscape"',
        "Page &amp;P of &amp;N",
    ):
        assert part in sheet
    assert "_xlnm.Print_Titles" in names
    if permissions_are_enforced():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_table_that_is_too_long_goes_on_in_the_next_sheet() -> None:
    long = Page(title="Students", frame=pl.DataFrame({"n": range(25)}))
    made = list(parted([long, Page(title="Empty", frame=pl.DataFrame({"n": []}))], rows=10))
    assert [(page.title, page.frame.height) for page in made] == [
        ("Students", 10), ("Students 2", 10), ("Students 3", 5), ("Empty", 0),
    ]  # fmt: skip
    assert pl.concat([page.frame for page in made[:3]]).equals(long.frame)


def test_titles_become_ones_that_a_sheet_may_have(tmp_path: Path) -> None:
    titles = ["A/B: [c]?*", "a b   c", "'", "x" * 40, "X" * 40]
    path = write_book(tmp_path / "book.xlsx", [Page(title=title, frame=TABLE) for title in titles])
    names = CalamineWorkbook.from_path(path).sheet_names
    assert len({name.casefold() for name in names}) == len(titles)
    assert names[0] == "A B   c"
    assert names[2:] == ["Sheet", "x" * 27, f"{'X' * 27} 2"]
