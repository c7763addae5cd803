"""Commands about batches: what the proposer by hand types, and what the second person does."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path  # noqa: TC003 - Typer looks it up
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.stores import Demo, DryRun, Url, Where, change, open_registry, options, plan_of, rules
from reconcile.cli.tables import show_batch, show_table
from reconcile.errors import ApprovalError

if TYPE_CHECKING:
    from reconcile.plan import Plan

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make a batch, approve it, carry it out.",
)

_RUNS = 10  # of numbers without a gap that a screen shows

Batch = Annotated[str, typer.Argument(help="The batch's id, as `run` printed it.", metavar="BATCH")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")]
Day = Annotated[
    datetime | None,
    typer.Option("--valid-until", help="The last day on which it may be carried out.", formats=["%Y-%m-%d"]),
]


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="The rows, in any format that can be read.", metavar="FILE")],
    *,
    by: Annotated[str, typer.Option(help="Who makes the draft; somebody else approves it later.")],
    issuer: Annotated[
        str | None, typer.Option(help="openccc or registry; the plan's when not given.")
    ] = None,
    valid_until: Day = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Keep rows of a file as a draft.

    Its columns are kind (mint, recover or replace), college, sis_id, cccid (to
    write back, or to give up) and the fields of an account. `run` makes
    its batches by itself; this is for rows of another origin.

    Example: `reconcile batch new rows.xlsx --plan fall.toml --by "..."`
    """
    from reconcile.flow.batches import draft_file  # noqa: PLC0415 - `--help` stays quick

    known = plan_of(plan)
    who = issuer or (known.issuer.kind.value if known is not None else None)
    last = valid_until.date() if valid_until is not None else None
    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        details = known.request if known is not None else None
        made = draft_file(store, file, by=by, issuer=who, valid_until=last, wide=wide(known), details=details)
        show_batch(made)
    say_next(f'check {made.id} {options(plan, registry, demo=demo)} --by "..."', made.state == "draft")


