"""Yes and no as systems write them; what nobody knows stays as it stands, but a death is never overlooked."""

from __future__ import annotations

from typing import Final

import polars as pl

YES: Final = ("y", "yes", "t", "true", "1")
NO: Final = ("n", "no", "f", "false", "0")
_DEAD: Final = ("d", "x", "dec", "dead", "deceased", "death", "died")
_ALIVE: Final = ("alive", "living", "not deceased")
_A_DATE: Final = (
    r"^([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.]([0-9]{1,2}|[a-z]{3,9})[-/.]([0-9]{2}){1,2}"
    r"|(19|20)[0-9]{6})([ t][0-9:.z]+)?$"
)
_NO_DATE: Final = r"^(0[0/. :t-]*|[/.-]+)$"  # as databases write that there is none: 0000-00-00


def flag(text: pl.Expr, /) -> pl.Expr:
    """Say "true" or "false" for the usual ways of writing so; leave the rest as it stands.

    >>> pl.select(flag(pl.Series(["Y", " no ", "?", None]))).to_series().to_list()
    ['true', 'false', '?', None]
    """
    value = _plain(text)
    return (
        pl.when(value.is_in(YES))
        .then(pl.lit("true"))
        .when(value.is_in(NO))
        .then(pl.lit("false"))
        .otherwise(text)
    )


def deceased(text: pl.Expr, /) -> pl.Expr:
    """Say whether a person is recorded as dead: whatever is not plainly a no counts as a yes.

    To hold back a living person costs a question to an office; the opposite is an account for the dead.

    >>> pl.select(deceased(pl.Series(["N", "2020-01-31", "see file", " "]))).to_series().to_list()
    ['false', 'true', 'true', None]
    """
    value = _plain(text)
    said_no = value.is_in([*NO, *_ALIVE]) | value.str.contains(_NO_DATE)
    return (
        pl.when(value != "").then(pl.when(said_no).then(pl.lit("false")).otherwise(pl.lit("true")))
    )  # fmt: skip


def death_is_plain(text: pl.Expr, /) -> pl.Expr:
    """Say of each value whether `deceased` knew it rather than supposed it; null stays null."""
    value = _plain(text)
    known = value.is_in([*YES, *NO, *_DEAD, *_ALIVE, ""])
    return known | value.str.contains(_A_DATE) | value.str.contains(_NO_DATE)


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.to_lowercase()
