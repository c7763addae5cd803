"""Where a registry may live: a local file, never a network drive or a folder that a service copies.

SQLite relies on locks that network drives only pretend to hold, and a synchronising service copies a file
in the middle of a write. Both end in a registry that issues a number twice, so both are refused. A folder
that was renamed, or that a service copies without saying so, cannot be seen: the check is a best effort.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from typing import Final

from reconcile.errors import RegistryError

_REMOTE: Final = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb2",
        "smb3",
        "smbfs",
        "afs",
        "ncpfs",
        "9p",
        "ceph",
        "glusterfs",
        "davfs",
        "lustre",
    )
)
# How the names of synchronised folders begin, and whole names that are too short to begin with.
_SYNCED: Final = (
    "onedrive",
    "sharepoint",
    "dropbox",
    "icloud",
    "mobile documents",
    "google drive",
    "googledrive",
    "google-drive",
    "google_drive",
    "drivefs",
    "box sync",
    "box-box",
    "nextcloud",
    "owncloud",
    "pcloud",
)
_SYNCED_WHOLE: Final = frozenset(
    ("box", "my drive", "shared drives", "mi unidad", "unidades compartidas", "cloudstorage")
)
_LOCAL_FUSE: Final = frozenset(("fuseblk", "fuse.overlayfs", "fuse.fuse-overlayfs"))  # disks and containers
_DRIVE_REMOTE: Final = 4  # what GetDriveTypeW says of a letter that is mapped to a share
_MOUNTS: Final = Path("/proc/mounts")
WORKSPACE_MARK: Final = ".reconcile-workspace"  # a folder that carries it is ours to write to


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


def synced(path: Path, /) -> str:
    """Say in which synchronised folder a file lies, empty when in none."""
    folders = [part.casefold() for part in path.parts[:-1]]
    hit = next((name for name in folders if name in _SYNCED_WHOLE or name.startswith(_SYNCED)), None)
    return f'in a synchronised folder ("{hit}")' if hit else ""


def remote(path: Path, /, mounts: str | None = None) -> str:
    """Say on what kind of network drive a file lies, empty when on none."""
    if str(path).startswith(("\\\\", "//")):
        return "on a network share"
    if _drive_type(path.drive) == _DRIVE_REMOTE:
        return f"on a network drive ({path.drive})"
    if sys.platform == "darwin" and path.parts[:2] == ("/", "Volumes"):  # pragma: no cover - macOS
        return "on a mounted volume"
    if mounts is None:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.exists() else ""
    kind = _file_system(path, mounts)
    remote = kind in _REMOTE or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)
    return f"on a network drive ({kind})" if remote else ""


def _drive_type(drive: str) -> int:
    """Ask Windows what a drive letter stands for; 0, which is "unknown", everywhere else."""
    if sys.platform == "win32" and drive:  # pragma: no cover - Windows
        import ctypes  # noqa: PLC0415 - only there

        return int(ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\"))
    return 0


def _file_system(path: Path, mounts: str) -> str:
    """Find the kind of the innermost mount above a path; the last of several at one place counts."""
    best, kind = 0, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 - device, folder, kind
            continue
        folder = PurePath(fields[1].replace("\\040", " "))
        if path.is_relative_to(folder) and len(folder.parts) >= best:
            best, kind = len(folder.parts), fields[2]
    return kind
