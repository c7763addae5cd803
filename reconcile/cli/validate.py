"""The command that judges a file by the data dictionary."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - typer looks at it
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reconcile.cli.progress import Steps
from reconcile.cli.tables import show_table
from reconcile.errors import GateClosed, InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from reconcile.engine import Engine
    from reconcile.validate import Validation
    from reconcile.validate.steps import Reading

_PARQUET: Final = (".parquet", ".pq")
_FORMULA: Final = r"^[=+\-@\t\r]"  # what a spreadsheet would calculate


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


class Scope(StrEnum):
    """Whose accounts a snapshot holds."""

    SYSTEMWIDE = "systemwide"
    DISTRICT = "district"
    OWN_APPLICATIONS = "own_applications"


_LAYOUTS: Final = {Suite.ACCOUNTS: "openccc", Suite.SNAPSHOT_CHANGE: "openccc"}
_IDS: Final = {Suite.STUDENTS: "sis_id", Suite.ACCOUNTS: "cccid", Suite.SNAPSHOT_CHANGE: "cccid"}

Rules = Annotated[Path | None, typer.Option(help="A YAML file with extra or stricter rules.", metavar="FILE")]
AtMost = Annotated[
    list[str] | None,
    typer.Option(
        help="Close the gate when a warning occurs more often: below 1 a share, else a number of rows.",
        metavar="RULE=N",
    ),
]


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A file ready to be judged; a Parquet file stays where it is."""

    table: object
    reading: Reading | None


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
    from reconcile.engine import Engine  # noqa: PLC0415 - `--help` stays quick
    from reconcile.policy import Policy  # noqa: PLC0415
    from reconcile.validate import validate as judge  # noqa: PLC0415
    from reconcile.validate.steps import verdict  # noqa: PLC0415

    _require_free((page, failures), inputs=(file, before, rules))
    policy = Policy(
        wide_cccid=wide_cccid,
        mailbox=mailbox,
        systemwide=scope is Scope.SYSTEMWIDE,
        local=rules,
        at_most=_thresholds(at_most or ()),
    )
    earlier = _earlier(suite, before)
    with Steps() as steps, ExitStack() as stack:
        engine = stack.enter_context(Engine())
        steps(f"Read {file.name}")
        later = _table(engine, "given", file, suite, layout)
        tables = [later]
        if earlier is not None:
            steps(f"Read {earlier.name}")
            tables.append(_table(engine, "earlier", earlier, suite, layout))
        steps(f"Judge by the suite {suite.value}")
        validation = judge(
            later.table,
            suite=suite.value,
            before=tables[1].table if earlier is not None else None,
            as_of=as_of.date() if as_of else None,
            language=language.value,
            policy=policy,
        )
        readings = [one.reading for one in tables if one.reading]
        _write(validation, readings, page=page, failures=failures, keys=not no_keys)
    _show(validation, readings, language=language.value)
    for what, place in (("Page", page), ("Failures", failures)):
        if place is not None:
            typer.echo(f"{what:8}  {place}")
    if not verdict(validation, readings=readings).open:
        raise typer.Exit(GateClosed.exit_code)


def _require_free(outputs: Sequence[Path | None], *, inputs: Sequence[Path | None]) -> None:
    """Refuse to write over what is read."""
    read = {given.resolve() for given in inputs if given is not None}
    for place in outputs:
        if place is not None and place.resolve() in read:
            raise OutputError(f"{place} is one of the files that are read. Name another file to write to.")


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


def _earlier(suite: Suite, before: Path | None) -> Path | None:
    """Require the earlier snapshot where two are compared, and nowhere else."""
    if suite is Suite.SNAPSHOT_CHANGE and before is None:
        raise InputError(
            "The suite snapshot_change compares two snapshots. Name the earlier one: --before FILE."
        )
    if suite is not Suite.SNAPSHOT_CHANGE and before is not None:
        raise InputError(
            f"--before goes with the suite snapshot_change, not with {suite.value}. Leave it out."
        )
    return before


