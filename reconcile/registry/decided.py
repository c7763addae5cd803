"""What reviewers' words on a pair come to: one word settles it, or the agreement of several people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.registry.people import same_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KEY: Final = ("table", "id_l", "id_r")
DECISION: Final = (*KEY, "decision", "hash", "note", "seconds")  # what an entry of the log vouches for
_NAMED: Final = len(DECISION) - 2


def told(row: Sequence[Any], /) -> list[Any]:
    """Give what is hashed of a decision; one without note and seconds hashes as it always did.

    >>> told(("links", "1", "A", "match", "h", None, None))
    ['links', '1', 'A', 'match', 'h']
    """
    said = list(row)
    while len(said) > _NAMED and said[-1] is None:
        said.pop()
    return said


def people(names: Iterable[str], /) -> dict[str, str]:
    """Map each spelling of a name to the first spelling of the same person.

    >>> people(["Ana Ruiz", "ruiz, ana", "Ben"])
    {'Ana Ruiz': 'Ana Ruiz', 'ruiz, ana': 'Ana Ruiz', 'Ben': 'Ben'}
    """
    known: dict[str, str] = {}
    for name in names:
        known[name] = next((first for first in known.values() if same_person(first, name)), name)
    return known


def settle(words: pl.DataFrame, /, *, reviewers: int = 1) -> pl.DataFrame:
    """Say for each pair what the reviewers' words come to.

    Of each person the last word counts, of one reviewer's review the last person's. Where several have to
    agree, only words on the records as they were last seen count; a pair is settled once so many people say
    the same, and more than say the opposite. Until then it is "unsure".

    Args:
        words: of `Registry.words`.
        reviewers: how many people have to agree.

    Returns:
        table, id_l, id_r, decision, hash, by (all who spoke), at (of the last word), settled, disputed (as
        many people have spoken, and they do not agree: one more is asked).
    """
    spoken = people(words["by"].unique(maintain_order=True))
    last = (
        words.with_columns(person=pl.col("by").replace_strict(spoken, return_dtype=pl.String))
        .unique([*KEY, "person"], keep="last")
        .filter(pl.col("decision") != "withdrawn")
        .sort("id")
    )
    if reviewers == 1:
        found = last.unique(KEY, keep="last").with_columns(settled=pl.lit(value=True), disputed=False)
        return found.select(*KEY, "decision", "hash", "by", "at", "settled", "disputed").sort(KEY)
    today = last.filter(pl.col("hash") == pl.col("hash").last().over(KEY))
    votes = today.group_by(KEY).agg(
        pl.col("hash", "at").last(),
        by=pl.col("by").str.join(", "),
        match=(pl.col("decision") == "match").sum(),
        different=(pl.col("decision") == "different").sum(),
        people=pl.len(),
    )
    agreed = (pl.max_horizontal("match", "different") >= reviewers) & (pl.col("match") != pl.col("different"))
    word = pl.when(pl.col("match") > pl.col("different")).then(pl.lit("match")).otherwise(pl.lit("different"))
    return votes.select(
        *KEY, decision=pl.when(agreed).then(word).otherwise(pl.lit("unsure")),
        hash="hash", by="by", at="at", settled=agreed, disputed=~agreed & (pl.col("people") >= reviewers),
    ).sort(KEY)  # fmt: skip
