"""The commands and their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli import (
    account,
    batch,
    batch_out,
    dictionary,
    inspect,
    key,
    mis,
    plan,
    registry,
    role,
    validate,
)
from reconcile.cli.audit import audit
from reconcile.cli.compare import compare
from reconcile.cli.create import create
from reconcile.cli.map import map as draft_map
from reconcile.cli.notebook import notebook
from reconcile.cli.progress import Steps
from reconcile.cli.purge import purge
from reconcile.cli.tables import show_run, show_table
from reconcile.cli.writeback import writeback
from reconcile.errors import GateClosed

if TYPE_CHECKING:
    from reconcile.flow.run import Run

app = typer.Typer(
    name="reconcile",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # a quarter of a second that nobody misses
)
app.add_typer(plan.app, name="plan")
batch.app.add_typer(batch_out.app)
app.add_typer(batch.app, name="batch")
app.add_typer(account.app, name="account")
app.add_typer(registry.app, name="registry")
app.add_typer(key.app, name="key")
app.add_typer(mis.app, name="mis")
app.add_typer(role.app, name="role")
registry.app.command()(role.grants)


class Sis(StrEnum):
    """The student information systems whose extracts are understood."""

    BANNER = "banner"
    COLLEAGUE = "colleague"
    PEOPLESOFT = "peoplesoft"


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only here

        typer.echo(f"reconcile {version('reconcile')}")
        raise typer.Exit


def _leave(done: Run) -> None:
    """Let a script see that the gate is closed."""
    if not done.gate_open:
        raise typer.Exit(GateClosed.exit_code)


@app.callback()
def options(
    *,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="After a failure, list the places in the code it passed; never values."),
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find, link and issue missing CCCIDs for the students of a California community college.

    New here? `reconcile demo` does the whole job on sample data
    and ends with an audit to look at.

    With your own files: `reconcile plan new`, fill it in,
    then `reconcile run plan.toml`. Nothing is created until
    a second person approves what the run proposes.

    Exit codes: 0 done, 1 the gate is closed, 2 something to correct,
    3 a defect of ours.
    """


@app.command()
def demo(
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results.", show_default="./demo", metavar="DIR")
    ] = None,
    sis: Annotated[Sis, typer.Option(help="Whose layout the sample students come in.")] = Sis.BANNER,
) -> None:
    """Do the whole job on sample data, from files to audit.

    The students are synthetic. New CCCIDs come from a registry stamped DEMO:
    they are watermarked and cannot be delivered, and a script approves them
    in place of a second person.

    Example: `reconcile demo --sis colleague --out demo-colleague`
    """
    from reconcile.flow.demo import demo as play  # noqa: PLC0415 - `--help` stays quick

    with Steps() as steps:
        done = play(out=out, sis=sis.value, progress=steps)
    show_run(done)
    _leave(done)


@app.command()
def run(
    plan: Annotated[Path, typer.Argument(help="The plan, a TOML file.", metavar="PLAN.toml")],
    *,
    work_list: Annotated[
        Path | None,
        typer.Option(
            help="Also write the pairs that wait for a person, as CSV or XLSX, or as JSON for their panel; "
            "holds names.",
            metavar="FILE",
        ),
    ] = None,
    reader: Annotated[
        str, typer.Option("--for", help="Who decides them; a reviewer's list has no birthdates.")
    ] = "",
    scores: Annotated[
        bool,
        typer.Option(
            "--scores", help="Add how likely each pair is to a CSV or XLSX; it may lead a reviewer."
        ),
    ] = False,
) -> None:
    """Reconcile the files of a plan, up to a batch to approve.

    Nothing is created and no file of yours is changed. Results go to a new
    folder in the plan's workspace; the command for the approver is printed
    at the end. Running it again proposes nothing twice.

    Example: `reconcile run fall.toml`
    """
    from reconcile.flow.run import run as reconcile  # noqa: PLC0415 - `--help` stays quick

    if work_list is not None:
        from reconcile.flow.decisions import require_new, write_work_list  # noqa: PLC0415

        require_new(work_list)
    with Steps() as steps:
        done = reconcile(plan, progress=steps)
    if work_list is not None:
        write_work_list(done, work_list, reader=reader, scores=scores)
        typer.echo(f"Pairs for a person  {work_list}")
    show_run(done)
    _leave(done)


