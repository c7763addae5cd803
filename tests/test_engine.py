"""The engine: tables in and out, batches through Python, failures that tell no values."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import compute

from reconcile.engine import Engine
from reconcile.errors import InputError, KeyMismatch, OutputError, ReconcileError
from reconcile.files import permissions_are_enforced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HIDDEN = "Qarvellonix"
LATE = 5_000  # the row that cannot be converted comes long after the first batch
CAST = "SELECT CAST(v AS INTEGER) AS v FROM {t} ORDER BY v"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that nobody else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


def numbers(*more: str) -> pl.DataFrame:
    return pl.DataFrame({"v": [*map(str, range(LATE)), *more]})


def twice(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch({"v": compute.multiply(batch.column("v"), 2)})


@pytest.mark.parametrize("kind", [pl.DataFrame.lazy, pl.DataFrame.to_arrow, pl.DataFrame.to_pandas, None])
def test_tables_of_every_kind_come_in(engine: Engine, kind: Callable[[pl.DataFrame], object] | None) -> None:
    given = pl.DataFrame({'a "b"': ["1", None], "n": [1, 2]})
    table = engine.load("odd name; --", kind(given) if kind else given)
    assert (table.rows, table.columns) == (2, ('a "b"', "n"))
    assert table.frame.sort("n").equals(given)
    assert engine.to_arrow(table).num_rows == 2


def test_a_table_replaces_its_namesake_and_can_be_dropped(engine: Engine) -> None:
    engine.load("t", pl.DataFrame({"v": [1]}))
    table = engine.load("t", pl.DataFrame({"v": [2, 3]}))
    assert table.rows == 2
    engine.drop(table)
    with pytest.raises(ReconcileError):
        _ = table.rows


def test_values_are_bound_and_names_are_filled_in(engine: Engine) -> None:
    table = engine.load("t", pl.DataFrame({"v": ["'; DROP TABLE t; --", "x"]}))
    found = engine.sql("found", "SELECT {c} FROM {t} WHERE {c} = ?", "x", c="v", t=table)
    assert found.frame["v"].to_list() == ["x"]
    assert engine.value("SELECT count(*) FROM {t} WHERE v LIKE ?", "%DROP%", t=table) == 1
    assert engine.frame("SELECT v FROM {t} WHERE v = ?", "y", t=table).height == 0


@pytest.mark.parametrize("kept", [0, 1, LATE])
def test_batches_pass_through_a_function(engine: Engine, kept: int) -> None:
    table = engine.load("t", pl.DataFrame({"v": range(LATE)}))
    made = engine.map_arrow("m", f"SELECT v FROM {{t}} WHERE v < {kept}", twice, rows=700, t=table)
    assert made.frame["v"].sort().to_list() == [2 * n for n in range(kept)]
    assert made.frame.schema == {"v": pl.Int64}


def test_others_may_work_while_batches_flow(engine: Engine) -> None:
    table = engine.load("t", numbers())
    for batch in engine.batches("SELECT v FROM {t}", rows=700, t=table):
        assert engine.value("SELECT count(*) FROM {t}", t=table) == LATE
        if batch.num_rows:
            break
    assert engine.value("SELECT 1") == 1


FAILURES: dict[str, Callable[[Engine], object]] = {
    "frame": lambda engine: engine.frame(CAST, t="t"),
    "value": lambda engine: engine.value("SELECT sum(CAST(v AS INTEGER)) FROM {t}", t="t"),
    "sql": lambda engine: engine.sql("x", CAST, t="t"),
    "run": lambda engine: engine.run(f"SELECT '{HIDDEN}' FRM t"),
    "bound": lambda engine: engine.value("SELECT CAST(? AS INTEGER)", HIDDEN),
    "batches": lambda engine: list(engine.batches("SELECT CAST(v AS INTEGER) FROM t", rows=100)),
    "map": lambda engine: engine.map_arrow("m", "SELECT CAST(v AS INTEGER) AS v FROM t", twice, rows=100),
    "mapper": lambda engine: engine.map_arrow("m", "SELECT v FROM t", _fails(ValueError(HIDDEN)), rows=100),
    "nothing": lambda engine: engine.frame("SELECT * FROM {t}", t=HIDDEN),
}


def _fails(error: Exception) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    calls = iter(range(LATE))

    def mapper(batch: pa.RecordBatch) -> pa.RecordBatch:
        if next(calls) == 3:
            raise error
        return batch

    return mapper


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_tells_no_value_and_carries_no_other_error(
    engine: Engine, fail: Callable[[Engine], object]
) -> None:
    """Late rows too: they fail while the answer is being fetched, as errors of another library."""
    engine.load("t", numbers(HIDDEN))
    with pytest.raises(ReconcileError) as caught:
        fail(engine)
    assert HIDDEN not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    assert engine.value("SELECT 1") == 1  # it goes on


def test_an_error_of_ours_comes_through_a_mapper(engine: Engine) -> None:
    engine.load("t", numbers())
    with pytest.raises(KeyMismatch, match="two keys") as caught:
        engine.map_arrow("m", "SELECT v FROM t", _fails(KeyMismatch("two keys")), rows=100)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("thing", [{"v": [HIDDEN]}, HIDDEN, None])
def test_what_is_no_table_is_refused(engine: Engine, thing: object) -> None:
    with pytest.raises(InputError, match="A table was expected") as caught:
        engine.load("t", thing)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize("options", [{"memory_limit": "lots"}, {"threads": -1}])
def test_senseless_settings_are_refused(temporary: Path, options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="cannot be set up") as caught:
        Engine(**options)  # type: ignore[arg-type]
    assert caught.value.__context__ is None
    assert not list(temporary.iterdir())


def test_settings_reach_the_engine() -> None:
    with Engine(memory_limit="300MB", threads=1) as engine:
        assert engine.value("SELECT current_setting('threads')") == 1
        assert engine.value("SELECT current_setting('memory_limit')").startswith("28")  # MiB
        assert engine.value("SELECT current_setting('autoinstall_known_extensions')") is False


def test_what_is_spilled_is_private_and_removed(temporary: Path) -> None:
    rows = "SELECT range AS n, hash(range)::VARCHAR || hash(range + 1)::VARCHAR AS h FROM range(1000000)"
    with Engine(memory_limit="30MB", threads=1) as engine:
        engine.sql("t", rows)
        (spill,) = temporary.iterdir()
        assert list(spill.rglob("*.tmp"))  # more than the memory holds
        if permissions_are_enforced():
            assert stat.S_IMODE(spill.stat().st_mode) == 0o700
    assert not list(temporary.iterdir())


def test_a_warehouse_is_private_whatever_characters_its_name_has(tmp_path: Path) -> None:
    path = tmp_path / "w [1]" / "snap[2024]*?.duckdb" if sys.platform != "win32" else tmp_path / "w[1].duckdb"
    with Engine(path) as engine:
        engine.load("t", pl.DataFrame({"v": [1]}))
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with Engine(path) as engine:
        assert engine.frame("SELECT v FROM t")["v"].to_list() == [1]
    if permissions_are_enforced():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    script = (
        "import sys; from pathlib import Path; from reconcile.engine import Engine\n"
        "try:\n    Engine(Path(sys.argv[1]))\n"
        "except Exception as error:\n    print(type(error).__name__, error.__context__, error)"
    )
    with Engine(path):
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], check=True, capture_output=True, encoding="utf-8"
        )
        with pytest.raises(OutputError, match="is open"):  # a notebook's second engine
            Engine(path, threads=1)
    assert done.stdout.startswith(f"OutputError None {path} is open in another process")


@pytest.mark.parametrize("place", ["folder", "text", "below a file"])
def test_what_is_no_warehouse_is_refused(tmp_path: Path, temporary: Path, place: str) -> None:
    text = tmp_path / "text"
    text.write_text("no database\n" * 1000, encoding="utf-8")
    path = {"folder": tmp_path, "text": text, "below a file": text / "w.duckdb"}[place]
    with pytest.raises(OutputError):
        Engine(path)
    assert not list(temporary.iterdir())
    assert text.stat().st_size == 12_000


def test_a_view_is_looked_at_and_not_copied():
    frame = pl.DataFrame({"a": ["x", None]})
    with Engine() as engine:
        table = engine.view("seen", frame)
        assert (table.columns, table.rows) == (("a",), 2)
        assert table.kinds == {"a": "VARCHAR"}
        assert table.frame.equals(frame)
        assert engine.frame("SELECT reconcile_row FROM {table} ORDER BY 1", table=table)[
            "reconcile_row"
        ].to_list() == [0, 1]
        with pytest.raises(InputError, match="a name of ours"):
            engine.view("seen", frame.rename({"a": "reconcile_row"}))
        batches = list(engine.batches("SELECT a FROM {table}", table=table))  # on another connection
        assert sum(batch.num_rows for batch in batches) == 2
        with pytest.raises(InputError, match="A table was expected"):
            engine.view("seen", 1)


def test_a_parquet_file_is_read_where_it_is(tmp_path):
    frame = pl.DataFrame({"a": [str(n) for n in range(500_000)]})
    frame.write_parquet(tmp_path / "snap[1].parquet", row_group_size=20_000)
    frame.head(1).write_parquet(tmp_path / "snap1.parquet")  # what the name would find as a pattern
    with Engine() as engine:
        table = engine.scan("file", tmp_path / "snap[1].parquet")
        assert (table.columns, table.rows) == (("a",), 500_000)
        batches = engine.batches("SELECT a FROM {table}", ordered=True, table=table)
        assert pl.concat([pl.from_arrow(batch) for batch in batches]).equals(frame)
        assert engine.value("SELECT a FROM {table} WHERE file_row_number = 499999", table=table) == "499999"


@pytest.mark.parametrize("content", [None, b"", b"cccid\nABD1234\n"])
def test_a_file_that_is_no_parquet_is_refused_without_its_content(tmp_path, content):
    path = tmp_path / "accounts.parquet"
    if content is not None:
        path.write_bytes(content)
    with Engine() as engine, pytest.raises(InputError) as caught:
        engine.scan("file", path)
    assert "accounts.parquet" in str(caught.value)
    assert "ABD1234" not in str(caught.value)
    assert caught.value.__context__ is None


def test_braces_of_a_condition_are_no_holes(engine: Engine) -> None:
    assert engine.value("SELECT regexp_matches('a{word}b', 'a[{]word[}]b{1}')")
