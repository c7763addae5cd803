"""The last run of a plan, read back from its folder as it was written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import polars as pl

from reconcile.errors import InputError
from reconcile.files import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a run wrote.

    Attributes:
        folder: the run's.
        facts: its run.json.
        students: its students.csv, all text.
        crosswalk: its crosswalk.csv, all text.
    """

    folder: Path
    facts: dict[str, Any] = field(repr=False)
    students: pl.DataFrame = field(repr=False)
    crosswalk: pl.DataFrame = field(repr=False)


def last_run(plan: Plan, /) -> Written:
    """Read the outputs of the last run of a plan.

    Raises:
        InputError: there is none, or a file of it is missing or was changed since.
    """
    mark = plan.workspace / "latest"
    name = mark.read_text(encoding="utf-8").strip() if mark.is_file() else ""
    folder = plan.workspace / name
    if not name or not (folder / "run.json").is_file():
        raise InputError(
            f"There is no run in {plan.workspace} yet. `reconcile run {plan.path.name}` makes one."
        )
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    students, crosswalk = (
        _table(folder / f"{name}.csv", facts["outputs"].get(f"{name}.csv"))
        for name in ("students", "crosswalk")
    )
    return Written(folder=folder, facts=facts, students=students, crosswalk=crosswalk)


def _table(path: Path, hashed: str | None) -> pl.DataFrame:
    if not path.is_file() or sha256(path) != hashed:
        raise InputError(
            f"{path} is not as the run wrote it. Run the plan again; corrections belong into the SIS."
        )
    return pl.read_csv(BytesIO(path.read_bytes()), infer_schema=False)
