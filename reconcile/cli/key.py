"""Commands about the SSN key."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reconcile.privacy.change import Changed

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show, change, back up and restore the SSN key."
)


class Place(StrEnum):
    """What may keep the key."""

    KEYRING = "keyring"
    FILE = "file"


Where = Annotated[
    Place | None, typer.Option(help="Keep it in the system's keyring or in a file; as today without.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
File = Annotated[Path, typer.Argument(help="The file of the copy, which only you can read.", metavar="FILE")]


@app.command()
def show() -> None:
    """Say which SSN key is in use and where it lives, never the key.

    Hashes begin with the fingerprint of the key that made them. Looked for
    are the variable RECONCILE_SSN_KEY, the system's keyring when it holds
    the key, and a file (RECONCILE_KEY_FILE names another one).

    Example: `reconcile key show`
    """
    from reconcile.privacy.change import earlier_keys  # noqa: PLC0415 - `--help` stays quick
    from reconcile.privacy.store import find_key, key_file, remarks  # noqa: PLC0415

    kept = find_key()
    if kept is None:
        typer.echo(f"No SSN key was made yet. The first file with SSNs makes one: {key_file()}")
        return
    typer.echo(f"Fingerprint  {kept.key.fingerprint}")
    typer.echo(f"Lives in     {kept.place}")
    for path in earlier_keys(kept):
        typer.echo(f"Earlier key  {path}")
    for remark in remarks(kept):
        typer.echo(f"Note         {remark}")


@app.command()
def new(*, store: Where = None, dry_run: DryRun = False) -> None:
    """Make another SSN key; the one in use is kept beside it.

    After that all files are read again: hashes of two keys never agree, and
    comparing them is refused. A registry that has seen the earlier key
    refuses runs until it is told, see `reconcile key pin`.

    Example: `reconcile key new --dry-run`

    Into the keyring: `reconcile key new --store keyring`
    """
    from reconcile.privacy.change import new_key  # noqa: PLC0415 - `--help` stays quick
    from reconcile.privacy.store import Store  # noqa: PLC0415

    changed = new_key(store=Store(store) if store else None, dry_run=dry_run)
    _tell(changed, dry_run=dry_run, made=True)


@app.command()
def backup(file: File, *, dry_run: DryRun = False) -> None:
    """Write a copy of the SSN key to a file that only you can read.

    Keep it apart from the data: whoever has both can find out SSNs.

    Example: `reconcile key backup /media/safe/ssn.key`
    """
    from reconcile.privacy.change import back_up  # noqa: PLC0415 - `--help` stays quick

    kept = back_up(file, dry_run=dry_run)
    typer.echo(f"{'Would copy' if dry_run else 'Copied'} the SSN key {kept.key.fingerprint} to {file}")


@app.command()
def restore(file: File, *, store: Where = None, dry_run: DryRun = False) -> None:
    """Use the SSN key of a copy again; the one in use is kept beside it.

    In place of a file the fingerprint of an earlier key can be named, where
    the keyring still holds it.

    Example: `reconcile key restore /media/safe/ssn.key`
    """
    from reconcile.privacy.change import restore_key  # noqa: PLC0415 - `--help` stays quick
    from reconcile.privacy.store import Store  # noqa: PLC0415

    changed = restore_key(file, store=Store(store) if store else None, dry_run=dry_run)
    _tell(changed, dry_run=dry_run, made=False)


@app.command()
def pin(
    *,
    plan: Annotated[
        Path | None, typer.Option("--plan", help="The plan that names the registry.", metavar="FILE")
    ] = None,
    registry: Annotated[
        str | None,
        typer.Option("--registry", help="The registry itself: a file or a postgresql:// URL.", metavar="URL"),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="With --registry: it is the registry of a demo.")
    ] = False,
    instead_of: Annotated[
        str, typer.Option(help="The fingerprint that the registry knows, as its refusal says.", metavar="HEX")
    ],
    by: Annotated[str, typer.Option(help="Who decided to change the key; goes into the audit log.")],
    dry_run: DryRun = False,
) -> None:
    """Tell a registry that the SSN key was changed for good.

    Everybody who shares the registry needs the same key from then on.

    Example: `reconcile key pin --plan fall.toml --instead-of 5e596b74 --by "YOUR NAME"`
    """
    from reconcile.cli.batch import open_registry  # noqa: PLC0415 - `--help` stays quick
    from reconcile.privacy import ssn_key  # noqa: PLC0415

    fingerprint = ssn_key().fingerprint
    with open_registry(plan, registry, demo=demo) as store:
        if not dry_run:
            store.pin_key(fingerprint, instead_of=instead_of, by=by)
    said = "would be tied" if dry_run else "is tied"
    typer.echo(f"The registry {said} to the SSN key {fingerprint}, no longer to {instead_of}.")


def _tell(changed: Changed, *, dry_run: bool, made: bool) -> None:
    now, before = changed.now, changed.before
    if before and before.key == now.key and before.store is now.store:
        typer.echo(f"The SSN key {now.key.fingerprint} is in use already; nothing was changed.")
        return
    if dry_run:
        which = "Another SSN key" if made else f"The SSN key {now.key.fingerprint}"
        typer.echo(f"{which} would be kept in {now.place}")
    else:
        typer.echo(f"The SSN key in use is {now.key.fingerprint}, kept in {now.place}")
    if before:
        verb = "would stay" if dry_run else "stays"
        typer.echo(f"The earlier one, {before.key.fingerprint}, {verb} in {changed.earlier}")
        if before.key != now.key:
            typer.echo("Read all files again: hashes of two keys are never compared.")
