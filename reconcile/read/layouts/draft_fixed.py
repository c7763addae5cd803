"""A first layout of a fixed-width file: where its columns of blanks say that fields begin and end."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.columns import plain
from reconcile.errors import InputError
from reconcile.privacy import looks_like_data
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.layouts.draft import Draft, Mapped, choose_base
from reconcile.read.layouts.layout import known_names
from reconcile.read.limits import Limits
from reconcile.read.open import TEXT, take
from reconcile.read.text.blanks import find_table, occupied, sample_lines
from reconcile.read.text.encoding import to_utf8
from reconcile.read.text.fixed import cut
from reconcile.read.text.footer import is_foot
from reconcile.read.text.header import is_rule, names_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconcile.read.layouts.positions import Place
    from reconcile.read.text.structure import Flags

_TOP: Final = 10  # lines among which a line of dashes or of names is
_RULED: Final = re.compile(r"[-=_]+")
_ONE_BLANK: Final = 2  # characters further
_MOSTLY: Final = 0.95
_SCALE: Final = 100  # characters of a line of the comment that shows what stands where
_WIDEST: Final = 4_000
_MARKS: Final = (",", ";", "|")
_ABOVE: Final = """
# A guess by what is blank at the same place on all {lines:,} lines looked at. Fields that touch are not told
# apart by it, and a blank by chance parts one field: check each against the description of the file.
# What stands at each character: 9 digits, A capitals, a letters, x several.
{scale}
[positions]
{positions}

