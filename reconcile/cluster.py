"""Pairs to groups of records of one person, or to a one-to-one assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.columns import Band

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Nodes = NDArray[np.int64]

NEAR_TIE: Final = "near_tie"
_SMALLEST_WITH_BRIDGE: Final = 4


def assign(pairs: pl.DataFrame, /, *, tie_bits: float) -> pl.DataFrame:
    """Give each record at most one partner, the heaviest pairs first.

    Pairs of band none take no part. Where a partner has a rival whose weight comes within `tie_bits`,
    the pair stays but goes to a person: band review, guard near_tie.

    Args:
        pairs: id_l, id_r, match_weight, band, guard, …
        tie_bits: the lead, in bits, below which two candidates count as a tie.

    Returns:
        the assigned pairs, all columns, ordered by id_l.
    """
    open_ = pairs.filter(pl.col("band") != Band.NONE.value).sort(
        ["match_weight", "id_l", "id_r"], descending=[True, False, False]
    )
    open_ = open_.with_columns(_rivalled(tie_bits).alias("_rivalled")).with_row_index("_rank")
    chosen = []
    left = open_.select("_rank", "id_l", "id_r")
    while left.height:
        best = left.filter(
            (pl.col("_rank") == pl.col("_rank").min().over("id_l"))
            & (pl.col("_rank") == pl.col("_rank").min().over("id_r"))
        )
        chosen.append(best["_rank"])
        left = left.join(best, on="id_l", how="anti").join(best, on="id_r", how="anti")
    ranks = pl.concat(chosen) if chosen else open_["_rank"]
    assigned = open_.filter(pl.col("_rank").is_in(ranks.implode()))
    tied = pl.col("_rivalled") & (pl.col("band") == Band.LINK.value)
    return (
        assigned.with_columns(
            pl.when(tied).then(pl.lit(Band.REVIEW.value)).otherwise("band").alias("band"),
            pl.when(tied).then(pl.lit(NEAR_TIE)).otherwise("guard").alias("guard"),
        )
        .drop("_rivalled", "_rank")
        .sort("id_l", "id_r")
    )


def _rivalled(tie_bits: float) -> pl.Expr:
    """Say whether another pair of either record comes close, or is heavier."""
    weight = pl.col("match_weight")

    def close(side: str) -> pl.Expr:
        best = weight.max().over(side)
        second = weight.sort(descending=True).get(1, null_on_oob=True).over(side)
        rival = pl.when(weight == best).then(second).otherwise(best)
        return (weight - rival < tie_bits).fill_null(value=False)

    return close("id_l") | close("id_r")


def group(pairs: pl.DataFrame, /) -> pl.DataFrame:
    """Group the records of one person: connected by pairs of band link, weak bridges cut.

    A bridge is the only pair that joins two groups of at least two records each; it is cut, since two
    tight groups are more often two persons than one.

    Returns:
        id, cluster (the smallest id in it), for every record in a group of two or more.
    """
    links = pairs.filter(pl.col("band") == Band.LINK.value).select("id_l", "id_r")
    ids = pl.concat([links["id_l"], links["id_r"].rename("id_l")]).unique().sort().rename("id")
    if ids.is_empty():
        return pl.DataFrame({"id": ids, "cluster": ids})
    place = pl.DataFrame({"id": ids}).with_row_index("n")
    a = links.join(place, left_on="id_l", right_on="id", how="left", maintain_order="left")["n"].to_numpy()
    b = links.join(place, left_on="id_r", right_on="id", how="left", maintain_order="left")["n"].to_numpy()
    a, b = a.astype(np.int64), b.astype(np.int64)
    root = connected(len(ids), a, b)
    sizes = np.bincount(root, minlength=len(ids))
    large = sizes[root[a]] >= _SMALLEST_WITH_BRIDGE
    if large.any():
        weak = _bridges(a[large], b[large])
        keep = ~large
        keep[np.flatnonzero(large)[~weak]] = True
        root = connected(len(ids), a[keep], b[keep])
    frame = pl.DataFrame({"id": ids, "cluster": ids.gather(root)})
    return frame.filter(pl.len().over("cluster") > 1).sort("cluster", "id")


def connected(size: int, a: Nodes, b: Nodes, /) -> Nodes:
    """Label connected components with their smallest node.

    >>> connected(4, np.array([2]), np.array([1])).tolist()
    [0, 1, 1, 3]
    """
    label = np.arange(size, dtype=np.int64)
    while True:
        smallest = np.minimum(label[a], label[b])
        new = label.copy()
        np.minimum.at(new, label[a], smallest)
        np.minimum.at(new, label[b], smallest)
        new = new[new]
        if np.array_equal(new, label):
            return label
        label = new


def _bridges(a: Nodes, b: Nodes) -> NDArray[np.bool_]:
    """Mark the edges whose loss leaves two groups of two or more (Tarjan 1974, without recursion)."""
    edges: dict[int, list[tuple[int, int]]] = {}
    for number, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        edges.setdefault(x, []).append((y, number))
        edges.setdefault(y, []).append((x, number))
    weak = np.zeros(len(a), dtype=np.bool_)
    seen: dict[int, int] = {}
    for start in sorted(edges):
        if start not in seen:
            _walk(start, edges, seen, weak)
    return weak


def _walk(
    start: int, edges: dict[int, list[tuple[int, int]]], seen: dict[int, int], weak: NDArray[np.bool_]
) -> None:
    first = len(seen)
    low: dict[int, int] = {start: first}
    below: dict[int, int] = {start: 1}
    seen[start] = first
    stack = [(start, -1, iter(edges[start]))]
    found: list[tuple[int, int]] = []
    while stack:
        node, came_by, rest = stack[-1]
        for neighbour, number in rest:
            if number == came_by:
                continue
            if neighbour in seen:
                low[node] = min(low[node], seen[neighbour])
                continue
            seen[neighbour] = low[neighbour] = len(seen)
            below[neighbour] = 1
            stack.append((neighbour, number, iter(edges[neighbour])))
            break
        else:
            stack.pop()
            if stack:
                parent = stack[-1][0]
                low[parent] = min(low[parent], low[node])
                below[parent] += below[node]
                if low[node] > seen[parent]:
                    found.append((came_by, below[node]))
    whole = len(seen) - first
    for number, size in found:
        weak[number] = size > 1 and whole - size > 1
