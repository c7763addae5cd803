"""What a scored pair agrees on, in the few words that rules and registrars use."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.words import level_words

NAMES_AND_BIRTH: Final = ("first_name", "last_name", "birthdate")

_AGREE: Final = ("agree", "near")

# Fields that speak for a person independently of name and birthdate (DESIGN: "recoverable").
INDEPENDENT: Final = ("ssn", "ssid", "email", "phone")

# The order in which a registrar reads them.
_FIELDS: Final = (
    "first_name", "middle_name", "last_name", "suffix", "birthdate",
    "ssn", "ssid", "email", "phone", "street", "zip",
)  # fmt: skip


# Levels that are no agreement, not even a near one, though their name is not "different".
_DIFFER: Final = (
    "different",
    "far",
    "crossed",
    "one_part",
    "other_year",
    "initial_different",
    "last_four",
    "last_four_different",
)
# Of a placeholder birthdate only the year could be compared: too little to speak for a person.
_UNTOLD: Final = ("missing", "same_year")

# Guards that say "two people"; the others say "not enough to link by itself", which the levels say too.
CONTRADICTIONS: Final = ("ssn_differs", "suffix_differs", "twin")


def with_agreement(pairs: pl.DataFrame, /) -> pl.DataFrame:
    """Add what the levels of a pair come to.

    Adds: agreeing and differing (of first name, last name and birthdate, 0 to 3; a near agreement counts
    as agreeing), name_agrees (first and last), numbered (SSN or SSID agrees), independent (one of SSN,
    SSID, e-mail, phone, or street with ZIP, agrees), contradicted (a guard says that these are two
    people), words ("agrees on last name; first name is a nickname").
    """
    states = {field: state(pairs, field) for field in _FIELDS}
    address = states["street"].is_in(_AGREE) & (states["zip"] == "agree")
    return with_words(pairs).with_columns(
        agreeing=_count(states, *_AGREE),
        differing=_count(states, "differ"),
        name_agrees=states["first_name"].is_in(_AGREE) & states["last_name"].is_in(_AGREE),
        numbered=(states["ssn"] == "agree") | (states["ssid"] == "agree"),
        contradicted=pl.col("guard").is_in(CONTRADICTIONS).fill_null(value=False),
        independent=pl.any_horizontal([states[field] == "agree" for field in INDEPENDENT] + [address]),
    )


def _count(states: dict[str, pl.Expr], *kinds: str) -> pl.Expr:
    return pl.sum_horizontal([states[f].is_in(kinds).cast(pl.Int8) for f in NAMES_AND_BIRTH])


def state(pairs: pl.DataFrame, field: str, /) -> pl.Expr:
    """Reduce a field's level to "agree", "near", "differ" or "missing"."""
    if f"level_{field}" not in pairs.columns:
        return pl.lit("missing")
    level = pl.col(f"level_{field}").cast(pl.String)
    return (
        pl.when(level.is_null() | level.is_in(_UNTOLD))
        .then(pl.lit("missing"))
        .when(level == "exact")
        .then(pl.lit("agree"))
        .when(level.is_in(_DIFFER))
        .then(pl.lit("differ"))
        .otherwise(pl.lit("near"))
    )


def with_words(pairs: pl.DataFrame, /) -> pl.DataFrame:
    """Word each distinct pattern of levels once and give it, as `words`, to every pair that has it."""
    columns = [f"level_{field}" for field in _FIELDS if f"level_{field}" in pairs.columns]
    if not columns:
        return pairs.with_columns(words=pl.lit(""))
    patterns = pairs.select(pl.col(columns).cast(pl.String)).unique(maintain_order=True)
    words = [
        level_words({name.removeprefix("level_"): level for name, level in row.items()})
        for row in patterns.iter_rows(named=True)
    ]
    worded = patterns.with_columns(words=pl.Series(words, dtype=pl.String))
    return pairs.with_columns(pl.col(columns).cast(pl.String)).join(
        worded, on=columns, how="left", nulls_equal=True, maintain_order="left"
    )
