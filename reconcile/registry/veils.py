"""What stands in a reviewer's list for the hash of a pair: a hash of few days can be tried out, this cannot.

The hash of a pair is made of all that its two records hold, birthdates included, and whoever sees the rest
could find the days by trying. A reviewer without birthdates gets a random mark; the registry remembers what
it stands for, in a table that reviewers do not read, and puts the hash back when decisions are used.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import polars as pl
import sqlalchemy as sa

from reconcile.registry.connect import bulk
from reconcile.registry.roles import in_force
from reconcile.registry.tables import veils

if TYPE_CHECKING:
    from reconcile.registry.store import Registry

_FEW: Final = 100  # hashes that are looked up one by one


def put_on(registry: Registry, hashes: pl.Series, /) -> pl.Series:
    """Give each hash a mark of the same form, and remember what it stands for; the part of the ids stays."""
    shown = registry.change(lambda connection: _marked(connection, hashes.to_list()))
    return pl.Series(hashes.name, shown, dtype=pl.String)


def cover(connection: sa.Connection, hashes: list[str], /) -> list[str]:
    """Let marks stand for hashes that are going to be kept where reviewers read; a mark stays as it is.

    Whoever may not make marks has had none but marks to decide by.
    """
    if not in_force(connection) or not _may(connection, "INSERT"):
        return hashes
    marks = dict(_behind(connection, hashes))
    bare = [text for text in hashes if text not in marks]
    made = dict(zip(bare, _marked(connection, bare), strict=True))
    return [made.get(text, text) for text in hashes]


def take_off(connection: sa.Connection, decided: pl.DataFrame, /) -> pl.DataFrame:
    """Put the hashes of pairs (column hash) back where marks stand, for whoever may look behind them."""
    if decided.is_empty() or not _may(connection, "SELECT"):
        return decided
    marks = _behind(connection, decided["hash"].to_list())
    if not marks:
        return decided
    behind = pl.DataFrame(marks, schema={"hash": pl.String, "behind": pl.String}, orient="row")
    found = decided.join(behind, on="hash", how="left", maintain_order="left")
    return found.with_columns(hash=pl.coalesce("behind", "hash")).drop("behind")


def _marked(connection: sa.Connection, hashes: list[str]) -> list[str]:
    shown = [f"h{secrets.token_hex(8)}-{text.rpartition('-')[2]}" for text in hashes]
    bulk(connection, veils, ("shown", "hash"), list(zip(shown, hashes, strict=True)))
    return shown


def _behind(connection: sa.Connection, marks: list[str]) -> list[tuple[str, str]]:
    """List marks with what they stand for: those asked for at least."""
    query = sa.select(veils.c.shown, veils.c.hash)
    if len(marks) <= _FEW:
        query = query.where(veils.c.shown.in_(marks))
    return [(shown, behind) for shown, behind in connection.execute(query)]


def _may(connection: sa.Connection, privilege: str) -> bool:
    if connection.dialect.name != "postgresql":
        return True
    asked = sa.select(sa.func.has_table_privilege(veils.name, privilege))
    return bool(connection.execute(asked).scalar())
