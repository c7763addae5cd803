"""A batch's last steps: its numbers go to the SIS as a file, and are in the SIS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import IssuerError, RegistryError
from reconcile.exports import write_for_people
from reconcile.files import write_private
from reconcile.mint.result import awaited
from reconcile.mint.states import Batch, BatchState, Issuer, require_step
from reconcile.registry.disclosures import DIFFERENCE, LOAD, disclose
from reconcile.registry.people import machine, require_name
from reconcile.show import Sheet, Shown

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
        numbers = ledger.life.numbers(batch_id).filter(pl.col("state") != "voided")
        ledger.log("delivered", batch_id, who=by, machine=machine(), numbers=numbers.height)
        if not registry.rehearsal:  # after the log, which refuses whoever lacks the role
            write_private(path, numbers.rename({"mis_code": "college"}).select(LOAD_FILE).write_csv())
        ledger.change_batch(batch_id, state=BatchState.DELIVERED.value)
        disclose(ledger, LOAD, path, by=by, columns=LOAD_FILE, people=len(numbers), batch=batch_id)
        ledger.life.move(batch_id, "delivered")
        return numbers.height

    return registry.write(work, at=at)


@dataclass(frozen=True, kw_only=True, repr=False)
class Loaded(Shown):
    """What became of a delivered batch in the SIS.

    Attributes:
        batch: the batch afterwards: loaded, or still delivered while a number is not where it belongs.
        loaded: how many of its numbers the SIS holds.
        differences: college, sis_id, cccid (as delivered), found (in the SIS; null for none), what
            ("another CCCID", "no CCCID yet", "no such student in the extract"); none on somebody's word.
        extract: what the numbers were looked for in; "" on somebody's word.
    """

    batch: Batch
    loaded: int
    differences: pl.DataFrame
    extract: str

    def _sheet(self) -> Sheet:
        told = f"{self.loaded:,} of {self.loaded + self.differences.height:,} numbers are in the SIS"
        return Sheet(
            frame=self.differences.select("college", "sis_id", "what"),
            title=f"Batch {self.batch.id}: {told}",
            note=f"Compared with {self.extract}." if self.extract else "On the word of a person.",
        )


def write_differences(registry: Registry, found: Loaded, path: Path, /, *, by: str) -> Path:
    """Write every difference between what was delivered and an extract for people, and note that it left."""
    write_for_people(path, found.differences, title="Differences")
    columns, people = found.differences.columns, found.differences.height
    registry.write(
        lambda ledger: disclose(
            ledger, DIFFERENCE, path, by=by, columns=columns, people=people, batch=found.batch.id
        )
    )
    return path


def loaded(
    registry: Registry,
    batch_id: str,
    /,
    *,
    by: str,
    shown: pl.DataFrame | None = None,
    extract: str = "an extract",
    at: datetime | None = None,
) -> Loaded:
    """Note that the SIS holds the numbers of a delivered batch, by what an extract shows of them.

    The batch is loaded when all of its numbers are. Until then those that the extract shows count as loaded,
    and the next extract is held against all of them again.

    Args:
        registry: where the batch is kept.
        batch_id: a delivered batch.
        by: who made the load, or looked.
        shown: college, sis_id, cccid (null where there is none) of the SIS today; None takes somebody's
            word for all of it, and the log says so.
        extract: what `shown` is called.
        at: when; now when None.

    Raises:
        InputError: no name.
        IssuerError: a demo registry delivers nothing.
        RegistryError: no such batch, or it was not delivered.
    """
    require_name(by, "To note a load takes the name of who made it")
    _refuse_demo(registry)
    source = "" if shown is None else extract

    def work(ledger: Ledger) -> Loaded:
        from reconcile.registry.ledger import runs  # noqa: PLC0415 - brings SQLAlchemy

        require_step(ledger.batch(batch_id), batch_id, BatchState.LOADED)
        numbers = ledger.life.numbers(batch_id).filter(pl.col("state") != "voided")
        found = _compared(numbers.rename({"mis_code": "college"}), shown)
        waiting = found["ordinal"].sort().to_list()
        count = numbers.height - len(waiting)
        why = (
            f"{count:,} of {numbers.height:,} numbers are in {source}"
            if source
            else "on the word of a person"
        )
        detail = {"reason": why, "machine": machine()}
        if waiting:  # the log comes first: a database that keeps roles lets nothing move without it
            ledger.log("compared", batch_id, who=by, waiting=[list(run) for run in runs(waiting)], **detail)
        else:
            ledger.log("loaded", batch_id, who=by, **detail)
            ledger.change_batch(batch_id, state=BatchState.LOADED.value)
        ledger.life.move(batch_id, "loaded")
        ledger.life.move(batch_id, "delivered", places=waiting)
        after = Batch.of(ledger.batch(batch_id) or {})
        return Loaded(batch=after, loaded=count, differences=found.drop("ordinal"), extract=source)

    return registry.write(work, at=at)


def _compared(numbers: pl.DataFrame, shown: pl.DataFrame | None) -> pl.DataFrame:
    """List the numbers that the SIS does not hold as they were delivered, and what it holds instead."""
    if shown is None:
        return numbers.clear().select("ordinal", *LOAD_FILE, found="cccid", what="state")
    key = ["college", "sis_id"]
    theirs = shown.select(pl.col(*LOAD_FILE).cast(pl.String)).rename({"cccid": "found"})
    theirs = theirs.with_columns(pl.col("found").str.strip_chars())
    there = theirs.drop_nulls("found").rename({"found": "cccid"})
    others = theirs.sort(*key, "found", nulls_last=True).unique(key, keep="first")
    known = others.with_columns(known=pl.lit(value=True))
    missing = numbers.join(there, on=[*key, "cccid"], how="anti").join(known, on=key, how="left").sort(key)
    what = (
        pl.when(pl.col("known").is_null()).then(pl.lit("no such student in the extract"))
        .when(pl.col("found").is_null()).then(pl.lit("no CCCID yet"))
        .otherwise(pl.lit("another CCCID"))
    )  # fmt: skip
    return missing.select("ordinal", *LOAD_FILE, "found", what=what)


def _refuse_demo(registry: Registry) -> None:
    if registry.demo:
        raise IssuerError(
            "A demo registry delivers nothing: its numbers are watermarked and mean nobody. Deliver from the "
            "registry of real numbers."
        )


def _require_answers(ledger: Ledger, batch_id: str) -> None:
    waiting = awaited(ledger, batch_id).height
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
