"""What stands in a reviewer's list for the hash of a pair: a hash of few days can be tried out, this cannot.

The hash of a pair is made of all that its two records hold, birthdates included, and whoever sees the rest
could find the days by trying. A reviewer without birthdates gets a random mark; the registry remembers what
it stands for, in a table that reviewers do not read, and puts the hash back when decisions are used.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import polars as pl
import sqlalchemy as sa

from reconcile.registry.connect import bulk
from reconcile.registry.tables import veils

if TYPE_CHECKING:
    from reconcile.registry.store import Registry


def put_on(registry: Registry, hashes: pl.Series, /) -> pl.Series:
    """Give each hash a mark of the same form, and remember what it stands for; the part of the ids stays."""
    shown = [f"h{secrets.token_hex(8)}-{text.rpartition('-')[2]}" for text in hashes]
    pairs = list(zip(shown, hashes, strict=True))
    registry.change(lambda connection: bulk(connection, veils, ("shown", "hash"), pairs))
    return pl.Series(hashes.name, shown, dtype=pl.String)


def take_off(connection: sa.Connection, decided: pl.DataFrame, /) -> pl.DataFrame:
    """Put the hashes of pairs (column hash) back where marks stand."""
    marks = [tuple(row) for row in connection.execute(sa.select(veils.c.shown, veils.c.hash))]
    behind = pl.DataFrame(marks, schema={"hash": pl.String, "behind": pl.String}, orient="row")
    found = decided.join(behind, on="hash", how="left", maintain_order="left")
    return found.with_columns(hash=pl.coalesce("behind", "hash")).drop("behind")
