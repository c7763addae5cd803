"""Anchors: the head of the audit log written down outside the store, so that a rollback of all of it shows.

Each line of an anchor file is JSON: registry (the hash of its first entry), sequence, hash, at, next (the
place at which each allotted range goes on) and restores (how often a backup was put in its place). A
registry that ends before an anchor, or holds another entry there, is not the one that was anchored: a copy
of an earlier day, most often. The commands keep one file beside a registry on SQLite by themselves; one on
another disk, or on paper, shows more.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from reconcile.errors import OutputError, RegistryError
from reconcile.files import touch_private
from reconcile.registry import chain
from reconcile.registry.canon import canonical, iso, now
from reconcile.registry.kiosk import reads_nothing
from reconcile.registry.tables import allotments, audit

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from reconcile.registry.store import Registry

_KEYS: Final = {"registry", "sequence", "hash", "at", "next"}
SUFFIX: Final = ".anchor"
_SHORT: Final = 16  # characters of a hash that a message shows


def beside(registry: Registry, /) -> Path | None:
    """Say where the commands keep the anchors of a registry on SQLite; None on a server."""
    path = registry.path
    return None if path is None else path.with_name(path.name + SUFFIX)


def anchor(registry: Registry, path: Path, /, *, at: datetime | None = None) -> dict[str, Any]:
    """Add the registry's present head to an anchor file and return it; nothing is added twice in a row.

    Raises:
        OutputError: the file is something else.
    """
    head = registry.inspect(_head) | {"at": iso(now(at))}
    known = read_anchors(path)
    same = ("registry", "sequence", "hash")
    if known and all(known[-1].get(name) == head[name] for name in same):
        return known[-1]
    if not registry.rehearsal:
        touch_private(path)
        with path.open("ab") as file:
            file.write((canonical(head) + "\n").encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
    return head


def read_anchors(path: Path, /) -> list[dict[str, Any]]:
    """Read an anchor file; none where there is no file. A torn last line is passed over.

    Raises:
        OutputError: the file is something else.
    """
    if not path.exists():
        return []
    found, broken = [], False
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    for place, line in enumerate(lines):
        try:
            entry = json.loads(line) if line.strip() else None
        except ValueError:
            broken = broken or place < len(lines) - 1
            continue
        if isinstance(entry, dict) and entry.keys() >= _KEYS:
            found.append(entry)
        elif entry is not None:
            broken = True
    if broken:
        raise OutputError(f"{path} is no file of anchors, or was edited. Name another file.")
    return found


def differences(registry: Registry, path: Path, /) -> list[str]:
    """Say where a registry is not the one that an anchor file speaks of; empty when it is."""
    known = read_anchors(path)
    mine = registry.inspect(_head)["registry"]
    ours = [entry for entry in known if entry["registry"] == mine]
    if not ours:
        return [f"{path.name} has no anchor of this registry"] if known else []
    sequences = sorted({entry["sequence"] for entry in ours})
    entries, lost = registry.inspect(lambda connection: _entries(connection, sequences))
    last = registry.sequence
    for entry in sorted(ours, key=lambda one: one["sequence"]):
        sequence, day = entry["sequence"], entry["at"][:10]
        # What was anchored before a restore, and lost by it, two people answered for.
        if any(start <= sequence <= end for start, end in lost[entry.get("restores", 0) :]):
            continue
        if sequence > last:
            where = f"the registry ends at audit entry {last:,}, and was at {sequence:,} on {day}"
            return [f"{where}: it is an earlier copy of itself"]
        if entries.get(sequence) != entry["hash"]:
            what = f"audit entry {sequence:,} is not the one that was anchored on {day}"
            return [
                f"{what} ({entry['hash'][:_SHORT]}...): the registry went on from an earlier copy of itself"
            ]
    return []


def require_current(registry: Registry, path: Path | None = None, /) -> None:
    """Go on only when a registry is not older than its anchors.

    Args:
        registry: on SQLite, unless a path is given.
        path: the anchor file; the one beside the registry when None.

    Raises:
        RegistryError: it is; a number that was issued since could be issued again.
    """
    file = path or beside(registry)
    if file is None or not file.exists():
        return
    problems = [problem for problem in differences(registry, file) if "no anchor" not in problem]
    if problems:
        raise RegistryError(
            f"The registry {registry.name} was put back: {problems[0]}. Numbers that were issued since "
            "could be "
            "issued again, so nothing was done. Bring the newest copy back, or, if there is none, let "
            "`reconcile registry restore --accept-loss` enter what is lost."
        )


def require_clock(registry: Registry, /, *, allowed: timedelta, at: datetime | None = None) -> None:
    """Go on only when this machine's clock does not stand before the registry's last entry.

    Args:
        registry: whose log is looked at.
        allowed: how far clocks of several machines may be apart.
        at: what the clock says; now when None.

    Raises:
        RegistryError: it does; steps would seem to have been taken in another order.
    """
    if registry.inspect(reads_nothing):  # a kiosk's: what it does carries the time of the database
        return
    last = registry.inspect(
        lambda connection: connection.execute(sa.select(sa.func.max(audit.c.at))).scalar()
    )
    moment = now(at)
    if last is not None and iso(moment + allowed) < last:
        raise RegistryError(
            f"The clock of this machine says {iso(moment)[:16]}, and the registry's last entry was made at "
            f"{last[:16]} (UTC). Set the clock; nothing was done."
        )


def _head(connection: sa.Connection) -> dict[str, Any]:
    sequence, entry = chain.head(connection)
    first = connection.execute(sa.select(audit.c.entry).where(audit.c.seq == 1)).scalar()
    ranges = connection.execute(sa.select(allotments.c.first, allotments.c.next).order_by(allotments.c.first))
    return {
        "registry": first or chain.GENESIS,
        "sequence": sequence,
        "hash": entry,
        "next": {str(start): following for start, following in ranges},
        "restores": len(_restores(connection)),
    }


def _entries(connection: sa.Connection, wanted: list[int]) -> tuple[dict[int, str], list[tuple[int, int]]]:
    """Give the hashes of some entries, and the spans that a restore gave up."""
    entries = {
        row.seq: row.entry
        for start in range(0, len(wanted), 1_000)
        for row in connection.execute(
            sa.select(audit.c.seq, audit.c.entry).where(audit.c.seq.in_(wanted[start : start + 1_000]))
        )
    }
    return entries, _restores(connection)


def _restores(connection: sa.Connection) -> list[tuple[int, int]]:
    """List the spans of entries that each restore gave up, in order."""
    details = connection.execute(
        sa.select(audit.c.detail).where(audit.c.what == "restored").order_by(audit.c.seq)
    )
    return [tuple(json.loads(detail)["lost"]) for detail in details.scalars()]
