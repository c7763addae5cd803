"""What reading a file answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconcile.show import Sheet, Shown, profile

if TYPE_CHECKING:
    import polars as pl

    from reconcile.results import Source


@dataclass(frozen=True, kw_only=True, repr=False)
class ReadResult(Shown):
    """A file as a table, with everything that was noticed on the way.

    Attributes:
        frame: without a layout the file's columns as text; with one the canonical columns of its table.
        source: the file, its hash, encoding and dialect.
        diagnostics: line, kind, column, message: every repair, doubt and rejected line.
        layout: the layout used, "" for none.
        folded: rows that are history of a person rather than a person.
        quarantined: rows that cannot be read, or whose id is missing or not unique.
            `source.rows` = folded + quarantined + rows of `frame`.
        rejected: the quarantined rows whose id is not theirs alone (two persons under one id), in the
            columns of `frame`: whom they mean is unknown, but somebody they are.
    """

    frame: pl.DataFrame
    source: Source
    diagnostics: pl.DataFrame
    layout: str
    folded: int
    quarantined: int
    rejected: pl.DataFrame

    def _sheet(self) -> Sheet:
        return Sheet(frame=profile(self.frame), title=self._title(), note=self._note(), rows=60)

    def _title(self) -> str:
        return f"{self.source.path.name}: {self.frame.height:,} rows, {self.frame.width} columns"

    def _note(self) -> str:
        kinds = self.diagnostics.group_by("kind").len().sort("kind").iter_rows()
        noticed = ", ".join(f"{count} {kind}" for kind, count in kinds) or "nothing"
        return (
            f"{self.source.encoding}, {self.source.dialect}; {self.source.rows:,} rows in the file: "
            f"{self.folded:,} folded, {self.quarantined:,} quarantined. Noticed: {noticed}."
        )
