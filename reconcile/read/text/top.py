"""The top of a table: which record names its columns, and how many fields a row has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from reconcile.errors import InputError
from reconcile.read.diagnostics import ABOVE, RULER, UNDRAWN
from reconcile.read.text.dialect import titles
from reconcile.read.text.drawn import BETWEEN
from reconcile.read.text.header import (
    Head,
    counts_rows,
    find_head,
    is_rule,
    numbered,
    reads_like_a_row,
    usual,
)
from reconcile.read.text.records import cut_fields
from reconcile.read.text.reports import bare
from reconcile.read.text.samples import LOOKED_AT

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.text.records import Records
    from reconcile.read.text.rewrite import Rewritten
    from reconcile.read.text.structure import Offsets

_MOST_COLUMNS: Final = 200_000
_LONGEST_NAME: Final = 5_000
_OF_DRAWINGS: Final = ("|", BETWEEN)
_TOP: Final = 103  # records among which titles, header and a line under it are
_LIKE_A_ROW: Final = (
    "The first line was taken for the column names, and reads like the rows below it. If it is one, put a "
    "line of column names above it."
)
_NO_HEADER: Final = (
    "The first line looks like data rather than column names: it was kept as a row, and the columns are "
    'called "column 1", "column 2" and so on. Put a line of column names above it.'
)


class Top(NamedTuple):
    """The names as they stand, the fields of a row, and the records that may be rows.

    Besides, whether a ruler underlines the names, and the letters of each line above them.
    """

    head: Head
    names: list[str]
    width: int
    body: Offsets
    drawn: bool = False
    titles: frozenset[str] = frozenset()


def find_top(
    given: Records, written: Rewritten, path: Path, found: Diagnostics, known: frozenset[str], *, whole: bool
) -> Top | None:
    """Find the column names; None when the parser does not see the same records."""
    filled = np.flatnonzero(~given.blank)
    if not len(filled):
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    looked_at = filled[:LOOKED_AT]
    common = _common(given, looked_at)
    if common > _MOST_COLUMNS:
        raise InputError(
            f"{path}, line {given.lines[filled[0]]}: {common:,} columns are more than the "
            f"{_MOST_COLUMNS:,} that are read. Check that this is a table, and what separates its fields."
        )
    first = _cells(given, looked_at, common, written.delimiter)
    if first is None:
        return None
    rules = [i for i, cells in enumerate(first[:_TOP]) if is_rule(cells)]
    drawn = whole and bool(rules) and written.delimiter in _OF_DRAWINGS
    found.note_lines(given.lines[filled[rules]].tolist(), "ruler", UNDRAWN if drawn else RULER)
    filled = np.delete(filled, rules)
    first = [written.values(cells) for i, cells in enumerate(first) if i not in rules]
    first = _shortened(first, path)
    head = find_head(first, common, known)
    body = filled[head.at + head.rows :]
    names, width = _names(head, given.widths[body], path)
    if width > len(head.names) > 0 and head.rows and counts_rows(first[head.at + head.rows :], width):
        head = head._replace(names=["", *head.names])
        names = head.names
    if not head.rows:
        found.note("no_header", _NO_HEADER)
    elif head.rows == 1 and reads_like_a_row(head.names, first[head.at + 1 :], known):
        found.note("header_doubt", _LIKE_A_ROW)
    if head.rows > 1:
        found.note("header_rows", f"The column names stand on {head.rows} lines. Check the names.")
    found.note_lines(given.lines[filled[: head.at]].tolist(), "preamble", ABOVE)
    above = frozenset(filter(None, (bare(given.raw(int(i))) for i in filled[: head.at])))
    return Top(head, names, width, body, drawn=drawn, titles=above)


def _common(given: Records, looked_at: Offsets) -> int:
    """How many fields a row has, told by the first records; titles and lines around a drawn table apart."""
    widths = given.widths[looked_at].tolist()
    drawn = [n for n, at in zip(widths, looked_at, strict=True) if n > 1 or not is_rule([given.raw(int(at))])]
    return usual(drawn[titles(drawn) :] or widths)


def _shortened(first: list[list[str]], path: Path) -> list[list[str]]:
    """What of the first records is looked at for column names."""
    if not first:
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    if any(len(cell) > _LONGEST_NAME for cell in first[0]):
        raise InputError(
            f"{path}: the first line has a field of more than {_LONGEST_NAME:,} characters. "
            "Check that this is a table with a line of column names."
        )
    return [[cell[:_LONGEST_NAME] for cell in cells] for cells in first]


def _cells(given: Records, rows: Offsets, common: int, delimiter: str) -> list[list[str]] | None:
    """The cells of a few records, each of its own width; None when the parser sees other records.

    Records much wider than common ones, which are no header, come as empty cells.
    """
    widths = np.minimum(given.widths[rows], 2 * common + LOOKED_AT)
    cells = [[""] * int(width) for width in widths]
    for width in np.unique(widths[widths < 2 * common + LOOKED_AT]):
        at = np.flatnonzero(widths == width)
        frame = cut_fields(given.text(rows[at]), delimiter, int(width), quoted=given.quoted)
        if frame is None or frame.height != len(at):
            return None
        for i, row in zip(at, frame.rows(), strict=True):
            cells[i] = [cell or "" for cell in row]
    return cells


def _names(head: Head, widths: Offsets, path: Path) -> tuple[list[str], int]:
    """Check the header against the rows: the column names, and how many fields a row has."""
    names, width = head.names, len(head.names)
    if not head.rows:
        width = usual(widths.tolist())
        return [numbered(i) for i in range(width)], width
    fitting = int((widths == width).sum())
    common = usual(widths.tolist()) if len(widths) else width
    if common == width or fitting * 2 >= len(widths):
        return names, width
    if common == width + 1:
        return [*names, ""], common  # right only if nothing stands behind the last delimiter
    if common == width - 1 and not names[-1]:
        return names[:-1], common
    raise InputError(mismatch(path, width, common))


def mismatch(path: Path, width: int, common: int) -> str:
    """Say that the header is of another width than the rows."""
    return (
        f"{path}: the header has {width} columns, but most rows have {common}. "
        "Give every column a name, and take title lines above the header out."
    )
