"""Damages workbooks, Parquet, Arrow and archives: `python -m tests.fuzz_formats --times 1000 --seed 7`.

Bytes are changed and ends cut off. Each file is to be read or refused, quickly and in little memory.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import io
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

import pyarrow as pa
import pyarrow.parquet as pq
import workbooks

from reconcile.errors import InputError
from reconcile.read import read

OLD: Final = Path(__file__).parent / "data" / "old.xls"
_CSV: Final = b"id,name\n" + b"".join(b"%05d,Name %d\n" % (n, n) for n in range(200))
_ODS: Final = workbooks.ods_row(workbooks.ods_cell("id"), workbooks.ods_cell("name")) + "".join(
    workbooks.ods_row(workbooks.ods_cell(f"{n:05}"), workbooks.ods_cell("Ana")) for n in range(40)
)
_TABLE: Final = pa.table(
    {
        "id": [f"{n:05}" for n in range(300)],
        "n": range(300),
        "x": [n * 0.5 for n in range(300)],
        "kind": pa.array(["a", "b"] * 150).dictionary_encode(),
        "tags": [[n] for n in range(300)],
        "at": [dt.datetime(2001, 1, 1, tzinfo=dt.UTC)] * 300,
        "day": [dt.date(2001, 1, 1)] * 300,
    }
)


def _parquet(codec: str) -> bytes:
    out = io.BytesIO()
    pq.write_table(_TABLE, out, compression=codec)
    return out.getvalue()


def _arrow(codec: str | None, *, stream: bool) -> bytes:
    out = io.BytesIO()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(out, _TABLE.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(_TABLE)
    return out.getvalue()


def _stored(packed: bytes) -> bytes:
    """Pack it again without compression, so that damage meets the XML rather than a checksum alone."""
    return workbooks.pack(workbooks.unpack(packed), stored=True)


def sound() -> dict[str, bytes]:
    """Give a sound file of each format."""
    rows = [
        ["id", "name", "born"],
        *([f"{n:05}", "Ana", (dt.date(2001, 1, 9), "yyyy-mm-dd")] for n in range(40)),
    ]
    book, sheet = workbooks.workbook(("S", rows)), workbooks.bare_ods(_ODS)
    return {
        "xls": OLD.read_bytes(),
        "xlsx": book,
        "xlsx, stored": _stored(book),
        "ods": sheet,
        "ods, stored": _stored(sheet),
        **{f"parquet, {codec}": _parquet(codec) for codec in ("none", "snappy", "zstd")},
        **{f"arrow, {codec}": _arrow(codec, stream=False) for codec in (None, "lz4", "zstd")},
        "arrow stream": _arrow(None, stream=True),
        "gzip": gzip.compress(_CSV),
        "zip": workbooks.pack({"a.csv": _CSV}),
    }


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, and cut one file in five."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        made[rng.randrange(len(made))] = rng.choice((rng.randrange(256), 0, 255))
    return bytes(made[: rng.randrange(1, len(made))] if rng.randrange(5) == 0 else made)


def attempt(path: Path) -> str:
    """Read a file; anything but a table whose rows add up, or an InputError of ours, is a fault."""
    try:
        made = read(path)
    except InputError as error:
        if error.__context__ is not None or path.name not in str(error):
            raise
        return "refused"
    if made.source.rows != made.folded + made.quarantined + made.frame.height:
        message = f"{made.source.rows} rows are not {made.frame.height} read and {made.quarantined} set aside"
        raise AssertionError(message)
    return "read"


def main() -> int:
    """Damage each format so many times; keep the first file that breaks the reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="formats whose name begins so")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "extract"
        for name, data in sound().items():
            if not name.startswith(given.only):
                continue
            rng, counts, slowest = random.Random(f"{given.seed} {name}"), Counter[str](), 0.0  # noqa: S311 - repeatable
            for number in range(given.times):
                path.write_bytes(damaged(data, rng))
                begun = time.monotonic()
                try:
                    counts[attempt(path)] += 1
                except BaseException:
                    kept = Path(f"broken-{given.seed}-{number}")
                    kept.write_bytes(path.read_bytes())
                    print(f"{name}, seed {given.seed}, file {number}, kept as {kept}")  # noqa: T201 - a command
                    raise
                slowest = max(slowest, time.monotonic() - begun)
            told = ", ".join(f"{count:,} {word}" for word, count in sorted(counts.items()))
            print(f"{name}: {told}; the slowest took {slowest:.2f} s")  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
