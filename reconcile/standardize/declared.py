"""Key columns of columns that a user declares by their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import DECLARED
from reconcile.errors import InputError
from reconcile.standardize import contacts
from reconcile.standardize.dates import parse_dates
from reconcile.standardize.names import clean_names, joined_particles

if TYPE_CHECKING:
    from collections.abc import Mapping


def declared(frame: pl.DataFrame, fields: Mapping[str, str], /) -> pl.DataFrame:
    """Add a key column for each declared column that the table has; the canonical key makes way for it.

    Args:
        frame: a table.
        fields: name -> kind: "name", "date", "code", "text" or "category".

    Raises:
        InputError: a column holds lists or objects where values are expected.

    >>> declared(pl.DataFrame({"town": ["  SAN  José "]}), {"town": "text"})["key_of_town"].item()
    'san jose'
    """
    present = {name: kind for name, kind in fields.items() if name in frame.columns}
    nested = [name for name in present if frame.schema[name].is_nested()]
    if nested:
        raise InputError(
            f"{', '.join(nested)}: one value a row was expected, lists were found. Give plain columns."
        )
    made = [_key(frame[name], kind).alias(f"{DECLARED}{name}") for name, kind in present.items()]
    return frame.drop([f"key_{name}" for name in present], strict=False).with_columns(made)


def _key(values: pl.Series, kind: str) -> pl.Series:
    if kind == "date":
        dates = parse_dates(values).frame
        return dates.select(pl.when(~pl.col("placeholder")).then("date")).to_series()
    text = values.cast(pl.String)
    distinct = text.drop_nulls().unique()
    if kind == "name":
        cleaned = clean_names(distinct).select(
            "raw", key=joined_particles(pl.col("spaced")).str.replace_all(" ", "")
        )
    else:
        clean = contacts.code if kind == "code" else contacts.words
        cleaned = pl.DataFrame({"raw": distinct}).with_columns(key=clean(pl.col("raw")))
    table = pl.DataFrame({"raw": text}).join(cleaned, on="raw", how="left", maintain_order="left")
    return table["key"]
