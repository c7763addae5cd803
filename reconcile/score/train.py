"""EM over the whole pair space on pattern counts, with a Dirichlet prior on m.

Pairs that were never compared count as strangers, so the classes cannot change places and no labels
are needed. Patterns come sorted, so the sums have one order and every run gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.score.levels import PARTNERS
from reconcile.score.model import HOUSEHOLD, NAMESAKE, OTHERS, SAME, TWIN, Model, scale, totals, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.levels import Field
    from reconcile.score.model import Fields, Profile

    Counts = NDArray[np.float64]

_ROUNDS: Final = 60
_STILL: Final = 1e-5  # relative change of the expected matches at which EM has arrived
_PRIOR_WORTH: Final = 0.1  # the prior weighs as many pairs as a tenth of the expected matches,
_PRIOR_LEAST: Final = 25.0  # and never less than these
_NAMESAKES: Final = 0.005  # families that hand a name down; EM cannot tell them from wrong birthdates,
_FEWEST_NAMESAKES: Final = 0.0005  # so some of them are always reckoned with
_TWINS: Final = 0.02  # records that have a twin in the other table: 3 % of births are twins' (CDC, 2022)
_SHARED_NAMES: Final = 1e-6  # pairs of strangers whose full names agree beyond chance, at most
_TINY: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Space:
    """What training looks at.

    Attributes:
        fields: those that both tables have.
        codes: of the patterns of the candidate pairs, sorted: a row a pattern, a column a field.
        counts: of each pattern.
        possible: all possible pairs, the ones never compared included.
        smaller: the most matches that there can reasonably be: rows of the smaller table.
        in_full: every possible pair was compared, so u can be corrected for the matches among them.
    """

    fields: Fields
    codes: NDArray[np.uint8]
    counts: Counts
    possible: float
    smaller: int
    in_full: bool


def chances(
    fields: Fields, codes: NDArray[np.uint8], counts: Counts, swapped: float, start: Model, /
) -> Model:
    """Take u of the levels that are not exact from pairs chosen at random.

    Each level starts from the shipped chance, which weighs one observation: a level that the sample
    does not show keeps about that chance or the sample's resolution, whichever is smaller.
    """
    prior = start.knowing(fields)
    u: Profile = {name: dict(levels) for name, levels in prior.u.items()}
    for column, field in enumerate(fields):
        seen = np.bincount(codes[:, column], weights=counts, minlength=field.codes).astype(np.float64)
        if field.name != PARTNERS.name:
            u[field.name] = _u_of(field, seen, prior.u[field.name])
    if swapped:
        u["first_name"]["swapped"] = max(swapped, 1e-10)
    return replace(prior, u=u)


def _u_of(field: Field, seen: Counts, prior: dict[str, float]) -> dict[str, float]:
    out = {}
    for second in (False, True):
        levels = scale(field, second=second)
        codes = [slice(field.exact, None) if level == "exact" else field.code(level) for level in levels]
        together = sum(float(np.sum(seen[code])) for code in codes)
        for level, code in zip(levels, codes, strict=True):
            if level != "exact":
                out[level] = (float(np.sum(seen[code])) + 1) / (together + 1 / prior[level])
    return out


def train(space: Space, start: Model, /) -> Model:
    """Learn m and the shares of the classes; u stays, or is corrected when every pair was compared."""
    codes = space.codes
    start = start.knowing(space.fields)
    model = replace(start, shares=_first_guess(space), source="trained")
    before = 0.0
    for _ in range(_ROUNDS):
        posterior = responsibilities(model, codes, space.fields)
        expected = {kind: float(np.dot(space.counts, part)) for kind, part in posterior.items()}
        shares = {kind: max(value / space.possible, _TINY) for kind, value in expected.items()}
        # What a population can hold of relatives; the rest is one person, written down wrongly.
        shares[TWIN] = min(shares[TWIN], _TWINS * space.smaller / space.possible)
        most = _NAMESAKES * space.smaller / space.possible + _SHARED_NAMES
        shares[NAMESAKE] = min(
            max(shares[NAMESAKE], _FEWEST_NAMESAKES * space.smaller / space.possible), most
        )
        model = replace(model, shares=shares, m=_m(space, codes, posterior[SAME], start.m))
        if space.in_full:
            strangers = space.counts * (1 - sum(posterior.values()))
            model = replace(model, u=_corrected(space, codes, strangers, start.u))
        if abs(expected[SAME] - before) <= _STILL * max(expected[SAME], 1.0):
            break
        before = expected[SAME]
    return model


def probabilities(model: Model, codes: NDArray[np.uint8], fields: Fields, /) -> Counts:
    """Probability that a pair of each pattern is one person."""
    return responsibilities(model, codes, fields)[SAME]


def responsibilities(model: Model, codes: NDArray[np.uint8], fields: Fields, /) -> dict[str, Counts]:
    """Probability of each class but strangers, for each pattern."""
    tables = weights(model, fields)
    odds = {
        kind: np.log2(model.shares[kind])
        + totals(tables[kind], codes)
        + (model.taught_prior if kind == SAME else 0.0)
        for kind in (SAME, *OTHERS)
        if model.shares[kind] > _TINY
    }
    stranger = np.log2(max(1 - sum(model.shares.values()), _TINY))
    top = np.maximum.reduce([np.full(len(codes), stranger), *odds.values()])
    parts = {kind: np.exp2(value - top) for kind, value in odds.items()}
    whole = np.exp2(stranger - top) + sum(parts.values())
    none = np.zeros(len(codes))
    return {kind: parts[kind] / whole if kind in parts else none for kind in (SAME, *OTHERS)}


def _first_guess(space: Space) -> dict[str, float]:
    same = 0.3 * space.smaller / space.possible
    at_home = {"phone", "email", "street"} & {field.name for field in space.fields}
    return {
        SAME: same,
        TWIN: 0.03 * same,
        NAMESAKE: _NAMESAKES * same,
        # Without an address or contact nothing tells a household from namesakes.
        HOUSEHOLD: 0.1 * same if at_home else 0.0,
    }


def _m(space: Space, codes: NDArray[np.uint8], same: Counts, prior: Profile) -> Profile:
    weight = space.counts * same
    worth = max(_PRIOR_WORTH * float(weight.sum()), _PRIOR_LEAST)
    out = dict(prior)
    for column, field in enumerate(space.fields):
        name = field.name
        seen = np.bincount(codes[:, column], weights=weight, minlength=field.codes).astype(np.float64)
        out[name] = dict(prior[name])
        for second in (False, True):
            levels = scale(field, second=second)
            values = np.array([_count(field, level, seen) for level in levels])
            expected = np.array([prior[name][level] for level in levels])
            # A field that is seldom filled gets a prior of its own weight, not of all matches'.
            strength = max(min(worth, _PRIOR_WORTH * float(values.sum())), _PRIOR_LEAST)
            shares = (values + strength * expected) / (values.sum() + strength * expected.sum() + _TINY)
            out[name] |= dict(zip(levels, shares.tolist(), strict=True))
    return out


def _count(field: Field, level: str, seen: Counts) -> float:
    return float(seen[field.exact :].sum()) if level == "exact" else float(seen[field.code(level)])


def _corrected(space: Space, codes: NDArray[np.uint8], strangers: Counts, before: Profile) -> Profile:
    out = dict(before)
    for column, field in enumerate(space.fields):
        seen = np.bincount(codes[:, column], weights=strangers, minlength=field.codes).astype(np.float64)
        if field.name == PARTNERS.name:  # known, not counted
            continue
        out[field.name] = _u_of(field, seen, before[field.name])
        if field.name == "first_name":
            out[field.name]["swapped"] = before[field.name]["swapped"]
    return out
