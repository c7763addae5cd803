"""The command that runs a notebook without JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.progress import Steps

if TYPE_CHECKING:
    from reconcile.flow.shipped import Notebook


def notebook(
    name: Annotated[
        str | None,
        typer.Argument(help="Its number, its name, or the path of a copy of yours.", metavar="NAME"),
    ] = None,
    *,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", help="A value for a parameter; once each.", metavar="KEY=VALUE"),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Keep it as a page.", metavar="FILE")] = None,
    out: Annotated[Path | None, typer.Option(help="Keep it with its outputs.", metavar="FILE")] = None,
    folder: Annotated[
        Path, typer.Option(help="Where it runs; its paths are seen from there.", metavar="DIR")
    ] = Path(),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what --html and --out name.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the notebooks and what each takes.")] = False,
) -> None:
    """Run a notebook from top to bottom, without JupyterLab.

    The page of --html stands alone, light, dark and in print; page and
    executed notebook show SIS ids and CCCIDs where the notebook does.
    A parameter that the notebook does not have is refused.

    Example: `reconcile notebook 06 -p plan=fall.toml --html mis.html`
    """
    from reconcile.errors import InputError  # noqa: PLC0415 - `--help` stays quick
    from reconcile.flow.notebook import run_notebook  # noqa: PLC0415
    from reconcile.flow.shipped import shipped_notebooks  # noqa: PLC0415

    if listed:
        for one in shipped_notebooks():
            _describe(one)
        return
    if name is None:
        raise InputError("Name a notebook; `reconcile notebook --list` lists them.")
    with Steps() as steps:
        done = run_notebook(
            name, parameter or (), folder=folder, out=out, html=html, overwrite=overwrite, progress=steps
        )
    typer.echo(f"{done.notebook.name}: {done.cells} cells ran in {done.folder}")
    for path in done.written:
        typer.echo(f"Wrote {path}")
    if not done.written:
        typer.echo("What it showed was not kept; --html FILE keeps it as a page.")


def _describe(one: Notebook) -> None:
    from textwrap import fill  # noqa: PLC0415 - only here

    typer.echo(one.name)
    for text in (one.answers, f"For {one.whom}"):
        typer.echo(fill(text, 96, initial_indent="  ", subsequent_indent="  "))
    for parameter in one.parameters:
        typer.echo(f"  -p {parameter.name}={_worded(parameter.default)}  {parameter.meaning}".rstrip())
    typer.echo()


def _worded(default: object) -> str:
    return "{...}" if isinstance(default, dict) else str(default)
