"""The command that removes what a plan no longer wants kept."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import Annotated

import typer

from reconcile.cli.stores import DryRun, change, plan_of
from reconcile.cli.tables import show_table
from reconcile.errors import InputError


def purge(
    *,
    plan: Annotated[Path, typer.Option(help="The plan whose [retention] counts.", metavar="FILE")],
    by: Annotated[str | None, typer.Option(help="Who purges.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Remove what a plan's retention no longer allows.

    Credentials first, then drafts and warehouses, work lists, upload and load
    files, and runs; never the registry, never the latest run. Only files that
    are known to be ours and unchanged go, and the registry notes how many of
    what. --dry-run lists them and removes nothing.

    Example: `reconcile purge --plan fall.toml --dry-run`, then
    `reconcile purge --plan fall.toml --by "..."`
    """
    from reconcile.flow.purge import look  # noqa: PLC0415 - `--help` stays quick
    from reconcile.flow.purge import purge as remove  # noqa: PLC0415

    known = plan_of(plan)
    assert known is not None  # noqa: S101 - a plan is named
    if not dry_run and by is None:
        raise InputError("Say who purges with --by, or look first: --dry-run.")
    with change(plan, None, demo=False, dry_run=dry_run) as store:
        done = look(known, store) if dry_run else remove(known, store, by=by or "")
    for kept, table in ((False, done.frame), (True, done.kept)):
        if table.height:
            typer.echo(
                "Old enough, and left alone:" if kept else f"{'Would remove' if dry_run else 'Removed'}:"
            )
            show_table(table)
    if done.frame.is_empty():
        typer.echo("Nothing is older than the plan wants it kept.")
