from __future__ import annotations

import os
import subprocess
import sys

_SCRIPT = """
import hashlib
import polars as pl
from reconcile.flow.link import prepare
from reconcile.flow.options import Options
from reconcile.flow.pairs import score_tables

rows = range(4_000)
table = pl.DataFrame(
    {
        "id": [f"{n * 7 % 4_000:05}" for n in rows],
        "first_name": [("Ana", "Ben", "Cleo", "Dina", "Emil", None)[n * n % 6] for n in rows],
        "last_name": ["".join(chr(97 + (n // 3) // 9**k % 9) * 2 for k in range(3)) for n in rows],
        "birthdate": [f"{1980 + n // 3 % 23}-{1 + n // 3 % 12:02}-{2 + n % 26:02}" for n in rows],
    }
)
made = score_tables(prepare(table, "id", "table", {}), None, also=None, options=Options(compare_in_full=0))
print(made.pairs.height, hashlib.sha256(made.pairs.write_csv().encode()).hexdigest(), pl.thread_pool_size())
"""


def told(threads: int) -> list[str]:
    """Count and hash the pairs of a process of its own, with so many threads."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        env=os.environ | {"POLARS_MAX_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_the_number_of_threads_changes_nothing() -> None:
    one, three = told(1), told(3)
    assert one[:2] == three[:2]
    assert int(one[0]) > 100
    assert (one[2], three[2]) == ("1", "3")
