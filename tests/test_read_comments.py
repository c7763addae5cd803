from __future__ import annotations

from pathlib import Path

import pytest

from reconcile.errors import InputError
from reconcile.read.diagnostics import Diagnostics
from reconcile.read.text.table import parse

HEAD = "id,first,last,born\n"
ROWS = "".join(f"{1000 + i},Ann{i},Lee,2001-02-{i % 28 + 1:02}\n" for i in range(30))


def read(text: str):
    found = Diagnostics()
    table = parse(text.encode(), Path("extract.csv"), found)
    assert table.rows == table.frame.height + table.rejected
    return table, found.frame().select("line", "kind").rows()


@pytest.mark.parametrize(
    "above",
    [
        "# made by a job\n",
        "# made by a job, on a server, for us, today\n",
        "# a, b, c, d\n#\n# e, f, g, h\n## i, j, k, l\n",
        "# it's 5\" wide, don't \"touch\n",
        "".join(f"# parameter {n}, value {n}\r\n" for n in range(40)),
    ],
)
@pytest.mark.parametrize("delimiter", ",\t")
def test_comments_above_a_table_are_skipped(above: str, delimiter: str):
    table, found = read(above + (HEAD + ROWS).replace(",", delimiter))
    assert table.frame.columns == ["id", "first", "last", "born"]
    assert table.frame.height == 30
    assert table.lines[0] == above.count("\n") + 2
    assert found == [(n + 1, "preamble") for n in range(above.count("\n"))]


@pytest.mark.parametrize("head", ["#id,first,last,born\n", "# id,first,last,born\n"])
def test_column_names_behind_the_sign_stay(head: str):
    table, found = read("# made by a job\n" + head + ROWS)
    assert table.frame.columns[1:] == ["first", "last", "born"]
    assert table.frame.height == 30
    assert found == [(1, "preamble"), (2, "header_comment")]


@pytest.mark.parametrize(
    "text", ["#,name\n1,Ann\n2,Bea\n", "apt,name\n#1,Ann\n#2,Bea\n4,Cyd\n", "#tag\n#one\n#two\n"]
)
def test_a_sign_that_belongs_to_the_values_is_none(text: str):
    table, found = read(text)
    assert [*table.frame.row(0)] == text.split("\n")[1].split(",")
    assert found == []


@pytest.mark.parametrize("line", ["# checked, by, hand, today\n", "#1031,Bea,Lee,2001-02-03\n"])
@pytest.mark.parametrize("place", [0, 15, 30])
def test_a_row_that_begins_with_the_sign_is_a_doubt(line: str, place: int):
    rows = ROWS.splitlines(keepends=True)
    table, found = read(HEAD + "".join([*rows[:place], line, *rows[place:]]))
    assert table.frame.columns == ["id", "first", "last", "born"]
    assert table.frame.height == 31
    assert found == [(place + 2, "comment_doubt")]


def test_a_comment_above_blanks_alone_is_read_or_refused():
    with pytest.raises(InputError, match="no column"):
        read("# made, by, a job\n  \n \t")
