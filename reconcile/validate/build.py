"""Make the Great Expectations suites from the dictionary: `python -m reconcile.validate.build`.

The suites are ordinary suite JSON with core expectation types and can be run by Great Expectations
alone on any SQL engine. They are committed beside the dictionary; a test proves them in step.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from reconcile import resources
from reconcile.validate.dictionary import SUITES, Rule, read_dictionary
from reconcile.validate.predicates import columns

if TYPE_CHECKING:
    from pathlib import Path

_GX_VERSION: Final = "1.24.1"

# Defaults of the parameters; `validate` fills in the day, a plan the shape of CCCIDs.
_PARAMETERS: Final = {
    "as_of": "9999-12-31",
    "born_13_years_ago": "9999-12-31",
    "cccid_shape": "^[A-HJ-NP-Z]{3}[0-9]{4}$",
}


def suite(name: str, folder: Path, /) -> dict[str, Any]:
    """Make one suite, as its JSON, from the dictionary in `folder`."""
    elements = read_dictionary(folder)
    carried = {one.element: one.column for one in elements}
    known = tuple(column for column in carried.values() if column)
    if name == "snapshot_change":
        known = (*known, *(f"{column}_before" for column in known))
    rules = [rule for one in elements for rule in one.rules if name in rule.suites]
    read = dict.fromkeys(column for rule in rules for column in columns(rule.kwargs, known=known))
    optional = [one.column for one in elements if name in one.optional and one.column in read]
    required = [column for column in read if column not in optional]
    return {
        "name": name,
        "id": None,
        "expectations": [
            expectation(rule, rule.suites[name], required, carried[rule.element]) for rule in rules
        ],
        "suite_parameters": _PARAMETERS,
        "meta": {
            "great_expectations_version": _GX_VERSION,
            "columns": required,
            "optional": optional,
            "aliases": {
                one.column: sorted({one.element, *one.aliases, *([one.api] if one.api else [])})
                for one in elements
                if one.column in optional
            },
            "values": {one.column: one.values for one in elements if one.column and one.values},
            "secret": [one.column for one in elements if one.column and one.sensitivity == "secret"],
        },
        "notes": None,
    }


def suite_json(name: str, folder: Path, /) -> str:
    """Write one suite as the text of its file."""
    text = json.dumps(suite(name, folder), ensure_ascii=False, indent=1)
    return visible(text) + "\n"


def visible(text: str, /) -> str:
    r"""Write characters that an editor would hide or reorder as JSON and regular expressions' readers do.

    >>> visible("[\N{ZERO WIDTH SPACE}-\N{RIGHT-TO-LEFT MARK}]")
    '[\\u200b-\\u200f]'
    """
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def suite_path(name: str, folder: Path, /) -> Path:
    """Say where a suite's file is."""
    return folder / "suites" / f"{name}.json"


def build(folder: Path | None = None, /) -> tuple[Path, ...]:
    """Write all suites from the dictionary in `folder`, by default the one that we ship."""
    place = folder or resources.expectations()
    texts = {suite_path(name, place): suite_json(name, place) for name in SUITES}
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return tuple(texts)


def expectation(rule: Rule, severity: str, required: list[str], column: str | None, /) -> dict[str, Any]:
    """Make one expectation of a suite, as its JSON.

    Args:
        rule: with everything but its severities.
        severity: in the suite.
        required: the columns that rules of the suite read and a table must have.
        column: of the rule's element, whose value is shown, masked.
    """
    kwargs = dict(rule.kwargs)
    if rule.expect == "expect_table_columns_to_match_set":
        kwargs["column_set"] = required  # every column that a rule of this suite reads
    meta: dict[str, Any] = {
        "rule_id": rule.id,
        "element": rule.element,
        "message": rule.message,
        "remedy": rule.remedy,
    }
    meta |= {"column": rule.kwargs.get("column", column)} | ({"eased": rule.eased} if rule.eased else {})
    return {"type": rule.expect, "kwargs": kwargs, "meta": meta, "severity": severity}


if __name__ == "__main__":
    for made in build():
        sys.stdout.write(f"{made}\n")
