"""Commands about plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_TITLES = {"accounts.previous": "before that"}

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write and check plans.")


@app.command()
def new(
    path: Annotated[Path, typer.Argument(help="Where to write it; an existing file is kept.")] = Path(
        "plan.toml"
    ),
) -> None:
    """Write a commented plan to edit.

    Example: `reconcile plan new fall.toml`
    """
    from reconcile.errors import OutputError  # noqa: PLC0415 - `--help` stays quick
    from reconcile.files import write_private  # noqa: PLC0415
    from reconcile.plan import Plan  # noqa: PLC0415

    if path.exists():
        raise OutputError(f"{path} exists already and is not overwritten. Name another file.")
    write_private(path, Plan.template())
    typer.echo(f"Wrote {path}. Fill in what is empty, then: reconcile run {path}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="The plan.", metavar="PLAN.toml")],
) -> None:
    """Name everything that is wrong with a plan, without running it.

    Example: `reconcile plan check fall.toml`
    """
    from reconcile.flow.queries import require_askable  # noqa: PLC0415 - `--help` stays quick
    from reconcile.plan import Plan  # noqa: PLC0415
    from reconcile.validate import require_usable  # noqa: PLC0415

    plan = Plan.read(path)
    require_usable(plan.policy)
    require_askable(plan)
    typer.echo(f"{path} can be used.")
    typer.echo(f"{'Population':12} {plan.population}")
    typer.echo(f"{'Issuer':12} {plan.issuer.kind}")
    if plan.mint.mailbox and plan.mint.mailbox_verified_on is None:
        name, _, domain = plan.mint.mailbox.partition("@")
        typer.echo(
            f"{'Mailbox':12} Nobody has said that it takes plus addresses. Send a message to "
            f"{name}+test@{domain}, see it arrive, and write the day as mailbox_verified_on under [mint]."
        )
    for name, given in plan.read_in_all.items():
        typer.echo(f"{_TITLES.get(name, name).capitalize():12} {given}")
