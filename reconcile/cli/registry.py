"""Commands about the registry itself: prove it, copy it, take a number out of use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconcile.cli.stores import Demo, DryRun, Url, Where, change, named, open_registry, plan_of
from reconcile.cli.tables import show_table
from reconcile.errors import RegistryError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Verify, back up and restore the registry.",
)

Source = Annotated[Path, typer.Argument(help="The backup.", metavar="FILE")]
Anchors = Annotated[
    list[Path] | None, typer.Option("--anchor", help="Compare with this file too.", metavar="FILE")
]
Second = Annotated[str, typer.Option(help="Who agrees: another person.")]
Why = Annotated[str, typer.Option(help="Why; kept in the audit log. Name no student.")]


@app.command()
def init(
    *,
    administrator: Annotated[
        str, typer.Option(help="The first district administrator: from then on roles are in force.")
    ] = "",
    login: Annotated[
        str, typer.Option(help="The administrator's login to the database or the system; yours without.")
    ] = "",
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Make the registry that a plan names, and enter its allotted range.

    `run` does so by itself; this is for whoever wants to see it first, and
    for naming who grants roles. In a registry with roles, an administrator
    enters a new range by naming themselves.

    Example: `reconcile registry init --plan fall.toml --administrator "..."`
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry.access import name_first  # noqa: PLC0415
    from reconcile.registry.grants import kept  # noqa: PLC0415
    from reconcile.registry.roles import acting  # noqa: PLC0415

    place, is_demo = named(plan, registry, demo=demo)
    known = plan_of(plan)
    if dry_run:
        typer.echo(
            f"A {'demo ' if is_demo else ''}registry would be made at {_shown(place)}, or left as it is."
        )
        return
    with Registry.open(place, demo=is_demo) as store, acting(administrator):
        if known is not None and known.issuer.range and known.issuer.authority and not is_demo:
            store.allot(*known.issuer.range, authority=known.issuer.authority)
        if administrator:
            name_first(store, administrator, login_name=login)
        typer.echo(f"{store.name}: {'DEMO' if is_demo else 'REAL'}, {store.sequence:,} audit entries")
        typer.echo(kept(store).sentence)


@app.command()
def verify(
    *,
    anchors: Anchors = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
) -> None:
    """Recompute the audit log, and compare it with tables and anchors.

    Finds any edit, deletion or reordering, and a store that was put back to
    an earlier day.

    Example: `reconcile registry verify --plan fall.toml --anchor /safe/anchors`
    """
    from reconcile.registry.anchor import beside, differences  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry.backup import held  # noqa: PLC0415
    from reconcile.registry.grants import kept  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        found = store.verify()
        own = beside(store)
        roles = kept(store)
        problems = [*found.problems, *roles.problems]
        compared = [
            file for file in (own, *(anchors or ())) if file is not None and (anchors or file.exists())
        ]
        for file in compared:
            if file.exists():
                problems += differences(store, file)
            elif file != own:
                problems.append(f"there is no anchor file {file}")
        typer.echo(f"{store.name}: {found.entries:,} audit entries, head {found.head}")
        rows = {name: count for name, count in held(store).items() if count} if found.entries else {}
        typer.echo(f"Rows: {', '.join(f'{name} {count:,}' for name, count in rows.items())}")
    for file in compared:
        typer.echo(f"Compared with the anchors in {file}")
    typer.echo(roles.sentence)
    if problems:
        raise RegistryError("\n  ".join(("The registry does NOT verify:", *problems)))
    typer.echo("Verified: log and tables agree.")


@app.command()
def anchor(
    file: Annotated[Path, typer.Argument(help="Where to; best on another disk.", metavar="FILE")],
    *,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Write number and hash of the last audit entry to a separate file.

    A registry that is put back as a whole, files and all, still verifies by
    itself; against an anchor kept elsewhere it does not.

    Example: `reconcile registry anchor /safe/anchors --plan fall.toml`
    """
    from reconcile.registry.anchor import anchor as keep  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry.anchor import require_current  # noqa: PLC0415

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        require_current(store, file)
        head = keep(store, file)
    typer.echo(f"Audit entry {head['sequence']:,}, hash {head['hash']}")


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")],
    *,
    by: Annotated[str, typer.Option(help="Who takes it; by default the account of this machine.")] = "",
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Copy the registry, while it is in use, into one file that verifies.

    Also of a registry on PostgreSQL; its keepers' own pg_dump serves as well.
    Who took it is kept in the log, and in the copy.

    Example: `reconcile registry backup /safe/registry-2026-11-21.sqlite --plan fall.toml`
    """
    from reconcile.registry.backup import backup as copy  # noqa: PLC0415 - `--help` stays quick

    with open_registry(plan, registry, demo=demo) as store:
        if dry_run:
            typer.echo(f"{store.name} would be copied to {out}: {store.sequence:,} audit entries.")
            return
        made = copy(store, out, by=by)
    typer.echo(f"Wrote {out}: {made.entries:,} audit entries, head {made.head}. It verifies.")


@app.command()
def restore(
    source: Source,
    *,
    by: Annotated[str, typer.Option(help="Who restores.")],
    approver: Second,
    reason: Why,
    anchors: Anchors = None,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Go on although entries after the backup are lost.")
    ] = False,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Put a backup in the place of the registry, without issuing a number twice.

    The registry that was there is kept beside it. On PostgreSQL the database
    must be empty.

    Example: `reconcile registry restore FILE --plan fall.toml --by "..." --approver "..." --reason "..."`
    """
    from reconcile.registry.restore import restore as put_back  # noqa: PLC0415 - `--help` stays quick

    place, is_demo = named(plan, registry, demo=demo)
    told = put_back(
        source, place, demo=is_demo, by=by, approver=approver, reason=reason, accept_loss=accept_loss,
        rehearse=dry_run, anchors=anchors or (),
    )  # fmt: skip
    typer.echo(f"{'Would restore' if dry_run else 'Restored'} {told['entries']:,} audit entries.")
    if told["lost"]:
        first, last = told["lost"]
        typer.echo(
            f"Lost: audit entries {first:,} to {last:,}; the numbers issued in them are not used again."
        )
    if told["kept"]:
        typer.echo(f"The registry that was there: {told['kept']}")


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A new folder.", metavar="DIR")],
    *,
    by: Annotated[str, typer.Option(help="Who takes it; by default the account of this machine.")] = "",
    purpose: Annotated[str, typer.Option(help="What for; kept with the record of it.")] = "",
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Write all that the registry holds as CSV files, for an auditor.

    Batches, approvals, numbers, decisions, roles and access requests, the
    states of accounts and credentials, the log. Students' names, birthdates,
    addresses and every hash of a secret stay in the registry.

    Example: `reconcile registry export registry-csv --plan fall.toml`
    """
    from reconcile.registry.backup import export as write  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        rows = write(store, folder, by=by, purpose=purpose)
    for name, count in rows.items():
        typer.echo(f"{name}.csv  {count:,} rows")


@app.command()
def void(
    cccid: Annotated[str, typer.Argument(help="The number.", metavar="CCCID")],
    *,
    by: Annotated[str, typer.Option(help="Who asks for it.")],
    approver: Second,
    reason: Why,
    out: Annotated[Path, typer.Option(help="A new folder for the papers.", metavar="DIR")],
    replacement: Annotated[
        str | None, typer.Option(help="The existing CCCID that is the student's.", metavar="CCCID")
    ] = None,
    college: Annotated[
        str | None, typer.Option(help="The MIS code, where several colleges have it.", metavar="CODE")
    ] = None,
    plan: Where = None,
    registry: Url = None,
    demo: Demo = False,
    dry_run: DryRun = False,
) -> None:
    """Take a number out of use for ever, and write what follows from it.

    The folder gets a reversal for the SIS, a request to OpenCCC's support and
    the MIS terms affected, which are known from the plan's extract.

    Example: `reconcile registry void ABC1234 --plan fall.toml --by "..."
    --approver "..." --reason "..." --out undo`
    """
    from reconcile.flow.undo import undo  # noqa: PLC0415 - `--help` stays quick

    with change(plan, registry, demo=demo, dry_run=dry_run) as store:
        voided, terms = undo(
            store, cccid, out, by=by, approver=approver, reason=reason, college=college,
            replacement=replacement, plan=plan_of(plan),
        )  # fmt: skip
    instead = f", {voided.replacement} takes its place" if voided.replacement else ""
    typer.echo(f"{voided.cccid} counts no more (it was {voided.state}){instead}.")
    if terms.height:
        show_table(terms.select("term", "reported", "correct"))
    elif voided.state == "loaded":
        typer.echo("No term of the student is known: name the plan whose extract has them, or ask the SIS.")
    if not dry_run:
        typer.echo(f"Papers: {out}")


@app.command()
def disclosures(*, plan: Where = None, registry: Url = None, demo: Demo = False) -> None:
    """List the files with personal data that left, who took them and what for.

    Work lists, upload and load files, credentials, findings by key, exports:
    each is an entry of the audit log. Of columns their number is shown; the
    log, which `reconcile registry export` writes, has their names.

    Example: `reconcile registry disclosures --plan fall.toml`
    """
    import polars as pl  # noqa: PLC0415 - `--help` stays quick

    from reconcile.registry.disclosures import disclosures as left  # noqa: PLC0415

    with open_registry(plan, registry, demo=demo) as store:
        listed = left(store)
    columns = pl.col("columns").str.count_matches(", ") + (pl.col("columns") != "")
    show_table(listed.select("at", "who", "kind", "file", "people", columns, "purpose"))
    typer.echo(f"Files that left: {listed.height:,}")


def _shown(place: str) -> str:
    return "the given URL" if "://" in place and not place.startswith("sqlite") else place
