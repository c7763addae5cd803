"""The command that judges a file by the data dictionary."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - typer looks at it
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.progress import Steps
from reconcile.cli.tables import show_table
from reconcile.errors import GateClosed, InputError, OutputError
from reconcile.plan import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.flow.judge import Judged


class Suite(StrEnum):
    """The moments at which the dictionary is enforced."""

    STUDENTS = "students"
    ACCOUNTS = "accounts"
    MINT_REQUEST = "mint_request"
    SNAPSHOT_CHANGE = "snapshot_change"


class Language(StrEnum):
    """The languages that the dictionary speaks."""

    EN = "en"
    ES = "es"


Rules = Annotated[Path | None, typer.Option(help="A YAML file with extra or stricter rules.", metavar="FILE")]
AtMost = Annotated[
    list[str] | None,
    typer.Option(
        help="Close the gate when a warning occurs more often: below 1 a share, else a number of rows.",
        metavar="RULE=N",
    ),
]


def validate(
    file: Annotated[
        Path,
        typer.Argument(help="A delimited file, or Parquet whose columns are named as ours.", metavar="FILE"),
    ],
    *,
    suite: Annotated[Suite, typer.Option(help="What the rows are.")],
    layout: Annotated[
        str | None,
        typer.Option(
            help="Read it with this layout; found out for students, openccc for accounts.", metavar="NAME"
        ),
    ] = None,
    before: Annotated[
        Path | None, typer.Option(help="The earlier snapshot, for snapshot_change.", metavar="FILE")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(help="The day that today stands for.", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD"),
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the messages.")] = Language.EN,
    rules: Rules = None,
    mailbox: Annotated[
        bool,
        typer.Option("--mailbox", help="A mailbox of the college stands in for missing e-mail addresses."),
    ] = False,
    wide_cccid: Annotated[
        bool, typer.Option("--wide-cccid", help="Also accept four letters and four digits.")
    ] = False,
    scope: Annotated[
        Scope, typer.Option(help="Whose accounts the snapshots hold, for snapshot_change.")
    ] = Scope.SYSTEMWIDE,
    at_most: AtMost = None,
    page: Annotated[Path | None, typer.Option(help="Write an HTML page of it.", metavar="FILE")] = None,
    failures: Annotated[
        Path | None, typer.Option(help="Write every failing row by its key as CSV.", metavar="FILE")
    ] = None,
    no_keys: Annotated[
        bool, typer.Option("--no-keys", help="Leave SIS ids and CCCIDs out of page and CSV.")
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option(help="Keep a record of page and CSV in the registry of this plan.", metavar="FILE"),
    ] = None,
) -> None:
    """Judge a file by the data dictionary.

    Lists the rules that found something and says whether the gate is open.
    Values are never shown, only their shape: letters as a, digits as 9.
    Page and CSV name rows by SIS id or CCCID and are readable by you alone.

    Exit codes: 0 the gate is open, 1 it is closed, 2 something to correct.

    Example: `reconcile validate accounts.csv --suite accounts --page gate.html`

    Two snapshots: `reconcile validate june.csv --suite snapshot_change --before may.csv`

    A threshold: `reconcile validate students.csv --suite students --at-most phone_shape=0.02`
    """
    from reconcile.flow.judge import judge  # noqa: PLC0415 - `--help` stays quick
    from reconcile.policy import Policy  # noqa: PLC0415

    require_free((page, failures), inputs=(file, before, rules))
    policy = Policy(
        wide_cccid=wide_cccid,
        mailbox=mailbox,
        systemwide=scope is Scope.SYSTEMWIDE,
        local=rules,
        at_most=_thresholds(at_most or ()),
    )
    with Steps() as steps:
        judged = judge(
            file,
            suite=suite.value,
            layout=layout,
            before=before,
            as_of=as_of.date() if as_of else None,
            language=language.value,
            policy=policy,
            progress=steps,
        )
        if page is not None:
            judged.write_page(page, keys=not no_keys)
        if failures is not None:
            judged.write_failures(failures, keys=not no_keys)
        if plan is not None and not no_keys:
            judged.disclose(plan, *(place for place in (page, failures) if place is not None))
    if suite is Suite.STUDENTS and layout is None and judged.layout:
        typer.echo(f"Layout    {judged.layout}, by the names of the columns")
    _show(judged, language=language.value)
    for what, place in (("Page", page), ("Failures", failures)):
        if place is not None:
            typer.echo(f"{what:8}  {place}")
    if not judged.open:
        raise typer.Exit(GateClosed.exit_code)


def require_free(outputs: Sequence[Path | None], *, inputs: Sequence[Path | None]) -> None:
    """Refuse to write over what is read, and over any other file that exists."""
    named = [place.resolve() for place in outputs if place is not None]
    if len(set(named)) < len(named):
        raise OutputError(f"{outputs[0]} is named for two outputs. Name a file for each.")
    read = {given.resolve() for given in inputs if given is not None}
    for place in outputs:
        if place is not None and place.resolve() in read:
            raise OutputError(f"{place} is one of the files that are read. Name another file to write to.")
        if place is not None and place.exists():
            raise OutputError(f"{place} exists already and is not overwritten. Name another file.")


def _thresholds(given: Sequence[str], /) -> dict[str, float]:
    """Take RULE=N apart; whether there is such a rule is known later."""
    limits: dict[str, float] = {}
    for one in given:
        rule, sign, number = one.partition("=")
        try:
            limits[rule.strip()] = float(number)
        except ValueError:
            sign = ""
        if not sign:
            raise InputError(
                f'The threshold "{one}" cannot be read. Write RULE=N, such as phone_shape=0.02 for '
                "2 per cent of the rows or phone_shape=50 for fifty of them."
            )
    return limits


def _show(judged: Judged, *, language: str) -> None:
    """Print the broken rules, the rows and the verdict."""
    from reconcile.validate.display import step_frame  # noqa: PLC0415 - `--help` stays quick
    from reconcile.validate.steps import broken, plural  # noqa: PLC0415

    validation = judged.validation
    found = broken(validation)
    if found.height:
        show_table(step_frame(found, language))
    passed = validation.counts.height - found.height
    typer.echo(
        f"Rules     {validation.counts.height:,} = {found.height:,} found something + {passed:,} passed"
    )
    for one in judged.readings:
        folded = f" + {one.folded:,} folded into another row" if one.folded else ""
        aside = f" + {one.quarantined:,} quarantined"
        typer.echo(f"Rows      {one.rows:,} in {one.file} = {one.accepted:,} judged{folded}{aside}")
    if not judged.readings:
        typer.echo(f"Rows      {validation.rows:,} {plural(validation.rows, 'row', 'rows')} judged")
    typer.echo(f"Verdict   {judged.sentence(language)}")
