"""Everything else that was noticed about a student, as stable words."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.columns import Search, SisCccid

_certain = pl.col("search") == Search.CERTAIN.value

FLAGS: Final = {
    "several_cccids_in_sis": pl.col("numbers") > 1,
    "several_accounts_confirmed": pl.col("agreeing_numbers") > 1,
    "other_possible_accounts": _certain & (pl.col("possible_accounts") > 0),
    "identity_changed": (pl.col("sis_cccid") == SisCccid.AGREES.value) & (pl.col("held_differing") > 0),
    "independent_evidence": _certain & pl.col("best_independent"),
    "fails_mint_request": pl.col("failed_rules").list.len() > 0,
    "confidential": pl.col("confidential") == "true",
    "possible_account_reported_as_fraud": pl.col("possible_fraud"),
    "issued_by_registry": pl.col("issued_cccid").is_not_null(),
    "load_overdue": pl.col("overdue"),
    "snapshot_not_systemwide": ~pl.col("systemwide"),
}


def flags() -> pl.Expr:
    """Collect the flags of a student, sorted."""
    own = [pl.when(rule.fill_null(value=False)).then(pl.lit(flag)) for flag, rule in FLAGS.items()]
    found = [pl.col(name).fill_null([]) for name in ("search_flags", "duplicate_flags")]
    return pl.concat_list(pl.concat_list(own), *found).list.drop_nulls().list.unique().list.sort()
