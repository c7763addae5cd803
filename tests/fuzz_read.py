"""Looks for text that breaks the reader: `python -m tests.fuzz_read --seconds 60`.

With atheris installed (Linux) the mutations follow the code they reach; without it they are random,
from a seed that is printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.raw import RawTable

PATH: Final = Path("fuzzed.csv")
NAME: Final = "Quetzal7"  # no message uses it
POSITIONS: Final = {"sis_id": (1, 4), "last_name": (5, 14), "note": (15, 20)}
_TELLING: Final = re.compile(r"(?=.*[0-9])(?=.*[^\W\d_]).{6}")
SEEDS: Final = (
    b'id,name,note\n1,"a, b",x\n2,c,"d ""e"""\n',
    b"id;name;note\r\n1;a;\xe9\r\n2;b;'c;d'\r\n3 rows selected.\r\n",
    "id\tname\n1\tNúñez\n".encode("utf-16"),
    b'a||b||c\n1||"x||y"||3\n4||5\r6||7||8\n\n',
    b"# made by a job\n#id,first,born\n1,Quetzal7,1999-12-31\n# or, so, on\n2,b,2001-02-03\n",
    b"id: 1\nA001Quetzal7  x\nA002Vance     \x0c\nA003\n3 rows\n",
    b"id   last       n\n---- --------- --\n1    Quetzal7   2\n2    b\t 3\n\nid   last       n\n4\n",
    "│ id │ n │\n├────┼───┤\n│ 1  │ 2 │\n└────┴───┘\n".encode(),
    b"a,b,c,d\nArt,,,\n1,Quetzal7,x,3\n2,y,z,4\nSum of Art,,,7\nb,a,d,c\n3,4,5,\x07\n",
    b'title\n\nid|born|n\n--|----|-\n1|1999-12-31|"\\"q\\" r"\n1,2,3\n\nx|y\n1|2\n3|4\n5|6\n',
)
_PIECES: Final = (
    b'"',
    b"'",
    b",",
    b";",
    b"\t",
    b"|",
    b"\n",
    b"\r",
    b"\0",
    b"\\",
    b" ",
    b"  ",
    b"\xff\xfe",
    b"\xe9",
)


def read(data: bytes) -> None:
    """Read bytes as delimited text and as fixed width; anything but a table or an InputError is a fault."""
    from reconcile.read.diagnostics import Diagnostics  # noqa: PLC0415 - atheris has to instrument it first
    from reconcile.read.layouts.layout import Layout  # noqa: PLC0415
    from reconcile.read.layouts.positions import FixedWidth  # noqa: PLC0415
    from reconcile.read.text.encoding import to_utf8  # noqa: PLC0415
    from reconcile.read.text.fixed import read_fixed  # noqa: PLC0415
    from reconcile.read.text.table import parse  # noqa: PLC0415

    found = Diagnostics()
    try:
        text, _ = to_utf8(data, PATH, found, encoding=None)
    except InputError:
        return
    layout = Layout(
        name="fuzz",
        table="students",
        title="fuzz",
        required={"sis_id": ["sis_id"]},
        optional={"last_name": ["last_name"], "note": ["note"]},
        fixed=FixedWidth(positions=POSITIONS),
    )
    _check(lambda noted: parse(text, PATH, noted))
    _check(lambda noted: read_fixed(text, layout, PATH, noted))


def _check(cut: Callable[[Diagnostics], RawTable]) -> None:
    """Cut a text, count its rows, and look for its values among what is said of it."""
    from reconcile.read.diagnostics import Diagnostics  # noqa: PLC0415

    noted, told = Diagnostics(), ""
    try:
        table = cut(noted)
    except InputError as error:
        told = str(error)
    else:
        if table.rows != table.frame.height + table.rejected or table.lines.len() != table.frame.height:
            message = f"{table.rows} rows are not {table.frame.height} read and {table.rejected} rejected"
            raise AssertionError(message)
        values = {value for row in table.frame.rows() for value in row if value and _TELLING.search(value)}
        told = "\n".join(noted.frame()["message"].to_list())
        if any(value in told for value in values):
            message = "a diagnostic quotes a value"
            raise AssertionError(message)
    if NAME in told:
        message = "a message quotes the text"
        raise AssertionError(message)


def mutated(rng: random.Random) -> bytes:
    """Damage one of the seeds in a few places."""
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at:at] = rng.choice(_PIECES)
            case 1:
                del data[at : at + rng.randint(1, 9)]
            case 2:
                data[at:at] = data[rng.randrange(len(data) + 1) :][: rng.randint(1, 30)]
            case _:
                data[at : at + 1] = bytes([rng.randrange(256)])
    return bytes(data)


def main() -> int:
    """Fuzz for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("corpus", nargs="*", type=Path, help="for atheris: a folder that keeps what it finds")
    given = parser.parse_args()
    if importlib.util.find_spec("atheris"):
        import atheris  # type: ignore[import-not-found] # noqa: PLC0415 - optional

        with atheris.instrument_imports(include=["reconcile.read"]):
            for seed in SEEDS:
                read(seed)
        limits = (
            f"-max_total_time={given.seconds}",
            "-timeout=20",
            "-rss_limit_mb=3000",
            "-max_len=4000",
            "-len_control=0",
        )
        atheris.Setup([sys.argv[0], *limits, *map(str, given.corpus)], read)
        atheris.Fuzz()
        return 0
    rng, end, count = random.Random(given.seed), time.monotonic() + given.seconds, 0  # noqa: S311 - repeatable
    while time.monotonic() < end:
        data = mutated(rng)
        try:
            read(data)
        except Exception:
            print(f"seed {given.seed}, text {count}: {data!r}")  # noqa: T201 - a command
            raise
        count += 1
    print(f"{count:,} texts, seed {given.seed}: nothing but tables and refusals.")  # noqa: T201 - a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
