"""The sections of a plan, each a frozen record."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from reconcile.columns import UseCase


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
class QueryPlan:
    """A question to a database in place of a file.

    Attributes:
        url: the address without a password, or "$NAME" for the environment variable that holds it.
        sql: one SELECT statement, or the file that it stands in.
        parameters: values for the :names in the statement.
    """

    url: str = field(repr=False)
    sql: str | Path = field(repr=False)
    parameters: Mapping[str, object] = field(repr=False, default_factory=lambda: MappingProxyType({}))

    @property
    def variable(self) -> str | None:
        """The environment variable that holds the address, None where the plan has it.

        >>> QueryPlan(url="$SIS_URL", sql="SELECT 1").variable
        'SIS_URL'
        """
        return self.url[1:] if self.url.startswith("$") else None

    def __str__(self) -> str:
        """Say what is asked, without the address and without the statement.

        >>> print(QueryPlan(url="oracle+oracledb://reader@host/sis", sql="SELECT 1"))
        a query to oracle
        """
        kind = self.url.partition(":")[0].partition("+")[0]
        asked = f"a query to the database at ${self.variable}" if self.variable else f"a query to {kind}"
        return f"{asked}, {self.sql}" if isinstance(self.sql, Path) else asked


@dataclass(frozen=True, kw_only=True)
class InputPlan:
    """A table to read, and how.

    Attributes:
        path: a file, files that are parts of one table, or a folder of such; None with a query.
        layout: the name of a shipped layout, or the absolute path of a TOML file.
        query: what to ask a database for; None with files.
        encoding: of text; found when None.
        sheet: of a spreadsheet, its name or its number from 1.
        member: of a zip archive, the file in it.
        parts: the path is a folder, all of whose files are parts of one table.
        options: the layout's own, such as a college's local codes.
        limits: how much a file may unpack to, by the names of `reconcile.read.Limits`.
    """

    path: Path | tuple[Path, ...] | None
    layout: str
    query: QueryPlan | None = None
    encoding: str | None = None
    sheet: str | int | None = None
    member: str | None = None
    parts: bool = False
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    limits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files or the folder, in the plan's order; none with a query."""
        if self.path is None:
            return ()
        return (self.path,) if isinstance(self.path, Path) else self.path

    def __str__(self) -> str:
        """Say what is read, in words.

        >>> print(InputPlan(path=Path("fall.xlsx"), layout="banner", sheet=2))
        sheet 2 of fall.xlsx (banner)
        """
        if self.query is not None:
            return f"{self.query} ({self.layout})"
        named = ", ".join(str(file) for file in self.files)
        if self.parts:
            named = f"all files of {named}"
        if self.member is not None:
            named = f'"{self.member}" of {named}'
        if self.sheet is not None:
            sheet = self.sheet if isinstance(self.sheet, int) else f'"{self.sheet}"'
            named = f"sheet {sheet} of {named}"
        return f"{named} ({self.layout})"


@dataclass(frozen=True, kw_only=True)
class SnapshotPlan(InputPlan):
    """A snapshot of accounts: also whose accounts, as of which day, and how old it may be.

    previous is an earlier snapshot of the same accounts, read alike unless the plan says otherwise, so that
    changes of owner are seen; max_changed is the share of it that may be gone or another person's now.
    """

    scope: Scope
    as_of: date
    max_age_days: int = 30
    max_set_aside: int = 0
    previous: InputPlan | None = None
    max_changed: float = 0.01


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
    college's own address that stands in, with the SIS id behind a plus sign, where a student has none;
    mailbox_verified_on is the day on which mail to such an address was seen to arrive there.
    """

    proposer: str
    upload_holds: tuple[str, ...] = ()
    attested_by: str | None = None
    attested_authority: str | None = None
    attested_on: date | None = None
    mailbox: str | None = None
    mailbox_verified_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class MisPlan:
    """How the numbers are reported to MIS; without a default, since the codes are the college's to know.

    Attributes:
        missing: what stands in SB34 for a student without a CCCID.
        terms: the college's own term code -> GI03.
        submitted: files of earlier submissions.
        identifiers: the file with SB01 and SB00 of each student, None without one.
    """

    missing: str
    terms: Mapping[str, str]
    submitted: tuple[Path, ...] = ()
    identifiers: Path | None = None


@dataclass(frozen=True, kw_only=True)
class RequestPlan:
    """What all requests of a batch have in common, where a row does not say otherwise.

    Attributes:
        use_case: for whom the accounts are made.
        cannot_self_serve: why these students cannot do it themselves.
        identity_check: how their identity was verified.
        proxy_application: whether staff submit an application for them too; elsewhere, it is only tracked.
    """

    use_case: UseCase
    cannot_self_serve: str
    identity_check: str
    proxy_application: bool = False

    @property
    def columns(self) -> dict[str, str]:
        """The same as the columns of a request."""
        return {
            "use_case": self.use_case.value,
            "cannot_self_serve": self.cannot_self_serve,
            "identity_check": self.identity_check,
            "proxy_application": "true" if self.proxy_application else "false",
        }


@dataclass(frozen=True, kw_only=True)
class ReviewPlan:
    """How many people have to agree on a pair before their decision counts."""

    reviewers: int = 1


def _words(noun: str, values: tuple[str, ...]) -> str:
    if not values:
        return f"all {noun}s"
    return f"{noun}{'s' if len(values) > 1 else ''} {', '.join(values)}"
