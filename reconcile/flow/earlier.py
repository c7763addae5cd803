"""Accounts as an earlier snapshot had them, where they are gone by now or may be another person's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import CCCID_COLUMN, EARLIER, Status
from reconcile.validate.changes import OTHER_PERSON
from reconcile.validate.steps import per_cent
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.flow.run import Run

PREVIOUS: Final = "earlier accounts"
# Rules about single accounts: the students concerned are held back, so that nobody else has to be.
BY_ACCOUNT: Final = ("account_vanished", *OTHER_PERSON)
_FLAGS: Final = ["account_as_it_was", "account_changed_owner"]
_SETTLED: Final = [one.value for one in (Status.CONFIRMED, Status.RECOVERABLE, Status.OUT_OF_SCOPE)]
_NAME: Final = ("first_name", "last_name")
_IDENTITY: Final = ("birthdate", "ssn_hmac")


def as_they_were(before: pl.DataFrame, after: pl.DataFrame, /, *, systemwide: bool) -> pl.DataFrame:
    """List the earlier records whose holder today's snapshot no longer shows, their numbers marked EARLIER.

    Gone from a snapshot of all accounts, or under another name and another birthdate or SSN. These are all
    that the rules about changes of owner find, and some more: to look at one record too many does no harm.

    Args:
        before: the earlier snapshot.
        after: the later one.
        systemwide: both hold all accounts there are.
    """
    now = after.select(
        CCCID_COLUMN, *(pl.col(name).alias(f"{name}_now") for name in (*_NAME, *_IDENTITY)), _is=True
    )

    def differs(*names: str) -> pl.Expr:
        return pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in names)

    gone = pl.col("_is").is_null()
    moved = ~gone & differs(*_NAME) & differs(*_IDENTITY)
    beside = before.join(now, on=CCCID_COLUMN, how="left", maintain_order="left")
    held = beside.filter(moved | gone if systemwide else moved).select(before.columns)
    return held.with_columns(pl.col(CCCID_COLUMN) + EARLIER)


def too_many(done: Run, /) -> Iterator[str]:
    """Say that so many accounts vanished or moved that the snapshot itself looks wrong."""
    changed, part = _changed(done)
    borne = done.plan.accounts.max_changed
    if part > borne:
        yield (
            f"{_told(changed)} ({per_cent(part)} of them; {per_cent(borne)} is allowed), so "
            "that one of the two files is probably partial or of something else. Look at them with "
            f"{_command(done)}; then take a whole snapshot, or allow so many by [accounts] max_changed"
        )


def held_back(done: Run, /) -> tuple[str, ...]:
    """Tell how many students wait because of such accounts, and how to look at these."""
    changed, _part = _changed(done)
    if not changed:
        return ()
    told = pl.col("flags").list.set_intersection(_FLAGS).list.len() > 0
    waiting = done.resolution.frame.filter(told, ~pl.col("status").is_in(_SETTLED)).height
    who = f"whoever may have held one waits for a person ({counted(waiting, 'student')})"
    return (f"{_told(changed)}: nobody is linked to them, and {who}. Look at them: {_command(done)}",)


def _changed(done: Run) -> tuple[int, float]:
    """Count the accounts that vanished or moved, also as a share of the earlier snapshot."""
    checked = done.validations.get("snapshot_change")
    if checked is None:
        return 0, 0.0
    hits = checked.failures.filter(pl.col("rule_id").cast(pl.String).is_in(BY_ACCOUNT))
    changed = hits["key"].drop_nulls().n_unique()
    return changed, changed / max(done.inputs.tables[PREVIOUS].height, 1)


def _told(changed: int) -> str:
    what = counted(changed, "account", "accounts")
    verb = "is" if changed == 1 else "are"
    return f"{what} of the earlier snapshot {verb} gone or may be another person's now"


def _command(done: Run) -> str:
    return f'reconcile compare --plan "{done.plan.path}" --page changes.html'
