"""JSON lines to columns of text: one object a line, numbers as they are written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.read.columnar.names import fit_names
from reconcile.read.diagnostics import blank_skipped
from reconcile.read.raw import RawTable

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.limits import Limits

_UNSUSPICIOUS: Final = 20_000_000  # cells up to which no ratio is a bomb
_BYTES: Final = 8  # that an empty cell takes
_BAD: Final = "No JSON object stands on this line; it was set aside. Mend it, or export again."
_TWICE: Final = (
    "A name stands twice in the object of this line; it was set aside, since one value would be lost. Give "
    "each value a name of its own."
)


class _Number(str):
    """A number as it is written: 1E10 stays 1E10, and 1.10 stays 1.10."""

    __slots__ = ()


class _Twice(ValueError):  # noqa: N818 - says what happened
    """A name stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Twice
    return made


def _constant(name: str) -> Any:  # noqa: ANN401 - answers nothing
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant
)


def is_json(text: bytes) -> bool:
    """Say whether UTF-8 text is JSON rather than a table: an object or an array opens it."""
    first = next((line for line in text[:65_536].split(b"\n") if line.strip()), b"").strip()
    if first in {b"{", b"[", b"[{"}:
        return True
    if not first.startswith((b"{", b"[")):
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        # A first line that is damaged, or longer than what was looked at.
        return first.startswith((b'{"', b'[{"')) and b'":' in first
    return isinstance(found, dict) or (isinstance(found, list) and len(text.strip()) == len(first))


@dataclass
class _Rows:
    columns: dict[str, list[str | None]] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    twice: list[int] = field(default_factory=list)
    nested: dict[str, int] = field(default_factory=dict)

    def add(self, row: dict[str, Any], line: int) -> None:
        """Take one row; a name seen first here was empty in all rows before."""
        height = len(self.lines)
        texts = {name: _text(value) for name, value in row.items()}  # all of them, before any is kept
        for name, text in texts.items():
            column = self.columns.get(name)
            if column is None:
                column = self.columns[name] = []
            column.extend([None] * (height - len(column)))
            if isinstance(row[name], dict | list):
                self.nested.setdefault(name, line)
            column.append(text)
        self.lines.append(line)


def read_json_lines(text: bytes, path: Path, found: Diagnostics, limits: Limits) -> RawTable:
    """Read one object a line; columns come in the order in which their names are first seen.

    Args:
        text: UTF-8.
        path: for messages.
        found: takes the diagnostics.
        limits: what is refused.

    Raises:
        InputError: it is another JSON document, or no line holds an object.
    """
    made = _Rows()
    blank: list[int] = []
    filled = 0
    for line, content in enumerate(text.split(b"\n"), 1):
        if not content.strip():
            blank.append(line)
            continue
        filled += 1
        _take(content, line, made)
        limits.check("columns", len(made.columns), what=f"{path} has too many columns")
        cells = len(made.columns) * filled
        if cells > _UNSUSPICIOUS:  # names that stand in one line each make a column of nothing each
            grown = _BYTES * cells // len(text)
            limits.check("ratio", grown, what=f"{path} has too many cells for its size")
    if not made.lines or text.lstrip()[:1] == b"[":
        raise InputError(
            f"{path} is JSON without one object a line. Write it as JSON lines (in pandas "
            "to_json(lines=True, orient='records')), or as CSV."
        )
    found.note_lines(made.bad, "bad_line", _BAD)
    found.note_lines(made.twice, "bad_line", _TWICE)
    inner = [line for line in blank if line < made.lines[-1]]
    if inner:
        found.note("blank_lines", blank_skipped(len(inner)), line=inner[0])
    names = fit_names(list(made.columns), path, found, limits)
    for name, values in made.columns.items():
        values.extend([None] * (len(made.lines) - len(values)))
        if name in made.nested:
            found.note(
                "nested_value",
                "Cells hold lists or objects; they were kept as JSON text. Write one value a cell.",
                line=made.nested[name],
                column=dict(zip(made.columns, names, strict=True))[name],
            )
    frame = pl.DataFrame(
        dict(zip(names, made.columns.values(), strict=True)), schema=dict.fromkeys(names, pl.String)
    )
    lines = pl.Series("line", made.lines, dtype=pl.Int64)
    return RawTable(frame, lines, "", filled, len(made.bad) + len(made.twice))


def _take(content: bytes, line: int, made: _Rows) -> None:
    try:
        decoded = content.decode("utf-8")
        row = _DECODER.decode(decoded.strip())
        if not isinstance(row, dict):
            made.bad.append(line)
            return
        if "\\u" in decoded:
            _written(row).encode("utf-8")  # half a character has no place in text
        made.add(row, line)
    except _Twice:
        made.twice.append(line)
    except (ValueError, RecursionError):
        made.bad.append(line)


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _written(value)


def _written(value: object) -> str:
    """Write a value as JSON, numbers as they were."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        inner = (f"{json.dumps(key, ensure_ascii=False)}:{_written(v)}" for key, v in value.items())
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
