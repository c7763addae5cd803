"""What reviewers' decisions changed: the statuses and the quality of the links, with them and without."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Status
from reconcile.errors import InputError
from reconcile.flow.compared import Compared, duplicates, kept, look_up, search
from reconcile.flow.estimate import estimate_quality, quality_with
from reconcile.flow.inputs import read_inputs
from reconcile.flow.linked import Links
from reconcile.flow.run import decided, silent, statuses
from reconcile.plan import Issuer, Plan
from reconcile.show import Sheet, Shown
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.flow.estimate import Quality
    from reconcile.flow.inputs import Inputs
    from reconcile.join import Joined
    from reconcile.report.chart import Drawing
    from reconcile.review import Standing

_MEASURES: Final = {
    "precision": "links that are right",
    "recall": "right pairs that are linked",
    "recall_with_review": "the same, with pairs that wait for a person",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Moved(Shown):
    """What decisions changed.

    Attributes:
        frame: status, before, after, change (students).
        quality: how good the links are without the decisions and with them; None where no decision is about
            a scored pair.
        decisions: how many hold for the records as they are.
        changed: how many do not, since a record changed afterwards.
        taught: whether they moved the weights of the model.
    """

    frame: pl.DataFrame
    quality: tuple[Quality, Quality] | None
    decisions: int
    changed: int
    taught: bool

    @property
    def chart(self) -> Drawing:
        """By how many students each status grew or shrank, for a notebook to show."""
        from reconcile.report.linkage import moved_chart  # noqa: PLC0415 - altair is slow to import

        return moved_chart(self.frame)

    def _sheet(self) -> Sheet:
        moved = self.frame.filter(pl.col("change") != 0)
        told = f"{counted(self.decisions, 'decision holds', 'decisions hold')}. "
        told += "They moved the weights, too." if self.taught else "They are too few to move the weights."
        if self.changed:
            told += f" {self.changed:,} do not hold any more, since a record changed afterwards."
        told += " The data dictionary is not checked here: students that it blocks count as mintable."
        below = () if self.quality is None else (_quality_sheet(*self.quality),)
        return Sheet(
            frame=moved, title="Students by status, without and with the decisions", note=told,
            rows=len(Status), below=below,
        )  # fmt: skip


def moved(plan: Plan | str | Path, /, *, progress: Callable[[str], None] | None = None) -> Moved:
    """Give each student a status twice, without reviewers' decisions and with them, and hold both together.

    Nothing is written. Only decisions that count today are taken: those of as many reviewers as the plan
    asks for, on records that have not changed since.

    Args:
        plan: the plan or its path.
        progress: told the name of each step as it begins.

    Raises:
        PlanError, InputError: plan or files cannot be used.
        RegistryError: there is no registry yet, or it refuses.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    plan, say = plan if isinstance(plan, Plan) else Plan.read(plan), progress or silent
    inputs = read_inputs(plan, progress=say)
    joined = look_up(inputs)
    with Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO, create=False) as registry:
        held = decided(plan, inputs, registry)
        say("Compare the records without the decisions")
        plain = _plain(plan, inputs, joined)
        say("Compare the records with the decisions")
        said = held[0].frame
        taught = search(plan, inputs, joined, decisions=said) if said.height else plain
        own = _own(plan, inputs, held[1]) if held[1].frame.height else plain.own
        none = tuple(replace(one, frame=one.frame.clear(), changed=0) for one in held)
        before, after = (
            statuses(
                plan, inputs, registry, joined=joined, links=links, own=pairs, held=(known[0], known[1])
            )[0]
            .frame.group_by("status")
            .agg(students=pl.len())
            for links, pairs, known in ((plain, plain.own, none), (taught, own, held))
        )
    order = pl.DataFrame({"status": [status.value for status in Status]})
    frame = (
        order.join(before.rename({"students": "before"}), on="status", how="left")
        .join(after.rename({"students": "after"}), on="status", how="left")
        .with_columns(pl.col("before", "after").fill_null(0).cast(pl.Int64))
        .with_columns(change=pl.col("after") - pl.col("before"))
    )
    quality: tuple[Quality, Quality] | None = None
    with suppress(InputError):  # none of them is about a scored pair
        quality = estimate_quality(plain, said), quality_with(plain, taught, said)
    return Moved(
        frame=frame, quality=quality,
        decisions=sum(one.frame.height for one in held), changed=sum(one.changed for one in held),
        taught=isinstance(taught, Links) and bool(taught.model.taught),
    )  # fmt: skip


def _plain(plan: Plan, inputs: Inputs, joined: Joined) -> Compared:
    """Take the pairs of the last run where nobody had decided any of them; compare where somebody had."""
    known = kept(plan, inputs)
    if known is not None and not any("decision" in pairs.columns for pairs in (known.pairs, known.own)):
        return known
    links = search(plan, inputs, joined)
    own = duplicates(plan, inputs.tables["students"], "sis_id").pairs
    return Compared(pairs=links.pairs, links=links.links, also=links.also, own=own)


def _own(plan: Plan, inputs: Inputs, said: Standing) -> pl.DataFrame:
    return duplicates(plan, inputs.tables["students"], "sis_id", decisions=said.frame).pairs


def _quality_sheet(before: Quality, after: Quality) -> Sheet:
    rows = [
        (words, *(_share(*getattr(one, name)) for one in (before, after)))
        for name, words in _MEASURES.items()
    ]
    return Sheet(
        frame=pl.DataFrame(rows, schema=["measure", "without", "with"], orient="row"),
        title="Quality of the links, as the decisions tell",
        note="In brackets: where the truth lies in 95 of 100 samples. Best on pairs of every level of "
        "certainty, not on doubtful ones alone.",
    )


def _share(estimate: float, low: float, high: float) -> str:
    return f"{estimate:.1%} ({low:.1%} to {high:.1%})"
