"""The facts of a run, taken back out of its folder, so that its audit can be written again later."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.results import BatchSummary, Input, Reconciliation, Source

if TYPE_CHECKING:
    from reconcile.flow.latest import Written

_LISTS: Final = ("flags", "terms")
_NUMBERS: Final = ("match_weight", "match_probability")
_REMARKS: Final[dict[str, Any]] = {
    "table": pl.String, "kind": pl.String, "column": pl.String, "count": pl.Int64,
    "lines": pl.List(pl.Int64), "message": pl.String,
}  # fmt: skip
_FINDINGS: Final = {
    "suite": pl.String, "rule_id": pl.String, "element": pl.String, "severity": pl.String,
    "message": pl.String, "failures": pl.Int64, "rows": pl.Int64,
}  # fmt: skip


def restore(done: Written, /) -> Reconciliation:
    """Take the facts of a run back out of its folder.

    Raises:
        InputError: an earlier version of reconcile wrote it, or a file was changed since.
    """
    facts = done.facts
    lacking = [name for name in ("missing", "remarks") if name not in facts]
    if lacking:
        raise InputError(
            f"{done.folder} was written by an earlier version of reconcile and lacks what an audit needs "
            f"({', '.join(lacking)}). Run the plan again."
        )
    lists = [pl.col(name).fill_null("").str.split(";").list.filter(pl.element() != "") for name in _LISTS]
    terms = pl.when(pl.col("terms").list.len() > 0).then("terms")
    batch = facts["batch"]
    return Reconciliation(
        title=facts["title"],
        stamp=facts["stamp"]["began"],
        demo=facts["demo"],
        as_of=date.fromisoformat(facts["as_of"]),
        issuer=facts["issuer"],
        population=facts["population"],
        inputs=tuple(_input(entry) for entry in facts["inputs"]),
        quarantine=pl.DataFrame(facts["remarks"], schema=_REMARKS),
        students=done.students.with_columns(lists).with_columns(terms, pl.col("line").cast(pl.Int64)),
        duplicates=done.duplicates.with_columns(pl.col(name).cast(pl.Float64) for name in _NUMBERS),
        crosswalk=done.crosswalk,
        findings=pl.DataFrame(facts["findings"], schema=_FINDINGS),
        batch=None if batch is None else BatchSummary(**batch),
        notes=tuple(facts["notes"]),
    )


def _input(entry: dict[str, Any]) -> Input:
    source = Source(
        path=Path(entry["file"]), sha256=entry["sha256"], size=entry["size"], encoding=entry["encoding"],
        dialect=entry["dialect"], rows=entry["rows"], columns=(), kind=entry["kind"],
        parts=tuple(
            Source(
                path=Path(part["file"]), sha256=part["sha256"], size=0, encoding="", dialect="",
                rows=part["rows"], columns=(),
            )
            for part in entry["parts"]
        ),
    )  # fmt: skip
    return Input(
        table=entry["table"], layout=entry["layout"], source=source, folded=entry["folded"],
        quarantined=entry["quarantined"], accepted=entry["accepted"], scope=entry["scope"],
        as_of=None if entry["as_of"] is None else date.fromisoformat(entry["as_of"]),
    )  # fmt: skip
