"""What a request must say before an account is made on somebody's behalf, and an empty table to say it in.

Use case, why the student cannot do it themselves, how their identity was verified, and whether staff will
submit an application too: that is tracked here and done elsewhere. On whose authority is the attestation.
All of it is part of the row that is approved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import CONSENT, REQUEST, UseCase
from reconcile.errors import GateClosed
from reconcile.registry.canon import row_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

# The columns of the table that people fill in, in the order in which they think of them.
COLUMNS: Final = (
    "kind", "college", "sis_id", "cccid", "first_name", "middle_name", "last_name", "suffix", "birthdate",
    "email", "phone", "street", "city", "state", "zip", *REQUEST,
    "attested_by", "attested_authority", "attested_on", *CONSENT,
)  # fmt: skip
_NEEDED: Final = ("use_case", "cannot_self_serve", "identity_check")


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
    for name in _NEEDED:
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
