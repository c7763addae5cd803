"""Small counts are left out of what is published, so that no total gives them back.

Cells under ten are left out first. What can then be worked out from totals takes further cells with it. A
cell of a table with totals is an edge between its row and its column: among the cells that are left out it
can be worked out exactly when no circle of them leads through it (Gusfield 1988, A Graph Theoretic Approach
to Statistical Data Security). Totals are a row and a column like the others.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SMALLEST: Final = 10  # students that a published cell counts at least
HIDDEN: Final = "*"

Cell = tuple[int, int]
Counts = list[list[int]]


def publish(table: pl.DataFrame, /, *, name: str, counts: Sequence[str]) -> pl.DataFrame:
    """Make a table that may be published: with totals, as text, small cells and what gives them back as "*".

    Args:
        table: a row a group.
        name: the column that names the group.
        counts: columns of counts that add up to the row's total; no student may stand in two groups.

    Returns:
        `name`, `counts` and "total", as text; the last row is the total.
    """
    return publish_alike({name: table}, name=name, counts=counts)[name]


def publish_alike(
    tables: Mapping[str, pl.DataFrame], /, *, name: str, counts: Sequence[str]
) -> dict[str, pl.DataFrame]:
    """Make tables that may be published together: of the same people, each parted in its own way.

    Their totals are the same, so a total that is left out of one is left out of all of them.

    Args:
        tables: by title, each as for `publish`.
        name: as for `publish`.
        counts: as for `publish`.
    """
    whole = {
        title: with_totals([list(row) for row in table.select(counts).rows()])
        for title, table in tables.items()
        if not table.is_empty()
    }
    hidden = {title: left_out(rows) for title, rows in whole.items()}
    while True:
        totals = {to for title, cells in hidden.items() for at, to in cells if at == len(whole[title]) - 1}
        more = {
            title: left_out(rows, also={(len(rows) - 1, to) for to in totals} | hidden[title])
            for title, rows in whole.items()
        }
        if more == hidden:
            break
        hidden = more
    columns = [*counts, "total"]
    return {
        title: _worded(table, whole.get(title, []), hidden.get(title, set()), name, columns)
        for title, table in tables.items()
    }


def _worded(
    table: pl.DataFrame, whole: Counts, hidden: set[Cell], name: str, columns: Sequence[str]
) -> pl.DataFrame:
    shown = {
        column: [HIDDEN if (at, to) in hidden else f"{row[to]:,}" for at, row in enumerate(whole)]
        for to, column in enumerate(columns)
    }
    names = [*table[name].cast(pl.String).fill_null("not stated").to_list(), *(["total"] if whole else [])]
    return pl.DataFrame({name: names, **shown}, schema=dict.fromkeys([name, *columns], pl.String))


def with_totals(inner: Counts, /) -> Counts:
    """Add a total to each row, and a row of totals."""
    rows = [[*row, sum(row)] for row in inner]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]] if rows else []


def left_out(whole: Counts, /, *, also: Iterable[Cell] = ()) -> set[Cell]:
    """Choose the cells to leave out of a table with totals: (row, column) from 0.

    Args:
        whole: the table.
        also: cells that are left out whatever they are.
    """
    hidden = {cell for cell in _cells(whole) if whole[cell[0]][cell[1]] < SMALLEST} | set(also)
    while True:
        more = _of_small_sums(whole, hidden) or _of_a_bridge(whole, hidden)
        if not more:
            return hidden
        hidden |= more


def _cells(whole: Counts) -> list[Cell]:
    return list(product(range(len(whole)), range(len(whole[0]) if whole else 0)))


def _lines(whole: Counts) -> Iterator[list[Cell]]:
    height, width = len(whole), len(whole[0]) if whole else 0
    yield from ([(row, column) for column in range(width)] for row in range(height))
    yield from ([(row, column) for row in range(height)] for column in range(width))


def _of_small_sums(whole: Counts, hidden: set[Cell]) -> set[Cell]:
    """Find a line whose left-out cells are together a small number, which the rest of it gives away."""
    for line in _lines(whole):
        inner, total = line[:-1], line[-1]
        out = [cell for cell in inner if cell in hidden]
        if not out or total in hidden or _sum(whole, out) >= SMALLEST:
            continue
        rest = [cell for cell in inner if cell not in hidden]
        return {min(rest, key=lambda cell: (whole[cell[0]][cell[1]], cell))} if rest else {total}
    return set()


def _of_a_bridge(whole: Counts, hidden: set[Cell]) -> set[Cell]:
    """Find a cell that can be worked out, and the cheapest circle to hide it in."""
    bridge = next(_bridges(hidden), None)
    if bridge is None:
        return set()
    row, column = bridge
    circles = (
        {(row, to), (at, to), (at, column)} - hidden for at, to in _cells(whole) if at != row and to != column
    )
    return min(circles, key=lambda cells: (_sum(whole, cells), sorted(cells)), default=set())


def _bridges(hidden: set[Cell]) -> Iterator[Cell]:
    """Name the cells through which no circle of left-out cells leads."""
    for cell in sorted(hidden):
        row, column = cell
        if ("column", column) not in _reached(("row", row), hidden - {cell}):
            yield cell


def _reached(start: tuple[str, int], cells: set[Cell]) -> set[tuple[str, int]]:
    near: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for row, column in cells:
        near.setdefault(("row", row), []).append(("column", column))
        near.setdefault(("column", column), []).append(("row", row))
    seen, waiting = {start}, [start]
    while waiting:
        for node in near.get(waiting.pop(), ()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def _sum(whole: Counts, cells: set[Cell] | list[Cell]) -> int:
    return sum(whole[row][column] for row, column in cells)
