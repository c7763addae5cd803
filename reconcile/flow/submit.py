"""The gate: what a run proposes becomes a batch only if the dictionary and the snapshot allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import GateClosed
from reconcile.flow import earlier, snapshot
from reconcile.flow.alike import alike
from reconcile.flow.requests import ATTESTATION, batch_rows, creation_form, reachable
from reconcile.flow.seen import remember
from reconcile.flow.ties import ties_of
from reconcile.mint.batch import TOLD_APART, GateVerdict, fingerprint, propose, withdraw_outdated
from reconcile.registry.access import require
from reconcile.registry.anchor import anchor, beside, require_current
from reconcile.results import BatchSummary
from reconcile.validate.steps import allowed
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reconcile.flow.run import Run
    from reconcile.mint.states import Batch
    from reconcile.plan import Plan
    from reconcile.registry import Registry
    from reconcile.validate import Validation


_SUITES: Final = {
    "students": "the extract does not meet the dictionary as the plan applies it",
    "accounts": "the snapshot does not meet the dictionary as the plan applies it",
    "snapshot_change": "the snapshot does not follow from the earlier one",
}


def submit(done: Run, registry: Registry, /, *, at: datetime | None = None) -> None:
    """Propose what a run found, in a registry that was not put back, and keep the registry's anchor.

    As `propose_found`; a demo registry has no anchor.

    Raises:
        RegistryError: the registry was put back to an earlier day.
    """
    file = None if registry.demo else beside(registry)
    if file is not None:
        require_current(registry, file)
    propose_found(done, registry, at=at)
    if file is not None:
        anchor(registry, file, at=at)


def propose_found(done: Run, registry: Registry, /, *, at: datetime | None = None) -> None:
    """Propose what a run found to create and to write back; notes say why when nothing is proposed.

    The gate closes, and nothing is proposed, when the snapshot is older than the plan allows or has no
    usable row, when a row has no college or breaks a critical rule, when two students would get one CCCID,
    or when a rule could not be run.
    """
    plan = done.plan
    require(registry, "submitted", who=plan.mint.proposer, at=at)
    remember(plan, done.inputs, done.joined, registry, at=at)
    registry.note_ties(ties_of(done, registry), by=plan.mint.proposer, at=at)
    done.notes += _set_aside(done) + earlier.held_back(done)
    rows = wanted_rows(done, registry)
    done.notes += _withdraw(done, registry, rows, at)
    if rows.is_empty():
        return
    rows = _attested(done, rows)
    if rows.is_empty():
        return
    obstacles = list(_obstacles(done, rows, at))
    if obstacles:
        _close(done, "; ".join(obstacles))
        return
    checked = _checked(rows, plan, at)
    if checked is not None and checked.verdict != "open":
        _close(done, _reasons(checked.counts.filter("closes")))
        return
    compared = [done.students.select("college", "sis_id"), done.accounts.select("cccid")]
    found = alike(registry, rows, plan=plan, searched=pl.concat(compared, how="diagonal"))
    registry.note_ties(found, by=plan.mint.proposer, at=at)
    verdict = GateVerdict(
        suite_hash=checked.suite_hash if checked else "",
        rows_hash=fingerprint(rows, wide=plan.policy.wide_cccid),
        open=True,
        failures=checked.failures.height if checked else 0,
    )
    try:
        batch = propose(
            registry, rows, proposer=plan.mint.proposer, issuer=plan.issuer.kind.value, verdict=verdict,
            valid_until=snapshot.good_until(plan),
            source=source_of(plan), wide=plan.policy.wide_cccid, at=at,
        )  # fmt: skip
    except GateClosed as closed:
        done.notes += (str(closed),)
        done.gate_open = False
        return
    done.batch = summary(batch, plan)
    if batch.blocked:
        who = counted(batch.blocked, "new account was", "new accounts were")
        why = (
            "somebody who is, or may be, the same person has or awaits a number under another SIS id or at "
            f"another college. {TOLD_APART}"
        )
        done.notes += (f"{who} left out: {why}",)
    if batch.waiting:
        who = counted(batch.waiting, "student waits", "students wait")
        done.notes += (
            f"{who} in another open batch already; it is carried out, rejected or withdrawn first.",
        )


def wanted_rows(done: Run, registry: Registry | None = None, /) -> pl.DataFrame:
    """List what a run found to create and to write back, as the rows of a batch, in request-key order.

    They are people: show them to nobody who does not need them.

    Args:
        done: the run.
        registry: whose accounts and batches may have an address already; the snapshot alone when None.

    Returns:
        kind ("mint" / "recover"), request_key, college, sis_id, cccid (of recoveries) and the fields of an
        account, with the staff's attestation.
    """
    rows = batch_rows(creation_form(done.students, done.plan.mint), done.resolution.frame)
    return _reachable(rows, done, registry)


def source_of(plan: Plan, /) -> str:
    """Say whom a plan speaks for: its name, as [reconciliation] gives it, and its SIS.

    Two plans of one college are two sources, and neither speaks for the other's students. A plan whose
    population becomes another stays the same source: it no longer asks for those who are out of it.
    """
    layout = plan.students.layout.rpartition("/")[2].rpartition("\\")[2]
    return f"{plan.name}; {layout}"


def summary(batch: Batch, plan: Plan, /) -> BatchSummary:
    """Say what became of a batch, and what the approver types next."""
    waits, approve = batch.state == "submitted", f"reconcile batch approve {batch.id}"
    return BatchSummary(
        id=batch.id,
        state=batch.state,
        mints=batch.mints,
        recoveries=batch.recoveries,
        proposer=batch.proposer,
        approver=batch.approver,
        command=f'{approve} --plan "{plan.path}" --approver "YOUR NAME"' if waits else "",
    )


def _reachable(rows: pl.DataFrame, done: Run, registry: Registry | None) -> pl.DataFrame:
    """Give each new account an address of its own where the plan has a mailbox; recoveries need none."""
    new = pl.col("kind") == "mint"
    created = reachable(rows.filter(new), done.plan, done.accounts, registry)
    return pl.concat([created, rows.filter(~new)], how="diagonal").sort("request_key")


def _obstacles(done: Run, rows: pl.DataFrame, at: datetime | None) -> Iterator[str]:
    """Say what forbids a batch whatever the dictionary says of its rows."""
    yield from snapshot.obstacles(done.plan, done.inputs, at=at)
    elsewhere = done.inputs.diagnostics.filter(pl.col("kind") == "cccid_under_other_code").height
    if elsewhere:
        yield (
            "the SIS holds CCCIDs under another code than the one that was looked for; correct the code in "
            "[students.options]"
        )
    yield from _rules_closing(done)
    yield from earlier.too_many(done)
    homeless = rows["college"].null_count()
    if homeless:
        yield (
            f"{counted(homeless, 'row has', 'rows have')} no college; extract it, or name the one college in "
            "the plan's population"
        )
    again = rows["cccid"].drop_nulls()
    claimed = int(again.is_duplicated().sum())
    if claimed:
        yield f"{claimed} students would get a CCCID that another of them gets too; decide whose it is"


def _rules_closing(done: Run) -> Iterator[str]:
    """Say which suites of the inputs forbid a batch.

    Rows of extract and snapshot that break a critical rule are left out one by one, elsewhere, and accounts
    that vanished or moved hold back the students concerned: here counts what the plan's thresholds do not
    bear, a rule that could not be run, and two snapshots that do not go together at all.
    """
    for suite, what in _SUITES.items():
        checked = done.validations.get(suite)
        if checked is None:
            continue
        closing = checked.counts.filter("closes")
        single = pl.col("severity") == "critical"
        if suite == "snapshot_change":
            single &= pl.col("rule_id").is_in(earlier.BY_ACCOUNT)
        closing = closing.filter(~single | pl.col("errored"))
        if closing.height:
            yield f"{what}: {_reasons(closing)}"


def _withdraw(done: Run, registry: Registry, rows: pl.DataFrame, at: datetime | None) -> tuple[str, ...]:
    """Take back open batches that ask for something which this run no longer finds."""
    colleges = {*done.plan.population.colleges, *done.students["college"].drop_nulls()}
    gone = withdraw_outdated(
        registry, keep=rows, colleges=colleges, by=done.plan.mint.proposer,
        source=source_of(done.plan), at=at,
    )  # fmt: skip
    if not gone:
        return ()
    which = "Batch" if len(gone) == 1 else "Batches"
    told = f"{which} {', '.join(gone)} of the same source ({source_of(done.plan)})"
    return (f"{told} withdrawn: facts or population changed since; what still holds is proposed anew.",)


def _set_aside(done: Run) -> tuple[str, ...]:
    """Tell the reader that an account may hide among rows that could not be used."""
    lost = snapshot.set_aside(done.inputs)
    if not lost:
        return ()
    which = counted(lost, "row of the account snapshot was", "rows of the account snapshot were")
    return (f"{which} set aside; a student whose account is among them looks as if they had none.",)


def _attested(done: Run, rows: pl.DataFrame) -> pl.DataFrame:
    """Leave the new accounts out while nobody attests them; a CCCID is written back without it."""
    if all(getattr(done.plan.mint, name) for name in ATTESTATION):
        return rows
    kept = rows.filter(pl.col("kind") != "mint")
    if kept.height < rows.height:
        who = counted(rows.height - kept.height, "new account was", "new accounts were")
        keys = ", ".join(ATTESTATION)
        why = f"The gate is closed for new accounts: {who} not proposed, since nobody attests them."
        done.notes += (f"{why} Fill in {keys} in [mint].",)
        done.gate_open = False
    return kept


def _close(done: Run, why: str) -> None:
    done.notes += (f"The gate is closed: {why}. Nothing was proposed.",)
    done.gate_open = False


def _checked(rows: pl.DataFrame, plan: Plan, at: datetime | None) -> Validation | None:
    """Run the strict suite on exactly the rows that would be created; recoveries create nothing.

    A plan of a day to come makes nobody older than they are.
    """
    from reconcile.validate import validate  # noqa: PLC0415 - Great Expectations is slow to import

    created = rows.filter(rows["kind"] == "mint").drop("kind", "cccid")
    if created.is_empty():
        return None
    age_on = min(plan.as_of, snapshot.local_day(at))
    return validate(created, suite="mint_request", as_of=plan.as_of, age_on=age_on, policy=plan.policy)


def _reasons(closing: pl.DataFrame) -> str:
    """Say which rules close a gate, and how often each is broken."""
    broken = [
        f"{row['message']} ({counted(row['failures'], 'row')}{_borne(row['at_most'], row['severity'])})"
        for row in closing.filter(~pl.col("errored")).iter_rows(named=True)
    ]
    broken += [f"rule {rule} could not be run" for rule in closing.filter("errored")["rule_id"]]
    return "; ".join(broken)


def _borne(limit: float | None, severity: str) -> str:
    if limit is None or severity == "critical":
        return ""
    return f", {allowed(limit)} of the rows are allowed" if 0 < limit < 1 else f", {allowed(limit)} allowed"
