"""Libraries that take seconds to import, imported for about half of that.

jsonschema, which altair and Great Expectations bring along, builds a grammar of IRIs while it is imported,
and that alone takes longer than a second; nobody asks here whether a text is an IRI. The garbage collector
takes a fifth of the rest: it walks again and again over thousands of new classes that are there to stay.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_GRAMMAR: Final = "rfc3987_syntax"


class _Later(ModuleType):
    """Stands in for the grammar while others are imported; the real one is built at the first question."""

    @staticmethod
    def is_valid_syntax(term: str, value: str) -> bool:
        return bool(importlib.import_module(_GRAMMAR).is_valid_syntax(term=term, value=value))


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Import a heavy library within this; what it imports works as it always does."""
    collecting = gc.isenabled()
    gc.disable()
    sys.modules.setdefault(_GRAMMAR, _Later(_GRAMMAR))
    try:
        yield
    finally:
        if isinstance(sys.modules.get(_GRAMMAR), _Later):
            del sys.modules[_GRAMMAR]
        if collecting:
            gc.enable()
