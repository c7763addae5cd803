"""What the other pairs of two records say of a pair.

Between two tables a person has mostly one record in each: where a record has a sure partner already, a
second one is unlikely, and two records that are both left over are likelier to belong together. Within
one table two records that share a sure partner are most likely one person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.block import pairs_of, rows_of
from reconcile.score.levels import PARTNERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.block import Pairs

    Flags = NDArray[np.bool_]
    Levels = NDArray[np.uint8]
    Sides = tuple[Flags, Flags]

SURE: Final = 0.9
_MISLED: Final = 0.1  # pairs of two persons that share a sure partner, for each sure pair
_FIRST: Final = ("none", "one_has", "both_have")
_FREE, _HAS, _THIN = range(3)
_MOST: Final = 50  # sure partners of one record, beyond which nothing follows from sharing it


def in_common(pairs: Pairs, sure: Flags, rows: int, /) -> Pairs:
    """Pairs of records of one table that share a sure partner, sorted."""
    l, r = rows_of(pairs[sure])  # noqa: E741 - left
    one = pl.DataFrame({"by": np.concatenate([l, r]), "of": np.concatenate([r, l])})
    held = np.bincount(one["by"].to_numpy(), minlength=rows)
    one = one.filter(pl.Series(held[one["by"].to_numpy()] <= _MOST))
    both = one.join(one, on="by").filter(pl.col("of") < pl.col("of_right"))
    return np.unique(pairs_of(both["of"].to_numpy(), both["of_right"].to_numpy()))


def levels(pairs: Pairs, sure: Flags, sides: Sides, shared: Pairs | None, /) -> Levels:
    """Say of each pair whether its records have other sure partners, and whether one in common.

    Args:
        pairs: sorted.
        sure: which of them are almost certainly one person.
        sides: which records of the left and of the right table are thin.
        shared: pairs with a partner in common, sorted, where there is one table; else None.
    """
    if shared is not None:
        made = np.where(sure, np.uint8(0), np.uint8(PARTNERS.code("none")))
        if len(pairs):
            place = np.minimum(np.searchsorted(pairs, shared), len(pairs) - 1)
            place = place[(pairs[place] == shared) & ~sure[place]]
            made[place] = PARTNERS.code("in_common")
        return made
    l, r = rows_of(pairs)  # noqa: E741 - left
    held = [np.bincount(part[sure], minlength=len(thin)) for part, thin in zip((l, r), sides, strict=True)]
    one, other = (
        _states((count[part] - sure) > 0, thin[part])
        for count, part, thin in zip(held, (l, r), sides, strict=True)
    )
    return _LEVEL[one, other]


def _states(has: Flags, thin: Flags) -> Levels:
    """What a record is: free, provided with a sure partner, or too thin to be expected to have one."""
    return np.where(has, _HAS, np.where(thin, _THIN, _FREE)).astype(np.uint8)


def _table() -> Levels:
    """The level by the states of the left and of the right record."""
    made = np.zeros((3, 3), dtype=np.uint8)
    names = {
        (_FREE, _FREE): "none", (_FREE, _HAS): "one_has", (_HAS, _FREE): "one_has", (_HAS, _HAS): "both_have",
        (_FREE, _THIN): "left_free", (_HAS, _THIN): "left_has",
        (_THIN, _FREE): "right_free", (_THIN, _HAS): "right_has",
    }  # fmt: skip
    for states, name in names.items():
        made[states] = PARTNERS.code(name)
    return made


_LEVEL: Final = _table()


def chances(
    pairs: Pairs, sure: Flags, sides: Sides, shared: Pairs | None, possible: float, /
) -> dict[str, float]:
    """How often two strangers show each level."""
    counts = np.ones(len(PARTNERS.levels) + 1)
    if shared is not None:
        # Of pairs that share a sure partner about nine in ten are one person, if nothing else is known.
        misled = max(_MISLED * float(sure.sum()), _MISLED)
        counts[PARTNERS.code("none")] = possible
    else:
        misled = _MISLED
        l, r = rows_of(pairs[sure])  # noqa: E741 - left
        one, other = (
            np.bincount(_states(np.bincount(part, minlength=len(thin)) > 0, thin), minlength=3)
            for part, thin in zip((l, r), sides, strict=True)
        )
        np.add.at(counts, _LEVEL, np.outer(one, other))
    made = {"in_common": misled / possible}
    for names in (_FIRST, PARTNERS.second):
        together = sum(counts[PARTNERS.code(name)] for name in names)
        made |= {name: float(counts[PARTNERS.code(name)] / together) for name in names}
    return made
