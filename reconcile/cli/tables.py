"""Prints small tables and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import polars as pl

    from reconcile.flow.run import Run
    from reconcile.mint.states import Batch
    from reconcile.results import BatchSummary


def show_run(run: Run, /) -> None:
    """Print what a run found, where its audit is, and what comes next."""
    show_table(run.summary)
    for note in run.notes:
        typer.echo(f"Note   {note}")
    typer.echo(f"Audit  {run.audit}")
    if run.batch is not None:
        show_batch(run.batch)
        if run.batch.command:
            typer.echo(
                f"\nNext, somebody else than {run.batch.proposer} looks at the audit and approves:\n"
                f"  {run.batch.command}"
            )


def show_batch(batch: Batch | BatchSummary, /) -> None:
    """Print what a batch asks for and where it stands."""
    people = f"proposed by {batch.proposer}" + (f", approved by {batch.approver}" if batch.approver else "")
    rows = f"{batch.mints:,} to create, {batch.recoveries:,} to write back"
    typer.echo(f"Batch  {batch.id}: {batch.state}, {rows}, {people}")


def show_table(frame: pl.DataFrame, /) -> None:
    """Print every row of a small frame; numbers to the right, column names in words."""
    from rich.console import Console  # noqa: PLC0415 - costs a tenth of a second
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(header_style="bold")
    for name, kind in frame.schema.items():
        number = kind.is_numeric()
        table.add_column(
            name.replace("_", " "),
            justify="right" if number else "left",
            no_wrap=number or name == "status",
            overflow="fold",  # an identifier that is cut off cannot be typed
        )
    for row in frame.iter_rows(named=True):
        table.add_row(*(Text(_cell(name, value)) for name, value in row.items()))
    Console(highlight=False).print(table)


def _cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column == "line":  # a place, not an amount
        return str(value)
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
