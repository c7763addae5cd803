"""The shipped data dictionary, read once for all the tests of a process."""

from __future__ import annotations

from reconcile import resources
from reconcile.validate.dictionary import read_dictionary

ELEMENTS = read_dictionary(resources.expectations())
RULES = [rule for element in ELEMENTS for rule in element.rules]
