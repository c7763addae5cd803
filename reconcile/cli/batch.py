"""Commands about batches: what the second person types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.tables import show_batch
from reconcile.errors import InputError

if TYPE_CHECKING:
    from reconcile.registry import Registry

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look at a batch, approve or reject it, carry it out."
)

Batch = Annotated[str, typer.Argument(help="The batch's id, as `run` printed it.", metavar="BATCH")]
Where = Annotated[
    Path | None,
    typer.Option("--plan", help="The plan that the batch comes from; it names the registry.", metavar="FILE"),
]
Url = Annotated[
    str | None,
    typer.Option("--registry", help="The registry itself: a file or a postgresql:// URL.", metavar="URL"),
]
Demo = Annotated[bool, typer.Option("--demo", help="With --registry: it is the registry of a demo.")]


def open_registry(plan: Path | None, url: str | None, *, demo: bool) -> Registry:
    """Open the registry that a plan names, or that is named itself."""
    from reconcile.plan import Issuer, Plan  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry import Registry  # noqa: PLC0415

    if (plan is None) == (url is None):
        raise InputError("Name the batch's registry: either --plan PLAN.toml or --registry URL.")
    if plan is not None:
        read = Plan.read(plan, files=False)
        return Registry.open(read.registry, demo=read.issuer.kind is Issuer.DEMO, create=False)
    return Registry.open(url or "", demo=demo, create=False)


def _rules(plan: Path | None) -> str:
    """Hash the rules in force: the plan's own, or without a plan the ones that are shipped."""
    from reconcile.plan import Plan  # noqa: PLC0415 - `--help` stays quick
    from reconcile.validate import suite_hash  # noqa: PLC0415

    policy = Plan.read(plan, files=False).policy if plan is not None else None
    return suite_hash("mint_request", policy=policy)


def _options(plan: Path | None, url: str | None, *, demo: bool) -> str:
    if plan is not None:
        return f'--plan "{plan}"'
    place = "URL" if "://" in (url or "") else f'"{url}"'  # a URL may hold a password
    return f"--registry {place}" + (" --demo" if demo else "")


@app.command()
def show(batch: Batch, *, plan: Where = None, registry: Url = None, demo: Demo = False) -> None:
    """Show what a batch asks for and where it stands.

    Example: `reconcile batch show BATCH --plan fall.toml`
    """
    from reconcile.mint.batch import look_up  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        show_batch(look_up(store, batch))


@app.command()
def approve(
    batch: Batch,
    *,
    approver: Annotated[str, typer.Option(help="Who approves: another person than the proposer.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
) -> None:
    """Approve exactly the rows that a batch was submitted with.

    Look at the audit first. The approval is void as soon as a row or a rule
    of the dictionary changes.

    Example: `reconcile batch approve BATCH --plan fall.toml --approver "..."`
    """
    from reconcile.mint.batch import approve as confirm  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        approved = confirm(store, batch, approver=approver, suite_hash=_rules(plan))
        show_batch(approved)
    place = f"{batch} {_options(plan, registry, demo=demo)}"
    step = (
        f'handover {place} --by "..." --out upload.csv' if approved.issuer == "openccc" else f"mint {place}"
    )
    typer.echo(f"\nNext:\n  reconcile batch {step}")


@app.command()
def reject(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who rejects.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
) -> None:
    """Reject a batch: nothing of it is created.

    Its rows may be proposed again.

    Example: `reconcile batch reject BATCH --plan fall.toml --by "..." --reason "..."`
    """
    from reconcile.mint.batch import reject as refuse  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        show_batch(refuse(store, batch, by=by, reason=reason))


@app.command()
def withdraw(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who withdraws.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")],
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
) -> None:
    """Take back a batch that nothing was issued for.

    Its rows may be proposed again.

    Example: `reconcile batch withdraw BATCH --plan fall.toml --by "..." --reason "..."`
    """
    from reconcile.mint.batch import withdraw as take_back  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        show_batch(take_back(store, batch, by=by, reason=reason))


@app.command()
def mint(batch: Batch, *, plan: Where = None, registry: Url = None, demo: Demo = False) -> None:
    """Give every row of an approved batch its CCCID, exactly once.

    A student who has a number keeps it, however often this is run. The next
    `reconcile run` lists the numbers in its crosswalk.csv.

    Example: `reconcile batch mint BATCH --plan fall.toml`
    """
    from reconcile.mint.batch import look_up  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.batch import mint as issue  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        issued = issue(batch, registry=store, suite_hash=_rules(plan))
        show_batch(look_up(store, batch))
    typer.echo(f"Students with a number from this batch: {issued.frame.height:,}")
    if issued.skipped.height:
        typer.echo(f"Numbers passed over because they had been seen in use: {issued.skipped.height:,}")
    typer.echo(
        "The next `reconcile run` of the plan lists them in its crosswalk.csv, to be loaded into the SIS."
    )


@app.command()
def handover(
    batch: Batch,
    *,
    by: Annotated[str, typer.Option(help="Who hands the file over.")],
    out: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE")],
    plan: Where = None,
    registry: Url = None,
) -> None:
    """Write an approved batch as OpenCCC's upload file.

    For plans whose numbers OpenCCC issues. The file holds names and
    birthdates: it is readable by you alone. Its columns are a starting
    point, since the official template is not public.

    Example: `reconcile batch handover BATCH --plan fall.toml --by "..." --out upload.csv`
    """
    from reconcile.mint.batch import look_up  # noqa: PLC0415 - `--help` stays quick
    from reconcile.mint.handover import hand_over  # noqa: PLC0415

    with open_registry(plan, registry, demo=False) as store:
        rows = hand_over(store, batch, out, by=by, suite_hash=_rules(plan))
        show_batch(look_up(store, batch))
    typer.echo(f"Accounts to create in {out}: {rows:,}")
