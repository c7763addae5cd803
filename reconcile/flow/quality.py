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
from reconcile.read import read
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
        numbers: what (a CCCID confirmed, to write back, or proposed to a person), students, wrong (how many
            of these numbers are another person's; of the first two none should be).
    """

    frame: pl.DataFrame
    confusion: pl.DataFrame
    numbers: pl.DataFrame

    @property
    def wrong_links(self) -> int:
        """Students whose number to write back is another person's; these must be none."""
        return int(self.numbers.filter(pl.col("what") == "to write back")["wrong"].sum())

    @property
    def recovered(self) -> int:
        """Students with a number to write back."""
        return int(self.numbers.filter(pl.col("what") == "to write back")["students"].sum())

    def _sheet(self) -> Sheet:
        return Sheet(
            frame=self.frame,
            title="Status against the truth",
            rows=len(Status),
            note="Numbers of another person: "
            + "; ".join(f"{wrong} of {many:,} {what}" for what, many, wrong in self.numbers.iter_rows())
            + ".",
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
        found: sis_id, status, cccid, proposed_cccid.
        truth: sis_id, status, cccids (all that are theirs, joined by spaces).

    Raises:
        InputError: a student is missing from the truth.
    """
    strangers = found.join(truth, on="sis_id", how="anti").height
    if strangers:
        raise InputError(
            f"{strangers:,} of {found.height:,} students are not in the truth. "
            "Compare a sample with the truth that was written with it."
        )
    # Students of the truth that were set aside while reading count as not found, not as nobody.
    both = truth.select("sis_id", "cccids", truth="status").join(
        found.select("sis_id", "cccid", "proposed_cccid", found="status"), on="sis_id", how="left"
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
    confusion = both.group_by("truth", "found").agg(students=pl.len()).sort("truth", "found")
    return Quality(frame=frame, confusion=confusion, numbers=_numbers(both))


def _numbers(both: pl.DataFrame) -> pl.DataFrame:
    """Count the numbers that a run vouches for or proposes, and those that are another person's."""
    theirs = pl.col("cccids").fill_null("").str.split(" ")
    confirmed = pl.col("cccid").str.split(" ").list.set_intersection(theirs).list.len() > 0
    proposed = theirs.list.contains(pl.col("proposed_cccid"))
    recovered = pl.col("found") == Status.RECOVERABLE.value
    parts = {
        "confirmed": (pl.col("found") == Status.CONFIRMED.value, confirmed),
        "to write back": (recovered, proposed),
        "proposed to a person": (~recovered & pl.col("proposed_cccid").is_not_null(), proposed),
    }
    rows = [
        (what, chosen.height, chosen.filter(~right).height)
        for what, (which, right) in parts.items()
        for chosen in [both.filter(which.fill_null(value=False))]
    ]
    return pl.DataFrame(
        rows, schema={"what": pl.String, "students": pl.Int64, "wrong": pl.Int64}, orient="row"
    )


def _truth(folder: Path) -> pl.DataFrame:
    for name in ("plan.toml", "truth_students.csv"):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder} has no {name}. Make a sample with its truth: reconcile sample --out {folder}"
            )
    return read(folder / "truth_students.csv").frame
