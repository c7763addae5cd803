"""A batch's life: proposed by one person, approved by another, minted exactly once.

Every step is one transaction of the registry. What was approved is what is minted: the approval names the
hash of exactly these rows and of the rules that judged them, and both are computed again at the last moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.cccid import WATERMARK, texts
from reconcile.errors import ApprovalError, GateClosed, InputError, IssuerError, RegistryError
from reconcile.mint.rows import checked, fingerprint, hash_rows
from reconcile.mint.states import (
    STEPS,
    Batch,
    BatchState,
    GateVerdict,
    Issuer,
    Minted,
    require_step,
    same_person,
)
from reconcile.registry.canon import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Issue, Ledger, Request

__all__ = ["GateVerdict", "approve", "fingerprint", "look_up", "mint", "propose", "reject", "withdraw"]

_DEAD = (BatchState.REJECTED, BatchState.WITHDRAWN)
# States out of which a proposal with other rules takes the batch back by itself.
_TAKEN_BACK = STEPS[BatchState.WITHDRAWN]


def propose(
    registry: Registry,
    rows: pl.DataFrame,
    /,
    *,
    proposer: str,
    verdict: GateVerdict,
    issuer: str | None = None,
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
        at: when; now when None.

    Raises:
        InputError: the rows cannot be a batch; no proposer.
        GateClosed: the verdict is closed, or speaks of other rows.
        IssuerError: the issuer does not go with the registry.
    """
    chosen = _issuer(registry, issuer)
    table = checked(rows)
    content = hash_rows(table.rows())
    if not verdict.open:
        raise GateClosed(
            f"The gate is closed: {verdict.failures:,} findings, at least one of them critical or a rule "
            "that could not be run. Correct or leave out the rows; nothing was proposed."
        )
    if verdict.rows_hash != content:
        raise GateClosed("The verdict speaks of other rows; validate the ones that you propose.")
    if not proposer.strip():
        raise InputError("A batch needs the name of its proposer; none was given.")
    if table.is_empty():
        raise InputError("There is no row to propose. A batch needs at least one.")
    values = {
        "content_hash": content,
        "issuer": chosen.value,
        "proposer": proposer,
        "proposed_at": iso(at),
        "suite_hash": verdict.suite_hash,
    }
    return registry.write(lambda ledger: _submit(ledger, table, values))


def approve(
    registry: Registry,
    batch_id: str,
    /,
    *,
    approver: str,
    rows_hash: str | None = None,
    at: datetime | None = None,
) -> Batch:
    """Approve a submitted batch, as somebody other than its proposer.

    Args:
        registry: where the batch is kept.
        batch_id: which batch.
        approver: who approves.
        rows_hash: of the rows that the approver looked at; refused when the batch holds others.
        at: when; now when None.

    Raises:
        ApprovalError: the approver is the proposer or unnamed, or the rows are not the ones submitted.
        RegistryError: no such batch, or it is not submitted.
    """

    def work(ledger: Ledger) -> Batch:
        row = require_step(ledger.batch(batch_id), batch_id, BatchState.APPROVED)
        _second_person(row, approver)
        found = hash_rows(ledger.requests(batch_id))
        if found != row["rows_hash"] or rows_hash not in (None, found):
            raise ApprovalError(
                f"The rows of batch {batch_id} are not the ones that were submitted. Propose them again."
            )
        bound = {"rows_hash": found, "suite_hash": row["suite_hash"], "sequence": ledger.sequence}
        ledger.log("approved", batch_id, who=approver, at=iso(at), **bound)
        ledger.approve(batch_id, approver=approver, at=iso(at), **bound)
        ledger.change_batch(batch_id, state=BatchState.APPROVED.value)
        return _look(ledger, batch_id)

    return registry.write(work)


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
        at: when; now when None.

    Raises:
        ApprovalError: the batch is not approved, or is no longer the one that was approved.
        IssuerError: OpenCCC issues for this batch, or no numbers are allotted or left.
        RegistryError: no such batch, or it was rejected or withdrawn.
    """
    batch_id = batch if isinstance(batch, str) else batch.id
    say = progress or (lambda _sentence: None)
    say("Waiting for the registry")
    return registry.write(lambda ledger: _mint(ledger, batch_id, by=by, at=iso(at), say=say))


def approved_rows(ledger: Ledger, batch_id: str, to: BatchState, /) -> tuple[dict[str, Any], list[Request]]:
    """Return an approved batch and its rows, after proving that they are the approved ones.

    Raises:
        ApprovalError: not approved, or anything in it changed since.
        RegistryError: no such batch, or it stands elsewhere.
    """
    row = require_step(ledger.batch(batch_id), batch_id, to)
    approval = ledger.approval(batch_id)
    requests = ledger.requests(batch_id)
    bound = {"rows_hash": hash_rows(requests), "suite_hash": row["suite_hash"]}
    if approval is None or any(approval[name] != value for name, value in bound.items()):
        raise ApprovalError(
            f"Batch {batch_id} is not what was approved: its rows or its rules changed afterwards. "
            "The approval is void; withdraw the batch and propose the rows again."
        )
    _second_person(row, approval["approver"])
    return row, requests


def settle(
    ledger: Ledger, batch_id: str, requests: Sequence[Request], places: Sequence[int], /, *, at: str
) -> list[Issue]:
    """Enter the numbers of a batch's rows: claimed places for the new ones, their own for recoveries."""
    from reconcile.registry.ledger import BY_KEY, Issue, place_of  # noqa: PLC0415 - brings SQLAlchemy

    written = _written(places, WATERMARK if ledger.demo else "")
    new = [request for request in requests if request.kind == "mint"]
    issues = [
        Issue(r[0], r[1], place, text, "mint") for r, place, text in zip(new, places, written, strict=True)
    ]
    recovered = [r for r in requests if r.kind == "recover" and r.cccid is not None]
    issues += [Issue(r[0], r[1], place_of(r.cccid or ""), r.cccid or "", "recover") for r in recovered]
    issues.sort(key=BY_KEY)
    ledger.issue(issues, batch_id, at=at)
    return issues


