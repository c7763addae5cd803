"""Commands about accounts made on students' behalf: their credentials, and how they become the students'."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.progress import Steps
from reconcile.cli.stores import Demo, DryRun, Url, Where, change, open_registry, options, plan_of
from reconcile.cli.tables import show_table
from reconcile.errors import AccountError, InputError, OutputError

if TYPE_CHECKING:
    from reconcile.plan import Plan

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Hold accounts until students take them over.",
)

Number = Annotated[str, typer.Argument(help="The account's CCCID.", metavar="CCCID")]
By = Annotated[str, typer.Option(help="Who does it.")]
Value = Annotated[
    str | None, typer.Option(help="The new one, or - to be asked; an empty text removes it.", metavar="TEXT")
]


@app.command("request-template")
def request_template(
    out: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")] = Path("requests.csv"),
) -> None:
    """Write an empty table of requests.

    `reconcile batch new` takes it once it is filled in. Beside the fields of
    an account it asks for the use case, why the student
    cannot do it, how their identity was verified, who attests on what
    authority, and of a child under 13 for the guardian's consent.

    Example: `reconcile account request-template requests.csv`
    """
    from reconcile.files import write_private  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.asked import template  # noqa: PLC0415

    if out.exists():
        raise OutputError(f"{out} exists already and is not overwritten. Name another file.")
    write_private(out, template())
    typer.echo(f"Wrote {out}. Fill it in, one row a student, then: reconcile batch new {out}")


@app.command()
def credentials(
    batch: Annotated[str, typer.Argument(help="A minted batch.", metavar="BATCH")],
    *,
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE")],
    by: By,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this account; may be given again.", metavar="CCCID")
    ] = None,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Encrypt the file to a passphrase that is asked for.")
    ] = False,
    days: Annotated[int, typer.Option(help="How long the secrets work.", min=1, max=365)] = 30,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Make a temporary secret for each account of a batch.

    The file shows them once; kept are only their hashes. Secrets of before
    stop working. An account that its student took over gets none.

    Example: `reconcile account credentials BATCH --plan fall.toml --by "..." --out credentials.csv`

    Encrypted, as age does: `--encrypt --out credentials.csv.age`
    """
    from reconcile.mint.credentials import write_credentials  # noqa: PLC0415 - `--help` stays quick

    passphrase = _secret("Passphrase of the file", twice=True) if encrypt else None
    kept = (AccountError,)
    with Steps() as steps, change(plan, registry, demo=demo, dry_run=dry_run, expected=kept) as store:
        made = write_credentials(
            store, batch, out, by=by, only=only or (), passphrase=passphrase,
            valid_for=timedelta(days=days), progress=steps,
        )  # fmt: skip
    typer.echo(f"Secrets made: {made.written:,}, valid until {made.expires[:10]}, in {out}")
    if made.claimed:
        typer.echo(f"Claimed by their students, so without: {made.claimed:,}")
    if made.unopened:
        typer.echo(
            f"Without an account, since another one has their e-mail address: {made.unopened:,}. Void the "
            "numbers, and ask again with addresses of their own."
        )
    _next(f'delivered --batch {batch} {options(plan, registry, demo=demo)} --to "..." --how in_person '
          '--by "..."', wanted=not dry_run)  # fmt: skip


@app.command("open")
def open_file(
    file: Annotated[Path, typer.Argument(help="The encrypted file.", metavar="FILE")],
) -> None:
    """Show an encrypted file of credentials.

    Its passphrase is asked for.

    Example: `reconcile account open credentials.csv.age`
    """
    from reconcile.mint.credentials import read_credentials  # noqa: PLC0415 - `--help` stays quick

    typer.echo(read_credentials(file, _secret("Passphrase of the file")), nl=False)


