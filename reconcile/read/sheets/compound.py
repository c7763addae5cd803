"""The stream of sheets in an old Office file; a damaged one leads nobody around in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from xlrd import compdoc

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES: Final = ("Workbook", "Book")


class _Compound(compdoc.CompDoc):
    """What xlrd does, but for streams of short sectors, which it would follow for ever where they return."""

    def _get_stream(  # noqa: PLR0917 - of the library
        self,
        mem: bytes,
        base: int,
        sat: Sequence[int],
        sec_size: int,
        start_sid: int,
        size: int | None = None,
        name: str = "",
        seen_id: int | None = None,
    ) -> bytes:
        at, left = start_sid, len(sat)
        while at >= 0:
            if left == 0 or at >= len(sat):
                raise compdoc.CompDocError
            at, left = sat[at], left - 1
        stream: bytes = super()._get_stream(  # type: ignore[misc] # of the library, and not in its stubs
            mem, base, sat, sec_size, start_sid, size, name, seen_id
        )
        return stream


def workbook_stream(data: bytes, log: TextIO) -> bytes:
    """Take the stream of sheets out of an old Office file.

    Args:
        data: the file.
        log: takes what xlrd says of oddities.

    Raises:
        CompDocError: there is no such stream, or it is damaged; xlrd meets other damage with any error.
    """
    document = _Compound(data, logfile=log)
    for name in _NAMES:
        stream, start, size = document.locate_named_stream(name)
        if stream:
            return bytes(stream[start : start + size])
    raise compdoc.CompDocError
