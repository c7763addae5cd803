"""Tables of any library come in; results keep to themselves."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pandas as pd
import polars as pl
import pytest
from reconciliations import reconciliation

from reconcile.errors import InputError
from reconcile.results import ArrowStream, Input, Reconciliation, as_frame

if TYPE_CHECKING:
    from collections.abc import Callable

FRAME = pl.DataFrame({"id": ["1", None], "n": [1, 2]})


@pytest.mark.parametrize(
    "given",
    [
        lambda: FRAME,
        FRAME.lazy,
        FRAME.to_arrow,
        lambda: FRAME.to_arrow().to_reader(),
        FRAME.to_pandas,
        lambda: SimpleNamespace(frame=FRAME),
    ],
    ids=["polars", "lazy", "arrow", "reader", "pandas", "result"],
)
def test_tables_of_any_library(given: Callable[[], object]) -> None:
    got = as_frame(given())
    assert got.rows() == FRAME.rows()
    assert got.columns == FRAME.columns


def test_a_frame_is_taken_as_it_is() -> None:
    assert as_frame(FRAME) is FRAME


@pytest.mark.parametrize(
    "thing", [None, "Qarvellonix.csv", {"id": ["Qarvellonix"]}, [1], FRAME["id"].to_list()]
)
def test_what_is_no_table_is_refused_without_a_value(thing: object) -> None:
    with pytest.raises(InputError, match=f"a {type(thing).__name__} was given") as caught:
        as_frame(thing)
    assert "Qarvellonix" not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_protocol_knows_tables() -> None:
    assert isinstance(FRAME, ArrowStream)
    assert isinstance(pd.DataFrame(), ArrowStream)
    assert not isinstance([], ArrowStream)


def test_facts_cannot_be_changed_afterwards() -> None:
    made = reconciliation()
    with pytest.raises(FrozenInstanceError):
        made.stamp = "later"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        made.inputs[0].accepted = 0  # type: ignore[misc]


def test_every_attribute_is_explained() -> None:
    for kind in (Reconciliation, Input):
        for field in fields(kind):
            assert f"\n        {field.name}: " in kind.__doc__, field.name  # type: ignore[operator]
