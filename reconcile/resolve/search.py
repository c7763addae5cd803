"""The second fact about a student: what looking among the accounts found."""

from __future__ import annotations

from typing import Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.columns import EARLIER, Band, Search

_TIE_BITS: Final = 6.6  # odds of a hundred to one between two students for one account


def judge_candidates(
    scored: pl.DataFrame,
    /,
    *,
    owners: pl.DataFrame,
    holders: pl.DataFrame,
    named: pl.DataFrame,
    decisions: pl.DataFrame,
    fraudulent: pl.Series,
    changed: pl.Series,
    wide: bool = False,
) -> pl.DataFrame:
    """Say of each candidate account whether it is certainly or possibly the student's.

    Certain: a reviewer said so and no other student holds the number rightly; or the pair is in band link,
    or an application of this student names the account, nothing of name and birthdate differs and no guard
    says "two people"; and in each case the number can be used, no other student holds it rightly, and none
    fits the account better or nearly as well. Everything else that was worth a look is possible, an
    account outside the snapshot that an application names included.

    Args:
        scored: pairs (sis_id, cccid) with band, guard, match_weight and the columns of `with_agreement`.
        owners: cccid, owner: the one-to-one assignment of accounts to students.
        holders: cccid, holder: students who hold the number rightly, in the SIS or in our registry.
        named: sis_id, cccid, submitted, where ("application" / "later"): numbers that a file names for a
            student without the SIS holding them today.
        decisions: sis_id, cccid, decision of reviewers.
        fraudulent: CCCIDs of accounts that were reported as fraud.
        changed: CCCIDs of accounts whose name and birthdate both changed since an earlier snapshot: they
            may be another person's today, and are certain only where a person says so.
        wide: take the future's form of a CCCID, four letters and four digits, as well-formed too.

    Returns:
        scored rows that count, with certain (bool), applied (bool), fraud (bool), submitted, flag (null or
        why a strong pair is only possible).
    """
    key = ["sis_id", "cccid"]
    unseen = named.join(scored, on=key, how="anti").select(
        *key, words=pl.col("where").replace_strict(_UNSEEN, return_dtype=pl.String)
    )
    rows = (
        pl.concat([scored, unseen], how="diagonal_relaxed")
        .join(owners, on="cccid", how="left")
        .join(holders, on="cccid", how="left")
        .join(named.select(*key, "submitted", applied=pl.lit(value=True)), on=key, how="left")
        .join(decisions, on=key, how="left")
        .with_columns(pl.col("applied", "independent").fill_null(value=False))
        .filter((pl.col("decision") != "different").fill_null(value=True))
        .with_columns(
            strong=_strong().fill_null(value=False),
            decided=(pl.col("decision") == "match").fill_null(value=False),
        )
        .with_columns(tied=_tied())
    )
    taken = (pl.col("holder") != pl.col("sis_id")).fill_null(value=False)
    claimed = (pl.col("owner") != pl.col("sis_id")).fill_null(value=False)
    own = (pl.col("holder") == pl.col("sis_id")).fill_null(value=False)
    unusable = ~well_formed(pl.col("cccid"), wide=wide)
    worth_a_look = pl.any_horizontal("strong", "decided", "applied", pl.col("band") == Band.REVIEW.value)
    moved = pl.col("cccid").is_in(changed.implode())
    sure = pl.col("strong") & (own | ~moved) & ~taken & ~claimed & (own | ~pl.col("tied"))
    return (
        rows.filter(worth_a_look.fill_null(value=False))
        .with_columns(
            fraud=pl.col("cccid").is_in(fraudulent.implode()),
            certain=((pl.col("decided") & ~taken) | sure) & ~unusable,
            flag=pl.when(pl.col("match_weight").is_null())
            .then(pl.lit("named_outside_the_snapshot"))
            .when(~pl.col("strong") & pl.col("applied"))
            .then(pl.lit("application_disagrees"))
            .when(pl.col("cccid").str.ends_with(EARLIER))
            .then(pl.lit("account_as_it_was"))
            .when(unusable)
            .then(pl.lit("account_set_aside"))
            .when(moved)
            .then(pl.lit("account_changed_owner"))
            .when(taken)
            .then(pl.lit("account_of_another_student"))
            .when(claimed)
            .then(pl.lit("account_fits_another_student_better"))
            .when(pl.col("tied") & ~own)
            .then(pl.lit("account_fits_several_students")),
        )
        .sort("sis_id", "cccid")
    )


_UNSEEN: Final = {
    "application": "an application names it; it is not in this snapshot",
    "later": "the SIS holds it from a later day on; it is not in this snapshot",
}


def _strong() -> pl.Expr:
    by_application = (
        pl.col("applied")
        & ~pl.col("contradicted")
        & (pl.col("differing") == 0) & (pl.col("agreeing") >= 2)  # noqa: PLR2004 - of the three
    )  # fmt: skip
    return (pl.col("band") == Band.LINK.value) | by_application | (pl.col("holder") == pl.col("sis_id"))


def _tied() -> pl.Expr:
    """Say whether two students fit one account nearly equally well; then it is neither's by itself."""
    weight = pl.when(pl.col("strong")).then(pl.col("match_weight"))
    near = weight >= weight.max().over("cccid") - _TIE_BITS
    return (near.sum().over("cccid") > 1) & near.fill_null(value=False)


def one_search(candidates: pl.DataFrame, /) -> pl.DataFrame:
    """Come to one fact a student: sis_id, search, and of the best account its number and evidence."""
    certain = pl.col("certain")
    return (
        candidates.sort(["sis_id", "certain", "match_weight", "cccid"], descending=[False, True, True, False])
        .group_by("sis_id", maintain_order=True)
        .agg(
            certain_accounts=certain.sum(),
            possible_accounts=(~certain).sum(),
            best_cccid=pl.col("cccid").first(),
            best_words=pl.col("words").first(),
            best_differing=pl.col("differing").first(),
            best_agreeing=pl.col("agreeing").first(),
            best_independent=(pl.col("independent") | pl.col("applied")).first(),
            best_decided=(pl.col("decision") == "match").first(),
            certain_cccids=pl.col("cccid").filter(certain).sort(),
            possible_cccids=pl.col("cccid").filter(~certain).sort(),
            latest_cccid=pl.col("cccid")
            .filter(certain & pl.col("submitted").is_not_null())
            .sort_by(pl.col("submitted").filter(certain & pl.col("submitted").is_not_null()))
            .last(),
            certain_fraud=((certain | pl.col("applied")) & pl.col("fraud")).any(),
            possible_fraud=(~certain & ~pl.col("applied") & pl.col("fraud")).any(),
            search_flags=pl.col("flag").drop_nulls().unique().sort(),
        )
        .with_columns(
            search=pl.when(pl.col("certain_accounts") > 1)
            .then(pl.lit(Search.SEVERAL.value))
            .when(pl.col("certain_accounts") == 1)
            .then(pl.lit(Search.CERTAIN.value))
            .otherwise(pl.lit(Search.POSSIBLE.value))
        )
    )
