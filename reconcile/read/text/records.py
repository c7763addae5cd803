"""The records of a text, in order or mended: where they stand, how wide they are, and their text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.read.text.careful import Mended

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.read.text.structure import Flags, Offsets, Structure

_LONGEST_BLANK: Final = 200  # bytes


@dataclass(frozen=True)
class Records:
    """Where records begin, how many fields they have, and their text as RFC 4180 wants it."""

    lines: Offsets
    widths: Offsets
    blank: Flags
    stray: Flags
    quoted: bool
    text: Callable[[Offsets], bytes]
    raw: Callable[[int], str]


def in_order(data: bytes, structure: Structure) -> Records:
    """Take the records of a text whose quotes are as RFC 4180 has them."""
    blank = _blank(data, structure)
    return Records(
        lines=structure.lines,
        widths=structure.fields,
        blank=blank,
        stray=np.zeros_like(blank),
        quoted=structure.quoted,
        text=partial(_slices, data, structure),
        raw=lambda at: data[structure.starts[at] : structure.ends[at]].decode("utf-8").removesuffix("\r"),
    )


def mended(data: bytes, delimiter: str, width: int) -> Records:
    """Take the records of any text, stray quotes confined to theirs."""
    text = Mended(data, delimiter, width)
    return Records(
        lines=text.lines,
        widths=text.widths,
        blank=np.equal(text.widths, 0),
        stray=text.stray,
        quoted=True,
        text=text.text,
        raw=lambda at: text[int(text.lines[at]) - 1],
    )


def _slices(data: bytes, structure: Structure, rows: Offsets) -> bytes:
    """The text of the chosen records; runs of neighbours are copied at once."""
    if not len(rows):
        return b""
    breaks = np.flatnonzero(np.diff(rows) != 1)
    firsts = rows[np.concatenate([[0], breaks + 1])]
    lasts = rows[np.concatenate([breaks, [len(rows) - 1]])]
    pieces = zip(structure.starts[firsts], structure.ends[lasts] + 1, strict=True)
    return b"".join(data[start:end] for start, end in pieces)


def _blank(data: bytes, structure: Structure) -> Flags:
    length = structure.ends - structure.starts
    blank: Flags = (structure.fields == 1) & (length == 0)
    if len(blank) > 1 and structure.fields.max() == 1 and length[0]:
        return np.zeros_like(blank)  # in a single column an empty line is an empty cell
    for i in np.flatnonzero((structure.fields == 1) & (length > 0)):
        if length[i] > _LONGEST_BLANK or (length[i] > 1 and structure.fields.max() == 1):
            continue
        blank[i] = not data[structure.starts[i] : structure.ends[i]].strip()
    return blank


def cut_fields(data: bytes, delimiter: str, width: int, *, quoted: bool) -> pl.DataFrame | None:
    """Cut records of one width into columns of text; None when the parser does not see them so."""
    schema = {f"c{i}": pl.String for i in range(width)}
    if not data:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            io.BytesIO(data),
            has_header=False,
            separator=delimiter,
            quote_char='"' if quoted else None,
            infer_schema=False,
            schema=schema,
        )
    except pl.exceptions.PolarsError:  # its message quotes the file
        return None
    return frame.with_columns(pl.all().replace({"": None})) if quoted else frame
