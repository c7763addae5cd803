"""A backup put in the place of a registry, without ever issuing a number twice."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reconcile.errors import ApprovalError, InputError, RegistryError
from reconcile.files import make_private, scratch, touch_private
from reconcile.registry import chain, schema
from reconcile.registry.anchor import SUFFIX, read_anchors
from reconcile.registry.backup import plain, tables_of
from reconcile.registry.canon import iso, now
from reconcile.registry.connect import Store, bulk
from reconcile.registry.people import machine, require_name, same_person
from reconcile.registry.place import require_local
from reconcile.registry.store import Registry
from reconcile.registry.tables import allotments, audit, cccids, seen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reconcile.registry.proof import Verification


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """Who restores what, and how."""

    demo: bool
    by: str
    approver: str
    reason: str
    accept_loss: bool
    rehearse: bool
    anchors: tuple[Path, ...]
    at: datetime | None


def restore(
    source: Path,
    place: str | Path,
    /,
    *,
    demo: bool,
    by: str,
    approver: str,
    reason: str,
    accept_loss: bool = False,
    rehearse: bool = False,
    anchors: Sequence[Path] = (),
    at: datetime | None = None,
) -> dict[str, Any]:
    """Put a backup in the place of a registry, without ever issuing a number twice.

    What the registry or its anchors knew beyond the backup is lost, and that is refused unless it is
    accepted: then the log says so, counters go on where they had come to, and numbers that the lost part
    issued count as seen. The registry that was there is kept beside it. On PostgreSQL the database must
    be empty.

    Args:
        source: the backup.
        place: a SQLite file or an empty PostgreSQL database.
        demo: whether it is a demo registry.
        by: who restores.
        approver: who agrees: somebody else.
        reason: why.
        accept_loss: go on although entries are lost.
        rehearse: only say what would be done.
        anchors: anchor files that say how far the registry had come; the one beside a file is looked at by
            itself, for a server there is none but these.
        at: when; now when None.

    Returns:
        entries of the backup, lost ([first, last] or None), kept (where the former registry went, or None).

    Raises:
        RegistryError: the backup does not verify, entries would be lost, the database is not empty.
        ApprovalError, InputError: a name or the reason is missing, or both are one person.
    """
    require_name(by, "A restore needs the name of who makes it")
    require_name(approver, "A restore needs the name of who agrees", error=ApprovalError)
    if same_person(by, approver):
        raise ApprovalError("The one who restores cannot agree to it. Somebody else has to.")
    if not reason.strip():
        raise InputError("A restore takes a reason; none was given.")
    if not source.is_file():
        raise InputError(
            f"There is no backup at {source}. Name the file that `reconcile registry backup` wrote."
        )
    with scratch(large=True) as folder:  # looked at elsewhere: the backup stays as it is
        copy = Path(shutil.copy(source, folder / "backup.sqlite"))
        with Registry.open(copy, demo=demo, create=False) as copied:
            verified = copied.verify()
            mine = copied.inspect(_first)
        if not verified.ok:
            raise RegistryError(
                f"The backup {source.name} does not verify: {verified.problems[0]}. Name another."
            )
        wish = _Wish(
            demo=demo, by=by, approver=approver, reason=reason,
            accept_loss=accept_loss, rehearse=rehearse, anchors=tuple(anchors), at=at,
        )  # fmt: skip
        return _put_back(copy, place, verified, mine, wish)


def _put_back(
    copy: Path, place: str | Path, verified: Verification, mine: str, wish: _Wish
) -> dict[str, Any]:
    server = str(place).startswith("postgres")
    path = None if server else require_local(_path_of(place).resolve())
    if path is None:
        _require_empty(str(place))
        former = None
    else:
        former = _former(path, demo=wish.demo)
    if former is not None and former["registry"] not in (mine, chain.GENESIS):
        raise RegistryError(
            f"{path} is another registry, not an earlier or later one of the backup's. Name its place."
        )
    files = [*wish.anchors, *([path.with_name(path.name + SUFFIX)] if path is not None else [])]
    anchored = [one for file in files for one in read_anchors(file) if one["registry"] == mine]
    knew = [*anchored, *([former] if former is not None else [])]
    last = max((one["sequence"] for one in knew), default=0)
    lost = (verified.entries + 1, last) if last > verified.entries else None
    if lost is not None and not wish.accept_loss:
        raise RegistryError(
            f"The backup ends at audit entry {verified.entries:,}, and the registry had come to {last:,}: "
            f"{last - verified.entries:,} entries would be lost. Take a newer backup, or say --accept-loss."
        )
    there = path is not None and path.exists() and path.stat().st_size > 0
    kept = path.with_name(f"{path.name}.before-restore-{last}") if path is not None and there else None
    if not wish.rehearse:
        _bring_on(copy, knew, lost, wish)
        if path is None:
            _fill_server(copy, str(place))
        else:
            _fill_file(copy, path, kept, readable=former is not None)
    return {
        "entries": verified.entries,
        "lost": list(lost) if lost else None,
        "kept": str(kept) if kept else None,
    }


def _require_empty(place: str) -> None:
    target = Store(place, create=False, rehearse=True)
    try:
        empty = target.read(schema.version) is None
    finally:
        target.close()
    if not empty:
        raise RegistryError("The database holds a registry already. Restore into an empty database.")


def _bring_on(copy: Path, knew: list[dict[str, Any]], lost: tuple[int, int] | None, wish: _Wish) -> None:
    """Enter the restore in the copy before it takes the registry's place: counters, numbers, the log."""
    when = iso(now(wish.at))

    def work(connection: sa.Connection) -> None:
        nexts = _furthest(knew)
        for row in connection.execute(sa.select(allotments)).all():
            following = max(row.next, min(nexts.get(row.first, row.next), row.last + 1))
            theirs = sa.update(allotments).where(allotments.c.id == row.id)
            connection.execute(theirs.values(next=following))
        used = {place for one in knew for place in one.get("used", ())}
        new = sorted(used - set(connection.execute(sa.select(seen.c.ordinal)).scalars()))
        bulk(connection, seen, ("ordinal", "at"), [(place, when) for place in new])
        chain.append(
            connection, "restored", "registry", who=wish.by, at=when,
            approver=wish.approver, reason=wish.reason, lost=list(lost or (0, 0)), machine=machine(),
        )  # fmt: skip

    with Registry.open(copy, demo=wish.demo, create=False) as copied:
        copied.change(work)


