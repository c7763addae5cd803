"""Where the shipped notebooks, guides, expectations and sample files are, in a checkout and in a wheel.

A checkout's own folders always win: an editable installation that looked at copies would go stale
with the first edit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reconcile.errors import ReconcileError

_PACKAGE: Final = Path(__file__).resolve().parent

# name of the folder in a wheel -> its place in a checkout
_FOLDERS: Final = {
    "notebooks": "notebooks",
    "docs": "docs",
    "expectations": "expectations",
    "sample": "data/sample",
}


def notebooks() -> Path:
    """Find the folder of the shipped notebooks.

    Raises:
        ReconcileError: the installation is incomplete.
    """
    return _folder("notebooks")


def guides() -> Path:
    """Find the folder of the shipped guides.

    Raises:
        ReconcileError: the installation is incomplete.
    """
    return _folder("docs")


def expectations() -> Path:
    """Find the folder of the data dictionary and the suites made from it.

    Raises:
        ReconcileError: the installation is incomplete.
    """
    return _folder("expectations")


def sample() -> Path:
    """Find the folder of the sample files.

    Raises:
        ReconcileError: the installation is incomplete.
    """
    return _folder("sample")


def checkout() -> Path | None:
    """Find the checkout that this package runs from, None when it was installed from a wheel."""
    root = _PACKAGE.parent
    project = root / "pyproject.toml"
    if project.is_file() and 'name = "reconcile"' in project.read_text(encoding="utf-8"):
        return root
    return None


def _folder(name: str) -> Path:
    root = checkout()
    place = root / _FOLDERS[name] if root else _PACKAGE / "_shipped" / name
    if place.is_dir():
        return place
    remedy = (
        "Restore it with git (git restore .)." if root else "Install the package again; its wheel carries it."
    )
    raise ReconcileError(f"The shipped folder {name} is not at {place}. {remedy}")
