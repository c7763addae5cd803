"""Several files as one table, where somebody asks for it: which files, and that they fit together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.privacy import looks_like_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable
    from reconcile.results import Source

_NO_TABLES: Final = ("thumbs.db", "desktop.ini")
_SHOWN: Final = 5
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
        InputError: there is no part, one stands twice, or the folder holds a folder.
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
            f"{path} is no folder; parts=True reads all files of one. Leave it out, or name a folder."
        )
    inside = sorted(path.iterdir(), key=lambda entry: entry.name)
    kept = [e for e in inside if not e.name.startswith((".", "~$")) and e.name.lower() not in _NO_TABLES]
    if folders := [entry.name for entry in kept if entry.is_dir()]:
        raise InputError(
            f"{path} holds a folder {folders[0]!r} beside files. Move it, or pass a list of files."
        )
    if not kept:
        raise InputError(f"{path} holds no file. Name the folder of the parts.")
    return kept


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
        _require_columns(part, first)
        noted = part.found.frame()
        if part.raw.frame.columns != order:
            found.note("column_order", f"{name}: {_OTHER_ORDER}")
        for line, kind, column, message in noted.iter_rows():
            moved = None if line is None else line + offset
            found.note(kind, f"{name}: {message}", line=moved, column=column)
        frames.append(part.raw.frame.select(order))
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


def _require_columns(part: Taken, first: Taken) -> None:
    ours, theirs = part.raw.frame.columns, first.raw.frame.columns
    if set(ours) == set(theirs):
        return
    problems = [
        f"{word} {_shown(names)}"
        for word, names in (
            ("lacks", [name for name in theirs if name not in ours]),
            ("has in addition", [name for name in ours if name not in theirs]),
        )
        if names
    ]
    raise InputError(
        f"{part.source.path} does not fit {first.source.path.name}, the first part: it "
        f"{' and '.join(problems)}. "
        "Parts of one table have the same columns; export it again, or leave it out."
    )


def _shown(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names if not looks_like_data(name)]
    more = ", ..." if len(names) > min(len(quoted), _SHOWN) else ""
    return ", ".join(quoted[:_SHOWN]) + more or f"{len(names)} columns"


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
