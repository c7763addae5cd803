"""An expectation as the SQL predicate of a row that breaks it; counts and row extracts share it.

Each predicate holds for the failing rows only and is false or null elsewhere, so that
`count_if(...)` counts failures and `WHERE ...` lists them. Nulls pass every rule but the
one that forbids them, as in Great Expectations.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import InputError
from reconcile.sql import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kwargs = dict[str, Any]

# Expectation type -> the metric that Great Expectations asks an engine for.
METRICS: Final = {
    "expect_column_values_to_not_be_null": "column_values.nonnull",
    "expect_column_values_to_be_null": "column_values.null",
    "expect_column_values_to_match_regex": "column_values.match_regex",
    "expect_column_values_to_not_match_regex": "column_values.not_match_regex",
    "expect_column_values_to_be_in_set": "column_values.in_set",
    "expect_column_values_to_not_be_in_set": "column_values.not_in_set",
    "expect_column_values_to_be_between": "column_values.between",
    "expect_column_value_lengths_to_be_between": "column_values.value_length.between",
    "expect_column_values_to_be_unique": "column_values.unique",
    "expect_compound_columns_to_be_unique": "compound_columns.unique",
    "unexpected_rows_expectation": "unexpected_rows_query",
}

# Rules about the table as a whole; no single row breaks them.
TABLE_TYPES: Final = ("expect_table_row_count_to_be_between", "expect_table_columns_to_match_set")

_ROW_QUERY: Final = re.compile(r"\s*SELECT \* FROM \{batch\} WHERE (?P<predicate>.+)", re.DOTALL)
# A text in quotes, or the place where the table stands; braces mean nothing else outside of texts.
_TEXT_OR_BATCH: Final = re.compile(r"('[^']*')|\{?\{batch\}\}?")


def failing(metric: str, kwargs: Mapping[str, Any], /, *, table: str) -> str:
    """Write the predicate of the rows that break a rule.

    Args:
        metric: a value of METRICS.
        kwargs: the expectation's, row_condition included.
        table: the table's name, for rules that look at other rows.

    Raises:
        InputError: the rule says something that this engine cannot express.

    >>> failing("column_values.nonnull", {"column": "last_name"}, table="t")
    '("last_name" IS NULL)'
    """
    known = _PREDICATES.get(metric)
    if known is None:
        raise InputError(f"No engine rule for the metric {metric}. Known: {', '.join(sorted(_PREDICATES))}.")
    where = _condition(kwargs.get("row_condition"))
    predicate = known(dict(kwargs), table)
    return f"({predicate}) AND {where}" if where else f"({predicate})"


def counted(kwargs: Mapping[str, Any], /) -> str:
    """Write the predicate of the rows that a rule looks at, empty for all.

    >>> counted({"row_condition": {"type": "nullity", "column": {"name": "phone"}, "is_null": False}})
    '("phone" IS NOT NULL)'
    """
    parts = [_condition(kwargs.get("row_condition"))]
    parts += [f"{quote(name)} IS NOT NULL" for name in kwargs.get("column_list") or ()]
    return " AND ".join(filter(None, parts))


def columns(kwargs: Mapping[str, Any], /, *, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Name the columns that a rule reads.

    A rule written as SQL names its columns as words; those of `known` that occur in it are meant.

    >>> columns({"column": "zip", "row_condition": {"type": "nullity", "column": {"name": "country"}}})
    ('zip', 'country')
    """
    named = [kwargs[key] for key in ("column", "column_A", "column_B") if kwargs.get(key)]
    named += list(kwargs.get("column_list") or ())
    named += _named_in(kwargs.get("row_condition"))
    words = set(re.findall(r"[a-z_][a-z0-9_]*", str(kwargs.get("unexpected_rows_query", ""))))
    named += [column for column in known if column in words]
    return tuple(dict.fromkeys(named))


def row_predicate(query: str, /, *, table: str = "") -> str:
    """Take the predicate out of a row rule's query; its doubled braces become single ones.

    Args:
        query: of the rule.
        table: the table's name, put in where the predicate looks at other rows; {batch} stays without.

    Raises:
        InputError: the query has another form than SELECT * FROM {batch} WHERE ...

    >>> row_predicate("SELECT * FROM {batch} WHERE x !~ '^[0-9]{{9}}$'")
    "x !~ '^[0-9]{9}$'"
    >>> row_predicate("SELECT * FROM {batch} WHERE x IN (SELECT y FROM {batch})", table="t")
    'x IN (SELECT y FROM "t")'
    """
    match = _ROW_QUERY.fullmatch(query)
    if match is None:
        raise InputError('A rule in SQL has the form "SELECT * FROM {batch} WHERE <the row is wrong>".')
    place = quote(table) if table else "{batch}"
    filled = _TEXT_OR_BATCH.sub(lambda part: part[1] or place, match["predicate"])
    return filled.replace("{{", "{").replace("}}", "}")


