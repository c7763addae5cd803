"""The second fact about a student: what looking among the accounts found."""

from __future__ import annotations

import polars as pl

from reconcile.columns import Band, Search


def judge_candidates(
    scored: pl.DataFrame,
    /,
    *,
    owners: pl.DataFrame,
    holders: pl.DataFrame,
    applied: pl.DataFrame,
    decisions: pl.DataFrame,
    fraudulent: pl.Series,
) -> pl.DataFrame:
    """Say of each candidate account whether it is certainly or possibly the student's.

    Certain: a reviewer said so; or the pair is in band link, the account was not assigned to another
    student and no other student holds its number rightly; or an application of this student names the
    account, nothing of name and birthdate differs and no guard says "two people". Everything else that
    was worth a look is possible.

    Args:
        scored: pairs (sis_id, cccid) with band, guard, match_weight and the columns of `with_agreement`.
        owners: cccid, owner: the one-to-one assignment of accounts to students.
        holders: cccid, holder: students whose SIS record holds the number rightly.
        applied: of `join`.
        decisions: sis_id, cccid, decision of reviewers.
        fraudulent: CCCIDs of accounts that were reported as fraud.

    Returns:
        scored rows that count, with certain (bool), applied (bool), fraud (bool), submitted, flag (null or
        why a strong pair is only possible).
    """
    named = applied.select("sis_id", "cccid", "submitted", applied=pl.lit(value=True))
    rows = (
        scored.join(owners, on="cccid", how="left")
        .join(holders, on="cccid", how="left")
        .join(named, on=["sis_id", "cccid"], how="left")
        .join(decisions, on=["sis_id", "cccid"], how="left")
        .with_columns(pl.col("applied").fill_null(value=False))
        .filter((pl.col("decision") != "different").fill_null(value=True))
    )
    taken = (pl.col("holder") != pl.col("sis_id")).fill_null(value=False)
    claimed = (pl.col("owner") != pl.col("sis_id")).fill_null(value=False)
    by_application = (
        pl.col("applied")
        & ~pl.col("contradicted")
        & (pl.col("differing") == 0) & (pl.col("agreeing") >= 2)  # noqa: PLR2004 - of the three
    )  # fmt: skip
    strong = (pl.col("band") == Band.LINK.value) | by_application | (pl.col("holder") == pl.col("sis_id"))
    decided = (pl.col("decision") == "match").fill_null(value=False)
    worth_a_look = (
        strong.fill_null(value=False) | decided | (pl.col("band") == Band.REVIEW.value) | pl.col("applied")
    )
    return (
        rows.filter(worth_a_look)
        .with_columns(
            fraud=pl.col("cccid").is_in(fraudulent.implode()),
            certain=decided | (strong.fill_null(value=False) & ~taken & ~claimed),
            flag=pl.when(~strong.fill_null(value=False) & pl.col("applied"))
            .then(pl.lit("application_disagrees"))
            .when(taken)
            .then(pl.lit("account_of_another_student"))
            .when(claimed)
            .then(pl.lit("account_fits_another_student_better")),
        )
        .sort("sis_id", "cccid")
    )


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
            certain_fraud=(certain & pl.col("fraud")).any(),
            possible_fraud=(~certain & pl.col("fraud")).any(),
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
