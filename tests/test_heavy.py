"""Heavy libraries are imported without what takes their time, and work as they always do."""

from __future__ import annotations

import gc
import subprocess
import sys

from reconcile.heavy import quickly

# The first import of a process is what is looked at, so it has one of its own.
FIRST = """
import gc, sys
from reconcile.heavy import quickly
with quickly():
    import jsonschema
    assert not gc.isenabled()
assert gc.isenabled()
assert "lark" not in sys.modules
check = jsonschema.FormatChecker(["iri"]).conforms
print(check("https://example.org/ñ", "iri"), check("no iri", "iri"), "lark" in sys.modules)
"""


def test_a_grammar_is_built_at_the_first_question_and_answers_it():
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "True"]


def test_a_collector_that_was_off_stays_off_and_the_grammar_is_there_afterwards(monkeypatch):
    monkeypatch.delitem(sys.modules, "rfc3987_syntax", raising=False)
    gc.disable()
    try:
        with quickly():
            assert sys.modules["rfc3987_syntax"].is_valid_syntax
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert "rfc3987_syntax" not in sys.modules
