"""What an audit shows beyond its run: who approved what, how good the links are, and how it was before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.html import Html, element, joined, listing
from reconcile.report.linkage import calibration_chart, distribution_chart
from reconcile.report.trend import RUNS, trend
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

ENOUGH: Final = 50  # decisions on sure links before a figure is given: none wrong of 50 still allows 7 %

_STEPS_SHOWN: Final = 200
BATCHES: Final = {
    "batch": pl.String, "state": pl.String, "mints": pl.Int64, "recoveries": pl.Int64, "issuer": pl.String,
    "proposer": pl.String, "proposed_at": pl.String, "approver": pl.String, "approved_at": pl.String,
}  # fmt: skip
STEPS: Final = {"entry": pl.Int64} | dict.fromkeys(("at", "batch", "step", "who", "why"), pl.String)
REVIEWERS: Final = {
    "reviewer": pl.String, "match": pl.Int64, "different": pl.Int64, "unsure": pl.Int64,
    "first": pl.String, "last": pl.String,
}  # fmt: skip
MEASURES: Final = {"measure": pl.String, "estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known beside a run when its audit is written.

    Attributes:
        written: when, to the second.
        registry: which one and what its own proof says; empty where none is at hand.
        batches: all of the registry, the oldest first, as `BATCHES`.
        steps: of these batches, as `STEPS`.
        reviewers: who decided how many pairs, as `REVIEWERS`.
        measures: of the links, with 95 % interval, as `MEASURES`; empty where nobody looked.
        decided: pairs of band link that a person decided.
        pairs: pairs of band link; None where the run's pairs are not kept any more.
        weights: scored pairs by weight, as `distribution_chart` takes them; empty where none are kept.
        begins: from which weight on pairs are linked or reviewed.
        calibrated: what the model said and reviewers found, as `calibration_chart` takes it.
        runs: as `trend` takes them.
        settings: what was set, in words.
        told: sentences on what could not be looked at.
    """

    written: str
    registry: str = ""
    batches: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=BATCHES))
    steps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STEPS))
    reviewers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REVIEWERS))
    measures: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=MEASURES))
    decided: int = 0
    pairs: int | None = None
    weights: pl.DataFrame = field(default_factory=pl.DataFrame)
    begins: Mapping[str, float] = field(default_factory=dict)
    calibrated: pl.DataFrame = field(default_factory=pl.DataFrame)
    runs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RUNS))
    settings: Mapping[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether enough sure links were looked at to give a figure."""
        return self.decided >= min(ENOUGH, self.pairs or ENOUGH)

    @property
    def verdict(self) -> str:
        """How good the links are, in a sentence, or what is missing to say so."""
        if self.pairs is None:
            return (
                "Nothing can be said of the quality of the links: the pairs that this run compared are not "
                "kept any more. Run the plan again, and write the audit before inputs or plan change."
            )
        if not self.pairs:
            return "No pair was linked by its score, so there is no link to be right or wrong."
        if not self.enough:
            wanted = min(ENOUGH, self.pairs)
            return (
                f"People decided {self.decided:,} of {self.pairs:,} sure links so far; {wanted} are needed "
                "before an error rate can be stated. What the model expects of itself is no evidence. "
                "`reconcile audit PLAN --sample FILE` writes a sample to decide, `reconcile decide` enters "
                "it."
            )
        row = self.measures.row(0, named=True)
        return (
            f"Of the {self.pairs:,} sure links {row['estimate']:.1%} are estimated to be right, from "
            f"{counted(self.decided, 'decision')} on them; in 95 of 100 samples the truth lies between "
            f"{row['low']:.1%} and {row['high']:.1%}."
        )


def approvals(evidence: Evidence, /) -> Html:
    """Say who proposed and who approved what, and whether the registry's log holds."""
    if evidence.batches.is_empty():
        return joined(element("p", "No batch was proposed so far."), _registry(evidence))
    rows = [
        (
            element("code", row["batch"]), row["state"].replace("_", " "), row["mints"], row["recoveries"],
            row["issuer"], _by(row["proposer"], row["proposed_at"]), _by(row["approver"], row["approved_at"]),
        )
        for row in evidence.batches.iter_rows(named=True)
    ]  # fmt: skip
    head = (
        "Batch", "State", "To create", "To write back", "Issuer", "Proposed by", "Approved by",
    )  # fmt: skip
    shown = evidence.steps.tail(_STEPS_SHOWN)
    told = "Every step, as the audit log has it"
    if shown.height < evidence.steps.height:
        told = f"The last {shown.height} of {evidence.steps.height:,} steps; the workbook has them all"
    steps = [
        (str(row["entry"]), _moment(row["at"]), element("code", row["batch"]), row["step"].replace("_", " "),
         row["who"], row["why"] or "")
        for row in shown.iter_rows(named=True)
    ]  # fmt: skip
    return joined(
        listing(head, rows, caption="Batches of the registry, the oldest first"),
        listing(("Entry", "At", "Batch", "Step", "By", "Why"), steps, caption=told),
        element(
            "p", "An approval is bound to a hash of exactly the rows that the approver saw, and nobody "
            "approves what they proposed; the entry number is the one of the registry's audit log.",
        ),
        _registry(evidence),
    )  # fmt: skip


def links(evidence: Evidence, /) -> Html:
    """Say how good the links are, as far as people have looked."""
    rows = [
        (row["measure"], f"{row['estimate']:.1%}", f"{row['low']:.1%}", f"{row['high']:.1%}")
        for row in evidence.measures.iter_rows(named=True)
    ]
    people = [
        (
            row["reviewer"],
            row["match"],
            row["different"],
            row["unsure"],
            _moment(row["first"]),
            _moment(row["last"]),
        )
        for row in evidence.reviewers.iter_rows(named=True)
    ]
    head = ("Reviewer", "One person", "Different people", "Unsure", "First", "Last")
    told = (
        "Precision is the share of links that are right; recall the share of pairs of one person that were "
        "linked. Pairs that were never compared are not in the recall. Estimated from all decisions on pairs "
        "of this run, each range of probability weighing as many pairs as it has."
    )
    shown = rows if evidence.enough else []
    return joined(
        element("p", element("b", *_with_code(evidence.verdict))),
        listing(("Measure", "Estimate", "From", "To"), shown, caption="Quality of the links, 95 % intervals")
        if shown
        else "",
        element("p", told) if shown else "",
        listing(head, people, caption="Who decided on pairs")
        if people
        else element("p", "Nobody has decided on a pair yet."),
        *_pictures(evidence),
    )


def _pictures(evidence: Evidence) -> list[Html]:
    drawn = []
    if evidence.weights.height:
        drawn.append(distribution_chart(evidence.weights, thresholds=evidence.begins))
    if evidence.calibrated.height:
        drawn.append(calibration_chart(evidence.calibrated))
    return [element("figure", one.html) for one in drawn]


def before(evidence: Evidence, /) -> Html:
    """Show how it was in earlier runs."""
    return trend(evidence.runs)


def settings(values: Mapping[str, str], /) -> Html:
    """List what was set and which versions worked."""
    return listing(
        ("Setting", "Value"),
        [(name, value) for name, value in values.items()],
        caption="Settings and versions",
    )


def _registry(evidence: Evidence) -> Html:
    notes = [element("p", *_with_code(note)) for note in (evidence.registry, *evidence.told) if note]
    return joined(*notes)


def _with_code(sentence: str) -> list[str]:
    """Set what stands between backticks as code."""
    return [element("code", part) if at % 2 else part for at, part in enumerate(sentence.split("`"))]


def _by(who: str | None, at: str | None) -> str:
    return f"{who}, {_moment(at)}" if who else "nobody yet"


def _moment(at: str | None) -> str:
    """Write a moment of the log for a reader.

    >>> _moment("2026-11-16T12:00:00.000000+00:00")
    '2026-11-16 12:00 UTC'
    """
    return f"{at[:10]} {at[11:16]} UTC" if at else ""
