"""The hand-over to OpenCCC: an approved batch as an upload file, by a column mapping that anybody can edit.

The template that OpenCCC takes is not public, so no mapping here is called official: `MAPPING` is a starting
point, and a college puts the names that it was given in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from reconcile.errors import ApprovalError, InputError, IssuerError, nearest
from reconcile.files import write_private
from reconcile.mint.issue import approved_rows, back_to_draft, held_before, settle
from reconcile.mint.mapping import MAPPING
from reconcile.mint.result import awaited
from reconcile.mint.rows import KEY, PAYLOAD, hash_frame, unpacked
from reconcile.mint.states import BatchState, Issuer
from reconcile.registry.disclosures import UPLOAD, disclose
from reconcile.registry.people import machine, require_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger


def hand_over(
    registry: Registry,
    batch_id: str,
    path: Path,
    /,
    *,
    by: str,
    mapping: Mapping[str, str] = MAPPING,
    suite_hash: str | None = None,
    at: datetime | None = None,
) -> int:
    """Write an approved batch's new accounts as an upload file and return how many rows it has.

    The batch's recoveries are entered in the registry by the same step. The file is on disk before the
    registry says so: after a crash in between, the step is taken again and writes the same file.

    Args:
        registry: where the batch is kept.
        batch_id: an approved batch whose issuer is OpenCCC.
        path: the CSV file, 0600.
        by: who hands over.
        mapping: column of the file -> field of the request.
        suite_hash: of the rules in force today; refused when the batch was judged by others.
        at: when; now when None.

    Raises:
        ApprovalError: the batch is not approved, or is no longer what was approved; the rules
            changed, or its last day has passed.
        InputError: the mapping names a field that requests do not have.
        IssuerError: the batch's numbers are issued here.
    """
    _require_fields(mapping)
    require_name(by, "A hand-over needs the name of who hands over")

    def work(ledger: Ledger) -> int | ApprovalError:
        row, requests = approved_rows(ledger, batch_id, BatchState.HANDED_OVER, suite_hash=suite_hash)
        if row["issuer"] != Issuer.OPENCCC:
            raise IssuerError(f"The numbers of batch {batch_id} are issued here: mint it instead.")
        void = back_to_draft(ledger, row, requests, who=by)
        if void is not None:
            return void
        waiting = awaited(ledger, batch_id)  # not who got a number elsewhere since the batch was checked
        table = _upload(ledger, batch_id, waiting, mapping)
        held = held_before(ledger, batch_id)
        recovered = requests.filter(pl.col("kind") == "recover").join(held, on=held.columns[:2], how="anti")
        issues = settle(ledger, batch_id, recovered, pl.Series(dtype=pl.Int64))
        detail = {"issued": issues.height, "uploaded": table.height} | (
            {"issued_hash": hash_frame(issues)} if issues.height else {}
        )
        ledger.log("handed_over", batch_id, who=by, machine=machine(), **detail)
        if not registry.rehearsal:  # after the log, which refuses whoever lacks the role
            write_private(path, table.write_csv())
        ledger.change_batch(batch_id, state=BatchState.HANDED_OVER.value)
        disclose(ledger, UPLOAD, path, by=by, columns=table.columns, people=table.height, batch=batch_id)
        return table.height

    written = registry.write(work, at=at)
    if isinstance(written, ApprovalError):
        raise written
    return written


def _require_fields(mapping: Mapping[str, str]) -> None:
    known = ("college", "sis_id", *PAYLOAD)
    wrong = sorted(field for field in mapping.values() if field not in known)
    if wrong:
        raise InputError(
            f'The mapping asks for "{wrong[0]}", which a request does not have.{nearest(wrong[0], known)}'
        )


def _upload(ledger: Ledger, batch_id: str, waiting: pl.DataFrame, mapping: Mapping[str, str]) -> pl.DataFrame:
    rows = unpacked(ledger.parts(batch_id)).join(waiting, on=KEY, how="semi", maintain_order="left")
    return rows.select(pl.col(field).alias(name) for name, field in mapping.items())
