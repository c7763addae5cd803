"""Texts of which a part is written in UTF-16 and another is not: files were joined, byte by byte."""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

import numpy as np

_WITHOUT_ZEROS: Final = re.compile(rb"[^\0]{40,}")
_WIDE: Final = re.compile(rb"(?:[^\0]\0){12,}|(?:\0[^\0]){12,}")
_MARKS: Final = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_USUAL: Final = np.isin(np.arange(256), [9, 10, 13, *range(32, 127)])
_MOSTLY: Final = 0.7
_LF: Final = 10


class Part(NamedTuple):
    """A stretch of bytes that is written in one way.

    Attributes:
        data: its bytes.
        wide: the kind of UTF-16, "" for text of single bytes.
    """

    data: bytes
    wide: str


def split_parts(data: bytes, /) -> list[Part]:
    r"""Cut a text where UTF-16 begins or ends; nothing when it is all of one kind.

    >>> [part.wide for part in split_parts("id,name\n".encode("utf-16-le") * 3 + b"7,Ana\n" * 10)]
    ['utf-16-le', '']
    """
    if b"\0" not in data or not _WIDE.search(data):
        return []
    narrow = [run.span() for run in _WITHOUT_ZEROS.finditer(data) if _is_narrow(run[0])]
    if not narrow:
        return []
    return max((_cut(data, narrow, wide) for wide in _MARKS), key=_sense)


def _is_narrow(run: bytes) -> bool:
    """Tell lines of single bytes from UTF-16 that needs both: there one byte of each pair hardly changes."""
    held = np.frombuffer(run, dtype=np.uint8)
    if _LF not in held or _USUAL[held].mean() < _MOSTLY:
        return False
    return all(np.bincount(held[at::2]).max() * 2 < len(held[at::2]) for at in (0, 1))


def _cut(data: bytes, narrow: list[tuple[int, int]], wide: str) -> list[Part]:
    """Cut around runs without a zero; of two bytes a zero is the second one, or the first."""
    second, mark = wide == "utf-16-le", _MARKS[wide]
    parts: list[Part] = []
    at = 0
    for start, stop in narrow:
        begin = start if second or not start else start + 1
        end = stop if not second or stop == len(data) else stop - 1
        marked = data.find(mark, begin, end)
        end = marked if marked > begin else end
        parts += [Part(data[at:begin], wide), Part(data[begin:end], "")]
        at = end
    parts.append(Part(data[at:], wide))
    return [part for part in (_unmarked(part) for part in parts) if part.data]


def _unmarked(part: Part) -> Part:
    return Part(part.data.removeprefix(_MARKS[part.wide]), part.wide) if part.wide else part


def _sense(parts: list[Part]) -> tuple[int, int]:
    """How much usual text the wide parts hold, and how many parts end with a line."""
    texts = [part.data.decode(part.wide or "latin-1", "replace") for part in parts]
    usual = sum(sum(map(str.isascii, text)) for text, part in zip(texts, parts, strict=True) if part.wide)
    return usual, sum(text.endswith("\n") for text in texts)
