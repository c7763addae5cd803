"""The XML parts of a spreadsheet: streamed where they may be large, and never with a DTD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException, ElementTree, expatreader

from reconcile.errors import InputError
from reconcile.read.limits import members

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element
    from xml.sax import ContentHandler

    from reconcile.read.limits import Limits


def stream_part(archive: zipfile.ZipFile, name: str, path: Path, limits: Limits) -> Iterator[bytes]:
    """Give the bytes of one part, within the limits."""
    return members(archive, (name,), limits, "sheet_unpacked", what=str(path))


def whole_part(archive: zipfile.ZipFile, name: str, path: Path, limits: Limits) -> Element:
    """Parse a small part.

    Raises:
        InputError: it holds what no spreadsheet program writes.
    """
    problem = False
    data = b"".join(stream_part(archive, name, path, limits))
    try:
        found: Element = ElementTree.fromstring(data)
    except DefusedXmlException:
        problem = True
    if problem:
        raise InputError(f"{path} holds XML that no spreadsheet program writes. It was not read.")
    return found


def parse_xml(handler: ContentHandler, parts: Iterable[bytes]) -> None:
    """Hand XML to what listens to it, piece by piece."""
    parser = expatreader.create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    for part in parts:
        parser.feed(part)
    parser.close()
