"""Commands about roles: who asks for one, who grants it, and who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.stores import Demo, DryRun, Url, Where, change, open_registry, options
from reconcile.cli.tables import show_table
from reconcile.errors import InputError

if TYPE_CHECKING:
    from reconcile.registry.access import Asked

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Ask for a role, grant and withdraw it.",
)

Administrator = Annotated[str, typer.Option(help="The district administrator who does it.")]
Name = Annotated[str, typer.Argument(help="Whose, as they write themselves.", metavar="NAME")]
Called = Annotated[
    str, typer.Argument(help="requester, approver, reviewer, administrator or kiosk.", metavar="ROLE")
]


@app.command()
def request(
    name: Name,
    role: Called,
    *,
    title: Annotated[str, typer.Option(help="Their title.")],
    supervisor: Annotated[str, typer.Option(help="Their vice president's, director's or supervisor's name.")],
    email: Annotated[str, typer.Option(help="Their .edu e-mail address.")],
    college: Annotated[str, typer.Option(help='The MIS code of the college, or "district".')],
    reason: Annotated[str, typer.Option(help="What they need it for.")],
    login: Annotated[
        str,
        typer.Option(help="Their login to the database, or to this machine where the registry is a file."),
    ] = "",
    by: Annotated[str | None, typer.Option(help="Who enters it, if not they themselves.")] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Enter an access request; an administrator grants it, or does not.

    Requesters propose batches and carry them out, approvers approve what
    somebody else proposed, reviewers decide pairs without seeing birthdates,
    administrators grant roles. A kiosk is no person but the database login
    of a machine at which students take accounts over.

    Example: `reconcile role request "..." reviewer --title Clerk --supervisor "..."
    --email name@college.edu --college 021 --reason "fall duplicates" --plan fall.toml`
    """
    from reconcile.registry.access import Asked, ask  # noqa: PLC0415 - `--help` stays quick

    asked = Asked(name, title, supervisor, email, college, role, reason, login or None)
    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        number = ask(store, asked, by=by)
    typer.echo(f"Access request {number}: {_told(asked)}")
    if not dry_run:
        place = options(plan, registry, demo=demo)
        typer.echo(f'\nNext, an administrator:\n  reconcile role grant {number} {place} --by "..."')


@app.command()
def grant(
    number: Annotated[int, typer.Argument(help="Of the access request.", metavar="REQUEST")],
    *,
    by: Administrator,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Grant what an access request asks for.

    Nobody grants themselves a role. On PostgreSQL the login gets its rights
    to the database in the same step.

    Example: `reconcile role grant 12 --plan fall.toml --by "..."`
    """
    from reconcile.registry.access import grant as give  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        asked = give(store, number, by=by)
    typer.echo(f"Granted: {_told(asked)}")


@app.command()
def withdraw(
    name: Name,
    role: Called,
    *,
    by: Administrator,
    reason: Annotated[str, typer.Option(help="Why; kept in the registry.")],
    college: Annotated[str | None, typer.Option(help="For this college only.", metavar="CODE")] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Withdraw a role: the next step that needs it is refused.

    Example: `reconcile role withdraw "..." approver --plan fall.toml --by "..." --reason "left"`
    """
    from reconcile.registry.access import withdraw as take_back  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        ended = take_back(store, name, role, by=by, reason=reason, college=college)
    typer.echo(f"{name} is {role} no more{f' for {college}' if college else ''}: {ended:,} grants ended.")


@app.command(name="list")
def list_(*, plan: Where = None, registry: Url = None, demo: Demo = False) -> None:
    """List who has which role, and the access requests that wait.

    Example: `reconcile role list --plan fall.toml`
    """
    from reconcile.registry.access import holders, waiting  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry.grants import kept  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        typer.echo(kept(store).sentence)
        held, asked = holders(store), waiting(store)
    if held.height:
        show_table(held)
    if asked.height:
        typer.echo("Access requests that nobody granted:")
        show_table(asked)


@app.command()
def show(
    whom: Annotated[
        str, typer.Argument(help="A person's name, or the number of an access request.", metavar="WHOM")
    ],
    *,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
) -> None:
    """Show what a person was granted and lost, or an access request whole.

    Example: `reconcile role show 12 --plan fall.toml`
    """
    from reconcile.registry.access import history, look_up  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        if whom.isdecimal():
            for name, value in look_up(store, int(whom))._asdict().items():
                typer.echo(f"{name:11}{value or ''}")
            return
        told = history(store, whom)
    if told.is_empty():
        raise InputError("Nobody of that name was ever granted a role. `reconcile role list` names who was.")
    show_table(told)


def grants(*, plan: Where = None, registry: Url = None, demo: Demo = False, dry_run: DryRun = False) -> None:
    """Let the PostgreSQL database keep the roles itself, against any SQL.

    Run by the registry's owner, with the right to create roles: after the
    first administrator was named, and after each upgrade. With --dry-run
    the statements are printed and none is run.

    Example: `reconcile registry grants --plan fall.toml --dry-run`
    """
    from reconcile.registry.grants import apply, kept  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry.grants import plan as write  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        if dry_run:
            typer.echo(";\n\n".join(write(store)) + ";")
            return
        made = apply(store)
        typer.echo(f"{store.name}: {made:,} statements. {kept(store).sentence}")


def _told(asked: Asked) -> str:
    place = "the district" if asked.college == "district" else f"college {asked.college}"
    return f"{asked.person} as {asked.role} for {place}" + (f", login {asked.login}" if asked.login else "")
