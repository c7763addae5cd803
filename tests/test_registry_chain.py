"""The audit chain holds only as it was written."""

from __future__ import annotations

import pytest

from reconcile.registry.canon import canonical, digest
from reconcile.registry.chain import GENESIS, _entry, breaks


def chain(length):
    rows, previous = [], GENESIS
    for seq in range(1, length + 1):
        row = {
            "seq": seq,
            "at": "t",
            "what": "w",
            "who": "me",
            "subject": "s",
            "detail": "{}",
            "previous": previous,
        }
        previous = row["entry"] = _entry(row, previous)
        rows.append(row)
    return rows


def test_a_whole_chain_holds():
    assert list(breaks(chain(4))) == []
    assert list(breaks([])) == []


@pytest.mark.parametrize("column", ["at", "what", "who", "subject", "detail", "previous", "entry"])
def test_every_column_is_chained(column):
    rows = chain(4)
    rows[1][column] = "forged"
    assert any("entry 2" in problem for problem in breaks(rows))


def test_gaps_and_swaps_show():
    rows = chain(4)
    assert "entry 2 is missing" in next(breaks([rows[0], *rows[2:]]))
    assert "entry 1 is missing" in next(breaks(rows[::-1]))


def test_a_replaced_entry_shows_in_the_next():
    rows = chain(3)
    rows[1]["who"] = "somebody else"
    rows[1]["entry"] = _entry(rows[1], rows[1]["previous"])
    assert list(breaks(rows)) == ["audit entry 3 does not follow the entry before it"]


def test_hashes_do_not_depend_on_the_order_of_keys():
    assert canonical({"b": 1, "a": [None, "é"]}) == '{"a":[null,"é"],"b":1}'
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    assert digest(("1", None)) == digest(["1", None]) != digest(["1", ""])
