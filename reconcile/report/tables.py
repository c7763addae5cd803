"""The files that machines read: students, crosswalk and duplicates as CSV, the run's record as JSON."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.report.missing import missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconcile.report.equation import Equation
    from reconcile.results import BatchSummary, Input, Reconciliation

STUDENT_COLUMNS: Final = (
    "sis_id",
    "status",
    "sis_cccid",
    "search",
    "flags",
    "evidence",
    "action",
    "cccid",
    "proposed_cccid",
    "issued_cccid",
    "snapshot_scope",
    "snapshot_as_of",
    "college",
    "terms",
    "credit",
    "line",
)
CROSSWALK_COLUMNS: Final = ("sis_id", "cccid", "origin", "current", "since")
DUPLICATE_COLUMNS: Final = (
    "table",
    "id_l",
    "id_r",
    "match_weight",
    "match_probability",
    "band",
    "reasons",
)

_LINES_SHOWN: Final = 5  # of each remark
_PACKAGES: Final = ("reconcile", "duckdb", "great-expectations", "polars")


def students_csv(reconciliation: Reconciliation, /) -> bytes:
    """Write one row a student, by SIS id; lists are joined by ";"."""
    return _csv(reconciliation.students, STUDENT_COLUMNS, what="students", by=("sis_id",))


def crosswalk_csv(reconciliation: Reconciliation, /) -> bytes:
    """Write one row for each CCCID that a student has or had."""
    return _csv(reconciliation.crosswalk, CROSSWALK_COLUMNS, what="crosswalk", by=CROSSWALK_COLUMNS)


def duplicates_csv(reconciliation: Reconciliation, /) -> bytes:
    """Write one row for each pair that may be one person, the surest first."""
    by = ("table", "-match_weight", "id_l", "id_r")
    return _csv(reconciliation.duplicates, DUPLICATE_COLUMNS, what="duplicates", by=by)


def run_json(reconciliation: Reconciliation, /, *, equation: Equation, outputs: Mapping[str, bytes]) -> bytes:
    """Write the facts of a run for a machine.

    All that may differ between two equal runs stands under "stamp": when the run began, and the hash of
    the audit, which prints that moment.
    """
    found = missing(reconciliation.students)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in outputs.items()}
    facts = {
        "title": reconciliation.title,
        "as_of": reconciliation.as_of.isoformat(),
        "issuer": reconciliation.issuer,
        "population": reconciliation.population,
        "demo": reconciliation.demo,
        "inputs": [_input(entry) for entry in reconciliation.inputs],
        "equation": list(equation.lines),
        "accepted": equation.accepted,
        "in_scope": equation.in_scope,
        "statuses": {status.value: count for status, count in equation.statuses.items()},
        "duplicates": reconciliation.duplicates.height,
        "crosswalk": reconciliation.crosswalk.height,
        "missing": {"usable": found.usable, "absent": found.absent, "unusable": found.unusable},
        "quarantine": reconciliation.quarantine.height,
        "remarks": grouped(reconciliation.quarantine).to_dicts(),
        "findings": reconciliation.findings.sort(pl.all()).to_dicts(),
        "batch": _batch(reconciliation.batch),
        "notes": list(reconciliation.notes),
        "pairs": reconciliation.pairs,
        "outputs": {name: value for name, value in hashes.items() if name != "audit.html"},
        "versions": {name: version(name) for name in _PACKAGES},
        "stamp": {"began": reconciliation.stamp, "audit.html": hashes.get("audit.html")},
    }
    return (json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def grouped(quarantine: pl.DataFrame, /) -> pl.DataFrame:
    """Count what was noticed while reading: table, kind, column, count, lines (the first), message.

    Args:
        quarantine: of a Reconciliation; one that is counted already stays as it is.
    """
    if "count" in quarantine.columns:
        return quarantine
    return (
        quarantine.sort("table", "kind", "line", "column", "message", nulls_last=True)
        .group_by("table", "kind", "column", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("line").drop_nulls().head(_LINES_SHOWN).alias("lines"),
            pl.col("message").first(),
        )
    )


def _csv(frame: pl.DataFrame, columns: Sequence[str], *, what: str, by: Sequence[str]) -> bytes:
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise InputError(
            f"The {what} of this reconciliation lack {', '.join(lacking)}. "
            "Pass the result of reconcile.run as it is."
        )
    lists = [name for name in columns if isinstance(frame.schema[name], pl.List)]
    out = BytesIO()
    (
        frame.select(columns)
        .with_columns(
            pl.col(name).cast(pl.List(pl.String)).list.join(";").replace("", None) for name in lists
        )
        .sort([name.lstrip("-") for name in by], descending=[name[0] == "-" for name in by], nulls_last=True)
        .write_csv(out, line_terminator="\n", float_precision=6)
    )
    return out.getvalue()


def _input(entry: Input) -> dict[str, Any]:
    source = entry.source
    return {
        "table": entry.table,
        "file": source.name,
        "kind": source.kind,
        "parts": [{"file": part.name, "sha256": part.sha256, "rows": part.rows} for part in source.parts],
        "layout": entry.layout,
        "scope": entry.scope,
        "as_of": entry.as_of.isoformat() if entry.as_of else None,
        "sha256": source.sha256,
        "size": source.size,
        "encoding": source.encoding,
        "dialect": source.dialect,
        "rows": source.rows,
        "folded": entry.folded,
        "quarantined": entry.quarantined,
        "accepted": entry.accepted,
    }


def _batch(batch: BatchSummary | None) -> dict[str, Any] | None:
    if batch is None:
        return None
    names = ("id", "state", "mints", "recoveries", "proposer", "approver", "command")
    return {name: getattr(batch, name) for name in names}
