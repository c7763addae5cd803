"""Readers side by side on a table damaged in thousands of ways: what they get, and whether they say so."""

from __future__ import annotations

import importlib.util
import re
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.meter import Meter
from benchmarks.reading_damage import damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.reading_damage import Damaged

    Rows = Sequence[Sequence[object]]

_NUMBERED: Final = re.compile(r"([ ._]|_duplicated_)[0-9]+$")  # how readers tell two equal names apart
_MEASURES: Final = 10
_COLUMNS: Final = 30


@dataclass(frozen=True)
class Answer:
    """What a reader made of a file.

    Attributes:
        header: the column names.
        rows: the cells, nothing for an empty one.
        said: whether it said anything about the file.
    """

    header: Sequence[str]
    rows: Rows
    said: bool


@dataclass(frozen=True)
class Verdict:
    """One reader's work on one file.

    Attributes:
        score: of ten.
        refused: whether it gave no table.
        right: whether it gave exactly the table.
        said: whether it refused or said something.
    """

    score: float
    refused: bool
    right: bool
    said: bool


def judge(file: Damaged, answer: Answer | None) -> Verdict:
    """Compare an answer with the table of a file; none at all is a refusal."""
    if file.header is None or answer is None:
        good = file.header is None and (answer is None or not answer.rows)
        said = answer is None or answer.said
        return Verdict(float(_MEASURES * good), refused=answer is None, right=good, said=said)
    header = [name if name is None else name.strip() for name in file.header]
    names = [_NUMBERED.sub("", str(name).strip()) for name in answer.header]
    shown = [None if i < len(header) and header[i] is None else name for i, name in enumerate(names)]
    rows = [tuple("" if v is None else str(v) for v in row) for row in answer.rows]
    measures = (
        1.0,
        *_agreement(enumerate(header), enumerate(shown)),
        *_agreement(file.rows, rows),
        *_agreement(_cells(file.rows), _cells(rows)),
    )
    right = header == shown and list(file.rows) == rows
    return Verdict(sum(measures), refused=False, right=right, said=answer.said)


def _agreement(truth: Iterable[object], found: Iterable[object]) -> tuple[float, float, float]:
    """Precision, recall and F1 of a bag of things."""
    wanted, got = Counter(truth), Counter(found)
    both = (wanted & got).total()
    precision = both / got.total() if got else float(not wanted)
    recall = both / wanted.total() if wanted else float(not got)
    return precision, recall, 2 * precision * recall / ((precision + recall) or 1)


def _cells(rows: Iterable[Sequence[object]]) -> Iterable[tuple[int, object]]:
    return ((i, cell) for row in rows for i, cell in enumerate(row))


def ours(path: Path, /) -> Answer:
    """Read with this package."""
    from reconcile.read import read  # noqa: PLC0415 - a peer has not to pay for it

    answer = read(path)
    return Answer(answer.frame.columns, answer.frame.rows(), said=not answer.diagnostics.is_empty())


def duckdb(path: Path, /) -> Answer:
    """Read with DuckDB's detection, all as text."""
    import duckdb as peer  # noqa: PLC0415 - one peer at a time

    with peer.connect() as con:
        got = con.execute("SELECT * FROM read_csv($path, all_varchar = true)", {"path": str(path)})
        return Answer([column[0] for column in got.description], got.fetchall(), said=False)


def pandas(path: Path, /) -> Answer:
    """Read with pandas' defaults, all as text."""
    import pandas as pd  # noqa: PLC0415 - one peer at a time

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return Answer(list(map(str, frame.columns)), frame.fillna("").to_numpy().tolist(), said=bool(caught))


def polars(path: Path, /) -> Answer:
    """Read with Polars' defaults, all as text."""
    import polars as pl  # noqa: PLC0415 - one peer at a time

    frame = pl.read_csv(path, infer_schema=False)
    return Answer(frame.columns, frame.rows(), said=False)


def clevercsv(path: Path, /) -> Answer:
    """Read with CleverCSV's detection of encoding and dialect."""
    import clevercsv as peer  # type: ignore[import-not-found] # noqa: PLC0415 - one peer at a time

    header, *rows = peer.read_table(str(path))
    return Answer(header, rows, said=False)