@app.command()
def delivered(
    numbers: Annotated[list[str] | None, typer.Argument(help="CCCIDs.", metavar="CCCID")] = None,
    *,
    to: Annotated[str, typer.Option(help="Who took them: the student, or who passes them on.")],
    how: Annotated[str, typer.Option(help="in_person, sealed_letter, phone or institution.")],
    by: By,
    batch: Annotated[
        str | None, typer.Option(help="All of this batch that have a secret.", metavar="BATCH")
    ] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Record that credentials were handed over.

    To whom, in which way, by whom; the day is today.

    Example: `reconcile account delivered ABC1234 --plan fall.toml --to "the
    student" --how in_person --by "..."`
    """
    from reconcile.mint.credentials import Way, deliver_credentials, to_deliver  # noqa: PLC0415

    if how not in list(Way):
        raise InputError(f'--how "{how}" is unknown. Known: {", ".join(Way)}.')
    if (batch is None) == (not numbers):
        raise InputError("Name either CCCIDs or --batch BATCH.")
    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(AccountError,)) as store:
        wanted = to_deliver(store, batch) if batch is not None else numbers or []
        count = deliver_credentials(store, wanted, to=to, how=Way(how), by=by)
    typer.echo(f"Recorded as delivered: {count:,}")


@app.command()
def reclaim(
    number: Number,
    *,
    email: Annotated[
        str, typer.Option(help="The student's own address, or - to be asked for it.", metavar="ADDRESS")
    ],
    outbox: Annotated[
        Path | None,
        typer.Option(help="Where the message is laid; a folder in the plan's workspace when not given."),
    ] = None,
    sender: Annotated[
        str | None, typer.Option(help="Who it is from; the plan's mailbox when not given.", metavar="ADDRESS")
    ] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Begin to take an account over.

    The temporary secret is asked for. A message with a code for the new address is
    laid into the outbox, for the college's mailer: nothing here sends mail.
    The code is valid for 15 minutes. After five failures an account is
    locked for 15 minutes, then for twice as long, and so on. With `--email -`
    the address is asked for too, and stays out of the shell's history.

    Example: `reconcile account reclaim ABC1234 --plan fall.toml --email -`
    """
    from reconcile.flow.reclaim import OUTBOX, addresses_of, begin_reclaim  # noqa: PLC0415
    from reconcile.flow.run import mark_as_ours  # noqa: PLC0415

    known = plan_of(plan)
    place = outbox or (known.workspace / OUTBOX if known is not None else None)
    mailbox = sender or _mailbox(known)
    if place is None or mailbox is None:
        raise InputError("Name the outbox and who the message is from: --outbox DIR --sender ADDRESS.")
    if outbox is None and known is not None and not dry_run:
        mark_as_ours(known)  # else the first run would take the outbox for somebody else's folder
    address = _typed("E-mail address of your own", email)
    secret = _secret("Temporary secret")
    taken = addresses_of(known) if known is not None else frozenset()
    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(AccountError,)) as store:
        ends = begin_reclaim(store, number, secret, address, outbox=place, sender=mailbox, taken=taken)
    typer.echo(f"A code for the new address lies in {place}, valid until {ends.astimezone():%H:%M}.")
    _next(f"confirm {number} {options(plan, registry, demo=demo)} --accept-terms", wanted=not dry_run)


@app.command()
def confirm(
    number: Number,
    *,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="The student agrees to the terms of use.")
    ] = False,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Take an account over, with code and password.

    Both are asked for; the password is the student's own. Where a database
    keeps the roles, the temporary secret is asked for again. From then on
    the account is the student's: nobody on the staff can make credentials
    for it or release it.

    Example: `reconcile account confirm ABC1234 --plan fall.toml --accept-terms`
    """
    from reconcile.mint.claim import asks_again  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.claim import confirm as take_over  # noqa: PLC0415

    if not accept_terms:  # before anybody types a password
        raise InputError("You must agree to the Terms of Use: --accept-terms. Nothing was changed.")
    with open_registry(plan, registry, demo=demo) as store:
        again = asks_again(store)
    secret = _secret("Temporary secret") if again else ""
    code = _secret("Code from the message")
    password = _secret("New password, 12 characters or more", twice=True)
    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(AccountError,)) as store:
        take_over(store, number, code, password, accepted_terms=accept_terms, secret=secret)
    typer.echo(f"The account of {number} is its student's.")


@app.command()
def edit(
    number: Number,
    *,
    first_name: Value = None,
    middle_name: Value = None,
    last_name: Value = None,
    suffix: Value = None,
    birthdate: Annotated[
        str | None, typer.Option(help="The new one, or - to be asked.", metavar="YYYY-MM-DD")
    ] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Change legal name or birthdate, never both at once.

    The password is asked for; a value too where - stands in its place, which
    keeps it out of the shell's history.

    Example: `reconcile account edit ABC1234 --plan fall.toml --last-name -`
    """
    from reconcile.mint.edit import edit as change_account  # noqa: PLC0415 - `--help` stays quick

    given = {"first_name": first_name, "middle_name": middle_name, "last_name": last_name}
    given |= {"suffix": suffix, "birthdate": birthdate}
    changes = {name: _typed(name, value) for name, value in given.items() if value is not None}
    if not changes:
        raise InputError("Nothing to change was named. Name a new value, such as --last-name.")
    password = _secret("Password")
    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(AccountError,)) as store:
        changed = change_account(store, number, password, changes=changes)
    typer.echo(f"Changed: {', '.join(name.replace('_', ' ') for name in changed)}.")


