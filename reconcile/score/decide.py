"""From patterns to weights, probabilities, guards and bands; what a table of patterns says of its pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.columns import Band
from reconcile.score.levels import level_names
from reconcile.score.model import OTHERS, SAME, Model, totals, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.bands import Bands
    from reconcile.score.model import Fields, Weights

    Flags = NDArray[np.bool_]

_STEPS: Final = 10_000  # weights are whole ten-thousandths of a bit, so that sums have no order
_FIRST: Final = (
    "swapped",
    "swapped_near",
    "nickname",
    "alias",
    "one_edit",
    "near",
    "initial",
    "part",
    "middle",
)
_LAST: Final = ("swapped", "swapped_near", "alias", "part", "one_edit", "near")
# What two people of one name and birthdate do not share, and where a match is seldom all different.
_APART: Final = {
    "email": ("near", "local_part"), "phone": ("one_digit",), "ssid": ("one_edit",),
    "ssn": ("last_four", "last_four_alone"), "street": ("near",),
}  # fmt: skip
_DIFFERENT: Final = dict.fromkeys(_APART, ("different",)) | {"ssn": ("different", "last_four_different")}
_SEVERAL: Final = 2
_EVEN: Final = 0.5  # a pair that is more likely wrong than right never links, however sure the others are
_BIRTH: Final = ("day_month_swapped", "one_digit")


def decide(
    codes: NDArray[np.uint8], fields: Fields, model: Model, /, *, counts: NDArray[np.float64], bands: Bands
) -> pl.DataFrame:
    """Judge each pattern, given as a row of codes.

    Args:
        codes: a row a pattern, a column a field.
        fields: in the order of the columns.
        model: the weights.
        counts: how many pairs have each pattern.
        bands: where bands begin.

    Returns:
        count, match_weight, match_probability, band, guard, w_prior, w_<field>…, w_relatives,
        level_<field>…; match_weight is the sum of the w_ columns, in bits.
    """
    tables = weights(model, fields)
    stranger = max(1 - sum(model.shares.values()), 1e-12)
    prior = _step(np.log2(model.shares[SAME] / stranger) + model.taught_prior)
    columns = {"w_prior": np.full(len(codes), prior)}
    for row, field in enumerate(fields):
        columns[f"w_{field.name}"] = _step(tables[SAME][row])[codes[:, row]]
    columns["w_relatives"] = _step(-_relatives(model, tables, codes, stranger))
    total = np.sum(np.stack(list(columns.values())), axis=0) / _STEPS
    probability = 1 / (1 + np.exp2(-np.clip(total, -1000, 1000)))
    guard = guards(codes, fields)
    free = np.array([reason is None for reason in guard], dtype=np.bool_)
    link = _surest(probability, counts * free, bands.precision) if bands.precision else bands.link
    linked = (probability >= link) & free
    review = bands.review
    if bands.most_reviews is not None:
        review = _likeliest(probability, counts * ~linked, bands.most_reviews)
    band = np.where(
        linked, Band.LINK.value, np.where(probability >= review, Band.REVIEW.value, Band.NONE.value)
    )
    return pl.DataFrame(
        {
            "count": counts.astype(np.int64),
            "match_weight": total,
            "match_probability": probability,
            "band": band.tolist(),
            "guard": guard,
            **{name: values / _STEPS for name, values in columns.items()},
            **{
                f"level_{field.name}": pl.Series(level_names(field)).gather(codes[:, row].astype(np.uint32))
                for row, field in enumerate(fields)
            },
        },
        schema_overrides={"band": pl.String, "guard": pl.String},
    )


def _surest(probability: Weights, counts: Weights, precision: float) -> float:
    """The lowest threshold above which so large a share of the pairs is expected to be right."""
    order = np.argsort(-probability, kind="stable")
    right, every = np.cumsum((counts * probability)[order]), np.cumsum(counts[order])
    good = np.flatnonzero((right >= precision * every) & (counts[order] > 0))
    return max(float(probability[order][good[-1]]), _EVEN) if len(good) else np.inf


def _likeliest(probability: Weights, counts: Weights, most: int) -> float:
    """The lowest threshold above which there are at most so many pairs."""
    order = np.argsort(-probability, kind="stable")
    values, together = probability[order], np.cumsum(counts[order])
    over = np.flatnonzero(together > most)
    if not len(over):
        return 0.0
    above = values[: over[0]][values[: over[0]] > values[over[0]]]
    return float(above[-1]) if len(above) else np.inf


def _step(bits: Weights | float) -> NDArray[np.int64]:
    steps: NDArray[np.int64] = np.rint(np.asarray(bits) * _STEPS).astype(np.int64)
    return steps


def _relatives(
    model: Model, tables: dict[str, list[Weights]], codes: NDArray[np.uint8], stranger: float
) -> Weights:
    """Bits by which relatives explain a pattern better than strangers alone do."""
    out = np.zeros(len(codes))
    for kind in OTHERS:
        if model.shares[kind] > 0:
            out = np.logaddexp2(out, np.log2(model.shares[kind] / stranger) + totals(tables[kind], codes))
    return out


def guards(codes: NDArray[np.uint8], fields: Fields, /) -> list[str | None]:
    """Name the first guard that forbids the band "link" to a pattern, whatever its weight."""

    def at(name: str, levels: tuple[str, ...], *, exact: bool = False) -> Flags:
        if name not in places:
            return np.zeros(len(codes), dtype=np.bool_)
        field, column = fields[places[name]], codes[:, places[name]]
        found = np.isin(column, [field.code(level) for level in levels])
        return found | (column >= field.exact) if exact else found

    places = {field.name: place for place, field in enumerate(fields)}
    told = sum(
        at(name, (*levels, *_DIFFERENT[name]), exact=True).astype(int) for name, levels in _APART.items()
    )
    alike = np.any([at(name, levels, exact=True) for name, levels in _APART.items()], axis=0)
    alike |= at("zip", (), exact=True)
    first, last = at("first_name", _FIRST, exact=True), at("last_name", _LAST, exact=True)
    birth = at("birthdate", _BIRTH, exact=True)
    reasons = (
        ("ssn_differs", at("ssn", ("different", "last_four"))),
        ("suffix_differs", at("suffix", ("different",))),
        ("twin", at("birthdate", (), exact=True) & last & at("first_name", ("different", "far"))),
        ("contact_only", ~(first & last) & ~birth),
        ("name_differs", ~(first & last)),
        ("birthdate_differs", ~birth),
        ("all_else_differs", (told >= _SEVERAL) & ~alike),
    )
    out: list[str | None] = [None] * len(codes)
    for reason, applies in reversed(reasons):
        for place in np.flatnonzero(applies):
            out[place] = reason
    return out
