"""A run's facts gathered for the reports, and its folder written whole or not at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.agreement import with_agreement
from reconcile.columns import Band, Status
from reconcile.files import whole_folder, write_private
from reconcile.flow.compared import name_of
from reconcile.flow.crosswalk import crosswalk, of_this_sis
from reconcile.flow.requests import ATTESTATION
from reconcile.plan import Issuer
from reconcile.report import report
from reconcile.results import Reconciliation
from reconcile.words import wording

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconcile.flow.run import Run
    from reconcile.registry import Registry
    from reconcile.validate import Validation

_PASSWORD: Final = re.compile(r"(://[^:/@\s]+:)[^@\s]+@")  # of a registry on a server; outputs are passed on
_SERVED: Final = (Status.MINTABLE.value, Status.RECOVERABLE.value)  # a demo mints within its run
_PAIR: Final = ("id_l", "id_r", "match_weight", "match_probability", "band")
_COUNTS: Final = ("rule_id", "element", "severity", "message", "failures", "rows")
_FINDINGS: Final = dict.fromkeys(("suite", *_COUNTS), pl.String) | {"failures": pl.Int64, "rows": pl.Int64}


def write_outputs(done: Run, registry: Registry, /, *, stamp: datetime) -> Path:
    """Write a run's folder under its final name only when it is whole; then point `latest` at it.

    A process killed in between leaves the old outputs, or the new ones, never a half.
    """
    facts = gather(done, registry, stamp=stamp)
    folder = _free(done.plan.runs, stamp)
    with whole_folder(folder) as draft:
        write_private(draft / "plan.toml", _PASSWORD.sub(r"\1***@", done.plan.text))
        report(facts, folder=draft)
    write_private(done.plan.workspace / "latest", f"runs/{folder.name}\n")
    done.folder = folder
    return folder


def gather(done: Run, registry: Registry, /, *, stamp: datetime) -> Reconciliation:
    """Collect what the reports say about a run."""
    plan = done.plan
    issued = of_this_sis(registry.issued(), done.students)
    given = issued.group_by("sis_id").agg(issued_cccid=pl.col("cccid").sort_by("issued_on").last())
    students = (
        done.resolution.frame.drop("issued_cccid")
        .join(given, on="sis_id", how="left")
        .with_columns(
            action=pl.when(pl.col("issued_cccid").is_not_null() & pl.col("status").is_in(_SERVED))
            .then(pl.lit(wording(Status.PENDING_LOAD).action))
            .otherwise("action"),
            snapshot_scope=pl.lit(plan.accounts.scope.value),
            snapshot_as_of=pl.lit(str(plan.accounts.as_of)),
        )
    )
    inputs = done.inputs
    return Reconciliation(
        title=plan.name,
        stamp=stamp.strftime("%Y-%m-%d %H:%M:%S UTC"),
        demo=plan.issuer.kind is Issuer.DEMO,
        as_of=plan.as_of,
        issuer=plan.issuer.kind.value,
        population=str(plan.population),
        inputs=inputs.records,
        quarantine=inputs.diagnostics,
        students=students,
        duplicates=pl.concat(
            [
                _doubtful(done.student_duplicates.pairs, "students"),
                _doubtful(done.account_duplicates.pairs, "accounts"),
            ]
        ),
        crosswalk=crosswalk(
            done.resolution,
            done.joined,
            issued=issued,
            former=inputs.tables["students"],
            past=inputs.tables.get("crosswalk"),
        ),
        findings=_findings(done.validations),
        batch=done.batch,
        notes=done.notes,
        pairs=name_of(plan, inputs),
    )


def _findings(validations: dict[str, Validation]) -> pl.DataFrame:
    """Put the counts of all suites together; the attestation is judged with a batch, not here."""
    none = pl.DataFrame(schema=_FINDINGS)
    counts = [
        checked.counts.filter(~pl.col("element").is_in(ATTESTATION)).select(
            pl.lit(suite).alias("suite"), *_COUNTS
        )
        for suite, checked in validations.items()
    ]
    return pl.concat([none, *counts], how="vertical_relaxed")


def _doubtful(pairs: pl.DataFrame, table: str) -> pl.DataFrame:
    """Keep the pairs that may be one person, with the reasons in words."""
    shown = with_agreement(pairs.filter(pl.col("band").cast(pl.String) != Band.NONE.value))
    guard = pl.when(pl.col("guard").is_not_null()).then(pl.format("; held back: {}", "guard"))
    return shown.select(
        pl.lit(table).alias("table"),
        *(pl.col(name).cast(pl.String) if name == "band" else pl.col(name) for name in _PAIR),
        reasons=pl.concat_str(pl.col("words"), guard.otherwise(pl.lit(""))),
    ).sort("id_l", "id_r")


def _free(runs: Path, stamp: datetime) -> Path:
    """Name a run's folder after its stamp; runs within one second get a number."""
    name = stamp.strftime("%Y%m%dT%H%M%SZ")
    candidates = (runs / (name if n == 1 else f"{name}-{n}") for n in range(1, 1000))
    return next(folder for folder in candidates if not folder.exists())
