"""The moment when numbers are given: proof that the rows are the approved ones, then one entry for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.cccid import WATERMARK, texts
from reconcile.errors import ApprovalError, IssuerError, RegistryError
from reconcile.mint.rows import hash_rows
from reconcile.mint.states import BatchState, Issuer, Minted, require_bound, require_second, require_step
from reconcile.registry.canon import digest, row_numbers
from reconcile.registry.people import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconcile.registry.ledger import Issue, Ledger, Request
    from reconcile.registry.life import Void


def approved_rows(
    ledger: Ledger,
    batch_id: str,
    to: BatchState,
    /,
    *,
    suite_hash: str | None,
) -> tuple[dict[str, Any], list[Request]]:
    """Return an approved batch and its rows, after proving that they may be served now.

    Raises:
        ApprovalError: not approved, or anything in it changed since; its rules changed, its last day
            passed.
        RegistryError: no such batch, or it stands elsewhere; a number that it writes back went to another
            student meanwhile.
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
    require_second(row, approval["approver"], *proposers(ledger, batch_id))
    require_bound(row, ledger.at, suite_hash=suite_hash)
    taken = ledger.taken(requests)
    if taken:
        raise RegistryError(
            f"Batch {batch_id} writes numbers back that the registry gave to other students of the same "
            f"college meanwhile ({row_numbers(taken)}). Withdraw it and run the plan again."
        )
    return row, requests


def proposers(ledger: Ledger, batch_id: str, /) -> set[str]:
    """Name everybody who had a hand in a batch before it was approved."""
    steps = ("drafted", "checked", "submitted")
    return {entry["who"] for entry in ledger.history(batch_id) if entry["what"] in steps}


def back_to_draft(
    ledger: Ledger, row: dict[str, Any], requests: Sequence[Request], /, *, who: str
) -> ApprovalError | None:
    """Look again at what is newer than a batch's check; where a person got or awaits a number, take it back.

    Returns:
        What to raise once the step back is kept; None when everything still holds.
    """
    batch_id = row["id"]
    if not ledger.moved_on(row["sequence"], batch_id):
        return None
    keys = {rival.key for rival in ledger.persons.rivals(batch_id)}
    if not keys:
        return None
    places = [place for place, request in enumerate(requests) if request[:2] in keys]
    reason = f"{len(places):,} of its rows ask for a person who got or awaits a number under another id"
    ledger.log("returned", batch_id, who=who, reason=reason)
    ledger.change_batch(batch_id, state=BatchState.DRAFT.value, reason=reason, sequence=ledger.sequence)
    return ApprovalError(
        f"Batch {batch_id} went back to draft and its approval is void: since it was checked, somebody of "
        "the "
        f"same name and birthdate, or who is noted as the same person, got or awaits a number under another "
        f"SIS id or at another college ({row_numbers(places)}). Run the plan again; or check the batch, "
        "which "
        "leaves these rows out, and submit it."
    )


def give_up(
    ledger: Ledger, row: dict[str, Any], approver: str, instead: dict[tuple[str, str], str], /
) -> None:
    """Void the numbers that a batch's replacements give up, so that new ones take their place.

    Args:
        ledger: of the writing transaction.
        row: the batch.
        approver: who approved it.
        instead: the new number by request key; replacements that have none yet are left alone.
    """
    from reconcile.registry.ledger import place_of  # noqa: PLC0415
    from reconcile.registry.life import Void  # noqa: PLC0415 - brings SQLAlchemy

    voids = []
    for code, sis_id, cccid, place in ledger.life.replacements(row["id"]):
        if (code, sis_id) in instead:
            at = place_of(cccid.removeprefix(WATERMARK)) if place is None else place
            why = f"replaced by batch {row['id']}"
            voids.append(Void(code, sis_id, at, cccid, why, row["proposer"], approver, instead[code, sis_id]))
    enter_voids(ledger, voids, batch=row["id"], replacing=True)


def enter_voids(
    ledger: Ledger, voids: Sequence[Void], /, *, batch: str | None, replacing: bool = False
) -> None:
    """Enter numbers as void in log and tables; none of them is issued or written back again."""
    if not voids:
        return
    why = {"replacing": True} if replacing else {}
    audit = ledger.log(
        "voided", "numbers", who=voids[0].by, approver=voids[0].approver, batch=batch, numbers=len(voids),
        machine=machine(), hash=digest([list(void) for void in voids]), **why,
    )  # fmt: skip
    ledger.life.add_voids(voids, audit=audit)
    ledger.life.see([void.ordinal for void in voids])
    ledger.life.note([(void.mis_code, void.sis_id, void.cccid, "voided") for void in voids])


def settle(
    ledger: Ledger, batch_id: str, requests: Sequence[Request], places: Sequence[int], /
) -> list[Issue]:
    """Enter the numbers of a batch's rows: claimed places for the new ones, their own for recoveries."""
    from reconcile.registry.ledger import BY_KEY, Issue, place_of  # noqa: PLC0415 - brings SQLAlchemy

    written = _written(places, WATERMARK if ledger.demo else "")
    new = [request for request in requests if request.kind != "recover"]
    issues = [
        Issue(r[0], r[1], place, text, "mint") for r, place, text in zip(new, places, written, strict=True)
    ]
    recovered = [r for r in requests if r.kind == "recover" and r.cccid is not None]
    issues += [Issue(r[0], r[1], place_of(r.cccid or ""), r.cccid or "", "recover") for r in recovered]
    issues.sort(key=BY_KEY)
    ledger.issue(issues, batch_id)
    return issues


def mint_rows(
    ledger: Ledger,
    batch_id: str,
    /,
    *,
    by: str | None,
    suite_hash: str | None,
    say: Callable[[str], None],
) -> Minted | ApprovalError:
    """Give the rows of an approved batch their numbers inside one transaction; see `batch.mint`."""
    from reconcile.registry.ledger import BY_KEY  # noqa: PLC0415 - brings SQLAlchemy

    row = ledger.batch(batch_id)
    if row is not None and row["state"] == BatchState.MINTED:
        return _minted(batch_id, ledger.served(batch_id), ledger.entry("minted", batch_id))
    if row is not None and row["issuer"] == Issuer.OPENCCC:
        raise IssuerError(
            f"OpenCCC issues the numbers of batch {batch_id}: hand it over instead of minting it."
        )
    say("Comparing the rows with the approval")
    row, requests = approved_rows(ledger, batch_id, BatchState.MINTED, suite_hash=suite_hash)
    void = back_to_draft(ledger, row, requests, who=by or row["approver"])
    if void is not None:
        return void
    given_up = {(code, sis_id): cccid for code, sis_id, cccid, _ in ledger.life.replacements(batch_id)}
    held = [one for one in ledger.served(batch_id) if given_up.get(BY_KEY(one)) != one.cccid]
    keys = set(map(BY_KEY, held))
    todo = [request for request in requests if BY_KEY(request) not in keys] if keys else requests
    new = [request for request in todo if request.kind != "recover"]
    say(f"Issuing {len(new):,} numbers")
    places, skipped = ledger.claim(len(new))
    if given_up:
        written = _written(places, WATERMARK if ledger.demo else "")
        give_up(ledger, row, row["approver"], dict(zip(map(BY_KEY, new), written, strict=True)))
    issues = settle(ledger, batch_id, todo, places)
    detail = {
        "issued": len(issues),
        "served_before": len(held),
        "skipped": _spans(skipped),
        "issued_hash": hash_rows(issues),
    }
    ledger.log("minted", batch_id, who=by or row["approver"], machine=machine(), **detail)
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
