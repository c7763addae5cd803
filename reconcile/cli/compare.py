"""The command that compares two snapshots of accounts."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - typer looks at it
from pathlib import Path  # noqa: TC003 - as above
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.progress import Steps
from reconcile.cli.tables import show_table
from reconcile.cli.validate import require_free
from reconcile.errors import InputError
from reconcile.plan import Plan, Scope
from reconcile.words import counted

if TYPE_CHECKING:
    from reconcile.read import ReadResult


def compare(
    earlier: Annotated[
        Path | None, typer.Argument(help="The earlier snapshot; by default the plan's.", metavar="EARLIER")
    ] = None,
    later: Annotated[
        Path | None, typer.Argument(help="The later one; by default the plan's.", metavar="LATER")
    ] = None,
    *,
    scope: Annotated[
        Scope | None, typer.Option(help="Whose accounts the snapshots hold; by default the plan's.")
    ] = None,
    earlier_scope: Annotated[
        Scope | None, typer.Option(help="Of the earlier one, where it is another.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(help="The day of the later one.", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD"),
    ] = None,
    earlier_as_of: Annotated[
        datetime | None,
        typer.Option(help="The day of the earlier one.", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD"),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            help="Read both with this layout, or a file of `reconcile map`; not for Parquet.", metavar="NAME"
        ),
    ] = "openccc",
    page: Annotated[Path | None, typer.Option(help="Write an HTML page of it.", metavar="FILE")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the accounts to look at as CSV or XLSX.", metavar="FILE")
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            help="Whose scope and rules count, and whose registry records page and table.", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Compare two snapshots of OpenCCC accounts.

    Counts accounts that are new, changed or gone, and lists those on which a
    person has to look: moved to another person, name and birthdate changed
    together, e-mails that changed after they had been verified. No names,
    birthdates or addresses are written; accounts stand by CCCID.

    Example: `reconcile compare may.csv june.csv --scope systemwide --page changes.html`

    Those that a plan names: `reconcile compare --plan fall.toml --out changes.csv`
    """
    from reconcile.flow.snapshots import compare_snapshots, snapshots_of, write_changes  # noqa: PLC0415 - as in `validate`

    known = Plan.read(plan, files=earlier is None) if plan is not None else None
    if (earlier is None) != (later is None):
        raise InputError("One snapshot is named. Name the earlier one, then the later one.")
    holds = scope or (known.accounts.scope if known else None)
    if holds is None:
        raise InputError(
            "Say whose accounts the snapshots hold: --scope systemwide, district or own_applications. From a "
            "part of all accounts one may be missing although it exists."
        )
    require_free((page, out), inputs=(earlier, later))
    day = as_of.date() if as_of else None
    with Steps() as steps:
        if earlier is not None and later is not None:
            pair: tuple[Path, Path] | tuple[ReadResult, ReadResult] = (earlier, later)
        elif known is not None:
            pair, day = snapshots_of(known, progress=steps), day or known.accounts.as_of
        else:
            raise InputError("Name the earlier and the later snapshot, or with --plan a plan that does.")
        made = compare_snapshots(
            *pair,
            scope=holds,
            earlier_scope=earlier_scope,
            as_of=day,
            earlier_as_of=earlier_as_of.date() if earlier_as_of else None,
            layout=layout,
            policy=known.policy if known else None,
            progress=steps,
        )
        write_changes(made, page=page, out=out, plan=known)
    show_table(made.counts)
    show_table(made.to_look_at.sheet.frame)
    for note in made.notes:
        typer.echo(f"Note   {note}")
    typer.echo(f"For a person to look at  {counted(made.for_a_person.height, 'account')}")
    for what, place in (("Page", page), ("Table", out)):
        if place is not None:
            typer.echo(f"{what:6} {place}")
