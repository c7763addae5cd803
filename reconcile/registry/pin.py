"""The one SSN key that a registry is tied to, and how it learns of another."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from reconcile.errors import KeyMismatch
from reconcile.registry import chain
from reconcile.registry.tables import (
    accounts,
    cccids,
    crosswalk,
    decisions,
    meta,
    requests,
    results,
    ties,
    voids,
)

# Where a student's id may be the hash of an SSN, which another key would make anew.
_IDS: Final = (
    requests.c.sis_id,
    cccids.c.sis_id,
    crosswalk.c.sis_id,
    decisions.c.id_l,
    decisions.c.id_r,
    results.c.sis_id,
    voids.c.sis_id,
    ties.c.sis_id_l,
    ties.c.sis_id_r,
    accounts.c.sis_id,
)


def pin(connection: sa.Connection, fingerprint: str, /) -> str:
    """Tie a registry that is tied to no key yet, and return the fingerprint that holds."""
    known = connection.execute(sa.select(meta.c.ssn_key)).scalar()
    if known is None:
        connection.execute(sa.update(meta).values(ssn_key=fingerprint))
    return str(known or fingerprint)


def repin(
    connection: sa.Connection, fingerprint: str, /, *, instead_of: str, by: str, at: str, name: str
) -> None:
    """Tie a registry to another key, and write down who decided that.

    Raises:
        KeyMismatch: it is tied to a third key, or holds students whose id is a hash of the earlier one.
    """
    known = pin(connection, fingerprint)
    if known == fingerprint:
        return
    if known != instead_of:
        raise KeyMismatch(
            f"The registry {name} is tied to the SSN key {known}, not to {instead_of}. Name that one."
        )
    pattern = f"%ssn:{known}:%"
    held = sum(
        connection.execute(sa.select(sa.func.count()).where(column.like(pattern))).scalar_one()
        for column in _IDS
    )
    if held:
        raise KeyMismatch(
            f"The registry {name} names students by ids that are hashes of the SSN key {known}, in {held} "
            "places; with another key nobody would know them again, and an account could be made twice. Keep "
            "that key for this registry: reconcile key restore FILE"
        )
    connection.execute(sa.update(meta).values(ssn_key=fingerprint))
    chain.append(connection, "pinned", "key", who=by, at=at, key=fingerprint, before=known)


def other_key(name: str, known: str, fingerprint: str, /) -> str:
    """Say that a run uses another key than its registry knows, and what to do."""
    return (
        f"The registry {name} is tied to another SSN key, {known}; the one in use is {fingerprint}. Hashes "
        "made with two keys never agree, and students who have an account would look as if they had none. "
        "Use that key: reconcile key restore FILE (of the backup, or the earlier key that `reconcile key "
        "show` lists). If the key was changed for good, read all files again, and tell the registry: "
        f'reconcile key pin --instead-of {known} --by "YOUR NAME" with its --plan or --registry.'
    )
