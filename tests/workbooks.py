"""Workbooks for tests, written by a library of its own or part by part where a library would not."""

from __future__ import annotations

import io
import zipfile

import xlsxwriter

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
_ODS = "urn:oasis:names:tc:opendocument:xmlns:"


def workbook(*sheets, **options):
    """Write sheets given as (name, rows) by xlsxwriter; a cell (value, format) has a number format."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **options}) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name.removeprefix("hidden "))
            if name.startswith("hidden "):
                sheet.hide()
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    value, *shown = cell if isinstance(cell, tuple) else (cell,)
                    made = book.add_format({"num_format": shown[0]}) if shown else None
                    if isinstance(value, str) and not value.startswith("="):
                        sheet.write_string(at, column, value)
                    elif isinstance(value, str):
                        sheet.write_formula(at, column, value, made, shown[1] if len(shown) > 1 else "#N/A")
                    elif value is not None:
                        sheet.write(at, column, value, made)
    return out.getvalue()


def archive(**members):
    """Pack files of these names, of which a double underscore is a point."""
    return pack({name.replace("__", "."): content for name, content in members.items()})


def pack(members, *, stored=False):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return out.getvalue()


def unpack(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as members:
        return {name: members.read(name) for name in members.namelist()}


def bare_xlsx(body, *, shared="", before=""):
    """Write one sheet's XML as it stands."""
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(
            (("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"))
        )
    )
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="r" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">{links}</Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}">{before}<sheetData>{body}</sheetData>'
        "</worksheet>",
        "xl/sharedStrings.xml": shared or f'<sst xmlns="{_MAIN}"/>',
    }
    return pack(parts)


def text_cell(place, text):
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def bare_ods(body):
    spaces = " ".join(f'xmlns:{name}="{_ODS}{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<office:document-content {spaces} xmlns:calcext="calcext"><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return pack({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": "<x/>"})


def ods_cell(text, more=""):
    return f'<table:table-cell office:value-type="string" {more}><text:p>{text}</text:p></table:table-cell>'


def ods_row(*cells, more=""):
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"
