"""Numbers that stand anywhere in an input are found, however it is written and wherever it is cut."""

from __future__ import annotations

import gzip
import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import pack, workbook

from reconcile import cccid
from reconcile.errors import InputError
from reconcile.flow.seen import numbers_in
from reconcile.read import Query, again, read
from reconcile.read import open as opening
from reconcile.results import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = ["ccc_id", "lastname", "note"]
# The last row has no id, and the two before it share theirs with another person: they are set aside.
ROWS = [
    ["ABD1234", "Example", ""],
    ["ABE0002", "Third", ""],
    ["ABE0002", "Other", "formerly ABF0003"],
    [None, "Fourth", "perhaps abf0004"],
]
NUMBERS = ["ABD1234", "ABE0002", "ABF0003", "ABF0004"]


def source(path: Path, text: str | bytes, encoding: str = "utf-8") -> Source:
    data = text if isinstance(text, bytes) else text.encode(encoding.partition(",")[0])
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    return Source(path=path, sha256=digest, size=0, encoding=encoding, dialect="", rows=0, columns=())


def found(given: Source) -> set[str]:
    return {number for part in numbers_in(given) for number in part}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "cp1252, utf-8"])
def test_every_shape_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = 'Nuñez,ABD1234\n"zbb0007|ABE0001";XYZ9999x,1ABD4321,AIO1234,ABD12345,(ABF0001)'
    assert found(source(tmp_path / "f", text, encoding)) == {"ABD1234", "ZBB0007", "ABE0001", "ABF0001"}


def test_what_is_damaged_is_passed_over(tmp_path: Path) -> None:
    given = source(tmp_path / "f", b"\xff\xfe ABD1234 \x9d\x00ABE0001")
    assert found(given) == {"ABD1234", "ABE0001"}


def test_an_empty_file_holds_none(tmp_path: Path) -> None:
    assert found(source(tmp_path / "f", "")) == set()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["ABD1234", "zbb0007", ",", "\n", "x", "ABE00011", '"', "ñ"]), max_size=25))
def test_cuts_lose_no_number(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    """Against the whole text at once; a cut may take a longer word for a number, which harms nobody."""
    text = "".join(pieces)
    given = source(tmp_path_factory.getbasetemp() / "seen.csv", text)
    whole = set(cccid.shaped_in(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "_OVERLAP", 9)
        for size in (1, 5, 16):
            patch.setattr(again, "_PIECE", size)
            assert whole <= found(given)


def lines(rows: list[list[Any]]) -> bytes:
    return "".join(",".join(cell or "" for cell in row) + "\n" for row in [HEADER, *rows]).encode()


def text(folder: Path) -> dict[str, Any]:
    (folder / "a.csv").write_bytes(lines(ROWS))
    return {"path": folder / "a.csv"}


def gzipped(folder: Path) -> dict[str, Any]:
    (folder / "a.csv.gz").write_bytes(gzip.compress(lines(ROWS)))
    return {"path": folder / "a.csv.gz"}


def member(folder: Path) -> dict[str, Any]:
    (folder / "a.zip").write_bytes(pack({"a.csv": lines(ROWS), "readme.txt": b"ABX0001"}))
    return {"path": folder / "a.zip", "member": "a.csv"}


def parts(folder: Path) -> dict[str, Any]:
    (folder / "a.csv").write_bytes(lines(ROWS[:2]))
    (folder / "b.csv.gz").write_bytes(gzip.compress(lines(ROWS[2:])))
    return {"path": [folder / "a.csv", folder / "b.csv.gz"]}


def a_folder(folder: Path) -> dict[str, Any]:
    (folder / "all").mkdir()
    return {"path": folder / "all", "parts": True, "unused": parts(folder / "all")}


def sheet(folder: Path) -> dict[str, Any]:
    made = workbook(("Notes", [["Seen"], ["x"]]), ("Fall", [HEADER, *ROWS]))
    (folder / "a.xlsx").write_bytes(made)
    return {"path": folder / "a.xlsx", "sheet": "Fall"}


def parquet(folder: Path) -> dict[str, Any]:
    pl.DataFrame(ROWS, schema=HEADER, orient="row").write_parquet(folder / "a.parquet")
    return {"path": folder / "a.parquet"}


def json_lines(folder: Path) -> dict[str, Any]:
    rows = (json.dumps(dict(zip(HEADER, row, strict=True))) for row in ROWS)
    (folder / "a.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return {"path": folder / "a.jsonl"}


def query(folder: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "a.sqlite")) as made, made:
        made.execute(f"CREATE TABLE a ({', '.join(HEADER)})")
        made.executemany("INSERT INTO a VALUES (?, ?, ?)", ROWS)
    return {"path": Query(url=f"sqlite:///{folder / 'a.sqlite'}", sql="SELECT * FROM a")}


FORMS = (text, gzipped, member, parts, a_folder, sheet, parquet, json_lines, query)


@pytest.mark.parametrize("form", FORMS)
def test_numbers_of_rows_that_were_set_aside_are_seen(
    tmp_path: Path, form: Callable[[Path], dict[str, Any]]
) -> None:
    made = form(tmp_path)
    made.pop("unused", None)
    result = read(made.pop("path"), layout="openccc", **made)
    assert result.frame["cccid"].to_list() == ["ABD1234"]
    assert result.source.rows == 4
    assert sorted(found(result.source)) == NUMBERS


@pytest.mark.parametrize("form", [text, gzipped])
def test_a_text_that_is_too_large_to_be_held_is_seen_to_its_end(
    tmp_path: Path, form: Callable[[Path], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "HELD", 16)
    monkeypatch.setattr(opening, "_MOST_PACKED", 1)
    monkeypatch.setattr(opening, "_HEAD", 16)
    result = read(form(tmp_path)["path"], layout="openccc")
    assert sorted(found(result.source)) == NUMBERS


def test_the_numbers_of_an_answer_are_shown_to_nobody(tmp_path: Path) -> None:
    given = read(query(tmp_path)["path"], layout="openccc").source
    assert given.seen is not None
    assert given.seen.to_list() == NUMBERS
    assert not any(number in repr(given) for number in NUMBERS)
    with pytest.raises(InputError, match=r"is not kept\. Save it as a file"):
        [*again.texts(given)]


@pytest.mark.parametrize("form", [text, gzipped, member, parts, sheet, parquet])
def test_another_file_under_the_same_name_is_refused(
    tmp_path: Path, form: Callable[[Path], dict[str, Any]]
) -> None:
    made = form(tmp_path)
    path = made.pop("path")
    given = read(path, layout="openccc", **made).source
    changed = path[-1] if isinstance(path, list) else path
    changed.write_bytes(changed.read_bytes() + b" ")
    with pytest.raises(InputError, match=f"{changed.name} is another file than the one that was read"):
        found(given)
    changed.unlink()
    with pytest.raises(InputError, match=f"{changed.name} is gone since it was read"):
        found(given)
