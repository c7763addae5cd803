"""What a batch is, in which states it can be, what a step asks of it, and how it shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

import polars as pl

from reconcile.cccid import WATERMARK, ordinals
from reconcile.errors import ApprovalError, Refused, RegistryError
from reconcile.registry.people import require_name, same_person
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from datetime import datetime


class Issuer(StrEnum):
    """Who gives the numbers."""

    OPENCCC = "openccc"
    REGISTRY = "registry"
    DEMO = "demo"


class BatchState(StrEnum):
    """Where a batch stands on its way from a proposal to numbers in the SIS."""

    DRAFT = "draft"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    MINTED = "minted"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    LOADED = "loaded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


# From which states a step may be taken.
STEPS: Final = {
    BatchState.CHECKED: (BatchState.DRAFT, BatchState.CHECKED),
    BatchState.SUBMITTED: (BatchState.CHECKED,),
    BatchState.APPROVED: (BatchState.SUBMITTED,),
    BatchState.REJECTED: (BatchState.SUBMITTED,),
    BatchState.WITHDRAWN: (
        BatchState.DRAFT,
        BatchState.CHECKED,
        BatchState.SUBMITTED,
        BatchState.APPROVED,
    ),
    BatchState.MINTED: (BatchState.APPROVED,),
    BatchState.HANDED_OVER: (BatchState.APPROVED,),
    BatchState.DELIVERED: (BatchState.MINTED, BatchState.HANDED_OVER),
    BatchState.LOADED: (BatchState.DELIVERED,),
}
# What a batch waits for, said to whoever tries something else.
_ONWARDS: Final = {
    BatchState.DRAFT: "Check it first: `reconcile batch check`",
    BatchState.CHECKED: "Submit it first: `reconcile batch submit`",
    BatchState.APPROVED: "Carry it out: `reconcile batch mint`, or `handover` where OpenCCC issues",
    BatchState.MINTED: "Its numbers wait to be delivered: `reconcile batch deliver`",
    BatchState.HANDED_OVER: "Enter the answer, `reconcile batch result`, and deliver",
    BatchState.DELIVERED: "The next extract shows what was loaded: `reconcile batch loaded`",
    BatchState.LOADED: "Nothing is left to do",
    BatchState.REJECTED: "Its rows may be proposed again",
    BatchState.WITHDRAWN: "Its rows may be proposed again",
}
# What is taken only after somebody else approved.
_AFTER_APPROVAL: Final = (
    BatchState.MINTED,
    BatchState.HANDED_OVER,
    BatchState.DELIVERED,
    BatchState.LOADED,
)


@dataclass(frozen=True, kw_only=True)
class GateVerdict:
    """What the data dictionary said about the rows of a proposal.

    Attributes:
        suite_hash: of the suite of rules that was run.
        rows_hash: `fingerprint` of the rows that it was run on.
        open: False when a critical rule failed, or could not be run.
        failures: how many findings of any severity there were.
    """

    suite_hash: str
    rows_hash: str
    open: bool
    failures: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Batch(Shown):
    """A batch as the registry holds it.

    Attributes:
        id: made from the content, so that the same rows are the same batch.
        state: where it stands.
        issuer: "openccc", "registry" or "demo".
        mints: rows that ask for a new number.
        recoveries: rows that ask to write an existing number back.
        proposer: who submitted it, and proposed_at when.
        approver: who approved it; None while nobody has.
        rows_hash: of exactly the rows in it.
        suite_hash: of the rules that judged them.
        sequence: the registry's audit sequence when it was submitted.
        served: rows given to `propose` that were left out because the student holds a number already.
        waiting: rows given to `propose` that were left out because another open batch has them.
        blocked: rows left out because their person holds a number, waits for one, or stands in the same
            batch, under another SIS id or at another college.
        reason: why it was rejected, withdrawn, or went back to draft.
        valid_until: the last day (ISO) on which it may be approved and minted; None when there is none.
    """

    id: str
    state: str
    issuer: str
    mints: int
    recoveries: int
    proposer: str
    proposed_at: str
    approver: str | None
    rows_hash: str
    suite_hash: str
    sequence: int
    served: int = 0
    waiting: int = 0
    blocked: int = 0
    reason: str | None = None
    valid_until: str | None = None

    @classmethod
    def of(cls, row: dict[str, Any], /, *, served: int = 0, waiting: int = 0, blocked: int = 0) -> Self:
        """Make one from a row of the registry."""
        names = [n for n in cls.__dataclass_fields__ if n not in ("served", "waiting", "blocked")]
        kept = {name: row[name] for name in names}
        return cls(served=served, waiting=waiting, blocked=blocked, **kept)

    def _sheet(self) -> Sheet:
        shown = {
            "state": self.state,
            "new numbers": self.mints,
            "recoveries": self.recoveries,
            "left out": self.served + self.waiting + self.blocked,
            "proposer": self.proposer,
            "approver": self.approver,
            "valid until": self.valid_until,
        }
        return Sheet(frame=pl.DataFrame([shown]), title=f"Batch {self.id}")


@dataclass(frozen=True, kw_only=True, repr=False)
class Minted(Shown):
    """What minting a batch gave.

    Attributes:
        frame: college, sis_id, cccid, kind ("mint" / "recover"; a replacement is a "mint"), one row a
            request, in request-key order.
        skipped: cccid of numbers that were passed over because they had been seen in use.
        batch: the batch's id.
        after: the batch as it stands afterwards, or would after a rehearsal.
    """

    frame: pl.DataFrame
    skipped: pl.DataFrame
    batch: str
    after: Batch

    @property
    def runs(self) -> pl.DataFrame:
        """The new numbers as runs without a gap: students, first, last."""
        placed = self.frame.filter(pl.col("kind") == "mint").select(
            "cccid", place=ordinals(pl.col("cccid").str.strip_prefix(WATERMARK), wide=True)
        )
        begins = (pl.col("place").diff() != 1).fill_null(value=True)
        grouped = placed.sort("place").group_by(begins.cum_sum().alias("run"), maintain_order=True)
        told = grouped.agg(students=pl.len(), first=pl.col("cccid").first(), last=pl.col("cccid").last())
        return told.drop("run")

    def _sheet(self) -> Sheet:
        note = f"{self.skipped.height:,} numbers were skipped because they had been seen in use."
        return Sheet(frame=self.frame, title=f"Batch {self.batch}: CCCIDs", note=note)


def require_step(row: dict[str, Any] | None, batch_id: str, to: BatchState, /) -> dict[str, Any]:
    """Return the batch's row when it may move to a state.

    Raises:
        RegistryError: there is no such batch, or it stands somewhere else.
        ApprovalError: it would have to be approved first.
    """
    if row is None:
        raise RegistryError(f"There is no batch {batch_id} in this registry. Check the id and the registry.")
    if row["state"] in STEPS[to]:
        return row
    before = " or ".join(STEPS[to])
    hint = f" {_ONWARDS[row['state']]}." if row["state"] in _ONWARDS else ""
    message = (
        f"Batch {batch_id} is {row['state']}; it can be {to} only when it is {before}.".replace("_", " ")
        + hint
    )
    if row["state"] == BatchState.SUBMITTED and to in _AFTER_APPROVAL:
        raise ApprovalError(f"{message} Somebody other than its proposer approves it first.")
    raise RegistryError(message)


def is_late(row: dict[str, Any], at: datetime, /) -> bool:
    """Say whether a batch's last day has passed, by the calendar of the place where this runs."""
    today = at.astimezone().date().isoformat()
    return row["valid_until"] is not None and today > row["valid_until"]


