"""Pairs to groups of records of one person, or to a one-to-one assignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.agreement import CONTRADICTIONS
from reconcile.columns import Band

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Nodes = NDArray[np.int64]
    Flags = NDArray[np.bool_]

NEAR_TIE: Final = "near_tie"
_SMALLEST_WITH_BRIDGE: Final = 4


def assign(pairs: pl.DataFrame, /, *, tie_bits: float) -> pl.DataFrame:
    """Give each record at most one partner, the heaviest pairs first.

    Pairs of band none take no part. Where a partner has a rival whose weight comes within `tie_bits`,
    the pair stays but goes to a person: band review, guard near_tie. What a reviewer decided comes first,
    and whoever is settled by it is nobody's rival.

    Args:
        pairs: id_l, id_r, match_weight, band, guard, …, and decision where reviewers decided.
        tie_bits: the lead, in bits, below which two candidates count as a tie.

    Returns:
        the assigned pairs, all columns, ordered by id_l.
    """
    open_ = pairs.filter(pl.col("band") != Band.NONE.value).with_columns(_decided=_decided(pairs, "match"))
    settled, rest = open_.filter("_decided"), open_.filter(~pl.col("_decided"))
    for side in ("id_l", "id_r") if settled.height else ():
        rest = rest.join(settled, on=side, how="anti")
    open_ = pl.concat([settled, rest]).sort(
        ["_decided", "match_weight", "id_l", "id_r"], descending=[True, True, False, False]
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
    tied = pl.col("_rivalled") & ~pl.col("_decided") & (pl.col("band") == Band.LINK.value)
    return (
        assigned.with_columns(
            pl.when(tied).then(pl.lit(Band.REVIEW.value)).otherwise("band").alias("band"),
            pl.when(tied).then(pl.lit(NEAR_TIE)).otherwise("guard").alias("guard"),
        )
        .drop("_rivalled", "_rank", "_decided")
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


@dataclass(frozen=True)
class Groups:
    """Records of one person, and what was not believed.

    Attributes:
        clusters: id, cluster (the smallest id in it), for every record in a group of two or more.
        cut: pairs of band link that lead from one group to another: id_l, id_r, match_weight, reason
            ("bridge": the only pair between two groups; "contradiction": together they would hold two
            records that are certainly two persons).
    """

    clusters: pl.DataFrame
    cut: pl.DataFrame


def group(pairs: pl.DataFrame, /) -> Groups:
    """Group the records of one person: connected by pairs of band link, as far as nothing forbids.

    A bridge is the only pair that joins two groups of at least two records each; it is cut, since two
    tight groups are more often two persons than one. Where a group would hold a pair that a reviewer or a
    guard (twins, Jr and Sr, other SSNs) calls two persons, its pairs are taken one by one, those decided
    by a reviewer first, then the heaviest, and one that would bring the two together is cut.

    Args:
        pairs: id_l, id_r, match_weight, band, guard, and decision where reviewers decided.
    """
    links = pairs.filter(pl.col("band") == Band.LINK.value).select(
        "id_l", "id_r", "match_weight", decided=_decided(pairs, "match")
    )
    ids = pl.concat([links["id_l"], links["id_r"].rename("id_l")]).unique().sort().rename("id")
    if ids.is_empty():
        nothing = links.select("id_l", "id_r", "match_weight", reason=pl.lit(None, dtype=pl.String))
        return Groups(pl.DataFrame({"id": ids, "cluster": ids}), nothing)
    place = pl.DataFrame({"id": ids}).with_row_index("n")
    a, b = _places(links, place)
    root = connected(len(ids), a, b)
    keep = np.ones(len(a), dtype=np.bool_)
    large = np.bincount(root, minlength=len(ids))[root[a]] >= _SMALLEST_WITH_BRIDGE
    if large.any():
        keep[large] = ~_bridges(a[large], b[large])
        keep |= links["decided"].to_numpy()
        root = connected(len(ids), a[keep], b[keep])
    bridges = ~keep
    apart = pairs.filter(pl.col("guard").is_in(CONTRADICTIONS) | _decided(pairs, "different"))
    kept = _without_contradictions(links, (a, b), keep, root, _places(apart, place))
    if not kept.all():
        keep &= kept
        root = connected(len(ids), a[keep], b[keep])
    crossing = root[a] != root[b]
    reason = pl.Series(np.where(bridges, "bridge", "contradiction").tolist(), dtype=pl.String)
    cut = links.select("id_l", "id_r", "match_weight", reason=reason).filter(pl.Series(crossing))
    frame = pl.DataFrame({"id": ids, "cluster": ids.gather(root)})
    return Groups(frame.filter(pl.len().over("cluster") > 1).sort("cluster", "id"), cut.sort("id_l", "id_r"))


def _decided(pairs: pl.DataFrame, word: str) -> pl.Expr:
    if "decision" not in pairs.columns:
        return pl.lit(value=False)
    return (pl.col("decision") == word).fill_null(value=False)


def _places(pairs: pl.DataFrame, place: pl.DataFrame) -> tuple[Nodes, Nodes]:
    """Number both ends of pairs; -1 for a record that no pair of band link has."""

    def numbers(side: str) -> Nodes:
        found = pairs.select(id=side).join(place, on="id", how="left", maintain_order="left")["n"]
        return found.cast(pl.Int64).fill_null(-1).to_numpy()

    return numbers("id_l"), numbers("id_r")


def _without_contradictions(
    links: pl.DataFrame, ends: tuple[Nodes, Nodes], keep: Flags, root: Nodes, apart: tuple[Nodes, Nodes]
) -> Flags:
    """Say which pairs may stay, so that no group holds two records that are two persons."""
    stay = np.ones(len(keep), dtype=np.bool_)
    known = (apart[0] >= 0) & (apart[1] >= 0)
    one, other = apart[0][known], apart[1][known]
    inside = root[one] == root[other]
    if not inside.any():
        return stay
    troubled = np.zeros(len(root), dtype=np.bool_)
    troubled[root[one[inside]]] = True
    chosen = np.flatnonzero(keep & troubled[root[ends[0]]])
    order = (
        links.select(pl.lit(pl.Series("n", np.arange(len(keep)))), "decided", "match_weight")[chosen]
        .sort(["decided", "match_weight", "n"], descending=[True, True, False])["n"]
        .to_list()
    )
    groups = _Apart(zip(one[inside].tolist(), other[inside].tolist(), strict=True))
    for edge in order:
        stay[edge] = groups.join(int(ends[0][edge]), int(ends[1][edge]))
    return stay


class _Apart:
    """Groups that are joined one by one, except where they hold enemies."""

    def __init__(self, enemies: Iterable[tuple[int, int]]) -> None:
        self._root: dict[int, int] = {}
        self._enemies: dict[int, set[int]] = {}
        for one, other in enemies:
            self._enemies.setdefault(one, set()).add(other)
            self._enemies.setdefault(other, set()).add(one)

    def join(self, one: int, other: int) -> bool:
        """Join two records' groups, and say whether they are one now."""
        a, b = self._find(one), self._find(other)
        if a == b:
            return True
        against = self._enemies.get(a, set())
        if any(self._find(enemy) == b for enemy in against):
            return False
        self._root[b] = a
        self._enemies[a] = against | self._enemies.pop(b, set())
        return True

    def _find(self, node: int) -> int:
        while (above := self._root.get(node, node)) != node:
            self._root[node] = self._root.get(above, above)
            node = above
        return node


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


def _bridges(a: Nodes, b: Nodes) -> Flags:
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
