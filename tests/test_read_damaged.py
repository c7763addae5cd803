"""Damaged workbooks, Parquet, Arrow and archives are read or refused; `fuzz_formats` does more of it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import fuzz_formats
import pytest
from xlrd.compdoc import CompDocError

from reconcile.read.sheets.compound import _Compound

if TYPE_CHECKING:
    from pathlib import Path

SOUND = fuzz_formats.sound()


@pytest.mark.parametrize("name", SOUND)
def test_damage_is_read_or_refused(name: str, tmp_path: Path):
    rng, path = random.Random(name), tmp_path / "extract"  # noqa: S311 - repeatable
    path.write_bytes(SOUND[name])
    assert fuzz_formats.attempt(path) == "read"
    seen = set()
    for _ in range(15):
        path.write_bytes(fuzz_formats.damaged(SOUND[name], rng))
        seen.add(fuzz_formats.attempt(path))
    assert "refused" in seen


def test_a_stream_that_leads_back_to_itself_ends():
    document = _Compound.__new__(_Compound)
    for sectors in ([1, 0], [0], [1, 7]):
        with pytest.raises(CompDocError):
            document._get_stream(b"", 0, sectors, 64, 0, 128)
    assert document._get_stream(b"ab" * 64, 0, [1, -2], 64, 0, 128) == b"ab" * 64
