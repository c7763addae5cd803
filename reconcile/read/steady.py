"""A file that changes while it is read is refused: its hash and its rows would be of two different files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    Stamp = tuple[int, int]


def stamp(path: Path, /) -> Stamp | None:
    """Take what changes with a file's content, its size and when it was written; None where it is not."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def require_unchanged(path: Path, before: Stamp | None, /) -> None:
    """Refuse a file that is not what it was.

    Args:
        path: the file.
        before: its `stamp` from before its first byte was read.

    Raises:
        InputError: it changed or went away.
    """
    if stamp(path) != before:
        raise InputError(
            f"{path} changed while it was being read. Wait until the program that writes it is done, and "
            "start again."
        )
