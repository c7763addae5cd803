"""Where a registry may live: a local file, never a network drive or a folder that a service copies.

SQLite relies on locks that network drives only pretend to hold, and a synchronising service copies a file
in the middle of a write. Both end in a registry that issues a number twice, so both are refused. A folder
that was renamed, or that a service copies without saying so, cannot be seen: the check is a best effort.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.errors import RegistryError
from reconcile.files import remote, synced

if TYPE_CHECKING:
    from pathlib import Path


def require_local(path: Path, /, *, mounts: str | None = None) -> Path:
    """Return the path when SQLite is safe there.

    Args:
        path: the registry's file.
        mounts: the text of /proc/mounts, read from the system when None.

    Raises:
        RegistryError: the path lies on a network drive or in a synchronised folder.
    """
    reason = synced(path) or remote(path, mounts)
    if reason:
        raise RegistryError(
            f"The registry {path} lies {reason}, where two machines can write at once and a CCCID could be "
            "issued twice. Put it in a local folder that is backed up, or use PostgreSQL "
            "(postgresql://user@host/database)."
        )
    return path
