"""SQL text: named constants with {holes} for tables and columns, filled here and nowhere else."""

from __future__ import annotations

import re
from typing import Final

_HOLE: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


def quote(identifier: str) -> str:
    """Quote a table or column name, whatever characters a college's export has put into it.

    >>> quote('LAST "LEGAL" NAME')
    '"LAST ""LEGAL"" NAME"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def fill(query: str, /, **names: str) -> str:
    """Put quoted names into a query's holes; braces that are no hole stay as they are.

    Raises:
        KeyError: a hole has no name, which is a defect of ours.

    >>> fill("SELECT {key} FROM {left}", key="sis_id", left="students")
    'SELECT "sis_id" FROM "students"'
    """
    return _HOLE.sub(lambda match: quote(names[match[1]]), query)
