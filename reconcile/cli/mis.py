"""Commands that prepare what is reported to MIS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prepare SB34 for MIS.")


@app.command()
def worksheet(
    plan: Annotated[Path, typer.Argument(help="The plan, with a section [mis].", metavar="PLAN.toml")],
    *,
    out: Annotated[Path | None, typer.Option(help="A new folder.", metavar="DIR")] = None,
    layout: Annotated[
        Path | None, typer.Option(help="Of records of fixed width, completed by you.", metavar="FILE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
) -> None:
    """Make the SB34 worksheet of a plan's last run.

    One row a college, term and student, keyed by SIS id; what of earlier
    submissions is to be corrected; and a page to check before anything is
    submitted. Exit code 1 where a check failed.

    Example: `reconcile mis worksheet fall.toml --out mis-fall`
    """
    from reconcile.cli.tables import show_table  # noqa: PLC0415 - `--help` stays quick
    from reconcile.errors import GateClosed, InputError  # noqa: PLC0415
    from reconcile.flow.mis import OUTPUTS, prepare_mis, write_mis  # noqa: PLC0415
    from reconcile.plan import Plan  # noqa: PLC0415

    if out is None and not dry_run:
        raise InputError("Name a new folder with --out, or look first with --dry-run.")
    known = Plan.read(plan, files=False)
    made = prepare_mis(known) if out is None or dry_run else write_mis(known, out, layout=layout)
    show_table(made.checks)
    show_table(made.rows)
    show_table(made.shares)
    typer.echo(f"Corrections of earlier submissions  {made.corrections.height:,}")
    if out is not None and not dry_run:
        for name, what in OUTPUTS.items():
            if (out / name).is_file():
                typer.echo(f"{out / name}  {what}")
    if not made.passed:
        raise typer.Exit(GateClosed.exit_code)


@app.command()
def layout(
    out: Annotated[Path, typer.Option(help="Where to write it; an existing file is kept.")] = Path(
        "sb-layout.toml"
    ),
) -> None:
    """Write a layout of records to complete.

    The positions of MIS records are not public to us: the file is empty on
    purpose, and a worksheet is written as records only by a completed one.

    Example: `reconcile mis layout --out sb-layout.toml`
    """
    from reconcile.errors import OutputError  # noqa: PLC0415 - `--help` stays quick
    from reconcile.files import write_private  # noqa: PLC0415
    from reconcile.report.record import TEMPLATE  # noqa: PLC0415

    if out.exists():
        raise OutputError(f"{out} exists already and is not overwritten. Name another file.")
    write_private(out, TEMPLATE)
    typer.echo(f"Wrote {out}. Complete it, then: reconcile mis worksheet PLAN --out DIR --layout {out}")