def _fill_server(copy: Path, place: str) -> None:
    copied, target = Store(copy, create=False), Store(place, create=True)
    try:
        tables = copied.read(lambda connection: list(tables_of(connection)))

        def fill(connection: sa.Connection) -> None:
            schema.upgrade(connection, None)
            for table, rows in tables:
                bulk(connection, table, [column.name for column in table.columns], rows)
                if rows and table.autoincrement_column is not None:  # numbered by the store itself
                    following = f"setval(pg_get_serial_sequence('{table.name}', 'id'), max(id))"
                    connection.execute(sa.text(f"SELECT {following} FROM {table.name}"))

        target.write(fill)
    finally:
        copied.close()
        target.close()


def _fill_file(copy: Path, path: Path, kept: Path | None, *, readable: bool) -> None:
    """Keep the registry that is there, then put the copy's pages in its place, in one transaction."""
    if kept is not None and not readable:  # no page of it can be read: it goes aside as it is
        path.replace(kept)
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    elif kept is not None and not kept.exists():
        with plain(path) as former, plain(kept) as aside:
            former.backup(aside)
        make_private(kept)
    touch_private(path)
    with plain(copy) as copied, plain(path) as target:
        copied.backup(target)
    make_private(path)


def _former(path: Path, *, demo: bool) -> dict[str, Any] | None:
    """Look at the registry that is there: how far it had come, and which numbers it gave."""
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with Registry.open(path, demo=demo, create=False) as there:
            return there.inspect(_state)
    except RegistryError as error:
        damaged = "damaged" in str(error)
        words = str(error)
    if damaged:
        return None
    raise RegistryError(words)


def _state(connection: sa.Connection) -> dict[str, Any]:
    sequence, entry = chain.head(connection)
    ranges = connection.execute(sa.select(allotments.c.first, allotments.c.next))
    return {
        "registry": _first(connection),
        "sequence": sequence,
        "hash": entry,
        "next": {str(first): following for first, following in ranges},
        "used": sorted(set(connection.execute(sa.select(cccids.c.ordinal)).scalars())),
    }


def _first(connection: sa.Connection) -> str:
    return str(connection.execute(sa.select(audit.c.entry).where(audit.c.seq == 1)).scalar() or chain.GENESIS)


def _furthest(knew: list[dict[str, Any]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in knew:
        for first, following in one["next"].items():
            found[int(first)] = max(found.get(int(first), 0), following)
    return found


def _path_of(place: str | Path) -> Path:
    return Path(str(place).removeprefix("sqlite:///")).expanduser().absolute()