def _table(engine: Engine, name: str, file: Path, suite: Suite, layout: str | None) -> _Table:
    """Read a file with the layout that goes with the suite, or look at a Parquet file where it is."""
    from reconcile.read import read  # noqa: PLC0415 - `--help` stays quick
    from reconcile.standardize import standardize  # noqa: PLC0415
    from reconcile.validate.steps import Reading  # noqa: PLC0415

    if file.suffix.lower() in _PARQUET:
        if layout is not None:
            raise InputError(f"{file} is Parquet, whose columns are named as ours; leave --layout out.")
        return _Table(table=engine.scan(name, file), reading=None)
    result = read(file, layout=layout or _layout(file, suite))
    frame = result.frame
    if suite in _IDS and _IDS[suite] in frame.columns:  # dates and flags as the stages write them
        frame = standardize(frame, id=_IDS[suite]).frame.select(frame.columns)
    reading = Reading(
        file=file.name,
        rows=result.source.rows,
        accepted=result.frame.height,
        folded=result.folded,
        quarantined=result.quarantined,
    )
    return _Table(table=frame, reading=reading)


def _layout(file: Path, suite: Suite) -> str | None:
    """Choose the layout where none is named; rows to be created are named as ours and need none."""
    from reconcile.read import guess_layout, load_layout, read  # noqa: PLC0415 - `--help` stays quick

    if suite is not Suite.STUDENTS:
        return _LAYOUTS.get(suite)
    guessed, _ = guess_layout(read(file).source.columns)
    if guessed is None or load_layout(guessed).table != suite.value:
        raise InputError(
            f"{file} looks like no extract of a student system that is known. Name its layout: "
            "--layout NAME; `reconcile inspect` says what the file looks like."
        )
    typer.echo(f"Layout    {guessed}, by the names of the columns")
    return guessed


def _show(validation: Validation, readings: Sequence[Reading], *, language: str) -> None:
    """Print the broken rules, the rows and the verdict."""
    from reconcile.validate.display import step_frame  # noqa: PLC0415 - `--help` stays quick
    from reconcile.validate.steps import broken, plural, verdict  # noqa: PLC0415

    found = broken(validation)
    if found.height:
        show_table(step_frame(found, language))
    passed = validation.counts.height - found.height
    typer.echo(
        f"Rules     {validation.counts.height:,} = {found.height:,} found something + {passed:,} passed"
    )
    for one in readings:
        folded = f" + {one.folded:,} folded into another row" if one.folded else ""
        aside = f" + {one.quarantined:,} quarantined"
        typer.echo(f"Rows      {one.rows:,} in {one.file} = {one.accepted:,} judged{folded}{aside}")
    if not readings:
        typer.echo(f"Rows      {validation.rows:,} {plural(validation.rows, 'row', 'rows')} judged")
    typer.echo(f"Verdict   {verdict(validation, readings=readings).sentence[language]}")


def _write(
    validation: Validation,
    readings: Sequence[Reading],
    *,
    page: Path | None,
    failures: Path | None,
    keys: bool,
) -> None:
    from reconcile.files import write_private  # noqa: PLC0415 - `--help` stays quick
    from reconcile.validate.page import suite_html  # noqa: PLC0415

    if page is not None:
        write_private(page, suite_html(validation, readings=readings, keys=keys))
    if failures is not None:
        listed = validation.failures if keys else validation.failures.drop("key")
        write_private(failures, "\ufeff" + _defused(listed).write_csv())


def _defused(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before every text that a spreadsheet would calculate."""
    import polars as pl  # noqa: PLC0415 - `--help` stays quick

    texts = [pl.col(name) for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(
        pl.when(text.str.contains(_FORMULA))
        .then(pl.concat_str(pl.lit("'"), text))
        .otherwise(text)
        .name.keep()
        for text in texts
    )
