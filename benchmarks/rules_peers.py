"""The same rules for dataframely, pandera and pointblank, each in its own words where it has them.

What a peer has no word for is a Polars expression, the same in all three: see `broken`.
"""

from __future__ import annotations

from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from benchmarks.rules_suite import ROWS, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.rules_suite import Rule

    # The rows of a table -> failures by rule, the rules without any left out.
    Counter = Callable[[pl.DataFrame], dict[str, int]]

_UNIQUE: Final = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"

_ADDRESS: Final = pl.col("email").str.strip_chars(" ").str.to_lowercase()

# Rules in SQL that Polars' own SQL does not understand, by rule.
_SPOKEN: Final = {
    "email_unique": _ADDRESS.is_duplicated() & _ADDRESS.is_not_null(),
    "idv_in_order": pl.col("idv_confirmation_timestamp").str.to_datetime(_STAMP, strict=False)
    < pl.col("idv_optin_timestamp").str.to_datetime(_STAMP, strict=False),
}


def broken(rule: Rule, /) -> pl.Expr:
    """Say when a row breaks a rule; null counts as unbroken."""
    condition = rule.kwargs.get("row_condition")
    if rule.type in _UNIQUE:
        names = rule.kwargs.get("column_list") or [rule.column]
        looked_at = reduce(and_, (pl.col(name).is_not_null() for name in names))
        looked_at = looked_at & _condition(condition) if condition else looked_at
        twice = pl.when(looked_at).then(pl.struct(names) if len(names) > 1 else pl.col(names[0]))
        return twice.is_duplicated() & looked_at
    wrong = _wrong(rule)
    return wrong & _condition(condition) if condition else wrong


def of_table(rules: Iterable[Rule], table: pl.DataFrame, /) -> dict[str, int]:
    """Judge the rules about the table as a whole, which no peer counts by row."""
    judged = {}
    for rule in rules:
        if rule.type == ROWS:
            judged[rule.name] = int(table.height < rule.kwargs["min_value"])
        if rule.type == SCHEMA:
            judged[rule.name] = int(not set(rule.kwargs["column_set"]) <= set(table.columns))
    return judged


def dataframely(rules: Sequence[Rule], columns: Sequence[str], /) -> Counter:
    """A Schema with column rules and row rules; `filter` counts the failures."""
    import dataframely as dy  # noqa: PLC0415 - only the process that measures it

    words: dict[str, str] = {}  # as dataframely calls a rule -> as we do
    body: dict[str, Any] = {}
    for name in columns:
        options: dict[str, Any] = {"nullable": True, "check": {}}
        for rule in _plain(rules, name):
            kind = rule.type.removeprefix("expect_column_")
            if kind == "values_to_not_be_null":
                options["nullable"], words[f"{name}|nullability"] = False, rule.name
            elif kind == "values_to_match_regex" and "regex" not in options:
                options["regex"], words[f"{name}|regex"] = rule.kwargs["regex"], rule.name
            else:
                options["check"][rule.name] = _kept(rule)
                words[f"{name}|check__{rule.name}"] = rule.name
        body[name] = dy.String(**options)
    for rule in _other(rules, columns):
        body[rule.name] = dy.rule()(lambda _schema, rule=rule: ~broken(rule))
        words[rule.name] = rule.name
    schema = type("Accounts", (dy.Schema,), body)

    def count(table: pl.DataFrame) -> dict[str, int]:
        counts = schema.filter(table).failure.counts()
        return {words[name]: failures for name, failures in counts.items()}

    return count


