"""Retention: what a plan no longer wants kept is removed, and the registry, which stays, says so.

Only what is known to be ours goes: files that left a record in the registry and are what was recorded, runs
by their names and contents, drafts and scratch folders by theirs. No symbolic link is followed.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from reconcile.errors import InputError, OutputError
from reconcile.files import WORKSPACE_MARK, lock, orphans, owned_by_user, scratch_places, sha256
from reconcile.mint.credentials import forget_credentials
from reconcile.read import read
from reconcile.registry import disclosures as left
from reconcile.registry.canon import now
from reconcile.registry.people import machine, require_name
from reconcile.report import OUTPUTS
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconcile.plan import Plan
    from reconcile.registry import Registry

_RECORDED: Final = {
    "credentials": (left.CREDENTIALS,),
    "work_lists": (left.WORK_LIST, left.REQUESTS, left.FINDINGS),
    "uploads": (left.UPLOAD, left.LOAD, left.WRITEBACK, left.DIFFERENCE),
}
_FILLED_IN: Final = (left.WORK_LIST,)  # a person writes into these, so that their bytes change
_RUN: Final = re.compile(r"([0-9]{8}T[0-9]{6})Z(-[0-9]+)?")
_DRAFT: Final = re.compile(r"\..+\.[0-9a-f]{8}\.(draft|tmp)")
_IN_A_RUN: Final = {*OUTPUTS, "plan.toml"}


class Found(NamedTuple):
    """Something that is older than the plan wants it kept."""

    kind: str
    path: Path
    made: datetime
    kept: str = ""  # why it stays all the same


@dataclass(frozen=True, kw_only=True, repr=False)
class Purge(Shown):
    """What a purge removes, or removed.

    Attributes:
        frame: kind, name, folder, made: what goes, in the order in which it goes.
        kept: kind, name, folder, made, why: what is old enough and stays, since it is not surely ours.
        found: the same as both, for the removal.
    """

    frame: pl.DataFrame
    kept: pl.DataFrame
    found: tuple[Found, ...] = field(repr=False)

    def _sheet(self) -> Sheet:
        counted = self.frame.group_by("kind", maintain_order=True).len(name="removed")
        return Sheet(frame=counted, title="Purge", note=f"{self.kept.height:,} things stay.")


def look(plan: Plan, registry: Registry, /, *, at: datetime | None = None) -> Purge:
    """Find what a plan no longer wants kept, and remove nothing.

    Args:
        plan: whose retention counts.
        registry: whose records say what was written where.
        at: the moment that counts as now.

    Raises:
        InputError: the plan says nothing of retention.
    """
    days = {kind: count for kind in FINDERS if (count := getattr(plan.retention, kind)) is not None}
    if not days:
        raise InputError(
            f"{plan.path} does not say how long anything is kept, so that nothing is removed. Say it under "
            f"[retention]: {', '.join(FINDERS)}, each a number of days."
        )
    moment = now(at)
    found = tuple(
        one
        for kind, count in days.items()
        for one in FINDERS[kind](kind, plan, registry)
        if one.made <= moment - timedelta(days=count)
    )
    return Purge(
        frame=_table(found, kept=False), kept=_table(found, kept=True).rename({"kept": "why"}), found=found
    )


def purge(plan: Plan, registry: Registry, /, *, by: str, at: datetime | None = None) -> Purge:
    """Remove what a plan no longer wants kept, credentials first, then drafts and warehouses.

    The registry notes what, how many and by whom before anything goes; nothing of the registry goes.

    Args:
        plan: whose retention counts.
        registry: whose records say what was written where.
        by: who purges.
        at: the moment that counts as now.

    Raises:
        InputError: the plan says nothing of retention, or no name.
        OutputError: another run uses the workspace, or the system did not let something go; the rest is gone.
    """
    require_name(by, "A purge needs the name of who makes it")
    here = plan.workspace / WORKSPACE_MARK
    busy = lock(here, what=f"The workspace {plan.workspace}") if here.is_file() else contextlib.nullcontext()
    stubborn: list[Path] = []
    with busy:
        seen = look(plan, registry, at=at)
        if plan.retention.credentials is not None:  # what the registry holds of them: hashes, codes
            before = now(at) - timedelta(days=plan.retention.credentials)
            forget_credentials(registry, before=before, by=by, at=at)
        for kind in FINDERS:
            paths = [one.path for one in seen.found if one.kind == kind and not one.kept]
            if paths:
                _note(
                    registry, "purged", kind, by, at, removed=len(paths), days=getattr(plan.retention, kind)
                )
            failed = [path for path in paths if not registry.rehearsal and not _gone(path)]
            if failed:
                _note(registry, "not_purged", kind, by, at, left=len(failed))
            stubborn += failed
    if stubborn:
        raise OutputError(
            f"{len(stubborn):,} things could not be removed, the first {stubborn[0]}. Close what uses them, "
            "look at the permissions, and purge again."
        )
    return seen


def _note(registry: Registry, what: str, kind: str, by: str, at: datetime | None, /, **counts: int) -> None:
    registry.write(lambda ledger: ledger.log(what, kind, who=by, machine=machine(), **counts), at=at)


def _recorded(kind: str, _plan: Plan, registry: Registry) -> Iterator[Found]:
    """Files that left a record, by the latest one of each."""
    records = left.disclosures(registry).filter(pl.col("kind").is_in(_RECORDED[kind]))
    for row in records.unique(["folder", "file"], keep="last", maintain_order=True).iter_rows(named=True):
        path = Path(row["folder"], row["file"])
        if path.is_symlink() or path.exists():
            ours = _same(path, row["sha256"], row["columns"] if row["kind"] in _FILLED_IN else None)
            yield Found(kind, path, datetime.fromisoformat(row["at"]), ours)


def _same(path: Path, hashed: str, columns: str | None) -> str:
    """Say why a file is not surely the one that was recorded, "" when it is."""
    if path.is_symlink() or path.resolve() != path:
        return "a symbolic link stands in its place"
    if not path.is_file() or not owned_by_user(path):
        return "it is no file of ours"
    if sha256(path) == hashed or (columns is not None and _columns(path) == columns):
        return ""
    return "it was changed since, or is another file"


def _columns(path: Path) -> str:
    """Name a table's columns; "" for what is none."""
    try:
        return ", ".join(read(path).source.columns)
    except InputError:
        return ""


