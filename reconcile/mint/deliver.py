"""A batch's last steps: its numbers go to the SIS as a file, and are in the SIS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import IssuerError, RegistryError
from reconcile.files import write_private
from reconcile.mint.batch import look_up
from reconcile.mint.result import awaited
from reconcile.mint.states import Batch, BatchState, Issuer, require_step
from reconcile.registry.disclosures import LOAD, disclose
from reconcile.registry.people import machine, require_name

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

LOAD_FILE: Final = ("college", "sis_id", "cccid")


def deliver(registry: Registry, batch_id: str, path: Path, /, *, by: str, at: datetime | None = None) -> int:
    """Write the numbers of a batch as the file that the SIS is loaded from, and return how many there are.

    The file is on disk before the registry says so. Numbers that were voided are not in it.

    Args:
        registry: where the batch is kept.
        batch_id: a batch that was minted, or handed over and answered.
        path: the CSV file: college, sis_id, cccid; 0600.
        by: who delivers.
        at: when; now when None.

    Raises:
        InputError: no name.
        IssuerError: a demo registry delivers nothing.
        RegistryError: no such batch, it is not that far, or OpenCCC has not answered to all of it.
    """
    require_name(by, "A delivery needs the name of who delivers")
    _refuse_demo(registry)

    def work(ledger: Ledger) -> int:
        row = require_step(ledger.batch(batch_id), batch_id, BatchState.DELIVERED)
        if row["issuer"] == Issuer.OPENCCC:
            _require_answers(ledger, batch_id)
        numbers = [n for n in ledger.life.numbers(batch_id) if n[5] != "voided"]
        table = pl.DataFrame(
            [(n[0], n[1], n[3]) for n in numbers], schema=dict.fromkeys(LOAD_FILE, pl.String), orient="row"
        )
        if not registry.rehearsal:
            write_private(path, table.write_csv())
        ledger.log("delivered", batch_id, who=by, machine=machine(), numbers=len(numbers))
        ledger.change_batch(batch_id, state=BatchState.DELIVERED.value)
        disclose(ledger, LOAD, path, by=by, columns=LOAD_FILE, people=len(numbers), batch=batch_id)
        ledger.life.move(batch_id, "delivered")
        return len(numbers)

    return registry.write(work, at=at)


def loaded(registry: Registry, batch_id: str, /, *, by: str, at: datetime | None = None) -> Batch:
    """Note that the SIS holds the numbers of a delivered batch.

    Raises:
        InputError: no name.
        IssuerError: a demo registry delivers nothing.
        RegistryError: no such batch, or it was not delivered.
    """
    require_name(by, "To note a load takes the name of who made it")
    _refuse_demo(registry)

    def work(ledger: Ledger) -> None:
        require_step(ledger.batch(batch_id), batch_id, BatchState.LOADED)
        ledger.log("loaded", batch_id, who=by, machine=machine())
        ledger.change_batch(batch_id, state=BatchState.LOADED.value)
        ledger.life.move(batch_id, "loaded")

    before = look_up(registry, batch_id)
    registry.write(work, at=at)
    return before if registry.rehearsal else look_up(registry, batch_id)


def _refuse_demo(registry: Registry) -> None:
    if registry.demo:
        raise IssuerError(
            "A demo registry delivers nothing: its numbers are watermarked and mean nobody. Deliver from the "
            "registry of real numbers."
        )


def _require_answers(ledger: Ledger, batch_id: str) -> None:
    waiting = len(awaited(ledger, batch_id))
    if waiting:
        raise RegistryError(
            f"{waiting:,} rows of batch {batch_id} have no answer from OpenCCC yet. "
            "Enter its "
            "result file first; a row that will never be answered is entered as failed."
        )
    open_ = sum(answer.outcome == "conflict" for answer in ledger.life.answers(batch_id).values())
    if open_:
        raise RegistryError(
            f"{open_:,} answers to batch {batch_id} are in conflict with what the registry holds. Clear "
            "them up "
            "with OpenCCC and enter the corrected result; `reconcile batch show` lists them."
        )
