"""What a rule checks, in words that an analyst can hold against a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconcile.validate.build import visible
from reconcile.validate.predicates import row_predicate

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.validate.dictionary import Rule

_PARAMETERS: Final = {
    "as_of": "the day of the check",
    "born_13_years_ago": "the day 13 years before the check",
    "cccid_shape": "three letters without I and O and four digits (setting cccid_shape)",
}
_OPERATORS: Final = {
    "==": "is",
    "!=": "is not",
    "<": "sorts before",
    "<=": "sorts no later than",
    ">": "sorts behind",
    ">=": "sorts no earlier than",
}


def in_words(rule: Rule, /) -> str:
    """Say what must hold for a row, or for the table.

    >>> from reconcile.validate.dictionary import Rule
    >>> kwargs = {"column": "suffix", "max_value": 3}
    >>> length = "expect_column_value_lengths_to_be_between"
    >>> facts = {"id": "r", "element": "suffix", "suites": {}, "message": {}, "remedy": ""}
    >>> in_words(Rule(expect=length, kwargs=kwargs, **facts))
    'suffix has at most 3 characters.'
    """
    kwargs = rule.kwargs
    told = _WORDS[rule.expect](kwargs) if rule.expect in _WORDS else _as_it_stands(rule)
    where = _condition(kwargs.get("row_condition"))
    return f"{told}, where {where}." if where else f"{told}."


def pattern(rule: Rule, /) -> str:
    """Give the regular expression or the SQL that a rule rests on, empty when its words say it all."""
    if "unexpected_rows_query" in rule.kwargs:
        return visible(row_predicate(rule.kwargs["unexpected_rows_query"]))
    regex = rule.kwargs.get("regex")
    return visible(regex) if isinstance(regex, str) else ""


def _as_it_stands(rule: Rule) -> str:
    """Write an expectation that has no words of its own."""
    facts = (f"{name} {_value(value)}" for name, value in rule.kwargs.items() if name != "row_condition")
    return f"{rule.expect}: {', '.join(facts)}"


def _matches(kwargs: dict[str, Any]) -> str:
    regex = kwargs["regex"]
    if isinstance(regex, dict):
        return f"{kwargs['column']} is {_value(regex)}"
    return f"{kwargs['column']} matches the pattern below"


def _between(kwargs: dict[str, Any], what: str, unit: str = "") -> str:
    return f"{what} {_bounds(kwargs, ('more than', 'at least'), ('less than', 'at most'))}{unit}"


def _day(kwargs: dict[str, Any]) -> str:
    return f"{kwargs['column']} is {_bounds(kwargs, ('after', 'on or after'), ('before', 'on or before'))}"


def _bounds(kwargs: dict[str, Any], *words: tuple[str, str]) -> str:
    """Word the lower and the upper bound, each with its word for a strict one and its word for another."""
    return " and ".join(
        f"{strict if kwargs.get(f'strict_{end}') else loose} {_value(kwargs[f'{end}_value'])}"
        for end, (strict, loose) in zip(("min", "max"), words, strict=True)
        if kwargs.get(f"{end}_value") is not None
    )


def _value(value: object) -> str:
    match value:
        case {"$PARAMETER": str(name)}:
            return _PARAMETERS.get(name, name)
        case list() | tuple():
            return ", ".join(_value(one) for one in value)
    return str(value)


_WORDS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "expect_column_values_to_not_be_null": lambda k: f"{k['column']} is not empty",
    "expect_column_values_to_be_null": lambda k: f"{k['column']} is empty",
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": lambda k: f"{k['column']} does not match the pattern below",
    "expect_column_values_to_be_in_set": lambda k: f"{k['column']} is one of: {_value(k['value_set'])}",
    "expect_column_values_to_not_be_in_set": lambda k: f"{k['column']} is none of: {_value(k['value_set'])}",
    "expect_column_values_to_be_between": _day,
    "expect_column_value_lengths_to_be_between": lambda k: _between(k, f"{k['column']} has", " characters"),
    "expect_column_values_to_be_unique": lambda k: f"{k['column']} occurs once only",
    "expect_compound_columns_to_be_unique": lambda k: (
        f"{' and '.join(k['column_list'])} together occur once only"
    ),
    "unexpected_rows_expectation": lambda _: "no row fulfils the condition below",
    "expect_table_row_count_to_be_between": lambda k: _between(k, "the number of rows is"),
    "expect_table_columns_to_match_set": lambda _: "the table has all columns that rules of the suite read",
}  # fmt: skip


def _condition(where: object) -> str:
    match where:
        case {"type": "nullity", "column": {"name": name}, "is_null": bool(absent)}:
            return f"{name} is {'empty' if absent else 'not empty'}"
        case {
            "type": "comparison",
            "column": {"name": name},
            "operator": "IN" | "NOT_IN" as operator,
            "parameter": value,
        }:
            return f"{name} is {'one' if operator == 'IN' else 'none'} of: {_value(value)}"
        case {"type": "comparison", "column": {"name": name}, "operator": operator, "parameter": value}:
            return f"{name} {_OPERATORS[operator]} {_value(value)}"
        case {"type": "and" | "or" as junction, "conditions": list(parts)}:
            return f" {junction} ".join(map(_condition, parts))
    return ""
