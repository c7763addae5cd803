"""From candidate pairs to a model: patterns counted, weights learned, values counted by person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.block import rows_of
from reconcile.flow import partners
from reconcile.score.compare import chosen_pairs
from reconcile.score.levels import NULL, PARTNERS, Layout
from reconcile.score.model import Model, shipped
from reconcile.score.train import Space, chances, probabilities, train

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.block import Pairs
    from reconcile.score.compare import Comparer
    from reconcile.score.encode import Side
    from reconcile.score.levels import Patterns

    Counts = NDArray[np.float64]

LARGE: Final = 100_000  # rows, beyond which a table is spared what costs time and gains little
_SAMPLE: Final = 300_000  # random pairs for the chances among strangers
_LEAST_ROWS: Final = 100  # below, a table is too small to learn a model from
_BATCH: Final = 1 << 19
_REPEATED: Final = 0.05  # matches a row, from which on values are counted by person instead of by record
_LIKELY: Final = 0.01


@dataclass(frozen=True)
class Seen:
    """The patterns of candidate pairs, and the distinct ones, sorted, with their counts.

    Attributes:
        layout: of the patterns.
        pairs: sorted.
        every: the patterns, a column a pair.
        patterns: the distinct ones.
        counts: how often each was seen.
        partners: chances of the levels of PARTNERS among strangers, once they are looked at.
    """

    layout: Layout
    pairs: Pairs
    every: Patterns
    patterns: Patterns
    counts: Counts
    partners: dict[str, float] | None = None

    @classmethod
    def of(cls, comparer: Comparer, pairs: Pairs) -> Seen:
        """Compare pairs."""
        every = _patterns(comparer, pairs)
        return cls(comparer.layout, pairs, every, *distinct(every))

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The distinct patterns unpacked: a row a pattern, a column a field."""
        return self.layout.codes(self.patterns)

    def probabilities(self, model: Model, /) -> Counts:
        """Of each distinct pattern, that its pairs are one person."""
        return probabilities(model, self.codes, self.layout.fields)

    def expected(self, model: Model, /) -> float:
        """How many pairs are one person, as a model sees it."""
        return float(np.dot(self.counts, self.probabilities(model)))

    def of_pairs(self, values: Counts, /) -> Counts:
        """Give every pair what was worked out for its pattern."""
        table = words_of(self.patterns).with_columns(value=pl.Series(values))
        return self._told(table)["value"].to_numpy()

    def _told(self, table: pl.DataFrame) -> pl.DataFrame:
        """Join every pair, a part of them at a time, with what a table says of its pattern."""
        keys = words_of(self.patterns).columns
        parts = [
            words_of(self.every[:, start : start + _BATCH])
            .join(table, on=keys, how="left", maintain_order="left")
            .drop(keys)
            for start in range(0, max(len(self.pairs), 1), _BATCH)
        ]
        return pl.concat(parts)

    def chosen(self, kept: pl.DataFrame, /) -> pl.DataFrame:
        """The pairs whose pattern is in a table of patterns, with what it says of them: l, r, …."""
        keys = words_of(self.patterns).columns
        found = self._told(kept.with_row_index("pattern").select(*keys, "pattern"))["pattern"]
        places = found.is_not_null().arg_true().to_numpy()
        l, r = rows_of(self.pairs[places])  # noqa: E741 - left
        told = kept.drop(keys)[found.gather(places)]
        return pl.DataFrame({"l": l, "r": r}).hstack(told.get_columns())


def words_of(patterns: Patterns, /) -> pl.DataFrame:
    """Lay patterns out as a table: p0, p1, …."""
    return pl.DataFrame({f"p{word}": values for word, values in enumerate(patterns)})


def distinct(patterns: Patterns, /) -> tuple[Patterns, Counts]:
    """Count patterns: the distinct ones, sorted, and how often each was seen."""
    frame = words_of(patterns)
    counted = frame.group_by(frame.columns).len("count").sort(frame.columns)
    made = np.stack([counted[name].to_numpy() for name in frame.columns])
    return made, counted["count"].to_numpy().astype(np.float64)


def _patterns(comparer: Comparer, pairs: Pairs) -> Patterns:
    every = np.zeros((comparer.layout.words, len(pairs)), dtype=np.int64)
    for start in range(0, len(pairs), _BATCH):
        every[:, start : start + _BATCH] = comparer.patterns(*rows_of(pairs[start : start + _BATCH]))
    return every


def learn(comparer: Comparer, seen: Seen, possible: int, /) -> Model:
    """Learn a model: from the pairs as they are, by person where records repeat, then with partners."""
    model = _fit(comparer, seen, possible)
    again = by_person(comparer, seen, model)
    if again is not seen:
        model = _fit(comparer, again, possible)
    return _fit(comparer, with_partners(comparer, again, model, possible), possible)


