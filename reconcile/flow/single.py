"""One account for one student: whom the registry knows, else a draft that is checked like any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from reconcile.flow.batches import check_batch
from reconcile.mint.accounts import plain_address
from reconcile.mint.asked import filled
from reconcile.mint.draft import draft
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from reconcile.mint.states import Batch
    from reconcile.plan import Plan
    from reconcile.registry import Registry


@dataclass(frozen=True, kw_only=True, repr=False)
class Single(Shown):
    """What came of asking for one account.

    Attributes:
        known: whom the registry knows already: college, sis_id, cccid (null while it waits), by ("SIS id",
            "name and birthdate", "e-mail address"). When there is one, nothing was asked for.
        batch: the checked batch of one row; None when the student, or somebody alike, is known.
    """

    known: pl.DataFrame
    batch: Batch | None

    def _sheet(self) -> Sheet:
        if self.batch is not None:
            return Sheet(frame=pl.DataFrame({"batch": [self.batch.id]}), title="One account is asked for")
        return Sheet(frame=self.known, title="The registry knows this student already", unit="record")


def look_up_one(registry: Registry, fields: Mapping[str, str | None], /) -> pl.DataFrame:
    """List whom the registry knows under a student's fields: college, sis_id, cccid, by."""
    from reconcile.registry.known import Known, known_as  # noqa: PLC0415 - brings SQLAlchemy

    address = plain_address(fields.get("email"))
    found = registry.inspect(lambda connection: known_as(connection, fields, address))
    return pl.DataFrame(found, schema=dict.fromkeys(Known._fields, pl.String), orient="row")


def ask_for_one(
    registry: Registry,
    fields: Mapping[str, str | None],
    /,
    *,
    by: str,
    issuer: str | None = None,
    plan: Plan | None = None,
    valid_until: date | None = None,
    at: datetime | None = None,
) -> Single:
    """Ask for one new account, by the same draft, check and later approval as for many.

    The accounts of OpenCCC are looked through before, by a run or by hand: this looks at the registry alone.

    Args:
        registry: where the batch is kept.
        fields: college, sis_id and the fields of an account and of a request, by the names of our columns.
        by: who asks; somebody else approves.
        issuer: "openccc" or "registry"; the plan's when None, and a demo registry needs none.
        plan: whose rules, day and [request] count.
        valid_until: the last day on which the batch may be approved and carried out.
        at: when; now when None.

    Raises:
        GateClosed: the dictionary forbids it, or the request does not say for whom and why.
        InputError: the row cannot be a batch, or nobody is named.
    """
    known = look_up_one(registry, fields)
    if known.height:
        return Single(known=known, batch=None)
    rows = pl.DataFrame([{"kind": "mint", **fields}], schema_overrides=dict.fromkeys(fields, pl.String))
    if plan is not None and plan.request is not None:
        rows = filled(rows, plan.request.columns)
    chosen = issuer or (plan.issuer.kind.value if plan is not None else None)
    made = draft(registry, rows, by=by, issuer=chosen, valid_until=valid_until, at=at)
    return Single(known=known, batch=check_batch(registry, made.id, by=by, plan=plan, at=at))
