"""The rows of a batch: accounts to create, CCCIDs to write back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SSN_DERIVED, Status

if TYPE_CHECKING:
    from reconcile.plan import MintPlan

# What a new account is made of; names as in the account dictionary.
FIELDS: Final = (
    "first_name", "middle_name", "last_name", "suffix", "birthdate", "email", "phone",
    *SSN_DERIVED, "street", "city", "state", "zip",
)  # fmt: skip
ATTESTATION: Final = ("attested_by", "attested_authority", "attested_on")


def creation_form(students: pl.DataFrame, mint: MintPlan, /, *, attested: bool = True) -> pl.DataFrame:
    """Write students down as the accounts that would be created for them.

    Returns:
        request_key, college, sis_id, the fields of an account and the staff attestation, one row a
        student, in request-key order.
    """
    given = {name: getattr(mint, name) if attested else None for name in ATTESTATION}
    columns = [
        pl.col(name).cast(pl.String) if name in students.columns else pl.lit(None, pl.String).alias(name)
        for name in ("college", *FIELDS)
    ]
    return (
        students.select("sis_id", *columns)
        .with_columns(
            request_key=pl.concat_str(pl.col("college").fill_null(""), pl.lit("/"), pl.col("sis_id")),
            **{
                name: pl.lit(None if value is None else str(value), pl.String)
                for name, value in given.items()
            },
        )
        .select("request_key", "college", "sis_id", *FIELDS, *ATTESTATION)
        .sort("request_key")
    )


def batch_rows(form: pl.DataFrame, resolved: pl.DataFrame, /) -> pl.DataFrame:
    """Pick the rows that a batch asks for: kind "mint" or "recover", and for the latter its CCCID."""
    minted = pl.col("status") == Status.MINTABLE.value
    wanted = resolved.filter(
        pl.col("status").is_in([Status.MINTABLE.value, Status.RECOVERABLE.value])
    ).select(
        "sis_id",
        kind=pl.when(minted).then(pl.lit("mint")).otherwise(pl.lit("recover")),
        cccid=pl.col("proposed_cccid"),
    )  # fmt: skip
    return form.join(wanted, on="sis_id").sort("request_key")
