"""Reviewers' decisions: a work list out of a run, and back into the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.errors import OutputError
from reconcile.plan import Issuer, Plan
from reconcile.review import read_decisions

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.flow.run import Run


def write_work_list(done: Run, file: Path, /) -> Path:
    """Write the pairs of a run that wait for a person, those that were decided already left out.

    Raises:
        OutputError: there is such a file; a list that somebody fills in is not overwritten.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    if file.exists():
        raise OutputError(
            f"{file} exists already and is not overwritten. Name another file for the work list."
        )
    with Registry.open(done.plan.registry, demo=done.plan.issuer.kind is Issuer.DEMO) as registry:
        return done.work_list(decided=registry.decisions()).write(file)


def enter_decisions(file: Path, plan: Path, /, *, by: str) -> int:
    """Enter the decisions of a filled work list in a plan's registry and return how many there were.

    Raises:
        InputError: the file is no work list, or a decision is none of the three words.
        RegistryError: the registry does not exist or refuses.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    made = read_decisions(file)
    known = Plan.read(plan, files=False)
    with Registry.open(known.registry, demo=known.issuer.kind is Issuer.DEMO, create=False) as registry:
        return registry.record(made, by=by)
