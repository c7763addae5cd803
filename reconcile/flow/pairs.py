"""The core of linkage: candidate pairs, their patterns, the model, the pairs kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.block import candidates, pairs_of, rows_of
from reconcile.columns import Band
from reconcile.errors import InputError
from reconcile.flow import partners
from reconcile.flow.keys import RULES, WIDE, keys
from reconcile.score.compare import Comparer, chosen_pairs
from reconcile.score.decide import decide
from reconcile.score.encode import Encoded, encode
from reconcile.score.levels import PARTNERS, Layout
from reconcile.score.model import Model, shipped
from reconcile.score.train import Space, chances, probabilities, train

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.block import Pairs
    from reconcile.flow.link import Options
    from reconcile.score.levels import Patterns

_SAMPLE: Final = 300_000  # random pairs for the chances among strangers
_LEAST_ROWS: Final = 100  # below, a table is too small to learn a model from
_WIDE_PAIRS_A_ROW: Final = 2  # what the wide rules may add
_LARGE: Final = 100_000  # rows, beyond which a table is spared what costs time and gains little
_BATCH: Final = 1 << 19
_MISSING_ROW: Final = -1
_REPEATED: Final = 0.05  # matches a row, from which on values are counted by person instead of by record


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What scoring two tables gave."""

    pairs: pl.DataFrame
    also: pl.DataFrame
    model: Model
    rules: pl.DataFrame
    possible: int
    compared: int
    expected: float
    notes: tuple[str, ...]


def score_tables(
    left: pl.DataFrame,
    right: pl.DataFrame | None,
    /,
    *,
    also: pl.DataFrame | None,
    options: Options,
) -> Scored:
    """Score prepared tables (id and key columns); `right` is None for duplicates."""
    say = options.progress or (lambda _: None)
    say("Encoding values")
    encoded = encode(left, right, kinds=options.fields)
    comparer = Comparer(encoded)
    if not comparer.layout.fields:
        raise InputError(
            "The tables share no column that persons can be compared by. "
            "Rename columns to the canonical names (first_name, last_name, birthdate, …)."
        )
    ids = left["id"].sort(), (left if right is None else right)["id"].sort()
    asked = _rows_of(also, *ids)
    possible = _possible(encoded)
    pairs, rules = _candidates(encoded, possible, asked, options)
    say(f"Comparing {len(pairs):,} pairs")
    seen = _Seen.of(comparer, pairs)
    say("Learning weights")
    small = max(min(len(part) for part in ids), 1)
    model, notes = _model(comparer, seen, possible, small, options)
    expected = _expected(seen, model)
    rows = left.height + (0 if right is None else right.height)
    if expected > _REPEATED * rows and rows <= _LARGE and model.source == "trained":
        comparer.count_persons(_persons(seen, pairs, model, comparer))
        seen = _Seen.of(comparer, pairs)
        model, notes = _model(comparer, seen, possible, small, options)
        expected = _expected(seen, model)
    if model.source == "trained":
        say("Looking at other partners")
        pairs, seen = _with_partners(comparer, seen, pairs, model, possible)
        model, notes = _model(comparer, seen, possible, small, options)
        expected = _expected(seen, model)
    say("Judging")
    judged = _judge(seen, model, options)
    kept = judged.filter(pl.col("match_probability") >= options.min_probability)
    return Scored(
        pairs=_with_ids(seen.chosen(pairs, kept), *ids),
        also=_also(asked, also, seen, pairs, judged, *ids),
        model=model,
        rules=rules,
        possible=possible,
        compared=len(pairs),
        expected=expected,
        notes=notes,
    )


