"""The moment when numbers are given: proof that the rows are the approved ones, then one entry for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.cccid import WATERMARK, ordinals, texts
from reconcile.errors import ApprovalError, IssuerError, RegistryError
from reconcile.mint.rows import PART, hash_frame
from reconcile.mint.states import (
    Batch,
    BatchState,
    Issuer,
    Minted,
    require_bound,
    require_second,
    require_step,
)
from reconcile.registry.canon import digest, row_numbers
from reconcile.registry.people import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconcile.registry.ledger import Ledger, Span
    from reconcile.registry.life import Void

_KEY: Final = ("mis_code", "sis_id")


def approved_rows(
    ledger: Ledger,
    batch_id: str,
    to: BatchState,
    /,
    *,
    suite_hash: str | None,
) -> tuple[dict[str, Any], pl.DataFrame]:
    """Return an approved batch and what its rows ask for, after proving that they may be served now.

    Raises:
        ApprovalError: not approved, or anything in it changed since; its rules changed, its last day
            passed.
        RegistryError: no such batch, or it stands elsewhere; a number that it writes back went to another
            student meanwhile.
    """
    row = require_step(ledger.batch(batch_id), batch_id, to)
    approval = ledger.approval(batch_id)
    found, requests = ledger.content(batch_id)
    bound = {"rows_hash": found, "suite_hash": row["suite_hash"]}
    if approval is None or any(approval[name] != value for name, value in bound.items()):
        raise ApprovalError(
            f"Batch {batch_id} is not what was approved: its rows or its rules changed afterwards"
            f"{edited_rows(ledger, batch_id)}. "
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


def edited_rows(ledger: Ledger, batch_id: str, /) -> str:
    """Name the rows of a batch that were edited, in key order, for a message; "" when there is none."""
    places = ledger.edited(batch_id)
    return f" ({row_numbers(places)}, by college and SIS id)" if places else ""


def proposers(ledger: Ledger, batch_id: str, /) -> set[str]:
    """Name everybody who had a hand in a batch before it was approved."""
    steps = ("drafted", "checked", "submitted")
    return {entry["who"] for entry in ledger.history(batch_id) if entry["what"] in steps}


def back_to_draft(
    ledger: Ledger, row: dict[str, Any], requests: pl.DataFrame, /, *, who: str
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
    places = [place for place, key in enumerate(requests.select(_KEY).iter_rows()) if key in keys]
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


def settle(ledger: Ledger, batch_id: str, requests: pl.DataFrame, places: pl.Series, /) -> pl.DataFrame:
    """Enter the numbers of a batch's rows: claimed places for the new ones, their own for recoveries.

    Returns:
        mis_code, sis_id, ordinal, cccid, kind of each number, in request-key order.
    """
    recovered = pl.col("kind") == "recover"
    new = requests.filter(~recovered).with_columns(
        ordinal=places, cccid=_written(places, WATERMARK if ledger.demo else ""), kind=pl.lit("mint")
    )
    old = requests.filter(recovered).with_columns(ordinal=ordinals(pl.col("cccid"), wide=True))
    names = (*_KEY, "ordinal", "cccid", "kind")
    issues = pl.concat([new.select(names), old.select(names)]).sort(_KEY)
    for some in issues.iter_slices(PART):
        ledger.issue(some.rows(), batch_id)
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
    row = ledger.batch(batch_id)
    if row is not None and row["state"] == BatchState.MINTED:
        return _minted(ledger, batch_id, ledger.served(batch_id), ledger.entry("minted", batch_id))
    if row is not None and row["issuer"] == Issuer.OPENCCC:
        raise IssuerError(
            f"OpenCCC issues the numbers of batch {batch_id}: hand it over instead of minting it."
        )
    say("Comparing the rows with the approval")
    row, requests = approved_rows(ledger, batch_id, BatchState.MINTED, suite_hash=suite_hash)
    void = back_to_draft(ledger, row, requests, who=by or row["approver"])
    if void is not None:
        return void
    held = held_before(ledger, batch_id)
    todo = requests.join(held, on=_KEY, how="anti", maintain_order="left")
    new = todo.filter(pl.col("kind") != "recover")
    say(f"Issuing {new.height:,} numbers")
    spans, skipped = ledger.claim(new.height)
    places = _places(spans)
    if (new["kind"] == "replace").any():
        written = _written(places, WATERMARK if ledger.demo else "")
        give_up(ledger, row, row["approver"], dict(zip(new.select(_KEY).iter_rows(), written, strict=True)))
    issues = settle(ledger, batch_id, todo, places)
    detail = {
        "issued": issues.height,
        "served_before": held.height,
        "skipped": [list(span) for span in skipped],
        "issued_hash": hash_frame(issues),
    }
    ledger.log("minted", batch_id, who=by or row["approver"], machine=machine(), **detail)
    ledger.change_batch(batch_id, state=BatchState.MINTED.value)
    say("Making it durable")
    return _minted(ledger, batch_id, pl.concat([held, issues]).sort(_KEY), detail)


def held_before(ledger: Ledger, batch_id: str, /) -> pl.DataFrame:
    """List the numbers that a batch's students hold, without those that its replacements give up.

    Columns: mis_code, sis_id, ordinal, cccid, kind.
    """
    given_up = [row[:3] for row in ledger.life.replacements(batch_id)]
    schema = dict.fromkeys((*_KEY, "cccid"), pl.String)
    theirs = pl.DataFrame(given_up, schema=schema, orient="row")
    return ledger.served(batch_id).join(theirs, on=list(schema), how="anti", maintain_order="left")


def _minted(ledger: Ledger, batch_id: str, issues: pl.DataFrame, detail: dict[str, Any]) -> Minted:
    frame = issues.select(pl.col("mis_code").alias("college"), "sis_id", "cccid", "kind")
    skipped = pl.DataFrame({"cccid": _written(_places(detail["skipped"]), "")})
    after = Batch.of(ledger.batch(batch_id) or {})
    return Minted(frame=frame, skipped=skipped, batch=batch_id, after=after)


def _written(places: pl.Series, mark: str) -> pl.Series:
    return places.to_frame("place").select(cccid=pl.lit(mark) + texts(pl.col("place"))).to_series()


def _places(spans: Sequence[Span]) -> pl.Series:
    """Spell runs of places out."""
    parts = [pl.int_range(first, last + 1, dtype=pl.Int64, eager=True) for first, last in spans]
    return pl.concat([pl.Series(dtype=pl.Int64), *parts]).alias("place")
