"""Column names that a format states rather than a first line: checked like those of a text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconcile.errors import InputError
from reconcile.privacy import looks_like_data
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.limits import Limits


def fit_names(names: Sequence[str], place: object, found: Diagnostics, limits: Limits) -> list[str]:
    """Trim the names, number those that are empty or a value, and refuse what is there twice.

    Args:
        names: as the format states them.
        place: the file or the query, for messages.
        found: takes the diagnostics.
        limits: what is refused.

    Raises:
        InputError: there is no column, there are too many, or two have one name.
    """
    limits.check("columns", len(names), what=f"{place} has too many columns")
    if not names:
        raise InputError(f"{place} has no column. Export it again.")
    fitted = [name.strip() for name in names]
    odd = [at for at, name in enumerate(fitted) if not name or looks_like_data(name)]
    for at in odd:
        fitted[at] = f"column {at + 1}"
    if odd:
        found.note(
            "header_doubt",
            f"{counted(len(odd), 'column')} without a name, or with a value for a name, called by place "
            f'("column {odd[0] + 1}"). Give every column a name.',
        )
    twice = sorted(name for name, times in Counter(fitted).items() if times > 1)
    if twice:
        shown = ", ".join(f'"{name}"' for name in twice[:5])
        raise InputError(f"{place}: several columns are called {shown}. Give every column a name of its own.")
    return fitted
