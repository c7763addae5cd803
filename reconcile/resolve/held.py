"""The first fact about a student: what is known of the CCCID that the SIS holds."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.columns import SisCccid

# Several numbers on one student: the first of these that any of them is. Harm first; then a number that
# is surely theirs outweighs one that merely cannot be found.
WORST_FIRST: Final = (
    SisCccid.FRAUD,
    SisCccid.SHARED,
    SisCccid.OTHER_PERSON,
    SisCccid.DOUBTFUL,
    SisCccid.AGREES,
    SisCccid.MALFORMED,
    SisCccid.RETIRED,
    SisCccid.NOT_IN_SNAPSHOT,
)


_decision = pl.col("decision")
_nothing_differs = pl.col("differing") == 0
_one_differs = pl.col("differing") == 1
_contradicted = pl.col("contradicted")

# The first rule that holds; a number that none speaks for is another person's.
RULES: Final = (
    (SisCccid.FRAUD, pl.col("fraud")),
    (SisCccid.SHARED, pl.col("students") > 1),
    (SisCccid.MALFORMED, ~pl.col("formed")),
    (SisCccid.AGREES, pl.col("ours")),
    (SisCccid.RETIRED, ~pl.col("in_snapshot") & pl.col("retired")),
    (SisCccid.NOT_IN_SNAPSHOT, ~pl.col("in_snapshot")),
    (SisCccid.AGREES, _decision == "match"),
    (SisCccid.OTHER_PERSON, _decision == "different"),
    (SisCccid.DOUBTFUL, _contradicted & (pl.col("agreeing") >= 1)),
    (SisCccid.AGREES, _nothing_differs & (pl.col("agreeing") == 3)),  # noqa: PLR2004 - all of them
    # A number is issued to one person, a contact to a family: only a number outweighs a new surname.
    (SisCccid.AGREES, _one_differs & (pl.col("agreeing") == 2) & pl.col("numbered")),  # noqa: PLR2004
    # A missing birthdate is forgiven when something else speaks; a missing first name only when a number
    # does, since twins share surname, birthdate and address.
    (SisCccid.AGREES, _nothing_differs & pl.col("name_agrees") & pl.col("independent")),
    (SisCccid.AGREES, _nothing_differs & (pl.col("agreeing") == 2) & pl.col("numbered")),  # noqa: PLR2004
    (SisCccid.DOUBTFUL, pl.col("differing").is_null() | _nothing_differs | _one_differs),
)


def judge_numbers(
    held: pl.DataFrame,
    scored: pl.DataFrame,
    decisions: pl.DataFrame,
    issued: pl.DataFrame,
    /,
    *,
    wide: bool = False,
) -> pl.DataFrame:
    """Say of each number in the SIS what it is.

    A number that is in the snapshot agrees when first name, last name and birthdate all agree, at least
    nearly; of a record that lacks one of them, something independent has to agree instead, and where one
    differs, SSN or SSID. It is doubtful when one differs (a married name) and no number speaks, when too
    little was compared, or when a guard says "two people" (twins, Jr and Sr, other SSNs); otherwise it is
    another person's.

    Args:
        held: of `join`.
        scored: pairs of (sis_id, cccid) with the columns of `with_agreement`.
        decisions: sis_id, cccid, decision ("match" / "different") of reviewers; they outrank the score.
        issued: sis_id, cccid that our registry gave; loaded since, they agree though no snapshot has them.
        wide: take the future's form of a CCCID, four letters and four digits, as well-formed too.

    Returns:
        held with fact (a SisCccid) and words.
    """
    key = ["sis_id", "cccid"]
    measured = scored.select(
        *key, "agreeing", "differing", "name_agrees", "numbered", "independent", "contradicted", "words"
    )
    given = issued.select(*key, ours=pl.lit(value=True)).unique()
    fact = pl.lit(SisCccid.OTHER_PERSON.value)
    for name, rule in reversed(RULES):
        fact = pl.when(rule.fill_null(value=False)).then(pl.lit(name.value)).otherwise(fact)
    return (
        held.with_columns(formed=well_formed(pl.col("written"), wide=wide))
        .join(measured, on=key, how="left")
        .join(decisions, on=key, how="left")
        .join(given, on=key, how="left")
        .with_columns(fact=fact)
        .drop("formed")
        .sort(*key)
    )


def one_fact(judged: pl.DataFrame, /) -> pl.DataFrame:
    """Come to one fact a student.

    Returns:
        sis_id, sis_cccid, numbers, held_cccids, held_words, held_differing, agreeing_numbers.
    """
    order = pl.DataFrame({"fact": [fact.value for fact in WORST_FIRST], "rank": range(len(WORST_FIRST))})
    agrees = pl.col("fact") == SisCccid.AGREES.value
    return (
        judged.join(order, on="fact")
        .sort("sis_id", "rank", "cccid")
        .group_by("sis_id", maintain_order=True)
        .agg(
            sis_cccid=pl.col("fact").first(),
            numbers=pl.len(),
            held_cccids=pl.col("written").sort().str.join(" "),
            held_words=pl.col("words").first(),
            held_differing=pl.col("differing").first(),
            agreeing_numbers=agrees.sum(),
        )
    )
