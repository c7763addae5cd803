"""Numbers that stand anywhere in an input file, in rows that were set aside too: none is issued again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.read.again import texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.results import Source

_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9])[A-HJ-NP-Za-hj-np-z]{3}[0-9]{4}(?![A-Za-z0-9])")
_CHARACTERS: Final = 1 << 24
_LONGEST: Final = 7


def numbers_in(source: Source, /) -> Iterator[pl.Series]:
    """Give every text of a file that is shaped like a CCCID, upper case, in parts of bounded size.

    What cannot be decoded is passed over: no number is in it.
    """
    if source.kind != "text" or source.parts:
        yield from (_found(text) for text in texts(source))
        return
    rest = ""
    encoding = source.encoding.partition(",")[0]  # of mixed files the first: in both a number looks the same
    with source.path.open(encoding=encoding, errors="replace", newline="") as file:
        while text := file.read(_CHARACTERS):
            text = rest + text
            yield _found(text[:-_LONGEST])
            # A number at the very end may go on in the next part: look at these characters once more.
            rest = text[-2 * _LONGEST - 1 :]
    yield _found(rest)


def _found(text: str) -> pl.Series:
    return pl.Series("cccid", _NUMBER.findall(text), dtype=pl.String).str.to_uppercase().unique().sort()
