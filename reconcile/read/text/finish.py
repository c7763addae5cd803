"""The last step of a text: its columns get their names, and what none of them is goes or is said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError
from reconcile.privacy import looks_like_data
from reconcile.read.diagnostics import empty_columns
from reconcile.read.raw import is_padded
from reconcile.read.text.dialect import DELIMITERS
from reconcile.read.text.header import are_rows, distinct
from reconcile.read.text.samples import LOOKED_AT
from reconcile.read.text.top import mismatch

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.text.header import Head

_ERROR: Final = re.compile(
    r"(?:ORA|SP2|PLS|TNS)-[0-9]{4,5}\b|Msg [0-9]+, Level [0-9]+|SQL[0-9]{4,5}N |Traceback \(most recent"
    r"|(?:PHP )?(?:Warning|Notice|Fatal error|Parse error): .+ in \S+ on line [0-9]"
)
_ONE_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=]{50,}")  # no name of a column is so long without a break
_SIGN: Final = (
    "The name of a column begins or ends with a sign that elsewhere separates fields: perhaps several do so "
    'together. Check the columns, and pass options={"delimiter": ...}.'
)
_GUARDED: Final = (
    "All values begin with a sign by which spreadsheets are made to take them for text; it was kept. Have "
    "the export leave it out."
)
_GUARD: Final = r"^['\t=][^'\t=\"].*[^']$"
_FEW: Final = 3  # values that may begin alike by chance
_PADDED: Final = (
    "All values end in blanks up to one length, as in a CHAR column; they were kept. Trim the column in the "
    "export if its values are compared."
)


def finish(frame: pl.DataFrame, names: list[str], head: Head, path: Path, found: Diagnostics) -> pl.DataFrame:
    """Give the columns their names; a nameless column without content is left out."""
    empty = [i for i, name in enumerate(names) if not name and frame[frame.columns[i]].is_null().all()]
    if len(names) > len(head.names) and len(names) - 1 not in empty:
        raise InputError(mismatch(path, len(head.names), len(names)))
    if empty and (frame.height or not any(names)):
        found.note("empty_column", empty_columns(len(empty)))
        frame = frame.select([c for i, c in enumerate(frame.columns) if i not in empty])
        names = [name for i, name in enumerate(names) if i not in empty]
    if not names:
        raise InputError(f"{path} has no column with a name or a value. Export it again.")
    _require_no_error(frame, names, path)
    if not frame.height and are_rows(names):
        raise InputError(
            f"{path} has one line, which holds rows rather than column names. Its line ends or its encoding "
            "are lost: export it again, as UTF-8."
        )
    if any(looks_like_data(name) or _ONE_TOKEN.fullmatch(name) for name in names):
        found.note(
            "header_doubt", "The first line looks like data rather than column names. Check the header."
        )
    if any({name[:1], name[-1:]} & {*DELIMITERS} for name in names):
        found.note("delimiter_guess", _SIGN)
    frame.columns = distinct(names, found)
    _note_alike(frame, found)
    return frame


def _note_alike(frame: pl.DataFrame, found: Diagnostics) -> None:
    """Doubt columns of which all values have blanks behind them, or a sign in front: others have not."""
    for column in frame:
        few = column.head(LOOKED_AT).drop_nulls()
        guarded = few.len() >= _FEW and few.str.contains(_GUARD).all()
        if guarded and column.drop_nulls().str.contains(_GUARD).all():
            found.note("guarded", _GUARDED, column=_shown(column))
        filled = few.str.ends_with("  ").any() and few.str.strip_chars_end(" ").str.len_chars().n_unique() > 1
        if filled and is_padded(few) and is_padded(column):
            found.note("padding", _PADDED, column=_shown(column))


def _shown(column: pl.Series) -> str | None:
    return None if looks_like_data(column.name) else column.name


def _require_no_error(frame: pl.DataFrame, names: list[str], path: Path) -> None:
    """Refuse what a program wrote instead of a table."""
    texts = [*names, *frame.to_series(0).head(LOOKED_AT).to_list()] if frame.width == 1 else []
    if any(_ERROR.match(text or "") for text in texts):
        raise InputError(
            f"{path} holds the error message of a program instead of a table. Read it, and export again."
        )
