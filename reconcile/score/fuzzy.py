"""String similarity on distinct pairs of values; the only importer of rapidfuzz.

Each function takes two arrays of codes into a vocabulary, of equal length and unequal values, and
answers for every pair. Equal pairs of values are compared once, since names repeat.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Levels = NDArray[np.uint8]
    Objects = NDArray[Any]
    Judge = Callable[[Codes, Codes], Levels]

NICKNAME, ONE_EDIT, NEAR, INITIAL, DIFFERENT = 1, 2, 3, 4, 5
_NEAR: Final = 0.88
_HOPELESS: Final = 0.7  # below it no pair of names is one edit apart unless it is very short
_SHORTEST_EDIT: Final = 5  # one edit makes another name of a short one: Ann, Ian; Kim, Tim
_SHORTEST_STEM: Final = 3
_AT_ONCE: Final = 1 << 20


def over_distinct(a: Codes, b: Codes, judge: Judge, /) -> Levels:
    """Judge each distinct unordered pair of codes once and hand the answer to all its pairs."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    keys = pl.Series("key", (low.astype(np.int64) << 32) | high.astype(np.int64))
    distinct = keys.unique()
    if len(distinct) * 10 > len(keys) * 8:
        return judge(low, high)
    values = distinct.to_numpy()
    answers = judge((values >> 32).astype(np.int32), (values & 0xFFFFFFFF).astype(np.int32))
    table = pl.DataFrame({"key": distinct, "answer": answers})
    joined = pl.DataFrame({"key": keys}).join(table, on="key", how="left", maintain_order="left")
    return joined["answer"].to_numpy()


def first_names(vocabulary: Objects, nicknames: NDArray[np.int64], /) -> Judge:
    """Judge first names: nickname or stem, one edit, near, initial, different."""

    def judge(a: Codes, b: Codes) -> Levels:
        x, y = vocabulary[a], vocabulary[b]
        out = _spelling(x, y)
        text = pl.DataFrame({"x": x, "y": y}, schema={"x": pl.String, "y": pl.String})
        short, long = text["x"].str.len_chars().to_numpy(), text["y"].str.len_chars().to_numpy()
        shorter = np.minimum(short, long)
        starts = text.select(
            pl.col("x").str.starts_with(pl.col("y")) | pl.col("y").str.starts_with(pl.col("x"))
        ).to_series()
        starts_np = starts.to_numpy()
        keys = (a.astype(np.int64) << 32) | b.astype(np.int64)
        nick = np.isin(keys, nicknames)
        nick |= starts_np & (shorter >= _SHORTEST_STEM)
        out[nick] = NICKNAME
        out[starts_np & (shorter == 1)] = INITIAL
        return out

    return judge


def spellings(vocabulary: Objects, /) -> Judge:
    """Judge values by spelling alone: one edit, near, different."""

    def judge(a: Codes, b: Codes) -> Levels:
        return _spelling(vocabulary[a], vocabulary[b])

    return judge


def close(vocabulary: Objects, cutoff: float, /) -> Judge:
    """Judge values as near by Jaro-Winkler at a cutoff, or different."""

    def judge(a: Codes, b: Codes) -> Levels:
        near = _similarity(vocabulary[a], vocabulary[b]) >= cutoff
        return np.where(near, np.uint8(NEAR), np.uint8(DIFFERENT))

    return judge


@cache
def nickname_pairs() -> frozenset[tuple[str, str]]:
    """Pairs of first names that one person goes by: formal and short, or two short forms of one."""
    from nicknames import name_triplets  # noqa: PLC0415 - read once, when first names differ

    short: dict[str, set[str]] = {}
    for triplet in name_triplets():
        short.setdefault(triplet.name1, set()).add(triplet.name2)
    more = resources.files("reconcile.score").joinpath("nicknames.csv").read_text("utf-8")
    for line in more.splitlines():
        formal, *others = line.split(",")
        short.setdefault(formal, set()).update(others)
    pairs = set()
    for formal, forms in short.items():
        group = sorted({formal, *forms})
        pairs |= {(x, y) for place, x in enumerate(group) for y in group[place + 1 :]}
    return frozenset(pairs)


def nickname_codes(vocabulary: Objects, /) -> NDArray[np.int64]:
    """The nickname pairs as keys of codes, those that occur in a (sorted) vocabulary."""
    place = {name: code for code, name in enumerate(vocabulary.tolist())}
    keys = [
        (min(place[x], place[y]) << 32) | max(place[x], place[y])
        for x, y in nickname_pairs()
        if x in place and y in place
    ]
    return np.array(sorted(keys), dtype=np.int64)


def _spelling(x: Objects, y: Objects) -> Levels:
    out = np.full(len(x), DIFFERENT, dtype=np.uint8)
    similarity = _similarity(x, y)
    out[similarity >= _NEAR] = NEAR
    likely = np.flatnonzero(similarity >= _HOPELESS)
    if len(likely):
        distance = process.cpdist(
            x[likely], y[likely], scorer=OSA.distance, score_cutoff=1, dtype=np.uint8, workers=-1
        )
        longest = np.array([max(len(p), len(q)) for p, q in zip(x[likely], y[likely], strict=True)])
        one = likely[(distance <= 1) & (longest >= _SHORTEST_EDIT)]
        out[one] = ONE_EDIT
        out[likely[(distance <= 1) & (longest < _SHORTEST_EDIT) & (longest > _SHORTEST_STEM)]] = NEAR
    return out


def _similarity(x: Objects, y: Objects) -> NDArray[np.float32]:
    parts = [
        process.cpdist(
            x[start : start + _AT_ONCE],
            y[start : start + _AT_ONCE],
            scorer=JaroWinkler.similarity,
            score_cutoff=_HOPELESS,
            dtype=np.float32,
            workers=-1,
        )
        for start in range(0, len(x), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
