"""How often each status is right, measured against a sample's truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import Status
from reconcile.errors import InputError
from reconcile.files import scratch
from reconcile.flow.inputs import read_inputs
from reconcile.flow.run import reconcile_inputs, silent
from reconcile.plan import Issuer, Plan
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True, repr=False)
class Quality(Shown):
    """Precision and recall of each status.

    Attributes:
        frame: status, truth (students who have it), found (students who got it), right, precision, recall;
            null where nothing was found or nothing is true.
        confusion: truth, found, students: every combination that occurs.
        wrong_links: students whose number to write back is not one of theirs; these must be none.
        recovered: students with a number to write back.
    """

    frame: pl.DataFrame
    confusion: pl.DataFrame
    wrong_links: int
    recovered: int

    def _sheet(self) -> Sheet:
        return Sheet(
            frame=self.frame,
            title="Status against the truth",
            rows=len(Status),
            note=f"{self.wrong_links} of {self.recovered} proposed recoveries are another person's account.",
        )


def quality(folder: str | Path, /, *, progress: Callable[[str], None] | None = None) -> Quality:
    """Reconcile a sample folder in a throw-away workspace and compare each status with the truth.

    Raises:
        InputError: the folder has no plan.toml or no truth_students.csv.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    folder, say = Path(folder), progress or silent
    truth = _truth(folder)
    with scratch() as place:
        plan = replace(
            Plan.read(folder / "plan.toml"), workspace=place / "workspace", registry=str(place / "r.sqlite")
        )
        demo = plan.issuer.kind is Issuer.DEMO
        with Registry.open(plan.registry, demo=demo) as registry:
            done = reconcile_inputs(plan, read_inputs(plan, progress=say), registry, progress=say)
    return compare(done.resolution.frame, truth)


def compare(found: pl.DataFrame, truth: pl.DataFrame, /) -> Quality:
    """Compare statuses with the truth.

    Args:
        found: sis_id, status, proposed_cccid.
        truth: sis_id, status, cccids (all that are theirs, joined by spaces).

    Raises:
        InputError: a student is missing from the truth.
    """
    both = found.select("sis_id", "proposed_cccid", found="status").join(
        truth.select("sis_id", "cccids", truth="status"), on="sis_id"
    )
    if both.height != found.height:
        raise InputError(
            f"{found.height - both.height:,} of {found.height:,} students are not in the truth. "
            "Compare a sample with the truth that was written with it."
        )
    right = both.filter(pl.col("found") == pl.col("truth")).group_by(status="truth").agg(right=pl.len())
    order = pl.DataFrame({"status": [s.value for s in Status]})
    frame = (
        order.join(both.group_by(status="truth").agg(truth=pl.len()), on="status", how="left")
        .join(both.group_by(status="found").agg(found=pl.len()), on="status", how="left")
        .join(right, on="status", how="left")
        .with_columns(pl.col("truth", "found", "right").fill_null(0))
        .filter((pl.col("truth") > 0) | (pl.col("found") > 0))
        .with_columns(
            precision=pl.when(pl.col("found") > 0).then(pl.col("right") / pl.col("found")),
            recall=pl.when(pl.col("truth") > 0).then(pl.col("right") / pl.col("truth")),
        )
        .sort(pl.col("status").replace_strict({s.value: n for n, s in enumerate(Status)}))
    )
    recovered = both.filter(pl.col("found") == Status.RECOVERABLE.value)
    theirs = pl.col("cccids").fill_null("").str.split(" ").list.contains(pl.col("proposed_cccid"))
    confusion = both.group_by("truth", "found").agg(students=pl.len()).sort("truth", "found")
    return Quality(
        frame=frame,
        confusion=confusion,
        wrong_links=recovered.filter(~theirs).height,
        recovered=recovered.height,
    )


def _truth(folder: Path) -> pl.DataFrame:
    for name in ("plan.toml", "truth_students.csv"):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder} has no {name}. Make a sample with its truth: reconcile sample --out {folder}"
            )
    return pl.read_csv(folder / "truth_students.csv", infer_schema=False)
