"""What spreadsheets do to ids before they are exported again: exponents, lost zeros, rounded digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics
    from reconcile.remarks import Kind

_IDS: Final = ("sis_id", "person", "cccid", "app_id", "ssid", "additional_id")
_PADDED: Final = ("sis_id", "person", "app_id")  # of one width in many systems
# 1.23E+11 as a spreadsheet writes it: one digit in front, a sign, two digits at least. 1E10 is an id.
_SCIENTIFIC: Final = r"(?i)^[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}$"
_FLOAT: Final = r"^[0-9]+\.0$"
_DIGITS: Final = r"^[0-9]+$"
_EXACT: Final = 15  # digits that a spreadsheet keeps
_ZEROS: Final = 3  # behind them that are no accident
_MOSTLY: Final = 0.9
_LONG: Final = 8  # digits: nobody counted up to such ids from 1
_MANY: Final = 50
_MESSAGES: Final[dict[Kind, str]] = {
    "id_scientific": "{n} of {of} ids are numbers with an exponent, such as 1.23E+11: a spreadsheet has cut "
    "their digits, and different ids may look the same. Export the column again as text, without a "
    "spreadsheet in between.",
    "float_ids": '{n} of {of} ids end in ".0": a program took them for numbers. They were kept as they are '
    "and will equal no id of another file. Export the column as text.",
    "digits_lost": "{n} of {of} ids have more than 15 digits, and all are zeros from the 16th on: a "
    "spreadsheet seems to have rounded them. Export the column again as text.",
    "id_zeros_lost": "{n} of {of} ids are shorter than the others and begin with no zero: a spreadsheet "
    "seems to have taken their leading zeros. They were kept as they are. Export the column again as text.",
}


def examine_ids(rows: pl.DataFrame, found: Diagnostics) -> None:
    """Look for ids that a spreadsheet damaged; they are kept as they are.

    Args:
        rows: mapped rows with their `line`.
        found: takes `id_scientific`, `float_ids`, `digits_lost` and `id_zeros_lost`, each once a column.
            The last needs evidence: either some ids begin with a zero, those are the longest and all of
            one length, and others are shorter; or, with none, of ids of 8 digits and more about one in ten
            is one digit shorter and one in a hundred two, which is how ids of one width without their
            zeros look.
    """
    for name in _IDS:
        if name in rows.columns:
            ids = rows.select("line", id=name).drop_nulls()
            _note(found, _of(ids, "E+", _SCIENTIFIC), "id_scientific", name, of=ids.height)
            _note(found, _of(ids, ".0", _FLOAT), "float_ids", name, of=ids.height)
            _note(found, _rounded(ids), "digits_lost", name, of=ids.height)
            if name in _PADDED:
                _note(found, _shortened(ids), "id_zeros_lost", name, of=ids.height)


def _note(found: Diagnostics, bad: pl.DataFrame, kind: Kind, column: str, *, of: int) -> None:
    if bad.height:
        text = _MESSAGES[kind].format(n=f"{bad.height:,}", of=f"{of:,}")
        found.note(kind, text, line=bad.select(pl.col("line").min()).item(), column=column)


def _of(ids: pl.DataFrame, mark: str, pattern: str) -> pl.DataFrame:
    """Find ids of a shape; its mark is looked for first, which is quick."""
    marked = pl.any_horizontal(pl.col("id").str.contains(m, literal=True) for m in {mark, mark.lower()})
    return ids.filter(marked).filter(pl.col("id").str.contains(pattern))


def _rounded(ids: pl.DataFrame) -> pl.DataFrame:
    """Find numbers of more than 15 digits, if each has but zeros behind these, too many for an accident."""
    long = ids.filter(pl.col("id").str.len_bytes() > _EXACT).filter(pl.col("id").str.contains(_DIGITS))
    behind = long["id"].unique().str.slice(_EXACT)
    if behind.len() > 1 and behind.str.len_bytes().sum() >= _ZEROS and not behind.str.contains("[1-9]").any():
        return long
    return ids.clear()


def _shortened(ids: pl.DataFrame) -> pl.DataFrame:
    """Find ids without the zeros that others have, or that their lengths give away."""
    size = pl.col("id").str.len_bytes()
    if not ids.height or ids.select(size.min() == size.max()).item():
        return ids.clear()
    digits = ids.filter(pl.col("id").str.contains(_DIGITS)).with_columns(size=size)
    if digits.height < _MOSTLY * ids.height:
        return ids.clear()
    longest = digits["size"].max()
    zero = pl.col("id").str.starts_with("0")
    padded, short = digits.filter(zero), digits.filter(~zero, pl.col("size") < longest)
    if padded.height:
        of_one_length = (padded["size"] == longest).all() and padded["id"].n_unique() > 1
        return short if of_one_length else ids.clear()
    return short if _look_shortened(digits) else ids.clear()


def _look_shortened(digits: pl.DataFrame) -> bool:
    """Say whether the lengths are those of random numbers of one width that lost their zeros."""
    longest = digits.select(pl.col("size").max()).item()
    if longest < _LONG or digits.height < _MANY:
        return False
    full, one, two, less, leading = digits.select(
        full=(pl.col("size") == longest).mean(),
        one=(pl.col("size") == longest - 1).mean(),
        two=(pl.col("size") == longest - 2).mean(),
        less=(pl.col("size") < longest - 2).mean(),
        leading=pl.col("id").filter(pl.col("size") == longest).str.head(1).n_unique(),
    ).row(0)
    every_digit = leading >= 7  # noqa: PLR2004 - of nine
    return bool(every_digit and full > 0.8 and 0.03 < one < 0.2 and two < one / 3 and less < 0.01)  # noqa: PLR2004 - 90, 9, 0.9 and 0.1 % are expected