def look(comparer: Comparer, seen: Seen, model: Model, possible: int, /) -> tuple[Seen, Model]:
    """See pairs as a finished model does; the chance of a partner is this table's own."""
    if PARTNERS.name not in model.m:  # the shipped weights: pairs are judged one by one
        return seen, model
    model = model.knowing((PARTNERS,))  # one that an earlier version saved knows fewer levels
    seen = by_person(comparer, seen, model)
    seen = with_partners(comparer, seen, model, possible)
    return seen, replace(model, u=model.u | {PARTNERS.name: seen.partners or {}})


def fallback(comparer: Comparer, rows: int, possible: int, /) -> tuple[Model, tuple[str, ...]] | None:
    """The shipped model, and why, where there is too little to learn from; else None."""
    if rows >= _LEAST_ROWS:
        return None
    # A handful of rows is a glimpse of a larger population, in which a given pair is seldom one person.
    pairs = max(float(possible), float(rows * _LEAST_ROWS))
    shares = {kind: value * rows / pairs for kind, value in shipped().shares.items()}
    note = f"Fewer than {_LEAST_ROWS} records in a table: too little to learn from, "
    note += "the shipped weights were used."
    return replace(shipped().knowing(comparer.layout.fields), shares=shares), (note,)


def _fit(comparer: Comparer, seen: Seen, possible: int) -> Model:
    encoded, layout = comparer.encoded, comparer.layout
    in_full = len(seen.pairs) == possible
    if in_full:
        sample, counts = layout.codes(seen.patterns), seen.counts
    else:
        some, counts = distinct(comparer.patterns(*chosen_pairs(encoded.left, encoded.right, _SAMPLE)))
        sample = layout.codes(some)
    start = chances(layout.fields, sample, counts, comparer.swapped_chance(), shipped())
    if seen.partners is not None:
        start = start.knowing(seen.layout.fields)
        start = replace(start, u=start.u | {PARTNERS.name: seen.partners})
    space = Space(
        fields=seen.layout.fields,
        codes=seen.codes,
        counts=seen.counts,
        possible=float(max(possible, 1)),
        smaller=max(min(encoded.left.rows, encoded.right.rows), 1),
        in_full=in_full,
    )
    return train(space, start)


def by_person(comparer: Comparer, seen: Seen, model: Model, /) -> Seen:
    """Count values by person instead of by record, where records of one person are many.

    Otherwise a rare name that one person's five records carry would look like a common one.
    """
    encoded = comparer.encoded
    rows = encoded.left.rows + (0 if encoded.one_table else encoded.right.rows)
    if rows > LARGE or seen.expected(model) <= _REPEATED * rows:
        return seen
    likely = words_of(seen.patterns).with_columns(p=pl.Series(seen.probabilities(model)))
    found = seen.chosen(likely.filter(pl.col("p") > _LIKELY))
    l, r, p = (found[name].to_numpy() for name in ("l", "r", "p"))  # noqa: E741 - left
    more = [
        np.bincount(part, weights=p, minlength=side.rows)
        for part, side in ((l, encoded.left), (r, encoded.right))
    ]
    if encoded.one_table:
        more = [more[0] + more[1]] * 2
    comparer.count_persons((1 / (1 + more[0]), 1 / (1 + more[1])))
    return Seen.of(comparer, seen.pairs)


def with_partners(comparer: Comparer, seen: Seen, model: Model, possible: int, /) -> Seen:
    """Look at each pair once more in the light of the others, and at pairs that others suggest."""
    encoded, pairs, every = comparer.encoded, seen.pairs, seen.every
    sides = _thin(encoded.left), _thin(encoded.right)
    sure = seen.of_pairs(seen.probabilities(model)) >= partners.SURE
    shared = None
    if encoded.one_table:
        shared = partners.in_common(pairs, sure, encoded.left.rows)
        new = np.setdiff1d(shared, pairs, assume_unique=True)
        places = np.searchsorted(pairs, new)
        pairs = np.insert(pairs, places, new)
        every = np.insert(every, places, _patterns(comparer, new), axis=1)
        sure = np.insert(sure, places, np.False_)
    layout = Layout.of([*comparer.layout.fields, PARTNERS])
    word, shift = layout.places[-1]
    more = layout.words - every.shape[0]
    every = np.pad(every, ((0, more), (0, 0)))  # a copy, as the given patterns are not to change
    found = partners.levels(pairs, sure, sides, shared).astype(np.int64)
    found <<= shift  # in place, as tens of millions of pairs are no rarity
    every[word] |= found
    among = partners.chances(pairs, sure, sides, shared, float(max(possible, 1)))
    return Seen(layout, pairs, every, *distinct(every), among)


def _thin(side: Side) -> NDArray[np.bool_]:
    """Say which records lack a name or the birthdate."""
    lacking = side.weak.copy()
    for column in ("key_first", "key_last", "key_birth"):
        if column in side.codes:
            lacking |= side.codes[column] == NULL
    return lacking
