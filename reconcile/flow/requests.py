"""The rows of a batch: accounts to create, CCCIDs to write back."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import CONSENT, SSN_DERIVED, Status
from reconcile.mint.accounts import addresses_in_use
from reconcile.mint.asked import filled

if TYPE_CHECKING:
    from reconcile.plan import MintPlan, Plan
    from reconcile.registry import Registry

# What a new account is made of; names as in the account dictionary.
FIELDS: Final = (
    "first_name", "middle_name", "last_name", "suffix", "birthdate", "email", "phone",
    *SSN_DERIVED, "street", "city", "state", "zip",
)  # fmt: skip
ATTESTATION: Final = ("attested_by", "attested_authority", "attested_on")


def creation_form(students: pl.DataFrame, mint: MintPlan, /, *, attested: bool = True) -> pl.DataFrame:
    """Write students down as the accounts that would be created for them.

    Returns:
        request_key, college, sis_id, the fields of an account, a guardian's consent where the students
        carry it, and the staff attestation, one row a student, in request-key order.
    """
    consent = [name for name in CONSENT if name in students.columns]
    given = {name: getattr(mint, name) if attested else None for name in ATTESTATION}
    columns = [
        pl.col(name).cast(pl.String) if name in students.columns else pl.lit(None, pl.String).alias(name)
        for name in ("college", *FIELDS, *consent)
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
        .select("request_key", "college", "sis_id", *FIELDS, *consent, *ATTESTATION)
        .sort("request_key")
    )


def with_mailbox(form: pl.DataFrame, mint: MintPlan, accounts: pl.DataFrame, /) -> pl.DataFrame:
    """Let the college's mailbox stand in for an e-mail address that is missing or somebody else's too.

    An account needs an address of its own. Two requests may share one, or an account may hold it already;
    neither can be told whose it is, so that each gets the college's with the SIS id behind a plus sign.

    Args:
        form: as `creation_form` returns it.
        mint: its mailbox; without one only email_in_use is filled in.
        accounts: email of the accounts that exist.

    Returns:
        The form with email_in_use ("true" / "false"): whether an account holds the address.
    """
    plain = pl.col("email").str.strip_chars().str.to_lowercase()
    held = accounts.select(plain).to_series().drop_nulls().unique() if "email" in accounts.columns else None
    in_use = plain.is_in(held.implode()) if held is not None else pl.lit(value=False)
    unusable = pl.col("email").is_null() | plain.is_duplicated() | in_use
    if mint.mailbox is not None:
        name, _, domain = mint.mailbox.partition("@")
        tag = pl.concat_str(_tag("college"), pl.lit("-"), _tag("sis_id"))
        own = pl.concat_str(pl.lit(f"{name}+"), tag, pl.lit(f"@{domain}"))
        form = form.with_columns(email=pl.when(unusable.fill_null(value=True)).then(own).otherwise("email"))
    return form.with_columns(
        email_in_use=pl.when(in_use.fill_null(value=False)).then(pl.lit("true")).otherwise(pl.lit("false"))
    )


def reachable(
    asked: pl.DataFrame, plan: Plan, accounts: pl.DataFrame, registry: Registry | None, /
) -> pl.DataFrame:
    """Give each request an address that no account of snapshot and registry has, and what all have in common.

    Args:
        asked: requests for new accounts, with college, sis_id and email.
        plan: its mailbox, and what it says of all requests.
        accounts: the snapshot's.
        registry: whose accounts and batches may have an address already; none is looked at when None.
    """
    wanted = {(row[0], row[1]): row[2] for row in asked.select("college", "sis_id", "email").rows()}
    ours = [wanted[key] for key in addresses_in_use(registry, wanted)] if registry is not None else []
    held = [accounts.select("email")] if "email" in accounts.columns else []
    known = pl.concat([*held, pl.DataFrame({"email": ours}, schema={"email": pl.String})])
    created = with_mailbox(asked, plan.mint, known)
    return filled(created, plan.request.columns) if plan.request is not None else created


def _tag(column: str) -> pl.Expr:
    """Write an id so that it can stand in an address, and no two ids become one."""
    plain = pl.col(column).fill_null("")
    coded = plain.map_elements(
        lambda text: f"x{sha256(text.encode()).hexdigest()[:12]}", return_dtype=pl.String
    )
    return pl.when(plain.str.contains("^[a-z0-9]*$|^[A-Z0-9]*$")).then(plain).otherwise(coded)


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
