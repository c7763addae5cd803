"""Files in, text tables out: what can be read is read, what was done to it is said, the rest is set aside."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, nearest
from reconcile.privacy import ssn_key as user_key
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.layouts.fields import used_fields
from reconcile.read.layouts.fold import Folded
from reconcile.read.layouts.layout import Layout, guess_layout, known_names, load_layout, shipped_layouts
from reconcile.read.layouts.mapping import apply_layout
from reconcile.read.limits import Limits
from reconcile.read.query import Query
from reconcile.read.result import ReadResult
from reconcile.read.secret import hide_columns
from reconcile.read.sources import Wanted, take_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reconcile.privacy import SsnKey

__all__ = [
    "Layout",
    "Limits",
    "Query",
    "ReadResult",
    "guess_layout",
    "load_layout",
    "read",
    "shipped_layouts",
]

_NEVER_EMPTY: Final = ("students", "accounts")  # while nobody may have been reported or have applied
_RAW_OPTIONS: Final = ("delimiter",)


def read(
    path: str | Path | Sequence[str | Path] | Query,
    /,
    *,
    layout: str | Path | Layout | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
    member: str | None = None,
    parts: bool = False,
    options: Mapping[str, object] | None = None,
    limits: Limits | None = None,
    ssn_key: SsnKey | None = None,
) -> ReadResult:
    """Read a table: a file of text, a spreadsheet, Parquet, Arrow, JSON lines, or a database's answer.

    What a file is, is told by its content: delimited text, also packed by gzip or as the one file of a
    zip archive; XLSX, XLS, ODS; Parquet, Arrow, Feather; JSON lines. Spreadsheets and archives are
    measured before they are read.

    Args:
        path: the file, taken literally: no pattern; a symbolic link is followed to a file. Or a list of
            files that are parts of one table, or a `Query` to a database.
        layout: a shipped layout ("banner", "colleague", "peoplesoft", "generic", "openccc", "superglue",
            "fraud", "crosswalk"), or a TOML file of your own. Without one the columns come as they stand.
        encoding: of text; found from the bytes when None.
        sheet: of a spreadsheet, its name or its number from 1; not needed where only one holds cells and
            is not hidden.
        member: of a zip archive of several files, the one to read.
        parts: the path is a folder, and all files in it are parts of one table.
        options: the layout's own ("additional_id_code", "alt_id_type", "separator", ...) and, for all,
            "columns" ({field: column name}), "as_of" (a date, else today), "id_is_ssn", "delimiter".
        limits: how large a file may be once it is unpacked; generous ones when None.
        ssn_key: hashes SSNs; the user's own key when None, made at first use.

    Returns:
        All columns as text, an empty cell as null. Lines are those of the text, the rows of a sheet, or
        rows counted from 1; of several parts they are counted on. SSN columns are replaced by ssn_hmac,
        ssn_last4, ssn_type and ssn_class; any other cell that is an SSN by its shape, ids included, by a
        keyed hash "ssn:...". Rows that cannot be read are diagnostics, as is every repair and doubt.

    Raises:
        InputError: the file cannot be read as a table, passes a limit, or does not fit the layout.
    """
    found, given, bounds = Diagnostics(), dict(options or {}), limits or Limits()
    known = load_layout(layout) if layout is not None else None
    if known is None and (unknown := sorted(given.keys() - set(_RAW_OPTIONS))):
        raise InputError(
            f'Without a layout there is no option "{unknown[0]}".{nearest(unknown[0], _RAW_OPTIONS)} '
            "Name a layout, or leave the option out."
        )
    fixed = known if known is not None and known.fixed else None
    key = cache(lambda: ssn_key or user_key())
    wanted = Wanted(
        encoding=encoding,
        sheet=sheet,
        member=member,
        delimiter=_delimiter(given),
        names=known_names(known, given),
        limits=bounds,
        key=key,
        fixed=fixed,
        kept=None if known is None else lambda of, columns: used_fields(columns, known, given, path=of),
    )
    raw, source = take_all(path, wanted, found, parts=parts)
    place = source.path
    if not raw.rows and known is not None and known.table in _NEVER_EMPTY:
        raise InputError(
            f"{place} has column names and no rows. Check the query or the filter of the export."
        )
    if not raw.rows:
        found.note(
            "no_rows", "There are column names and no rows. Check the query or the filter of the export."
        )
    if known is None:
        frame = raw.frame if raw.clear_columns else hide_columns(raw.frame, key, found, suspect=raw.suspect)
        answer = Folded(frame, 0, 0, frame.clear())
    else:
        answer = apply_layout(raw, known, given, key, found, path=place)
    return ReadResult(
        frame=answer.frame,
        source=source,
        diagnostics=found.frame(),
        layout=known.name if known else "",
        folded=answer.folded,
        quarantined=answer.quarantined + raw.rejected,
        rejected=answer.rejected,
        used=used_fields(source.columns, known, given, path=place) if known else {},
        lines=None if known else raw.lines,
    )


def _delimiter(options: Mapping[str, object]) -> str | None:
    from reconcile.read.text.dialect import DELIMITERS  # noqa: PLC0415 - as in `read`

    delimiter = options.get("delimiter")
    if delimiter is None:
        return None
    if (
        not isinstance(delimiter, str)
        or len(delimiter) != 1
        or not delimiter.isascii()
        or delimiter in '"\r\n'
    ):
        raise InputError(
            f'The option "delimiter" is not one character. Usual are {", ".join(DELIMITERS.values())}.'
        )
    return delimiter
