"""Names go into SQL quoted, whatever they are; everything else stays as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.engine import Engine
from reconcile.sql import fill, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine() as opened:
        yield opened


@settings(deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=10, unique_by=str.casefold))
def test_any_name_can_be_a_column(engine: Engine, names: list[str]) -> None:
    made = ", ".join(f"1 AS {quote(name)}" for name in names)
    assert engine.frame(f"SELECT {made}").columns == names


@given(st.text(max_size=30))
def test_a_filled_name_is_not_filled_again(name: str) -> None:
    assert fill("{a}{b}", a=name, b="{a}") == quote(name) + '"{a}"'


def test_braces_that_are_no_hole_stay() -> None:
    assert fill("SELECT {a} WHERE x ~ '[0-9]{3,4}' OR {'k': 1} {A}", a="c") == (
        "SELECT \"c\" WHERE x ~ '[0-9]{3,4}' OR {'k': 1} {A}"
    )


def test_a_hole_without_a_name_is_a_defect() -> None:
    with pytest.raises(KeyError, match="b"):
        fill("SELECT {a} FROM {b}", a="c")
