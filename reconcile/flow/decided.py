"""Reviewers' decisions in a linkage: they teach the weights, and they hold whatever the weights say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.block import pairs_of, rows_of
from reconcile.columns import Band
from reconcile.errors import InputError
from reconcile.results import as_frame
from reconcile.score.decide import decide
from reconcile.score.teach import teach
from reconcile.words import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reconcile.block import Pairs
    from reconcile.flow.learn import Seen
    from reconcile.flow.options import Options
    from reconcile.score.model import Model, Profile

MATCH: Final = "match"
DIFFERENT: Final = "different"
_LEAST: Final = 30  # decisions: below, chance moves a weight more than the decisions know of it
_LEAST_OF_A_KIND: Final = 5


def decisions_of(given: object, table: str = "", /) -> pl.DataFrame:
    """Bring decisions into one shape: id_l, id_r, match; the last word on a pair counts.

    Args:
        given: id_l, id_r and either decision ("match", "different", "unsure") or match (true, false); with
            a column table ("links" or "duplicates") only the rows of the task at hand are taken.
        table: the task at hand; rows of either when empty.

    Raises:
        InputError: a column is missing, or a decision is another word.
    """
    frame = as_frame(given)
    if not {"id_l", "id_r"} <= set(frame.columns) or not {"decision", "match"} & set(frame.columns):
        raise InputError(
            "The decisions need the columns id_l, id_r and decision "
            '("match", "different" or "unsure"), or match (true or false). Rename their columns.'
        )
    if table and "table" in frame.columns:
        frame = frame.filter(pl.col("table").cast(pl.String) == table)
    if "decision" not in frame.columns:
        said = pl.when(pl.col("match")).then(pl.lit(MATCH)).when(~pl.col("match")).then(pl.lit(DIFFERENT))
        frame = frame.with_columns(decision=said)
    word = pl.col("decision").cast(pl.String)
    other = frame.filter(~word.is_in([MATCH, DIFFERENT, "unsure"])).height
    if other:
        raise InputError(
            f'A decision is "match", "different" or "unsure"; {counted(other, "row has", "rows have")} '
            "another word. Correct them."
        )
    kept = frame.filter(word.is_in([MATCH, DIFFERENT])).select("id_l", "id_r", match=word == MATCH)
    return kept.unique(["id_l", "id_r"], keep="last", maintain_order=True)


@dataclass(frozen=True)
class Decided:
    """Decided pairs by row number.

    Attributes:
        pairs: sorted.
        match: what was decided.
        unknown: decisions on ids that are in no table.
    """

    pairs: Pairs
    match: NDArray[np.bool_]
    unknown: int

    @classmethod
    def of(cls, decisions: pl.DataFrame, rows: pl.DataFrame, /, *, one_table: bool) -> Decided:
        """Number decided pairs.

        Args:
            decisions: id_l, id_r, match.
            rows: l, r of each, -1 for an id that is in no table.
            one_table: the order of the two ids says nothing.
        """
        numbered = rows.with_columns(match=decisions["match"])
        known = numbered.filter((pl.col("l") >= 0) & (pl.col("r") >= 0))
        if one_table:
            low, high = pl.min_horizontal("l", "r"), pl.max_horizontal("l", "r")
            known = known.with_columns(l=low, r=high).filter(pl.col("l") != pl.col("r"))
        known = known.unique(["l", "r"], keep="last", maintain_order=True).sort("l", "r")
        pairs = pairs_of(known["l"].to_numpy(), known["r"].to_numpy())
        return cls(pairs, known["match"].to_numpy(), numbered.height - known.height)

    @property
    def rows(self) -> pl.DataFrame:
        """The pairs as row numbers: l, r."""
        return pl.DataFrame(dict(zip(("l", "r"), rows_of(self.pairs), strict=True)))

    def beside(self, asked: pl.DataFrame | None, /) -> pl.DataFrame:
        """The decided pairs and those asked for: both are compared whatever blocking says."""
        return self.rows if asked is None else pl.concat([self.rows, asked], how="vertical_relaxed")

    def teach(self, seen: Seen, model: Model, options: Options, /) -> tuple[Model, tuple[str, ...]]:
        """Let the decisions improve a model's weights, if there are enough; and say so."""
        notes = []
        if self.unknown:
            what = counted(self.unknown, "decision is", "decisions are")
            notes.append(f"{what} about records that are not here, or was said again later.")
        matches = int(self.match.sum())
        least = min(matches, len(self.match) - matches)
        told = f"{counted(len(self.match), 'decision')} ({matches:,} match)"
        if len(self.match) < _LEAST or least < _LEAST_OF_A_KIND:
            notes.append(
                f"{told}: too few to learn from ({_LEAST}, and {_LEAST_OF_A_KIND} of each kind); "
                "each holds for its own pair."
            )
            return model, tuple(notes)
        fields = seen.layout.fields
        codes = seen.layout.codes(seen.every[:, np.searchsorted(seen.pairs, self.pairs)])
        once = np.ones(len(codes))
        bits = decide(codes, fields, model, counts=once, bands=options.bands)["match_weight"].to_numpy()
        added = teach(codes, self.match, bits, fields)
        notes.append(f"The weights were learned with {told}.")
        return replace(model, taught=_together(model.taught, added)), tuple(notes)


def hold(pairs: pl.DataFrame, said: pl.DataFrame, decided: Decided, /) -> pl.DataFrame:
    """Put what was decided in the place of what the weights and guards say.

    Args:
        pairs: scored pairs.
        said: the decided pairs, scored as well, in the order of `decided`.
        decided: what was decided.

    Returns:
        the pairs, those of `said` that were missing included, with decision ("match", "different", null);
        their probability stays what the model says.
    """
    words = pl.Series("decision", np.where(decided.match, MATCH, DIFFERENT).tolist(), dtype=pl.String)
    key = ["id_l", "id_r"]
    rest = pairs.join(said, on=key, how="anti").with_columns(decision=pl.lit(None, dtype=pl.String))
    match = words == MATCH
    held = said.with_columns(
        words,
        band=pl.Series(np.where(decided.match, Band.LINK.value, Band.NONE.value).tolist(), dtype=pl.String),
        guard=pl.when(~match).then("guard"),
    )
    return pl.concat([rest, held.select(rest.columns)], how="vertical_relaxed").sort(key)


def mark(pairs: pl.DataFrame, held: pl.DataFrame, /) -> pl.DataFrame:
    """Let decisions hold in another table of the same pairs, in its own order."""
    said = held.drop_nulls("decision").select(
        *(pl.col(side).cast(pairs.schema[side], strict=False) for side in ("id_l", "id_r")),
        "decision",
        _band="band",
        _guard="guard",
    )
    joined = pairs.join(said, on=["id_l", "id_r"], how="left", maintain_order="left")
    known = pl.col("decision").is_not_null()
    return joined.with_columns(
        band=pl.when(known).then("_band").otherwise("band"),
        guard=pl.when(known).then("_guard").otherwise("guard"),
    ).drop("_band", "_guard")


def _together(before: Profile, added: Profile) -> Profile:
    made = {name: dict(levels) for name, levels in before.items()}
    for name, levels in added.items():
        of = made.setdefault(name, {})
        for level, bits in levels.items():
            of[level] = of.get(level, 0.0) + bits
    return made
