"""Bombs, each as small as shows its kind: what is too much is refused before anything parses it."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workbooks

from reconcile.errors import InputError
from reconcile.read import Limits, read

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
HEAD = '<row r="1">' + workbooks.text_cell("A1", "id") + workbooks.text_cell("B1", "name") + "</row>"
ROW = '<row r="2">' + workbooks.text_cell("A2", "1") + workbooks.text_cell("B2", "x") + "</row>"
SMALL_ODS = workbooks.ods_row(workbooks.ods_cell("id"), workbooks.ods_cell("n")) + workbooks.ods_row(
    workbooks.ods_cell("1"), workbooks.ods_cell("2")
)


def put(folder: Path, content: bytes) -> Path:
    path = folder / "extract"
    path.write_bytes(content)
    return path


def refused(path: Path, name: str, **changes: int) -> str:
    with pytest.raises(InputError, match=f"Limits\\({name}=") as caught:
        read(path, limits=Limits(**changes))
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_limit_is_named_with_what_raises_it(tmp_path: Path):
    path = put(tmp_path, gzip.compress(b"id\n" + b"1\n" * 1000))
    message = refused(path, "unpacked", unpacked=100)
    assert "the limit is 100" in message
    assert "It was not read" in message
    assert read(path, limits=Limits(unpacked=2003)).frame.height == 1000


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: workbooks.pack({"a.csv": data})])
def test_what_grows_too_much_is_refused(pack, tmp_path: Path):
    refused(put(tmp_path, pack(b"a,b\n" * (28 * MIB))), "ratio")


def test_bombs_take_little_memory(tmp_path: Path):
    pytest.importorskip("resource", reason="another operating system: memory is not told")
    with gzip.open(tmp_path / "extract", "wb", 1) as out:
        for _ in range(400):
            out.write(bytes(MIB))
    code = (
        "import resource, sys\nfrom reconcile.read import read\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    read(sys.argv[1])\nexcept ValueError:\n"
        "    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "    print(grown // (1024 if sys.platform != 'darwin' else 1024 * 1024))\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "extract")], capture_output=True, text=True, check=True
    )
    assert int(made.stdout) < 200


@pytest.mark.parametrize(
    "more",
    [
        '<row r="1048576">' + workbooks.text_cell("XFD1048576", "z") + "</row>",
        (
            "<x:row xmlns:x='http://schemas.openxmlformats.org/spreadsheetml/2006/main' r='1048576'>"
            "<x:c r = 'XFD1048576' t='n'><x:v>1</x:v></x:c></x:row>"
        ),
    ],
)
def test_a_stray_cell_is_named(more: str, tmp_path: Path):
    message = refused(put(tmp_path, workbooks.bare_xlsx(HEAD + ROW + more)), "cells")
    assert "XFD1048576" in message


@pytest.mark.parametrize(
    ("body", "before"),
    [
        (HEAD + ROW, '<dimension ref="A1:XFD1048576"/>'),
        (HEAD + ROW + '<row r="1048576"><c r="XFD1048576" s="0"/><c r="XFC1048576"></c></row>', ""),
        ((HEAD + ROW).replace(' r="A1"', "").replace(' r="B1"', "").replace(' r="A2"', ""), ""),
    ],
)
def test_what_is_only_declared_or_formatted_does_no_harm(body: str, before: str, tmp_path: Path):
    made = read(put(tmp_path, workbooks.bare_xlsx(body, before=before)))
    assert made.frame.rows() == [("1", "x")]
    assert made.diagnostics.is_empty()


def test_cells_are_counted_whatever_is_declared(tmp_path: Path):
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 200))
    path = put(tmp_path, workbooks.bare_xlsx(rows, before='<dimension ref="A1"/>'))
    refused(path, "cells", cells=150)
    book = workbooks.workbook(("S", [["id", "n"], *([n, n] for n in range(100))]))
    refused(put(tmp_path, book), "cells", cells=150)


def test_a_text_that_many_cells_share_counts_in_each(tmp_path: Path):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = f'<sst xmlns="{main}"><si><t>id</t></si><si><t>{"a" * 1000}</t></si></sst>'
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    rows += "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>1</v></c></row>' for n in range(2, 52))
    path = put(tmp_path, workbooks.bare_xlsx(rows, shared=shared))
    assert read(path).frame["id"].to_list() == ["a" * 1000] * 50
    refused(path, "sheet_text", sheet_text=40_000)


def test_a_cell_and_a_workbook_of_too_many_bytes(tmp_path: Path):
    path = put(tmp_path, workbooks.bare_xlsx(HEAD + ROW.replace("x<", f"{'a' * 5000}<")))
    assert read(path).frame["name"][0] == "a" * 5000
    refused(path, "cell", cell=4000)
    refused(path, "sheet_unpacked", sheet_unpacked=4000)


def test_entities_are_refused(tmp_path: Path):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    with pytest.raises(InputError, match="no spreadsheet program writes"):
        read(put(tmp_path, workbooks.bare_xlsx(HEAD, shared=laughs)))


def test_repeated_cells_of_open_document_sheets_are_multiplied_out(tmp_path: Path):
    many = workbooks.ods_row(
        workbooks.ods_cell("x", 'table:number-columns-repeated="16384"'),
        more='table:number-rows-repeated="1048576"',
    )
    refused(put(tmp_path, workbooks.bare_ods(SMALL_ODS + many)), "cells")
    gap = '<table:table-row table:number-rows-repeated="900000000"><table:table-cell/></table:table-row>'
    stray = workbooks.ods_row(workbooks.ods_cell("z"))
    refused(put(tmp_path, workbooks.bare_ods(SMALL_ODS + gap + stray)), "cells")
    assert read(put(tmp_path, workbooks.bare_ods(SMALL_ODS + gap))).frame.rows() == [("1", "2")]
    wide = workbooks.ods_row(workbooks.ods_cell("y" * 1000, 'table:number-columns-repeated="50"'))
    refused(put(tmp_path, workbooks.bare_ods(SMALL_ODS + wide)), "sheet_text", sheet_text=40_000)


def test_a_text_in_all_rows_of_a_columnar_file_counts_in_each(tmp_path: Path):
    codes = pa.array([0] * 50_000, pa.int32())
    table = pa.table({"a": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 100_000]))})
    pq.write_table(table, tmp_path / "extract")
    refused(tmp_path / "extract", "ratio")
    with pa.ipc.new_file(str(tmp_path / "extract"), table.schema) as out:
        out.write_table(table)
    refused(tmp_path / "extract", "ratio")
    pq.write_table(pa.table({f"c{n}": ["1"] for n in range(30)}), tmp_path / "extract")
    refused(tmp_path / "extract", "columns", columns=20)
    refused(tmp_path / "extract", "values", values=20)


def test_names_that_each_stand_in_one_line_of_json(tmp_path: Path):
    lines = "".join(f'{{"a{n}":1}}\n' for n in range(6000))
    refused(put(tmp_path, lines.encode()), "ratio")
    refused(put(tmp_path, lines.encode()), "columns", columns=100)


def test_an_archive_of_countless_members_is_not_listed(tmp_path: Path):
    data = bytearray(workbooks.pack({"a.csv": b"id\n1\n"}))
    end = data.rfind(b"PK\x05\x06")
    data[end + 12 : end + 16] = (64 * MIB).to_bytes(4, "little")
    with pytest.raises(InputError, match="too many members"):
        read(put(tmp_path, bytes(data)))


def test_packed_buffers_are_refused_before_they_are_unpacked(tmp_path: Path):
    table = pa.table({"a": ["x" * 60_000]})
    for new in (pa.ipc.new_file, pa.ipc.new_stream):
        out = pa.BufferOutputStream()
        with new(out, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        data = out.getvalue().to_pybytes()
        frame = data.rindex(b"\x28\xb5\x2f\xfd")
        put(tmp_path, data[:frame] + bytes(20) + data[frame + 20 :])  # to unpack it would fail
        refused(tmp_path / "extract", "unpacked", unpacked=50_000)
        with pytest.raises(InputError, match="damaged"):
            read(tmp_path / "extract")


def test_a_parquet_file_is_refused_by_what_its_footer_states(tmp_path: Path):
    path = tmp_path / "extract"
    pq.write_table(pa.table({"a": ["x" * 60_000]}), path, use_dictionary=False, compression="zstd")
    data = path.read_bytes()
    frame = data.index(b"\x28\xb5\x2f\xfd")
    put(tmp_path, data[:frame] + bytes(20) + data[frame + 20 :])
    refused(path, "unpacked", unpacked=50_000)
    with pytest.raises(InputError, match="damaged"):
        read(path)


def test_texts_that_repeat_the_one_before_are_counted_in_each_row(tmp_path: Path):
    path, coding = tmp_path / "extract", {"a": "DELTA_BYTE_ARRAY"}
    for text, count in (("x" * 1000, 300), ("y", 3)):
        pq.write_table(pa.table({"a": [text] * count}), path, use_dictionary=False, column_encoding=coding)
        assert path.stat().st_size < 5000
        assert read(path).frame["a"].to_list() == [text] * count
    pq.write_table(pa.table({"a": ["x" * 1000] * 300}), path, use_dictionary=False, column_encoding=coding)
    refused(path, "unpacked", unpacked=100_000)


def test_texts_that_rows_share_are_counted_in_each(tmp_path: Path):
    _, view, text = pa.array(["x" * 1000]).cast(pa.string_view()).buffers()
    shared = [None, pa.py_buffer(view.to_pybytes()[:16] * 300), text]
    table = pa.table({"a": pa.Array.from_buffers(pa.string_view(), 300, shared)})
    with pa.ipc.new_file(str(tmp_path / "extract"), table.schema) as out:
        out.write_table(table)
    assert read(tmp_path / "extract").frame.height == 300
    refused(tmp_path / "extract", "unpacked", unpacked=100_000)


def test_lists_are_not_even_unpacked(tmp_path: Path):
    numbers = pa.array(range(0, 100_001, 100_000), pa.int32())
    lists = pa.ListArray.from_arrays(numbers, pa.array([0] * 100_000))
    pq.write_table(pa.table({"id": ["007"], "a": lists}), tmp_path / "extract")
    made = read(tmp_path / "extract", limits=Limits(values=1000, unpacked=1000))
    assert made.frame.rows() == [("007",)]
    assert made.diagnostics.select("kind", "column").rows() == [("nested_column", "a")]
