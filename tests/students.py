"""A student who is not yet known, beside an account of the small sample that may be theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = {
    "use_case": "incarcerated",
    "cannot_self_serve": "no internet access",
    "identity_check": "photo id, by the education office",
    "attested_by": "admissions office",
    "attested_authority": "board policy 5010",
    "attested_on": "2026-11-16",
}
NOBODY = REQUEST | {
    "college": "ZZ1", "sis_id": "900001", "first_name": "Zythromanda", "last_name": "Qarvellonix",
    "birthdate": "2001-02-03", "street": "1 Main St", "city": "Fresno", "state": "CA", "zip": "93701",
}  # fmt: skip


def account_of(folder: Path) -> dict[str, str]:
    """Give an account of the sample that no student of the extract has, by the names of our columns."""
    truth = pl.read_csv(folder / "truth_accounts.csv", infer_schema=False)
    taken = pl.read_csv(folder / "truth_students.csv", infer_schema=False)["person"]
    free = truth.filter(~pl.col("person").is_in(taken.implode()))["cccid"]
    rows = pl.read_csv(folder / "accounts.csv", infer_schema=False)
    names = {
        "firstname": "first_name",
        "lastname": "last_name",
        "ccc_id": "cccid",
        "perm_streetaddress1": "street",
    }
    rows = rows.rename({name: new for name, new in names.items() if name in rows.columns})
    whole = rows.filter(pl.col("cccid").is_in(free.implode())).drop_nulls(
        ["first_name", "last_name", "birthdate", "email"]
    )
    return whole.row(0, named=True)
