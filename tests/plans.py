"""Copies of a sample folder with a plan of one's own, for tests of whole runs."""

from __future__ import annotations

import csv
import json
import random
import shutil
import tomllib
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Row = dict[str, str]

# A plan with only what every plan has, for tests that do not read its files.
BRIEF = """
[reconciliation]
name = "Fall"
as_of = 2026-11-20
[issuer]
kind = "{issuer}"
[population]
colleges = ["021"]
terms = []
enrolled_only = false
credit = []
person_types = []
[students]
path = "students.csv"
layout = "{layout}"
[accounts]
path = "accounts.csv"
scope = "systemwide"
as_of = 2026-11-20
[mint]
proposer = "analyst"
"""


def take(folder: Path, place: Path, /, **sections: dict[str, Any]) -> Path:
    """Copy a sample folder and change its plan; a key that is None is left out, so is a section."""
    shutil.copytree(folder, place)
    return change_plan(place / "plan.toml", **sections)


def change_plan(path: Path, /, **sections: dict[str, Any] | None) -> Path:
    plan: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, keys in sections.items():
        plan[name] = {} if keys is None else plan.get(name, {}) | keys
    tables = (
        (f"{name}.{key}", value) if isinstance(value, dict) else (name, {key: value})
        for name, keys in plan.items()
        for key, value in sorted(keys.items(), key=lambda item: isinstance(item[1], dict))
    )
    text, last = [], ""
    for name, keys in tables:
        text += [f"[{name}]"] if name != last else []
        text += [f"{key} = {_value(value)}" for key, value in keys.items() if value is not None]
        last = name
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def _value(value: object) -> str:
    return str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def change_rows(
    path: Path, change: Callable[[list[Row]], list[Row] | None], *, encoding: str = "utf-8"
) -> None:
    """Change the rows of a CSV file in place, or give others in their stead."""
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.DictReader(file)
        rows, columns = list(reader), list(reader.fieldnames or ())
    rows = change(rows) or rows
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def shuffled(rows: list[Row]) -> list[Row]:
    return random.Random(8).sample(rows, len(rows))  # noqa: S311 - a test draws, nothing is secret
