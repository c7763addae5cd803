"""All that a source says, once more and unsorted: for whoever must see rows that were set aside, too."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.results import Source


def texts(source: Source, /) -> Iterator[str]:
    """Give every text of a source that was read before, all sheets of a workbook included.

    Raises:
        InputError: the source is a query, whose answer is kept nowhere, or its file is gone.
    """
    if source.parts:
        for part in source.parts:
            yield from texts(part)
        return
    if source.kind == "query":
        raise InputError(f"The answer of the {source.path} is not kept. Save it as a file, and read that.")
    from reconcile.read.open import SHEETS, TEXT, take  # noqa: PLC0415 - with what it needs

    endless = Limits(**{limit.name: 1 << 62 for limit in fields(Limits)})  # it was measured when it was read
    opened = take(source.path, endless, member=source.member or None)
    if opened.kind == TEXT:
        yield opened.data.decode(source.encoding.partition(",")[0], errors="replace")
    elif opened.kind in SHEETS:
        from reconcile.read.numbers import as_text  # noqa: PLC0415
        from reconcile.read.workbook import Book  # noqa: PLC0415

        book = Book(opened.data, opened.kind, source.path, endless)
        for name, sheet in book.sheets.items():
            if sheet.cells:
                rows, _ = book.rows(name)
                yield from ("\n".join(map(as_text, row)) for row in rows)
    else:
        from reconcile.read.columnar import read_columns  # noqa: PLC0415

        raw = read_columns(opened.data, opened.kind, source.path, Diagnostics(), endless)
        for column in raw.frame.columns:
            yield "\n".join(raw.frame[column].drop_nulls())
