"""What a request must say before an account is made on somebody's behalf, and an empty table to say it in.

Use case, why the student cannot do it themselves, how their identity was verified, and whether staff will
submit an application too: that is tracked here and done elsewhere. On whose authority is the attestation.
All of it is part of the row that is approved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from reconcile.columns import CONSENT, REQUEST, UseCase
from reconcile.errors import GateClosed
from reconcile.registry.canon import row_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

# The columns of the table that people fill in, in the order in which they think of them.
COLUMNS: Final = (
    "kind", "college", "sis_id", "cccid", "first_name", "middle_name", "last_name", "suffix", "birthdate",
    "email", "phone", "street", "city", "state", "zip", "no_perm_address_homeless", *REQUEST,
    "attested_by", "attested_authority", "attested_on", *CONSENT,
)  # fmt: skip
# What is said of nobody in particular by a rule of the dictionary, in words for whoever fills the form in.
NEEDED: Final = {
    "use_case": "Say for whom the account is made.",
    "cannot_self_serve": "Say why the student cannot make the account without help.",
    "identity_check": "Say how the student's identity was verified.",
}


class Field(NamedTuple):
    """A field of a request for one account, as people are asked for it."""

    name: str
    label: str
    hint: str = ""
    choices: tuple[str, ...] = ()


OF_A_CHILD: Final = "Of a child under 13"
# In the order in which they are asked for, under the headings of the form.
FORM: Final[Mapping[str, tuple[Field, ...]]] = {
    "The student": (
        Field("college", "College", "MIS code, such as 021"),
        Field("sis_id", "SIS id"),
        Field("first_name", "Legal first name"),
        Field("middle_name", "Legal middle name"),
        Field("last_name", "Legal last name"),
        Field("suffix", "Suffix", "Jr., Sr., II, III or IV"),
        Field("birthdate", "Date of birth", "yyyy-mm-dd"),
        Field("email", "E-mail address", "the student's own; the college's mailbox stands in for none"),
        Field("phone", "Phone", "such as 916-555-0100"),
        Field("street", "Street"),
        Field("city", "City"),
        Field("state", "State", "such as CA"),
        Field("zip", "ZIP", "such as 95814"),
        Field("no_perm_address_homeless", "No permanent address, for want of a home", "", ("false", "true")),
    ),
    "The request": (
        Field("use_case", "Use case", "", tuple(UseCase)),
        Field("cannot_self_serve", "Why the student cannot do it", "no device, no internet access, ..."),
        Field("identity_check", "How identity was verified", "which document, by whom"),
        Field("proxy_application", "Do staff submit an application too", "", ("false", "true")),
        Field("attested_by", "Who attests"),
        Field("attested_authority", "On whose authority", "a policy, an agreement, a role"),
        Field("attested_on", "Attested on", "yyyy-mm-dd"),
    ),
    OF_A_CHILD: (
        Field("guardian_consent_by", "Guardian who consented"),
        Field("guardian_relation", "Relation to the child", "mother, father, legal guardian"),
        Field("guardian_consent_on", "Consented on", "yyyy-mm-dd"),
        Field("consent_recorded_by", "Recorded by"),
    ),
}
FIELDS: Final = {field.name: field for fields in FORM.values() for field in fields}


def template() -> str:
    """Write the head of an empty table of requests, as CSV."""
    return ",".join(COLUMNS) + "\n"


def filled(rows: pl.DataFrame, defaults: Mapping[str, str], /) -> pl.DataFrame:
    """Fill in what a whole batch has in common where a request for a new account leaves it empty.

    Args:
        rows: of a batch, with kind.
        defaults: by the names in `REQUEST`.
    """
    asks = pl.col("kind") != "recover"
    given = rows.with_columns(
        pl.lit(None, pl.String).alias(name) for name in defaults if name not in rows.columns
    )
    return given.with_columns(
        pl.when(asks & (_text(name) == "")).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in defaults.items()
    )


def require_reasons(created: pl.DataFrame, /) -> None:
    """Go on only when each request for a new account says for whom it is, why, and how that is known.

    Raises:
        GateClosed: one does not; rows are named by number in the order of the batch.
    """
    problems = []
    for name in NEEDED:
        empty = created.select(_text(name) == "").to_series().arg_true().to_list()
        if empty:
            problems.append(f"{name} is empty ({row_numbers(empty)})")
    unknown = created.select(~_text("use_case").is_in(["", *UseCase])).to_series().arg_true().to_list()
    if unknown:
        problems.append(f"use_case is none of {', '.join(UseCase)} ({row_numbers(unknown)})")
    if problems:
        raise GateClosed(
            f"The gate is closed: {'; '.join(problems)}. Fill the columns in, or say it for the whole batch "
            "under [request] in the plan, and draft the rows anew."
        )


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("").str.strip_chars()
