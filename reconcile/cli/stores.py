"""The registry that a command is about: how it is named on the command line, opened and guarded."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from reconcile.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.plan import Plan
    from reconcile.registry import Registry

Where = Annotated[
    Path | None,
    typer.Option("--plan", help="The plan that the batch comes from; it names the registry.", metavar="FILE"),
]
Url = Annotated[
    str | None,
    typer.Option("--registry", help="The registry itself: a file or a postgresql:// URL.", metavar="URL"),
]
Demo = Annotated[bool, typer.Option("--demo", help="With --registry: it is the registry of a demo.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Take the step, say what came of it, and keep nothing.")
]
_CLOCKS_APART: Final = timedelta(hours=1)


def named(plan: Path | None, url: str | None, *, demo: bool) -> tuple[str, bool]:
    """Say where the registry is and whether it is a demo's.

    Raises:
        InputError: neither or both ways to name it were taken.
    """
    if (plan is None) == (url is None):
        raise InputError("Name the batch's registry: either --plan PLAN.toml or --registry URL.")
    known = plan_of(plan)
    if known is not None:
        return known.registry, known.issuer.kind.value == "demo"
    return url or "", demo


def plan_of(plan: Path | None) -> Plan | None:
    """Read the plan, if there is one; its input files need not be there."""
    from reconcile.plan import Plan  # noqa: PLC0415 - `--help` stays quick

    return Plan.read(plan, files=False) if plan is not None else None


def open_registry(plan: Path | None, url: str | None, *, demo: bool) -> Registry:
    """Open a registry to look at it."""
    from reconcile.registry import Registry  # noqa: PLC0415 - `--help` stays quick

    place, is_demo = named(plan, url, demo=demo)
    return Registry.open(place, demo=is_demo, create=False)


@contextlib.contextmanager
def change(
    plan: Path | None,
    url: str | None,
    *,
    demo: bool,
    dry_run: bool,
    expected: tuple[type[Exception], ...] = (),
) -> Iterator[Registry]:
    """Open a registry to change it: refuse one that was put back, and keep its anchor beside it.

    Args:
        plan: names it.
        url: names it.
        demo: whether it is a demo's.
        dry_run: keep nothing.
        expected: errors after which something was kept all the same.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - `--help` stays quick
    from reconcile.registry.anchor import require_clock, require_current  # noqa: PLC0415

    place, is_demo = named(plan, url, demo=demo)
    with Registry.open(place, demo=is_demo, create=False, rehearse=dry_run) as registry:
        if not registry.demo:  # the clock of a practice registry stands at its plan's day
            require_current(registry)
            require_clock(registry, allowed=_CLOCKS_APART)
        try:
            yield registry
        except expected:
            _keep(registry, dry_run=dry_run)
            raise
        _keep(registry, dry_run=dry_run)
    if dry_run:
        typer.echo("\nThis was a dry run: nothing was kept, and no file was written.")


def _keep(registry: Registry, *, dry_run: bool) -> None:
    from reconcile.registry.anchor import anchor, beside  # noqa: PLC0415 - `--help` stays quick

    file = beside(registry)
    if file is not None and not registry.demo and not dry_run:
        anchor(registry, file)


def rules(plan: Path | None) -> str:
    """Hash the rules in force: the plan's own, or without a plan the ones that are shipped."""
    from reconcile.validate import suite_hash  # noqa: PLC0415 - `--help` stays quick

    known = plan_of(plan)
    return suite_hash("mint_request", policy=known.policy if known is not None else None)


def options(plan: Path | None, url: str | None, *, demo: bool) -> str:
    """Write the options again that name the registry, for the next command."""
    if plan is not None:
        return f'--plan "{plan}"'
    place = "URL" if "://" in (url or "") else f'"{url}"'  # a URL may hold a password
    return f"--registry {place}" + (" --demo" if demo else "")
