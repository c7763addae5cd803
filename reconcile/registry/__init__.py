"""The durable store: CCCIDs, batches, approvals, decisions, crosswalk and the audit log.

SQLite in WAL mode in one private file, or PostgreSQL by URL; the same code behind both. Everything else
that the toolkit keeps can be rebuilt from its inputs, this cannot.
`Registry` is found here without SQLAlchemy being imported before somebody asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconcile.registry.store import Registry

__all__ = ["Registry"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module attribute is
    """Import the store when its class is first asked for."""
    if name == "Registry":
        from reconcile.registry.store import Registry  # noqa: PLC0415 - kept out of `import reconcile`

        return Registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
