"""What a file is: told by its content, and unpacked; what we cannot read is refused by its kind."""

from __future__ import annotations

import gzip
import hashlib
import re
import stat
import zlib
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Final, cast

from reconcile.errors import InputError, nearest
from reconcile.files import sha256 as hash_of
from reconcile.read.limits import Limits, gunzip, measured, members, open_zip, unzip

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable
    from pathlib import Path

TEXT: Final = "text"
SHEETS: Final = ("xlsx", "xls", "ods")
_PACKED: Final = ("gzip", "zip")

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_AS_CSV: Final = "Export the table as CSV"
# What a file begins with that only looks like a table by its name.
_OTHER_KINDS: Final = (
    (b"%PDF", "a PDF", _AS_CSV),
    (b"{\\rtf", "a Word document (RTF)", _AS_CSV),
    (b"\x00\x01\x00\x00Standard Jet DB", "an Access database", "Export the table from Access as CSV or XLSX"),
    (b"\x00\x01\x00\x00Standard ACE DB", "an Access database", "Export the table from Access as CSV or XLSX"),
    (
        b"SQLite format 3\x00",
        "an SQLite database",
        'Read from it with read(Query(url="sqlite:///...", sql="SELECT ..."))',
    ),
    (b"PARE", "an encrypted Parquet file", "Write it without encryption"),
    (b"FEA1", "a Feather file of the first version", "Write it again as Parquet or Feather 2"),
    (b"Obj\x01", "an Avro file", "Write it as Parquet or CSV"),
    (b"$FL2", "an SPSS file", "Save it as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive", "Unpack it"),
    (b"\xfd7zXZ\x00", "an XZ archive", "Unpack it"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it"),
    (b"BZh91AY&SY", "a bzip2 archive", "Unpack it"),
    (b"\x89PNG", "a picture", _AS_CSV),
    (b"\xff\xd8\xff", "a picture", _AS_CSV),
    (b"\x00" * 8 + b"\x00\x00\x00\x00\xc2\xea\x81\x60", "a SAS file", "Export the table as CSV"),
)
_WEB_PAGE: Final = re.compile(
    rb"(?is)^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body|table|meta|style|script|title"
    rb"|link|div|form|center|h[1-6]|p)\b"
)
_XML: Final = re.compile(rb"^(\xef\xbb\xbf)?\s*<\?xml\b")
_TAR_AT: Final = 257
_ADDRESS: Final = re.compile(r"^\w{2,}:/")
_IGNORED_MEMBERS: Final = re.compile(r"^__MACOSX/|(^|/)\.DS_Store$|/$")
_SHOWN: Final = 5
_GZIP: Final = b"\x1f\x8b"
HELD: Final = 384 << 20  # bytes of text that are held in memory; reading takes some four times as many
_MOST_PACKED: Final = 1_100  # times that gzip can pack
_HEAD: Final = 1 << 16
_OBJECTS: Final = re.compile(rb"\s*\{")  # JSON lines
# Names of the streams in an old Office file, as UTF-16.
_STREAMS: Final = (
    ("EncryptedPackage", "", "a spreadsheet with a password", "Save it without a password"),
    ("Workbook", "xls", "", ""),
    ("Book", "xls", "", ""),
    ("WordDocument", "", "a Word document", _AS_CSV),
    ("PowerPoint Document", "", "a presentation", _AS_CSV),
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file as bytes, and what they are.

    Attributes:
        path: as given.
        real: where a symbolic link leads, None for a plain file.
        kind: "text", "xlsx", "xls", "ods", "parquet" or "arrow".
        data: unpacked.
        packed: "gzip" or "zip" when it was packed, else "".
        member: the name inside a zip archive, else "".
        sha256: of the file's bytes, hexadecimal.
        size: of the file in bytes.
        stream: opens a text that is too large to be held, unpacked; `data` is its beginning then.
    """

    path: Path
    real: Path | None = None
    kind: str
    data: bytes
    packed: str = ""
    member: str = ""
    sha256: str = ""
    size: int = 0
    stream: Callable[[], IO[bytes]] | None = None


def take(path: Path, limits: Limits, *, member: str | None = None) -> Opened:
    """Open a file, find out what it is, and unpack it.

    Args:
        path: taken literally: no pattern, no folder. A symbolic link is followed to a file.
        limits: what is refused.
        member: the file to take from a zip archive of several.

    Raises:
        InputError: there is no such file, it may not be read, or is of a kind that holds no table.
    """
    real = _regular(path)
    if large := _large(path, limits):
        return replace(large, real=real, sha256=hash_of(path), size=path.stat().st_size)
    data = _bytes(path)
    opened = _unpack(Opened(path=path, kind="", data=data), limits, member)
    digest = hashlib.sha256(data).hexdigest()
    return replace(opened, real=real, sha256=digest, size=len(data))


def _large(path: Path, limits: Limits) -> Opened | None:
    """Tell a text that is too large to be held, plain or packed by gzip; None for everything else."""
    try:
        with path.open("rb") as file:
            head, size = file.read(_HEAD), path.stat().st_size
        packed = "gzip" if head.startswith(_GZIP) and size > HELD // _MOST_PACKED else ""
        if packed:
            with gzip.open(path) as unpacked:
                head = unpacked.read(_HEAD)
                rest = measured(unpacked, size, limits, "unpacked", what=str(path))
                size = len(head) + sum(len(part) for part in rest)
    except (OSError, EOFError, zlib.error):  # said where the file is taken whole
        return None
    if size <= HELD or head.startswith((*_ZIP, _OLE, _GZIP)):
        return None
    given = Opened(path=path, kind=TEXT, data=head, packed=packed, stream=partial(_stream, path, packed))
    return given if _kind(given) == TEXT and not _OBJECTS.match(head) else None


def _stream(path: Path, packed: str) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")


def _regular(path: Path) -> Path | None:
    """Look at what stands under the name without opening it: to open a pipe may wait forever."""
    reason, missing, mode, link = "", False, 0, False
    try:
        mode, link = path.stat().st_mode, path.is_symlink()
    except (FileNotFoundError, NotADirectoryError):
        missing = True
    except OSError as error:
        reason = error.strerror or "it cannot be looked at"
    except ValueError:
        reason = "its name holds a NUL character"
    if missing:
        _refuse_missing(path)
    if reason:
        raise InputError(f"{str(path)!r} cannot be read: {reason}. Check its name and its permissions.")
    if stat.S_ISDIR(mode):
        raise InputError(
            f"{path} is a folder; a file is needed. Name one file in it, or pass parts=True (at the "
            "prompt --parts) to read all its files as parts of one table."
        )
    if not stat.S_ISREG(mode):
        raise InputError(f"{path} is a device or a pipe and no file. Save its content as a file first.")
    return path.resolve() if link else None


def _refuse_missing(path: Path) -> None:
    if _ADDRESS.match(str(path)):  # it may hold a password: not shown
        raise InputError(
            "An address was given where a file is expected. Download the file; from a database read with "
            "read(Query(url=..., sql=...)), with Query from reconcile.read."
        )
    if path.is_symlink():
        raise InputError(f"{path} is a link that leads to no file. Name the file itself.")
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    hint = nearest(path.name, siblings) if siblings else ""
    hint = hint if hint.startswith(" Did") else ""
    raise InputError(f"There is no file {path}.{hint} Check the path.")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror
    raise InputError(f"{path} cannot be read: {reason}. Check its permissions.")


def _unpack(given: Opened, limits: Limits, member: str | None) -> Opened:
    """Find the kind; of an archive, that of what is in it."""
    kind = _kind(given)
    if kind not in _PACKED:
        if member is not None and not given.packed:
            raise InputError(f"{given.path} is no archive of several files; leave the member out.")
        return replace(given, kind=kind)
    if given.packed:
        raise InputError(f"{given.path} holds an archive within an archive. Unpack it, and name the file.")
    if kind == "gzip":
        inner = replace(given, data=gunzip(given.data, limits, what=str(given.path)), packed=kind)
    else:
        with open_zip(given.data, what=str(given.path)) as archive:
            name = _member(archive, given.path, member)
            data = unzip(archive, name, limits, what=f"{given.path}, {name!r}")
        inner = replace(given, data=data, packed=kind, member=name)
    return _unpack(inner, limits, member)


def _member(archive: zipfile.ZipFile, path: Path, wanted: str | None) -> str:
    names = [name for name in archive.namelist() if not _IGNORED_MEMBERS.search(name)]
    shown = ", ".join(repr(name) for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    if wanted is not None:
        if names.count(wanted) == 1:
            return wanted
        if wanted in names:
            raise InputError(
                f"{path} holds {names.count(wanted)} files {wanted!r}; which is meant cannot be said. "
                "Unpack it, or pack it again with one."
            )
        raise InputError(
            f"{path} holds no file {wanted!r}.{nearest(wanted, names[:1000])} Correct the member's name."
        )
    if len(names) == 1:
        return names[0]
    if not names:
        raise InputError(f"{path} is an archive without a file in it. Pack it again.")
    raise InputError(
        f"{path} is an archive of {len(names):,} files ({shown}); one is needed. Name it with member= "
        "(at the prompt --member), or unpack the archive."
    )


def _kind(given: Opened) -> str:
    """Tell by the first bytes; what is neither known nor refused is text."""
    data = given.data
    if data.startswith(_ZIP):
        return _zip_kind(given)
    if data.startswith(_GZIP):
        return "gzip"
    if data.startswith(_OLE):
        return _ole_kind(given)
    if data.startswith(b"PAR1") and b"\x00" in data[:4096]:
        return "parquet"
    if data.startswith((b"ARROW1\x00\x00", b"\xff\xff\xff\xff")) and b"\x00" in data[:64]:
        return "arrow"
    _refuse_others(given)
    return TEXT


def _refuse_others(given: Opened) -> None:
    data = given.data
    for start, kind, remedy in _OTHER_KINDS:
        if data.startswith(start):
            _refuse(given, kind, remedy)
    if data[_TAR_AT : _TAR_AT + 5] == b"ustar":
        _refuse(given, "a TAR archive", "Unpack it")
    if _WEB_PAGE.match(data[:4096]):
        _refuse(given, "a web page (HTML)", "Open it in a spreadsheet and save it as XLSX, or export as CSV")
    if _XML.match(data[:4096]):
        _refuse(given, "XML", "Open it in a spreadsheet and save it as XLSX, or export as CSV")


def _zip_kind(given: Opened) -> str:
    """A spreadsheet is an archive, too."""
    what = str(given.path)
    with open_zip(given.data, what=what) as archive:
        names = set(archive.namelist())
        said = members(archive, ("mimetype",), Limits(), "unpacked", what=what) if "mimetype" in names else ()
        kind = next(iter(said), b"")
    if kind.startswith(_ODS):
        return "ods"
    if kind.startswith(b"application/vnd."):
        _refuse(given, "a document of another program", _AS_CSV)
    if "xl/workbook.bin" in names:
        _refuse(given, "a binary Excel file (XLSB)", "Save it as XLSX")
    if "[Content_Types].xml" in names:
        if any(name.startswith("word/") for name in names):
            _refuse(given, "a Word document", _AS_CSV)
        return "xlsx"
    return "zip"


def _ole_kind(given: Opened) -> str:
    for name, kind, words, remedy in _STREAMS:
        if name.encode("utf-16-le") + b"\0\0" in given.data:
            if not kind:
                _refuse(given, words, remedy)
            return kind
    return _refuse(
        given, "an old Office file, damaged or without a sheet", "Save the sheet as XLSX or CSV UTF-8"
    )


def _refuse(given: Opened, kind: str, remedy: str) -> str:
    place = f"{given.path}, {given.member!r}," if given.member else f"{given.path}"
    raise InputError(f"{place} is {kind}; a table is expected. {remedy}.")
