"""Private files, atomic replacement and locks, on Windows, macOS and Linux.

The only module that knows about permissions: files that we create are 0600 and folders 0700 where
the system has such bits. Windows has none that Python can set; there a file inherits what its folder
allows, and `permissions_are_enforced` says so instead of pretending. It also tells folders that are no
local ones, `remote` and `synced`, where neither a registry nor a key may lie.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
import time
from itertools import count
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from reconcile.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS: Final = sys.platform == "win32"
_SCRATCH: Final = "reconcile-"
_OWNED: Final = ".owned"  # locked for as long as the process lives
_ON_DISK: Final = Path("/var/tmp")  # noqa: S108 - a folder of our own is made in it
_SETTLED: Final = 5.0  # seconds after which a folder's owner has surely locked it
_RETRIES_ON_WINDOWS: Final = 40  # a virus scanner may hold a file for a second or two

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


def permissions_are_enforced() -> bool:
    """Say whether 0600 means something on this system."""
    return not WINDOWS


def owned_by_user(path: Path) -> bool:
    """Say whether a file belongs to the user who runs this, and nobody else may write to it.

    Windows tells Python neither. There the answer is whether the file lies in the user's own profile
    folder, which is closed to other users unless somebody opened it; who owns the file is not checked.
    """
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return False
    if WINDOWS:
        return path.resolve().is_relative_to(Path.home().resolve())
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def private_folder(path: Path) -> Path:
    """Make a folder (and its parents) that only its owner can enter, and return it.

    Raises:
        OutputError: a file stands where the folder should be, or the system forbids it.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in missing:
            _chmod(folder, 0o700)
    except FileExistsError:
        raise OutputError(f"{path} is a file; a folder is needed there. Name another folder.") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be created: {error.strerror}. Name another folder.") from None
    return path


def unused(path: Path, /) -> Path:
    """Give a path back, or the first of path-2, path-3 and so on that is not there yet."""
    later = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return path if not path.exists() else next(one for one in later if not one.exists())


def require_place(path: Path, /) -> None:
    """Check before the work that a file can be written to a place, which is not made.

    Raises:
        OutputError: its folder is not there or cannot be written to, or a folder stands in its place.
    """
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"{path} is a folder; a file is to be written there. Name a file in it.")
    if not folder.is_dir():
        raise OutputError(
            f"There is no folder {folder} to write {path.name} to. Make it, or name another one."
        )
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} cannot be written to. Name another one.")


def write_private(path: Path, content: str | bytes) -> Path:
    """Write a whole file at once: the old content or the new one is there, never a half.

    Text is UTF-8 with line feeds on every system, so that equal runs give equal bytes.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    private_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path


def make_private(path: Path) -> Path:
    """Take everybody else's rights from a file that another library created."""
    _chmod(path, 0o600)
    return path


def touch_private(path: Path) -> Path:
    """Create an empty 0600 file for a library that would create it with wider rights."""
    private_folder(path.parent)
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    return path


def replace(source: Path, target: Path) -> None:
    """Rename over an existing file or onto a free folder name, and make the rename durable."""
    for attempt in range(_RETRIES_ON_WINDOWS):
        try:
            source.replace(target)
            break
        except PermissionError:
            if not WINDOWS or attempt == _RETRIES_ON_WINDOWS - 1:
                raise
            time.sleep(0.05)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk; Windows has no such call and needs none for a rename."""
    if WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a draft folder that becomes `target` only when the block ends well.

    Raises:
        OutputError: `target` exists already.
    """
    if target.exists():
        raise OutputError(
            f"{target} exists already and is not overwritten. Name another folder or remove it."
        )
    private_folder(target.parent)
    draft = private_folder(target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft"))
    try:
        yield draft
        replace(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


@contextlib.contextmanager
def lock(path: Path, *, what: str) -> Iterator[None]:
    """Hold a folder or file for one process; the lock ends with the process, however that ends.

    Args:
        path: the lock file; created 0600 and left in place, since removing it would race.
        what: what is locked, for the message.

    Raises:
        OutputError: another process holds it.
    """
    touch_private(path)
    with path.open("r+b") as file:
        try:
            _lock(file.fileno())
        except OSError:
            raise OutputError(
                f"{what} is in use by another reconcile process. Wait until it ends, or name another folder."
            ) from None
        try:
            yield
        finally:
            _unlock(file.fileno())


@contextlib.contextmanager
def scratch(*, large: bool = False) -> Iterator[Path]:
    """Yield a private folder that goes at the end of the block.

    A killed process cannot clear its own: what such a process left is removed by the next one.

    Args:
        large: for more than fits into memory, where some systems keep their usual temporary folder.
    """
    parent = Path(tempfile.gettempdir())
    if large and parent == Path("/tmp") and os.access(_ON_DISK, os.W_OK):  # noqa: S108 - compared, not used
        parent = _ON_DISK
    for left in orphans(parent):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=parent))  # mkdtemp makes it 0700
    try:
        with lock(folder / _OWNED, what=f"The folder {folder}"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_places() -> tuple[Path, ...]:
    """List where `scratch` makes its folders."""
    return tuple(dict.fromkeys((Path(tempfile.gettempdir()), _ON_DISK)))


def orphans(parent: Path, /) -> Iterator[Path]:
    """Find scratch folders whose process is gone: nobody holds their lock any more."""
    for mark in parent.glob(f"{_SCRATCH}*/{_OWNED}"):
        try:
            if time.time() - mark.stat().st_mtime < _SETTLED:
                continue
            with lock(mark, what="scratch"):
                pass
        except (OSError, OutputError):
            continue  # another user's, or in use
        yield mark.parent


def sha256(path: Path) -> str:
    """Hash a file's bytes without holding them all in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chmod(path: Path, mode: int) -> None:
    if not WINDOWS:
        path.chmod(mode)


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


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