def _mint(ledger: Ledger, batch_id: str, *, by: str | None, at: str, say: Callable[[str], None]) -> Minted:
    from reconcile.registry.ledger import BY_KEY  # noqa: PLC0415 - brings SQLAlchemy

    row = ledger.batch(batch_id)
    if row is not None and row["state"] == BatchState.MINTED:
        return _minted(batch_id, ledger.served(batch_id), ledger.entry("minted", batch_id))
    if row is not None and row["issuer"] == Issuer.OPENCCC:
        raise IssuerError(
            f"OpenCCC issues the numbers of batch {batch_id}: hand it over instead of minting it."
        )
    say("Comparing the rows with the approval")
    row, requests = approved_rows(ledger, batch_id, BatchState.MINTED)
    held = ledger.served(batch_id)
    keys = set(map(BY_KEY, held))
    todo = [request for request in requests if BY_KEY(request) not in keys] if keys else requests
    wanted = sum(request.kind == "mint" for request in todo)
    say(f"Issuing {wanted:,} numbers")
    places, skipped = ledger.claim(wanted)
    issues = settle(ledger, batch_id, todo, places, at=at)
    detail = {
        "issued": len(issues),
        "served_before": len(held),
        "skipped": _spans(skipped),
        "issued_hash": hash_rows(issues),
    }
    ledger.log("minted", batch_id, who=by or row["approver"], at=at, **detail)
    ledger.change_batch(batch_id, state=BatchState.MINTED.value)
    say("Making it durable")
    return _minted(batch_id, sorted([*held, *issues], key=BY_KEY), detail)


def _minted(batch_id: str, issues: Sequence[Issue], detail: dict[str, Any]) -> Minted:
    names = {"college": 0, "sis_id": 1, "cccid": 3, "kind": 4}
    columns = list(zip(*issues, strict=True)) or [()] * 5
    schema = dict.fromkeys(names, pl.String)
    frame = pl.DataFrame({name: columns[i] for name, i in names.items()}, schema=schema)
    places = [place for first, last in detail["skipped"] for place in range(first, last + 1)]
    skipped = pl.DataFrame({"cccid": _written(places, "")}, schema={"cccid": pl.String})
    return Minted(frame=frame, skipped=skipped, batch=batch_id)


