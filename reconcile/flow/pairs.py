"""The core of linkage over engine handles: candidate pairs, their patterns, the model, the pairs kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.block import EVERY, RULES, WIDE, candidates, rule
from reconcile.columns import Band
from reconcile.engine import Engine, Table
from reconcile.errors import InputError
from reconcile.score.compare import Comparer, agreement, chosen_pairs
from reconcile.score.decide import decide
from reconcile.score.encode import NULL, Encoded, Side, encode
from reconcile.score.model import SAME, Model, codes_of, shipped
from reconcile.score.train import Space, chances, responsibilities, train

if TYPE_CHECKING:
    import pyarrow as pa

    from reconcile.engine import Mapper
    from reconcile.flow.link import Options
    from reconcile.score.encode import Codes
    from reconcile.score.model import Patterns

_SAMPLE: Final = 300_000  # random pairs for the chances among strangers
_LEAST_ROWS: Final = 100  # below, a table is too small to learn a model from
_WIDE_PAIRS_A_ROW: Final = 4  # what the wide rules may add
_BATCH: Final = 2_000_000
_MISSING_ROW: Final = -1


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
    engine: Engine | None,
    options: Options,
) -> Scored:
    """Score prepared tables (id and key columns, ordered by id); `right` is None for duplicates."""
    if engine is None:
        with Engine() as own:
            return score_tables(left, right, also=also, engine=own, options=options)
    say = options.progress or (lambda _: None)
    say("Encoding values")
    encoded = encode(left, right)
    comparer = Comparer(encoded)
    if not comparer.fields:
        raise InputError(
            "The tables share no column that persons can be compared by. "
            "Rename columns to the canonical names (first_name, last_name, birthdate, …)."
        )
    other = left if right is None else right
    rows = _rows_of(also, left["id"], other["id"])
    possible = _possible(encoded)
    pairs, rules = _candidates(engine, encoded, possible, rows, options)
    say(f"Comparing {pairs.rows:,} pairs")
    scored = engine.map_arrow(
        "_scored", "SELECT l, r FROM {pairs}", _mapper(comparer), pairs=pairs, rows=_BATCH
    )
    counted = engine.frame(
        "SELECT pattern, count(*) AS n FROM {scored} GROUP BY pattern ORDER BY pattern", scored=scored
    )
    say("Learning weights")
    space = Space(
        fields=comparer.fields,
        patterns=counted["pattern"].to_numpy(),
        counts=counted["n"].to_numpy().astype(np.float64),
        possible=float(max(possible, 1)),
        smaller=max(min(left.height, other.height), 1),
        in_full=scored.rows == possible,
    )
    model, notes = _model(comparer, space, options)
    judged = _judge(space.patterns, comparer, model, options)
    kept = judged.filter(pl.col("match_probability") >= options.min_probability)
    found = _found(engine, scored, kept).join(kept, on="pattern", how="left").drop("pattern")
    posterior = responsibilities(model, codes_of(space.patterns, space.fields), space.fields)
    result = Scored(
        pairs=_with_ids(found, left["id"], other["id"]),
        also=_also(rows, also, comparer, model, options, left["id"], other["id"]),
        model=model,
        rules=rules,
        possible=possible,
        compared=scored.rows,
        expected=float(np.dot(space.counts, posterior[SAME])),
        notes=notes,
    )
    engine.drop(pairs, scored)
    return result


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
    engine: Engine, encoded: Encoded, possible: int, also: pl.DataFrame | None, options: Options
) -> tuple[Table, pl.DataFrame]:
    in_full = possible <= options.compare_in_full
    rules, wide = ((rule(EVERY),), ()) if in_full else (RULES, WIDE)
    rows = encoded.left.rows + (0 if encoded.one_table else encoded.right.rows)
    budget = max(options.compare_in_full, rows * _WIDE_PAIRS_A_ROW)
    left = engine.load("_keys_l", _keys(encoded.left, encoded))
    right = left if encoded.one_table else engine.load("_keys_r", _keys(encoded.right, encoded))
    made = candidates(
        engine, left, right, rules=rules, wide=wide, wide_pairs=budget, progress=options.progress
    )
    engine.drop(left, right)
    if also is None:
        return made.pairs, made.rules
    asked = engine.load("_asked", also.filter((pl.col("l") >= 0) & (pl.col("r") >= 0)))
    both = "SELECT DISTINCT l, r FROM (SELECT l, r FROM {pairs} UNION ALL SELECT l, r FROM {asked})"
    together = engine.sql("_pairs_and_asked", both, pairs=made.pairs, asked=asked)
    engine.drop(made.pairs, asked)
    return together, made.rules


def _keys(side: Side, encoded: Encoded) -> pl.DataFrame:
    """The integer key columns of one table, as blocking wants them."""
    columns: dict[str, Codes] = {
        short: side.codes[column]
        for short, column in (
            ("first", "key_first"), ("last", "key_last"), ("middle", "key_middle"), ("birth", "key_birth"),
            ("email", "key_email"), ("phone", "key_phone"), ("ssn", "key_ssn"), ("ssn4", "key_ssn4"),
            ("ssid", "key_ssid"), ("zip", "key_zip"), ("street", "key_street"),
        )
        if column in side.codes
    }  # fmt: skip
    if "name" in encoded.vocabulary:
        letters = np.array([ord(name[0]) for name in encoded.vocabulary["name"]], dtype=np.int32)
        for short in ("first", "last"):
            if short in columns:
                columns[f"{short}_letter"] = _looked_up(letters, columns[short])
    if "last" in columns:
        parts = side.lists.get("key_last_parts", ())
        columns["part_1"] = (
            np.where(parts[0] == NULL, columns["last"], parts[0]) if parts else columns["last"]
        )
        columns["part_2"] = parts[1] if len(parts) > 1 else np.full(side.rows, NULL, dtype=np.int32)
    if "birth" in columns:
        days = encoded.vocabulary["key_birth"].astype("datetime64[D]")
        years = days.astype("datetime64[Y]").astype(np.int32)
        first_of_month = days.astype("datetime64[M]")
        months = first_of_month.astype(np.int32) % 12
        month_days = months * 31 + (days - first_of_month).astype(np.int32)
        columns["year"] = _looked_up(years + 1970, columns["birth"])
        columns["month_day"] = _looked_up(month_days, columns["birth"])
        # 1 January stands for "year known": too many share it.
        columns["birth"] = np.where(side.weak, np.int32(NULL), columns["birth"])
        columns["month_day"] = np.where(side.weak, np.int32(NULL), columns["month_day"])
    frame = pl.DataFrame(
        {"record": np.arange(side.rows, dtype=np.int32), EVERY: np.zeros(side.rows, dtype=np.int8)}
    )
    keys = pl.DataFrame({name: values.astype(np.int32) for name, values in columns.items()})
    return frame.hstack(keys.with_columns(pl.when(pl.all() != NULL).then(pl.all()).name.keep()).get_columns())


def _looked_up(table: Codes, codes: Codes) -> Codes:
    if not len(table):
        return np.full(len(codes), NULL, dtype=np.int32)
    return np.where(codes == NULL, np.int32(NULL), table[np.maximum(codes, 0)]).astype(np.int32)


def _mapper(comparer: Comparer) -> Mapper:
    import pyarrow as pa  # noqa: PLC0415 - kept out of `import reconcile`

    def compare(batch: pa.RecordBatch) -> pa.RecordBatch:
        left, right = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("l", "r"))
        patterns = comparer.patterns(left.astype(np.int32), right.astype(np.int32))
        return pa.RecordBatch.from_arrays([*batch.columns, pa.array(patterns)], names=["l", "r", "pattern"])

    return compare


def _model(comparer: Comparer, space: Space, options: Options) -> tuple[Model, tuple[str, ...]]:
    """Learn the weights, or take those given or shipped."""
    if options.model is not None:
        return options.model, ()
    if space.smaller < _LEAST_ROWS:
        # A handful of rows is a glimpse of a larger population, in which a given pair is seldom one person.
        pairs = max(space.possible, float(space.smaller * _LEAST_ROWS))
        shares = {kind: value * space.smaller / pairs for kind, value in shipped().shares.items()}
        note = (
            f"Fewer than {_LEAST_ROWS} records in a table: too little to learn from, "
            "the shipped weights were used."
        )
        return replace(shipped(), shares=shares), (note,)
    encoded = comparer.encoded
    if space.in_full:
        sample, counts = space.patterns, space.counts
    else:
        left, right = chosen_pairs(encoded.left, encoded.right, _SAMPLE)
        sample, seen = np.unique(comparer.patterns(left, right), return_counts=True)
        counts = seen.astype(np.float64)
    return train(space, chances(space.fields, sample, counts, agreement(encoded))), ()


def _judge(patterns: Patterns, comparer: Comparer, model: Model, options: Options) -> pl.DataFrame:
    return decide(
        patterns,
        comparer.fields,
        model,
        link_probability=options.link_probability,
        review_probability=options.review_probability,
    )


def _found(engine: Engine, scored: Table, kept: pl.DataFrame) -> pl.DataFrame:
    wanted = engine.load("_kept", kept.select("pattern"))
    found = engine.frame(
        "SELECT s.l, s.r, s.pattern FROM {scored} s JOIN {kept} k ON s.pattern = k.pattern",
        scored=scored,
        kept=wanted,
    )
    engine.drop(wanted)
    return found


def _with_ids(found: pl.DataFrame, left: pl.Series, right: pl.Series) -> pl.DataFrame:
    """Put ids for row numbers; tables are ordered by id, so row order is id order."""
    ordered = found.sort("l", "r")
    ids = [left.gather(ordered["l"]).alias("id_l"), right.gather(ordered["r"]).alias("id_r")]
    return pl.DataFrame(ids).hstack(ordered.drop("l", "r").get_columns())


def _also(  # noqa: PLR0917
    rows: pl.DataFrame | None,
    asked: pl.DataFrame | None,
    comparer: Comparer,
    model: Model,
    options: Options,
    left: pl.Series,
    right: pl.Series,
) -> pl.DataFrame:
    """Score the pairs asked for, all of them and in their order."""
    if rows is None or asked is None:
        rows = pl.DataFrame(schema={"l": pl.Int32, "r": pl.Int32})
        asked = pl.DataFrame({"id_l": left.clear(), "id_r": right.clear()})
    known = rows.with_row_index("place").filter((pl.col("l") >= 0) & (pl.col("r") >= 0))
    patterns = comparer.patterns(known["l"].to_numpy(), known["r"].to_numpy())
    judged = _judge(np.unique(patterns), comparer, model, options)
    placed = (
        known.select("place")
        .with_columns(pl.Series("pattern", patterns))
        .join(judged, on="pattern", how="left")
    )
    frame = asked.with_row_index("place").join(placed, on="place", how="left", maintain_order="left")
    unknown = pl.col("pattern").is_null()
    return frame.with_columns(
        pl.when(unknown).then(pl.lit(Band.NONE.value)).otherwise("band").alias("band"),
        pl.when(unknown).then(pl.lit("unknown_id")).otherwise("guard").alias("guard"),
    ).drop("place", "pattern")