@app.command()
def decide(
    file: Annotated[Path, typer.Argument(help="The work list, filled in, as CSV or XLSX.", metavar="FILE")],
    *,
    plan: Annotated[Path, typer.Option(help="The plan that it comes from.", metavar="FILE")],
    by: Annotated[str, typer.Option(help="Who decided.")],
    sheet: Annotated[
        str | None, typer.Option(help="Of a workbook with several sheets, the list's.", metavar="NAME")
    ] = None,
) -> None:
    """Enter a reviewer's decisions from a work list.

    `reconcile run PLAN --work-list FILE` writes the list. Its column decision
    takes match, different or unsure. The next run of the plan goes by them.

    Example: `reconcile decide pairs.csv --plan fall.toml --by "..."`
    """
    from reconcile.flow.decisions import enter_decisions  # noqa: PLC0415 - `--help` stays quick

    entered = enter_decisions(file, plan, by=by, sheet=sheet)
    typer.echo(f"Decisions entered: {entered:,}. Run the plan again.")


app.command()(audit)
app.command()(create)
app.command()(writeback)
app.command()(purge)


@app.command()
def sample(
    *,
    out: Annotated[Path, typer.Option(help="A new folder for the files.", metavar="DIR")],
    students: Annotated[int, typer.Option(help="How many students.", min=1)] = 2_000,
    accounts: Annotated[int, typer.Option(help="How many accounts.", min=1)] = 8_000,
    sis: Annotated[Sis, typer.Option(help="In whose layout the students are written.")] = Sis.BANNER,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
) -> None:
    """Write synthetic inputs, the truth about them, and a plan.

    Students in the layout of an SIS, accounts, applications and a fraud list,
    and for each row who it is and which errors were made in it.

    Example: `reconcile sample --students 500 --accounts 2000 --out practice`
    """
    from reconcile.sample import generate  # noqa: PLC0415 - `--help` stays quick

    with Steps() as steps:
        files = generate(
            out=out, students=students, accounts=accounts, sis=sis.value, seed=seed, progress=steps
        )
    typer.echo(f"Wrote {students:,} students and {accounts:,} accounts to {files.folder}")
    typer.echo(f"Next: reconcile run {files.plan}")


@app.command()
def quality(
    folder: Annotated[Path, typer.Argument(help="A folder that `reconcile sample` wrote.", metavar="DIR")],
) -> None:
    """Measure precision and recall of each status on a sample.

    Example: `reconcile sample --seed 99 --out unseen`, then
    `reconcile quality unseen`
    """
    from reconcile.flow.quality import quality as measure  # noqa: PLC0415 - `--help` stays quick

    with Steps() as steps:
        measured = measure(folder, progress=steps)
    show_table(measured.frame)
    typer.echo(
        f"{measured.wrong_links:,} of {measured.recovered:,} CCCIDs to write back are another person's."
    )


app.command()(inspect.inspect)
app.command()(draft_map)
app.command()(validate.validate)
app.command()(compare)
app.command()(dictionary.dictionary)
app.command()(notebook)


@app.command()
def lab(
    workspace: Annotated[Path, typer.Argument(help="The folder to work in.")] = Path("workspace"),
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
) -> None:
    """Copy the notebooks to a workspace and open JupyterLab.

    It opens with a page to start from, which says what each notebook answers.
    Without a plan they work on sample data. A notebook that you have changed
    is never overwritten: a newer one is laid beside it. JupyterLab listens on
    this machine only and asks the internet for nothing.

    Example: `reconcile lab fall-2026`
    """
    from reconcile.flow.lab import lab as open_lab  # noqa: PLC0415 - `--help` stays quick

    opened = open_lab(workspace, dry_run=dry_run, say=typer.echo)
    raise typer.Exit(opened.exit_code)
