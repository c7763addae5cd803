"""Reviewers' decisions: a work list out of a run, and back into the registry."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError, OutputError
from reconcile.flow.compared import Compared
from reconcile.flow.desk import PARCEL, parts_of
from reconcile.plan import Issuer, Plan
from reconcile.read import read
from reconcile.registry.disclosures import WORK_LIST, disclose
from reconcile.review import decisions_in
from reconcile.review.veil import veiled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.flow.run import Run
    from reconcile.registry import Registry
    from reconcile.review import WorkList

_NOBODY: Final = "nobody in particular"


def write_work_list(done: Run, file: Path, /, *, reader: str = "", scores: bool = False) -> Path:
    """Write the pairs of a run that wait for a person, those that were decided already left out.

    Where roles are in force, a list for somebody who is neither requester nor approver says of birthdates
    and SSNs only whether they agree, are near, or differ. A name that ends in .json asks for pairs that the
    panel shows (`flow.desk.desk`), so that a reviewer needs neither the extract nor the snapshot.

    Args:
        done: the run.
        file: the list to write.
        reader: who is going to decide; nobody in particular, who sees no birthdate either, when empty.
        scores: add how likely each pair is, except for whoever sees no birthdates; a panel has weights of
            its own, which its reader may open.

    Raises:
        OutputError: there is such a file; a list that somebody fills in is not overwritten.
    """
    if file.suffix.lower() == PARCEL:
        return _hand_out_parcel(done, file, reader=reader)
    return hand_out(done.plan, file, partial(done.work_list, scores=scores), reader=reader)


def hand_out(plan: Plan, file: Path, listing: Callable[..., WorkList], /, *, reader: str = "") -> Path:
    """Write a work list for a reader, as `write_work_list` does; `listing` takes the earlier decisions."""
    from reconcile.registry import Registry, veils  # noqa: PLC0415 - SQLAlchemy is slow to import
    from reconcile.registry.access import may_see_birthdates  # noqa: PLC0415

    require_new(file)
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


def _hand_out_parcel(done: Run, file: Path, /, *, reader: str) -> Path:
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    require_new(file)
    with Registry.open(done.plan.registry, demo=done.plan.issuer.kind is Issuer.DEMO) as registry:
        _write_parcel(done, file, registry, reader=reader)
    return file


def require_new(file: Path, /) -> None:
    """Refuse to write a work list over another, which somebody may be filling in."""
    if file.exists():
        raise OutputError(
            f"{file} exists already and is not overwritten. Name another file for the work list."
        )


def _write_parcel(done: Run, file: Path, registry: Registry, /, *, reader: str) -> None:
    """Write the pairs of a run for somebody's panel, with marks for their hashes."""
    from reconcile.registry import veils  # noqa: PLC0415 - SQLAlchemy is slow to import
    from reconcile.registry.access import may_see_birthdates  # noqa: PLC0415
    from reconcile.review.cases import Cases, Key  # noqa: PLC0415 - as above
    from reconcile.review.parcel import Sealed, pack  # noqa: PLC0415
    from reconcile.review.session import Session  # noqa: PLC0415

    compared = Compared(
        pairs=done.links.pairs, links=done.links.links, also=done.links.also,
        own=done.student_duplicates.pairs,
    )  # fmt: skip
    parts = parts_of(done.plan, done.inputs, compared, done.resolution)
    cases = Cases(parts, veiled=not may_see_birthdates(registry, reader))
    needed = done.plan.review.reviewers
    queue = Session(cases, registry, reviewer=reader or _NOBODY, reviewers=needed).queue
    words = registry.words()
    keys = [Key(*row) for row in words.select(Key._fields).iter_rows()]
    standing = (
        id_
        for id_, key, seen in zip(words["id"], keys, words["hash"], strict=True)
        if key in cases.places and cases.hashes[cases.places[key]] == seen
    )
    pack(
        file, cases, queue, reviewers=needed,
        marks=lambda hashes: veils.put_on(registry, pl.Series("hash", hashes, dtype=pl.String)).to_list(),
        sealed=Sealed(frozenset(standing), int(words["id"].max() or 0)),  # type: ignore[arg-type] # a number
    )  # fmt: skip
    people = {place for at in queue for place in cases.keys[at][1:]}
    columns = sorted({line["name"] for at in queue for line in cases.shown(at)["lines"]})
    by = done.plan.mint.proposer
    registry.write(
        lambda ledger: disclose(ledger, WORK_LIST, file, by=by, columns=columns, people=len(people))
    )


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
