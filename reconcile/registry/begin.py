"""How a registry begins: its schema, its stamp for ever, and the ranges that it may issue from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from reconcile.cccid import CCCID, COUNT
from reconcile.errors import IssuerError, RegistryError
from reconcile.registry import chain, schema
from reconcile.registry.tables import SCHEMA, allotments, meta

if TYPE_CHECKING:
    from reconcile.registry.connect import Store

DEMO_RANGE: Final = ("ZAA0001", "ZZZ9999")  # the far end of the sequence; watermarked besides


def word(*, demo: bool) -> str:
    """Say how a registry is stamped."""
    return "DEMO" if demo else "REAL"


def stamp_of(store: Store, found: str | None, *, demo: bool, create: bool, at: str) -> str:
    """Read the stamp, making or upgrading the schema where that is needed."""
    if found is None and not create:
        raise RegistryError(
            f"There is no registry at {store.name}. Name an existing one, or create it first."
        )

    def prepare(connection: sa.Connection) -> str:
        schema.upgrade(connection, schema.version(connection))
        stamp = connection.execute(sa.select(meta.c.stamp)).scalar()
        if stamp is None:
            stamp = word(demo=demo)
            connection.execute(sa.insert(meta).values(id=1, stamp=stamp, created=at))
            chain.append(connection, "created", "registry", who="", at=at, stamp=stamp)
            if demo:
                span = tuple(CCCID(end).ordinal for end in DEMO_RANGE)
                allot(connection, span, "demonstration", at)
        return str(stamp)

    schema.require_known(found)
    if store.rehearse and found != SCHEMA:
        raise RegistryError(
            f"The registry {store.name} has schema {found}, this release wants {SCHEMA}. A dry run does not "
            "upgrade it; `reconcile registry verify` does."
        )
    if found == SCHEMA:
        return str(store.read(lambda connection: connection.execute(sa.select(meta.c.stamp)).scalar()))
    return store.write(prepare)


def allot(connection: sa.Connection, span: tuple[int, ...], authority: str, at: str, /) -> None:
    """Enter a range of places; the same range of the same authority again changes nothing.

    Raises:
        IssuerError: it runs backwards or overlaps another.
    """
    first, last = span
    if not 0 <= first <= last < COUNT:
        raise IssuerError("The allotted range runs backwards: its last number comes before its first.")
    for row in connection.execute(sa.select(allotments)):
        if (row.first, row.last, row.authority) == (first, last, authority):
            return
        if row.first <= last and first <= row.last:
            raise IssuerError(
                f"The range overlaps one that {row.authority} allotted on {row.at[:10]}. "
                "Enter only the part that is new, or ask the authority which of the two holds."
            )
    values = {"first": first, "last": last, "authority": authority}
    connection.execute(sa.insert(allotments).values(**values, next=first, at=at))
    chain.append(connection, "allotted", "range", who=authority, at=at, first=first, last=last)
