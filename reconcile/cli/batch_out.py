"""Commands about batches that were approved: to OpenCCC and back, into the SIS, and what it shows then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.batch import Batch, say_next, wide
from reconcile.cli.stores import DryRun, Url, Where, change, options, plan_of, rules
from reconcile.cli.tables import show_batch, show_table
from reconcile.errors import ApprovalError, InputError, OutputError
from reconcile.files import write_private

if TYPE_CHECKING:
    from reconcile.mint.mapping import Columns

app = typer.Typer()  # joins the commands of `batch`

_SHOWN = 10  # differences on a screen

Mapping = Annotated[
    Path | None,
    typer.Option("--mapping", help="The columns of OpenCCC's files, as you edited them.", metavar="FILE"),
]


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
    say_next(f'result {batch} {options(plan, registry, demo=False)} --by "..." --file RESULT', not dry_run)


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
            wide=wide(plan_of(plan)),
        )  # fmt: skip
    for name, count in found.counts.items():
        typer.echo(f"{name.capitalize():9} {count:,}")
    typer.echo(f"Waiting   {found.waiting:,}")
    if found.conflicts.height:
        typer.echo("\nAnswers that cannot be right, given to nobody; clear them up with OpenCCC:")
        show_table(found.conflicts)
        return
    ready = not found.waiting and not dry_run
    say_next(f'deliver {batch} {options(plan, registry, demo=False)} --by "..." --out load.csv', ready)


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
    say_next(f'loaded {batch} {options(plan, registry, demo=False)} --by "..."', not dry_run)


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
        show_table(found.differences.drop("cccid", "found").head(_SHOWN))
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


def _columns(file: Path | None) -> Columns:
    from reconcile.mint.mapping import Columns, read_columns  # noqa: PLC0415 - `--help` stays quick

    return read_columns(file) if file is not None else Columns()
