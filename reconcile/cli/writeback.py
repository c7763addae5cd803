"""The command that brings numbers back to the SIS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconcile.cli.stores import DryRun, change
from reconcile.cli.tables import show_table
from reconcile.errors import InputError


def writeback(
    *,
    plan: Annotated[Path, typer.Option(help="The plan whose extract and latest run count.", metavar="FILE")],
    out: Annotated[Path | None, typer.Option(help="The load file to write.", metavar="FILE")] = None,
    by: Annotated[str | None, typer.Option(help="Who writes back.")] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            help="banner, colleague, peoplesoft or your own; by default the plan's.", metavar="NAME|FILE.toml"
        ),
    ] = None,
    difference: Annotated[
        Path | None,
        typer.Option(
            help="The difference, old beside new, for people: XLSX or CSV.",
            show_default="beside the load file",
            metavar="FILE",
        ),
    ] = None,
    purpose: Annotated[str, typer.Option(help="What for; kept with the record of it.")] = "",
    copy_shape: Annotated[
        Path | None,
        typer.Option(help="Write the shape to this file for you to edit, and stop.", metavar="FILE"),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Write the numbers that the SIS lacks as its load file.

    Numbers of the registry are held against the plan's extract: what the SIS
    lacks is added. Another number in it is replaced only where a person
    decided so; all else is left alone and listed with its reason. Each row
    has the old and the new value in the difference. --dry-run shows how many
    and the first rows, masked, and writes nothing.

    Example: `reconcile writeback --plan fall.toml --out load.csv --by "..."`

    A shape of your own: `reconcile writeback --plan fall.toml --copy-shape our.toml`,
    then `--shape our.toml`
    """
    from reconcile.flow.writeback import copy_of_shape, prepare, write_back  # noqa: PLC0415 - `--help` stays quick
    from reconcile.plan import Plan  # noqa: PLC0415

    known = Plan.read(plan)
    if copy_shape is not None:
        copy_of_shape(known, copy_shape, shape=shape)
        typer.echo(f"Wrote {copy_shape}. Put your names in, then add: --shape {copy_shape}")
        return
    if not dry_run and (out is None or by is None):
        raise InputError(
            "Name the load file with --out and who writes it with --by, or look first: --dry-run."
        )
    place = out or Path("load.csv")
    beside = difference or place.with_name(f"{place.stem}-difference.xlsx")
    with change(plan, None, demo=False, dry_run=dry_run) as store:
        made = prepare(known, store, shape=shape)
        show_table(made.counts)
        if made.absent:
            typer.echo(f"Numbers of students whom the extract lacks: {made.absent:,}; they wait.")
        if dry_run:
            show_table(made.first)
            return
        rows = write_back(made, store, place, beside, by=by or "", purpose=purpose)
    if not rows:
        typer.echo("The SIS lacks nothing that may be loaded; no file was written.")
        return
    typer.echo(f"To load     {place}: {rows:,} rows ({made.shape.title})")
    typer.echo(f"Difference  {beside}")
    typer.echo(
        "\nWhen it is loaded, take a new extract and run the plan again: what waited is confirmed then."
    )
