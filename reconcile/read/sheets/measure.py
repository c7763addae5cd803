"""How large a spreadsheet is, and what in it would be lost without a word: looked at before it is parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax import SAXException

from defusedxml import ElementTree

from reconcile.errors import InputError
from reconcile.read.limits import members, open_zip
from reconcile.read.sheets.measure_ods import measure_ods
from reconcile.read.sheets.measure_xlsx import measure_xlsx

if TYPE_CHECKING:
    import zipfile
    from pathlib import Path

    from reconcile.read.limits import Limits
    from reconcile.read.sheets.measured import Measured

_XML: Final = (".xml", ".rels")


def measure(data: bytes, kind: str, path: Path, limits: Limits) -> dict[str, Measured]:
    """Measure all sheets of an XLSX or ODS file, by streaming through it.

    Returns:
        The worksheets by name.

    Raises:
        InputError: a limit is passed, or the file is damaged.
    """
    problem = ""
    with open_zip(data, what=str(path)) as archive:
        names = tuple(name for name in archive.namelist() if not name.endswith("/"))
        _unpack_once(archive, names, path, limits)
        try:
            return (
                measure_ods(archive, path, limits) if kind == "ods" else measure_xlsx(archive, path, limits)
            )
        except InputError:
            raise
        except (KeyError, ValueError, ElementTree.ParseError, SAXException, UnicodeDecodeError):
            problem = "its parts do not fit together"
        except RecursionError:
            problem = "its parts are nested too deeply"
    raise InputError(
        f"{path} is a damaged spreadsheet: {problem}. Open it in a spreadsheet and save it again."
    )


def _unpack_once(archive: zipfile.ZipFile, names: tuple[str, ...], path: Path, limits: Limits) -> None:
    """Count the bytes of all parts, and look for entities, which could unfold to anything."""
    total = 0
    for name in names:
        gap, before, cells = 0, b"", 0
        for chunk in members(archive, (name,), limits, "sheet_unpacked", what=str(path)):
            total += len(chunk)
            limits.check("sheet_unpacked", total, what=f"{path} unpacks to too many bytes")
            if not name.endswith(_XML):
                continue
            text = before + chunk
            if b"<!ENTITY" in text or text[:2] in {b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"}:
                raise InputError(
                    f"{path} holds XML that no spreadsheet program writes (entities, or UTF-16). "
                    "It was not read. Save it again with a spreadsheet program."
                )
            before = chunk[-16:]
            cells += chunk.count(b"</c>")  # a first count, which costs nothing
            limits.check("cells", cells, what=f"{path} has too many cells in {name}")
            tags = chunk.find(b"<"), chunk.rfind(b"<")
            longest = gap + (tags[0] if tags[0] >= 0 else len(chunk))
            if limits.cell < len(chunk):
                longest = max(longest, *map(len, chunk.split(b"<")))
            limits.check("cell", longest, what=f"{path} has a cell of too many bytes")
            gap = len(chunk) - tags[1] if tags[1] >= 0 else longest
