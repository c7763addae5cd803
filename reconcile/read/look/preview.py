"""The first rows of a table, masked by what each column holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.privacy import mask_date, mask_id, mask_name, mask_shape
from reconcile.read.layouts.fields import DATE, ID, NAME, kind_of
from reconcile.read.look.profile import described

if TYPE_CHECKING:
    from reconcile.read.look.profile import Origin

_HIDDEN: Final = "•••"
_SSN_LIKE: Final = re.compile(r"[0-9]{9}")  # the end of an id is shown, that of an SSN never
_DATE: Final = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([T ].*)?"
    r"|[0-9]{1,2}[-/. ]([0-9]{1,2}|[A-Za-z]{3,9})[-/. ][0-9]{4}"
)


def preview_rows(frame: pl.DataFrame, origin: Origin, /, *, rows: int) -> pl.DataFrame:
    """Show the first rows turned by a quarter: one row a column, "row 1", "row 2", ... beside its name.

    Of a name the first letter is shown, of a date the year, of an id the last three characters, of all
    else the shape: letters as a or A, digits as 9.
    """
    shown = frame.head(rows)
    lines = [
        (one.column or one.name, one.field, *(mask(value, one.field) for value in shown[one.name].to_list()))
        for one in described(frame.columns, origin)
        if one.column is not None
    ]
    numbers = [f"row {at}" for at in range(1, shown.height + 1)]
    return pl.DataFrame(lines, schema=dict.fromkeys(("column", "field", *numbers), pl.String), orient="row")


def mask(value: object, field: str | None, /) -> str | None:
    """Mask one cell by its field.

    >>> mask("Maria", "first_name"), mask("05/17/2004", "birthdate"), mask("A0012345", "sis_id")
    ('M•••', '2004-••-••', '•••345')
    >>> mask("95833-1234", "zip"), mask("212099998", "sis_id")
    ('99999-9999', '999999999')
    """
    if value is None:
        return None
    if isinstance(value, list):
        return "; ".join(filter(None, (mask(one, field) for one in value))) or None
    if isinstance(value, dict):
        return " ".join(filter(None, (mask(one, field) for one in value.values()))) or None
    return _masked(str(value), field)


def _masked(text: str, field: str | None) -> str:
    kind = kind_of(field)
    if field == "ssn_hmac":
        return _HIDDEN
    if kind == NAME:
        return mask_name(text)
    if kind == DATE and _DATE.fullmatch(text.strip()):
        return mask_date(text)
    if kind == ID and not _SSN_LIKE.search(re.sub(r"[-\s]", "", text)):
        return mask_id(text)
    return _shape(text)


def _shape(text: str) -> str:
    return str(mask_shape(pl.Series([text]))[0])
