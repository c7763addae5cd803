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

SURE: Final = 0.9
_MISLED: Final = 0.1  # pairs of two persons that share a sure partner, for each sure pair
_MOST: Final = 50  # sure partners of one record, beyond which nothing follows from sharing it


def in_common(pairs: Pairs, sure: Flags, rows: int, /) -> Pairs:
    """Pairs of records of one table that share a sure partner, sorted."""
    l, r = rows_of(pairs[sure])  # noqa: E741 - left
    one = pl.DataFrame({"by": np.concatenate([l, r]), "of": np.concatenate([r, l])})
    held = np.bincount(one["by"].to_numpy(), minlength=rows)
    one = one.filter(pl.Series(held[one["by"].to_numpy()] <= _MOST))
    both = one.join(one, on="by").filter(pl.col("of") < pl.col("of_right"))
    return np.unique(pairs_of(both["of"].to_numpy(), both["of_right"].to_numpy()))


def levels(pairs: Pairs, sure: Flags, rows: tuple[int, int], shared: Pairs | None, /) -> Levels:
    """Say of each pair whether its records have other sure partners, and whether one in common.

    Args:
        pairs: sorted.
        sure: which of them are almost certainly one person.
        rows: of the left and of the right table.
        shared: pairs with a partner in common, sorted, where there is one table; else None.
    """
    l, r = rows_of(pairs)  # noqa: E741 - left
    if shared is not None:
        made = np.where(sure, np.uint8(0), np.uint8(PARTNERS.code("none")))
        if len(shared):
            place = np.minimum(np.searchsorted(shared, pairs), len(shared) - 1)
            made[(shared[place] == pairs) & ~sure] = PARTNERS.code("in_common")
        return made
    held = [np.bincount(part[sure], minlength=count) for part, count in zip((l, r), rows, strict=True)]
    others = [(count[part] - sure) > 0 for count, part in zip(held, (l, r), strict=True)]
    names = ("none", "one_has", "both_have")
    codes = np.array([PARTNERS.code(name) for name in names], dtype=np.uint8)
    return codes.take(others[0].astype(int) + others[1])


def chances(
    pairs: Pairs, sure: Flags, rows: tuple[int, int], shared: Pairs | None, possible: float, /
) -> dict[str, float]:
    """How often two strangers show each level."""
    if shared is not None:
        # Of pairs that share a sure partner about nine in ten are one person, if nothing else is known.
        shares = max(_MISLED * float(sure.sum()), _MISLED) / possible
        return {"none": 1 - shares, "one_has": 0.5, "both_have": 0.5, "in_common": shares}
    l, r = rows_of(pairs[sure])  # noqa: E741 - left
    one, other = (
        min(max(len(np.unique(part)) / count, 0.01), 0.99) for part, count in zip((l, r), rows, strict=True)
    )
    return {
        "none": (1 - one) * (1 - other),
        "one_has": one * (1 - other) + other * (1 - one),
        "both_have": one * other,
        "in_common": _MISLED / possible,
    }
