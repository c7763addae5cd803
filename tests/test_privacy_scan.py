"""A quick look at a text finds all that the slow one finds in its cells."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.privacy import scan
from reconcile.privacy.scan import may_hold_ssn

_SIGN = "[- \u2010-\u2015]"
_OBVIOUS = re.compile(
    rf"[0-9]{{3}}{_SIGN}[0-9]{{2}}{_SIGN}[0-9]{{4}}|ssn|ss ?#|soc(ial)?\.? ?sec", re.IGNORECASE | re.ASCII
)
_PIECES = st.sampled_from(
    [
        "212-09-9998",
        "212 09 9998",
        "212\u201009\u20149998",
        "212-09-999",
        "1970-01-01",
        "SS",
        "N",
        "#",
        " ",
        "soc",
        "ial",
        ".",
        "Sec",
        "é",
        "a",
        "9",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=12), st.integers(1, 40))
def test_what_is_there_is_found_wherever_it_stands(pieces, size):
    text = "".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_PIECE", size)
        assert may_hold_ssn(text.encode()) == bool(_OBVIOUS.search(text))
