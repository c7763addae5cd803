"""What a registry hears of numbers that others gave: seen somewhere, or known to be a student's."""

from __future__ import annotations

from typing import Final

import polars as pl
import sqlalchemy as sa

from reconcile.registry.connect import bulk
from reconcile.registry.tables import allotments, crosswalk, seen

KEY: Final = ("college", "sis_id", "cccid")


def see(connection: sa.Connection, places: pl.DataFrame, when: str, /) -> int:
    """Remember places (column n) inside an allotted range as in use; return how many are new."""
    spans = connection.execute(sa.select(allotments.c.first, allotments.c.last)).all()
    inside = pl.any_horizontal(pl.lit(value=False), *(pl.col("n").is_between(a, b) for a, b in spans))
    found = places.filter(inside)
    known = connection.execute(sa.select(seen.c.ordinal)).scalars().all() if found.height else []
    new = found.filter(~pl.col("n").is_in(list(known)))
    bulk(connection, seen, ("ordinal", "at"), [(n, when) for n in new["n"].to_list()])
    return new.height


def add(connection: sa.Connection, given: pl.DataFrame, when: str, /) -> int:
    """Add college, sis_id, cccid, origin to the crosswalk; return how many are new."""
    known = connection.execute(sa.select(crosswalk.c.mis_code, crosswalk.c.sis_id, crosswalk.c.cccid)).all()
    old = pl.DataFrame([tuple(row) for row in known], schema=dict.fromkeys(KEY, pl.String), orient="row")
    new = given.join(old, on=list(KEY), how="anti")
    names = ("mis_code", "sis_id", "cccid", "origin", "since")
    bulk(connection, crosswalk, names, [(*row, when) for row in new.rows()])
    return new.height
