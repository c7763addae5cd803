"""What the reader noticed: every repair, doubt and rejected line, as rows of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconcile.remarks import Kind

SCHEMA: Final = {"line": pl.Int64, "kind": pl.String, "column": pl.String, "message": pl.String}

# What several formats have in common.
ABOVE: Final = "A line above the column names was skipped. Check that it is a title."
RULER: Final = "A line of dashes was skipped. Have the export write none."
UNDRAWN: Final = (
    "A line of dashes was skipped: the table is drawn for people, and the blanks that fill its columns up "
    "were taken off. Have the export write plain CSV."
)
FOOTER: Final = "A line below the rows, no row itself, was left out. Check it if you miss a row."


@dataclass
class Diagnostics:
    """A growing list of findings, each of a kind of `reconcile.remarks`; none quotes a value of the file."""

    _parts: list[pl.DataFrame] = field(default_factory=list)

    def note(self, kind: Kind, message: str, *, line: int | None = None, column: str | None = None) -> None:
        """Add one finding."""
        self._parts.append(pl.DataFrame([(line, kind, column, message)], schema=SCHEMA, orient="row"))

    def add(self, findings: pl.DataFrame) -> None:
        """Add findings that are rows already."""
        if findings.height:
            self._parts.append(findings.select(list(SCHEMA)))

    def has(self, *kinds: Kind) -> bool:
        """Say whether something of one of these kinds was found so far."""
        return any(part["kind"].is_in(kinds).any() for part in self._parts)

    def lines(self, kind: Kind) -> set[int]:
        """The lines on which something of a kind was found so far."""
        return {line for part in self._parts for line in part.filter(kind=kind)["line"] if line is not None}

    def note_lines(
        self, lines: pl.Series | Iterable[int], kind: Kind, message: str, *, column: str | None = None
    ) -> None:
        """Add the same finding for many lines."""
        made = lines if isinstance(lines, pl.Series) else pl.Series(list(lines), dtype=pl.Int64)
        if made.len():
            self._parts.append(
                made.cast(pl.Int64)
                .alias("line")
                .to_frame()
                .with_columns(
                    kind=pl.lit(kind), column=pl.lit(column, dtype=pl.String), message=pl.lit(message)
                )
            )

    def extend(self, other: Diagnostics) -> None:
        """Take over the findings of a step that succeeded."""
        self._parts.extend(other._parts)

    def frame(self) -> pl.DataFrame:
        """All findings: those of the whole file first, then by line."""
        if not self._parts:
            return pl.DataFrame(schema=SCHEMA)
        return pl.concat(self._parts).sort("line", "kind", nulls_last=False, maintain_order=True)


def blank_skipped(lines: int, /) -> str:
    """Say that blank lines were skipped.

    >>> blank_skipped(2)
    '2 blank lines skipped, the first here. Check that no row is missing.'
    """
    where = "here" if lines == 1 else "the first here"
    return f"{counted(lines, 'blank line')} skipped, {where}. Check that no row is missing."


def empty_columns(columns: int, /) -> str:
    """Say that columns were left out that have no name and hold nothing.

    >>> empty_columns(2)
    '2 columns without name or content left out. Check that no name is missing.'
    """
    return f"{counted(columns, 'column')} without name or content left out. Check that no name is missing."
