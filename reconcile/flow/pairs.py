"""The core of linkage: candidate pairs, the model, the pairs kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.block import candidates, pairs_of
from reconcile.columns import Band
from reconcile.errors import InputError
from reconcile.flow.decided import Decided, hold, mark
from reconcile.flow.keys import RULES, WIDE, keys
from reconcile.flow.learn import LARGE, Seen, fallback, learn, look, words_of
from reconcile.score.compare import Comparer
from reconcile.score.decide import decide
from reconcile.score.encode import Encoded, encode

if TYPE_CHECKING:
    from reconcile.block import Pairs
    from reconcile.flow.options import Options
    from reconcile.score.model import Model

_MISSING_ROW: Final = -1
# Pairs grow with the square of the rows; time and memory must not.
_PAIRS_A_ROW: Final = 5
_FEW_PAIRS: Final = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What scoring two tables gave.

    Attributes:
        pairs: those kept, with ids and everything that is said of them.
        also: the pairs asked for.
        patterns: every distinct pattern with its count and what is said of it.
        model: the weights used.
        rules: what blocking did.
        possible: how many pairs there could be.
        compared: how many were compared.
        expected: how many of them are one person, as the model sees it.
        unlinkable: records of the left and of the right table with too little to be linked by.
        notes: sentences that the reader must know.
    """

    pairs: pl.DataFrame
    also: pl.DataFrame
    patterns: pl.DataFrame
    model: Model
    rules: pl.DataFrame
    possible: int
    compared: int
    expected: float
    unlinkable: tuple[pl.Series, pl.Series]
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
    del left, right  # frees much of a large table, if the caller does not keep it
    comparer = Comparer(encoded)
    require_fields(comparer)
    ids = encoded.left.ids, encoded.right.ids
    asked = _rows_of(also, *ids)
    decided = _decided(options.decisions, ids, encoded)
    possible = _possible(encoded)
    named = asked if decided is None else decided.beside(asked)
    pairs, rules = candidate_pairs(encoded, named, options)
    say(f"Comparing {len(pairs):,} pairs")
    seen = Seen.of(comparer, pairs)
    say("Learning weights")
    model = options.model
    notes: tuple[str, ...] = ()
    too_few = fallback(comparer, max(min(len(part) for part in ids), 1), possible)
    if model is not None:
        model = model.knowing(comparer.layout.fields)
    elif too_few is not None:
        model, notes = too_few
    else:
        model = learn(comparer, seen, possible)
    say("Judging")
    seen, plain = look(comparer, seen, replace(model, taught={}), possible)
    model = replace(plain, taught=model.taught)
    if decided is not None:
        model, learned = decided.teach(seen, model, options)
        notes += learned
    judged = judge(seen, model, options)
    kept = judged.filter(pl.col("match_probability") >= options.min_probability).drop("count")
    scored = with_ids(seen.chosen(kept), *ids)
    wanted = _also(asked, also, seen, judged.drop("count"), *ids)
    if decided is not None:
        said = with_ids(decided.rows, *ids)
        scored = hold(scored, _also(decided.rows, said, seen, judged.drop("count"), *ids), decided)
        wanted = mark(wanted, scored)
    return Scored(
        pairs=scored,
        also=wanted,
        patterns=judged.drop(words_of(seen.patterns).columns),
        model=model,
        rules=rules,
        possible=possible,
        compared=len(seen.pairs),
        expected=seen.expected(model),
        unlinkable=(ids[0].filter(_bare(encoded.left)), ids[1].filter(_bare(encoded.right))),
        notes=(*notes, *_left_out(rules, len(seen.pairs))),
    )


def _left_out(rules: pl.DataFrame, compared: int) -> tuple[str, ...]:
    """Say so where so many records share their keys that most of their pairs were never compared."""
    narrow = {rule.name for rule in RULES}
    dropped = int(rules.filter(pl.col("rule").is_in(narrow))["dropped_pairs"].sum())
    if dropped <= compared:
        return ()
    note = f"{dropped:,} pairs of records that share a very common name, date or number were not compared. "
    note += "Look for a value that stands for none, or for a table that repeats its records."
    return (note,)


def require_fields(comparer: Comparer, /) -> None:
    """Refuse tables that have nothing to compare.

    Raises:
        InputError: they share no column.
    """
    if not comparer.layout.fields:
        raise InputError(
            "The tables share no column that persons can be compared by. "
            "Rename columns to the canonical names (first_name, last_name, birthdate, …)."
        )


def judge(seen: Seen, model: Model, options: Options, /) -> pl.DataFrame:
    """Judge every distinct pattern: its words, count, and the columns of `decide`."""
    judged = decide(
        seen.codes,
        seen.layout.fields,
        model,
        counts=seen.counts,
        bands=options.bands,
    )
    return words_of(seen.patterns).hstack(judged.get_columns())


