"""What the reader noticed: every repair, doubt and rejected line, as rows of one frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA: Final = {"line": pl.Int64, "kind": pl.String, "column": pl.String, "message": pl.String}


@dataclass
class Diagnostics:
    """A growing list of findings; none of them quotes a value of the file."""

    _parts: list[pl.DataFrame] = field(default_factory=list)

    def note(self, kind: str, message: str, *, line: int | None = None, column: str | None = None) -> None:
        """Add one finding."""
        self._parts.append(pl.DataFrame([(line, kind, column, message)], schema=SCHEMA, orient="row"))

    def add(self, findings: pl.DataFrame) -> None:
        """Add findings that are rows already."""
        if findings.height:
            self._parts.append(findings.select(list(SCHEMA)))

    def has(self, *kinds: str) -> bool:
        """Say whether something of one of these kinds was found so far."""
        return any(part["kind"].is_in(kinds).any() for part in self._parts)

    def note_lines(
        self, lines: pl.Series | Iterable[int], kind: str, message: str, *, column: str | None = None
    ) -> None:
        """Add the same finding for many lines."""
        made = lines if isinstance(lines, pl.Series) else pl.Series(list(lines), dtype=pl.Int64)
        if made.len():
            self._parts.append(
                made.cast(pl.Int64)
                .alias("line")
                .to_frame()
                .with_columns(
                    kind=pl.lit(kind),
                    column=pl.lit(column, dtype=pl.String),
                    message=pl.lit(message),
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
