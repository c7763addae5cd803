"""From what a caller names to a raw table: one file, parts of one, or the answer to a query."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.query import Query
from reconcile.read.secret import Hiding, hide_columns
from reconcile.read.steady import require_unchanged, stamp
from reconcile.results import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from reconcile.read.layouts.layout import Layout
    from reconcile.read.limits import Limits
    from reconcile.read.open import Opened
    from reconcile.read.parts import Taken
    from reconcile.read.raw import RawTable
    from reconcile.read.secret import Keyring

_PACKED: Final = {"": "", "gzip": ", gzip", "zip": ", zip"}


class Wanted(NamedTuple):
    """What the caller says of each file.

    Attributes:
        fixed: a layout with positions.
        kept: of the column names, those that a layout reads; None when it is all of them, which are then
            hidden and left on disk where the file is too large to be held.
        key: hides SSNs there.
    """

    encoding: str | None
    sheet: str | int | None
    member: str | None
    delimiter: str | None
    names: frozenset[str]
    limits: Limits
    key: Keyring
    fixed: Layout | None = None
    kept: Callable[[Path, list[str]], Collection[str]] | None = None


def take_all(
    path: str | Path | Sequence[str | Path] | Query, wanted: Wanted, found: Diagnostics, *, parts: bool
) -> tuple[RawTable, Source]:
    """Take one file, all parts, or the answer to a query; nothing else is several files."""
    if isinstance(path, Query):
        return _ask(path, found, wanted.limits)
    if isinstance(path, str | Path) and not parts:
        taken = _take(Path(path), wanted)
        found.extend(taken.found)
        return taken.raw, taken.source
    from reconcile.read.parts import join_parts, list_parts  # noqa: PLC0415 - seldom needed

    single = isinstance(path, str | Path)
    files = list_parts(Path(path) if isinstance(path, str | Path) else path)
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    place = Path(path) if isinstance(path, str | Path) else files[0].with_name(f"{files[0].name}{more}")
    if single or more:
        return join_parts(_alike([_take(file, wanted) for file in files], wanted), place, found)
    return take_all(files[0], wanted, found, parts=False)


def _alike(parts: list[Taken], wanted: Wanted) -> list[Taken]:
    """Hide the SSNs of all parts where one was too large to be held, and had its own hidden on the way."""
    if not any(part.raw.clear_columns for part in parts):
        return parts
    return [part if part.raw.clear_columns else _hidden(part, wanted) for part in parts]


def _hidden(part: Taken, wanted: Wanted) -> Taken:
    frame = hide_columns(part.raw.frame, wanted.key, part.found, suspect=part.raw.suspect)
    return replace(
        part, raw=replace(part.raw, frame=frame, clear_columns=tuple(part.raw.frame.columns), suspect=False)
    )


def _take(path: Path, wanted: Wanted) -> Taken:
    from reconcile.read.open import TEXT, take  # noqa: PLC0415 - with what it needs
    from reconcile.read.parts import Taken  # noqa: PLC0415

    found, before = Diagnostics(), stamp(path)
    opened = take(path, wanted.limits, member=wanted.member)
    if opened.stream is not None and wanted.fixed is not None:
        opened = replace(opened, data=opened.stream().read(), stream=None)
    if opened.stream is not None:
        raw, kind, encoding, dialect = _from_large(opened, wanted, found)
    elif opened.kind == TEXT:
        raw, kind, encoding, dialect = _from_text(opened, wanted, found)
    else:
        raw, kind, encoding, dialect = _from_other(opened, wanted, found)
    source = Source(
        path=path,
        sha256=opened.sha256,
        size=opened.size,
        encoding=encoding,
        dialect=dialect,
        rows=raw.rows,
        columns=raw.clear_columns or tuple(raw.frame.columns),
        kind=kind + _PACKED[opened.packed],
        member=opened.member,
        real=opened.real,
    )
    require_unchanged(path, before)
    return Taken(raw, source, found)


def _from_text(opened: Opened, wanted: Wanted, found: Diagnostics) -> tuple[RawTable, str, str, str]:
    from reconcile.read.text.blanks import note_fixed, with_remedy  # noqa: PLC0415 - numpy costs a quarter of a quick start
    from reconcile.read.text.dialect import in_words  # noqa: PLC0415
    from reconcile.read.text.encoding import to_utf8  # noqa: PLC0415
    from reconcile.read.text.jsonlines import is_json, read_json_lines  # noqa: PLC0415
    from reconcile.read.text.table import parse  # noqa: PLC0415

    _require_none("sheet", wanted.sheet, opened.path, "text has no sheets")
    text, decoded = to_utf8(opened.data, opened.path, found, encoding=wanted.encoding)
    if wanted.fixed is not None:
        from reconcile.read.text.fixed import read_fixed  # noqa: PLC0415 - seldom needed

        return read_fixed(text, wanted.fixed, opened.path, found), "text", decoded, "fixed width"
    if is_json(text):
        return (
            read_json_lines(text, opened.path, found, wanted.limits),
            "JSON lines",
            decoded,
            "one object a line",
        )
    refusal = ""
    try:
        raw = parse(text, opened.path, found, delimiter=wanted.delimiter, names=wanted.names)
    except InputError as error:
        refusal = with_remedy(str(error), text)
    if refusal:
        raise InputError(refusal)
    note_fixed(text, raw, found)
    return raw, "text", decoded, in_words(raw.delimiter, raw.quote)


def _from_large(opened: Opened, wanted: Wanted, found: Diagnostics) -> tuple[RawTable, str, str, str]:
    from reconcile.read.text.dialect import in_words  # noqa: PLC0415 - as above
    from reconcile.read.text.windows import LargeText, read_kept, read_spilled  # noqa: PLC0415 - seldom needed

    assert opened.stream is not None  # noqa: S101 - that is what makes it large
    _require_none("sheet", wanted.sheet, opened.path, "text has no sheets")
    text = LargeText(opened.path, opened.stream, wanted.encoding, wanted.delimiter, wanted.names)
    if wanted.kept is not None:
        raw = read_kept(text, partial(wanted.kept, opened.path))
    else:
        hiding = Hiding(wanted.key)
        raw = read_spilled(text, hiding)
        hiding.note(text.found)
    found.extend(text.found)
    return raw, "text", ", ".join(text.encodings), in_words(raw.delimiter, raw.quote)


def _from_other(opened: Opened, wanted: Wanted, found: Diagnostics) -> tuple[RawTable, str, str, str]:
    from reconcile.read.open import SHEETS  # noqa: PLC0415

    path, kind = opened.path, opened.kind
    _require_none("encoding", wanted.encoding, path, "it says itself how its texts are written")
    if kind in SHEETS:
        from reconcile.read.sheets.sheet import read_sheet  # noqa: PLC0415 - only with spreadsheets

        raw, name = read_sheet(
            opened.data, kind, path, found, sheet=wanted.sheet, names=wanted.names, limits=wanted.limits
        )
        return raw, kind.upper(), kind.upper(), f'sheet "{name}"'
    from reconcile.read.columnar.frames import read_columns  # noqa: PLC0415 - only with such files

    _require_none("sheet", wanted.sheet, path, "it has no sheets")
    return (
        read_columns(opened.data, kind, path, found, wanted.limits),
        kind.capitalize(),
        kind.capitalize(),
        "columns",
    )


def _require_none(name: str, value: object, path: Path, why: str) -> None:
    if value is not None:
        raise InputError(f"{path}: the {name} that you name does not go with this file, {why}. Leave it out.")


def _ask(query: Query, found: Diagnostics, limits: Limits) -> tuple[RawTable, Source]:
    from reconcile.read.query import run_query  # noqa: PLC0415 - with what it needs

    answer = run_query(query, found, limits)
    source = Source(
        path=answer.place,
        sha256=answer.sha256,
        size=answer.size,
        encoding="text of the database",
        dialect="a query",
        rows=answer.raw.rows,
        columns=tuple(answer.raw.frame.columns),
        kind="query",
        seen=answer.seen,
    )
    return answer.raw, source