def _submit(ledger: Ledger, table: pl.DataFrame, values: dict[str, Any]) -> Batch:
    from reconcile.registry.ledger import Request  # noqa: PLC0415 - brings SQLAlchemy

    before = ledger.batch_ids(values["content_hash"])
    for batch_id, state in before:
        if state in _DEAD:
            continue
        batch = _look(ledger, batch_id)
        if (batch.suite_hash, batch.issuer) == (
            values["suite_hash"],
            values["issuer"],
        ) or state not in _TAKEN_BACK:
            return batch
        _close(
            ledger,
            batch_id,
            BatchState.WITHDRAWN,
            "checked again by other rules or for another issuer",
            values,
        )
    batch_id = values["content_hash"][:12] + (f"-{len(before) + 1}" if before else "")
    row = {"id": batch_id, "state": BatchState.DRAFT.value, "sequence": ledger.sequence}
    unknown = {"rows_hash": "", "mints": 0, "recoveries": 0}
    ledger.add_batch(values | row | unknown, [Request(*row) for row in table.rows()])
    served, waiting, holder = ledger.leave_out(batch_id)
    kept = ledger.requests(batch_id)
    if not kept and holder is not None:
        ledger.drop_batch(batch_id)
        return Batch.of(_row(ledger, holder), served=served, waiting=waiting)
    mints = sum(request.kind == "mint" for request in kept)
    final = {"rows_hash": hash_rows(kept), "mints": mints, "recoveries": len(kept) - mints}
    bound = final | {name: values[name] for name in ("content_hash", "suite_hash", "issuer", "proposed_at")}
    ledger.log("submitted", batch_id, who=values["proposer"], at=values["proposed_at"], **bound)
    ledger.change_batch(batch_id, state=BatchState.SUBMITTED.value, sequence=ledger.sequence, **final)
    return Batch.of(_row(ledger, batch_id), served=served, waiting=waiting)


def _end(
    registry: Registry, batch_id: str, to: BatchState, *, who: str, reason: str, at: datetime | None
) -> Batch:
    if not who.strip() or not reason.strip():
        raise InputError(f"To have a batch {to.value} takes a name and a reason; one of them was not given.")

    def work(ledger: Ledger) -> Batch:
        require_step(ledger.batch(batch_id), batch_id, to)
        _close(ledger, batch_id, to, reason, {"proposer": who, "proposed_at": iso(at)})
        return _look(ledger, batch_id)

    return registry.write(work)


def _close(ledger: Ledger, batch_id: str, to: BatchState, reason: str, step: dict[str, Any]) -> None:
    ledger.log(to.value, batch_id, who=step["proposer"], at=step["proposed_at"], reason=reason)
    ledger.change_batch(batch_id, state=to.value, reason=reason)


def _issuer(registry: Registry, issuer: str | None) -> Issuer:
    if registry.demo:
        if issuer not in (None, Issuer.DEMO):
            raise IssuerError("A demo registry issues demonstration numbers only; name a real registry.")
        return Issuer.DEMO
    if issuer not in (Issuer.OPENCCC, Issuer.REGISTRY):
        raise IssuerError('Who issues has no default: name "openccc" or "registry".')
    return Issuer(issuer)


def _second_person(row: dict[str, Any], approver: str) -> None:
    if not approver.strip():
        raise ApprovalError("An approval needs the name of its approver; none was given.")
    if same_person(row["proposer"], approver):
        raise ApprovalError(
            f"Batch {row['id']} was proposed by the same person. Somebody else has to approve it."
        )


def _look(ledger: Ledger, batch_id: str) -> Batch:
    return Batch.of(_row(ledger, batch_id))


def _row(ledger: Ledger, batch_id: str) -> dict[str, Any]:
    row = ledger.batch(batch_id)
    if row is None:
        raise RegistryError(f"There is no batch {batch_id} in this registry. Check the id and the registry.")
    return row


def _written(places: Sequence[int], mark: str) -> list[str]:
    column = pl.Series("place", places, dtype=pl.Int64).to_frame()
    return column.select(pl.lit(mark) + texts(pl.col("place"))).to_series().to_list()


def _spans(places: list[int]) -> list[list[int]]:
    """Write ascending places as [first, last] runs, so that a long list stays a short text."""
    spans: list[list[int]] = []
    for place in places:
        if spans and spans[-1][1] == place - 1:
            spans[-1][1] = place
        else:
            spans.append([place, place])
    return spans
