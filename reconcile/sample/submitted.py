"""What the college reported to MIS in the spring, and what of that is to be corrected today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample.kinds import column, some
from reconcile.sample.students import HOME

if TYPE_CHECKING:
    from datetime import date

    from reconcile.sample.students import Students

MISSING: Final = "XXXXXXXX"
_SHARE: Final = 0.14  # of the students, who were enrolled then too
_LATE, _MISTYPED = 0.06, 0.03  # shares of the numbers: reported as missing, and with two digits exchanged
# Reported as the SIS has it, and what is to be done about it.
_AS_HELD: Final = {
    "confirmed": "",
    "conflict": "decide",
    "malformed_cccid": "withdraw",
    "unknown_cccid": "decide",
}


def submitted(
    rng: np.random.Generator, students: Students, sis_ids: pl.Series, status: pl.Series, as_of: date
) -> pl.DataFrame:
    """Lay an earlier submission out: GI01, GI03, sis_id, SB34, and the correction that it asks for, kind.

    A number that can be recovered today ("recoverable") was reported as missing, and is to be added once it
    is. Students with several numbers or a status that is not settled by them are left out.
    """
    held, others = column(students["cccids"]), students.has("cccid_conflict")
    frame = pl.DataFrame({"sis_id": sis_ids, "status": status, "held": held, "others": others}).filter(
        pl.col("status").is_in([*_AS_HELD, "recoverable", "mintable"])
        & ~pl.col("held").str.contains("|", literal=True).fill_null(value=False)
        & (pl.col("held").str.len_chars() <= len(MISSING)).fill_null(value=True)
    )
    there = some(rng, np.ones(frame.height, dtype=bool), _SHARE)
    frame = frame[pl.Series(there)].with_columns(
        SB34=pl.when(pl.col("status").is_in(list(_AS_HELD))).then("held"),
        kind=pl.when((pl.col("status") == "conflict") & pl.col("others"))
        .then(pl.lit("withdraw"))
        .otherwise(pl.col("status").replace_strict(_AS_HELD | {"recoverable": "add"}, default="")),
    )
    sure = frame["status"] == "confirmed"
    late = some(rng, sure.to_numpy(), _LATE)
    rest = sure.to_numpy().copy()
    rest[late] = False
    wrong = some(rng, rest, _MISTYPED)
    exchanged = pl.col("held").str.replace(r"^(.{5})(.)(.)$", "$1$3$2")
    row = pl.int_range(pl.len())
    return (
        frame.with_columns(
            SB34=pl.when(row.is_in(late.tolist())).then(None)
            .when(row.is_in(wrong.tolist())).then(exchanged).otherwise("SB34")
        )
        .with_columns(
            kind=pl.when(row.is_in(late.tolist())).then(pl.lit("add"))
            .when(row.is_in(wrong.tolist()) & (pl.col("SB34") != pl.col("held"))).then(pl.lit("replace"))
            .otherwise("kind"),
            GI01=pl.lit(HOME),
            GI03=pl.lit(f"{as_of:%y}3"),  # spring
            SB34=pl.col("SB34").fill_null(MISSING),
        )
        .sort("sis_id")
    )  # fmt: skip
