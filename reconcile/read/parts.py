"""Several files as one table, where somebody asks for it: which files, and that they fit together."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.read.layouts.fields import safe_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable
    from reconcile.results import Source

_NO_TABLES: Final = ("thumbs.db", "desktop.ini")
_SHOWN: Final = 5
_OTHER_CASE: Final = (
    "the column names are written with other capitals than in the first part; they were taken as the same. "
    "Check that they mean the same."
)
_OTHER_ORDER: Final = (
    "the columns stand in another order than in the first part; they were taken by name. Check that the "
    "names mean the same."
)


@dataclass(frozen=True)
class Taken:
    """One source before any layout.

    Attributes:
        raw: its table.
        source: where it came from.
        found: what was noticed in it.
    """

    raw: RawTable
    source: Source
    found: Diagnostics


def list_parts(path: Path | Sequence[str | Path]) -> list[Path]:
    """Name the parts: those of a list as given, the files of a folder by name.

    Files that systems leave in folders (names that begin with . or ~$) are no parts.

    Raises:
        InputError: there is no part, one stands twice, or the folder holds a folder or files that end in
            something else.
    """
    if not isinstance(path, Path):
        parts = [Path(part) for part in path]
        if not parts:
            raise InputError("The list of files is empty. Name at least one.")
    else:
        parts = _in_folder(path)
    seen: set[Path] = set()
    for part in parts:
        real = part.resolve()
        if real in seen:
            raise InputError(f"{part} stands twice among the parts: its rows would be doubled. Name it once.")
        seen.add(real)
    return parts


def _in_folder(path: Path) -> list[Path]:
    if not path.is_dir():
        raise InputError(
            f"{path} is no folder; parts=True (at the prompt --parts) reads all files of one. Leave it out, "
            "or name a folder."
        )
    inside = sorted(path.iterdir(), key=lambda entry: entry.name)
    kept = [e for e in inside if not e.name.startswith((".", "~$")) and e.name.lower() not in _NO_TABLES]
    if folders := [entry.name for entry in kept if entry.is_dir()]:
        raise InputError(
            f"{path} holds a folder {folders[0]!r} beside files. Move it, or pass a list of files."
        )
    if not kept:
        raise InputError(f"{path} holds no file. Name the folder of the parts.")
    _require_alike(path, kept)
    return kept


def _require_alike(path: Path, files: Sequence[Path]) -> None:
    """Refuse a backup or a note among the parts: its rows would be taken along."""
    endings = Counter(_ending(file.name) for file in files)
    usual = max(endings, key=lambda ending: endings[ending])
    if others := [file.name for file in files if _ending(file.name) != usual]:
        named = ", ".join(f'"{name}"' for name in others[:_SHOWN]) + (", ..." if len(others) > _SHOWN else "")
        raise InputError(
            f"{path} holds {named} beside files that end in {usual or 'nothing'}: parts of one "
            "folder end alike. Move what is no part; if all are, list the files: read([first, second])."
        )


def _ending(name: str) -> str:
    """What a file ends in, packed or not; a number, such as a year, is part of its name."""
    ending = PurePath(name.lower().removesuffix(".gz")).suffix
    return "" if ending[1:].isdecimal() else ending


def join_parts(taken: Sequence[Taken], place: Path, found: Diagnostics) -> tuple[RawTable, Source]:
    """Put the rows of all parts under one another.

    Lines are counted on through the parts, so that each stands for one row; the part's `first_line` says
    where its own begin. A finding names its part.

    Raises:
        InputError: a part has other columns than the first.
    """
    first = taken[0]
    order = first.raw.frame.columns
    frames, lines, sources = [], [], []
    offset = 0
    for part in taken:
        name = part.source.path.name
        frame = _alike(part.raw.frame, order)
        if frame.columns != part.raw.frame.columns:
            found.note("column_order", f"{name}: {_OTHER_CASE}")
        _require_columns(part, first, frame)
        noted = part.found.frame()
        if frame.columns != order:
            found.note("column_order", f"{name}: {_OTHER_ORDER}")
        for line, kind, column, message in noted.iter_rows():
            moved = None if line is None else line + offset
            found.note(kind, f"{name}: {message}", line=moved, column=column)
        frames.append(frame.select(order))
        lines.append(part.raw.lines + offset)
        sources.append(replace(part.source, first_line=offset + 1))
        offset += max(_last(part.raw.lines), _last(noted["line"]), part.raw.rows)
    _note_same(sources, found)
    raw = replace(
        first.raw,
        frame=pl.concat(frames),
        lines=pl.concat(lines).alias("line"),
        rows=sum(part.raw.rows for part in taken),
        rejected=sum(part.raw.rejected for part in taken),
        suspect=any(part.raw.suspect for part in taken),
    )
    return raw, _whole(sources, place)


def _last(lines: pl.Series) -> int:
    return max(lines.drop_nulls().tail(1).to_list(), default=0)  # they ascend


def _alike(frame: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """Call the columns as the first part does, where only capitals tell all names apart."""
    called = {name.casefold(): name for name in order}
    ours = [name.casefold() for name in frame.columns]
    if set(frame.columns) == set(order) or sorted(ours) != sorted(called) or len(called) < len(order):
        return frame
    return frame.rename({name: called[name.casefold()] for name in frame.columns})


def _require_columns(part: Taken, first: Taken, frame: pl.DataFrame) -> None:
    ours, theirs = frame.columns, first.raw.frame.columns
    if set(ours) == set(theirs):
        return
    problems = [
        f"{word} {_shown(names, of)}"
        for word, names, of in (
            ("lacks", [name for name in theirs if name not in ours], first),
            ("has in addition", [name for name in ours if name not in theirs], part),
        )
        if names
    ]
    raise InputError(
        f"{part.source.path} does not fit {first.source.path.name}, the first part: it "
        f"{' and '.join(problems)}. "
        "Parts of one table have the same columns, each below a line of their names; export it again, or "
        "leave it out."
    )


def _shown(names: Sequence[str], of: Taken) -> str:
    """Quote the names; a first line that is no line of names could hold a person, so its places are named."""
    called = safe_names(of.raw.frame.columns, of.found.frame(), strict=True)
    shown = [f'"{name}"' if called[name] == name else called[name] for name in names[:_SHOWN]]
    return ", ".join(shown) + (", ..." if len(names) > _SHOWN else "")


def _note_same(sources: Sequence[Source], found: Diagnostics) -> None:
    known: dict[str, str] = {}
    for source in sources:
        name = source.path.name
        if source.sha256 in known:
            found.note(
                "same_part",
                f"{name}: its content is that of {known[source.sha256]}: all rows are there twice. "
                "Leave one out.",
                line=source.first_line,
            )
        known.setdefault(source.sha256, name)


def _whole(sources: Sequence[Source], place: Path) -> Source:
    """Describe all parts as one source."""

    def agreed(values: list[str]) -> str:
        return ", ".join(dict.fromkeys(filter(None, values)))

    return replace(
        sources[0],
        path=place,
        sha256=hashlib.sha256("\n".join(s.sha256 for s in sources).encode("ascii")).hexdigest(),
        size=sum(source.size for source in sources),
        encoding=agreed([source.encoding for source in sources]),
        dialect=agreed([source.dialect for source in sources]),
        kind=agreed([source.kind for source in sources]),
        rows=sum(source.rows for source in sources),
        parts=tuple(sources),
        first_line=1,
    )
