"""Which rows break which rule, with the shape of the value in place of the value."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.columns import LIST_COLUMNS
from reconcile.errors import ConservationError
from reconcile.privacy import SHAPE_LENGTH, SIGNS, UNSEEN
from reconcile.sql import quote
from reconcile.validate.predicates import METRICS, TABLE_TYPES, failing, literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.engine import Table
    from reconcile.validate.gx import Outcome

MISSING: Final = "(missing)"
WITHHELD: Final = "(withheld)"
# Nearly all texts are ASCII, where exchanging signs costs a fraction of four regular expressions.
_CONTROLS: Final = "".join(map(chr, (*range(1, 32), 127)))
_PLAIN: Final = _CONTROLS + ascii_uppercase + ascii_lowercase + digits
_SHOWN: Final = UNSEEN * (1 + len(_CONTROLS)) + "A" * 26 + "a" * 26 + "9" * 10
_FOUND: Final = {"row": pl.Int64, "rule": pl.Int32, "value": pl.String}


def failing_rows(rules: dict[str, Any], outcomes: Mapping[str, Outcome], table: Table) -> pl.DataFrame:
    """List every failing row of every broken rule, and prove that there are as many as were counted.

    Returns:
        row (null where the table as a whole breaks the rule), rule (its place in the suite), value (its
        shape), sorted by row and rule.

    Raises:
        ConservationError: as many are listed as were counted for each rule, or it is a defect of ours.
    """
    broken = [
        (place, rule)
        for place, rule in enumerate(rules["expectations"])
        if (one := outcomes.get(rule["meta"]["rule_id"])) and one.failures
    ]
    columns = table.columns
    whole = [place for place, rule in broken if rule["type"] in TABLE_TYPES]
    parts = [
        f"SELECT {quote(table.numbered_by)} AS row, {place} AS rule, "
        f"{_value(rule, rules['meta'], columns)} AS value "
        f"FROM {quote(table.name)} WHERE {failing(METRICS[rule['type']], rule['kwargs'], table=table.name)}"
        for place, rule in broken
        if rule["type"] not in TABLE_TYPES
    ]
    rows = pl.DataFrame(
        {"row": [None] * len(whole), "rule": whole, "value": [None] * len(whole)}, schema=_FOUND
    )
    if parts:
        found = table.engine.frame(" UNION ALL ".join(parts))
        rows = pl.concat([rows, found.cast(pl.Schema(_FOUND))])
    _require_all(broken, outcomes, rows)
    return rows.sort("row", "rule")


def shape(column: str, /, *, allowed: tuple[str, ...] = ()) -> str:
    """Write the SQL that shows a text without telling it: letters as a or A, digits as 9.

    Values that the dictionary allows are no secret and stay.

    >>> shape("phone_type").startswith("CASE WHEN")
    True
    """
    short = f"left({column}, {SHAPE_LENGTH})"
    signs = f"translate({short}, chr(0) || {literal(_PLAIN)}, {literal(_SHOWN)})"
    text = short
    for pattern, sign in SIGNS:
        text = f"regexp_replace({text}, '{pattern}', '{sign}', 'g')"
    text = f"CASE WHEN strlen({column}) = length({column}) THEN {signs} ELSE {text} END"
    listed = ", ".join(map(literal, allowed)) or "NULL"
    known = f"WHEN {column} IN ({listed}) THEN {column}"
    return f"CASE WHEN {column} IS NULL THEN '{MISSING}' {known} ELSE {text} END"


def _value(rule: dict[str, Any], meta: dict[str, Any], columns: tuple[str, ...]) -> str:
    """Write the SQL of what is shown of the value that a rule is about."""
    name = rule["meta"]["column"]
    if name is None or name not in columns:
        return "NULL"
    column = quote(name)
    if name in LIST_COLUMNS:
        column = f"array_to_string({column}, ' ')"
    if name.removesuffix("_before") in meta["secret"]:
        return f"CASE WHEN {column} IS NULL THEN '{MISSING}' ELSE '{WITHHELD}' END"
    return shape(column, allowed=tuple(meta["values"].get(name, ())))


def _require_all(
    broken: list[tuple[int, dict[str, Any]]], outcomes: Mapping[str, Outcome], rows: pl.DataFrame
) -> None:
    listed = dict(rows.group_by("rule").len().iter_rows())
    for place, rule in broken:
        name = rule["meta"]["rule_id"]
        if listed.get(place) != outcomes[name].failures:
            raise ConservationError(
                f"The rule {name} counts {outcomes[name].failures} failures and lists {listed.get(place, 0)}."
            )
