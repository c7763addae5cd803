"""The benchmark of minting runs, on a batch too small to measure anything."""

from __future__ import annotations

import json

from benchmarks import minting
from benchmarks.run import main


def test_minting(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(minting, "_in_child", minting.take)
    figures = tmp_path / "figures.json"
    assert (
        main(["minting", "--requests", "50", "--repeats", "1", "--stores", "sqlite", "--json", str(figures)])
        == 0
    )
    assert "| sqlite | 50 |" in capsys.readouterr().out
    (report,) = json.loads(figures.read_text(encoding="utf-8"))
    assert report["cpu"] > 0
    assert report["rise"].keys() == {"propose", "approve", "mint", "deliver"}
