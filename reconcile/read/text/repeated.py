"""Column names among the rows: files were put behind one another, or each page of a report has its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable

_AGAIN: Final = (
    "The column names again; the line was set aside. Check whether the file holds the same rows twice."
)
_ORDER: Final = (
    "From here on the columns stand in another order; they were taken by their names. Check that the names "
    "mean the same."
)
_OTHERS: Final = (
    "This row holds names of columns, not all of them those above: what follows may be another table. It was "
    "kept. Put it into a file of its own if it is one."
)


def without_headers(
    table: RawTable, names: Sequence[str], found: Diagnostics, *, whole: bool = True
) -> RawTable:
    """Take out lines that repeat the column names, in small letters or capitals.

    Args:
        table: rows as wide as the names.
        names: none where they stand on several lines or are missing.
        found: takes the diagnostics.
        whole: the table is no stretch of a larger one, so that its columns may be put into order.
    """
    wanted = _lower(names)
    said = {at: _lower(table.frame.row(at)) for at in _places(table.frame, wanted)}
    alike = [at for at, cells in said.items() if sorted(cells) == sorted(wanted)]
    moved = [at for at in alike if said[at] != wanted]
    others = [at for at, cells in said.items() if at not in alike and len({*cells} & {*wanted}) > 1]
    others = others if len(others) * 2 <= table.frame.height else []  # labels of a report on every line
    if moved and whole and len({*wanted}) == len(wanted):
        frame = _in_order(table.frame, {at: said[at] for at in alike}, wanted)
        table = replace(table, frame=frame)
        found.note_lines(table.lines[moved], "column_order", _ORDER)
    elif moved:
        others, alike = sorted([*others, *moved]), [at for at in alike if at not in moved]
    found.note_lines(table.lines[others], "table_doubt", _OTHERS)
    found.note_lines(table.lines[alike], "header_repeated", _AGAIN)
    left = np.delete(np.arange(table.frame.height), alike)
    if len(left) == table.frame.height:
        return table
    return replace(
        table, frame=table.frame[left], lines=table.lines[left], rejected=table.rejected + len(alike)
    )


def _lower(cells: Sequence[str | None]) -> list[str]:
    """Cells as they are compared: of one column as they are, since one word alone may well be a value."""
    plain = [(cell or "").strip() for cell in cells]
    return [cell.lower() for cell in plain] if len(plain) > 1 else plain


def _places(frame: pl.DataFrame, names: list[str]) -> list[int]:
    """The rows of which at least half of the cells, and two unless there is one, are names of columns."""
    if not names:
        return []
    at = np.arange(frame.height)
    cells = pl.all().str.strip_chars()
    cells = cells.str.to_lowercase() if len(names) > 1 else cells
    known = [name for name in names if name]
    same = pl.sum_horizontal(cells.is_in(known).fill_null(value=False))
    first = frame[:, :1].select((same > 0) | (pl.first().is_null() & pl.lit(not names[0])))
    at = np.flatnonzero(first.to_series().to_numpy())
    needed = max((len(known) + 1) // 2, min(2, len(known)))
    return at[frame[at].select(same >= needed).to_series().to_numpy()].tolist() if len(at) else []


def _in_order(frame: pl.DataFrame, headers: dict[int, list[str]], wanted: list[str]) -> pl.DataFrame:
    """Put the columns below each header into the order of the first."""
    starts = [*headers, frame.height]
    parts = [frame[: starts[0]]]
    for at, end in pairwise(starts):
        order = [frame.columns[headers[at].index(name)] for name in wanted]
        parts.append(frame[at:end].select(order).rename(dict(zip(order, frame.columns, strict=True))))
    return pl.concat(parts)
