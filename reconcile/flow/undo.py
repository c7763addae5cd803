"""To undo a number: out of use in the registry, and the papers for everybody else who holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.exports import write_for_people
from reconcile.files import whole_folder, write_private
from reconcile.flow.inputs import read_students
from reconcile.mint.void import Voided
from reconcile.mint.void import void as take_out
from reconcile.registry.disclosures import PAPERS, disclose

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconcile.plan import Plan
    from reconcile.registry import Registry

REVERSAL: Final = "sis-reversal.csv"
REQUEST: Final = "openccc-request.txt"
TERMS: Final = "mis-terms.csv"


def undo(
    registry: Registry,
    cccid: str,
    folder: Path,
    /,
    *,
    by: str,
    approver: str,
    reason: str,
    college: str | None = None,
    replacement: str | None = None,
    plan: Plan | None = None,
    at: datetime | None = None,
) -> tuple[Voided, pl.DataFrame]:
    """Void a number and write what follows from it into a new private folder.

    `sis-reversal.csv` takes the number out of the SIS (or puts the replacement in), `openccc-request.txt`
    asks OpenCCC's support to close or merge the account, `mis-terms.csv` lists the terms for which the number
    may have been reported to MIS. A number that never left the registry needs none of them; the files say so.

    Args:
        registry: where the number was given.
        cccid: the number.
        folder: a new folder.
        by: who asks for it.
        approver: somebody else, who approves.
        reason: why; names nobody.
        college: where students of several colleges hold the number.
        replacement: the existing number that is the student's.
        plan: whose extract says in which terms the student stands; without one no terms are known.
        at: when; now when None.

    Returns:
        The number, and college, sis_id, term, reported, correct: the terms, empty when none is known.
    """
    from reconcile.errors import OutputError  # noqa: PLC0415 - only here

    if folder.exists():
        raise OutputError(
            f"{folder} exists already and is not overwritten. Name a new folder for the papers."
        )
    voided = take_out(
        registry, cccid,
        by=by, approver=approver, reason=reason, college=college, replacement=replacement,
        wide=plan is not None and plan.policy.wide_cccid, at=at,
    )  # fmt: skip
    terms = affected_terms(voided, plan)
    if not registry.rehearsal:
        with whole_folder(folder) as draft:
            write_private(draft / REVERSAL, reversal(voided).write_csv())
            write_private(draft / REQUEST, request_text(voided))
            write_for_people(draft / TERMS, terms)
        registry.write(
            lambda ledger: disclose(
                ledger, PAPERS, folder, by=by, columns=(REVERSAL, REQUEST, TERMS), people=1, purpose=reason
            ),
            at=at,
        )
    return voided, terms


def reversal(voided: Voided, /) -> pl.DataFrame:
    """Say what the SIS has to change: college, sis_id, remove, put; no row where it never held the number."""
    rows = (
        [(voided.college, voided.sis_id, voided.cccid, voided.replacement)]
        if voided.state != "issued"
        else []
    )
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("college", "sis_id", "remove", "put"), pl.String), orient="row"
    )


def request_text(voided: Voided, /) -> str:
    """Write what OpenCCC's support is asked to do; numbers and dates, no name."""
    if not voided.left_here:
        return (
            f"The CCCID {voided.cccid} was voided on {voided.at[:10]} before it left the registry. There "
            "is nothing "
            "to ask of OpenCCC.\n"
        )
    made = "An account was made" if voided.kind == "mint" else "An existing account was taken"
    wanted = (
        f"Please merge what the account {voided.cccid} holds into {voided.replacement}, and close "
        f"{voided.cccid}."
        if voided.replacement
        else f"Please tell us how the account {voided.cccid} is closed or corrected."
    )
    return (
        f"To OpenCCC support\n\nSubject: CCCID {voided.cccid}, MIS code {voided.college}\n\n"
        f"{made} under the CCCID {voided.cccid} for a student of our college on {voided.issued_on[:10]} "
        "(our batch "
        f"{voided.batch}). It turned out to be wrong: {voided.reason}\n\n{wanted}\n\n"
        f"Our student information system {_where(voided)}. The number was taken out of use here on "
        f"{voided.at[:10]}; asked for by {voided.by}, approved by {voided.approver}. We send personal data "
        "only by "
        "the way that you name.\n"
    )


def affected_terms(voided: Voided, plan: Plan | None, /) -> pl.DataFrame:
    """List the terms of the student in the plan's extract, for which MIS may hold the voided number."""
    schema = dict.fromkeys(("college", "sis_id", "term", "reported", "correct"), pl.String)
    if plan is None or voided.state != "loaded":
        return pl.DataFrame(schema=schema)
    theirs = read_students(plan).frame.filter(
        (pl.col("sis_id") == voided.sis_id) & (pl.col("college") == voided.college)
    )
    terms = theirs["terms"].explode().drop_nulls().unique().sort().to_list() if theirs.height else []
    rows = [(voided.college, voided.sis_id, term, voided.cccid, voided.replacement) for term in terms]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _where(voided: Voided) -> str:
    return {
        "issued": "never held it",
        "delivered": "was given the number to load",
        "loaded": "holds the number; it may have been reported to MIS as SB34",
    }[voided.state]
