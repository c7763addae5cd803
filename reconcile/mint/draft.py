"""A batch made by hand, step by step: drafted, checked against dictionary and registry, submitted.

A run of a plan takes these three steps at once (`batch.propose`). By hand they are taken by whoever has rows
of another origin, and by whoever mends a batch that went back to draft.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.errors import ApprovalError, GateClosed, InputError
from reconcile.mint.batch import (
    ALL_BLOCKED,
    counts,
    issuer_of,
    look_up,
    named_after,
    refuse_taken,
    same_again,
)
from reconcile.mint.issue import back_to_draft
from reconcile.mint.rows import asked_in, fingerprint, in_form, unpacked
from reconcile.mint.states import Batch, BatchState, require_step
from reconcile.registry.canon import BOUND
from reconcile.registry.people import machine, require_name

if TYPE_CHECKING:
    from datetime import date, datetime

    from reconcile.mint.states import GateVerdict
    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger


def draft(
    registry: Registry,
    rows: pl.DataFrame,
    /,
    *,
    by: str,
    issuer: str | None = None,
    valid_until: date | None = None,
    wide: bool = False,
    at: datetime | None = None,
) -> Batch:
    """Keep rows as a draft that nobody judged yet; the same rows again are the same batch.

    Args:
        registry: where the batch is kept.
        rows: as for `batch.propose`.
        by: who makes the draft; may not approve it later.
        issuer: "openccc" or "registry"; a demo registry needs none.
        valid_until: the last day on which the batch may be approved and carried out.
        wide: take the future's form of CCCIDs too, where the plan says so ([rules] wide_cccid).
        at: when; now when None.

    Raises:
        InputError: the rows cannot be a batch, or a number in them is another student's; no name.
        IssuerError: the issuer does not go with the registry.
    """
    require_name(by, "A draft needs the name of who makes it")
    chosen = issuer_of(registry, issuer)
    content = fingerprint(rows, wide=wide)
    if rows.is_empty():
        raise InputError("There is no row in the draft. A batch needs at least one.")
    values: dict[str, Any] = {
        "content_hash": content,
        "issuer": chosen.value,
        "proposer": by,
        "valid_until": valid_until.isoformat() if valid_until else None,
        "suite_hash": "",
    }

    def work(ledger: Ledger) -> Batch:
        refuse_taken(ledger, asked_in(rows))
        known = ledger.batch_ids(values["content_hash"])
        open_ = [one for one, state in known if state == BatchState.DRAFT]
        again = look_at(ledger, open_[-1]) if open_ else same_again(ledger, values)
        if again is not None:
            return again
        batch_id = named_after(content, known)
        row = values | {"id": batch_id, "proposed_at": ledger.stamp, "sequence": ledger.sequence}
        row |= {"state": BatchState.DRAFT.value, "rows_hash": content} | counts(rows)
        ledger.add_batch(row, in_form(rows))
        bound = {name: row[name] for name in BOUND}
        ledger.log("drafted", batch_id, who=by, machine=machine(), **bound)
        ledger.change_batch(batch_id, sequence=ledger.sequence)
        return look_at(ledger, batch_id)

    return registry.write(work, at=at)


def rows_of(registry: Registry, batch_id: str, /) -> tuple[pl.DataFrame, str]:
    """Give the rows of a batch as a table, and their hash.

    They are people: show them to nobody who does not need them.

    Returns:
        kind, college, sis_id, cccid and the fields of an account; the hash for a `GateVerdict`.

    Raises:
        RegistryError: there is no such batch.
    """
    look_up(registry, batch_id)
    return registry.read(lambda ledger: (unpacked(ledger.parts(batch_id)), ledger.content(batch_id)[0]))


def check(
    registry: Registry,
    batch_id: str,
    /,
    *,
    by: str,
    verdict: GateVerdict,
    ties: pl.DataFrame | None = None,
    at: datetime | None = None,
) -> Batch:
    """Bind a draft to the dictionary's verdict, and leave out whom it must not serve.

    Left out and counted are students who hold a number or wait in another batch, and new accounts for
    somebody who is, or may be, the same person as another request or as a holder of a number.

    Args:
        registry: where the batch is kept.
        batch_id: a draft, or a batch that was checked before.
        by: who checks.
        verdict: what the dictionary said about exactly the rows that the batch holds now.
        ties: as for `Registry.note_ties`, which a rehearsal forgot again.
        at: when; now when None.

    Raises:
        GateClosed: the verdict is closed or speaks of other rows, or nobody is left.
        InputError: a number to write back is another student's; no name.
        RegistryError: no such batch, or it is past that step.
    """
    require_name(by, "A check needs the name of who makes it")

    def work(ledger: Ledger) -> Batch:
        row = require_step(ledger.batch(batch_id), batch_id, BatchState.CHECKED)
        if not verdict.open:
            raise GateClosed(
                f"The gate is closed: {verdict.failures:,} findings, at least one of them critical or a rule "
                f"that could not be run. Batch {batch_id} stays a draft; correct the rows and draft them "
                "anew."
            )
        if verdict.rows_hash != ledger.content(batch_id)[0]:
            raise GateClosed("The verdict speaks of other rows; check the batch again.")
        if ties is not None:
            ledger.persons.tie(ties.iter_rows(), by=by)
        served, waiting, _holder = ledger.leave_out(batch_id)
        blocked = ledger.leave_rivals(batch_id)
        rows_hash, kept = ledger.content(batch_id)
        if kept.is_empty():
            nobody = f"Nobody is left in batch {batch_id}: every student holds a number or waits for one. "
            raise GateClosed(ALL_BLOCKED.format(rows=blocked) if blocked else f"{nobody}Withdraw it.")
        refuse_taken(ledger, kept)
        found = {"suite_hash": verdict.suite_hash, "rows_hash": rows_hash} | counts(kept)
        bound = {name: row[name] for name in BOUND} | found
        ledger.log("checked", batch_id, who=by, served=served, waiting=waiting, blocked=blocked, **bound)
        state = BatchState.CHECKED.value
        ledger.change_batch(batch_id, state=state, sequence=ledger.sequence, reason=None, **found)
        return look_at(ledger, batch_id, served=served, waiting=waiting, blocked=blocked)

    return registry.write(work, at=at)


def submit(registry: Registry, batch_id: str, /, *, by: str, at: datetime | None = None) -> Batch:
    """Put a checked batch before the approver, as its proposer.

    Raises:
        ApprovalError: somebody in it got or awaits a number under another id since the check: it is a draft
            again.
        GateClosed: the rows are no longer the ones that were checked.
        InputError: no name.
        RegistryError: no such batch, or it is not checked.
    """
    require_name(by, "To submit a batch takes the name of its proposer")

    def work(ledger: Ledger) -> Batch | ApprovalError:
        row = require_step(ledger.batch(batch_id), batch_id, BatchState.SUBMITTED)
        found, requests = ledger.content(batch_id)
        if found != row["rows_hash"]:
            raise GateClosed(
                f"The rows of batch {batch_id} are not the ones that were checked. Draft them anew."
            )
        void = back_to_draft(ledger, row, requests, who=by)
        if void is not None:
            return void
        row |= {"proposer": by, "proposed_at": ledger.stamp}
        ledger.log("submitted", batch_id, who=by, machine=machine(), **{name: row[name] for name in BOUND})
        ledger.change_batch(
            batch_id, state=BatchState.SUBMITTED.value, sequence=ledger.sequence,
            proposer=by, proposed_at=ledger.stamp,
        )  # fmt: skip
        return look_at(ledger, batch_id)

    found = registry.write(work, at=at)
    if isinstance(found, ApprovalError):  # the batch went back to draft, and that is kept
        raise found
    return found


def history(registry: Registry, batch_id: str, /) -> pl.DataFrame:
    """List the steps that a batch took: entry, at, step, by, why.

    Raises:
        RegistryError: there is no such batch.
    """
    look_up(registry, batch_id)
    entries = registry.read(lambda ledger: ledger.history(batch_id))
    rows = [
        (e["seq"], e["at"], e["what"], e["who"], str(json.loads(e["detail"]).get("reason") or ""))
        for e in entries
    ]
    schema = {"entry": pl.Int64} | dict.fromkeys(("at", "step", "by", "why"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def look_at(ledger: Ledger, batch_id: str, /, **left_out: int) -> Batch:
    """Show a batch from inside a transaction."""
    return Batch.of(ledger.batch(batch_id) or {}, **left_out)