@app.command()
def release(
    number: Number,
    *,
    by: By,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Open a locked account, before it is claimed.

    Example: `reconcile account release ABC1234 --plan fall.toml --by "..." --reason "..."`
    """
    from reconcile.mint.claim import release as open_again  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run, expected=(AccountError,)) as store:
        open_again(store, number, by=by, reason=reason)
    typer.echo(f"The account of {number} is open again.")


@app.command()
def unclaimed(*, plan: Where = None, registry: Url = None, demo: Demo = False) -> None:
    """List the accounts that nobody took over yet.

    The oldest come first. Accounts that OpenCCC made are compared with the plan's snapshot: one
    that has another address than the college's mailbox was claimed.

    Example: `reconcile account unclaimed --plan fall.toml`
    """
    from reconcile.flow.unclaimed import follow  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        followed = follow(store, plan=plan_of(plan))
    if followed.unclaimed.height:
        show_table(followed.unclaimed)
    typer.echo(f"Unclaimed: {followed.unclaimed.height:,} of {followed.frame.height:,}")
    if not followed.compared:
        typer.echo("Accounts at OpenCCC are followed with --plan, by its snapshot.")


@app.command()
def show(number: Number, *, plan: Where = None, registry: Url = None, demo: Demo = False) -> None:
    """Show where an account stands.

    And what became of its credentials. Neither name nor address are shown.

    Example: `reconcile account show ABC1234 --plan fall.toml`
    """
    from reconcile.mint.accounts import look_at  # noqa: PLC0415 - `--help` stays quick
    from reconcile.show import minute  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        seen = look_at(store, number)
    for name, value in seen.facts.items():
        typer.echo(f"{name:13} {value}")
    for one in seen.credentials.iter_rows(named=True):
        typer.echo(f"{'secret':13} {_told(one)}")
    show_table(seen.history.select(minute("at").alias("at (UTC)"), "step", "by", "why"))


def _told(secret: dict[str, str | None]) -> str:
    """Say in a line what became of a secret."""
    day = {name: (secret[name] or "")[:10] for name in ("made_at", "expires", "delivered_at")}
    text = f"{secret['state']}, made {day['made_at']} by {secret['made_by']}, until {day['expires']}"
    if not day["delivered_at"]:
        return f"{text}, not delivered"
    how = f"{secret['delivered_how']} to {secret['delivered_to']} by {secret['delivered_by']}"
    return f"{text}, delivered {day['delivered_at']} {how}"


def _secret(what: str, *, twice: bool = False) -> str:
    """Ask for what must stand in no argument and no file: at the terminal unseen, else as a line of stdin."""
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, confirmation_prompt=twice, err=True))
    line = sys.stdin.readline()
    if not line.strip("\r\n"):
        raise InputError(
            f"{what}: nothing was given. Type it at the terminal, or give it as a line of stdin."
        )
    return line.rstrip("\r\n")


def _typed(what: str, value: str) -> str:
    """Ask for a value in whose place - stands: what is part of a command stays in the shell's history."""
    if value != "-":
        return value
    if sys.stdin.isatty():
        return str(
            typer.prompt(what.replace("_", " ").capitalize(), default="", show_default=False, err=True)
        )
    return sys.stdin.readline().strip()


def _mailbox(known: Plan | None) -> str | None:
    return known.mint.mailbox if known is not None else None


def _next(step: str, /, *, wanted: bool) -> None:
    if wanted:
        typer.echo(f"\nNext:\n  reconcile account {step}")
