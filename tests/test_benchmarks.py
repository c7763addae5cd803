"""The benchmarks run, on inputs too small to measure anything."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks import run as module
from benchmarks.meter import Meter, child_peak, peak
from benchmarks.reading import Answer, Verdict, judge, summary
from benchmarks.reading_damage import Damaged
from benchmarks.rules import differences
from benchmarks.rules_data import COLUMNS
from benchmarks.rules_suite import SCHEMA, cut, load
from benchmarks.run import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the inputs of tests out of the checkout."""
    monkeypatch.setattr(module, "FILES", tmp_path / "bench")
    return tmp_path / "bench"


def test_end_to_end(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    words = ["end_to_end", "--students", "200", "--accounts", "800", "--here", "--json", str(figures)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "200 students x 800 accounts" in said.out
    for stage in ("Import", "Read students", "Look for the students among the accounts", "Write the reports"):
        assert f"| {stage} |" in said.out
    report = json.loads(figures.read_text(encoding="utf-8"))
    assert report["students"] > 150
    assert report["proposed"] > 0
    assert report["cpu"] > 0
    assert report["peak"] > 50_000_000
    assert sum(wall for _, wall, _, _ in report["stages"]) == pytest.approx(report["wall"], rel=0.1, abs=0.5)
    assert len(list(files.iterdir())) == 1


def test_quality_and_inputs_that_are_made_once(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = module.inputs(60, 240, sis="banner", seed=7)
    before = (made / "students.csv").stat().st_mtime_ns
    assert main(["quality", "--students", "60", "--seed", "7"]) == 0
    said = capsys.readouterr()
    assert "60 students x 240 accounts" in said.out
    assert "precision" in said.out
    assert "CCCIDs to write back are another person's" in said.out
    assert (made / "students.csv").stat().st_mtime_ns == before
    assert [path.name for path in files.iterdir()] == [made.name]


def test_single_look_ups_beside_a_whole_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    words = ["lookup", "--students", "60", "--accounts", "240", "--lookups", "30", "--json", str(figures)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "30 students looked up among 240 accounts" in said
    for line in ("prepare", "load", "one look-up, median", "called a match"):
        assert f"| {line} |" in said
    found = json.loads(figures.read_text(encoding="utf-8"))["found"]
    assert found["linked"]["scored"] > 0.9
    assert found["looked up"]["scored"] > 0.9


def test_rules_are_counted_alike(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.json"
    engines = ("raw", "raw_count_if", "ours", "ours_failures")
    words = ["rules", "--rows", "2000", "--columns", "30", "--engines", *engines]
    assert main([*words, "--repeats", "2", "--threads", "2", "--here", "--json", str(figures)]) == 0
    said = capsys.readouterr()
    assert "2,000 rows x 30 columns" in said.out
    assert said.out.count("| yes |") == 4
    report = json.loads(figures.read_text(encoding="utf-8"))
    assert report["differences"] == {}
    counts = report["engines"]["raw"]["counts"]
    assert counts == report["engines"]["ours"]["counts"] == report["engines"]["ours_failures"]["counts"]
    assert len(counts) == report["rules"] > 70
    assert counts["contact_verified"] > 100
    assert sum(count > 0 for count in counts.values()) > 70
    assert [path.suffix for path in files.iterdir()] == [".parquet"]


def test_rules_of_a_narrow_table_read_its_columns_only(tmp_path: Path) -> None:
    count = cut(tmp_path / "expectations", COLUMNS[:16])
    rules = load(tmp_path / "expectations")
    assert 40 < count == len(rules)
    assert {rule.column for rule in rules} <= {"", *COLUMNS[:16]}
    columns = next(rule for rule in rules if rule.type == SCHEMA).kwargs["column_set"]
    assert sorted(columns) == sorted(COLUMNS[:16])


def test_readers_are_judged_on_damaged_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reading", "--every", "84", "--readers", "reconcile", "Polars"]) == 0
    lines = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    count, told = lines[0][0], {line[0]: dict(zip(lines[2], line, strict=True)) for line in lines[4:]}
    assert int(count.split()[0]) > 200
    assert float(told["reconcile"]["score of 10"]) > 9.9
    assert float(told["reconcile"]["by kind"]) > 9.9
    assert [told["reconcile"][name] for name in ("wrong without a word", "clean files it blames")] == [
        "0",
        "0",
    ]
    assert float(told["Polars"]["score of 10"]) < 5
    assert int(told["Polars"]["wrong without a word"]) > 50


RIGHT = Verdict(10, refused=False, right=True, said=False)


def test_a_reader_is_judged_by_what_it_gives_and_says() -> None:
    file = Damaged("a", "a", b"", ("id", "name"), (("1", "x"), ("2", "y")))
    right = [("1", "x"), ("2", "y")]
    assert judge(file, Answer(["id", "name"], right, said=False)) == RIGHT
    assert judge(file, None) == Verdict(0, refused=True, right=False, said=True)
    short = judge(file, Answer(["id", "name"], right[:1], said=True))
    assert (short.right, short.said) == (False, True)
    assert short.score == pytest.approx(1 + 3 + 2 * (1 + 0.5 + 2 / 3))
    done = [(file, short), (replace(file, kind="b"), short), (replace(file, kind="b"), RIGHT)]
    assert summary(done)["kinds"] == pytest.approx((short.score + (short.score + 10) / 2) / 2)
    assert summary(done)["score"] == pytest.approx((2 * short.score + 10) / 3)


def test_counts_that_differ_are_told() -> None:
    told = differences({"raw": {"a": 1, "b": 1_000}, "same": {"a": 1, "b": 1_000}, "other": {"a": 2, "c": 3}})
    assert told == {
        "other": ["a: 1 by raw, 2 by other", "b: 1,000 by raw, 0 by other", "c: 0 by raw, 3 by other"]
    }
    assert differences({"raw": {"a": 1}, "stopped": None}) == {}


def test_the_meter_sees_work_and_memory() -> None:
    with Meter() as meter:
        held = bytearray(1_000_000) * 2
        sum(range(1_000_000))
    assert len(held) == 2_000_000
    assert meter.wall > 0
    assert meter.cpu > 0
    assert meter.peak == peak() > 10_000_000


def test_the_memory_of_a_child_is_seen_from_outside() -> None:
    script = "import time; held = bytearray(200_000_000); held[::4096] = held[::4096]; time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", script]) as child:
        assert child_peak(child) > 100_000_000
