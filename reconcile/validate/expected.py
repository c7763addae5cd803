"""What an expectation can be asked: its kwargs and its condition, checked before a suite is made of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import InputError, ReconcileError, nearest
from reconcile.validate.entries import Entry, Items, check_keys

if TYPE_CHECKING:
    from reconcile.engine import Engine

PARAMETERS: Final = ("as_of", "born_13_years_ago", "cccid_shape")  # given when a suite runs
# Expectation type -> the keys of its kwargs, those that it cannot do without first.
_TYPES: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "expect_column_values_to_not_be_null": ((), ("column",)),
    "expect_column_values_to_be_null": ((), ("column",)),
    "expect_column_values_to_be_unique": ((), ("column",)),
    "expect_column_values_to_match_regex": (("regex",), ("column",)),
    "expect_column_values_to_not_match_regex": (("regex",), ("column",)),
    "expect_column_values_to_be_in_set": (("value_set",), ("column",)),
    "expect_column_values_to_not_be_in_set": (("value_set",), ("column",)),
    "expect_column_values_to_be_between": (
        (),
        ("column", "min_value", "max_value", "strict_min", "strict_max"),
    ),
    "expect_column_value_lengths_to_be_between": (
        (),
        ("column", "min_value", "max_value", "strict_min", "strict_max"),
    ),
    "expect_compound_columns_to_be_unique": (("column_list", "ignore_row_if"), ()),
    "expect_table_row_count_to_be_between": ((), ("min_value", "max_value")),
    "expect_table_columns_to_match_set": ((), ("exact_match",)),
}
_COUNTS: Final = ("expect_column_value_lengths_to_be_between", "expect_table_row_count_to_be_between")
_OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN")


def kwargs_of(entry: Entry, column: str | None, /, *, engine: Engine) -> dict[str, Any]:
    """Take the kwargs of a rule's expectation.

    Args:
        entry: the rule.
        column: that of the rule's element, where the kwargs name none.
        engine: must understand the regular expression.

    Raises:
        InputError: no such expectation, or its kwargs are lacking, unknown or contradict each other.
    """
    expect, kwargs = entry.text("expect"), entry.part("kwargs")
    if expect not in _TYPES:
        raise entry.wrong(f"no expectation {expect}.{nearest(expect, _TYPES)}", "expect")
    needed, more = _TYPES[expect]
    check_keys(kwargs, known=frozenset((*needed, *more)), needed=frozenset(needed))
    for key in kwargs:
        _check_value(kwargs, key, counts=expect in _COUNTS, engine=engine)
    if "min_value" in more:
        _check_bounds(kwargs)
    if "column" not in more or "column" in kwargs:
        return dict(kwargs)
    if column is None:
        raise entry.wrong("our tables do not carry the element; name a column in kwargs.")
    return {"column": column, **kwargs}


def _check_value(kwargs: Entry, key: str, *, counts: bool, engine: Engine) -> None:
    """Refuse a value that an expectation cannot work with; all columns are text, so bounds are too."""
    match key:
        case "column":
            kwargs.text(key)
        case "regex" if not _is_parameter(kwargs, key):
            _check_regex(kwargs, engine)
        case "value_set" if not kwargs.texts(key):
            raise kwargs.wrong("value_set is empty; no value would do.", key)
        case "column_list" if len(set(kwargs.texts(key))) < 2:  # noqa: PLR2004 - together means two
            raise kwargs.wrong("column_list needs two columns or more.", key)
        case "ignore_row_if" if kwargs[key] != "any_value_is_missing":
            raise kwargs.wrong("ignore_row_if can only be any_value_is_missing.", key)
        case "min_value" | "max_value" if counts:
            if (kwargs.take(key, int) or 0) < 0 or kwargs[key] is None:
                raise kwargs.wrong(f"{key} is negative or empty; a number was expected.", key)
        case "min_value" | "max_value" if not _is_parameter(kwargs, key):
            _check_date(kwargs, key)
        case "strict_min" | "strict_max" | "exact_match":
            kwargs.take(key, bool)


def _check_date(kwargs: Entry, key: str) -> None:
    """Refuse a bound that is no date: Great Expectations takes none else, and as texts 9 is above 10."""
    try:
        if date.fromisoformat(kwargs.text(key)).isoformat() == kwargs[key]:
            return
    except InputError:
        raise
    except ValueError:
        pass
    raise kwargs.wrong(f"{key} is no date (yyyy-mm-dd). For other bounds write a rule in sql.", key)


def _check_regex(kwargs: Entry, engine: Engine) -> None:
    try:
        engine.value("SELECT regexp_matches('', ?)", kwargs.text("regex"))
    except InputError:
        raise
    except ReconcileError:
        told = "is not understood; RE2 knows no lookaround and no backreference, and brackets must close."
    else:
        return
    raise kwargs.wrong(f"the regex {told}", "regex")


def _check_bounds(kwargs: Entry) -> None:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None and high is None:
        raise kwargs.wrong("min_value or max_value is missing. Add one.")
    if isinstance(low, str | int) and isinstance(high, str | int) and low > high:  # type: ignore[operator] # of one kind
        raise kwargs.wrong(f"min_value {low} is greater than max_value {high}.", "min_value")


def _is_parameter(entry: Entry, key: str) -> bool:
    """Tell whether a value is {$PARAMETER: name}, to be given when a suite runs."""
    value = entry[key]
    if not isinstance(value, Entry):
        return False
    check_keys(value, known=frozenset({"$PARAMETER"}), needed=frozenset({"$PARAMETER"}))
    name = value.text("$PARAMETER")
    if name not in PARAMETERS:
        raise value.wrong(f"no parameter {name}.{nearest(name, PARAMETERS)}", "$PARAMETER")
    return True


def condition(when: Entry, /) -> dict[str, Any]:
    """Write a condition as GX's: "column: value", ": [values]", ": {<: value}" or ": present".

    Raises:
        InputError: it is empty, or compares in a way that nobody knows.
    """
    parts: list[dict[str, Any]] = []
    for column, value in when.items():
        about = {"column": {"name": column}}
        if value == "present":
            parts.append({"type": "nullity", **about, "is_null": False})
        elif isinstance(value, Entry):
            parts += [{"type": "comparison", **about, **_compared(value, operator)} for operator in value]
        elif isinstance(value, Items):
            listed = list(when.texts(column))
            parts.append({"type": "comparison", **about, "operator": "IN", "parameter": listed})
        else:
            parts.append({"type": "comparison", **about, "operator": "==", "parameter": when.text(column)})
    if not parts:
        raise when.wrong("when is empty; write {column: value}, or leave it out.")
    return parts[0] if len(parts) == 1 else {"type": "and", "conditions": parts}


def _compared(asked: Entry, operator: str) -> dict[str, Any]:
    if operator not in _OPERATORS:
        raise asked.wrong(f"no comparison {operator}.{nearest(operator, _OPERATORS)}", operator)
    if operator.endswith("IN"):
        asked.texts(operator)
    elif not _is_parameter(asked, operator):
        asked.text(operator)
    return {"operator": operator, "parameter": asked[operator]}
