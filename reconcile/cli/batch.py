"""Commands about batches: what the proposer by hand types, and what the second person does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.stores import Demo, DryRun, Url, Where, change, open_registry, options, plan_of, rules
from reconcile.cli.tables import show_batch, show_table
from reconcile.errors import ApprovalError, InputError, OutputError
from reconcile.files import write_private

if TYPE_CHECKING:
    from reconcile.mint.mapping import Columns
    from reconcile.plan import Plan

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make a batch, approve it, carry it out.",
)

_RUNS = 10  # of numbers without a gap, and differences, that a screen shows

Batch = Annotated[str, typer.Argument(help="The batch's id, as `run` printed it.", metavar="BATCH")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")]
Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", help="The columns of OpenCCC's files, as you edited them.", metavar="FILE"),
]
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
        made = draft_file(
            store, file, by=by, issuer=who, valid_until=last, wide=_wide(known), details=details
        )
        show_batch(made)
    _next(f'check {made.id} {options(plan, registry, demo=demo)} --by "..."', made.state == "draft")


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
    _next(f'submit {batch} {options(plan, registry, demo=demo)} --by "..."', not dry_run)


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
    """Say of two requests that look like one person that they are two people.

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
    _next(f'approve {batch} {options(plan, registry, demo=demo)} --approver "..."', not dry_run)


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
    _next(step, not dry_run)


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


@app.command()
def handover(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who hands the file over.")],
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE")],
    mapping: Mapping = None,
    plan: Where = None,
    registry: Url = None,
    dry_run: DryRun = False,
) -> None:
    """Write an approved batch as OpenCCC's upload file.

    For plans whose numbers OpenCCC issues. The file holds names and
    birthdates: it is readable by you alone. Its columns are a starting
    point, since the official template is not public; put the names that
    you were given into a mapping.

    Example: `reconcile batch handover BATCH --plan fall.toml --by "..." --out upload.csv`
    """
    from reconcile.mint.batch import look_up  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.handover import hand_over  # noqa: PLC0415

    with change(plan, registry, demo=False, dry_run=dry_run, expected=(ApprovalError,)) as store:
        upload = _columns(mapping).upload
        rows = hand_over(store, batch, out, by=by, mapping=upload, suite_hash=rules(plan))
        show_batch(replace(look_up(store, batch), state="handed_over"))  # in a dry run it is not
    typer.echo(f"Accounts to create in {out}: {rows:,}")
    _next(f'result {batch} {options(plan, registry, demo=False)} --by "..." --file RESULT', not dry_run)


@app.command()
def result(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who enters it.")],
    file: Annotated[Path, typer.Option(help="The file that came back.", metavar="FILE")],
    mapping: Mapping = None,
    sheet: Annotated[str | None, typer.Option(help="Of a spreadsheet with several.")] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Rows of the upload may be missing; they go on waiting.")
    ] = False,
    plan: Where = None,
    registry: Url = None,
    dry_run: DryRun = False,
) -> None:
    """Enter what OpenCCC answered to an upload.

    New and existing numbers go to their students, failed rows may be
    proposed again. A row that nobody asked for, that is missing or stands
    there twice, is refused; an answer that cannot be right is kept and shown.

    Example: `reconcile batch result BATCH --plan fall.toml --by "..." --file result.xlsx`
    """
    from reconcile.flow.batches import read_result  # noqa: PLC0415 - `--help` stays quick

    page = int(sheet) if sheet is not None and sheet.isdecimal() else sheet
    with change(plan, registry, demo=False, dry_run=dry_run) as store:
        found = read_result(
            store, batch, file, by=by, columns=_columns(mapping), sheet=page, partial=partial,
            wide=_wide(plan_of(plan)),
        )  # fmt: skip
    for name, count in found.counts.items():
        typer.echo(f"{name.capitalize():9} {count:,}")
    typer.echo(f"Waiting   {found.waiting:,}")
    if found.conflicts.height:
        typer.echo("\nAnswers that cannot be right, given to nobody; clear them up with OpenCCC:")
        show_table(found.conflicts)
        return
    ready = not found.waiting and not dry_run
    _next(f'deliver {batch} {options(plan, registry, demo=False)} --by "..." --out load.csv', ready)


