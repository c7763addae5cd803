"""Numbers that stand anywhere in a file are found, however it is written and wherever it is cut."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.flow import seen as module
from reconcile.flow.seen import numbers_in
from reconcile.read import read
from reconcile.results import Source

if TYPE_CHECKING:
    from pathlib import Path


def source(path: Path, text: str, encoding: str = "utf-8") -> Source:
    path.write_bytes(text.encode(encoding.partition(",")[0]))
    return Source(path=path, sha256="", size=0, encoding=encoding, dialect="", rows=0, columns=())


def found(given: Source) -> set[str]:
    return {number for part in numbers_in(given) for number in part}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-16-le", "cp1252, utf-8"])
def test_every_shape_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = 'Nuñez,ABD1234\n"zbb0007|ABE0001";XYZ9999x,1ABD4321,AIO1234,ABD12345,(ABF0001)'
    assert found(source(tmp_path / "f", text, encoding)) == {"ABD1234", "ZBB0007", "ABE0001", "ABF0001"}


def test_what_is_damaged_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xff\xfe ABD1234 \x9d\x00ABE0001")
    given = Source(path=tmp_path / "f", sha256="", size=0, encoding="utf-8", dialect="", rows=0, columns=())
    assert found(given) == {"ABD1234", "ABE0001"}


def test_an_empty_file_holds_none(tmp_path: Path) -> None:
    assert found(source(tmp_path / "f", "")) == set()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["ABD1234", "zbb0007", ",", "\n", "x", "ABE00011", '"']), max_size=25))
def test_cuts_lose_no_number(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    """Against the whole text at once; a cut may take a longer word for a number, which harms nobody."""
    text = "".join(pieces)
    given = source(tmp_path_factory.getbasetemp() / "seen.csv", text)
    whole = {number.upper() for number in module._NUMBER.findall(text)}
    with pytest.MonkeyPatch.context() as patch:
        for size in (1, 5, 16):
            patch.setattr(module, "_CHARACTERS", size)
            assert whole <= found(given)


def test_numbers_of_a_packed_snapshot_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("ccc_id,lastname\nABD1234,Example\nABD1234,Other\nabe0002,Third\n")
    source = read(path, layout="openccc").source
    assert sorted({n for part in numbers_in(source) for n in part}) == ["ABD1234", "ABE0002"]
