from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import polars as pl
import pytest
import workbooks

from reconcile.errors import InputError
from reconcile.read import read
from reconcile.read.again import texts

if TYPE_CHECKING:
    from pathlib import Path


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def kinds(result) -> list[tuple[int | None, str]]:
    return result.diagnostics.select("line", "kind").rows()


def test_parts_become_one_table(tmp_path: Path):
    a = put(tmp_path, "a.csv", "id,last_name\n1,A\n2,B\n")
    b = put(tmp_path, "b.csv", "id,last_name\n3,C\n")
    made = read([a, b])
    assert made.frame.rows() == [("1", "A"), ("2", "B"), ("3", "C")]
    assert kinds(made) == []
    assert [(p.path, p.rows, p.first_line) for p in made.source.parts] == [(a, 2, 1), (b, 1, 4)]
    hashes = "\n".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in (a, b))
    assert made.source.sha256 == hashlib.sha256(hashes.encode()).hexdigest()
    assert (made.source.rows, made.source.size) == (3, a.stat().st_size + b.stat().st_size)
    assert made.source.path.name == "a.csv and 1 more"
    assert read(tmp_path, parts=True).frame.equals(made.frame)
    assert read(tmp_path, parts=True, layout="generic").frame["line"].to_list() == [2, 3, 5]


def test_a_folder_is_read_only_when_asked(tmp_path: Path):
    put(tmp_path, "a.csv", "id\n1\n")
    with pytest.raises(InputError, match="parts=True"):
        read(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        read(tmp_path / "a.csv", parts=True)


def test_parts_in_any_format_and_order_of_columns(tmp_path: Path):
    put(tmp_path, "a.csv", "id,name\n1,A\n")
    put(tmp_path, "b.xlsx", workbooks.workbook(("S", [["name", "id"], ["B", "2"]])))
    put(tmp_path, ".hidden", "x\n9\n")
    put(tmp_path, "~$b.xlsx", "lock")
    made = read(tmp_path, parts=True)
    assert made.frame.rows() == [("1", "A"), ("2", "B")]
    assert kinds(made) == [(None, "column_order")]
    assert made.source.kind == "text, XLSX"


def test_a_part_with_other_columns_is_refused(tmp_path: Path):
    a = put(tmp_path, "a.csv", "id,name\n1,A\n")
    b = put(tmp_path, "b.csv", "id,nome\n2,B\n")
    with pytest.raises(
        InputError, match=r'b\.csv does not fit a\.csv.*lacks "name" and has in addition "nome"'
    ):
        read([a, b])


def test_findings_name_their_part_and_count_on(tmp_path: Path):
    a = put(tmp_path, "a.csv", "id,n,m\n1,x,y\n2\n")
    b = put(tmp_path, "b.csv", "id,n,m\n3,x,y\n4\n5,x,y\n")
    made = read([a, b])
    assert made.frame["id"].to_list() == ["1", "3", "5"]
    assert kinds(made) == [(3, "ragged"), (6, "ragged")]
    assert [text.partition(":")[0] for text in made.diagnostics["message"]] == ["a.csv", "b.csv"]
    assert made.source.rows == made.quarantined + made.frame.height
    assert made.source.parts[1].first_line == 4


def test_nothing_is_read_twice(tmp_path: Path):
    a = put(tmp_path, "a.csv", "id\n1\n")
    with pytest.raises(InputError, match="stands twice"):
        read([a, tmp_path / "." / "a.csv"])
    b = put(tmp_path, "b.csv", "id\n1\n")
    assert kinds(read([a, b])) == [(3, "same_part")]


def test_lists_and_folders_without_parts(tmp_path: Path):
    with pytest.raises(InputError, match="list of files is empty"):
        read([])
    with pytest.raises(InputError, match="holds no file"):
        read(tmp_path, parts=True)
    (tmp_path / "inner").mkdir()
    with pytest.raises(InputError, match="holds a folder 'inner'"):
        read(tmp_path, parts=True)
    a = put(tmp_path, "a.csv", "id\n1\n")
    assert read([a]).source == read(a).source


def test_every_text_is_given_once_more_rows_set_aside_included(tmp_path: Path):
    put(tmp_path, "a.csv.gz", gzip.compress("id,n,m\nABD1234,x,y\nABE0001\n".encode("utf-16")))
    put(
        tmp_path,
        "b.xlsx",
        workbooks.workbook(("S", [["id", "n", "m"], ["ABF0001", 1, "y"], ["ABG0001 rows"]])),
    )
    put(tmp_path, "c.jsonl", '{"id":"ABH0001","n":1,"m":2}\n{"ABI0001"\n')
    pl.DataFrame({"id": ["ABJ0001"], "n": [1], "m": [None]}).write_parquet(tmp_path / "d.parquet")
    made = read(tmp_path, parts=True)
    assert made.quarantined == 3
    found = " ".join(texts(made.source))
    for number in ("ABD1234", "ABE0001", "ABF0001", "ABG0001", "ABH0001", "ABI0001", "ABJ0001"):
        assert number in found
