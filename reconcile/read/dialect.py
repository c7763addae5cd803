"""Which character separates the fields: the one that cuts all records into equally many."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from reconcile.read.structure import scan

if TYPE_CHECKING:
    from reconcile.read.diagnostics import Diagnostics

DELIMITERS: Final = {
    ",": "comma",
    "\t": "tab",
    ";": "semicolon",
    "|": "pipe",
    "^": "caret",
    "~": "tilde",
    "\x1f": "unit separator",
}
_SAMPLE: Final = 1 << 18
_QUOTED: Final = re.compile(rb'"[^"]*"')
_LIKELY: Final = 0.9


def find_delimiter(data: bytes, found: Diagnostics) -> str:
    """Find the delimiter; a choice between two that fit equally well is a diagnostic."""
    sample = data
    if len(data) > _SAMPLE:
        sample = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data[:_SAMPLE]
    scored = sorted(
        ((*_score(sample, mark), mark) for mark in DELIMITERS if mark.encode() in sample),
        key=lambda entry: -entry[0],
    )
    if not scored:
        return ","
    best, _, delimiter = scored[0]
    rival = next((entry for entry in scored[1:] if entry[1] and best - entry[0] < 1), None)
    if rival and best > 0:
        found.note(
            "delimiter_guess",
            f"Read with {DELIMITERS[delimiter]}s between fields; {DELIMITERS[rival[2]]}s would fit as well. "
            'If the columns look wrong, pass options={"delimiter": ...}.',
        )
    return delimiter if best > 0 else ","


def _score(sample: bytes, delimiter: str) -> tuple[float, bool]:
    """Weigh one delimiter: how alike records are, whether the first is one, how many fields there are.

    The second part says whether it fits without a single exception.
    """
    counts = [n for n in _counts(sample, delimiter) if n]
    widths = Counter(n for n in counts if n > 1)
    if not widths:
        return 0.0, False
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    share = times / len(counts)
    perfect = share == 1 and len(counts) > 1
    return share * (2 + (counts[0] == width)) + math.log2(width) * (share > _LIKELY), perfect


def _counts(sample: bytes, delimiter: str) -> list[int]:
    """Fields a record, 0 for a blank one; by lines where the quotes cannot be relied on."""
    structure = scan(sample, delimiter)
    if structure.clean:
        blank = structure.ends - structure.starts <= 1
        return [0 if b and n == 1 else int(n) for n, b in zip(structure.fields, blank, strict=True)]
    return counts_by_line(sample, delimiter)


def counts_by_line(sample: bytes, delimiter: str) -> list[int]:
    """Fields a line, 0 for a blank one, when quotes are believed only within a line."""
    mark = delimiter.encode()
    return [_QUOTED.sub(b"", line).count(mark) + 1 if line.strip() else 0 for line in sample.split(b"\n")]


def in_words(delimiter: str) -> str:
    """Name a dialect for people.

    >>> in_words(";")
    'semicolon, double quotes'
    """
    return f"{DELIMITERS.get(delimiter, repr(delimiter))}, double quotes"
