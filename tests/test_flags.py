from __future__ import annotations

import polars as pl
import pytest

from reconcile.flags import death_is_plain, deceased, flag

DEAD = [
    "Y", "true", "1", "D", "X", " Deceased ", "dead", "2020-01-01", "01/02/2020", "1/2/20", "02-JAN-2020",
    "20200102", "2020-01-02 00:00:00", "2020-01-02T00:00:00Z",
]  # fmt: skip
ALIVE = ["N", "no", "false", "F", "0", "alive", "0000-00-00", "00/00/0000", "0000-00-00 00:00:00"]
DOUBTFUL = ["see registrar", "A", "?", "2020"]


def one(expression: pl.Expr) -> object:
    return pl.select(expression).item()


@pytest.mark.parametrize("text", [*DEAD, *ALIVE, *DOUBTFUL])
def test_whatever_is_no_plain_no_is_a_death(text: str):
    assert one(deceased(pl.lit(text))) == ("false" if text in ALIVE else "true")
    assert one(death_is_plain(pl.lit(text))) is (text not in DOUBTFUL)


@pytest.mark.parametrize("text", ["", "  ", None])
def test_nothing_said_is_nothing(text: str | None):
    assert one(deceased(pl.lit(text, dtype=pl.String))) is None
    assert one(death_is_plain(pl.lit(text, dtype=pl.String))) is (None if text is None else True)


@pytest.mark.parametrize("made", ["true", "false"])
def test_what_was_decided_stays_so(made: str):
    assert one(deceased(pl.lit(made))) == one(flag(pl.lit(made))) == made
