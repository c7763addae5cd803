"""What reviewers' decisions add to the weights: a few bits a level, the fewer the fewer decisions there are.

A logistic regression whose offset is the weight that the model gives anyway. It speaks of the share of
matches among pairs of one pattern, which does not depend on how patterns were chosen for review; so it
matters little that reviewed pairs come from the doubtful zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.score.levels import MISSING
from reconcile.score.model import NEUTRAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.score.model import Fields, Profile

    Numbers = NDArray[np.float64]

_SPREAD: Final = 0.5  # bits: what decisions move is held to this, unless many of them say otherwise
_ROUNDS: Final = 200
_STILL: Final = 1e-9


def teach(codes: NDArray[np.uint8], match: NDArray[np.bool_], bits: Numbers, fields: Fields, /) -> Profile:
    """Fit what has to be added to each level's weight so that decisions become likeliest.

    Args:
        codes: of the decided pairs: a row a pair, a column a field.
        match: what was decided.
        bits: the weight that the model gives each pair.
        fields: in the order of the columns.

    Returns:
        bits by field and level; a level that no decided pair shows is left out.
    """
    names, columns = _levels(codes, fields)
    scale = _SPREAD * np.log(2)
    offset, told = bits * np.log(2), match.astype(np.float64)

    def loss(added: Numbers) -> float:
        odds = offset + columns @ added
        return float(np.sum(np.logaddexp(0, odds) - told * odds) + added @ added / scale**2 / 2)

    added = np.zeros(len(names))
    now = loss(added)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(offset + columns @ added, -500, 500)))
        slope = columns.T @ (told - chance) - added / scale**2
        curve = (columns.T * (chance * (1 - chance))) @ columns + np.eye(len(names)) / scale**2
        step = np.linalg.solve(curve, slope)
        after = loss(added + step)
        while after > now and float(np.abs(step).max()) > _STILL:  # too far, where the curve bends
            step /= 2
            after = loss(added + step)
        if after > now or now - after < _STILL:
            break
        added, now = added + step, after
    taught: Profile = {}
    for (name, level), value in zip(names, added.tolist(), strict=True):
        taught.setdefault(name, {})[level] = round(value / float(np.log(2)), 6)
    return taught


def _levels(codes: NDArray[np.uint8], fields: Fields) -> tuple[list[tuple[str, str]], Numbers]:
    """List the levels that occur, and say which pair shows which; the first is the prior, which all show."""
    names, columns = [("prior", "prior")], [np.ones(len(codes))]
    for column, field in enumerate(fields):
        own = np.minimum(codes[:, column], field.exact)
        for code, level in enumerate((*field.levels, "exact"), start=MISSING + 1):
            shown = own == code
            if shown.any() and (field.name, level) not in NEUTRAL:
                names.append((field.name, level))
                columns.append(shown.astype(np.float64))
    return names, np.stack(columns, axis=1)
