"""What reading a file answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from reconcile.privacy import mask_name
from reconcile.show import table_html, table_text

if TYPE_CHECKING:
    from reconcile.results import Source


@dataclass(frozen=True, kw_only=True, repr=False)
class ReadResult:
    """A file as a table, with everything that was noticed on the way.

    Attributes:
        frame: without a layout the file's columns as text; with one the canonical columns of its table.
        source: the file, its hash, encoding and dialect.
        diagnostics: line, kind, column, message: every repair, doubt and rejected line.
        layout: the layout used, "" for none.
        folded: rows that are history of a person rather than a person.
        quarantined: rows that cannot be read, or whose id is missing or not unique.
            `source.rows` = folded + quarantined + rows of `frame`.
    """

    frame: pl.DataFrame
    source: Source
    diagnostics: pl.DataFrame
    layout: str
    folded: int
    quarantined: int

    def __repr__(self) -> str:
        """Say what was read, without a value."""
        return table_text(self._profile(), title=self._title(), rows=30)

    def _repr_html_(self) -> str:
        return table_html(self._profile(), title=self._title(), note=self._note(), rows=60)

    def _title(self) -> str:
        return f"{self.source.path.name}: {self.frame.height:,} rows, {self.frame.width} columns"

    def _note(self) -> str:
        kinds = self.diagnostics.group_by("kind").len().sort("kind").iter_rows()
        noticed = ", ".join(f"{count} {kind}" for kind, count in kinds) or "nothing"
        return (
            f"{self.source.encoding}, {self.source.dialect}; {self.source.rows:,} rows in the file: "
            f"{self.folded:,} folded, {self.quarantined:,} quarantined. Noticed: {noticed}."
        )

    def _profile(self) -> pl.DataFrame:
        """One row a column: how filled, how many different values, the first one masked."""
        rows = []
        for name, column in self.frame.to_dict().items():
            first = column.drop_nulls().head(1)
            example = mask_name(str(first[0])) if first.dtype == pl.String and first.len() else ""
            different = column.drop_nulls().n_unique() if column.dtype == pl.String else None
            rows.append((name, column.len() - column.null_count(), different, example))
        kinds = {"column": pl.String, "filled": pl.Int64, "different": pl.Int64, "first, masked": pl.String}
        return pl.DataFrame(rows, schema=kinds, orient="row")