def with_ids(found: pl.DataFrame, left: pl.Series, right: pl.Series, /) -> pl.DataFrame:
    """Put ids for row numbers; rows are in the order of ids, so row order is id order."""
    ordered = found.sort("l", "r")
    ids = [left.gather(ordered["l"]).alias("id_l"), right.gather(ordered["r"]).alias("id_r")]
    return pl.DataFrame(ids).hstack(ordered.drop("l", "r").get_columns())


def _possible(encoded: Encoded) -> int:
    rows = encoded.left.rows
    return rows * (rows - 1) // 2 if encoded.one_table else rows * encoded.right.rows


def _bare(side: object) -> pl.Series:
    """Say which records have fewer than two of first name, last name and birthdate, and no number."""
    codes = side.codes  # type: ignore[attr-defined] # a Side
    filled = np.zeros(side.rows, dtype=np.int8)  # type: ignore[attr-defined]
    for column in ("key_first", "key_last", "key_birth"):
        if column in codes:
            filled += codes[column] >= 0
    for column in ("key_ssn", "key_ssn4", "key_ssid", "key_email", "key_phone"):
        if column in codes:
            filled += 2 * (codes[column] >= 0)
    return pl.Series(filled < 2)  # noqa: PLR2004 - of name and birthdate


def _decided(
    decisions: pl.DataFrame | None, ids: tuple[pl.Series, pl.Series], encoded: Encoded
) -> Decided | None:
    rows = _rows_of(decisions, *ids)
    if decisions is None or rows is None or decisions.is_empty():
        return None
    return Decided.of(decisions, rows, one_table=encoded.one_table)


def candidate_pairs(
    encoded: Encoded, also: pl.DataFrame | None, options: Options, /
) -> tuple[Pairs, pl.DataFrame]:
    """The pairs to compare, sorted, and what each rule of blocking did; all pairs of small tables.

    Args:
        encoded: the tables.
        also: l, r of further pairs.
        options: how far blocking may go.
    """
    if _possible(encoded) <= options.compare_in_full:
        pairs = _every(encoded)
        told = {"rule": ["every pair"], "keys": [1], "pairs": [len(pairs)]}
        return pairs, pl.DataFrame(told | {"oversized_keys": [0], "dropped_pairs": [0]})
    left = keys(encoded.left, encoded)
    right = left if encoded.one_table else keys(encoded.right, encoded)
    rows = encoded.left.rows + (0 if encoded.one_table else encoded.right.rows)
    # What a full comparison may cost; of a large table less a row.
    wide = max(options.compare_in_full if rows <= LARGE else 0, int(rows * options.wide_pairs))
    made = candidates(
        left, right, rules=RULES, wide=WIDE if wide else (), wide_pairs=wide,
        most_pairs=max(_FEW_PAIRS, _PAIRS_A_ROW * rows),
        progress=options.progress,
    )  # fmt: skip
    if also is None:
        return made.pairs, made.rules
    known = also.filter((pl.col("l") >= 0) & (pl.col("r") >= 0))
    asked = pairs_of(known["l"].to_numpy(), known["r"].to_numpy())
    return np.unique(np.concatenate([made.pairs, asked])), made.rules


def _every(encoded: Encoded) -> Pairs:
    if encoded.one_table:
        l, r = np.triu_indices(encoded.left.rows, k=1)  # noqa: E741 - left
        return pairs_of(l, r)
    left, right = np.arange(encoded.left.rows), np.arange(encoded.right.rows)
    return pairs_of(np.repeat(left, len(right)), np.tile(right, len(left)))


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


def _also(  # noqa: PLR0917
    rows: pl.DataFrame | None,
    asked: pl.DataFrame | None,
    seen: Seen,
    judged: pl.DataFrame,
    left: pl.Series,
    right: pl.Series,
) -> pl.DataFrame:
    """Take the pairs asked for, all of them and in their order."""
    if rows is None or asked is None:
        rows = pl.DataFrame(schema={"l": pl.Int32, "r": pl.Int32})
        asked = pl.DataFrame({"id_l": left.clear(), "id_r": right.clear()})
    known = rows.with_row_index("place").filter((pl.col("l") >= 0) & (pl.col("r") >= 0))
    places = np.searchsorted(seen.pairs, pairs_of(known["l"].to_numpy(), known["r"].to_numpy()))
    patterns = words_of(seen.every[:, places])
    words = patterns.columns
    placed = known.select("place").hstack(patterns.get_columns()).join(judged, on=words, how="left")
    frame = asked.with_row_index("place").join(placed, on="place", how="left", maintain_order="left")
    unknown = pl.col("p0").is_null()
    return frame.with_columns(
        pl.when(unknown).then(pl.lit(Band.NONE.value)).otherwise("band").alias("band"),
        pl.when(unknown).then(pl.lit("unknown_id")).otherwise("guard").alias("guard"),
    ).drop("place", *words)
