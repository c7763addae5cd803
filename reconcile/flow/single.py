"""One account for one student: found to exist, or asked for by the same draft and check as many."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from reconcile.columns import SET_ASIDE
from reconcile.errors import GateClosed, InputError, RegistryError
from reconcile.flow.batches import check_batch
from reconcile.flow.snapshot import good_until
from reconcile.mint.accounts import plain_address
from reconcile.mint.asked import FIELDS, filled
from reconcile.mint.batch import look_up
from reconcile.mint.draft import draft
from reconcile.mint.draft import submit as hand_in
from reconcile.mint.states import BatchState
from reconcile.plan import Issuer
from reconcile.read import read
from reconcile.show import Sheet, Shown
from reconcile.words import counted, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from reconcile.flow.candidates import Candidate, Looked, Lookup
    from reconcile.mint.states import Batch
    from reconcile.plan import Plan
    from reconcile.registry import Registry


@dataclass(frozen=True, kw_only=True, repr=False)
class Single(Shown):
    """What came of asking for one account.

    Attributes:
        known: whom the registry knows already: college, sis_id, cccid (null while it waits), by ("SIS id",
            "name and birthdate", "e-mail address"). When there is one, nothing was asked for.
        batch: the batch of one row; None when the student, or somebody alike, is known.
        exists: CCCIDs of accounts that the student has; nothing was asked for then.
        command: what the approver types next; empty without a batch.
    """

    known: pl.DataFrame
    batch: Batch | None
    exists: tuple[str, ...] = ()
    command: str = ""

    def _sheet(self) -> Sheet:
        if self.batch is not None:
            told = pl.DataFrame({"batch": [self.batch.id], "state": [self.batch.state]})
            note = f"Somebody else approves it: {self.command}" if self.command else ""
            return Sheet(frame=told, title="One account is asked for", note=note, unit="batch")
        if self.exists:
            told = pl.DataFrame({"cccid": self.exists})
            return Sheet(frame=told, title="The account exists: nothing was asked for", unit="account")
        return Sheet(frame=self.known, title="The registry knows this student already", unit="record")


def look_up_one(registry: Registry, fields: Mapping[str, str | None], /) -> pl.DataFrame:
    """List whom the registry knows under a student's fields: college, sis_id, cccid, by."""
    from reconcile.registry.known import Known, known_as  # noqa: PLC0415 - brings SQLAlchemy

    address = plain_address(fields.get("email"))
    found = registry.inspect(lambda connection: known_as(connection, fields, address))
    return pl.DataFrame(found, schema=dict.fromkeys(Known._fields, pl.String), orient="row")


def ask(
    registry: Registry,
    looked: Looked,
    lookup: Lookup,
    /,
    *,
    by: str,
    aside: Collection[str] = (),
    because: str = "",
    at: datetime | None = None,
) -> Single:
    """Ask for one account after the look-up, and put it before the approver.

    Every account that may be the student's has to be named as looked at and set aside, with a reason; both
    become part of the row that is approved, and an entry of the audit log with who said so. An account that
    is certainly the student's, or that a run would link to them, cannot be set aside by whoever asks: a
    wrong second number is for life. A reviewer, who is somebody else, says in the review panel that the two
    are different people, and the look-up goes by that word for as long as the two records stay as the
    reviewer saw them.

    Args:
        registry: where the batch is kept.
        looked: what `Lookup.one` found, of the registry as it was then.
        lookup: the same; the plan's rules, issuer and snapshot count.
        by: who asks; somebody else approves.
        aside: CCCIDs of the candidates that were looked at and are not the student's.
        because: why none of them is; names nobody.
        at: when; now when None.

    Returns:
        The submitted batch; or, when the account exists, its number and no batch.

    Raises:
        GateClosed: a candidate was not set aside, or is a reviewer's to judge; no account may be made for
            this student; the dictionary forbids it.
        InputError: somebody is set aside who is no candidate, or without a reason; nobody is named.
        Refused: roles are in force, and `by` is no requester.
    """
    now_known = look_up_one(registry, looked.fields)  # somebody may have asked meanwhile
    known = pl.concat([looked.known, now_known]).unique(maintain_order=True)
    if looked.exists or known.height:
        return Single(known=known, batch=None, exists=looked.exists)
    if looked.barred:
        raise GateClosed(f"The gate is closed: {looked.barred}")
    _require_reviewed(looked.candidates)
    _require_looked_at(looked.candidates, aside, because)
    fields = {name: looked.fields[name] for name in FIELDS}
    if looked.candidates:
        fields |= dict(zip(SET_ASIDE, (" ".join(sorted(aside)), because.strip()), strict=True))
    plan = lookup.plan
    lookup.remember(registry, at=at)
    last, issuer = good_until(plan), plan.issuer.kind.value
    made = _drafted(registry, fields, by=by, issuer=issuer, valid_until=last, at=at)
    if registry.rehearsal:  # the draft was not kept, so that no further step can be tried
        return Single(known=known, batch=made)
    if looked.candidates:
        registry.write(
            lambda ledger: ledger.log(
                "set_aside", made.id, who=by, reason=because.strip(), candidates=sorted(aside)
            ),
            at=at,
        )
    batch = _handed_in(registry, made.id, plan, by=by, at=at)
    command = f'reconcile batch approve {batch.id} --plan "{plan.path}" --approver "YOUR NAME"'
    return Single(known=known, batch=batch, command=command)