@dataclass(frozen=True)
class _Seen:
    """Every pair's pattern, and the distinct patterns, sorted, with their counts.

    Attributes:
        layout: of the patterns.
        every: a column a pair.
        patterns: the distinct ones.
        counts: how often each was seen.
        partners: chances of the levels of PARTNERS among strangers, once they are looked at.
    """

    layout: Layout
    every: Patterns
    patterns: Patterns
    counts: NDArray[np.float64]
    partners: dict[str, float] | None = None

    @classmethod
    def of(cls, comparer: Comparer, pairs: Pairs) -> _Seen:
        every = np.zeros((comparer.layout.words, len(pairs)), dtype=np.int64)
        for start in range(0, len(pairs), _BATCH):
            every[:, start : start + _BATCH] = comparer.patterns(*rows_of(pairs[start : start + _BATCH]))
        return cls(comparer.layout, every, *distinct(every))

    @property
    def codes(self) -> NDArray[np.uint8]:
        return self.layout.codes(self.patterns)

    def of_pairs(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give every pair what was worked out for its pattern."""
        words = _frame(self.patterns)
        table = words.with_columns(value=pl.Series(values))
        joined = _frame(self.every).join(table, on=words.columns, how="left", maintain_order="left")
        return joined["value"].to_numpy()

    def chosen(self, pairs: Pairs, kept: pl.DataFrame) -> pl.DataFrame:
        """The pairs whose pattern is kept, with what the pattern says: l, r, …."""
        words = _frame(self.every).columns
        numbered = kept.with_row_index("pattern").select(*words, "pattern")
        found = _frame(self.every).join(numbered, on=words, how="left", maintain_order="left")["pattern"]
        places = found.is_not_null().arg_true().to_numpy()
        l, r = rows_of(pairs[places])  # noqa: E741 - left
        return pl.DataFrame({"l": l, "r": r}).hstack(kept.drop(words)[found.gather(places)].get_columns())


def _with_partners(
    comparer: Comparer, seen: _Seen, pairs: Pairs, model: Model, possible: int
) -> tuple[Pairs, _Seen]:
    """Look at each pair once more in the light of the others, and at pairs that others suggest."""
    encoded = comparer.encoded
    rows = (encoded.left.rows, encoded.right.rows)
    sure = seen.of_pairs(probabilities(model, seen.codes, seen.layout.fields)) >= partners.SURE
    every, shared = seen.every, None
    if encoded.one_table:
        shared = partners.in_common(pairs, sure, rows[0])
        new = np.setdiff1d(shared, pairs, assume_unique=True)
        more = np.zeros((seen.layout.words, 0), dtype=np.int64)
        if len(new):
            more = comparer.patterns(*rows_of(new))
        order = np.argsort(np.concatenate([pairs, new]), kind="stable")
        pairs = np.concatenate([pairs, new])[order]
        every = np.concatenate([every, more], axis=1)[:, order]
        sure = np.concatenate([sure, np.zeros(len(new), dtype=np.bool_)])[order]
    layout = Layout.of([*comparer.layout.fields, PARTNERS])
    word, shift = layout.places[-1]
    if word == every.shape[0]:
        every = np.concatenate([every, np.zeros((1, every.shape[1]), dtype=np.int64)])
    every = every.copy()
    every[word] |= partners.levels(pairs, sure, rows, shared).astype(np.int64) << shift
    among = partners.chances(pairs, sure, rows, shared, float(possible))
    return pairs, _Seen(layout, every, *distinct(every), among)


def _frame(patterns: Patterns) -> pl.DataFrame:
    return pl.DataFrame({f"p{word}": values for word, values in enumerate(patterns)})


def distinct(patterns: Patterns, /) -> tuple[Patterns, NDArray[np.float64]]:
    """Count patterns: the distinct ones, sorted, and how often each was seen."""
    frame = _frame(patterns)
    counted = frame.group_by(frame.columns).len("count").sort(frame.columns)
    made = np.stack([counted[name].to_numpy() for name in frame.columns])
    return made, counted["count"].to_numpy().astype(np.float64)


def _possible(encoded: Encoded) -> int:
    rows = encoded.left.rows
    return rows * (rows - 1) // 2 if encoded.one_table else rows * encoded.right.rows


def _rows_of(also: pl.DataFrame | None, left: pl.Series, right: pl.Series) -> pl.DataFrame | None:
    """Number the rows of the pairs asked for; -1 for an id that is in no table."""
    if also is None:
        return None
    numbered = also.select(
        pl.col("id_l").cast(left.dtype, strict=False), pl.col("id_r").cast(right.dtype, strict=False)
    )
    for ids, column, number in ((left, "id_l", "l"), (right, "id_r", "r")):
        places = pl.DataFrame({column: ids}).with_row_index(number).cast({number: pl.Int32})
        numbered = numbered.join(places, on=column, how="left", maintain_order="left")
    return numbered.select(pl.col("l", "r").fill_null(_MISSING_ROW))


def _candidates(
    encoded: Encoded, possible: int, also: pl.DataFrame | None, options: Options
) -> tuple[Pairs, pl.DataFrame]:
    if possible <= options.compare_in_full:
        pairs = _every(encoded)
        rules = pl.DataFrame(
            {"rule": ["every pair"], "keys": [1], "pairs": [len(pairs)], "oversized_keys": [0],
             "dropped_pairs": [0]}
        )  # fmt: skip
        return pairs, rules
    rows = encoded.left.rows + (0 if encoded.one_table else encoded.right.rows)
    left = keys(encoded.left, encoded)
    right = left if encoded.one_table else keys(encoded.right, encoded)
    made = candidates(
        left, right, rules=RULES, wide=WIDE,
        wide_pairs=_wide(rows, options), progress=options.progress,
    )  # fmt: skip
    if also is None:
        return made.pairs, made.rules
    known = also.filter((pl.col("l") >= 0) & (pl.col("r") >= 0))
    asked = pairs_of(known["l"].to_numpy(), known["r"].to_numpy())
    return np.unique(np.concatenate([made.pairs, asked])), made.rules


def _wide(rows: int, options: Options) -> int:
    """How many pairs the wide rules may add: what a full comparison may cost, of a large table less a row."""
    return max(int(options.compare_in_full * min(1.0, _LARGE / rows)), int(rows * _WIDE_PAIRS_A_ROW))


def _every(encoded: Encoded) -> Pairs:
    if encoded.one_table:
        l, r = np.triu_indices(encoded.left.rows, k=1)  # noqa: E741 - left
        return pairs_of(l, r)
    left, right = np.arange(encoded.left.rows), np.arange(encoded.right.rows)
    return pairs_of(np.repeat(left, len(right)), np.tile(right, len(left)))


def _model(
    comparer: Comparer, seen: _Seen, possible: int, small: int, options: Options
) -> tuple[Model, tuple[str, ...]]:
    """Learn the weights, or take those given or shipped."""
    layout = comparer.layout
    if options.model is not None:
        return options.model.knowing(layout.fields), ()
    if small < _LEAST_ROWS:
        # A handful of rows is a glimpse of a larger population, in which a given pair is seldom one person.
        pairs = max(float(possible), float(small * _LEAST_ROWS))
        shares = {kind: value * small / pairs for kind, value in shipped().shares.items()}
        note = (
            f"Fewer than {_LEAST_ROWS} records in a table: too little to learn from, "
            "the shipped weights were used."
        )
        return replace(shipped().knowing(layout.fields), shares=shares), (note,)
    in_full = seen.every.shape[1] == possible
    if in_full:
        sample, counts = seen.patterns, seen.counts
    else:
        encoded = comparer.encoded
        sample, counts = distinct(comparer.patterns(*chosen_pairs(encoded.left, encoded.right, _SAMPLE)))
    space = Space(
        fields=seen.layout.fields,
        codes=seen.codes,
        counts=seen.counts,
        possible=float(max(possible, 1)),
        smaller=small,
        in_full=in_full,
    )
    start = chances(layout.fields, layout.codes(sample), counts, comparer.swapped_chance(), shipped())
    if seen.partners is not None:
        start = start.knowing(seen.layout.fields)
        start = replace(start, u=start.u | {PARTNERS.name: seen.partners})
    return train(space, start), ()


def _expected(seen: _Seen, model: Model) -> float:
    """How many pairs are one person, as the model sees it."""
    return float(np.dot(seen.counts, probabilities(model, seen.codes, seen.layout.fields)))


def _persons(
    seen: _Seen, pairs: Pairs, model: Model, comparer: Comparer
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What share of a person each row is: one, divided by the records that are likely the same person's."""
    encoded = comparer.encoded
    same = probabilities(model, seen.codes, seen.layout.fields)
    likely = _frame(seen.patterns).with_columns(p=pl.Series(same)).filter(pl.col("p") > 0.01)  # noqa: PLR2004
    found = seen.chosen(pairs, likely).sort("l", "r")
    l, r, p = (found[name].to_numpy() for name in ("l", "r", "p"))  # noqa: E741 - left
    more_l = np.bincount(l, weights=p, minlength=encoded.left.rows)
    more_r = np.bincount(r, weights=p, minlength=encoded.right.rows)
    if encoded.one_table:
        more_l = more_r = more_l + more_r
    return 1 / (1 + more_l), 1 / (1 + more_r)


def _judge(seen: _Seen, model: Model, options: Options) -> pl.DataFrame:
    judged = decide(
        seen.codes,
        seen.layout.fields,
        model,
        link_probability=options.link_probability,
        review_probability=options.review_probability,
    )
    return _frame(seen.patterns).hstack(judged.get_columns())


def _with_ids(found: pl.DataFrame, left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """Put ids for row numbers; tables are ordered by id, so row order is id order."""
    ordered = found.sort("l", "r")
    ids = [left.gather(ordered["l"]).alias("id_l"), right.gather(ordered["r"]).alias("id_r")]
    return pl.DataFrame(ids).hstack(ordered.drop("l", "r").get_columns())


def _also(  # noqa: PLR0917
    rows: pl.DataFrame | None,
    asked: pl.DataFrame | None,
    seen: _Seen,
    pairs: Pairs,
    judged: pl.DataFrame,
    left: pl.Series,
    right: pl.Series,
) -> pl.DataFrame:
    """Take the pairs asked for, all of them and in their order."""
    if rows is None or asked is None:
        rows = pl.DataFrame(schema={"l": pl.Int32, "r": pl.Int32})
        asked = pl.DataFrame({"id_l": left.clear(), "id_r": right.clear()})
    known = rows.with_row_index("place").filter((pl.col("l") >= 0) & (pl.col("r") >= 0))
    places = np.searchsorted(pairs, pairs_of(known["l"].to_numpy(), known["r"].to_numpy()))
    patterns = _frame(seen.every[:, places])
    words = patterns.columns
    placed = known.select("place").hstack(patterns.get_columns()).join(judged, on=words, how="left")
    frame = asked.with_row_index("place").join(placed, on="place", how="left", maintain_order="left")
    unknown = pl.col("p0").is_null()
    return frame.with_columns(
        pl.when(unknown).then(pl.lit(Band.NONE.value)).otherwise("band").alias("band"),
        pl.when(unknown).then(pl.lit("unknown_id")).otherwise("guard").alias("guard"),
    ).drop("place", *words)
