"""The tree of errors, its exit codes, and words that were nearly right."""

from __future__ import annotations

import inspect
import re

import pytest

from reconcile import errors
from reconcile.errors import ReconcileError, nearest

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn() -> dict[str, tuple[str, int]]:
    """Read the tree in the module's docstring: name, its parent, its exit code."""
    found: dict[str, tuple[str, int]] = {}
    above: list[str] = []
    for line in errors.__doc__.splitlines():  # type: ignore[union-attr]
        if match := re.match(r"    ([│├└─ ]*)([A-Z]\w+) +(.*)", line):
            above = above[: len(match[1]) // 4]
            code = re.match(r"exit code (\d)", match[3])
            found[match[2]] = (above[-1] if above else "Exception", int(code[1]) if code else 2)
            above.append(match[2])
    return found


def test_the_drawing_is_true() -> None:
    assert drawn() == {name: (kind.__bases__[0].__name__, kind.exit_code) for name, kind in CLASSES.items()}


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES.keys())
def test_each_says_what_happened_and_is_of_one_family(kind: type[ReconcileError]) -> None:
    assert issubclass(kind, ReconcileError)
    assert kind.__doc__
    assert kind.__doc__.count("\n") == 0
    assert str(kind("what was found")) == "what was found"


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("acounts", ["students", "accounts"], ' Did you mean "accounts"?'),
        ("zzz", ["b", "a"], " Known: a, b."),
        ("", {"a": 1}, " Known: a."),
        ("x", [], ""),
    ],
)
def test_the_nearest_word(word: str, known: list[str], said: str) -> None:
    assert nearest(word, known) == said
