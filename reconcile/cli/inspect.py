"""The command that says how a file is read, before anything is done with it."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer looks at it
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.progress import Steps
from reconcile.errors import InputError, OutputError
from reconcile.files import require_place, write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from reconcile.read import ReadResult

_COLUMNS = 300  # of a table that are looked at
_NAMED = 14  # characters before the text of a fact
_ROW = 18  # characters that a masked row takes of the width

Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option", help="An option of the layout, or columns.FIELD=NAME of a column.", metavar="NAME=VALUE"
    ),
]


def inspect(
    file: Annotated[Path, typer.Argument(help="An extract or a snapshot.", metavar="FILE")],
    *,
    layout: Annotated[
        str | None,
        typer.Option(help="Read it with this layout; without one, say which it looks like.", metavar="NAME"),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(help="Of a spreadsheet with several sheets, the one to read.", metavar="NAME"),
    ] = None,
    member: Annotated[
        str | None, typer.Option(help="Of a zip archive of several files, the one to read.", metavar="NAME")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="How the text is written; found out without it.", metavar="NAME")
    ] = None,
    parts: Annotated[
        bool, typer.Option("--parts", help="FILE is a folder, and its files are parts of one table.")
    ] = False,
    option: Option = None,
    rows: Annotated[int, typer.Option(help="How many first rows to show, masked.", min=0)] = 3,
    page: Annotated[Path | None, typer.Option(help="Write an HTML page of it.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for a program instead.")] = False,
) -> None:
    """Say how a file is read and what was noticed in it.

    What the file is, what became of its rows, the first of them masked, every
    column by counts and shapes (letters as a, digits as 9), what was noticed
    and what to do about it. Of a name the first letter is shown, of a date
    the year, of an id the last three characters; of all else the shape.

    Exit codes: 0 the file can be read, 2 it cannot, and why.

    Example: `reconcile inspect students.csv --layout banner`

    A workbook: `reconcile inspect students.xlsx --sheet Fall`

    A column under another name:
    `reconcile inspect students.csv --layout generic --option columns.birthdate=Born`
    """
    from reconcile.read import read  # noqa: PLC0415 - `--help` stays quick

    if page is not None and page.resolve() == file.resolve():
        raise OutputError(f"{page} is the file that is read. Name another file to write to.")
    if page is not None:
        require_place(page)
    with Steps() as steps:
        steps("Read the file")
        result = read(
            file,
            layout=layout,
            sheet=sheet,
            member=member,
            encoding=encoding,
            parts=parts,
            options=_options(option or ()),
        )
        steps("Look at every column")
        profile = result.profile(at_most=_COLUMNS)
        if page is not None:
            from reconcile.read.look.page import inspection_html  # noqa: PLC0415

            steps("Write the page")
            write_private(page, inspection_html(result, profile, rows=rows))
    if as_json:
        from reconcile.read.look.facts import as_json as told  # noqa: PLC0415

        typer.echo(json.dumps(told(result, profile, rows=rows), ensure_ascii=False, indent=1))
    else:
        _show(result, profile, rows=rows)
        if page is not None:
            typer.echo(f"{'Page':{_NAMED}}{page}")


def _options(given: Sequence[str]) -> dict[str, object]:
    """Take NAME=VALUE apart; columns.FIELD=COLUMN maps a field."""
    options: dict[str, object] = {}
    columns: dict[str, str | int] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not (sign and name.strip()):
            raise InputError(
                f'The option "{one}" cannot be read. Write NAME=VALUE, such as separator=; or '
                "columns.birthdate=Born."
            )
        if name.startswith("columns."):
            columns[name.removeprefix("columns.").strip()] = int(value) if value.isdecimal() else value
        else:
            options[name.strip()] = value
    return options | ({"columns": columns} if columns else {})


def _show(result: ReadResult, profile: pl.DataFrame, *, rows: int) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs a tenth of a second
    from rich.text import Text  # noqa: PLC0415

    from reconcile.read.look.facts import file_facts  # noqa: PLC0415
    from reconcile.read.look.wording import (  # noqa: PLC0415
        noticed_in_brief,
        noticed_in_words,
        profile_in_brief,
        profile_in_words,
    )
    from reconcile.show import console_table  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=False)
    for name, text in file_facts(result):
        for at, line in enumerate(Text(text).wrap(console, max(console.width - _NAMED, _NAMED))):
            typer.echo(f"{'' if at else name:{_NAMED}}{str(line).rstrip()}")
    tables = [
        *_blocks(result.preview(rows=rows, at_most=_COLUMNS).frame, console.width),
        (f"What the {_first(result)}columns hold", "column", profile_in_brief(profile_in_words(profile))),
        ("Noticed", "finding", noticed_in_brief(noticed_in_words(result.diagnostics))),
    ]
    for title, unit, frame in tables:
        if frame.height:
            typer.echo("")
            console.print(console_table(frame, title=title, rows=frame.height, unit=unit))
    if not result.diagnostics.height:
        typer.echo("Nothing was noticed.")


def _first(result: ReadResult) -> str:
    return f"first {_COLUMNS} of {result.frame.width:,} " if result.frame.width > _COLUMNS else ""


def _blocks(preview: pl.DataFrame, width: int) -> list[tuple[str, str, pl.DataFrame]]:
    """Cut the masked rows, which stand side by side, into blocks that the screen has room for."""
    import polars as pl  # noqa: PLC0415 - `--help` stays quick

    numbers = preview.columns[2:]
    names = preview.select(pl.concat_str("column", pl.lit(" = ") + pl.col("field"), ignore_nulls=True))
    longest = max((len(name) for name in names["column"]), default=0)
    room = max(1, (width - min(longest, width // 3)) // _ROW)
    return [
        ("First rows, masked", "column", preview.select("column", *numbers[at : at + room]))
        for at in range(0, len(numbers), room)
    ]
