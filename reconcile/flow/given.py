"""Whose number is which: what the registry gave, and what people said for and against numbers in the SIS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SisCccid, Status
from reconcile.errors import InputError
from reconcile.flow.crosswalk import of_this_sis
from reconcile.flow.latest import last_run

if TYPE_CHECKING:
    from reconcile.plan import Plan
    from reconcile.read import ReadResult
    from reconcile.registry import Registry

KEY: Final = ["college", "sis_id"]
# A number of which no account speaks: there is none that a reviewer could have called another person's.
_ACCOUNTLESS: Final = (SisCccid.MALFORMED.value, SisCccid.NOT_IN_SNAPSHOT.value, SisCccid.RETIRED.value)
# Statuses in which the run proposes an account in the place of the number that the SIS holds.
_PROPOSED: Final = (Status.CONFLICT.value, Status.UNKNOWN_CCCID.value, Status.MALFORMED_CCCID.value)
_NUMBERS: Final = dict.fromkeys((*KEY, "cccid", "origin", "since", "batch", "decision"), pl.String)


def latest_run(plan: Plan, extract: ReadResult, /) -> tuple[pl.DataFrame, str]:
    """Give the students of the plan's latest run and the moment it began, ISO 8601.

    Raises:
        InputError: there is none, its files were changed, or it was of another extract.
    """
    done = last_run(plan)
    hashes = {entry["sha256"] for entry in done.facts["inputs"] if entry["table"] == "students"}
    if hashes != {extract.source.sha256}:
        raise InputError(
            f"The extract is another one than the latest run read. What goes into the SIS is "
            f"held against its run: `reconcile run {plan.path.name}`."
        )
    began = done.facts["stamp"]["began"]
    return done.students, f"{began[:10]}T{began[11:19]}+00:00"


def students_of(extract: ReadResult, latest: pl.DataFrame, /) -> pl.DataFrame:
    """Put beside what the SIS holds what the latest run said of it.

    Returns:
        college, sis_id, line, held and later (lists of CCCIDs), status, accountless, proposed.

    Raises:
        InputError: students are named by SSNs, or have no college.
    """
    facts = latest.select(
        "sis_id", "status", accountless=pl.col("sis_cccid").is_in(_ACCOUNTLESS), proposed="proposed_cccid"
    )
    held = extract.frame.select(*KEY, "line", held="cccids", later="future_cccids")
    if held["sis_id"].str.starts_with("ssn:").any():
        raise InputError(
            "The extract names students by SSNs, which are not kept in clear, so that no load file can name "
            "them. Extract the SIS's own ids."
        )
    if held["college"].null_count():
        raise InputError(
            f"{held['college'].null_count():,} students of the extract have no college. Extract it, or name "
            "the one college in the plan's population."
        )
    lists = [pl.col(name).fill_null([]).list.drop_nulls() for name in ("held", "later")]
    return held.with_columns(lists).join(facts, on="sis_id", how="left")


def numbers_of(registry: Registry, students: pl.DataFrame, began: str, /) -> pl.DataFrame:
    """List one number a student: what the registry gave, else what a reviewer and the run agree on."""
    said = _decisions(registry, "match", began)
    given = of_this_sis(registry.issued(), students).select(
        *KEY, "cccid", "batch",
        origin=pl.col("kind").replace_strict({"mint": "issued", "recover": "recovered"}), since="issued_on",
    )  # fmt: skip
    proposed = students.filter(pl.col("status").is_in(_PROPOSED)).drop_nulls("proposed")
    decided = (
        proposed.select(*KEY, cccid="proposed", origin=pl.lit("decided"))
        .join(said.select("sis_id", "cccid"), on=["sis_id", "cccid"], how="semi")
        .join(given, on=KEY, how="anti")
    )
    every = pl.concat([pl.DataFrame(schema=_NUMBERS), given, decided], how="diagonal_relaxed")
    return every.drop("decision").join(
        said.select("sis_id", "cccid", "decision"), on=["sis_id", "cccid"], how="left"
    )


def words_against(
    registry: Registry, voids: pl.DataFrame, students: pl.DataFrame, began: str
) -> pl.DataFrame:
    """List people's words against numbers: voided by two of them, or by a reviewer another person's."""
    words = pl.format(
        "{} voided by {}, approved by {}, {}", "cccid", "by", "approver", pl.col("at").str.head(10)
    )
    taken_out = voids.select(*KEY, "cccid", decision=words)
    others = _decisions(registry, "different", began).join(students.select(*KEY), on="sis_id")
    return pl.concat([taken_out, others.select(taken_out.columns)])


def _decisions(registry: Registry, word: str, began: str) -> pl.DataFrame:
    """List the reviewers' decisions by which the latest run went: sis_id, cccid, decision in words."""
    made = registry.decisions().filter(
        (pl.col("table") == "links") & (pl.col("decision") == word) & (pl.col("at") <= began)
    )
    words = pl.format("{} {} by {}, {}", "id_r", "decision", "by", pl.col("at").str.head(10))
    return made.select(sis_id="id_l", cccid="id_r", decision=words)
