"""The parameter cell of a notebook: what it takes, and other values put in its place."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_YES: Final = ("true", "yes", "1")
_NO: Final = ("false", "no", "0")
# What a value of each kind looks like, for messages; of any other kind it is what Python writes.
_LOOKS: Final = {
    bool: "true or false",
    int: "a whole number such as {}",
    float: "a number such as {}",
    list: "values with commas between them",
    dict: "a table such as {}",
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One line of a parameter cell.

    Attributes:
        name: of the variable.
        default: a text, a number, true or false, None, a list or a dict; other values are of its kind.
        meaning: the comment behind it, empty without one.
    """

    name: str
    default: object
    meaning: str = ""


def parameters_of(source: str, /) -> tuple[Parameter, ...]:
    """List what a parameter cell assigns, in its order.

    >>> parameters_of('out = "mis"  # a new folder')
    (Parameter(name='out', default='mis', meaning='a new folder'),)
    """
    said = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return tuple(
        Parameter(name=name, default=ast.literal_eval(value), meaning=said.get(value.lineno, ""))
        for name, value in _assigned(source)
    )


def with_values(source: str, values: Mapping[str, object], /) -> str:
    """Put other values into a parameter cell; names and comments stay.

    >>> with_values('out = "mis"  # a new folder', {"out": "fall"})
    "out = 'fall'  # a new folder"
    """
    data = source.encode("utf-8")
    starts = [0, *accumulate(len(line) for line in data.splitlines(keepends=True))]
    for name, value in reversed(_assigned(source)):
        if name in values and value.end_lineno is not None and value.end_col_offset is not None:
            begin = starts[value.lineno - 1] + value.col_offset
            end = starts[value.end_lineno - 1] + value.end_col_offset
            data = data[:begin] + repr(values[name]).encode("utf-8") + data[end:]
    return data.decode("utf-8")


def values_of(given: Iterable[str], known: Iterable[Parameter], /, *, of: str) -> dict[str, object]:
    """Take values from texts of the form key=value, each of the kind of its parameter's default.

    Args:
        given: the texts.
        known: the parameters.
        of: whose they are, for the message.

    Raises:
        InputError: a key is unknown or named twice, or a value is of another kind; each is named.
    """
    parameters = {one.name: one for one in known}
    values: dict[str, object] = {}
    problems = []
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            problems.append(f'"{name}" has no value; key=value is needed.')
        elif name not in parameters:
            problems.append(f'There is no parameter "{name}".')
        elif name in values:
            problems.append(f"{name} is given twice.")
        else:
            try:
                values[name] = _typed(value, parameters[name].default)
            except (ValueError, TypeError, SyntaxError):
                problems.append(f'{name}: "{value}" was found; {_looks(parameters[name].default)} is needed.')
                values[name] = None
    if problems:
        lines = [*sorted(problems), f"{of} takes: {', '.join(parameters) or 'no parameters'}."]
        raise InputError("\n  ".join(lines))
    return values


def _assigned(source: str) -> list[tuple[str, ast.expr]]:
    return [
        (node.targets[0].id, node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]


def _typed(text: str, default: object) -> object:
    match default:
        case bool():
            if text.casefold() not in (*_YES, *_NO):
                raise ValueError
            return text.casefold() in _YES
        case int() | float():
            return type(default)(text)
        case None:
            return None if text in {"", "None"} else text
        case list() if not text.lstrip().startswith("["):
            return [one.strip() for one in text.split(",") if one.strip()]
        case list() | dict():
            value = ast.literal_eval(text.strip())
            if not isinstance(value, type(default)):
                raise TypeError
            return value
    return text


def _looks(default: object) -> str:
    return _LOOKS.get(type(default), "a text").format(default)
