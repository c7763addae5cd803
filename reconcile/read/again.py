"""All that a source says, once more and unsorted: for whoever must see rows that were set aside, too."""

from __future__ import annotations

import codecs
import gzip
from dataclasses import fields
from typing import IO, TYPE_CHECKING, Final, cast

from reconcile.errors import InputError
from reconcile.files import sha256
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.limits import Limits
from reconcile.read.steady import require_unchanged, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.results import Source

_PIECE: Final = 1 << 24  # bytes
_OVERLAP: Final = 64  # characters: longer than any word that somebody looks for
_STREAMED: Final = ("text", "text, gzip")


def texts(source: Source, /) -> Iterator[str]:
    """Give every text of a source that was read before, all sheets of a workbook included.

    A large text comes in pieces; each begins with the end of the one before, so that no word is cut in all
    of them. What cannot be decoded is passed over.

    Raises:
        InputError: the source is a query, whose answer is kept nowhere, or its file is gone or another one.
    """
    if source.parts:
        for part in source.parts:
            yield from texts(part)
        return
    if source.kind == "query":
        raise InputError(f"The answer of the {source.path} is not kept. Save it as a file, and read that.")
    before = stamp(source.path)
    if before is None:
        raise InputError(f"{source.path} is gone since it was read. Put it back, and start again.")
    if sha256(source.path) != source.sha256:
        raise InputError(f"{source.path} is another file than the one that was read. Start again.")
    yield from _streamed(source) if source.kind in _STREAMED else _whole(source)
    require_unchanged(source.path, before)


def _streamed(source: Source) -> Iterator[str]:
    encoding = source.encoding.partition(",")[0]  # of mixed files the first: in both a number looks the same
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    packed = source.kind != "text"
    rest = ""
    with cast("IO[bytes]", gzip.open(source.path)) if packed else source.path.open("rb") as stream:
        while data := stream.read(_PIECE):
            rest += decoder.decode(data)
            yield rest
            rest = rest[-_OVERLAP:]
    yield rest + decoder.decode(b"", final=True)


def _whole(source: Source) -> Iterator[str]:
    from reconcile.read.open import SHEETS, TEXT, take  # noqa: PLC0415 - with what it needs

    endless = Limits(**{limit.name: 1 << 62 for limit in fields(Limits)})  # it was measured when it was read
    opened = take(source.path, endless, member=source.member or None)
    if opened.kind == TEXT:
        yield opened.data.decode(source.encoding.partition(",")[0], errors="replace")
    elif opened.kind in SHEETS:
        from reconcile.read.sheets.numbers import as_text  # noqa: PLC0415
        from reconcile.read.sheets.workbook import Book  # noqa: PLC0415

        book = Book(opened.data, opened.kind, source.path, endless)
        for name, sheet in book.sheets.items():
            if sheet.cells:
                rows, _ = book.rows(name)
                yield from ("\n".join(map(as_text, row)) for row in rows)
    else:
        from reconcile.read.columnar.frames import read_columns  # noqa: PLC0415

        raw = read_columns(opened.data, opened.kind, source.path, Diagnostics(), endless)
        for column in raw.frame.columns:
            yield "\n".join(raw.frame[column].drop_nulls())
