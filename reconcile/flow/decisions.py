"""Reviewers' decisions: a work list out of a run, and back into the registry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from reconcile.errors import InputError, OutputError
from reconcile.plan import Issuer, Plan
from reconcile.read import read
from reconcile.registry.disclosures import WORK_LIST, disclose
from reconcile.review import decisions_in
from reconcile.review.veil import veiled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.flow.run import Run
    from reconcile.review import WorkList


def write_work_list(done: Run, file: Path, /, *, reader: str = "") -> Path:
    """Write the pairs of a run that wait for a person, those that were decided already left out.

    Where roles are in force, a list for somebody who is neither requester nor approver says of birthdates
    and SSNs only whether they agree, are near, or differ.

    Args:
        done: the run.
        file: the list to write.
        reader: who is going to decide; nobody in particular, who sees no birthdate either, when empty.

    Raises:
        OutputError: there is such a file; a list that somebody fills in is not overwritten.
    """
    return hand_out(done.plan, file, done.work_list, reader=reader)


def hand_out(plan: Plan, file: Path, listing: Callable[..., WorkList], /, *, reader: str = "") -> Path:
    """Write a work list for a reader, as `write_work_list` does; `listing` takes the earlier decisions."""
    from reconcile.registry import Registry, veils  # noqa: PLC0415 - SQLAlchemy is slow to import
    from reconcile.registry.access import may_see_birthdates  # noqa: PLC0415

    if file.exists():
        raise OutputError(
            f"{file} exists already and is not overwritten. Name another file for the work list."
        )
    with Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO) as registry:
        decided = registry.decisions(reviewers=plan.review.reviewers, settled=True)
        listed = listing(decided=decided)
        if not may_see_birthdates(registry, reader):
            marks = veils.put_on(registry, listed.frame["hash"])
            listed = replace(listed, frame=veiled(listed.frame, marks))
        listed.write(file)
        columns, by = listed.frame.columns, plan.mint.proposer
        people = pl.concat([listed.frame["id_l"], listed.frame["id_r"]]).n_unique()
        registry.write(
            lambda ledger: disclose(ledger, WORK_LIST, file, by=by, columns=columns, people=people)
        )
    return file


def read_decisions(path: str | Path, /, *, sheet: str | int | None = None) -> pl.DataFrame:
    """Read a work list back that a reviewer has filled in, however a spreadsheet saved it.

    Args:
        path: the list as delimited text or as a workbook.
        sheet: of a workbook with several sheets, the list's.

    Returns:
        table, id_l, id_r, decision ("match", "different" or "unsure"), note, hash; pairs without
        a decision are left out.

    Raises:
        InputError: the file is no work list, a row cannot be read, a decision is none of the three words,
            or an id is not the one that was written; all rows with a problem are named at once.
    """
    result = read(path, sheet=sheet)
    place = "line" if result.source.encoding != result.source.kind else "row"
    if result.quarantined:  # a decision may stand in what was set aside
        told = result.diagnostics.filter(pl.col("line").is_not_null()).select("line", "message").rows()
        raise InputError("\n  ".join([f"{path}:", *(f"{place} {line}: {said}" for line, said in told)]))
    assert result.lines is not None  # noqa: S101 - without a layout each row has its line
    places = result.lines.to_frame("line").select(pl.format(f"{place} {{}}", "line")).to_series()
    return decisions_in(result.frame, places, file=result.source.path)


def enter_decisions(file: Path, plan: Path, /, *, by: str, sheet: str | int | None = None) -> int:
    """Enter the decisions of a filled work list in a plan's registry and return how many there were.

    Raises:
        InputError: as `read_decisions` says, or the reviewer has no name.
        RegistryError: the registry does not exist or refuses.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    made = read_decisions(file, sheet=sheet)
    known = Plan.read(plan, files=False)
    with Registry.open(known.registry, demo=known.issuer.kind is Issuer.DEMO, create=False) as registry:
        return registry.record(made, by=by)
