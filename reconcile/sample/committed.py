"""The sample that ships with the project: one population in three SIS layouts, and a part of it gone awry.

Made in a checkout by `python -m reconcile.sample.committed`. What does not depend on the SIS is shared.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from pathlib import Path
from typing import Final

import polars as pl

from reconcile.resources import sample
from reconcile.sample.imperfect import imperfect
from reconcile.sample.make import AS_OF, SYSTEMS, files_in, generate, plan_text

STUDENTS: Final = 2_000
ACCOUNTS: Final = 8_000
SEED: Final = 34
SHARED: Final = ("accounts.csv", "fraud.csv", "truth_accounts.csv", "truth_changes.csv")
PACKED: Final = (
    "earlier_accounts.csv"  # shared too, and packed, since it says again most of what accounts.csv says
)
BY_SYSTEM: Final = (
    "students.csv", "applications.csv", "submitted.csv", "truth_students.csv", "truth_submitted.csv",
)  # fmt: skip


def write(target: Path) -> None:
    """Write the sample's files into a folder, over those that are there."""
    with tempfile.TemporaryDirectory() as scratch:
        for sis in SYSTEMS:
            made = generate(
                students=STUDENTS, accounts=ACCOUNTS, sis=sis, seed=SEED, out=Path(scratch) / sis
            ).folder
            (target / sis).mkdir(parents=True, exist_ok=True)
            for name in BY_SYSTEM:
                shutil.copyfile(made / name, target / sis / name)
            for name in SHARED:
                shutil.copyfile(made / name, target / name)
            packed = gzip.compress((made / PACKED).read_bytes(), mtime=0)
            (target / f"{PACKED}.gz").write_bytes(packed)
            plan = files_in(target / sis).plan
            plan.write_text(plan_text(sis, AS_OF, shared="../"), encoding="utf-8", newline="\n")
    (target / "imperfect").mkdir(exist_ok=True)
    (target / "imperfect" / "students.csv").write_bytes(imperfect_extract(target))


def imperfect_extract(folder: Path) -> bytes:
    """Make the extract that is not perfect from the students of `folder`/colleague."""
    return imperfect(pl.read_csv(folder / "colleague" / "students.csv", infer_schema=False))


if __name__ == "__main__":
    write(sample())