[fixed]
skip = {skip}  # lines above the rows
# record_type = [1, 2]  # where the type of a record stands, if the file has several
# keep = ["..."]        # the types that are rows
"""


def draft_fixed(
    path: Path, /, *, layout: str | None = None, encoding: str | None = None, member: str | None = None
) -> Draft:
    """Read the beginning of a fixed-width file and say where its fields seem to stand.

    Args:
        path: of the file.
        layout: the shipped layout to start from; guessed from the words above the rows when None.
        encoding: of the text; found when None.
        member: of an archive of several files.

    Raises:
        InputError: the file is no text, holds tabs or fields that a sign separates, or has no lines.
    """
    opened = take(path, Limits(), member=member)
    if opened.kind != TEXT:
        raise InputError(f"{path} is no text, so that it has no fixed width. Leave --fixed out.")
    text, _ = to_utf8(opened.data, path, Diagnostics(), encoding=encoding)
    lines = sample_lines(text)
    if not lines:
        raise InputError(f"{path} is empty. Lines of fixed width are expected.")
    if any("\t" in line for line in lines):
        raise InputError(f"{path} holds tabs, so that no position is certain. Read it without positions.")
    if mark := _mark(lines):
        raise InputError(
            f"{path} is no text of fixed width: the sign {mark} separates its fields. Leave --fixed out."
        )
    fields, top, head = _find(lines)
    body = [line for line in lines[top:] if not is_foot(line)] or lines[-1:]
    body[0] = body[0].ljust(fields[-1][1])  # a line of dashes may go on behind all rows
    places = _touching(_joined(fields, head, body), body)
    names = _names(head, places)
    columns = dict(zip(names, places, strict=True))
    frame = cut(pl.Series("text", body), columns)
    base, reasons = choose_base(names, layout)
    above = _ABOVE.format(
        lines=len(body),
        scale=_scale(body),
        positions="\n".join(f"{_quoted(name)} = [{at[0]}, {at[1]}]" for name, at in columns.items()),
        skip=_physical(text, lines, top),
    )
    says = {name: json.dumps(name, ensure_ascii=False) for name in names}
    return Mapped(base, names, says, frame).draft(path, reasons, above=above)


def _mark(lines: Sequence[str]) -> str:
    """The sign that separates the fields on all lines alike, "" where there is none."""
    body = [line for line in lines if not is_foot(line)] or lines
    # Where blanks fill fields up, a comma that each line has stands within one, as in a person's name.
    if any("  " in line.strip() for line in body) and find_table(lines)[1]:
        return ""
    for mark in _MARKS:
        times, usual = Counter(line.count(mark) for line in body).most_common(1)[0]
        if times and usual >= _MOSTLY * len(body):
            return mark
    return ""


def _find(lines: Sequence[str]) -> tuple[list[Place], int, str]:
    """The fields, how many of the lines stand above the rows, and the line of names ("" for none)."""
    for at, line in enumerate(lines[:_TOP]):
        ruled = [(match.start() + 1, match.end()) for match in _RULED.finditer(line)]
        if len(ruled) > 1 and is_rule(line.split()):  # as SQL clients underline their columns
            return ruled, at + 1, lines[at - 1] if at else ""
    top, fields = find_table(lines)
    if not fields:
        return [(1, max(map(len, lines)))], 0, ""
    rows = [_cells(line, fields) for line in lines[top : top + 200]]
    if _names_columns(rows[0], rows[1:]):
        return fields, top + 1, lines[top]
    if top and _names_columns(_cells(lines[top - 1], fields), rows):
        return fields, top, lines[top - 1]
    return fields, top, ""


def _cells(line: str, fields: Sequence[Place]) -> list[str]:
    return [line[first - 1 : last].strip() for first, last in fields]


def _names_columns(cells: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    known = known_names(None, {})
    return sum(plain(cell) in known for cell in cells) > 1 or names_columns(cells, body) is True


def _joined(fields: Sequence[Place], head: str, body: Sequence[str]) -> list[Place]:
    """Join what a single blank parts in all values alike, as in a phone number, below one word."""
    filled = np.asarray(occupied(body).all(axis=0))
    joined: list[Place] = []
    for first, last in fields:
        alike = (
            joined and first - joined[-1][1] == _ONE_BLANK and filled[joined[-1][1] - 1] and filled[first - 1]
        )
        if alike and head and not head[first - 1 : last].strip():
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def _touching(fields: Sequence[Place], body: Sequence[str]) -> list[Place]:
    """Give the blanks between two fields to one of them: to the left, unless the right one grows that way."""
    filled = occupied(body)
    places: list[Place] = []
    begin = 1
    for i, (first, last) in enumerate(fields):
        if i + 1 == len(fields):
            places.append((begin, max(last, filled.shape[1])))
            break
        after, behind = fields[i + 1]
        to_right = _is_right(filled[:, after - 1 : behind]) and not _is_left(filled[:, first - 1 : last])
        end = last if to_right else after - 1
        places.append((begin, end))
        begin = end + 1
    return places


def _is_right(field: Flags) -> bool:
    """Whether values end alike and begin where their length lets them."""
    there = field[field.any(axis=1)]
    return bool(len(there) and there[:, -1].mean() >= _MOSTLY > there[:, 0].mean())


def _is_left(field: Flags) -> bool:
    there = field[field.any(axis=1)]
    return bool(len(there) and there[:, 0].mean() >= _MOSTLY > there[:, -1].mean())


def _names(head: str, places: Sequence[Place]) -> list[str]:
    """The words above each field, or the field's number where they are none or could be a value."""
    names: list[str] = []
    for at, cell in enumerate(_cells(head, places), start=1):
        name = " ".join(cell.split())
        usable = name and not looks_like_data(name) and plain(name)
        taken = usable and plain(name) in {plain(other) for other in names}
        names.append(name if usable and not taken else f"field_{at}")
    return names


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_]+", name) else json.dumps(name, ensure_ascii=False)


def _physical(text: bytes, lines: Sequence[str], top: int) -> int:
    """How many lines of the file, blank ones included, stand above the one that is the first row."""
    if not top:
        return 0
    physical = text.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    seen = -1
    for at, line in enumerate(physical):
        seen += bool(line.strip("\f\x1a\0").rstrip())
        if seen == min(top, len(lines) - 1):
            return at
    return 0


def _scale(body: Sequence[str]) -> str:
    """What stands at each character on all lines together, below a scale."""
    width = min(max(map(len, body)), _WIDEST)
    codes = np.array([line[:width].ljust(width) for line in body], dtype=f"<U{width}")
    signs = codes.view("<U1").reshape(len(body), width)
    said = "".join(_sign({*signs[:, at]} - {" "}) for at in range(width))
    parts = []
    for start in range(0, width, _SCALE):
        marks = "".join(f"{n:<10}" for n in range(start + 1, min(start + _SCALE, width) + 1, 10))
        parts += [f"# {marks}".rstrip(), f"# {said[start : start + _SCALE]}".rstrip()]
    return "\n".join(parts)


def _sign(seen: set[str]) -> str:
    if not seen:
        return " "
    if all(sign.isdigit() for sign in seen):
        return "9"
    if all(sign.isalpha() for sign in seen):
        return "A" if all(sign.isupper() for sign in seen) else "a"
    return "x" if len(seen) > 1 or next(iter(seen)).isalnum() else "-"
