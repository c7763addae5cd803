"""What the reader noticed, grouped: one row a kind of finding and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.remarks import titled

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA: Final[dict[str, Any]] = {
    "kind": pl.String,
    "title": pl.String,
    "count": pl.Int64,
    "lines": pl.List(pl.Int64),
    "columns": pl.List(pl.String),
    "message": pl.String,
}
_LINES: Final = 5  # that are named
_MESSAGES: Final = 3  # of a kind; each column may have one of its own


def group_noticed(diagnostics: pl.DataFrame, /) -> pl.DataFrame:
    """Group the findings by kind and message, in the order in which they come.

    Returns:
        kind, title (the kind in plain words), count, lines (the first five of the file; none where the
        whole file is meant), columns, message (what was found and what to do). Of a kind with more than
        three messages the first three stand, the third with the count of all that are left.
    """
    grouped = diagnostics.group_by("kind", "message", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("count"),
        pl.col("line").drop_nulls().unique().sort().head(_LINES).alias("lines"),
        pl.col("column").drop_nulls().unique(maintain_order=True).alias("columns"),
    )
    titles = {kind: titled(kind) for kind in grouped["kind"].unique()}
    grouped = grouped.with_columns(title=pl.col("kind").replace_strict(titles, return_dtype=pl.String))
    rows = []
    for _, part in grouped.group_by("kind", maintain_order=True):
        some = part.head(_MESSAGES)
        more = part.slice(_MESSAGES)
        rows.append(_with_more(some, more) if more.height else some)
    return pl.concat(rows).select(list(SCHEMA)) if rows else pl.DataFrame(schema=SCHEMA)


def _with_more(some: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Count the messages that are left out with the last one that is shown."""
    last = pl.int_range(pl.len()) == _MESSAGES - 1
    said = f" (And {more['count'].sum():,} more of this kind.)"
    return some.with_columns(
        pl.when(last).then(pl.col("count") + more["count"].sum()).otherwise("count").alias("count"),
        pl.when(last).then(pl.col("message") + said).otherwise("message").alias("message"),
    )


def lines_in_words(lines: Sequence[int], count: int, /) -> str:
    """Name the lines, and say that there are more.

    >>> lines_in_words([3, 9], 12), lines_in_words([3], 1), lines_in_words([], 1)
    ('3, 9, …', '3', '')
    """
    return ", ".join(str(line) for line in lines) + (", …" if lines and count > len(lines) else "")