def pandera(rules: Sequence[Rule], columns: Sequence[str], /) -> Counter:
    """A DataFrameSchema, validated lazily; the failure cases are counted by check."""
    import pandera.polars as pa  # noqa: PLC0415 - only the process that measures it

    required: dict[tuple[str, str], str] = {}
    fields = {}
    other = _other(rules, columns)
    for name in columns:
        checks, nullable = [], True
        for rule in _plain(rules, name):
            kwargs = rule.kwargs
            match rule.type.removeprefix("expect_column_"):
                case "values_to_not_be_null":
                    nullable, required[name, "not_nullable"] = False, rule.name
                case "values_to_match_regex":
                    checks.append(pa.Check.str_matches(kwargs["regex"], error=rule.name))
                case "values_to_be_in_set":
                    checks.append(pa.Check.isin(kwargs["value_set"], error=rule.name))
                case "values_to_not_be_in_set":
                    checks.append(pa.Check.notin(kwargs["value_set"], error=rule.name))
                case "value_lengths_to_be_between":
                    longest = kwargs.get("max_value")
                    checks.append(pa.Check.str_length(kwargs.get("min_value"), longest, error=rule.name))
                case _:
                    checks.append(_checked(pa, rule))
        # A check of the whole frame turns each failing row into a dict; on one of its columns it does not.
        checks += [_checked(pa, rule) for rule in other if _about(rule, columns) == name]
        fields[name] = pa.Column(pl.String, checks, nullable=nullable)
    schema = pa.DataFrameSchema(fields)

    def count(table: pl.DataFrame) -> dict[str, int]:
        try:
            schema.validate(table, lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases.group_by("column", "check").len()
            return {required.get((column, check), check): n for column, check, n in cases.iter_rows()}
        return {}

    return count


def pointblank(rules: Sequence[Rule], columns: Sequence[str], /) -> Counter:
    """A Validate with a step a rule, interrogated without extracts and without its report."""
    import pointblank as pb  # noqa: PLC0415 - only the process that measures it

    del columns  # every step names its own

    def count(table: pl.DataFrame) -> dict[str, int]:
        asked = [rule for rule in rules if rule.type not in (ROWS, SCHEMA)]
        plan = pb.Validate(table)
        for rule in asked:
            plan = _step(plan, rule)
        done = plan.interrogate(collect_extracts=False, collect_tbl_checked=False)
        failed = done.n_failed()
        return {rule.name: failed[n] for n, rule in enumerate(asked, start=1)}

    return count


PEERS: Final = {"dataframely": dataframely, "pandera": pandera, "pointblank": pointblank}


def _step(plan: Any, rule: Rule) -> Any:  # noqa: ANN401, PLR0911 - of a peer; a line a type of rule
    condition, column, kwargs = rule.kwargs.get("row_condition"), rule.column, rule.kwargs
    only = (lambda table: table.filter(_condition(condition))) if condition else None
    match rule.type.removeprefix("expect_"):
        case "column_values_to_not_be_null":
            return plan.col_vals_not_null(column, pre=only)
        case "column_values_to_be_null":
            return plan.col_vals_null(column, pre=only)
        case "column_values_to_match_regex":
            return plan.col_vals_regex(column, kwargs["regex"], na_pass=True, pre=only)
        case "column_values_to_not_match_regex":
            return plan.col_vals_regex(column, kwargs["regex"], na_pass=True, inverse=True, pre=only)
        case "column_values_to_not_be_in_set":
            return plan.col_vals_not_in_set(column, kwargs["value_set"], na_pass=True, pre=only)
        case "column_value_lengths_to_be_between":
            low, high = kwargs.get("min_value"), kwargs.get("max_value")
            return plan.col_vals_str_len(column, low, high, na_pass=True, pre=only)
        case "column_values_to_be_unique" | "compound_columns_to_be_unique":
            names = kwargs.get("column_list") or [column]
            present = [pl.col(name).is_not_null() for name in names]
            present += [_condition(condition)] if condition else []
            return plan.rows_distinct(names, pre=lambda table: table.filter(*present))
    return plan.col_vals_expr(~broken(rule).fill_null(value=False))


def _checked(pa: Any, rule: Rule) -> Any:  # noqa: ANN401 - of a peer without types for us
    return pa.Check(lambda data: data.lazyframe.select(~broken(rule)), error=rule.name)


def _kept(rule: Rule) -> Callable[[pl.Expr], pl.Expr]:
    return lambda _column: ~broken(rule)


def _plain(rules: Iterable[Rule], column: str) -> list[Rule]:
    """The rules about this one column, without a condition."""
    return [rule for rule in rules if rule.column == column and "row_condition" not in rule.kwargs]


def _other(rules: Iterable[Rule], columns: Sequence[str]) -> list[Rule]:
    """The rules about several columns, and those with a condition."""
    plain = {rule.name for column in columns for rule in _plain(rules, column)}
    return [rule for rule in rules if rule.name not in plain and rule.type not in (ROWS, SCHEMA)]


def _about(rule: Rule, columns: Sequence[str]) -> str:
    """One of the columns that a rule reads."""
    roots = broken(rule).meta.root_names()
    return next(name for name in columns if name in roots)


def _wrong(rule: Rule) -> pl.Expr:  # noqa: PLR0911 - a line a type of rule
    column, kwargs = pl.col(rule.column or "*"), rule.kwargs
    match rule.type.removeprefix("expect_column_"):
        case "values_to_not_be_null":
            return column.is_null()
        case "values_to_be_null":
            return column.is_not_null()
        case "values_to_match_regex":
            return ~column.str.contains(kwargs["regex"])
        case "values_to_not_match_regex":
            return column.str.contains(kwargs["regex"])
        case "values_to_be_in_set":
            return ~column.is_in(kwargs["value_set"])
        case "values_to_not_be_in_set":
            return column.is_in(kwargs["value_set"])
        case "values_to_be_between":
            return _outside(column, kwargs)
        case "value_lengths_to_be_between":
            return _outside(column.str.len_chars(), kwargs)
        case "unexpected_rows_expectation":
            spoken = _SPOKEN.get(rule.name)
            return pl.sql_expr(rule.predicate) if spoken is None else spoken
    raise SystemExit(f"The benchmark knows no {rule.type}; teach it in {__name__}.")


def _outside(value: pl.Expr, kwargs: dict[str, Any]) -> pl.Expr:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    sides = []
    if low is not None:
        sides.append(value <= low if kwargs.get("strict_min") else value < low)
    if high is not None:
        sides.append(value >= high if kwargs.get("strict_max") else value > high)
    return reduce(or_, sides)


def _condition(one: dict[str, Any]) -> pl.Expr:
    if "conditions" in one:
        return reduce(and_ if one["type"] == "and" else or_, map(_condition, one["conditions"]))
    column = pl.col(one["column"]["name"])
    if one["type"] == "nullity":
        return column.is_null() if one["is_null"] else column.is_not_null()
    value = one["parameter"]
    signs: dict[str, Callable[[], pl.Expr]] = {
        "==": lambda: column == value,
        "!=": lambda: column != value,
        "<": lambda: column < value,
        "<=": lambda: column <= value,
        ">": lambda: column > value,
        ">=": lambda: column >= value,
        "IN": lambda: column.is_in(value),
        "NOT_IN": lambda: ~column.is_in(value),
    }
    return signs[one["operator"]]()
