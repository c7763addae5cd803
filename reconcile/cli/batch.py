"""Commands about batches: what the approver types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.tables import show_batch

if TYPE_CHECKING:
    from reconcile.registry import Registry

app = typer.Typer(no_args_is_help=True, help="Look at a batch, approve or reject it, and carry it out.")

Batch = Annotated[str, typer.Argument(help="The batch's id, as `run` printed it.", metavar="BATCH")]
Url = Annotated[
    str,
    typer.Option(
        "--registry", help="The registry: a file, or a postgresql:// URL.", envvar="RECONCILE_REGISTRY"
    ),
]


def _open(url: str) -> Registry:
    from reconcile.registry import Registry  # noqa: PLC0415 - `--help` stays quick

    return Registry.open(url, demo=None, create=False)


@app.command()
def show(batch: Batch, *, registry: Url) -> None:
    """Show what a batch asks for and where it stands.

    Example: [bold]reconcile batch show B0001 --registry registry.sqlite[/bold]
    """
    from reconcile.mint.batch import summarize  # noqa: PLC0415 - `--help` stays quick

    with _open(registry) as store:
        show_batch(summarize(store, batch))


@app.command()
def approve(
    batch: Batch,
    *,
    registry: Url,
    approver: Annotated[str, typer.Option(help="Who approves: another person than the proposer.")],
) -> None:
    """Approve exactly the rows that a batch was submitted with.

    The approval is void as soon as a row, the dictionary or the registry changes.

    Example: [bold]reconcile batch approve B0001 --registry registry.sqlite --approver "..."[/bold]
    """
    from reconcile.mint.batch import approve as confirm  # noqa: PLC0415 - `--help` stays quick

    with _open(registry) as store:
        show_batch(confirm(store, batch, approver=approver))


@app.command()
def reject(
    batch: Batch,
    *,
    registry: Url,
    approver: Annotated[str, typer.Option(help="Who rejects.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")],
) -> None:
    """Reject a batch; nothing of it is created.

    Example: [bold]reconcile batch reject B0001 --registry registry.sqlite --approver "..."
    --reason "..."[/bold]
    """
    from reconcile.mint.batch import reject as refuse  # noqa: PLC0415 - `--help` stays quick

    with _open(registry) as store:
        show_batch(refuse(store, batch, approver=approver, reason=reason))


@app.command()
def mint(batch: Batch, *, registry: Url) -> None:
    """Carry out an approved batch; a student who has a CCCID already keeps it, however often this runs.

    Example: [bold]reconcile batch mint B0001 --registry registry.sqlite[/bold]
    """
    from reconcile.mint.batch import mint as issue  # noqa: PLC0415 - `--help` stays quick

    with _open(registry) as store:
        show_batch(issue(store, batch))