READERS: Final[dict[str, Callable[[Path], Answer]]] = {
    "reconcile": ours,
    "DuckDB": duckdb,
    "pandas": pandas,
    "Polars": polars,
    "CleverCSV": clevercsv,
}


def verdicts(reader: str, files: Iterable[Damaged], /) -> list[tuple[Damaged, Verdict]]:
    """Have one reader read all files."""
    done = []
    with tempfile.TemporaryDirectory(prefix="reconcile-bench-") as folder:
        path = Path(folder) / "file.csv"
        for file in files:
            path.write_bytes(file.data)
            try:
                answer = READERS[reader](path)
            except Exception:  # noqa: BLE001 - each peer refuses in its own way
                answer = None
            done.append((file, judge(file, answer)))
    return done


def summary(done: Sequence[tuple[Damaged, Verdict]], /) -> dict[str, float]:
    """Say how a reader did: the mean score, and how many files were wrong without a word, or refused."""
    return {
        "score": sum(v.score for _, v in done) / len(done),
        "right": sum(v.right for _, v in done),
        "silent": sum(not v.right and not v.said for _, v in done),
        "refused": sum(v.refused and not v.right for _, v in done),
        "needless": sum(file.clean and v.said for file, v in done),
    }


def compare(readers: Sequence[str] | None = None, /, *, every: int = 1) -> str:
    """Lay out what each reader that is installed makes of the damaged files, as a Markdown table."""
    files = list(damaged(every=every))
    lines = [
        f"{len(files):,} files",
        "",
        "| reader | score of 10 | exactly right | wrong without a word | refused | clean files it blames |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in readers or READERS:
        if importlib.util.find_spec(name.lower()) is None:
            continue
        made = summary(verdicts(name, files))
        counts = " | ".join(f"{made[key]:,.0f}" for key in ("right", "silent", "refused", "needless"))
        lines.append(f"| {name} | {made['score']:.3f} | {counts} |")
    return "\n".join(lines)


def speed(folder: Path, /, *, rows: int) -> str:
    """Read a clean file of 30 columns as text with this package and with DuckDB, told its dialect."""

    from reconcile.read import read  # noqa: PLC0415 - the other readers do without

    path = _clean(folder, rows)
    with Meter() as own:
        read(path)
    with Meter() as theirs:
        _told(path)
    return (
        f"{rows:,} rows x {_COLUMNS} columns, {path.stat().st_size / 1e6:,.0f} MB: reconcile "
        f"{own.cpu:.1f} CPU-s, DuckDB {theirs.cpu:.1f} CPU-s, ratio {own.cpu / theirs.cpu:.2f}"
    )


def _clean(folder: Path, rows: int) -> Path:
    """Write names, numbers, dates, streets, codes and texts with commas, once."""
    import polars as pl  # noqa: PLC0415 - the readers' own benchmark

    path = folder / f"reading-{rows}.csv"
    if not path.is_file():
        n = pl.int_range(rows)
        kinds = (
            pl.concat_str(pl.lit("García "), n * 7919 % 40_009),
            (n * 6151 % 100_000).cast(pl.String),
            (pl.date(1970, 1, 1) + pl.duration(days=n * 3 % 15_000)).cast(pl.String),
            pl.concat_str(n * 37 % 9_999, pl.lit(" Main St")),
            pl.when(n % 3 == 0).then(pl.lit("A")).otherwise(pl.lit("B")),
            pl.when(n % 2 == 0).then(pl.lit("Welding, Metal")).otherwise(pl.lit("History")),
        )
        columns = [kinds[i % len(kinds)].alias(f"column_{i}") for i in range(_COLUMNS)]
        pl.select(columns).write_csv(path)
    return path


def _told(path: Path) -> None:
    """Read with DuckDB, all as text, the dialect given."""
    import duckdb as peer  # noqa: PLC0415 - one peer at a time

    columns = {f"column_{i}": "VARCHAR" for i in range(_COLUMNS)}
    with peer.connect() as con:
        con.execute(
            "CREATE TABLE t AS SELECT * FROM read_csv($path, auto_detect = false, columns = $columns, "
            "delim = ',', quote = '\"', escape = '\"', header = true)",
            {"path": str(path), "columns": columns},
        )