@app.command()
def deliver(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who delivers.")],
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE")],
    plan: Where = None,
    registry: Url = None,
    dry_run: DryRun = False,
) -> None:
    """Write a batch's numbers as the file to load the SIS from.

    A demo registry delivers nothing.

    Example: `reconcile batch deliver BATCH --plan fall.toml --by "..." --out load.csv`
    """
    from reconcile.mint.deliver import deliver as hand_out  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=False, dry_run=dry_run) as store:
        rows = hand_out(store, batch, out, by=by)
    typer.echo(f"Numbers for the SIS in {out}: {rows:,}")
    _next(f'loaded {batch} {options(plan, registry, demo=False)} --by "..."', not dry_run)


@app.command()
def loaded(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who loaded the file, or looked.")],
    extract: Annotated[
        Path | None,
        typer.Option("--extract", help="An extract in the plan's layout; the plan's own if none is given."),
    ] = None,
    word: Annotated[
        bool, typer.Option("--word", help="Take it on the word of whoever is named; the log says so.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write every difference to this file.", metavar="FILE")
    ] = None,
    plan: Where = None,
    registry: Url = None,
    dry_run: DryRun = False,
) -> None:
    """Hold a delivered batch against an extract of the SIS.

    What the extract shows counts as loaded; what differs is listed, and is
    looked for again in the next extract. Without an extract somebody gives
    their word for the whole batch.

    Example: `reconcile batch loaded BATCH --plan fall.toml --by "..." --extract next.csv`
    """
    from reconcile.flow.batches import compare_loaded  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.deliver import loaded as note  # noqa: PLC0415
    from reconcile.mint.deliver import write_differences  # noqa: PLC0415

    known = plan_of(plan)
    if word and extract is not None:
        raise InputError("Name either the --extract that shows the numbers, or --word; not both.")
    if known is None and not word:
        raise InputError("An extract is read by a plan's layout: name --plan PLAN.toml, or say --word.")
    with change(plan, registry, demo=False, dry_run=dry_run) as store:
        if known is None or word:
            found = note(store, batch, by=by)
        else:
            found = compare_loaded(store, batch, known, by=by, extract=extract)
        show_batch(found.batch)
        if found.differences.height and out is not None and not dry_run:
            write_differences(store, found, out, by=by)
    typer.echo(f"Numbers in the SIS: {found.loaded:,} ({found.extract or 'on the word of ' + by})")
    if found.differences.height:
        typer.echo(f"Not as delivered: {found.differences.height:,}. The batch stays delivered; look again.")
        show_table(found.differences.drop("cccid", "found").head(_RUNS))
        if out is not None and not dry_run:
            typer.echo(f"All of them, with both numbers: {out}")


@app.command()
def mapping(
    out: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")] = Path("openccc.toml"),
) -> None:
    """Write the columns of OpenCCC's files, for you to edit.

    Example: `reconcile batch mapping openccc.toml`
    """
    from reconcile.mint.mapping import template  # noqa: PLC0415 - `--help` stays quick

    if out.exists():
        raise OutputError(f"{out} exists already and is not overwritten. Name another file.")
    write_private(out, template())
    typer.echo(f"Wrote {out}. Put your columns in, then name it with --mapping {out}")


def _wide(plan: Plan | None) -> bool:
    return plan is not None and plan.policy.wide_cccid


def _columns(file: Path | None) -> Columns:
    from reconcile.mint.mapping import Columns, read_columns  # noqa: PLC0415 - `--help` stays quick

    return read_columns(file) if file is not None else Columns()


def _next(step: str, wanted: bool, /) -> None:  # noqa: FBT001 - whether to say it at all
    if wanted:
        typer.echo(f"\nNext:\n  reconcile batch {step}")