def require_bound(row: dict[str, Any], at: datetime, /, *, suite_hash: str | None = None) -> None:
    """Go on only when a batch's facts are fresh enough, and its rules are still the ones in force.

    Args:
        row: the batch as the registry holds it.
        at: when.
        suite_hash: of the rules in force today; not compared when None. A batch without new accounts
            was not judged by rules.

    Raises:
        ApprovalError: its last day has passed, or the rules changed.
    """
    if is_late(row, at):
        raise ApprovalError(
            f"Batch {row['id']} could be approved and minted until {row['valid_until']}; its facts are too "
            "old by now. Take new extracts and run the plan again: it proposes what still holds."
        )
    if suite_hash is not None and row["mints"] and suite_hash != row["suite_hash"]:
        raise ApprovalError(
            f"Batch {row['id']} is void: the rules changed since it was checked; run the plan again. If the "
            "plan has [rules] or a mailbox of its own, name the plan and not the registry."
        )


def require_second(row: dict[str, Any], approver: str, /, *others: str) -> None:
    """Go on only when a batch is approved by somebody else than its proposer.

    Args:
        row: the batch as the registry holds it.
        approver: who approves.
        others: who else had a hand in the proposal.

    Raises:
        ApprovalError: the approver is one of the proposers, or has no readable name.
    """
    require_name(approver, "An approval needs the name of its approver", error=ApprovalError)
    if any(same_person(one, approver) for one in (row["proposer"], *others)):
        raise Refused(
            f"Batch {row['id']} was proposed by the same person. Somebody else has to approve it.",
            what=BatchState.APPROVED.value, subject=row["id"], who=approver,
        )  # fmt: skip
