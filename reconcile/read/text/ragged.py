"""Records of the wrong width that can be read all the same: another delimiter, or empty fields too many."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from reconcile.read.text.careful import records
from reconcile.read.text.dialect import DELIMITERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.text.structure import Offsets
    from reconcile.remarks import Kind

_LEAST: Final = 3  # fields, below which another delimiter may fit by chance
_LONGEST: Final = 100_000  # characters of a line that is worth the attempt
_KINDS: Final[dict[Kind, str]] = {
    "delimiter_changed": (
        "The fields of this line are separated otherwise than in the rest of the file; it was read so. "
        "Check its values."
    ),
    "trailing_delimiter": (
        "This line ends in more delimiters than others; what they enclose is empty, and was left out. Take "
        "them out, or name these columns."
    ),
}
_RAGGED: Final = (
    "{count} fields where {width} were expected; the line was set aside. Mend it, or export again."
)


class Mended(NamedTuple):
    """A record that was read after all: its cells, and what was wrong."""

    cells: Sequence[str]
    kind: Kind


def mend(line: str, delimiter: str, width: int) -> Mended | None:
    """Read one line of the wrong width; None when there is no one way to."""
    if len(line) > _LONGEST:
        return None
    cells = _cells(line, delimiter, width)
    if len(cells) > width and not any(cells[width:]):
        return Mended(cells[:width], "trailing_delimiter")
    if width < _LEAST or len(cells) > width:
        return None
    answers = [
        cells
        for mark in DELIMITERS
        if mark != delimiter and line.count(mark) >= width - 1
        if len(cells := _cells(line, mark, width)) == width
    ]
    return Mended(answers[0], "delimiter_changed") if len(answers) == 1 else None


def _cells(line: str, delimiter: str, width: int) -> list[str]:
    record = next(records([line], delimiter, width))
    return next(csv.reader([record.text], delimiter=delimiter), [])


def read_ragged(
    frame: pl.DataFrame,
    lines: pl.Series,
    bad: Offsets,
    line_of: Offsets,
    raw: Callable[[int], str],
    *,
    delimiter: str,
    found: Diagnostics,
) -> tuple[pl.DataFrame, pl.Series, Offsets]:
    """Put those of the bad records that can be read after all among the rows; answer also the others."""
    mended = {int(i): made for i in bad if (made := mend(raw(i), delimiter, frame.width))}
    if not mended:
        return frame, lines, bad
    for kind, message in _KINDS.items():
        at = [int(line_of[i]) for i, made in mended.items() if made.kind == kind]
        found.note_lines(at, kind, message)
    rows = [[cell or None for cell in made.cells] for made in mended.values()]
    more = pl.DataFrame(rows, schema=frame.schema, orient="row")
    numbers = pl.concat([lines, pl.Series("line", [int(line_of[i]) for i in mended], dtype=pl.Int64)])
    order = numbers.arg_sort()
    left = [i for i in range(len(bad)) if int(bad[i]) not in mended]
    return pl.concat([frame, more])[order], numbers[order], bad[left]


def note_ragged(lines: Iterable[int], widths: Iterable[int], width: int, found: Diagnostics) -> None:
    """Say which lines were set aside for their width."""
    by_count: dict[int, list[int]] = {}
    for line, count in zip(lines, widths, strict=True):
        by_count.setdefault(int(count), []).append(int(line))
    for count, at in sorted(by_count.items()):
        found.note_lines(at, "ragged", _RAGGED.format(count=count, width=width))
