"""A record of what leaves, in the registry that a plan names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconcile.plan import Issuer
from reconcile.registry.disclosures import disclose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.plan import Plan


def has_registry(plan: Plan, /) -> bool:
    """Say whether the registry that a plan names is at hand; one on a server is taken to be."""
    return "://" in plan.registry or Path(plan.registry).is_file()


def note_disclosed(
    plan: Plan, kind: str, /, *files: Path, columns: Sequence[str], people: int, purpose: str = ""
) -> None:
    """Note files that left by a plan, under the name of its proposer.

    Raises:
        RegistryError: there is no such registry.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    demo, by = plan.issuer.kind is Issuer.DEMO, plan.mint.proposer
    with Registry.open(plan.registry, demo=demo, create=False) as registry:
        for file in files:
            registry.write(
                lambda ledger, file=file: disclose(  # type: ignore[misc]
                    ledger, kind, file, by=by, columns=columns, people=people, purpose=purpose
                )
            )
