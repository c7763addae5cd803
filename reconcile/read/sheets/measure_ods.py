"""How large the sheets of an ODS file are: repeated rows and cells are multiplied out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax import ContentHandler

from reconcile.read.sheets.measured import Measured
from reconcile.read.sheets.sheet_xml import parse_xml, stream_part

if TYPE_CHECKING:
    import zipfile
    from pathlib import Path

    from reconcile.read.limits import Limits


def measure_ods(archive: zipfile.ZipFile, path: Path, limits: Limits) -> dict[str, Measured]:
    """Measure all sheets, by name.

    Raises:
        InputError: a limit is passed.
        KeyError, ValueError, SAXException: the parts do not fit together.
    """
    handler = _Tables(path, limits)
    parse_xml(handler, stream_part(archive, "content.xml", path, limits))
    return handler.sheets


class _Tables(ContentHandler):
    """The tables of an ODS file; repeated rows and cells are multiplied out, empty ones are not."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__()
        self.sheets: dict[str, Measured] = {}
        self._path, self._limits = path, limits
        self._sheet = Measured("", path)
        self._row = self._column = 0
        self._times = self._wide = 1
        self._depth = 0  # of tables: one may stand within a cell
        self._filled: list[tuple[int, int, int]] = []  # column, times, bytes
        self._bytes = -1  # of the cell that is open, -1 outside

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802, ANN401 - the interface of SAX
        match name:
            case "table:table":
                self._depth += 1
                if self._depth == 1:
                    self._sheet = self.sheets[attrs["table:name"]] = Measured(attrs["table:name"], self._path)
                    self._row = 0
            case "table:table-row":
                self._times = int(attrs.get("table:number-rows-repeated", "1"))
                self._column, self._filled = 0, []
            case "table:table-cell" | "table:covered-table-cell":
                self._wide = int(attrs.get("table:number-columns-repeated", "1"))
                self._bytes = 0
                if attrs.get("calcext:value-type") == "error":
                    self._sheet.errors[self._row, self._column] = ""
                if any(int(attrs.get(f"table:number-{way}-spanned", "1")) > 1 for way in ("columns", "rows")):
                    self._sheet.merged.append((self._row, self._column))
                if attrs.get("office:value-type", "string") != "string":
                    self._bytes = 1

    def characters(self, content: str) -> None:
        if self._bytes >= 0:
            self._bytes += len(content)
            error = self._sheet.errors.get((self._row, self._column))
            if error is not None:
                self._sheet.errors[self._row, self._column] = (error + content.strip())[:30]

    def endElement(self, name: str) -> None:  # noqa: N802 - the interface of SAX
        match name:
            case "table:table-cell" | "table:covered-table-cell":
                if self._bytes > 0:
                    self._filled.append((self._column, self._wide, self._bytes))
                self._column += self._wide
                self._bytes = -1
            case "table:table-row":
                self._close_row()
            case "table:table":
                self._depth -= 1

    def _close_row(self) -> None:
        sheet = self._sheet
        if self._filled:
            sheet.cells += sum(wide for _, wide, _ in self._filled) * self._times
            sheet.text += sum(wide * size for _, wide, size in self._filled) * self._times
            last, wide, _ = self._filled[-1]
            sheet.widen((self._row, self._row + self._times - 1), (self._filled[0][0], last + wide - 1))
            sheet.check(self._limits)
        self._row += self._times
