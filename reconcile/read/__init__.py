"""Files in, text tables out: what can be read is read, what was done to it is said, the rest is set aside."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, nearest
from reconcile.privacy import ssn_key as user_key
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.fold import Folded
from reconcile.read.layout import Layout, guess_layout, known_names, load_layout, shipped_layouts
from reconcile.read.mapping import apply_layout
from reconcile.read.result import ReadResult
from reconcile.read.secret import hide_columns
from reconcile.results import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.privacy import SsnKey

__all__ = ["Layout", "ReadResult", "guess_layout", "load_layout", "read", "shipped_layouts"]

# What a file begins with that only looks like a table by its name.
_OTHER_KINDS: Final = (
    (b"PK\x03\x04", "a spreadsheet or ZIP archive", "Save the sheet as CSV UTF-8, or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Save the sheet as CSV UTF-8"),
    (b"\x1f\x8b", "a gzip archive", "Unpack it"),
    (b"PAR1", "a Parquet file", "Pass polars.read_parquet(path) to the verbs instead"),
    (b"%PDF", "a PDF", "Export the table as CSV"),
)
_NEVER_EMPTY: Final = ("students", "accounts")  # while nobody may have been reported or have applied
_RAW_OPTIONS: Final = ("delimiter",)


def read(
    path: str | Path,
    /,
    *,
    layout: str | Path | Layout | None = None,
    encoding: str | None = None,
    options: Mapping[str, object] | None = None,
    ssn_key: SsnKey | None = None,
) -> ReadResult:
    """Read a delimited text file.

    Args:
        path: the file, taken literally: no pattern, no folder.
        layout: a shipped layout ("banner", "colleague", "peoplesoft", "generic", "openccc", "superglue",
            "fraud", "crosswalk"), or a TOML file of your own. Without one the columns come as they stand.
        encoding: found from the bytes when None.
        options: the layout's own ("additional_id_code", "alt_id_type", "separator", ...) and, for all,
            "columns" ({field: column name}), "as_of" (a date), "id_is_ssn", "delimiter".
        ssn_key: hashes SSNs; the user's own key when None, made at first use.

    Returns:
        All columns as text, an empty cell as null. SSN columns are replaced by ssn_hmac, ssn_last4,
        ssn_type and ssn_class; any other cell that is an SSN by its shape, ids included, by a keyed
        hash "ssn:...". Rows that cannot be read are diagnostics, as is every repair and doubt.

    Raises:
        InputError: the file cannot be read as a table, or does not fit the layout.
    """
    from reconcile.read.dialect import in_words  # noqa: PLC0415 - numpy costs a quarter of a quick start
    from reconcile.read.encoding import to_utf8  # noqa: PLC0415
    from reconcile.read.table import parse  # noqa: PLC0415

    place, found, given = Path(path), Diagnostics(), dict(options or {})
    known = load_layout(layout) if layout is not None else None
    if known is None and (unknown := sorted(given.keys() - set(_RAW_OPTIONS))):
        raise InputError(
            f'Without a layout there is no option "{unknown[0]}".{nearest(unknown[0], _RAW_OPTIONS)} '
            "Name a layout, or leave the option out."
        )
    data = _load(place)
    digest, size = hashlib.sha256(data).hexdigest(), len(data)
    text, decoded = to_utf8(data, place, found, encoding=encoding)
    del data
    names = known_names(known, given)
    raw = parse(text, place, found, delimiter=_delimiter(given), names=names)
    del text
    if not raw.rows and known is not None and known.table in _NEVER_EMPTY:
        raise InputError(
            f"{place} has column names and no rows. Check the query or the filter of the export."
        )
    if not raw.rows:
        found.note(
            "no_rows", "There are column names and no rows. Check the query or the filter of the export."
        )
    source = Source(
        path=place,
        sha256=digest,
        size=size,
        encoding=decoded,
        dialect=in_words(raw.delimiter),
        rows=raw.rows,
        columns=tuple(raw.frame.columns),
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
    )


def _load(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder; a file is needed. Name one file in it.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = nearest(path.name, siblings) if siblings else ""
        hint = hint if hint.startswith(" Did") else ""
        raise InputError(f"There is no file {path}.{hint} Check the path.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from None
    for start, kind, remedy in _OTHER_KINDS:
        if data.startswith(start):
            raise InputError(f"{path} is {kind}; delimited text is expected. {remedy}.")
    return data


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
