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

    @property
    def duplicates(self) -> pl.DataFrame:
        """Its duplicates.csv, all text.

        Raises:
            InputError: the file is missing or was changed since.
        """
        return _named(self.folder, self.facts, "duplicates")


def last_run(plan: Plan, /) -> Written:
    """Read the outputs of the last run of a plan.

    Raises:
        InputError: there is none, or a file of it is missing or was changed since.
    """
    return read_run(last_folder(plan))


def last_folder(plan: Plan, /) -> Path:
    """Find the folder of the last run of a plan.

    Raises:
        InputError: there is none.
    """
    mark = plan.workspace / "latest"
    name = mark.read_text(encoding="utf-8").strip() if mark.is_file() else ""
    folder = plan.workspace / name
    if not name or not (folder / "run.json").is_file():
        raise InputError(
            f"There is no run in {plan.workspace} yet. `reconcile run {plan.path.name}` makes one."
        )
    return folder


def read_run(folder: Path, /) -> Written:
    """Read the outputs of a run from its folder.

    Raises:
        InputError: it is no folder of a run, or a file of it is missing or was changed since.
    """
    facts = facts_of(folder)
    students, crosswalk = (_named(folder, facts, name) for name in ("students", "crosswalk"))
    return Written(folder=folder, facts=facts, students=students, crosswalk=crosswalk)


def facts_of(folder: Path, /) -> dict[str, Any]:
    """Read the record of a run from its folder.

    Raises:
        InputError: there is none, or it is none any more.
    """
    record = folder / "run.json"
    if not record.is_file():
        raise InputError(f"{folder} is no folder of a run: it has no run.json. They are under runs/.")
    try:
        facts: dict[str, Any] | None = json.loads(record.read_text(encoding="utf-8"))
    except ValueError:
        facts = None
    if facts is None:
        raise InputError(f"{record} is not as the run wrote it. Remove the folder, or restore it.")
    return facts


def _named(folder: Path, facts: dict[str, Any], name: str) -> pl.DataFrame:
    return _table(folder / f"{name}.csv", facts["outputs"].get(f"{name}.csv"))


def _table(path: Path, hashed: str | None) -> pl.DataFrame:
    if not path.is_file() or sha256(path) != hashed:
        raise InputError(
            f"{path} is not as the run wrote it. Run the plan again; corrections belong into the SIS."
        )
    return pl.read_csv(BytesIO(path.read_bytes()), infer_schema=False)
