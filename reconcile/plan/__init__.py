"""A plan describes one reconciliation: its inputs, its population, who issues, from what probability on.

It is a TOML file. All that is wrong with it is said at once, by section and key, and a plan that was
read is frozen. Relative paths are relative to the plan's own folder.
"""

from reconcile.plan.plan import Plan
from reconcile.plan.sections import (
    InputPlan,
    Issuer,
    IssuerPlan,
    MintPlan,
    Population,
    QueryPlan,
    RequestPlan,
    ReviewPlan,
    Scope,
    SnapshotPlan,
    Thresholds,
)

__all__ = [
    "InputPlan",
    "Issuer",
    "IssuerPlan",
    "MintPlan",
    "Plan",
    "Population",
    "QueryPlan",
    "RequestPlan",
    "ReviewPlan",
    "Scope",
    "SnapshotPlan",
    "Thresholds",
]
