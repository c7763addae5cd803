"""Files in, text tables out: what can be read is read, what was done to it is said, the rest is set aside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from reconcile.errors import InputError, nearest
from reconcile.privacy import ssn_key as user_key
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.fold import Folded
from reconcile.read.layout import Layout, guess_layout, known_names, load_layout, shipped_layouts
from reconcile.read.limits import Limits
from reconcile.read.mapping import apply_layout
from reconcile.read.query import Query
from reconcile.read.result import ReadResult
from reconcile.read.secret import hide_columns
from reconcile.read.steady import require_unchanged, stamp
from reconcile.results import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconcile.privacy import SsnKey
    from reconcile.read.open import Opened
    from reconcile.read.parts import Taken
    from reconcile.read.raw import RawTable

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
_PACKED: Final = {"": "", "gzip": ", gzip", "zip": ", zip"}


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
            "columns" ({field: column name}), "as_of" (a date), "id_is_ssn", "delimiter".
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
    wanted = _Wanted(encoding, sheet, member, _delimiter(given), known_names(known, given), bounds)
    raw, source = _take_all(path, wanted, found, parts=parts)
    place = source.path
    if not raw.rows and known is not None and known.table in _NEVER_EMPTY:
        raise InputError(
            f"{place} has column names and no rows. Check the query or the filter of the export."
        )
    if not raw.rows:
        found.note(
            "no_rows", "There are column names and no rows. Check the query or the filter of the export."
        )
    key = cache(lambda: ssn_key or user_key())
    if known is None:
        frame = hide_columns(raw.frame, key, found)
        answer = Folded(frame, 0, 0, frame.clear())
        _note_guess(raw.frame.columns, found)
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
        lines=None if known else raw.lines,
    )


class _Wanted(NamedTuple):
    """What the caller says of each file."""

    encoding: str | None
    sheet: str | int | None
    member: str | None
    delimiter: str | None
    names: frozenset[str]
    limits: Limits


def _take_all(
    path: str | Path | Sequence[str | Path] | Query, wanted: _Wanted, found: Diagnostics, *, parts: bool
) -> tuple[RawTable, Source]:
    """Take one file, all parts, or the answer to a query; nothing else is several files."""
    if isinstance(path, Query):
        return _ask(path, found, wanted.limits)
    if isinstance(path, str | Path) and not parts:
        taken = _take(Path(path), wanted)
        found.extend(taken.found)
        return taken.raw, taken.source
    from reconcile.read.parts import join_parts, list_parts  # noqa: PLC0415 - seldom needed

    single = isinstance(path, str | Path)
    files = list_parts(Path(path) if isinstance(path, str | Path) else path)
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    place = Path(path) if isinstance(path, str | Path) else files[0].with_name(f"{files[0].name}{more}")
    if single or more:
        return join_parts([_take(file, wanted) for file in files], place, found)
    return _take_all(files[0], wanted, found, parts=False)


def _take(path: Path, wanted: _Wanted) -> Taken:
    from reconcile.read.open import TEXT, take  # noqa: PLC0415 - with what it needs
    from reconcile.read.parts import Taken  # noqa: PLC0415

    found, before = Diagnostics(), stamp(path)
    opened = take(path, wanted.limits, member=wanted.member)
    if opened.kind == TEXT:
        raw, kind, encoding, dialect = _from_text(opened, wanted, found)
    else:
        raw, kind, encoding, dialect = _from_other(opened, wanted, found)
    source = Source(
        path=path,
        sha256=opened.sha256,
        size=opened.size,
        encoding=encoding,
        dialect=dialect,
        rows=raw.rows,
        columns=tuple(raw.frame.columns),
        kind=kind + _PACKED[opened.packed],
        member=opened.member,
        real=opened.real,
    )
    require_unchanged(path, before)
    return Taken(raw, source, found)


def _from_text(opened: Opened, wanted: _Wanted, found: Diagnostics) -> tuple[RawTable, str, str, str]:
    from reconcile.read.dialect import in_words  # noqa: PLC0415 - numpy costs a quarter of a quick start
    from reconcile.read.encoding import to_utf8  # noqa: PLC0415
    from reconcile.read.jsonlines import is_json, read_json_lines  # noqa: PLC0415
    from reconcile.read.table import parse  # noqa: PLC0415

    _require_none("sheet", wanted.sheet, opened.path, "text has no sheets")
    text, decoded = to_utf8(opened.data, opened.path, found, encoding=wanted.encoding)
    if is_json(text):
        return (
            read_json_lines(text, opened.path, found, wanted.limits),
            "JSON lines",
            decoded,
            "one object a line",
        )
    raw = parse(text, opened.path, found, delimiter=wanted.delimiter, names=wanted.names)
    return raw, "text", decoded, in_words(raw.delimiter, raw.quote)


def _from_other(opened: Opened, wanted: _Wanted, found: Diagnostics) -> tuple[RawTable, str, str, str]:
    from reconcile.read.open import SHEETS  # noqa: PLC0415

    path, kind = opened.path, opened.kind
    _require_none("encoding", wanted.encoding, path, "it says itself how its texts are written")
    if kind in SHEETS:
        from reconcile.read.sheet import read_sheet  # noqa: PLC0415 - only with spreadsheets

        raw, name = read_sheet(
            opened.data, kind, path, found, sheet=wanted.sheet, names=wanted.names, limits=wanted.limits
        )
        return raw, kind.upper(), kind.upper(), f'sheet "{name}"'
    from reconcile.read.columnar import read_columns  # noqa: PLC0415 - only with such files

    _require_none("sheet", wanted.sheet, path, "it has no sheets")
    return (
        read_columns(opened.data, kind, path, found, wanted.limits),
        kind.capitalize(),
        kind.capitalize(),
        "columns",
    )


def _require_none(name: str, value: object, path: Path, why: str) -> None:
    if value is not None:
        raise InputError(f"{path}: {name}= does not go with this file, {why}. Leave it out.")


def _ask(query: Query, found: Diagnostics, limits: Limits) -> tuple[RawTable, Source]:
    from reconcile.read.query import run_query  # noqa: PLC0415 - with what it needs

    answer = run_query(query, found, limits)
    source = Source(
        path=answer.place,
        sha256=answer.sha256,
        size=answer.size,
        encoding="text of the database",
        dialect="a query",
        rows=answer.raw.rows,
        columns=tuple(answer.raw.frame.columns),
        kind="query",
        seen=answer.seen,
    )
    return answer.raw, source


def _delimiter(options: Mapping[str, object]) -> str | None:
    from reconcile.read.dialect import DELIMITERS  # noqa: PLC0415 - as in `read`

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


def _note_guess(columns: list[str], found: Diagnostics) -> None:
    name, reasons = guess_layout(columns)
    if name is not None:
        found.note("layout_guess", f'This looks like the layout "{name}": {" ".join(reasons)}')