def literal(value: object, /) -> str:
    """Write a value of a suite as an SQL literal.

    >>> literal("O'Neill"), literal(50), literal(True)
    ("'O''Neill'", '50', 'TRUE')
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def _matches(kwargs: Kwargs) -> str:
    return f"regexp_matches({quote(kwargs['column'])}, {literal(kwargs['regex'])})"


def _listed(kwargs: Kwargs) -> str:
    return f"{quote(kwargs['column'])} IN ({', '.join(map(literal, kwargs['value_set'])) or 'NULL'})"


def _outside(expression: str, kwargs: Kwargs) -> str:
    """Compare with one or two bounds; a bound that is absent does not bind."""
    below = "<=" if kwargs.get("strict_min") else "<"
    above = ">=" if kwargs.get("strict_max") else ">"
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    parts = [f"{expression} {below} {literal(low)}"] if low is not None else []
    parts += [f"{expression} {above} {literal(high)}"] if high is not None else []
    return " OR ".join(parts) or "FALSE"


def _repeated(kwargs: Kwargs, table: str) -> str:
    names = [kwargs["column"]] if "column" in kwargs else list(kwargs["column_list"])
    if len(names) > 1 and kwargs.get("ignore_row_if") != "any_value_is_missing":
        raise InputError("Columns that are unique together need ignore_row_if: any_value_is_missing.")
    keys = ", ".join(map(quote, names))
    one = f"({keys})" if len(names) > 1 else keys
    where = counted({**kwargs, "column_list": names})
    groups = f"SELECT {keys} FROM {quote(table)} WHERE {where} GROUP BY {keys} HAVING count(*) > 1"
    return f"{one} IN (SELECT {one} FROM ({groups}))"


_PREDICATES: Final[dict[str, Callable[[Kwargs, str], str]]] = {
    "column_values.nonnull": lambda k, _t: f"{quote(k['column'])} IS NULL",
    "column_values.null": lambda k, _t: f"{quote(k['column'])} IS NOT NULL",
    "column_values.match_regex": lambda k, _t: f"NOT {_matches(k)}",
    "column_values.not_match_regex": lambda k, _t: _matches(k),
    "column_values.in_set": lambda k, _t: f"NOT {_listed(k)}",
    "column_values.not_in_set": lambda k, _t: _listed(k),
    "column_values.between": lambda k, _t: _outside(quote(k["column"]), k),
    "column_values.value_length.between": lambda k, _t: _outside(f"length({quote(k['column'])})", k),
    "column_values.unique": _repeated,
    "compound_columns.unique": _repeated,
    "unexpected_rows_query": lambda k, t: row_predicate(k["unexpected_rows_query"], table=t),
}

_COMPARISONS: Final = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _condition(where: object) -> str:
    """Write a row condition in the form in which a suite's JSON holds it."""
    match where:
        case None:
            return ""
        case {"type": "nullity", "column": {"name": name}, "is_null": bool(absent)}:
            return f"({quote(name)} IS {'' if absent else 'NOT '}NULL)"
        case {"type": "comparison", "column": {"name": name}, "operator": operator, "parameter": value}:
            if operator in ("IN", "NOT_IN"):
                listed = ", ".join(map(literal, value)) or "NULL"
                return f"({quote(name)} {operator.replace('_', ' ')} ({listed}))"
            return f"({quote(name)} {_COMPARISONS[operator]} {literal(value)})"
        case {"type": "and" | "or" as junction, "conditions": list(parts)}:
            return "(" + f" {junction.upper()} ".join(map(_condition, parts)) + ")"
    raise InputError("A row condition is a comparison, a nullity test, or those joined by and / or.")


def _named_in(where: object) -> list[str]:
    match where:
        case {"column": {"name": str(name)}}:
            return [name]
        case {"conditions": list(parts)}:
            return [name for part in parts for name in _named_in(part)]
    return []
