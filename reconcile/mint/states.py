"""What a batch is, in which states it can be, and how it shows itself."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import polars as pl

from reconcile.errors import ApprovalError, RegistryError
from reconcile.show import Sheet, Shown


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
    BatchState.APPROVED: (BatchState.SUBMITTED,),
    BatchState.REJECTED: (BatchState.SUBMITTED,),
    BatchState.WITHDRAWN: (BatchState.SUBMITTED, BatchState.APPROVED),
    BatchState.MINTED: (BatchState.APPROVED,),
    BatchState.HANDED_OVER: (BatchState.APPROVED,),
}


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
        reason: why it was rejected or withdrawn.
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
    reason: str | None = None

    @classmethod
    def of(cls, row: dict[str, Any], /, *, served: int = 0, waiting: int = 0) -> Self:
        """Make one from a row of the registry."""
        names = [name for name in cls.__dataclass_fields__ if name not in ("served", "waiting")]
        return cls(served=served, waiting=waiting, **{name: row[name] for name in names})

    def _sheet(self) -> Sheet:
        shown = {
            "state": self.state,
            "new numbers": self.mints,
            "recoveries": self.recoveries,
            "left out": self.served + self.waiting,
            "proposer": self.proposer,
            "approver": self.approver,
        }
        return Sheet(frame=pl.DataFrame([shown]), title=f"Batch {self.id}")


@dataclass(frozen=True, kw_only=True, repr=False)
class Minted(Shown):
    """What minting a batch gave.

    Attributes:
        frame: college, sis_id, cccid, kind ("mint" / "recover"), one row a request, in request-key order.
        skipped: cccid of numbers that were passed over because they had been seen in use.
        batch: the batch's id.
    """

    frame: pl.DataFrame
    skipped: pl.DataFrame
    batch: str

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
    message = f"Batch {batch_id} is {row['state']}; it can be {to.replace('_', ' ')} only when it is " + (
        " or ".join(STEPS[to]) + "."
    )
    if row["state"] == BatchState.SUBMITTED:
        raise ApprovalError(f"{message} Somebody other than its proposer approves it first.")
    raise RegistryError(message)


def same_person(left: str, right: str, /) -> bool:
    """Compare two people's names without case, blanks and diacritics.

    >>> same_person("José  Núñez", " jose nunez")
    True
    """
    return _plain(left) == _plain(right)


def _plain(name: str) -> str:
    split = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in split if not unicodedata.combining(c)).split())
