"""A file as it stands, before any layout, and what is known of a stretch of a larger one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from reconcile.read.text.dialect import Dialect


@dataclass(frozen=True)
class RawTable:
    """A file as it stands.

    Attributes:
        frame: all columns as text; an empty cell is null.
        lines: the physical line on which each row begins.
        delimiter: what separates the fields.
        rows: records below the header, the rejected ones included.
        rejected: records that could not be read.
        quote: what encloses fields.
        doubtful: whether a quoted value may hold rows.
        suspect: whether a cell may hold an SSN; False where the whole text was searched in vain.
        clear_columns: the columns as they were, where SSNs are hidden already; else empty.
        names: of a window, the column names as they stand, "" for none; its columns have none yet.
    """

    frame: pl.DataFrame
    lines: pl.Series
    delimiter: str
    rows: int
    rejected: int
    quote: str = '"'
    doubtful: bool = False
    suspect: bool = True
    clear_columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Window:
    """What is known of a stretch of a larger text before it is cut into columns.

    Attributes:
        dialect: that of the whole text.
        names: the column names; None while they are to be found in it.
        last: whether the text ends with it; only there footers may stand.
    """

    dialect: Dialect
    names: tuple[str, ...] | None
    last: bool


def is_padded(column: pl.Series, /) -> bool:
    """Whether values are filled up with blanks to one length, as those of a CHAR column are."""
    filled = column.drop_nulls()
    return bool(filled.str.ends_with(" ").any()) and filled.str.len_chars().n_unique() == 1
