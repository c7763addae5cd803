"""Parameter cells: what they take, of which kind, and what is refused."""

from __future__ import annotations

import pytest

from reconcile.errors import InputError
from reconcile.flow.parameters import parameters_of, values_of, with_values

CELL = """\
plan = r""  # the path; "é" is a letter
none = None
queue = 500  # pairs
share = 0.5
deep = True
names = ["a", "b"]
columns = {
    "sis_id": "Ref",  # of the file
}
"""
KNOWN = parameters_of(CELL)


def test_what_a_cell_takes() -> None:
    assert [(one.name, one.default) for one in KNOWN] == [
        ("plan", ""), ("none", None), ("queue", 500), ("share", 0.5), ("deep", True),
        ("names", ["a", "b"]), ("columns", {"sis_id": "Ref"}),
    ]  # fmt: skip
    assert [one.meaning for one in KNOWN[:3]] == ['the path; "é" is a letter', "", "pairs"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"plan=C:\fall\plan.toml", r"C:\fall\plan.toml"),
        ("plan=500", "500"),
        ("plan=a=b", "a=b"),
        ("none=fall", "fall"),
        ("none=", None),
        ("queue=7", 7),
        ("share=1", 1.0),
        ("deep=no", False),
        ("deep=TRUE", True),
        ("names=a, b ,c", ["a", "b", "c"]),
        ("names=['a, b']", ["a, b"]),
        ("columns={'sis_id': 'No'}", {"sis_id": "No"}),
    ],
)
def test_a_value_is_of_the_kind_of_the_default_and_arrives(text: str, value: object) -> None:
    values = values_of([text], KNOWN, of="it")
    name = text.partition("=")[0]
    assert values == {name: value}
    assert type(values[name]) is type(value)
    other = {one.name: one.default for one in parameters_of(with_values(CELL, values))}
    assert other == {one.name: one.default for one in KNOWN} | values
    assert '# the path; "é" is a letter' in with_values(CELL, values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queue=many", 'queue: "many" was found; a whole number such as 500 is needed.'),
        ("queue=1.5", 'queue: "1.5" was found'),
        ("share=half", "a number such as 0.5 is needed"),
        ("deep=perhaps", "true or false is needed"),
        ("columns=[1]", "a table such as {'sis_id': 'Ref'} is needed"),
        ("columns=sis_id", "a table such as"),
        ("names=[a", "values with commas between them"),
        ("pla=x", 'There is no parameter "pla".'),
        ("plan", '"plan" has no value; key=value is needed.'),
    ],
)
def test_what_does_not_fit_is_refused_and_the_known_ones_are_named(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        values_of([text], KNOWN, of="07_x")
    assert said in str(caught.value)
    assert "07_x takes: plan, none, queue, share, deep, names, columns." in str(caught.value)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        values_of(["queue=x", "queue=y", "nobody=1", "deep=no"], KNOWN, of="it")
    assert str(caught.value).count("\n") == 3
    with pytest.raises(InputError, match="takes: no parameters"):
        values_of(["a=1"], (), of="it")
