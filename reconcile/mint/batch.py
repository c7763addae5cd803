"""A batch's life: proposed by one person, approved by another, minted exactly once.

Every step is one transaction of the registry. What was approved is what is minted: the approval names the
hash of exactly these rows and of the rules that judged them, and both are computed again at the last moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.errors import ApprovalError, GateClosed, InputError, IssuerError, RegistryError
from reconcile.mint.issue import edited_rows, mint_rows, proposers
from reconcile.mint.rows import asked_in, fingerprint, in_form
from reconcile.mint.states import (
    STEPS,
    Batch,
    BatchState,
    GateVerdict,
    Issuer,
    Minted,
    is_late,
    require_bound,
    require_second,
    require_step,
)
from reconcile.registry.canon import row_numbers
from reconcile.registry.people import machine, require_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

__all__ = [
    "GateVerdict",
    "approve",
    "fingerprint",
    "look_up",
    "mint",
    "propose",
    "reject",
    "withdraw",
    "withdraw_outdated",
]

_DEAD = (BatchState.REJECTED, BatchState.WITHDRAWN)
# States out of which a proposal with other rules takes the batch back by itself.
_TAKEN_BACK = STEPS[BatchState.WITHDRAWN]
_LOGGED = ("content_hash", "suite_hash", "issuer", "proposed_at", "valid_until")
_TOO_OLD = "its last day has passed"
TOLD_APART = (
    "If they are two people, somebody else says so: a reviewer of the pair, or by `reconcile batch apart`, "
    "which also lists the pairs."
)
ALL_BLOCKED = (
    "The gate is closed: all {rows:,} rows ask for a number for somebody who is, or may be, the same "
    "person as "
    "another request or as a holder of a number, under another SIS id or at another college. Nothing was "
    "proposed. " + TOLD_APART
)


def propose(
    registry: Registry,
    rows: pl.DataFrame,
    /,
    *,
    proposer: str,
    verdict: GateVerdict,
    issuer: str | None = None,
    valid_until: date | None = None,
    source: str = "",
    wide: bool = False,
    at: datetime | None = None,
) -> Batch:
    """Submit rows as a batch that waits for somebody else's approval.

    The same rows again are the same batch. Students who hold a number already, or wait in another open
    batch, are left out and counted; when nobody is left, the batch that they wait in is returned.

    Args:
        registry: where the batch is kept.
        rows: kind ("mint" / "recover"), college, sis_id, cccid (of recoveries), fields of the account.
        proposer: who answers for the proposal.
        verdict: what the data dictionary said about exactly these rows.
        issuer: "openccc" or "registry"; a demo registry knows only "demo" and needs none.
        valid_until: the last day on which the batch may be approved and minted; no end when None.
        source: whom the rows were looked for among, in words; see `withdraw_outdated`.
        wide: take the future's form of CCCIDs too, where the plan says so ([rules] wide_cccid).
        at: when; now when None.

    Raises:
        InputError: the rows cannot be a batch; a number to write back is another student's here; no
            proposer.
        GateClosed: the verdict is closed, or speaks of other rows; every row asks for somebody who has or
            awaits a number under another id.
        IssuerError: the issuer does not go with the registry.
    """
    chosen = issuer_of(registry, issuer)
    content = fingerprint(rows, wide=wide)
    if not verdict.open:
        raise GateClosed(
            f"The gate is closed: {verdict.failures:,} findings, at least one of them critical or a rule "
            "that could not be run. Correct or leave out the rows; nothing was proposed."
        )
    if verdict.rows_hash != content:
        raise GateClosed("The verdict speaks of other rows; validate the ones that you propose.")
    require_name(proposer, "A batch needs the name of its proposer")
    if rows.is_empty():
        raise InputError("There is no row to propose. A batch needs at least one.")
    values = {
        "content_hash": content,
        "issuer": chosen.value,
        "proposer": proposer,
        "valid_until": valid_until.isoformat() if valid_until else None,
        "suite_hash": verdict.suite_hash,
    }

    def work(ledger: Ledger) -> Batch:
        refuse_taken(ledger, asked_in(rows))
        return same_again(ledger, values) or _submit(ledger, rows, values, source)

    return registry.write(work, at=at)


def approve(
    registry: Registry,
    batch_id: str,
    /,
    *,
    approver: str,
    rows_hash: str | None = None,
    suite_hash: str | None = None,
    at: datetime | None = None,
) -> Batch:
    """Approve a submitted batch, as somebody other than its proposer.

    Args:
        registry: where the batch is kept.
        batch_id: which batch.
        approver: who approves.
        rows_hash: of the rows that the approver looked at; refused when the batch holds others.
        suite_hash: of the rules in force today; refused when the batch was judged by others.
        at: when; now when None.

    Raises:
        ApprovalError: the approver is the proposer or unnamed, the rows are not the ones submitted, the
            rules changed, or the batch's last day has passed.
        RegistryError: no such batch, or it is not submitted.
    """

    def work(ledger: Ledger) -> Batch:
        row = require_step(ledger.batch(batch_id), batch_id, BatchState.APPROVED)
        require_second(row, approver, *proposers(ledger, batch_id))
        require_bound(row, ledger.at, suite_hash=suite_hash)
        found, _rows = ledger.content(batch_id)
        if found != row["rows_hash"] or rows_hash not in (None, found):
            raise ApprovalError(
                f"The rows of batch {batch_id} are not the ones that were submitted"
                f"{edited_rows(ledger, batch_id)}. Withdraw it and propose them again."
            )
        bound = {"rows_hash": found, "suite_hash": row["suite_hash"], "sequence": ledger.sequence}
        ledger.log("approved", batch_id, who=approver, machine=machine(), **bound)
        ledger.approve(batch_id, approver=approver, **bound)
        ledger.change_batch(batch_id, state=BatchState.APPROVED.value)
        return _look(ledger, batch_id)

    return registry.write(work, at=at)


def reject(
    registry: Registry, batch_id: str, /, *, by: str, reason: str, at: datetime | None = None
) -> Batch:
    """Refuse a submitted batch; its rows may be proposed again."""
    return _end(registry, batch_id, BatchState.REJECTED, who=by, reason=reason, at=at)


def withdraw(
    registry: Registry, batch_id: str, /, *, by: str, reason: str, at: datetime | None = None
) -> Batch:
    """Take back a batch that nothing was issued for; its rows may be proposed again."""
    return _end(registry, batch_id, BatchState.WITHDRAWN, who=by, reason=reason, at=at)


def withdraw_outdated(
    registry: Registry,
    /,
    *,
    keep: pl.DataFrame | None,
    colleges: Iterable[str],
    by: str,
    source: str = "",
    at: datetime | None = None,
) -> list[str]:
    """Take back a source's open batches that ask for what is no longer asked for, and return their ids.

    To be called before `propose`, with the same rows: what still holds is then proposed as a new batch. A
    row is still asked for when it stands in `keep` with the same college, SIS id, kind, CCCID and fields
    of the account. Batches that can no longer be approved because their last day has passed are taken
    back too. Rows of other colleges, batches of another source (another extract of the same college knows
    nothing of them), and batches that were minted or handed over are left alone.

    Args:
        registry: where the batches are kept.
        keep: all rows that are asked for now, as for `propose`; None or no rows: nothing is.
        colleges: the colleges that `keep` speaks for.
        by: who answers for it, the proposer as a rule.
        source: whom `keep` was looked for among, as `propose` was told of the batch.
        at: when; now when None.

    Raises:
        InputError: no name.
    """
    require_name(by, "To withdraw a batch takes a name")
    named = sorted(set(colleges))
    wanted = _keyed(in_form(keep) if keep is not None and keep.height else ())

    def work(ledger: Ledger) -> list[str]:
        ended = []
        for batch_id in ledger.open_batches(named, [state.value for state in _TAKEN_BACK]):
            if ledger.source(batch_id) != source:
                continue
            rows = _keyed(ledger.parts(batch_id))
            spoken = rows.filter(pl.col("college").is_in(named))
            gone = spoken.join(wanted, on=spoken.columns, how="anti").height
            if gone:
                reason = f"{gone:,} of its {rows.height:,} rows are no longer asked for in the same way"
            elif is_late(_row(ledger, batch_id), ledger.at):
                reason = _TOO_OLD
            else:
                continue
            _close(ledger, batch_id, BatchState.WITHDRAWN, reason, who=by)
            ended.append(batch_id)
        return ended

    return registry.write(work, at=at)


def _keyed(parts: Iterable[Sequence[Sequence[Any]]]) -> pl.DataFrame:
    """Keep of rows in the form of a batch their key and the hash of all that they say."""
    from reconcile.registry.connect import tabled  # noqa: PLC0415 - brings SQLAlchemy
    from reconcile.registry.ledger import row_hash  # noqa: PLC0415

    hashed = ([(*row[:2], row_hash(row)) for row in rows] for rows in parts)
    return tabled(hashed, dict.fromkeys(("college", "sis_id", "hash"), pl.String))


def look_up(registry: Registry, batch_id: str, /) -> Batch:
    """Show a batch.

    Raises:
        RegistryError: there is no such batch.
    """
    return registry.read(lambda ledger: _look(ledger, batch_id))


def mint(
    batch: Batch | str,
    /,
    *,
    registry: Registry,
    by: str | None = None,
    progress: Callable[[str], None] | None = None,
    suite_hash: str | None = None,
    at: datetime | None = None,
) -> Minted:
    """Give every row of an approved batch its CCCID, in one transaction, exactly once.

    Numbers are given in request-key order. Called again, in this process or another, or after a crash, it
    returns the same CCCIDs. A student whom another batch served meanwhile keeps that number.

    Args:
        batch: the batch or its id.
        registry: where the batch is kept.
        by: who presses the button; the approver when None.
        progress: called with a sentence before each step.
        suite_hash: of the rules in force today; refused when the batch was judged by others.
        at: when; now when None.

    Raises:
        ApprovalError: the batch is not approved, or is no longer the one that was approved; the rules
            changed, or its last day has passed; or a person in it got or awaits a number under another id
            since it was checked: then it is a draft again.
        IssuerError: OpenCCC issues for this batch, or no numbers are allotted or left.
        RegistryError: no such batch, or it was rejected or withdrawn; a number that it writes back went
            to another student meanwhile.
    """
    batch_id = batch if isinstance(batch, str) else batch.id
    say = progress or (lambda _sentence: None)
    if by is not None:
        require_name(by, "Minting needs the name of who does it")
    say("Waiting for the registry")
    issued = registry.write(
        lambda ledger: mint_rows(ledger, batch_id, by=by, suite_hash=suite_hash, say=say), at=at
    )
    if isinstance(issued, ApprovalError):  # the batch went back to draft, and that is kept
        raise issued
    return issued


def refuse_taken(ledger: Ledger, rows: pl.DataFrame, /) -> None:
    """Refuse to write a number back that was voided or that another student holds, naming the given rows."""
    places = sorted({*ledger.taken(rows), *ledger.asked(rows)})
    if places:
        raise InputError(
            "A CCCID to be written back was issued or recovered for another student of the same college, "
            f"waits to be, or was voided ({row_numbers(places)}). One of the two students is wrong: let a "
            "person decide."
        )


def same_again(ledger: Ledger, values: dict[str, Any], /) -> Batch | None:
    """Find the batch that the same rows are in; one that cannot be approved any more is taken back."""
    bound = ("suite_hash", "issuer")
    for batch_id, state in ledger.batch_ids(values["content_hash"]):
        if state in _DEAD:
            continue
        row = _row(ledger, batch_id)
        same = all(row[name] == values[name] for name in bound)
        if state not in _TAKEN_BACK and ledger.freed(batch_id):
            continue  # somebody in it has no number any more, or OpenCCC made none
        if state not in _TAKEN_BACK or (same and not is_late(row, ledger.at)):
            return Batch.of(row)
        reason = _TOO_OLD if same else "checked again by other rules or for another issuer"
        _close(ledger, batch_id, BatchState.WITHDRAWN, reason, who=values["proposer"])
    return None


def named_after(content_hash: str, before: Sequence[object], /) -> str:
    """Name a batch after its rows, and number it where the same rows were a batch before."""
    return content_hash[:12] + (f"-{len(before) + 1}" if before else "")


def _submit(ledger: Ledger, rows: pl.DataFrame, values: dict[str, Any], source: str) -> Batch:
    batch_id = named_after(values["content_hash"], ledger.batch_ids(values["content_hash"]))
    values |= {"id": batch_id, "sequence": ledger.sequence, "proposed_at": ledger.stamp}
    unknown = {"state": BatchState.DRAFT.value, "rows_hash": "", "mints": 0, "recoveries": 0}
    ledger.add_batch(values | unknown, in_form(rows))
    served, waiting, holder = ledger.leave_out(batch_id)
    blocked = ledger.leave_rivals(batch_id)
    rows_hash, kept = ledger.content(batch_id)
    if kept.is_empty() and holder is not None:
        ledger.drop_batch(batch_id)
        return Batch.of(_row(ledger, holder), served=served, waiting=waiting, blocked=blocked)
    if kept.is_empty():
        raise GateClosed(ALL_BLOCKED.format(rows=blocked))
    final = {"rows_hash": rows_hash} | counts(kept)
    if values["issuer"] != Issuer.OPENCCC:
        ledger.see_recovered(kept)
    bound = final | {name: values[name] for name in _LOGGED}
    ledger.log("submitted", batch_id, who=values["proposer"], machine=machine(), source=source, **bound)
    ledger.change_batch(batch_id, state=BatchState.SUBMITTED.value, sequence=ledger.sequence, **final)
    return Batch.of(_row(ledger, batch_id), served=served, waiting=waiting, blocked=blocked)


def counts(rows: pl.DataFrame, /) -> dict[str, int]:
    """Count the rows of a batch that ask for a new number, a replacement among them, and the recoveries."""
    recoveries = int((rows["kind"] == "recover").sum())
    return {"mints": rows.height - recoveries, "recoveries": recoveries}


def _end(
    registry: Registry, batch_id: str, to: BatchState, *, who: str, reason: str, at: datetime | None
) -> Batch:
    need = f"To have a batch {to.value} takes a name and a reason"
    require_name(who, need)
    if not reason.strip():
        raise InputError(f"{need}; the reason was not given.")

    def work(ledger: Ledger) -> Batch:
        require_step(ledger.batch(batch_id), batch_id, to)
        _close(ledger, batch_id, to, reason, who=who)
        return _look(ledger, batch_id)

    return registry.write(work, at=at)


def _close(ledger: Ledger, batch_id: str, to: BatchState, reason: str, *, who: str) -> None:
    ledger.log(to.value, batch_id, who=who, reason=reason)
    ledger.change_batch(batch_id, state=to.value, reason=reason)


def issuer_of(registry: Registry, issuer: str | None, /) -> Issuer:
    """Say who issues for a batch.

    Raises:
        IssuerError: the issuer does not go with the registry.
    """
    if registry.demo:
        if issuer not in (None, Issuer.DEMO):
            raise IssuerError("A demo registry issues demonstration numbers only; name a real registry.")
        return Issuer.DEMO
    if issuer not in (Issuer.OPENCCC, Issuer.REGISTRY):
        raise IssuerError('Who issues has no default: name "openccc" or "registry".')
    return Issuer(issuer)


def _look(ledger: Ledger, batch_id: str) -> Batch:
    return Batch.of(_row(ledger, batch_id))


def _row(ledger: Ledger, batch_id: str) -> dict[str, Any]:
    row = ledger.batch(batch_id)
    if row is None:
        raise RegistryError(f"There is no batch {batch_id} in this registry. Check the id and the registry.")
    return row
