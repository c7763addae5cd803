"""The command that writes the audit of students without a CCCID."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import Annotated

import typer

from reconcile.cli.progress import Steps
from reconcile.cli.tables import show_table


def audit(
    plan: Annotated[Path, typer.Argument(help="The plan, a TOML file.", metavar="PLAN.toml")],
    *,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="A new page (.html) or workbook (.xlsx); may be named twice.", metavar="FILE"),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="The folder of an earlier run.", show_default="the last", metavar="DIR"),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column of the extract to count by; may be named again.", metavar="COLUMN"),
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Leave out numbers under ten, ids, and names of staff.")
    ] = False,
    sample: Annotated[
        Path | None,
        typer.Option(help="Also write pairs to decide, to estimate quality; holds names.", metavar="FILE"),
    ] = None,
    reader: Annotated[
        str, typer.Option("--for", help="Who decides them; a reviewer's list has no birthdates.")
    ] = "",
) -> None:
    """Audit the students without a CCCID, from a run of a plan.

    Why each is without, what can be recovered today, what needs a person
    and what blocks; the row equation, the quality of the links, the inputs,
    and who approved what until now. The workbook has one row a student, by
    SIS id. Without --out only the figures are shown.

    Example: `reconcile audit fall.toml --out missing.html --out missing.xlsx`
    """
    from reconcile.flow.audit import audit as look  # noqa: PLC0415 - `--help` stays quick
    from reconcile.flow.audit import require_form  # noqa: PLC0415
    from reconcile.flow.sampled import write_sample  # noqa: PLC0415
    from reconcile.plan import Plan  # noqa: PLC0415

    for file in out or ():
        require_form(file)
    known = Plan.read(plan, files=sample is not None)
    with Steps() as steps:
        made = look(known, run=run, by=by or (), progress=steps)
    # What is for publication may be copied from the screen as well.
    shown = [made.summary, made.reasons.frame.select("why", "students")]
    for table in [one.frame for one in made.for_publication] if publish else shown:
        show_table(table)
    typer.echo(made.evidence.verdict)
    for file in out or ():
        typer.echo(f"Audit  {made.write(file, publish=publish)}")
    if sample is not None:
        typer.echo(f"Pairs to decide  {write_sample(known, sample, reader=reader)}")
