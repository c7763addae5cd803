"""Precision and recall from what reviewers decided on a sample: figures that an auditor can sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.columns import Band
from reconcile.errors import InputError
from reconcile.flow.explain import interval, judged_pairs
from reconcile.results import as_frame
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.flow.compared import Compared
    from reconcile.flow.linked import Duplicates, Links

    Flags = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

# Probabilities at which strata begin: pairs of one stratum are about equally hard to judge.
_EDGES: Final = (0.0, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
_DRAWS: Final = 4_000
_SEED: Final = 20_260_101
_SALT: Final = 7
_SURE: Final = 1_000_000  # what was decided is as sure as so many decisions make it


@dataclass(frozen=True, kw_only=True, repr=False)
class Quality(Shown):
    """How good a linkage is, as far as reviewers' decisions on a sample tell.

    Attributes:
        precision: share of the pairs in band link that are one person: estimate, low, high.
        recall: share of the scored pairs of one person that are in band link: estimate, low, high.
        recall_with_review: the same with the pairs of band review, which people decide.
        strata: band, from_probability (null: the pairs whose decisions were given to `link`), pairs,
            decided, matches, share, low, high.
    """

    precision: tuple[float, float, float]
    recall: tuple[float, float, float]
    recall_with_review: tuple[float, float, float]
    strata: pl.DataFrame

    def _sheet(self) -> Sheet:
        named = {
            "precision of band link": self.precision,
            "recall of band link": self.recall,
            "recall with review": self.recall_with_review,
        }
        rows = [(name, *values) for name, values in named.items()]
        frame = pl.DataFrame(rows, schema=["measure", "estimate", "low", "high"], orient="row")
        decided = int(self.strata["decided"].sum())
        note = f"From {decided:,} decisions; in 95 of 100 samples the truth lies between low and high. "
        note += "Pairs that blocking never made, or scored below min_probability, are not in the recall."
        return Sheet(frame=frame, title="Quality of the linkage", note=note)


def sample_pairs(result: Links | Duplicates | Compared, /, *, pairs: int = 400) -> pl.DataFrame:
    """Choose pairs for reviewers, the same ones in every run: equally many from every stratum.

    Args:
        result: of `link` or `find_duplicates`, or what a plan compared.
        pairs: how many to choose; fewer where there are fewer.

    Returns:
        rows of `result.pairs`.
    """
    mixed = _with_strata(result.pairs).with_columns(_mixed=pl.struct("id_l", "id_r").hash(_SALT))
    chosen = mixed.sort("_mixed", "id_l", "id_r").with_columns(
        _turn=pl.int_range(pl.len()).over("band", "stratum")
    )
    taken = chosen.sort("_turn", "_mixed", "id_l", "id_r").head(pairs)
    return taken.drop("_mixed", "_turn", "stratum").sort("id_l", "id_r")


def estimate_quality(result: Links | Duplicates | Compared, decisions: object, /) -> Quality:
    """Estimate precision and recall from reviewers' decisions on a stratified sample.

    Each stratum's share of matches is estimated from its own decisions, and strata weigh as many pairs as
    they have; the intervals come from drawing the shares again (Jeffreys' prior), some thousand times.

    Args:
        result: of `link` or `find_duplicates`.
        decisions: id_l, id_r, and decision ("match" / "different") as `Registry.decisions` has them, or
            match; best on the pairs that `sample_pairs` chose.

    Raises:
        InputError: a column is missing, or no decision is about a scored pair.
    """
    strata = _judged_strata(result, decisions)
    spans = [interval(m, n) for m, n in strata.select("matches", "decided").iter_rows()]
    told = strata.select(
        "band",
        from_probability=pl.Series([(*_EDGES, None)[n] for n in strata["stratum"]], dtype=pl.Float64),
        pairs="pairs", decided="decided", matches="matches",
        share=pl.when(pl.col("decided") > 0).then(pl.col("matches") / pl.col("decided")),
        low=pl.Series([low for low, _ in spans], dtype=pl.Float64),
        high=pl.Series([high for _, high in spans], dtype=pl.Float64),
    )  # fmt: skip
    return Quality(strata=told, **_measures(strata))


def quality_with(plain: Links | Compared, taught: Links | Compared, decisions: object, /) -> Quality:
    """Estimate how good a linkage is once decisions hold in it and have moved its weights.

    What was decided is known; a pair that was not is as good as the decided ones of the stratum that it is
    in without decisions.

    Args:
        plain: the linkage without decisions.
        taught: the same with them.
        decisions: as for `estimate_quality`.

    Raises:
        InputError: as `estimate_quality`.
    """
    known = _judged_strata(plain, decisions)
    before = _with_strata(plain.pairs).select("id_l", "id_r", "stratum", was="band")
    said = judged_pairs(plain.pairs, as_frame(decisions)).select("id_l", "id_r", "match")
    now = taught.pairs.select("id_l", "id_r", pl.col("band").cast(pl.String), "match_probability")
    now = now.join(before, on=["id_l", "id_r"]).join(said, on=["id_l", "id_r"], how="left")
    rest = (
        now.filter(pl.col("match").is_null())
        .group_by("band", "stratum", "was")
        .agg(pairs=pl.len(), called=pl.col("match_probability").mean())
        .join(known.select("stratum", "decided", "matches", was="band"), on=["stratum", "was"])
    )
    decided = (
        now.drop_nulls("match")
        .group_by("band", "stratum", "was", "match")
        .agg(pairs=pl.len(), called=pl.col("match").first().cast(pl.Float64))
        .with_columns(decided=pl.lit(_SURE), matches=pl.col("match").cast(pl.Int64) * _SURE)
    )
    strata = pl.concat([rest, decided], how="diagonal_relaxed").sort("band", "stratum", "was", "match")
    told = strata.select("band", "pairs", "decided", "matches")
    return Quality(strata=told, **_measures(strata))


def _judged_strata(result: Links | Duplicates | Compared, decisions: object) -> pl.DataFrame:
    """Count by band and stratum: pairs, called (what the model says of them), decided, matches."""
    judged = _with_strata(judged_pairs(result.pairs, as_frame(decisions)))
    if not judged.height:
        raise InputError(
            "None of the decisions is about a scored pair. Decide on pairs of sample_pairs(result)."
        )
    key = ["band", "stratum"]
    return (
        _with_strata(result.pairs)
        .group_by(key)
        .agg(pairs=pl.len(), called=pl.col("match_probability").mean())
        .join(judged.group_by(key).agg(decided=pl.len(), matches=pl.col("match").sum()), on=key, how="left")
        .with_columns(pl.col("decided", "matches").fill_null(0))
        .sort(key)
    )


def _with_strata(pairs: pl.DataFrame) -> pl.DataFrame:
    steps = [(pl.col("match_probability") >= edge).cast(pl.Int32) for edge in _EDGES[1:]]
    stratum = pl.sum_horizontal(steps)
    if "decision" in pairs.columns:  # their band follows what was decided, so they speak for no other pair
        stratum = pl.when(pl.col("decision").is_null()).then(stratum).otherwise(len(_EDGES))
    return pairs.with_columns(stratum=stratum, band=pl.col("band").cast(pl.String))


def _measures(strata: pl.DataFrame) -> dict[str, tuple[float, float, float]]:
    pairs, decided, matches = (
        strata[name].to_numpy().astype(float) for name in ("pairs", "decided", "matches")
    )
    called = strata["called"].to_numpy()
    # A stratum that nobody looked at is as good as the model says, with the weight of one decision.
    a = np.where(decided > 0, matches + 0.5, called + 0.01)
    b = np.where(decided > 0, decided - matches + 0.5, 1 - called + 0.01)
    shares = np.random.default_rng(_SEED).beta(a[:, None], b[:, None], (len(a), _DRAWS))
    middle = np.where(decided > 0, matches / np.maximum(decided, 1), called)[:, None]
    link = (strata["band"] == Band.LINK.value).to_numpy()
    asked = link | (strata["band"] == Band.REVIEW.value).to_numpy()

    def measure(chosen: Flags, over: Flags) -> tuple[float, float, float]:
        def of(values: Numbers) -> Numbers:
            whole = np.where(over[:, None], pairs[:, None] * (values if over is every else 1), 0).sum(axis=0)
            found: Numbers = (pairs[chosen, None] * values[chosen]).sum(axis=0) / np.maximum(whole, 1e-12)
            return found

        estimate = float(of(middle)[0])
        low, high = np.quantile(of(shares), [0.025, 0.975])
        return estimate, min(float(low), estimate), max(float(high), estimate)

    every = np.ones(len(pairs), dtype=np.bool_)
    return {
        "precision": measure(link, link),
        "recall": measure(link, every),
        "recall_with_review": measure(asked, every),
    }
