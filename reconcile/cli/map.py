"""The command that writes a first mapping of a file, to be edited."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from reconcile.cli.tables import show_table


def map(  # noqa: A001 - the command is called so
    file: Annotated[Path, typer.Argument(help="An extract or a snapshot.", metavar="FILE")],
    *,
    layout: Annotated[
        str | None,
        typer.Option(help="Start from this shipped layout; without one, from the nearest.", metavar="NAME"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where to write it.", metavar="FILE")] = Path("mapping.toml"),
    sheet: Annotated[
        str | None,
        typer.Option(help="Of a spreadsheet with several sheets, the one to read.", metavar="NAME"),
    ] = None,
    member: Annotated[
        str | None, typer.Option(help="Of an archive of several files, the one to read.", metavar="NAME")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of text; found when left out.", metavar="NAME")
    ] = None,
    parts: Annotated[
        bool, typer.Option("--parts", help="FILE is a folder, and its files are parts of one table.")
    ] = False,
    fixed: Annotated[
        bool, typer.Option("--fixed", help="Its lines have fixed width: draft where each field stands.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier mapping.")] = False,
) -> None:
    """Write a first mapping of a file's columns, to edit.

    What a column's name tells is written down. A guess by what it holds stands
    behind a # until you take that away. The mapping is a layout of your own:
    name it wherever a layout is named. It holds no value of the file.

    Example: `reconcile map students.csv --out ours.toml`

    Fixed width: `reconcile map students.txt --fixed --out ours.toml`
    """
    from reconcile.errors import InputError, OutputError  # noqa: PLC0415 - `--help` stays quick
    from reconcile.files import require_place, write_private  # noqa: PLC0415

    if out.suffix != ".toml":
        raise OutputError(f"{out} does not end in .toml, by which a layout of your own is known. Rename it.")
    if out.exists() and not force:
        raise OutputError(
            f"{out} exists already and is not overwritten. Name another file with --out, or say --force."
        )
    require_place(out)
    if fixed:
        if parts:
            raise InputError(
                "Name one of the files of fixed width; its layout reads the others. Leave --parts out."
            )
        if sheet is not None:
            raise InputError("A sheet has no fixed width. Leave --sheet or --fixed out.")
        from reconcile.read.layouts.draft_fixed import draft_fixed  # noqa: PLC0415

        made = draft_fixed(file, layout=layout, encoding=encoding, member=member)
    else:
        from reconcile.read.layouts.draft import draft  # noqa: PLC0415

        made = draft(file, layout=layout, encoding=encoding, sheet=sheet, member=member, parts=parts)
    write_private(out, made.text)
    show_table(made.rows)
    typer.echo(f"Wrote {out}, which changes the layout {made.base}.")
    if made.lacking:
        typer.echo(
            f"Needed before it can be used: {', '.join(made.lacking)}. Say in {out} which columns hold them."
        )
    given = {"--sheet": sheet, "--member": member, "--encoding": encoding}
    more = "".join(f" {name} {shlex.quote(value)}" for name, value in given.items() if value is not None)
    more += " --parts" if parts else ""
    typer.echo(
        f"Check it, then: reconcile inspect {shlex.quote(str(file))} --layout {shlex.quote(str(out))}{more}"
    )
