"""Rows of a report among those of a table: headings of groups, their sums, and values written once a group.

Report writers print them between the rows. What is one and what a row can only be guessed, so all are kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable

_SUM: Final = r"(?i)^\W*(?:sum|average|avg|mean|count)\b|(?:^|\W)(?:sub-? ?)?totals?(?:\W|$)"
_NUMBER: Final = r"^\s*[-+$(]*[0-9][0-9.,]*[%)]*\s*$"
_SHAPES: Final = (r"\pL{3}", r"\S[\s:]\S")  # words, and several of them, where other cells have none
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_FEW: Final = 5  # rows that show what one is like
_GROUP: Final = 3  # groups, and rows of each on the average, at least
_SAMPLE: Final = 10_000  # rows that say what the first column holds
_HEADING: Final = (
    "This row holds a value in one column alone, unlike those around it: perhaps the heading or the sum of a "
    "group. It was kept. Take it out if it is no row."
)
_TITLE: Final = (
    "This row reads like a line above the column names, as on each page of a report. It was kept. Take it "
    "out if it is no row."
)
_SUMMED: Final = (
    "This row holds a word for a sum, and nothing but numbers besides: perhaps the sum of a group. It was "
    "kept. Take it out if it is no row."
)
_ONCE: Final = (
    "The first column has a value where a group of rows begins, and none below: perhaps it belongs to all of "
    "them. It was kept so. Have the export repeat it on each row."
)


def bare(text: str, /) -> str:
    """The letters of a line, so that titles of pages are alike whatever their number and hour.

    >>> bare("8/15/2025,,Page 2 of 3")
    'Pageof'
    """
    return _NO_LETTERS.sub("", text)


def note_reports(table: RawTable, titles: Collection[str], found: Diagnostics) -> None:
    """Doubt rows that look like headings or sums of groups, and a first column filled once a group.

    Args:
        table: the rows.
        titles: what stands above the column names, as `bare` has it.
        found: takes the diagnostics.
    """
    frame = table.frame
    if frame.width < 2 or frame.height < _FEW:  # noqa: PLR2004 - of one column every row is so
        return
    first, second = frame.to_series(0), frame.to_series(1)
    lacking = first.is_null() | second.is_null()
    if not lacking.any():
        return
    filled = pl.sum_horizontal(pl.all().is_not_null())
    sparse = lacking & frame.select(filled.is_between(1, 1 + frame.width // 2)).to_series()
    few = frame.filter(sparse).with_columns(table.lines.filter(sparse).alias("line"))
    few = few.filter(~pl.col("line").is_in([*found.lines("footer_doubt")]))
    names = frame.columns
    count = pl.sum_horizontal(pl.col(names).is_not_null())
    alone = few.filter(count == 1)
    texts = few.select(pl.concat_str(names, ignore_nulls=True).str.replace_all(_NO_LETTERS.pattern, ""))
    found.note_lines(few.filter(texts.to_series().is_in([*titles]))["line"], "report_row", _TITLE)
    headings = _headings(alone, first, table.lines) if alone.height * 2 <= frame.height else []
    sums = few.filter((count > 1) & _is_sum(names, count))["line"]
    found.note_lines(headings, "report_row", _HEADING)
    found.note_lines(sums, "report_row", _SUMMED)
    if not headings and not second.null_count() and _once(first):
        found.note("report_row", _ONCE, line=int(table.lines[0]))


def _is_sum(names: Sequence[str], count: pl.Expr) -> pl.Expr:
    numbers = pl.sum_horizontal(pl.col(names).str.contains(_NUMBER).fill_null(value=False))
    return pl.coalesce(names).str.contains(_SUM) & (numbers + 1 == count)


def _headings(alone: pl.DataFrame, first: pl.Series, lines: pl.Series) -> list[int]:
    """Of the rows with one value the lines of those that look like no row.

    That is, of those with a value in the first column: it is of words where others are not, or the table
    begins with such a row of words, has more, and ends with none. Of the rest: no other row leaves the
    first column empty.
    """
    by_first = alone.to_series(0).is_not_null()
    titled, others = alone.filter(by_first), alone.filter(~by_first)["line"].to_list()
    odd = others if len(others) == first.null_count() else []
    rows = first.filter(~lines.is_in(titled["line"].implode())).drop_nulls().head(_SAMPLE)
    begins = titled.height > 1 and titled["line"][0] == lines[0] and titled["line"][-1] < lines[-1]
    texts = titled.to_series(0)
    begins = begins and bool(texts.str.contains(_SHAPES[0]).all()) and texts.n_unique() == texts.len()
    if titled.height and (begins or _unlike(texts, rows)):
        odd += titled["line"].to_list()
    return sorted(odd)


def _unlike(headings: pl.Series, rows: pl.Series) -> bool:
    """Whether all headings have words, or several, where no row has; a single one, where rows have any."""
    if not rows.len():
        return headings.len() > 1
    return any(headings.str.contains(shape).all() and not rows.str.contains(shape).any() for shape in _SHAPES)


def _once(first: pl.Series) -> bool:
    """Whether a column has words, each of them once, where groups of rows begin."""
    groups = first.drop_nulls()
    if first[0] is None or groups.len() < _GROUP or groups.len() * _GROUP > first.len():
        return False
    once = groups.n_unique() == groups.len() and groups.is_sorted()  # as reports sort them
    return once and not groups.str.contains("[0-9]").any()
