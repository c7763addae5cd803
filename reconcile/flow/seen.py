"""Numbers that stand anywhere in an input, in rows that were set aside too: none is issued again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from reconcile.cccid import shaped_in
from reconcile.plan import Issuer
from reconcile.read.again import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reconcile.flow.inputs import Inputs
    from reconcile.join import Joined
    from reconcile.plan import Plan
    from reconcile.registry import Registry
    from reconcile.results import Source


def numbers_in(source: Source, /) -> Iterator[pl.Series]:
    """Give every text of an input that is shaped like a CCCID, upper case, in parts of bounded size.

    Raises:
        InputError: a file is gone, or is another one than the one that was read.
    """
    if source.seen is not None:
        yield source.seen
        return
    for text in texts(source):
        yield shaped_in(text)


def remember(
    plan: Plan, inputs: Inputs, joined: Joined, registry: Registry, /, *, at: datetime | None = None
) -> None:
    """Pin the SSN key, enter the allotted range, and note every number seen, so that none is issued again.

    Args:
        plan: its issuer.
        inputs: the tables, and the files that they came from.
        joined: what `look_up` made of them.
        registry: keeps it.
        at: when; now when None.
    """
    registry.pin_key(inputs.key)
    _know_numbers(inputs.tables["students"], joined, registry, at)
    if plan.issuer.kind is Issuer.REGISTRY and plan.issuer.range and plan.issuer.authority:
        registry.allot(*plan.issuer.range, authority=plan.issuer.authority)
    if plan.issuer.kind is Issuer.OPENCCC:
        return
    registry.note_seen(joined.held["cccid"])
    for record in inputs.records:
        table = inputs.tables[record.table]
        if "cccid" in table.columns:
            registry.note_seen(table["cccid"])
        if record.table == "students" or record.accepted < record.source.rows:
            for numbers in numbers_in(record.source):
                registry.note_seen(numbers)


def _know_numbers(students: pl.DataFrame, joined: Joined, registry: Registry, at: datetime | None) -> None:
    """Enter the numbers that SIS and applications name for a student, with the day, in the crosswalk."""
    named = [(joined.held, "sis"), (joined.applied, "application")]
    rows = [frame.select("sis_id", "cccid", origin=pl.lit(origin)) for frame, origin in named]
    theirs = pl.concat(rows).join(students.select("sis_id", "college"), on="sis_id")
    registry.note_crosswalk(theirs.drop_nulls(), at=at)
