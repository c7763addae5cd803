"""Why a pair is what it is, and what a model has learned: tables to read, and to draw charts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.columns import Band
from reconcile.errors import InputError
from reconcile.flow.decided import decisions_of
from reconcile.score.levels import PARTNERS
from reconcile.words import FIELD_WORDS, GUARD_WORDS, LEVEL_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconcile.score.model import Model

_OTHER_WORDS: Final = {
    "prior": "before anything is compared",
    "relatives": "relatives and namesakes explain it as well",
}
_PARTNER_WORDS: Final = {
    "none": "neither record has another sure partner",
    "one_has": "one record has another sure partner",
    "both_have": "both records have other sure partners",
    "in_common": "both records share a sure partner",
    "left_free": "the right record lacks much; the left one has no other sure partner",
    "left_has": "the right record lacks much; the left one has another sure partner",
    "right_free": "the left record lacks much; the right one has no other sure partner",
    "right_has": "the left record lacks much; the right one has another sure partner",
    "missing": "no other pair says anything of it",
}
ASKED: Final = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999)
_BANDS: Final = 10  # of the calibration


def waterfall(pair: dict[str, object], /) -> pl.DataFrame:
    """The steps from the prior to the weight of one pair.

    Args:
        pair: a row of `Links.pairs`, `Links.also` or `Duplicates.pairs`.

    Returns:
        step ("first name"), level, words ("first name is a nickname"), bits, from_bits, to_bits; the bits
        add up to match_weight.
    """
    names = [name.removeprefix("w_") for name in pair if name.startswith("w_")]
    rows = []
    at = 0.0
    for name in names:
        level = str(pair.get(f"level_{name}") or "missing")
        bits = _number(pair[f"w_{name}"])
        rows.append((_called(name), level, _told(name, level), bits, at, at + bits))
        at += bits
    return pl.DataFrame(rows, schema=["step", "level", "words", "bits", "from_bits", "to_bits"], orient="row")


def one_pair(pairs: pl.DataFrame, id_l: object, id_r: object, /) -> dict[str, object]:
    """Take one pair out of a table of scored pairs.

    Raises:
        InputError: it is not there; the ids may be personal data and are not told.
    """
    found = pairs.filter((pl.col("id_l") == id_l) & (pl.col("id_r") == id_r))
    if not found.height:
        raise InputError(
            "That pair is not among the scored ones. Lower min_probability, or ask for it with also=."
        )
    return found.row(0, named=True)


def levels(model: Model, names: Iterable[str], patterns: pl.DataFrame, /) -> pl.DataFrame:
    """What a model has learned of some fields.

    Args:
        model: the weights.
        names: of the fields.
        patterns: of `Report.patterns`.

    Returns:
        field, level, words, m, u, bits (log2 of m / u), taught (bits that reviewers' decisions add), least
        and most (the weights that pairs with this level have; null where no pair has it). Of an exact
        agreement u is the value's own frequency, so its bits are null, and least and most lie apart.
    """
    rows = []
    for name in names:
        spans = _spans(patterns, name)
        for level, m in model.m[name].items():
            u = model.u[name].get(level)
            if name == PARTNERS.name and level == "exact":
                continue
            bits = None if u is None else float(np.log2(m / u))
            taught = model.taught.get(name, {}).get(level, 0.0)
            span = spans.get(level, (None, None))
            rows.append((_called(name), level, _told(name, level), m, u, bits, taught, *span))
    texts = dict.fromkeys(("field", "level", "words"), pl.String)
    numbers = dict.fromkeys(("m", "u", "bits", "taught", "least", "most"), pl.Float64)
    return pl.DataFrame(rows, schema={**texts, **numbers}, orient="row")


def taught(model: Model, /) -> pl.DataFrame:
    """What decisions added to a model's weights: words, bits, those moved most first."""
    rows = [
        (_told(name, level), bits) for name, levels in model.taught.items() for level, bits in levels.items()
    ]
    frame = pl.DataFrame(rows, schema={"words": pl.String, "bits": pl.Float64}, orient="row")
    return frame.sort(pl.col("bits").abs(), "words", descending=[True, False])


def _spans(patterns: pl.DataFrame, name: str) -> dict[str, tuple[float, float]]:
    level, weight = f"level_{name}", pl.col(f"w_{name}")
    if level not in patterns.columns:
        return {}
    spans = patterns.group_by(pl.col(level).cast(pl.String)).agg(least=weight.min(), most=weight.max())
    return {word: (low, high) for word, low, high in spans.iter_rows()}


def distribution(patterns: pl.DataFrame, /) -> pl.DataFrame:
    """How many pairs have which weight, by band: bits (whole), band, pairs, expected_matches."""
    return (
        patterns.group_by(bits=pl.col("match_weight").floor().cast(pl.Int64), band="band")
        .agg(
            pairs=pl.col("count").sum(),
            expected_matches=(pl.col("count") * pl.col("match_probability")).sum(),
        )
        .sort("bits", "band")
    )


def begins(patterns: pl.DataFrame, /) -> dict[str, float]:
    """Where the bands link and review begin, in bits; a band without pairs is left out."""
    free = patterns.filter(pl.col("guard").is_null() & (pl.col("band") != Band.NONE.value))
    found = free.group_by(pl.col("band").cast(pl.String)).agg(pl.col("match_weight").min())
    told = dict(found.iter_rows())
    return {band.value: told[band.value] for band in Band if band.value in told}


def held_back(patterns: pl.DataFrame, link: float, /) -> pl.DataFrame:
    """Count what guards held back: guard, meaning, pairs, sure (those that would link by their weight).

    Args:
        patterns: of `Report.patterns`.
        link: the weight from which on pairs link.
    """
    counts = patterns.drop_nulls("guard").group_by("guard").agg(
        pairs=pl.col("count").sum(),
        sure=pl.col("count").filter(pl.col("match_weight") >= link).sum(),
    )  # fmt: skip
    words = pl.DataFrame({"guard": list(GUARD_WORDS), "meaning": list(GUARD_WORDS.values())})
    return words.join(counts, on="guard", how="left", maintain_order="left").with_columns(
        pl.col("pairs", "sure").fill_null(0)
    )


def thresholds(patterns: pl.DataFrame, /, *, at: Iterable[float] | None = None) -> pl.DataFrame:
    """What each threshold would bring: probability, pairs, expected_precision, expected_recall.

    Expected, that is, if the probabilities mean what they say; guards are left out of account.

    Args:
        patterns: of `Report.patterns`.
        at: only these probabilities; all that occur when None.
    """
    sums = patterns.group_by("match_probability").agg(pairs=pl.col("count").sum())
    ordered = sums.sort("match_probability", descending=True).with_columns(
        right=(pl.col("pairs") * pl.col("match_probability")).cum_sum(), pairs=pl.col("pairs").cum_sum()
    )
    if at is not None:
        wanted = pl.DataFrame({"asked": sorted(at, reverse=True)}, schema={"asked": pl.Float64})
        rising = ordered.sort("match_probability")
        ordered = wanted.sort("asked").join_asof(
            rising, left_on="asked", right_on="match_probability", strategy="forward", coalesce=False
        )
        nothing = pl.col("right", "pairs").fill_null(0)
        ordered = ordered.with_columns(nothing, match_probability="asked").sort("asked", descending=True)
    every = float((patterns["count"] * patterns["match_probability"]).sum()) or 1.0
    return ordered.select(
        probability="match_probability", pairs="pairs",
        expected_precision=pl.col("right") / pl.col("pairs"), expected_recall=pl.col("right") / every,
    )  # fmt: skip


def calibration(pairs: pl.DataFrame, decisions: pl.DataFrame, /) -> pl.DataFrame:
    """Hold probabilities against what reviewers decided.

    Args:
        pairs: scored pairs.
        decisions: id_l, id_r, and decision ("match" / "different"; others are left out) or match.

    Returns:
        from_probability, pairs, called (their mean probability), right (the share that reviewers called one
        person), low, high (the interval that holds that share in 95 of 100 samples).
    """
    judged = judged_pairs(pairs, decisions)
    band = (pl.col("match_probability") * _BANDS).floor().clip(0, _BANDS - 1) / _BANDS
    table = (
        judged.group_by(from_probability=band)
        .agg(pairs=pl.len(), called=pl.col("match_probability").mean(), matches=pl.col("match").sum())
        .sort("from_probability")
    )
    spans = [interval(m, n) for m, n in table.select("matches", "pairs").iter_rows()]
    return table.with_columns(
        right=pl.col("matches") / pl.col("pairs"),
        low=pl.Series([low for low, _ in spans], dtype=pl.Float64),
        high=pl.Series([high for _, high in spans], dtype=pl.Float64),
    ).drop("matches")


def judged_pairs(pairs: pl.DataFrame, decisions: pl.DataFrame, /) -> pl.DataFrame:
    """Scored pairs that a reviewer decided, with match (bool).

    Raises:
        InputError: a column is missing, or a decision is another word.
    """
    said = decisions_of(decisions)
    return pairs.join(
        said.with_columns(pl.col(side).cast(pairs.schema[side]) for side in ("id_l", "id_r")),
        on=["id_l", "id_r"],
    )


def interval(matches: float, pairs: float, /) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927).

    >>> tuple(round(end, 3) for end in interval(98, 100))
    (0.93, 0.994)
    """
    if not pairs:
        return 0.0, 1.0
    z, share = 1.959964, matches / pairs
    middle = share + z * z / (2 * pairs)
    spread = z * np.sqrt(share * (1 - share) / pairs + z * z / (4 * pairs * pairs))
    whole = 1 + z * z / pairs
    return max(0.0, float((middle - spread) / whole)), min(1.0, float((middle + spread) / whole))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _called(name: str) -> str:
    return "other partners" if name == PARTNERS.name else FIELD_WORDS.get(name, name.replace("_", " "))


def _told(name: str, level: str) -> str:
    if name in _OTHER_WORDS:
        return _OTHER_WORDS[name]
    if name == PARTNERS.name:
        return _PARTNER_WORDS[level]
    called = _called(name)
    if level == "missing":
        return f"{called} is missing"
    if level == "exact":
        return f"{called} agrees"
    if level == "different":
        return f"{called} differs"
    return f"{called} {LEVEL_WORDS.get(level, level.replace('_', ' '))}"
