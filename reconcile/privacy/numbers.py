"""What may be kept of an SSN: a keyed hash, the last four digits, the kind of number and a class.

Whoever holds a table without the key cannot try the billion possible numbers. Only a number that can
belong to one person is hashed, so that a dummy or a damaged number never links two people.

Sources: areas 000, 666 and 9xx, group 00 and serial 0000 were never issued (SSA, POMS RM 01102.035);
ITINs are 9xx with the fourth and fifth digit in 50-65, 70-88, 90-92, 94-99 (IRS); the type is "0" for
an SSN and "1" for a taxpayer number (OpenCCC account data elements, ssn_type).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import KeyMismatch

if TYPE_CHECKING:
    from reconcile.privacy.key import SsnKey

SSN_COLUMNS: Final = dict.fromkeys(("ssn_hmac", "ssn_last4", "ssn_type", "ssn_class"), pl.String)
# The signs themselves and no escapes, which polars, Python and DuckDB write differently.
SSN_SIGN: Final = "[-\u2010-\u2015 ]"
_WITH_SIGNS: Final = f"[0-9]{{3}}{SSN_SIGN}[0-9]{{2}}{SSN_SIGN}[0-9]{{4}}"
SSN_PATTERN: Final = rf"^\s*{_WITH_SIGNS}\s*$"
HOLDS_SSN: Final = rf"^\s*([0-9]{{9}}|{_WITH_SIGNS})\s*$"

_BARE: Final = r"^[0-9]{9}$"
_ITIN: Final = r"^9[0-9]{2}(5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])"
_NEVER: Final = r"^(000|666|9)|^...00|0000$"
_DUMMIES: Final = ("123456789", "987654321", "078051120", "219099999", *(d * 9 for d in "0123456789"))


def derive_ssn(values: pl.Series, key: SsnKey, /) -> pl.DataFrame:
    """Replace SSNs by what may be kept of them.

    Args:
        values: text; nine digits, bare or as nnn-nn-nnnn with hyphens or spaces. Eight digits are
            malformed: that a leading zero was lost would be a guess.
        key: as from `ssn_key`.

    Returns:
        One row a value: ssn_hmac and ssn_last4 (null unless the class is ok or itin), ssn_type
        ("0" SSN, "1" taxpayer number), ssn_class (ok, itin, never_issued, dummy, malformed; null
        when there is no value).

    >>> from reconcile.privacy import SsnKey
    >>> derive_ssn(pl.Series(["212-09-9998", "123456789", None]), SsnKey(bytes(32)))["ssn_class"].to_list()
    ['ok', 'dummy', None]
    """
    digits = _digits(values)
    known = digits.unique().drop_nulls().sort().to_frame("digits").with_columns(ssn_class=_classify())
    usable = pl.col("ssn_class").is_in(["ok", "itin"])
    hashed = known.filter(usable)["digits"]
    hashes = pl.Series(key.hashes(hashed), dtype=pl.String)
    known = known.with_columns(
        ssn_hmac=pl.col("digits").replace_strict(hashed, hashes, default=None, return_dtype=pl.String),
        ssn_last4=pl.when(usable).then(pl.col("digits").str.slice(5)),
        ssn_type=pl.when(pl.col("ssn_class") != "malformed").then(
            pl.when(pl.col("digits").str.starts_with("9")).then(pl.lit("1")).otherwise(pl.lit("0"))
        ),
    )
    joined = digits.to_frame("digits").join(known, on="digits", how="left", maintain_order="left")
    return joined.select(list(SSN_COLUMNS))


def hash_ids(values: pl.Series, key: SsnKey, /) -> pl.Series:
    """Replace ids that are SSNs, so that rows stay apart and equal ids stay equal in all files.

    The result is `ssn:<fingerprint>:<hash>`; it never equals an `ssn_hmac`, whatever the number.
    """
    digits = _digits(values)
    distinct = digits.unique().drop_nulls().sort()
    made = "ssn:" + pl.Series(key.hashes(distinct, use="id"), dtype=pl.String)
    return digits.replace_strict(distinct, made, return_dtype=pl.String).alias(values.name)


def require_same_key(*columns: pl.Series) -> None:
    """Refuse to compare hashes that different keys made.

    Args:
        columns: ssn_hmac columns of the tables that are about to meet.

    Raises:
        KeyMismatch: more than one fingerprint is among them.
    """
    found = {
        f for column in columns for f in column.str.extract(r"^([^:]*):").unique().drop_nulls().to_list()
    }
    if len(found) > 1:
        raise KeyMismatch(
            f"SSN hashes of {len(found)} different keys ({', '.join(sorted(found))}) cannot be compared. "
            "Read all files again with one key; `reconcile key show` tells which one is in use."
        )


def _digits(values: pl.Series) -> pl.Series:
    """Bare nine digits where the shape is an SSN's, the trimmed text elsewhere, null where nothing is."""
    text = pl.col("v").cast(pl.String).str.strip_chars()
    return (
        values.to_frame("v")
        .select(
            pl.when(text.str.contains(SSN_PATTERN))
            .then(text.str.replace_all(r"[^0-9]", ""))
            .when(text != "")
            .then(text)
        )
        .to_series()
    )


def _classify() -> pl.Expr:
    digits = pl.col("digits")
    return (
        pl.when(~digits.str.contains(_BARE))
        .then(pl.lit("malformed"))
        .when(digits.is_in(_DUMMIES))
        .then(pl.lit("dummy"))
        .when(digits.str.contains(r"0000$"))
        .then(pl.lit("never_issued"))
        .when(digits.str.contains(_ITIN))
        .then(pl.lit("itin"))
        .when(digits.str.contains(_NEVER))
        .then(pl.lit("never_issued"))
        .otherwise(pl.lit("ok"))
    )
