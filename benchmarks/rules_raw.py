"""One DuckDB statement for a whole suite, as a person would write it; it shares no code with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rules_suite import Rule

# Two ways to count: as most people write it, and one that costs DuckDB 2.0 less.
FILTER, COUNT_IF = "count(*) FILTER ({})", "count_if({})"


def statement(rules: Sequence[Rule], place: str, /, *, columns: Sequence[str], counted: str = FILTER) -> str:
    """Write the statement: a column a rule, in the order of the rules.

    Args:
        rules: of the suite.
        place: the table, as it stands after FROM.
        columns: those that the table has.
        counted: FILTER or COUNT_IF.
    """
    asked = [_count(rule, place, columns, counted) for rule in rules]
    return f"SELECT {', '.join(asked)} FROM {place}"


def _count(rule: Rule, place: str, columns: Sequence[str], counted: str) -> str:
    match rule.type.removeprefix("expect_"):
        case "table_row_count_to_be_between":
            return f"(count(*) < {rule.kwargs['min_value']})::INT"
        case "table_columns_to_match_set":
            return str(int(not set(rule.kwargs["column_set"]) <= set(columns)))
        case "column_values_to_be_unique" | "compound_columns_to_be_unique":
            return _repeated(rule, place)
    wrong = _wrong(rule).replace("{batch}", place)
    return counted.format(wrong + _and(rule.kwargs.get("row_condition")))


def _repeated(rule: Rule, place: str) -> str:
    """Count the rows that share their value: a group by of its own, in the same statement."""
    names = rule.kwargs.get("column_list") or [rule.column]
    where = " AND ".join(f"{name} IS NOT NULL" for name in names) + _and(rule.kwargs.get("row_condition"))
    keys = ", ".join(names)
    groups = f"SELECT count(*) AS n FROM {place} WHERE {where} GROUP BY {keys} HAVING n > 1"
    return f"(SELECT coalesce(sum(n), 0) FROM ({groups}))"


def _wrong(rule: Rule) -> str:  # noqa: PLR0911 - a line a type of rule
    name, kwargs = rule.column, rule.kwargs
    match rule.type.removeprefix("expect_column_"):
        case "values_to_not_be_null":
            return f"{name} IS NULL"
        case "values_to_be_null":
            return f"{name} IS NOT NULL"
        case "values_to_match_regex":
            return f"NOT regexp_matches({name}, {_text(kwargs['regex'])})"
        case "values_to_not_match_regex":
            return f"regexp_matches({name}, {_text(kwargs['regex'])})"
        case "values_to_be_in_set":
            return f"{name} NOT IN ({', '.join(map(_text, kwargs['value_set']))})"
        case "values_to_not_be_in_set":
            return f"{name} IN ({', '.join(map(_text, kwargs['value_set']))})"
        case "values_to_be_between":
            return _outside(name, kwargs)
        case "value_lengths_to_be_between":
            return _outside(f"length({name})", kwargs)
        case "unexpected_rows_expectation":
            return f"({rule.predicate})"
    raise SystemExit(f"The benchmark knows no {rule.type}; teach it in {__name__}.")


def _outside(value: str, kwargs: dict[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    below, above = "<=" if kwargs.get("strict_min") else "<", ">=" if kwargs.get("strict_max") else ">"
    sides = [(below, low), (above, high)]
    return "(" + " OR ".join(f"{value} {sign} {_text(one)}" for sign, one in sides if one is not None) + ")"


def _and(condition: dict[str, Any] | None) -> str:
    return f" AND {_condition(condition)}" if condition else ""


def _condition(one: dict[str, Any]) -> str:
    if "conditions" in one:
        return "(" + f" {one['type']} ".join(map(_condition, one["conditions"])) + ")"
    name = one["column"]["name"]
    if one["type"] == "nullity":
        return f"{name} IS {'' if one['is_null'] else 'NOT '}NULL"
    sign, value = one["operator"], one["parameter"]
    if isinstance(value, list):
        return f"{name} {sign.replace('_', ' ')} ({', '.join(map(_text, value))})"
    return f"{name} {'=' if sign == '==' else sign} {_text(value)}"


def _text(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
