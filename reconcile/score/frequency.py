"""How often a stranger shares a value by chance, in whole bits; names are not independent of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.score.encode import NULL
from reconcile.score.levels import EXACT, RAREST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.encode import Codes, Encoded
    from reconcile.score.fuzzy import Levels

    Counts = NDArray[np.float64]
    Whole = NDArray[np.int64]

# Chance that two strangers agree on a field when nothing is known of the table: the prior of frequencies.
CHANCE: Final = {
    "first_name": 0.004, "middle_name": 0.008, "last_name": 0.001, "suffix": 0.4, "birthdate": 1 / 15_000,
    "email": 1e-6, "phone": 1e-6, "ssn": 1e-8, "ssn_last4": 1e-4, "ssid": 1e-8, "zip": 0.003, "street": 1e-5,
    "city": 0.02,
}  # fmt: skip
_DOUBT: Final = (
    10.0  # chance meetings of full names that a cell must show before its own rate outweighs the average
)
_BITS: Final = 32
_ENOUGH: Final = 10_000  # rows


def buckets(counts: NDArray[np.int64], chance: float, /) -> Levels:
    """Turn a value's count into the code of its exact level: how often a stranger shares it, in bits.

    The pair itself accounts for two of the count. The prior, worth one occurrence, keeps a small table
    from believing that one birthdate in its few hundred rows is one in a few hundred people's.
    """
    return _codes(-np.log2(_frequency(counts, counts.sum(), chance)))


def last_given_first(encoded: Encoded, first: Levels, last: Levels, /) -> tuple[Codes, Levels]:
    """Codes of the last name's exact level among those who share a first name as well.

    Names go together: a Nguyen is more often called Thuy than others are, so a shared full name says
    less than its halves would if they were independent. How much less is counted, for common and rare
    names apart, on full names that meet without a shared birthdate, which are strangers' almost all.

    Args:
        encoded: both tables.
        first: the exact level's code of every first name.
        last: the same of every last name.

    Returns:
        the full name's number of every row of the left table, and the level's code by that number.
    """
    sides = [encoded.left] if encoded.one_table else [encoded.left, encoded.right]
    named = pl.concat(
        [
            pl.DataFrame({"f": s.codes["key_first"], "l": s.codes["key_last"]}).with_columns(
                b=pl.Series(s.codes["key_birth"]) if "key_birth" in s.codes else pl.lit(NULL, dtype=pl.Int32)
            )
            for s in sides
        ]
    )
    born_known = "key_birth" in sides[0].codes
    whole = (pl.col("f") != NULL) & (pl.col("l") != NULL)
    # Records of one name and birthdate are mostly one person, who is no stranger to itself.
    persons = pl.col("b").filter(pl.col("b") != NULL).n_unique() if born_known else pl.len() - 1
    grouped = named.filter(whole).group_by("f", "l").agg(n=pl.len(), persons=persons)
    full = grouped.sort("f", "l").with_row_index("code")
    born = named.filter(whole & (pl.col("b") != NULL)).group_by("f", "l", "b").agg(n=pl.len())
    bits_f, bits_l = first.astype(np.int64) - EXACT, last.astype(np.int64) - EXACT
    # In a small table the matches themselves are most of the full names that meet.
    factor = _dependence(full, born, bits_f, bits_l) if named.height >= _ENOUGH else np.ones((_BITS, _BITS))
    f, l, n = (full[c].to_numpy() for c in ("f", "l", "n"))  # noqa: E741 - first, last, count
    chance = factor[bits_f[f], bits_l[l]] * np.exp2(-(bits_f[f] + bits_l[l]).astype(np.float64))
    others = full["persons"].to_numpy().astype(np.int64) + 1
    together = -np.log2(_frequency(others, n.sum(), np.minimum(chance, 1.0)))
    left = named.head(encoded.left.rows).join(full, on=["f", "l"], how="left", maintain_order="left")
    numbers = left["code"].cast(pl.Int32).fill_null(NULL).to_numpy()
    return numbers, _codes(np.maximum(together - bits_f[f], 0))


def _dependence(full: pl.DataFrame, born: pl.DataFrame, bits_f: Whole, bits_l: Whole) -> Counts:
    """By how much more often full names meet than independent halves would, by the halves' bits."""
    met = np.zeros((_BITS, _BITS))
    for table, sign in ((full, 1.0), (born, -1.0)):
        n = table["n"].to_numpy().astype(np.float64)
        place = (bits_f[table["f"].to_numpy()], bits_l[table["l"].to_numpy()])
        np.add.at(met, place, sign * n * (n - 1))
    expected = np.outer(_shared(full, "f", bits_f), _shared(full, "l", bits_l)) * float(full["n"].sum()) ** 2
    overall = (met.sum() + _DOUBT) / (expected.sum() + _DOUBT)
    factor: Counts = np.maximum((met + _DOUBT * overall) / (expected + _DOUBT), 1.0)
    return factor


def _shared(full: pl.DataFrame, column: str, bits: Whole) -> Counts:
    """Chance that two strangers share a name, by the bits of the name."""
    total = float(full["n"].sum())
    names = full.group_by(column).agg(pl.col("n").sum()).sort(column)
    share = names["n"].to_numpy() / max(total, 1.0)
    chance = np.bincount(bits[names[column].to_numpy()], weights=share**2, minlength=_BITS)
    return chance.astype(np.float64)


def _frequency(counts: NDArray[np.int64], total: float, chance: float | Counts) -> Counts:
    found: Counts = (np.maximum(counts.astype(np.float64) - 2, 0) + 1) / (total + 1 / np.asarray(chance))
    return found


def _codes(bits: Counts) -> Levels:
    codes: Levels = (EXACT + np.clip(np.rint(bits), 0, RAREST)).astype(np.uint8)
    return codes
