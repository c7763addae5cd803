"""From the facts to one status and one proposal: the precedence table."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.columns import Search, SisCccid, Status
from reconcile.resolve.evidence import evidence
from reconcile.resolve.flags import flags

_fact = pl.col("sis_cccid")
_search = pl.col("search")

# A recovery is a link for life, so it wants name, birthdate and something else that agrees.
_FULLY_COMPARED: Final = (pl.col("best_agreeing") == 3) & (pl.col("best_differing") == 0)  # noqa: PLR2004
_SURE_ENOUGH: Final = pl.col("best_decided").fill_null(value=False) | (
    _FULLY_COMPARED & (pl.col("best_independent").fill_null(value=False) | ~pl.col("needs_independent"))
)

# The first rule that holds gives the status (DESIGN section 2); the order is the rule.
PRECEDENCE: Final = (
    (Status.OUT_OF_SCOPE, pl.col("scope_reason").is_not_null()),
    (Status.HELD, pl.col("hold_reason").is_not_null()),
    (Status.DUPLICATE_STUDENT, pl.col("same_person").list.len() > 0),
    (Status.SHARED_CCCID, _fact == SisCccid.SHARED.value),
    (Status.CONFLICT, _fact.is_in([SisCccid.OTHER_PERSON.value, SisCccid.DOUBTFUL.value])),
    (Status.SEVERAL_ACCOUNTS, _search == Search.SEVERAL.value),
    (Status.CONFIRMED, _fact == SisCccid.AGREES.value),
    (Status.UNKNOWN_CCCID, _fact.is_in([SisCccid.NOT_IN_SNAPSHOT.value, SisCccid.RETIRED.value])),
    (Status.MALFORMED_CCCID, _fact == SisCccid.MALFORMED.value),
    (Status.PENDING_LOAD, pl.col("issued_cccid").is_not_null()),
    (Status.RECOVERABLE, (_search == Search.CERTAIN.value) & _SURE_ENOUGH),
    (Status.REVIEW, _search.is_in([Search.CERTAIN.value, Search.POSSIBLE.value])),
    (Status.BLOCKED, pl.col("failed_rules").list.len() > 0),
)

# Where a person decides, but one account stands out: it is proposed, never applied.
_ONE_STANDS_OUT: Final = (Status.MALFORMED_CCCID, Status.UNKNOWN_CCCID, Status.CONFLICT)


def with_status(facts: pl.DataFrame, /) -> pl.DataFrame:
    """Add status, proposed_cccid, flags and evidence to the facts of each student."""
    status = pl.lit(Status.MINTABLE.value)
    for name, rule in reversed(PRECEDENCE):
        status = pl.when(rule.fill_null(value=False)).then(pl.lit(name.value)).otherwise(status)
    return facts.with_columns(status=status).with_columns(
        proposed_cccid=_proposed(), flags=flags(), evidence=evidence(facts)
    )


def _proposed() -> pl.Expr:
    status = pl.col("status")
    stands_out = status.is_in([s.value for s in _ONE_STANDS_OUT]) & (_search == Search.CERTAIN.value)
    return (
        pl.when((status == Status.RECOVERABLE.value) | stands_out)
        .then(pl.col("best_cccid"))
        .when(status == Status.SEVERAL_ACCOUNTS.value)
        .then(pl.col("latest_cccid"))
    )
