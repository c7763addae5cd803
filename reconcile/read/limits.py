"""How much a file may unpack to, and how it is measured before anything parses it."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from reconcile.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_CHUNK: Final = 4 * _MIB
_UNSUSPICIOUS: Final = 100 * _MIB  # up to here no ratio is a bomb
_DIRECTORY: Final = 16 * _MIB  # of a zip archive, some 200,000 members
_UNKNOWN: Final = "it is packed in a way that is not known. Pack it as ZIP or gzip, or not at all"
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_END_OF_DIRECTORY: Final = b"PK\x05\x06"
_END_OF_LONG_DIRECTORY: Final = b"PK\x06\x06"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is refused unread, because it could only be damage or a bomb; generous, and yours to raise.

    Attributes:
        unpacked: bytes that a gzip or zip archive may unpack to.
        sheet_unpacked: bytes that the parts of a spreadsheet may unpack to, in all.
        ratio: times that packed bytes may grow, looked at beyond 100 MiB of unpacked ones.
        cells: of one sheet, in the rectangle around all that is filled.
        sheet_text: bytes of text in one sheet, a text that many cells share counted once a cell.
        values: rows times columns of a Parquet or Arrow file.
        columns: of a Parquet, Arrow or JSON lines file.
        cell: bytes of one cell.

    >>> Limits(cells=80_000_000).cells
    80000000
    """

    unpacked: int = 20 * _GIB
    sheet_unpacked: int = 3 * _GIB
    ratio: int = 200
    cells: int = 50_000_000
    sheet_text: int = 2 * _GIB
    values: int = 2_000_000_000
    columns: int = 20_000
    cell: int = 32 * _MIB

    def check(self, name: str, found: int, *, what: str) -> None:
        """Refuse what is beyond the limit of that name.

        Args:
            name: the limit.
            found: what is compared with it.
            what: the file and what of it is too much.

        Raises:
            InputError: the limit is passed.
        """
        allowed = getattr(self, name)
        if found > allowed:
            raise InputError(
                f"{what}: {found:,} or more, and the limit is {allowed:,}. It was not read. If the file is "
                f"what it should be, raise the limit: in a plan {name} = ... under [students.limits] or the "
                f"like, else read(path, limits=Limits({name}=...)), with Limits from reconcile.read."
            )


def measured(
    stream: IO[bytes] | gzip.GzipFile, packed: int, limits: Limits, name: str, *, what: str
) -> Iterator[bytes]:
    """Give unpacked bytes in parts, as long as they stay within the limits.

    Args:
        stream: unpacks while it is read.
        packed: bytes that it unpacks.
        limits: what is allowed.
        name: the limit of the sum, "unpacked" or "sheet_unpacked".
        what: the file, for messages.

    Raises:
        InputError: a limit is passed.
    """
    total = 0
    while chunk := stream.read(_CHUNK):
        total += len(chunk)
        limits.check(name, total, what=f"{what} unpacks to too many bytes")
        if total > _UNSUSPICIOUS:
            grown = total // max(packed, 1)
            limits.check("ratio", grown, what=f"{what} unpacks to too many times its size")
        yield chunk


def _total(parts: Iterable[bytes]) -> int:
    return sum(len(part) for part in parts)


def gunzip(data: bytes, limits: Limits, *, what: str) -> bytes:
    """Unpack gzip, counted first: what is a bomb is never held in memory.

    Raises:
        InputError: a limit is passed, or the archive is damaged.
    """
    reason = ""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            size = _total(measured(stream, len(data), limits, "unpacked", what=what))
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return stream.read(size)
    except EOFError:
        reason = "it breaks off"
    except (OSError, zlib.error):
        reason = "it is damaged"
    raise InputError(f"{what} cannot be unpacked (gzip): {reason}. Copy it again from where it was made.")


def unzip(archive: zipfile.ZipFile, name: str, limits: Limits, *, what: str) -> bytes:
    """Unpack one member of a zip archive, counted first.

    Raises:
        InputError: a limit is passed, the member is damaged or has a password.
    """
    size = _total(members(archive, (name,), limits, "unpacked", what=what))
    with archive.open(name) as stream:
        return stream.read(size)


def members(
    archive: zipfile.ZipFile, names: tuple[str, ...], limits: Limits, name: str, *, what: str
) -> Iterator[bytes]:
    """Give the bytes of one member or the sum of several; the sizes that the archive states are not believed.

    Raises:
        InputError: a limit is passed, a member is damaged or has a password.
    """
    reason = ""
    try:
        for member in names:
            facts = archive.getinfo(member)
            if facts.flag_bits & 1:
                reason = "it has a password. Save it without one"
                break
            if facts.compress_type not in _METHODS:
                reason = _UNKNOWN
                break
            with archive.open(facts) as stream:
                yield from measured(stream, facts.compress_size, limits, name, what=what)
    except NotImplementedError:
        reason = _UNKNOWN
    except InputError:
        raise
    except (OSError, EOFError, ValueError, IndexError, struct.error, zlib.error, zipfile.BadZipFile):
        reason = "it is damaged. Copy it again from where it was made"
    if reason:
        raise InputError(f"{what} cannot be unpacked (ZIP): {reason}.")


def open_zip(data: bytes, *, what: str) -> zipfile.ZipFile:
    """Open an archive whose directory is of a bearable size.

    Raises:
        InputError: it is no archive, or lists too many members.
    """
    tail = data[-66_000:]
    at, long = tail.rfind(_END_OF_DIRECTORY), tail.rfind(_END_OF_LONG_DIRECTORY)
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    if long >= 0:
        size = max(size if size < 0xFFFFFFFF else 0, int.from_bytes(tail[long + 40 : long + 48], "little"))  # noqa: PLR2004 - "see the long one"
    if size > _DIRECTORY:
        raise InputError(f"{what} lists too many members to be a table. Unpack it, and name one file.")
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        pass
    raise InputError(f"{what} begins like a ZIP archive or a spreadsheet, and is damaged. Copy it again.")
