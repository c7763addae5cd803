"""No SSN leaves the reader in clear: SSN columns become four others, ids that are SSNs become hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SSN_DERIVED
from reconcile.privacy import SSN_PATTERN, derive_ssn, hash_ids
from reconcile.read.layout import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.privacy import SsnKey
    from reconcile.read.diagnostics import Diagnostics

    # The key is asked for only when there is something to hash, since asking may create it.
    Keyring = Callable[[], SsnKey]

_SSN_NAMES: Final = frozenset(
    {
        "ssn", "spbpersssn", "socialsecuritynumber", "socialsecurityno", "socialsecurity", "socsecno",
        "socialsecuritynum", "ssnum", "ssnno9", "ssnnumber", "ssndisplay", "nationalid", "tin", "itin",
        "ssntin", "taxid", "taxpayerid", "studentssn", "personssn", "ssnitin",
    }
)  # fmt: skip


def hide_columns(frame: pl.DataFrame, key: Keyring, found: Diagnostics) -> pl.DataFrame:
    """Replace SSN columns of a table without a layout by the derived ones, in the column's place.

    The first SSN column gives ssn_hmac, ssn_last4, ssn_type and ssn_class; a further one puts its own
    name in front of these.
    """
    parts: list[pl.DataFrame] = []
    names = set(frame.columns)
    for name in frame.columns:
        if plain(name) not in _SSN_NAMES:
            parts.append(frame.select(name))
            continue
        derived = derive_ssn(frame[name], key())
        if any(column in names for column in SSN_DERIVED):
            derived = derived.rename({column: f"{name}_{column}" for column in SSN_DERIVED})
        names.update(derived.columns)
        parts.append(derived)
    return hide_values(pl.concat(parts, how="horizontal"), key, found) if parts else frame


def hide_values(frame: pl.DataFrame, key: Keyring, found: Diagnostics) -> pl.DataFrame:
    """Hash every cell that is an SSN with hyphens or spaces, in whatever column it stands."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String and name not in SSN_DERIVED]
    shaped = frame.select(pl.col(texts).str.contains(SSN_PATTERN).sum())
    for name in texts:
        count = shaped[name][0]
        if not count:
            continue
        hidden = pl.col(name).str.contains(SSN_PATTERN)
        hashes = hash_ids(
            frame[name].filter(frame[name].str.contains(SSN_PATTERN).fill_null(value=False)), key()
        )
        distinct = frame.filter(hidden)[name].to_frame("old").with_columns(hashes.alias("new")).unique("old")
        frame = frame.with_columns(
            pl.when(hidden)
            .then(pl.col(name).replace_strict(distinct["old"], distinct["new"], default=None))
            .otherwise(pl.col(name))
            .alias(name)
        )
        found.note(
            "ssn_hidden",
            f"{count} values are shaped like SSNs and were replaced by keyed hashes.",
            column=name,
        )
    return frame


def hide_ids(
    frame: pl.DataFrame, identity: str, key: Keyring, found: Diagnostics, *, told: bool
) -> pl.DataFrame:
    """Hash ids that are SSNs: where the user or the file's own code says so, or the row's SSN is the id.

    Args:
        frame: mapped rows with text columns, `ssn` (clear) and `id_kind` among them where mapped.
        identity: the id column.
        key: gives the key.
        found: takes the diagnostics.
        told: the option id_is_ssn.
    """
    bare = pl.col(identity).str.replace_all(r"[-\u2010-\u2015 ]", "")
    nine = bare.str.contains(r"^[0-9]{9}$")
    is_ssn = nine if told else pl.lit(value=False)
    if "id_kind" in frame.columns:  # SB01 = S: the student identifier is an SSN
        is_ssn = is_ssn | (nine & (pl.col("id_kind").str.to_uppercase() == "S"))
    if "ssn" in frame.columns:
        is_ssn = is_ssn | (nine & (bare == pl.col("ssn").str.replace_all(r"[^0-9]", "")))
    marked = frame.select(hidden=is_ssn.fill_null(value=False), bare=bare)
    if not marked["hidden"].any():
        return frame
    # An id that is somebody's SSN in one row is one in all rows that it stands in.
    known = marked.filter("hidden")["bare"].unique().sort()
    hashes = hash_ids(known, key())
    found.note(
        "id_is_ssn",
        f"{known.len()} ids are SSNs and were replaced by keyed hashes (ssn:...). "
        "Export an id that is none, if the results are to be loaded back.",
        column=identity,
    )
    return frame.with_columns(
        pl.when(bare.is_in(known.implode()))
        .then(bare.replace_strict(known, hashes, default=None))
        .otherwise(pl.col(identity))
        .alias(identity)
    )