@app.command()
def check(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who checks.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Hold a draft against the dictionary and the registry.

    Left out are students who have a number or wait for one, under whatever
    SIS id, and who is so like somebody in the registry, or in another row,
    that they may be one person (`batch apart`). A batch that went back to draft is checked again.

    Example: `reconcile batch check BATCH --plan fall.toml --by "..."`
    """
    from reconcile.flow.batches import check_batch  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.batch import TOLD_APART  # noqa: PLC0415

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        checked = check_batch(store, batch, by=by, plan=plan_of(plan))
        show_batch(checked)
    for count, why in (
        (checked.served, "have a number"),
        (checked.waiting, "wait in another batch"),
        (checked.blocked, "are, or may be, somebody who has or awaits a number under another id"),
    ):
        if count:
            typer.echo(f"Left out: {count:,} who {why}.")
    if checked.blocked:
        typer.echo(TOLD_APART)
    say_next(f'submit {batch} {options(plan, registry, demo=demo)} --by "..."', not dry_run)


@app.command()
def apart(
    one: Annotated[
        str, typer.Argument(help="A request: college and SIS id, as 021/N1.", metavar="[ONE")
    ] = "",
    other: Annotated[str, typer.Argument(help="The other one.", metavar="OTHER]")] = "",
    *,
    by: Annotated[str, typer.Option(help="Who says so: somebody else than whoever checked.")] = "",
    reason: Annotated[str, typer.Option(help="How that is known; kept in the log. Name no student.")] = "",
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Say that two requests of one look are two people.

    Without the two, list the pairs that nobody decided about. Such pairs
    keep each other from a number. Draft the rows that were left out anew, or
    run the plan again, once they are told apart.

    Example: `reconcile batch apart 021/N1 021/N2 --plan fall.toml --by "..." --reason "twins"`
    """
    from reconcile.flow.alike import doubtful, tell_apart  # noqa: PLC0415 - `--help` stays quick

    if not one:
        with open_registry(plan, registry, demo=demo) as store:
            show_table(doubtful(store))
        return
    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        tell_apart(store, one, other, by=by, reason=reason)
    typer.echo(f"{one} and {other} are two people. Draft the rows that were left out anew, or run again.")


@app.command()
def submit(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who proposes it.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Put a checked batch before the approver.

    Example: `reconcile batch submit BATCH --plan fall.toml --by "..."`
    """
    from reconcile.mint.draft import submit as put  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(ApprovalError,)) as store:
        show_batch(put(store, batch, by=by))
    say_next(f'approve {batch} {options(plan, registry, demo=demo)} --approver "..."', not dry_run)


@app.command()
def show(
    batch: Batch,
    *,
    rows: Annotated[
        Path | None, typer.Option(help="Write the people in it to this CSV or XLSX file.", metavar="FILE")
    ] = None,
    by: Annotated[str, typer.Option(help="With --rows: who reads them.")] = "",
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
) -> None:
    """Show what a batch asks for, where it stands, and its way there.

    With --rows, whoever approves sees each request in full: who the student
    is, why, on whose authority, and which accounts were set aside. The file
    is readable by you alone, and a disclosure is recorded.

    Example: `reconcile batch show BATCH --plan fall.toml --rows rows.xlsx --by "..."`
    """
    from reconcile.flow.batches import write_rows  # noqa: PLC0415
    from reconcile.mint.batch import look_up  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.draft import history  # noqa: PLC0415
    from reconcile.mint.result import open_conflicts  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        show_batch(look_up(store, batch))
        show_table(history(store, batch))
        conflicts = open_conflicts(store, batch)
    if conflicts.height:
        typer.echo("Answers of OpenCCC that cannot be right:")
        show_table(conflicts)
    if rows is not None:
        with change(plan, registry, demo=demo, dry_run=False) as store:
            count = write_rows(store, batch, rows, by=by)
        typer.echo(f"Wrote the rows of {count:,} to {rows}. Delete it when you have decided.")


@app.command()
def approve(
    batch: Batch,
    *,
    approver: Annotated[str, typer.Option(help="Who approves: another person than the proposer.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Approve exactly the rows that a batch was submitted with.

    Look at the audit first. The approval is void as soon as a row or a rule
    of the dictionary changes.

    Example: `reconcile batch approve BATCH --plan fall.toml --approver "..."`
    """
    from reconcile.mint.batch import approve as confirm  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        approved = confirm(store, batch, approver=approver, suite_hash=rules(plan))
        show_batch(approved)
    place = f"{batch} {options(plan, registry, demo=demo)}"
    step = (
        f'handover {place} --by "..." --out upload.csv' if approved.issuer == "openccc" else f"mint {place}"
    )
    say_next(step, not dry_run)


@app.command()
def reject(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who rejects.")],
    reason: Reason,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Reject a batch: nothing of it is created.

    Its rows may be proposed again.

    Example: `reconcile batch reject BATCH --plan fall.toml --by "..." --reason "..."`
    """
    from reconcile.mint.batch import reject as refuse  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        show_batch(refuse(store, batch, by=by, reason=reason))


@app.command()
def withdraw(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who withdraws.")],
    reason: Reason,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Take back a batch that nothing was issued for.

    Its rows may be proposed again.

    Example: `reconcile batch withdraw BATCH --plan fall.toml --by "..." --reason "..."`
    """
    from reconcile.mint.batch import withdraw as take_back  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        show_batch(take_back(store, batch, by=by, reason=reason))


@app.command()
def mint(
    batch: Batch,
    *,
    by: Annotated[str | None, typer.Option(help="Who does it; the approver when not given.")] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Give every row of an approved batch its CCCID, exactly once.

    A student who has a number keeps it, however often this is run. The next
    `reconcile run` lists the numbers in its crosswalk.csv.

    Example: `reconcile batch mint BATCH --plan fall.toml`
    """
    from reconcile.mint.batch import mint as issue  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(ApprovalError,)) as store:
        issued = issue(batch, registry=store, by=by, suite_hash=rules(plan))
        show_batch(issued.after)
    typer.echo(f"Students with a number from this batch: {issued.frame.height:,}")
    if issued.runs.height:
        show_table(issued.runs.head(_RUNS))
    if issued.runs.height > _RUNS:
        typer.echo(f"... and {issued.runs.height - _RUNS:,} more runs of numbers.")
    if issued.skipped.height:
        typer.echo(f"Numbers passed over because they had been seen in use: {issued.skipped.height:,}")
    if not dry_run:
        typer.echo(
            "The next `reconcile run` of the plan lists them in its crosswalk.csv, to be loaded into the SIS."
        )


def say_next(step: str, wanted: bool, /) -> None:  # noqa: FBT001 - whether to say it at all
    """Name the command that comes next."""
    if wanted:
        typer.echo(f"\nNext:\n  reconcile batch {step}")


def wide(plan: Plan | None) -> bool:
    """Say whether the plan takes CCCIDs of four letters."""
    return plan is not None and plan.policy.wide_cccid
