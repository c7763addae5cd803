"""What the levels of a pair come to; held against the levels that scoring knows."""

from __future__ import annotations

import polars as pl
import pytest

from reconcile.agreement import CONTRADICTIONS, with_agreement
from reconcile.score.decide import guards
from reconcile.score.levels import FIELDS
from reconcile.words import LEVEL_WORDS

SAME = {"first_name": "exact", "last_name": "exact", "birthdate": "exact"}


def judge(guard: str | None = None, **levels: str | None) -> dict[str, object]:
    columns = {f"level_{field}": [level] for field, level in levels.items()}
    pairs = pl.DataFrame({"guard": [guard], **columns}, schema_overrides={"guard": pl.String})
    return with_agreement(pairs).row(0, named=True)


def test_every_level_is_told_in_words() -> None:
    known = {level for field in FIELDS for level in field.levels} - {"different"}
    assert known == set(LEVEL_WORDS)


@pytest.mark.parametrize(
    ("levels", "agreeing", "differing"),
    [
        (SAME, 3, 0),
        (SAME | {"first_name": "nickname", "last_name": "part", "birthdate": "day_month_swapped"}, 3, 0),
        (SAME | {"last_name": "different"}, 2, 1),
        (SAME | {"birthdate": None}, 2, 0),
        (SAME | {"birthdate": "missing"}, 2, 0),
        (SAME | {"birthdate": "same_year"}, 2, 0),
        (SAME | {"birthdate": "other_year"}, 2, 1),
        (SAME | {"birthdate": "one_part"}, 2, 1),
        (dict.fromkeys(SAME, "different"), 0, 3),
        ({"last_name": "exact"}, 1, 0),
        ({}, 0, 0),
    ],
)
def test_names_and_birthdate_are_counted(
    levels: dict[str, str | None], agreeing: int, differing: int
) -> None:
    told = judge(**levels)
    assert (told["agreeing"], told["differing"]) == (agreeing, differing)


@pytest.mark.parametrize(
    ("levels", "agrees"),
    [
        (SAME, True),
        (SAME | {"first_name": "initial"}, True),
        (SAME | {"first_name": "different"}, False),
        (SAME | {"last_name": "missing"}, False),
        ({}, False),
    ],
)
def test_a_name_is_the_first_and_the_last(levels: dict[str, str], agrees: bool) -> None:
    assert judge(**levels)["name_agrees"] is agrees


@pytest.mark.parametrize(
    ("levels", "independent", "numbered"),
    [
        ({}, False, False),
        ({"ssn": "exact"}, True, True),
        ({"ssid": "exact"}, True, True),
        ({"email": "exact"}, True, False),
        ({"phone": "exact"}, True, False),
        ({"ssn": "last_four_alone"}, False, False),
        ({"ssn": "last_four"}, False, False),
        ({"email": "near"}, False, False),
        ({"email": "local_part"}, False, False),
        ({"phone": "one_digit"}, False, False),
        ({"zip": "exact"}, False, False),
        ({"street": "exact"}, False, False),
        ({"street": "exact", "zip": "exact"}, True, False),
        ({"street": "near", "zip": "exact"}, True, False),
        ({"street": "exact", "zip": "near"}, False, False),
    ],
)
def test_what_speaks_apart_from_name_and_birthdate(
    levels: dict[str, str], independent: bool, numbered: bool
) -> None:
    told = judge(**SAME, **levels)
    assert (told["independent"], told["numbered"]) == (independent, numbered)


def test_some_guards_say_that_these_are_two_people() -> None:
    assert [judge(guard, **SAME)["contradicted"] for guard in (*CONTRADICTIONS, "name_differs", None)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_those_guards_exist() -> None:
    import numpy as np  # noqa: PLC0415

    from reconcile.score.levels import FIELD  # noqa: PLC0415 - beside their only use

    fields = tuple(FIELD[name] for name in ("first_name", "last_name", "suffix", "birthdate", "ssn"))
    found = set()
    for place, field in enumerate(fields):
        codes = np.array([[each.exact for each in fields]], dtype=np.uint8)
        codes[0, place] = field.code("different")
        found |= set(guards(codes, fields))
    assert set(CONTRADICTIONS) <= found


def test_pairs_keep_their_order_their_columns_and_their_number() -> None:
    levels = ["exact", None, "different", "exact", "missing"]
    pairs = pl.DataFrame(
        {"id_l": list("edcba"), "guard": [None] * 5, "level_last_name": levels, "w_last_name": range(5)}
    )
    told = with_agreement(pairs)
    assert told.select(pairs.columns).equals(pairs)
    assert told["words"].to_list() == [
        "agrees on last name",
        "nothing to compare",
        "last name differs",
        "agrees on last name",
        "nothing to compare",
    ]


def test_no_pairs_and_no_levels_are_no_trouble() -> None:
    none = pl.DataFrame(schema={"guard": pl.String, "level_ssn": pl.Enum(["exact"])})
    assert with_agreement(none).height == 0
    told = with_agreement(pl.DataFrame({"guard": ["twin"]}))
    assert told.select("agreeing", "words", "contradicted").row(0) == (0, "", True)
