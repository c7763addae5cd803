"""A system's codes to canonical words; what nobody knows is kept as read, and said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.flags import death_is_plain, deceased, flag
from reconcile.read.layouts.damage import examine_ids
from reconcile.read.layouts.dates import examine_dates, known_dates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.layouts.layout import Layout

_FLAGS: Final = {"Y": "true", "N": "false"}
_CODE: Final = r"^[A-Za-z0-9]{1,4}$"  # local codes are no personal data; longer texts may be
_MOST_CODES: Final = 12  # a column with more is none of codes


def translate(rows: pl.DataFrame, layout: Layout, found: Diagnostics) -> pl.DataFrame:
    """Translate the columns that the layout knows words for, and its flags; look at its ids and dates."""
    examine_ids(rows, found)
    examine_dates(rows, found)
    rows = _deaths(rows, found)
    for name, words in layout.values.items():
        if name in rows.columns:
            codes = {text.upper(): word for code, word in words.items() for text in (code, word)}
            upper = pl.col(name).str.to_uppercase()
            rows = rows.with_columns(upper.replace_strict(codes, default=pl.col(name)).alias(name))
            _note_unknown(rows, name, words, found)
    for name in layout.flags:
        if name in rows.columns and name != "deceased" and name not in layout.values:
            rows = rows.with_columns(flag(pl.col(name)).alias(name))
            _note_unknown(rows, name, _FLAGS, found)
    return rows


def _deaths(rows: pl.DataFrame, found: Diagnostics) -> pl.DataFrame:
    """Make one answer of the flag and the date; what is not understood counts as a death, and is said."""
    columns = [name for name in ("deceased", "deceased_on") if name in rows.columns]
    for name in columns:
        unsure = rows.filter(~death_is_plain(pl.col(name)))
        found.note_lines(
            unsure.filter(~pl.col(name).is_in(known_dates(unsure[name]).implode()))["line"],
            "unknown_value",
            "What stands here is neither yes nor no nor a date; the person was taken for deceased. "
            "Correct the row, or leave the column out.",
            column=name,
        )
    if not columns:
        return rows
    said = [deceased(pl.col(name)) for name in columns]
    dead = pl.any_horizontal(answer == "true" for answer in said)
    answer = pl.when(dead).then(pl.lit("true")).otherwise(said[0] if "deceased" in columns else None)
    return rows.with_columns(deceased=answer).drop("deceased_on", strict=False)


def _note_unknown(rows: pl.DataFrame, name: str, words: Mapping[str, str], found: Diagnostics) -> None:
    unknown = rows[name].drop_nulls()
    unknown = unknown.filter(~unknown.is_in([*words.values()]))
    if not unknown.len():
        return
    counted = unknown.value_counts(name="times").sort(name)
    codes = counted.filter(pl.col(name).str.contains(_CODE))
    shown = [f'"{code}" {times:,}' for code, times in codes.iter_rows()]
    if counted.height > _MOST_CODES or not shown:
        shown = []
    elif codes.height < counted.height:
        shown.append("others that are longer")
    listed = f" ({', '.join(shown)})" if shown else ""
    kinds = f"{counted.height:,} kind{'s' if counted.height > 1 else ''}"
    many = "1 value is" if unknown.len() == 1 else f"{unknown.len():,} values of {kinds} are"
    found.note(
        "unknown_value",
        f"{many} unknown and {'was' if unknown.len() == 1 else 'were'} kept as read{listed}; "
        f"known are {', '.join(words)}. Map them, or correct them in the SIS.",
        column=name,
    )