def _drafts(kind: str, plan: Plan, _registry: Registry) -> Iterator[Found]:
    """Half-written files and folders of processes that were killed; whoever writes holds the workspace."""
    for path in _within(plan, plan.workspace, plan.runs):
        if _DRAFT.fullmatch(path.name):
            yield Found(kind, path, _changed(path))


def _warehouses(kind: str, _plan: Plan, _registry: Registry) -> Iterator[Found]:
    for place in scratch_places():
        for path in orphans(place):
            if owned_by_user(path) and not path.is_symlink():
                yield Found(kind, path, _changed(path))


def _runs(kind: str, plan: Plan, _registry: Registry) -> Iterator[Found]:
    """The outputs of runs, all but the latest."""
    pointer = plan.workspace / "latest"
    latest = pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else ""
    for path in _within(plan, plan.runs):
        named = _RUN.fullmatch(path.name)
        if named and path.is_dir() and f"runs/{path.name}" != latest:
            made = datetime.strptime(named[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            strange = [one for one in path.iterdir() if one.name not in _IN_A_RUN or one.is_symlink()]
            yield Found(kind, path, made, "it holds files that are not reconcile's" if strange else "")


def _within(plan: Plan, *folders: Path) -> Iterator[Path]:
    """List what lies in folders of the workspace, in order; nothing where a link leads elsewhere."""
    if not (plan.workspace / WORKSPACE_MARK).is_file():
        return
    for folder in folders:
        if folder.is_dir() and folder.resolve() == folder:
            yield from sorted(path for path in folder.iterdir() if not path.is_symlink())


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.lstat().st_mtime, UTC)


def _gone(path: Path) -> bool:
    """Remove a file, or a folder with what is in it; a link inside goes, and what it leads to stays."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return not path.exists()


def _table(found: tuple[Found, ...], *, kept: bool) -> pl.DataFrame:
    rows = [
        (one.kind, one.path.name, str(one.path.parent), one.made.date(), one.kept)
        for one in found
        if bool(one.kept) == kept
    ]
    names = {"kind": pl.String, "name": pl.String, "folder": pl.String, "made": pl.Date, "kept": pl.String}
    table = pl.DataFrame(rows, schema=names, orient="row")
    return table if kept else table.drop("kept")


# What each number of days is about, in the order in which it goes.
FINDERS: Final[dict[str, Callable[[str, Plan, Registry], Iterator[Found]]]] = {
    "credentials": _recorded,
    "drafts": _drafts,
    "warehouses": _warehouses,
    "work_lists": _recorded,
    "uploads": _recorded,
    "runs": _runs,
}
