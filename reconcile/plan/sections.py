"""The sections of a plan, each a frozen record."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path


class Issuer(StrEnum):
    """Who makes a new CCCID."""

    OPENCCC = "openccc"
    REGISTRY = "registry"
    DEMO = "demo"


class Scope(StrEnum):
    """Whose accounts a snapshot holds; what is absent from a partial one may exist all the same."""

    SYSTEMWIDE = "systemwide"
    DISTRICT = "district"
    OWN_APPLICATIONS = "own_applications"


@dataclass(frozen=True, kw_only=True)
class InputPlan:
    """A file to read, and how; `options` are the layout's own, such as a college's local codes."""

    path: Path
    layout: str
    encoding: str | None = None
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class SnapshotPlan(InputPlan):
    """A snapshot of accounts: also whose accounts, as of which day, and how old it may be.

    previous is an earlier snapshot of the same accounts, so that changes of owner are seen.
    """

    scope: Scope
    as_of: date
    max_age_days: int = 30
    max_set_aside: int = 0
    previous: Path | None = None


@dataclass(frozen=True, kw_only=True)
class IssuerPlan:
    """Who makes a new CCCID, from which range, allotted by whom."""

    kind: Issuer
    range: tuple[str, str] | None = None
    authority: str | None = None


@dataclass(frozen=True, kw_only=True)
class Population:
    """Whom the reconciliation is about; an empty tuple restricts nothing."""

    colleges: tuple[str, ...]
    terms: tuple[str, ...]
    enrolled_only: bool
    credit: tuple[str, ...]
    person_types: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in the words of the audit.

        >>> print(Population(colleges=("076",), terms=(), enrolled_only=True,
        ...                  credit=("credit",), person_types=("student",)))
        college 076; all terms; enrolled only; credit; person type student
        """
        return "; ".join(
            (
                _words("college", self.colleges),
                _words("term", self.terms),
                "enrolled only" if self.enrolled_only else "enrolled or not",
                " and ".join(self.credit) or "credit and noncredit",
                _words("person type", self.person_types),
            )
        )


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From which probability on a pair is linked or reviewed, and what a recovery needs."""

    link_probability: float = 0.99
    review_probability: float = 0.05
    recoverable_needs_independent_field: bool = True
    pending_load_days: int = 30


@dataclass(frozen=True, kw_only=True)
class MintPlan:
    """Who proposes the batch, and who attested, with what authority, that it may be created.

    upload_holds are the SIS codes that forbid an upload; without any, every hold does. mailbox is the
    college's own address that stands in, with the SIS id behind a plus sign, where a student has none.
    """

    proposer: str
    upload_holds: tuple[str, ...] = ()
    attested_by: str | None = None
    attested_authority: str | None = None
    attested_on: date | None = None
    mailbox: str | None = None


def _words(noun: str, values: tuple[str, ...]) -> str:
    if not values:
        return f"all {noun}s"
    return f"{noun}{'s' if len(values) > 1 else ''} {', '.join(values)}"
