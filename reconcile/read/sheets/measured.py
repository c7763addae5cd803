"""What is known of a sheet before anything of it is read: how much it holds, and what would be lost.

Only what is filled counts: programs declare whole sheets as used, and format cells that hold nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable
    from pathlib import Path

    from reconcile.read.limits import Limits

# Positions are (row, column), from 0.
Place = tuple[int, int]

ZEROS: Final = re.compile(r'^0[-0\\ "]*0$')  # a number format that shows leading zeros
_MAX_ROW: Final = 1_048_576


@dataclass
class Measured:
    """One sheet, before anything is read of it.

    Attributes:
        name: as it stands on its tab.
        path: the workbook, for messages.
        cells: filled ones.
        first, last: corners of the rectangle around all that is filled.
        text: bytes of text, a text that many cells share counted once a cell.
        errors: cells that hold an error, and which.
        uncomputed: formulas whose value was never calculated.
        zeros: of each column with numbers that a format shows with leading zeros, these formats and how
            many cells have them.
        from_1904: whether the workbook counts its days from 1904.
        merged: first cells of merged ones.
    """

    name: str
    path: Path
    cells: int = 0
    first: Place = (_MAX_ROW, 1 << 20)
    last: Place = (-1, -1)
    text: int = 0
    errors: dict[Place, str] = field(default_factory=dict)
    uncomputed: list[Place] = field(default_factory=list)
    zeros: dict[int, Counter[str]] = field(default_factory=dict)
    from_1904: bool = False
    merged: list[Place] = field(default_factory=list)

    @property
    def area(self) -> int:
        """Cells in the rectangle, filled or not: all of them will be held in memory."""
        return (
            0 if not self.cells else (self.last[0] - self.first[0] + 1) * (self.last[1] - self.first[1] + 1)
        )

    def widen(self, rows: Iterable[int], columns: Iterable[int]) -> None:
        """Take further cells into the rectangle."""
        for row in rows:
            self.first, self.last = (
                (min(self.first[0], row), self.first[1]),
                (max(self.last[0], row), self.last[1]),
            )
        for column in columns:
            self.first = (self.first[0], min(self.first[1], column))
            self.last = (self.last[0], max(self.last[1], column))

    @property
    def place(self) -> str:
        """The sheet and its workbook, for messages."""
        return f"{self.path}, sheet {self.name!r}"

    def check(self, limits: Limits) -> None:
        """Refuse a sheet beyond the limits.

        Raises:
            InputError: there are too many cells, or too much text in them.
        """
        what = self.place
        if self.area > limits.cells >= self.cells:
            what += f", which has a filled cell as far out as {reference(self.last)} (delete stray cells),"
        limits.check("cells", max(self.area, self.cells), what=f"{what} has too many cells")
        limits.check("sheet_text", self.text, what=f"{what} has too many bytes of text")


def reference(place: Place) -> str:
    """Name a cell as a spreadsheet does.

    >>> reference((0, 27))
    'AB1'
    """
    letters, column = "", place[1] + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{place[0] + 1}"
