"""Whether a snapshot of accounts can be believed when it says that somebody has no account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from reconcile.plan import Issuer
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import polars as pl

    from reconcile.flow.inputs import Inputs
    from reconcile.plan import Plan

_HALF: Final = 0.5
_NEEDED: Final = {"first_name": "first name", "last_name": "last name", "birthdate": "birthdate"}


def obstacles(plan: Plan, inputs: Inputs, /, *, at: datetime | None = None) -> Iterator[str]:
    """Say why nothing may be created on the word of a plan's snapshot, in clauses.

    It is too old, rows of it could not be used, or what students are found by is missing.
    """
    snapshot, accounts = plan.accounts, inputs.tables["accounts"]
    age = (_today(plan, local_day(at)) - snapshot.as_of).days
    if age > snapshot.max_age_days:
        yield f"the account snapshot is {age} days old, {snapshot.max_age_days} are allowed; take a new one"
    unreadable = _unreadable(inputs)
    if unreadable > snapshot.max_set_aside:
        yield (
            f"{counted(unreadable, 'row')} of the account snapshot could not be used, and a student whose "
            "account is among them looks as if they had none; mend the file, or allow so many by "
            "[accounts] max_set_aside"
        )
    for column, words in _NEEDED.items():
        empty = _share_empty(accounts, column)
        if empty > _HALF:
            yield f"{empty:.0%} of the account snapshot has no {words}, so that accounts are not found"
    if accounts.is_empty():
        yield "no row of the account snapshot could be used, so that every account looks absent"


def good_until(plan: Plan, /) -> date | None:
    """Give the last day on which a batch may be carried out on a snapshot's word; practice has none."""
    if plan.issuer.kind is Issuer.DEMO:
        return None
    return plan.accounts.as_of + timedelta(days=plan.accounts.max_age_days)


def local_day(at: datetime | None = None, /) -> date:
    """Give the day of a moment, now when None, where the machine stands; by UTC an evening is tomorrow."""
    return (at or datetime.now(UTC)).astimezone().date()


def set_aside(inputs: Inputs, /) -> int:
    """Count the rows of the snapshot that were no accounts, or not surely."""
    return sum(record.quarantined for record in inputs.records if record.table == "accounts")


def _today(plan: Plan, today: date) -> date:
    """A plan of last year stays consistent in itself; outside practice the calendar counts too."""
    return plan.as_of if plan.issuer.kind is Issuer.DEMO else max(today, plan.as_of)


def _unreadable(inputs: Inputs) -> int:
    """Count the rows of the snapshot that nobody could be looked for in."""
    return set_aside(inputs) - inputs.set_aside.height


def _share_empty(table: pl.DataFrame, column: str) -> float:
    if column not in table.columns:
        return 1.0
    return table[column].null_count() / table.height if table.height else 0.0
