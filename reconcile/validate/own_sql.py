"""The SQL that a college's own rule may use: one condition on one row, out of a list of allowed words."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from reconcile.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

FUNCTIONS: Final = (
    "abs",
    "array_to_string",
    "coalesce",
    "concat",
    "contains",
    "ends_with",
    "greatest",
    "least",
    "left",
    "len",
    "length",
    "list_contains",
    "lower",
    "ltrim",
    "nullif",
    "regexp_extract",
    "regexp_full_match",
    "regexp_matches",
    "regexp_replace",
    "replace",
    "right",
    "rtrim",
    "starts_with",
    "strpos",
    "substr",
    "trim",
    "try_cast",
    "upper",
)
TYPES: Final = ("BIGINT", "BOOLEAN", "DATE", "DOUBLE", "INTEGER", "TIMESTAMP", "VARCHAR")
OPERATORS: Final = ("=", "<>", "!=", "<", "<=", ">", ">=", "||", "+", "-", "*", "/", "%")
KEYWORDS: Final = (
    *("AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "BETWEEN", "LIKE", "ILIKE"),
    *("CASE", "WHEN", "THEN", "ELSE", "END", "AS"),
)
_LONGEST: Final = 2_000  # characters
_DEEPEST: Final = 20  # parentheses inside one another
_GROW: Final = ("concat", "regexp_replace", "replace")
_GROWTH: Final = 3  # of these inside one another

# A run of operator characters is one token, as in the engine: -- and /* are none that is allowed.
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<text>'(?:[^']|'')*')
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?![\w.'"]))
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?![\w'"]))
    | (?P<mark>[(),])
    | (?P<operator>[-+*/%<>=!~|&^@\#?:$.]+)""",
    re.VERBOSE,
)


def problem(sql: str, columns: Collection[str], /) -> str:
    """Say what a rule's SQL may not have in it, empty when it may run.

    Args:
        sql: holds for the rows that are wrong.
        columns: those that it may read.

    >>> problem("length(zip) < 5 AND country = 'US'", ["zip", "country"])
    ''
    >>> problem("zip IN (SELECT 1)", ["zip"])
    'SELECT is no column; a rule looks at one row and asks no table. Known: zip.'
    """
    if len(sql) > _LONGEST:
        return f"the SQL is longer than {_LONGEST:,} characters; make several rules of it."
    tokens, rest = _tokens(sql)
    if rest:
        return (
            f"the SQL cannot be read from {rest[:20]!r} on; texts stand in single quotes that close, names "
            "in none, and there are no comments, no braces and no second statement."
        )
    found = (_unbalanced(tokens), *_refusals(tokens, columns), _dead(tokens, columns), _growing(tokens))
    return next(filter(None, found), "")


def columns_of(sql: str, columns: Collection[str], /) -> tuple[str, ...]:
    """Name the columns that SQL without a `problem` reads, in their order there.

    >>> columns_of("city = 'phone'", ["phone", "city"])
    ('city',)
    """
    return tuple(dict.fromkeys(word for kind, word in _tokens(sql)[0] if kind == "word" and word in columns))


def _tokens(sql: str) -> tuple[list[tuple[str, str]], str]:
    """Cut SQL into words and the like; what is left over cannot be read."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None:
            break
        if match.lastgroup and match.lastgroup != "space":
            tokens.append((match.lastgroup, match[0]))
        at = match.end()
    return tokens, sql[at:]


def _unbalanced(tokens: list[tuple[str, str]]) -> str:
    depth = 0
    for _, text in tokens:
        depth += {"(": 1, ")": -1}.get(text, 0)
        if not 0 <= depth <= _DEEPEST:
            break
    return "" if depth == 0 else f"the parentheses do not close, or are more than {_DEEPEST} deep."


def _dead(tokens: list[tuple[str, str]], columns: Collection[str]) -> str:
    """Find a condition that can never hold, or that says the same of every row."""
    if not any(kind == "word" and text in columns for kind, text in tokens):
        return "the SQL reads no column, so that it says the same of every row."
    for first, second in itertools.pairwise(tokens):
        pair = (first[1].upper(), second[1].upper())
        if "NULL" in pair and {"=", "<>", "!="} & {*pair}:
            return "nothing is equal or unequal to NULL, so that the rule never fires; write IS NULL."
    return ""


def _growing(tokens: list[tuple[str, str]]) -> str:
    """Find functions that make texts longer inside one another: a few of them fill the memory."""
    open_calls: list[bool] = []
    before = ""
    for _, text in tokens:
        if text == "(":
            grows = before.lower() in _GROW
            if grows and sum(open_calls) >= _GROWTH:
                return f"more than {_GROWTH} of {', '.join(_GROW)} stand inside one another."
            open_calls.append(grows)
        elif text == ")" and open_calls:
            open_calls.pop()
        before = text
    return ""


def _refusals(tokens: list[tuple[str, str]], columns: Collection[str]) -> Iterator[str]:
    around = [("", ""), *tokens, ("", "")]
    for (_, before), (kind, text), (_, after) in zip(around, around[1:], around[2:], strict=False):
        if kind == "operator" and text not in OPERATORS:
            yield f"{text} is no operator of a rule. Known: {' '.join(OPERATORS)}; put a space between two."
        if kind == "word":
            yield _refusal(text, columns, typed=before.upper() == "AS", called=after == "(")


def _refusal(word: str, columns: Collection[str], *, typed: bool, called: bool) -> str:
    if typed:
        return "" if word.upper() in TYPES else f"{word} is no type.{nearest(word.upper(), TYPES)}"
    if word.upper() in KEYWORDS or (word in columns and not called):
        return ""
    if called:
        known = word.lower() in FUNCTIONS
        return "" if known else f"{word} is no function of a rule.{nearest(word.lower(), FUNCTIONS)}"
    return f"{word} is no column; a rule looks at one row and asks no table.{nearest(word.lower(), columns)}"
