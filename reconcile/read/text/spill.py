"""Frames that would not fit into memory together: written to a private folder, and mapped from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from reconcile.errors import InputError
from reconcile.files import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable


def spill(frames: Iterable[pl.DataFrame], /) -> pl.DataFrame:
    """Put frames of equal columns under one another without holding them in memory at once.

    The system brings in what is looked at, and forgets it when it needs the room. The files lose their
    names before this returns, so that nothing is left however the process ends; on Windows, which keeps
    what is in use, they go with the next process that needs such room.

    Raises:
        InputError: the disk is full.
    """
    mapped: list[pl.DataFrame] = []
    with scratch(large=True) as folder:
        for number, frame in enumerate(frames):
            place = folder / f"{number}.arrow"
            full = False
            try:
                frame.write_ipc(place, compression="uncompressed")
            except OSError:
                full = True
            if full:
                raise InputError(
                    f"The disk of {folder.parent} is too full for a file of this size: about three times its "
                    "size is needed while it is read. Make room, or name another folder in TMPDIR."
                )
            mapped.append(_map(str(place)))
    return pl.concat(mapped, rechunk=False)


def _map(place: str) -> pl.DataFrame:
    frame = pl.from_arrow(pa.ipc.open_file(pa.memory_map(place)).read_all())
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table has columns
    return frame
