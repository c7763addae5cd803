"""The shipped suite of accounts, cut to the columns of a table, and what its rules ask, for other engines."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from reconcile import resources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUITE: Final = "accounts"
AS_OF: Final = date(2026, 6, 30)
_PARAMETERS: Final = {"as_of": "2026-06-30", "born_13_years_ago": "2013-06-30"}

# Rules about the table as a whole; every engine says 0 or 1 of them.
ROWS, SCHEMA = "expect_table_row_count_to_be_between", "expect_table_columns_to_match_set"


@dataclass(frozen=True)
class Rule:
    """A rule as an expectation says it, its parameters filled in."""

    name: str
    type: str
    kwargs: dict[str, Any]

    @property
    def column(self) -> str:
        """The one column that it is about, empty when there are several or none."""
        return str(self.kwargs.get("column", ""))

    @property
    def predicate(self) -> str:
        """When a row is wrong, as a rule in SQL says it; {batch} stands for the table."""
        query = self.kwargs["unexpected_rows_query"].partition(" WHERE ")[2]
        return str(query).replace("{{", "{").replace("}}", "}")


def cut(folder: Path, columns: Sequence[str], /) -> int:
    """Copy the shipped expectations and keep the rules that read only these columns; say how many."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(resources.expectations(), folder)
    path = folder / "suites" / f"{SUITE}.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    known = {*suite["meta"]["columns"], *suite["meta"].get("optional", ())}
    dropped = known - set(columns)
    suite["meta"]["columns"] = [name for name in suite["meta"]["columns"] if name in columns]
    suite["meta"]["optional"] = []
    suite["expectations"] = [rule for rule in suite["expectations"] if not _words(rule["kwargs"]) & dropped]
    for rule in suite["expectations"]:
        if rule["type"] == SCHEMA:
            rule["kwargs"]["column_set"] = suite["meta"]["columns"]
    path.write_text(json.dumps(suite, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return len(suite["expectations"])


def load(folder: Path, /) -> list[Rule]:
    """Read the rules of a cut suite."""
    suite = json.loads((folder / "suites" / f"{SUITE}.json").read_text(encoding="utf-8"))
    given = suite["suite_parameters"] | _PARAMETERS
    return [
        Rule(rule["meta"]["rule_id"], rule["type"], _filled(rule["kwargs"], given))
        for rule in suite["expectations"]
    ]


def _words(kwargs: dict[str, Any]) -> set[str]:
    """Every word in which a column may be named; the list of the table's own columns is none of them."""
    rest = {key: value for key, value in kwargs.items() if key not in ("column_set", "value_set", "regex")}
    return set(re.findall(r"[a-z_][a-z0-9_]*", json.dumps(rest)))


def _filled(part: Any, given: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(part, dict):
        if "$PARAMETER" in part:
            return given[part["$PARAMETER"]]
        return {key: _filled(value, given) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, given) for value in part]
    return part
