"""What linkage answers: pairs, links, clusters, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import Band
from reconcile.results import as_frame
from reconcile.show import Listing, Sheet, Shown, cells
from reconcile.words import level_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconcile.flow.estimate import Quality
    from reconcile.report.chart import Drawing
    from reconcile.score.model import Model


@dataclass(frozen=True, kw_only=True, repr=False)
class Told(Shown):
    """An explanation: a table to read and a chart of it.

    Attributes:
        frame: the table.
        title: what it is about.
        note: a sentence below it.
        columns: those that are shown, all when empty.
    """

    frame: pl.DataFrame
    title: str
    draw: Callable[[pl.DataFrame], Drawing] = field(repr=False)
    note: str = ""
    columns: tuple[str, ...] = ()

    @property
    def chart(self) -> Drawing:
        """The chart, for a notebook to show."""
        return self.draw(self.frame)

    def _sheet(self) -> Sheet:
        shown = self.frame.select(self.columns) if self.columns else self.frame
        return Sheet(frame=shown, title=self.title, note=self.note, rows=20)


class Explainable:
    """What can be said of any scored pair."""

    pairs: pl.DataFrame

    def explain(self, id_l: object, id_r: object, /) -> Told:
        """Say step by step why a scored pair has its weight.

        Raises:
            InputError: the pair is not among the scored ones.
        """
        from reconcile.flow.explain import one_pair, waterfall  # noqa: PLC0415 - numpy costs a quick start
        from reconcile.report.linkage import waterfall_chart  # noqa: PLC0415 - altair is slow to import

        pair = one_pair(self._explainable(), id_l, id_r)
        title = f"Match probability {_probability(pair['match_probability'])}, band {pair['band']}"
        if pair.get("decision"):
            title += f", decided by a reviewer: {pair['decision']}"
        elif pair["guard"]:
            title += f", held back: {str(pair['guard']).replace('_', ' ')}"
        levels = {name.removeprefix("level_"): str(pair[name]) for name in pair if name.startswith("level_")}
        levels.pop("partners", None)
        return Told(
            frame=waterfall(pair),
            title=title,
            note=f"In words: {level_words(levels)}.",
            columns=("words", "bits", "to_bits"),
            draw=lambda steps: waterfall_chart(steps, title=title),
        )

    def _explainable(self) -> pl.DataFrame:
        return self.pairs


class Explained(Explainable):
    """What every linkage can tell of itself."""

    model: Model
    report: Report

    def weights(self) -> Told:
        """Say what each kind of agreement weighs in the model: m, u and bits."""
        from reconcile.flow.explain import levels  # noqa: PLC0415 - as above
        from reconcile.report.linkage import levels_chart  # noqa: PLC0415

        columns = [name for name in self.report.patterns.columns if name.startswith("level_")]
        told = levels(self.model, [name.removeprefix("level_") for name in columns], self.report.patterns)
        shown = ("words", "m", "u", "bits", *(("taught",) if self.model.taught else ()), "least", "most")
        return Told(
            frame=told, title="What the model has learned", columns=shown, draw=levels_chart,
            note="m: the share among pairs of one person. u: the share among strangers. bits: log2 of m / u.",
        )  # fmt: skip

    def taught(self) -> Listing:
        """Say what reviewers' decisions moved: words, bits (of the decisions), those moved most first."""
        from reconcile.flow.explain import taught  # noqa: PLC0415 - as above

        frame = taught(self.model)
        title = "What decisions moved, in bits"
        return Listing(frame=frame, sheet=Sheet(frame=frame, title=title))

    def blocking(self) -> Told:
        """Say which pairs were made to be compared, by what their records share."""
        from reconcile.report.linkage import blocking_chart  # noqa: PLC0415 - as above

        note = (
            f"{self.report.compared_pairs:,} of {self.report.possible_pairs:,} possible pairs were compared."
        )
        return Told(frame=self.report.rules, title="Blocking", note=note, draw=blocking_chart)

    def scores(self) -> Told:
        """Say how many pairs have which weight, by band."""
        from reconcile.flow.explain import begins, distribution  # noqa: PLC0415 - as above
        from reconcile.report.linkage import distribution_chart  # noqa: PLC0415

        told, marks = distribution(self.report.patterns), begins(self.report.patterns)
        return Told(
            frame=told, title="Scored pairs by weight",
            draw=lambda frame: distribution_chart(frame, thresholds=marks),
        )  # fmt: skip

    def held_back(self) -> Listing:
        """Count the pairs that a guard kept from linking, whatever their weight."""
        from reconcile.flow.explain import begins, held_back  # noqa: PLC0415 - as above

        patterns = self.report.patterns
        frame = held_back(patterns, begins(patterns).get(Band.LINK.value, float("inf")))
        note = "sure: those that would link by their weight alone."
        return Listing(frame=frame, sheet=Sheet(frame=frame, title="Held back by a guard", note=note))

    def thresholds(self, *, at: Iterable[float] | None = None) -> Told:
        """Say what a threshold would bring, as the model expects; see `flow.explain.thresholds`."""
        from reconcile.flow.explain import ASKED, thresholds  # noqa: PLC0415 - as above
        from reconcile.report.linkage import thresholds_chart  # noqa: PLC0415

        told = thresholds(self.report.patterns, at=ASKED if at is None else at)
        return Told(frame=told, title="What each threshold would bring", draw=thresholds_chart)

    def unlinkable(self) -> Listing:
        """List the records with too little to be linked by: table, id."""
        title = "Records without two of first name, last name and birthdate, and without a number"
        return Listing(frame=self.report.unlinkable, sheet=Sheet(frame=self.report.unlinkable, title=title))

    def calibration(self, decisions: object, /) -> Told:
        """Hold the probabilities against reviewers' decisions (id_l, id_r, decision).

        Raises:
            InputError: a column is missing.
        """
        from reconcile.flow.explain import calibration  # noqa: PLC0415 - as above
        from reconcile.report.linkage import calibration_chart  # noqa: PLC0415

        told = calibration(self.pairs, as_frame(decisions))
        return Told(frame=told, title="What was said and what was found", draw=calibration_chart)

    def estimate_quality(self, decisions: object, /) -> Quality:
        """Estimate precision and recall; see `flow.estimate.estimate_quality`."""
        from reconcile.flow.estimate import estimate_quality  # noqa: PLC0415 - as above

        return estimate_quality(self, decisions)  # type: ignore[arg-type] # Links or Duplicates

    def sample_pairs(self, *, pairs: int = 400) -> pl.DataFrame:
        """Choose pairs for reviewers to decide; see `flow.estimate.sample_pairs`."""
        from reconcile.flow.estimate import sample_pairs  # noqa: PLC0415 - as above

        return sample_pairs(self, pairs=pairs)  # type: ignore[arg-type] # Links or Duplicates


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run of linkage looked at, and how it came to its weights.

    Attributes:
        possible_pairs: all there could be.
        compared_pairs: those that were scored.
        in_full: every possible pair was scored.
        expected_matches: the sum of the probabilities.
        model_source: "trained", "shipped" (too little to train on) or "given".
        rules: blocking: rule, keys, pairs, oversized_keys, dropped_pairs.
        patterns: every distinct pattern of levels with its count (pairs) and what is said of it, as in
            Links.pairs; it carries what charts of the model need and no personal data.
        unlinkable: records of either table with too little to be linked by: table, id.
        notes: sentences that the reader must know.
    """

    possible_pairs: int
    compared_pairs: int
    in_full: bool
    expected_matches: float
    model_source: str
    rules: pl.DataFrame = field(repr=False)
    patterns: pl.DataFrame = field(repr=False, default_factory=pl.DataFrame)
    unlinkable: pl.DataFrame = field(repr=False, default_factory=pl.DataFrame)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class Links(Explained, Shown):
    """Which records of two tables are one person.

    Attributes:
        pairs: every scored pair from min_probability on: id_l, id_r, match_weight (bits, the sum of the
            w_ columns), match_probability, band, guard, w_prior, w_<field>…, w_partners (what
            the other pairs of the two records say), w_relatives, level_<field>…, and decision ("match",
            "different", null) where decisions were given.
        links: after the one-to-one assignment, at most one pair an id; a near tie is in band review.
        also: the pairs asked for by name, whatever their probability; of an id that is in neither table
            the weight is null and the guard unknown_id.
        model: the weights used.
        report: what was compared and how.
        persons: the records of both tables as persons, where duplicates were asked for.
    """

    pairs: pl.DataFrame
    links: pl.DataFrame
    also: pl.DataFrame
    model: Model
    report: Report
    persons: Persons | None = None

    def _explainable(self) -> pl.DataFrame:
        known = self.also.filter(pl.col("match_weight").is_not_null())
        return pl.concat([self.pairs, known.select(self.pairs.columns)], how="vertical_relaxed")

    def _sheet(self) -> Sheet:
        return _by_band(self.pairs, self.report, f"Links: {self.links.height:,} after the assignment")


@dataclass(frozen=True, kw_only=True, repr=False)
class Duplicates(Explained, Shown):
    """Which records of one table are one person.

    Attributes:
        pairs: as in Links, with id_l before id_r.
        clusters: id, cluster: every record that has a duplicate.
        cut: pairs of band link that lead from one cluster to another, and were not believed: id_l, id_r,
            match_weight, reason ("bridge": the only pair between two groups; "contradiction": two records
            of the cluster are certainly two persons).
        model: the weights used.
        report: what was compared and how.
    """

    pairs: pl.DataFrame
    clusters: pl.DataFrame
    cut: pl.DataFrame
    model: Model
    report: Report

    def _sheet(self) -> Sheet:
        people = self.clusters["cluster"].n_unique()
        return _by_band(self.pairs, self.report, f"Duplicates: {people:,} persons with several records")


@dataclass(frozen=True, kw_only=True, repr=False)
class Found(Explainable, Shown):
    """The accounts that may be a few students', each pair judged by itself.

    Attributes:
        pairs: id_l (of the student), id_r (of the account) and the columns of `Links.pairs`, but for what
            other pairs say; the likeliest first.
    """

    pairs: pl.DataFrame

    def _sheet(self) -> Sheet:
        shown = self.pairs.select("id_l", "id_r", "match_probability", "band", "guard")
        return Sheet(frame=shown, title="Accounts that may be theirs", rows=20)


@dataclass(frozen=True, kw_only=True, repr=False)
class Persons(Shown):
    """The records of two tables put together to persons: duplicates within each, and links between them.

    Attributes:
        frame: person (a number), table ("left" / "right"), id: every record of both tables once.
        summary: person, left, right (how many records of each table), conflict ("several_accounts": more
            than one of the right table; else null).
        cut: pairs of band link that were not believed, since they would join two persons: table_l, id_l,
            table_r, id_r, match_weight, reason, as in Duplicates.
        left: the duplicates of the left table.
        right: the duplicates of the right table.
    """

    frame: pl.DataFrame
    summary: pl.DataFrame
    cut: pl.DataFrame
    left: Duplicates
    right: Duplicates

    def _sheet(self) -> Sheet:
        counts = (
            self.summary.group_by(
                left_records=_several("left"), right_records=_several("right"), conflict="conflict"
            )
            .agg(persons=pl.len())
            .sort("persons", "left_records", "right_records", descending=[True, False, False])
        )
        note = f"{self.cut.height:,} pairs were not believed, since they would join two persons."
        return Sheet(frame=counts, title=f"{self.summary.height:,} persons", note=note)


def _several(side: str) -> pl.Expr:
    many = pl.col(side)
    return pl.when(many > 1).then(pl.lit("several")).otherwise(many.cast(pl.String))


def _by_band(pairs: pl.DataFrame, report: Report, title: str) -> Sheet:
    """Count pairs by band, with the reason why strong pairs were held back."""
    order = pl.DataFrame({"band": [band.value for band in Band]})
    counts = pairs.group_by(pl.col("band").cast(pl.String)).agg(
        pairs=pl.len(),
        from_probability=pl.col("match_probability").min(),
        held_back_by_a_guard=pl.col("guard").is_not_null().sum(),
    )
    how = "every possible pair" if report.in_full else "blocked pairs"
    note = (
        f"{report.compared_pairs:,} of {report.possible_pairs:,} possible pairs were scored ({how}); "
        f"about {report.expected_matches:,.0f} of them are one person; weights: {report.model_source}."
    )
    frame = order.join(counts, on="band", how="inner", maintain_order="left")
    return Sheet(frame=frame, title=title, note=" ".join((note, *report.notes)))


def _probability(value: object) -> str:
    """Word a probability as a table does: never certain, never impossible."""
    return cells(pl.DataFrame({"probability": [value]}))[0][0]