def ask_for_one(
    registry: Registry,
    fields: Mapping[str, str | None],
    /,
    *,
    by: str,
    issuer: str | None = None,
    plan: Plan | None = None,
    valid_until: date | None = None,
    at: datetime | None = None,
) -> Single:
    """Ask for one new account, by the same draft, check and later approval as for many.

    The accounts of OpenCCC are looked through before, by a run or by hand: this looks at the registry alone;
    `Lookup` and `ask` look at both.

    Args:
        registry: where the batch is kept.
        fields: college, sis_id and the fields of an account and of a request, by the names of our columns.
        by: who asks; somebody else approves.
        issuer: "openccc" or "registry"; the plan's when None, and a demo registry needs none.
        plan: whose rules, day and [request] count.
        valid_until: the last day on which the batch may be approved and carried out.
        at: when; now when None.

    Raises:
        GateClosed: the dictionary forbids it, or the request does not say for whom and why.
        InputError: the row cannot be a batch, or nobody is named.
    """
    known = look_up_one(registry, fields)
    if known.height:
        return Single(known=known, batch=None)
    chosen = issuer or (plan.issuer.kind.value if plan is not None else None)
    if plan is not None and plan.request is not None:
        row = filled(_row(fields), plan.request.columns).row(0, named=True)
        fields = {name: row[name] for name in row if name != "kind"}
    made = _drafted(registry, fields, by=by, issuer=chosen, valid_until=valid_until, at=at)
    return Single(known=known, batch=check_batch(registry, made.id, by=by, plan=plan, at=at))


def one_row(file: Path, /) -> dict[str, str]:
    """Take the fields of a request from a table of one row, as `mint.asked.template` heads it.

    Raises:
        InputError: it cannot be read, has none or several rows, or no column that a request has.
    """
    found = read(file).frame
    if found.height != 1:
        raise InputError(f"{file.name} has {counted(found.height, 'row')}; one student takes one row.")
    known = [name for name in found.columns if name in FIELDS]
    if not known:
        raise InputError(
            f"{file.name} has no column of a request. `reconcile account request-template` does."
        )
    return {name: str(found[name][0]).strip() for name in known if found[name][0] is not None}


@contextlib.contextmanager
def registry_of(plan: Plan, /) -> Iterator[Registry]:
    """Open a plan's registry for a step, refuse one that was put back, and keep its anchor."""
    from reconcile.registry import Registry  # noqa: PLC0415 - brings SQLAlchemy
    from reconcile.registry.anchor import anchor, beside, require_current  # noqa: PLC0415

    with Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO) as registry:
        file = None if registry.demo else beside(registry)
        if file is not None:
            require_current(registry, file)
        try:
            yield registry
        finally:
            if file is not None:
                anchor(registry, file)


def _row(fields: Mapping[str, str | None]) -> pl.DataFrame:
    return pl.DataFrame([{"kind": "mint", **fields}], schema_overrides=dict.fromkeys(fields, pl.String))


def _drafted(
    registry: Registry,
    fields: Mapping[str, str | None],
    *,
    by: str,
    issuer: str | None,
    valid_until: date | None,
    at: datetime | None,
) -> Batch:
    demo = Issuer.DEMO.value
    chosen = None if issuer == demo else issuer
    return draft(registry, _row(fields), by=by, issuer=chosen, valid_until=valid_until, at=at)


def _handed_in(registry: Registry, batch_id: str, plan: Plan, *, by: str, at: datetime | None) -> Batch:
    """Check a draft and submit it, unless somebody who asks for the same at the same moment just did."""
    try:
        check_batch(registry, batch_id, by=by, plan=plan, at=at)
        return hand_in(registry, batch_id, by=by, at=at)
    except RegistryError:
        batch = look_up(registry, batch_id)
        if batch.state != BatchState.SUBMITTED:
            raise
        return batch


def _require_reviewed(candidates: Collection[Candidate]) -> None:
    strong = [one.cccid for one in candidates if one.blocks]
    if strong:
        raise GateClosed(
            f"The gate is closed: {listed(strong)} is so like this student that whoever asks cannot set it "
            "aside. Somebody else decides: run the plan with the student in its extract, and enter the "
            "decision in the review panel. Then ask again."
        )


def _require_looked_at(candidates: Collection[Candidate], aside: Collection[str], because: str) -> None:
    """Go on only when exactly the candidates were set aside, with a reason."""
    found = [one.cccid for one in candidates]
    strangers = sorted({*aside} - {*found})
    if strangers:
        raise InputError(f"No candidate is called {listed(strangers)}. Look the student up again.")
    missing = [number for number in found if number not in aside]
    if missing:
        what = counted(len(missing), "account")
        raise GateClosed(
            f"The gate is closed: {what} not set aside that may be this student's: {listed(missing)}. "
            "Compare them field by field; if none is the student, name each as looked at, with the reason."
        )
    if found and not because.strip():
        raise InputError("Accounts are set aside with a reason; none was given.")
