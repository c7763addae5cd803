"""Find, link and issue missing CCCIDs for students of California's community colleges.

Frames in, small named results out: `read`, `standardize`, `validate`, `join`, `find_duplicates`, `link`,
`review`, `resolve`, `mint` and `report` each do one step; `run` does them all as a plan says.
"""

from typing import TYPE_CHECKING, Any

from reconcile.cccid import CCCID
from reconcile.errors import (
    ApprovalError,
    ConservationError,
    GateClosed,
    InputError,
    IssuerError,
    KeyMismatch,
    OutputError,
    PlanError,
    ReconcileError,
    RegistryError,
)
from reconcile.flow.link import find_duplicates, link
from reconcile.flow.run import run
from reconcile.join import join
from reconcile.mint.batch import mint
from reconcile.plan import Plan
from reconcile.read import read
from reconcile.report import report
from reconcile.resolve import resolve
from reconcile.review import review
from reconcile.standardize import standardize
from reconcile.validate import validate

if TYPE_CHECKING:
    from reconcile.flow.prepared import Prepared
    from reconcile.registry import Registry

__version__ = "0.1.0"

__all__ = [
    "CCCID",
    "ApprovalError",
    "ConservationError",
    "GateClosed",
    "InputError",
    "IssuerError",
    "KeyMismatch",
    "OutputError",
    "Plan",
    "PlanError",
    "Prepared",
    "ReconcileError",
    "Registry",
    "RegistryError",
    "find_duplicates",
    "join",
    "link",
    "mint",
    "read",
    "report",
    "resolve",
    "review",
    "run",
    "standardize",
    "validate",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module attribute is
    """Import what takes a while when somebody asks for it: SQLAlchemy, and rapidfuzz."""
    if name == "Registry":
        from reconcile.registry import Registry  # noqa: PLC0415

        return Registry
    if name == "Prepared":
        from reconcile.flow.prepared import Prepared  # noqa: PLC0415

        return Prepared
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
