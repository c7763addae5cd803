"""The command `reconcile create`: one student looked up among all accounts, then an account asked for."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from reconcile.cli.progress import Steps
from reconcile.cli.stores import DryRun, change
from reconcile.cli.tables import show_batch, show_table
from reconcile.columns import CONSENT
from reconcile.errors import GateClosed, InputError
from reconcile.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconcile.flow.candidates import Looked
    from reconcile.mint.asked import Field

_NONE = "none"  # what somebody types who compared all candidates
_ASKED = 3  # times that a field is asked for again


def create(
    *,
    plan: Annotated[Path, typer.Option(help="The plan whose accounts are looked through.", metavar="FILE")],
    by: Annotated[str, typer.Option(help="Who asks; somebody else approves.")],
    student: Annotated[
        str | None, typer.Option(help="Take the fields from the plan's extract.", metavar="SIS_ID")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--from", help="Take the fields from a table of one row.", metavar="FILE")
    ] = None,
    looked_at: Annotated[
        list[str] | None,
        typer.Option(help="An account that was compared and is not the student's.", metavar="CCCID"),
    ] = None,
    because: Annotated[
        str, typer.Option(help="Why none of them is; kept in the audit log. Name no student.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Ask for an account for one student, after looking for one.

    The student is looked up among all accounts of the plan's snapshot and in
    the registry. Accounts that may be theirs are shown beside the student,
    field by field; you say whether to go on. When an account exists, its
    CCCID is given and nothing is asked for. Otherwise a batch of one row is
    checked and submitted, for somebody else to approve.

    Each field is asked for at the terminal, or stands in a file: what is
    typed as part of a command stays in the shell's history, so that no option
    takes a name, a birthdate or an address. `reconcile account
    request-template` writes a file to fill in. In a script, with --from or
    --student, accounts that were found stop the command unless each is named
    with --looked-at, and the reason with --because. An account that is
    certainly the student's stops it always: a reviewer decides that.

    Example: `reconcile create --plan fall.toml --by "..."`

    In a script: `reconcile create --plan fall.toml --by "..." --from row.csv`
    """
    from reconcile.flow.candidates import Lookup  # noqa: PLC0415 - `--help` stays quick
    from reconcile.flow.single import ask, one_row  # noqa: PLC0415
    from reconcile.mint.asked import FIELDS  # noqa: PLC0415
    from reconcile.plan import Plan  # noqa: PLC0415
    from reconcile.registry.access import require  # noqa: PLC0415

    scripted = file is not None or (student is not None and not sys.stdin.isatty())
    known = Plan.read(plan)
    given = one_row(file) if file is not None else {}
    with Steps() as steps:
        lookup = Lookup(known, progress=steps)
    if student is not None:
        given = _of_extract(lookup.extract(student), student) | given
    with change(plan, None, demo=False, dry_run=dry_run) as store:
        require(store, "drafted", who=by)  # nobody else needs to see who has an account
        if not scripted:
            given = lookup.defaults() | given
            given |= _typed((FIELDS[name] for name in FIELDS if name not in CONSENT), given)
            if lookup.of_a_child(given):
                given |= _typed((FIELDS[name] for name in CONSENT), given)
        looked = lookup.one(given, registry=store, by=by)
        for _ in range(0 if scripted else _ASKED):
            wrong = dict(looked.wrong.select("field", "message").rows())
            if not wrong or looked.settled:
                break
            given |= _typed((FIELDS[name] for name in FIELDS if name in wrong), given, wrong)
            looked = lookup.one(given, registry=store, by=by)
        _show(looked)
        _require_sound(looked)
        aside, why = looked_at or [], because
        if not scripted and looked.open_questions:
            aside, why = _set_aside(looked)
        made = ask(store, looked, lookup, by=by, aside=aside, because=why)
        if made.batch is None:
            _exists(made.exists)
            return
        show_batch(made.batch)
    if not dry_run:
        typer.echo(f"\nNext, somebody else than {by} looks at it and approves:\n  {made.command}")


def _of_extract(fields: dict[str, str], student: str) -> dict[str, str]:
    if not fields:
        raise InputError(f"The plan's extract has no student {student} of its college. Check the SIS id.")
    return fields


def _typed(
    fields: Iterable[Field], given: dict[str, str], wrong: dict[str, str] | None = None
) -> dict[str, str]:
    """Ask for fields one by one; what is known already is kept by an empty answer."""
    answers = {}
    for field in fields:
        if wrong and field.name in wrong:
            typer.echo(f"  {wrong[field.name]}", err=True)
        hint = " / ".join(field.choices) or field.hint
        label = f"{field.label} ({hint})" if hint else field.label
        answers[field.name] = _answer(label, given.get(field.name, ""))
    return answers


def _answer(label: str, default: str = "") -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(label, default=default, show_default=bool(default), err=True))
    line = sys.stdin.readline()
    if not line:
        raise InputError(f"{label}: nothing was given. Type it, or take the fields from a file with --from.")
    return line.strip() or default


def _show(looked: Looked) -> None:
    """Show candidates beside the student; the values only to somebody who sits before a terminal."""
    typer.echo(f"{looked.searched:,} accounts were looked through. {looked.barred}".strip())
    for row in looked.known.iter_rows(named=True):
        number = row["cccid"] or "waits for a CCCID"
        typer.echo(f"The registry knows  {row['college']}/{row['sis_id']}: {number}, by {row['by']}")
    if looked.held:
        typer.echo(f"The SIS holds       {', '.join(looked.held)}")
    for one in looked.candidates:
        remark = f" ({one.remark})" if one.remark else ""
        typer.echo(f"\nAccount {one.cccid}: {one.verdict}{remark}; {one.agreement}")
        table = one.side_by_side
        show_table(table if sys.stdout.isatty() else table.drop("student", "account"))
    for row in looked.faults.iter_rows(named=True):
        typer.echo(f"{row['field']}: {row['message']}")


def _require_sound(looked: Looked) -> None:
    """Stop where the dictionary forbids it, unless there is nothing to create anyway."""
    fields = looked.wrong["field"].unique(maintain_order=True).to_list()
    if fields and not looked.settled:
        raise GateClosed(f"The gate is closed: correct {listed(map(str, fields))}. Nothing was asked for.")


def _set_aside(looked: Looked) -> tuple[list[str], str]:
    """Ask the person who compared the candidates whether one of them is the student."""
    numbers = {one.cccid.casefold(): one for one in looked.candidates}
    said = _answer(f'Is one of them the student? Its CCCID, or "{_NONE}" when you compared them all')
    if (theirs := numbers.get(said.casefold())) is not None:
        what = f"Then no account is made: {theirs.cccid} is the student's."
        if theirs.ours:
            raise GateClosed(f"{what} The registry has it, or is asked for it; correct the SIS id there.")
        raise GateClosed(
            f"{what} Run the plan, and enter it as a match in the review panel; it is written back from "
            "there."
        )
    if said.casefold() != _NONE:
        raise GateClosed("Nobody said that none of them is the student. Nothing was asked for.")
    asked = (_answer("Why none of them is (kept in the audit log; name no student)") for _ in range(_ASKED))
    return [one.cccid for one in looked.candidates], next(filter(None, asked), "")


def _exists(numbers: tuple[str, ...]) -> None:
    if not numbers:
        typer.echo("The registry knows this student already. Nothing was asked for.")
        return
    what = "The account exists" if len(numbers) == 1 else "Accounts exist"
    typer.echo(f"{what}: {', '.join(numbers)}. Nothing was asked for.")
