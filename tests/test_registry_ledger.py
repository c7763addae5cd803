"""Claims of numbers as runs, against counting them one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registries import AT, allotted, alter, approved, registry, wanted  # noqa: F401

from reconcile.errors import ApprovalError
from reconcile.mint.batch import mint
from reconcile.registry.ledger import Ledger, runs

LAST = 60


def one_by_one(start, last, count, used):
    """Take places until there are enough: the slow way, and the specification."""
    taken, skipped, place = [], [], start
    while len(taken) < count and place <= last:
        (skipped if place in used else taken).append(place)
        place += 1
    return taken, skipped, place


@given(st.integers(0, LAST), st.integers(0, LAST), st.sets(st.integers(0, LAST)), st.integers(1, 9))
def test_runs_are_the_places_one_by_one(start, count, used, window):
    from reconcile.registry import ledger as module  # noqa: PLC0415 - patched here only

    class Fixed(Ledger):
        def __init__(self):
            """Need no connection."""

        def _used(self, first, end):
            return sorted(place for place in used if first <= place <= end)

    spans, passed = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_WINDOW", window)
        following, missing = Fixed()._take(start, LAST, count, spans, passed)
    taken, skipped, place = one_by_one(start, LAST, count, used)
    assert [n for first, last in spans for n in range(first, last + 1)] == taken
    assert [n for first, last in passed for n in range(first, last + 1)] == skipped
    assert (following, missing) == (place, count - len(taken))
    assert runs(taken) == spans


def test_an_edited_row_is_named(registry):  # noqa: F811
    batch = approved(registry, wanted("1", "2", "3"))
    alter(registry, "UPDATE requests SET payload = '{}' WHERE sis_id = '2'")
    with pytest.raises(ApprovalError, match=r"row 2; 1 in all, by college and SIS id"):
        mint(batch, registry=registry, at=AT)
