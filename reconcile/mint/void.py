"""A wrong number counts no more: two people say so, with a reason, and it is never used again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from reconcile.cccid import CCCID, WATERMARK
from reconcile.errors import ApprovalError, InputError, RegistryError
from reconcile.mint.issue import enter_voids
from reconcile.mint.rows import hash_frame
from reconcile.mint.states import Issuer
from reconcile.registry.people import require_name, same_person
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from datetime import datetime

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger


@dataclass(frozen=True, kw_only=True, repr=False)
class Voided(Shown):
    """A number that counts no more.

    Attributes:
        cccid: the number.
        college: whose student held it.
        sis_id: the student.
        state: how far the number had come: "issued", "delivered" or "loaded".
        kind: "mint" for a number made for the student, "recover" for one written back.
        issued_on: when it was given.
        issuer: who made it: "openccc", "registry" or "demo".
        batch: the batch that gave it.
        reason: why it counts no more; names nobody.
        by: who asked for it.
        approver: who approved.
        replacement: the number that the student holds instead; None for none.
        at: when.
    """

    cccid: str
    college: str
    sis_id: str
    state: str
    kind: str
    issued_on: str
    issuer: str
    batch: str
    reason: str
    by: str
    approver: str
    replacement: str | None
    at: str

    @property
    def left_here(self) -> bool:
        """Whether the number may have left the registry, so that somebody else has to undo it too."""
        return self.state != "issued" or self.issuer == Issuer.OPENCCC

    def _sheet(self) -> Sheet:
        shown = {"cccid": self.cccid, "was": self.state, "instead": self.replacement, "reason": self.reason}
        return Sheet(frame=pl.DataFrame([shown]), title="Voided")


def void(
    registry: Registry,
    cccid: str,
    /,
    *,
    by: str,
    approver: str,
    reason: str,
    college: str | None = None,
    replacement: str | None = None,
    wide: bool = False,
    at: datetime | None = None,
) -> Voided:
    """Take a number out of use, and give the student another that exists where one is named.

    Without a replacement the student has no number afterwards and may be proposed again. The voided number
    is neither issued nor written back any more.

    Args:
        registry: where the number was given.
        cccid: the number as the registry writes it.
        by: who asks for it.
        approver: who approves: somebody else.
        reason: why; kept in the log, so that it names no student.
        college: the MIS code, where students of several colleges hold the number.
        replacement: an existing CCCID that is the student's; a new one is asked for by a batch.
        wide: take the future's form of a replacement too, where the plan says so ([rules] wide_cccid).
        at: when; now when None.

    Raises:
        ApprovalError: the approver is the one who asks, or has no readable name.
        InputError: no such form of a number, no reason; the replacement is voided or another student's.
        RegistryError: nobody holds the number here, or students of several colleges do.
    """
    require_name(by, "To void a number takes the name of who asks for it")
    require_name(approver, "To void a number takes the name of who approves", error=ApprovalError)
    if same_person(by, approver):
        raise ApprovalError("The one who asks to void a number cannot approve it. Somebody else has to.")
    if not reason.strip():
        raise InputError("To void a number takes a reason; none was given.")
    place = CCCID.parse(cccid.removeprefix(WATERMARK), wide=True).ordinal
    instead = CCCID.parse(replacement, wide=wide).ordinal if replacement else None
    if instead == place:
        raise InputError("The replacement is the number itself. Name another, or none.")

    def work(ledger: Ledger) -> Voided:
        from reconcile.registry.life import Void  # noqa: PLC0415 - brings SQLAlchemy

        held = _holder(ledger, place, college)
        key = (held["mis_code"], held["sis_id"])
        if instead is not None:
            _require_free(ledger, instead, held["mis_code"])
        row = Void(*key, place, held["cccid"], reason, by, approver, replacement)
        enter_voids(ledger, [row], batch=held["batch"])
        if instead is not None:
            ledger.issue([(*key, instead, replacement or "", "recover")], held["batch"])
            ledger.life.see([instead])
            every = hash_frame(ledger.life.numbers(held["batch"]).drop("state"))
            ledger.log("replaced", held["batch"], who=by, approver=approver, issued_hash=every)
            state = str((ledger.batch(held["batch"]) or {})["state"])
            ledger.life.move(held["batch"], state if state in {"delivered", "loaded"} else "issued")
        return Voided(
            cccid=held["cccid"], college=key[0], sis_id=key[1], state=held["state"], kind=held["kind"],
            issued_on=held["issued_on"], issuer=held["issuer"], batch=held["batch"], reason=reason, by=by,
            approver=approver, replacement=replacement, at=ledger.stamp,
        )  # fmt: skip

    return registry.write(work, at=at)


def _holder(ledger: Ledger, place: int, college: str | None) -> dict[str, str]:
    held = [one for one in ledger.life.holders(place) if college in (None, one["mis_code"])]
    if not held:
        again = "was voided before" if ledger.life.voided([place]) else "was not given by this registry"
        raise RegistryError(
            f"Nobody holds the number: it {again}. Check the number, the college, the registry."
        )
    if len(held) > 1:
        raise RegistryError(
            f"Students of {len(held)} colleges hold the number "
            f"({', '.join(one['mis_code'] for one in held)}). Name "
            "the college."
        )
    loading = held[0]["state"] == "issued" and bool(ledger.entry("written_back", held[0]["batch"]))
    return held[0] | ({"state": "delivered"} if loading else {})  # a load file may have had it


def _require_free(ledger: Ledger, place: int, college: str) -> None:
    if ledger.life.voided([place]):
        raise InputError("The replacement was voided itself and is never used again. Name another, or none.")
    others = [one for one in ledger.life.held([place]).get(place, ()) if one[0] == college]
    if others:
        raise InputError(
            "Another student of the college holds the replacement. One of the two is wrong: let a person "
            "decide."
        )
