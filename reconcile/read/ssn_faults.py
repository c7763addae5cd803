"""What columns of SSNs hold that is none, and what was mended there: counted by shape, never by value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconcile.privacy import SSN_AS_DECIMAL, mask_shape
from reconcile.words import counted

if TYPE_CHECKING:
    import polars as pl

    from reconcile.read.diagnostics import Diagnostics

_SHAPES: Final = 20  # of a part of the rows; the commonest shape is among them
_SHORT: Final = "99999999"  # how an SSN looks whose zero in front was lost
_NO_TEXT: Final = "Export the column again as text; a number loses the zeros in front."
_NO_SSN: Final = "Export whole SSNs of nine digits, unmasked, or as nnn-nn-nnnn."


@dataclass
class SsnFaults:
    """Counts by column: values, those that cannot be used by their shape, those that were decimal numbers."""

    _values: Counter[str] = field(default_factory=Counter)
    _decimal: Counter[str] = field(default_factory=Counter)
    _unusable: Counter[str] = field(default_factory=Counter)
    _shapes: dict[str, Counter[str]] = field(default_factory=dict)

    def count(self, column: str, clear: pl.Series, classes: pl.Series) -> None:
        """Count rows.

        Args:
            column: its name.
            clear: the SSNs as they are in the file.
            classes: ssn_class of the same rows.
        """
        self._values[column] += classes.len() - classes.null_count()
        self._decimal[column] += int(clear.str.contains(SSN_AS_DECIMAL).sum())
        unusable = clear.filter((classes == "malformed").fill_null(value=False))
        if unusable.len():
            self._unusable[column] += unusable.len()
            shapes = mask_shape(unusable.str.strip_chars()).alias("shape").value_counts()
            common = shapes.sort(["count", "shape"], descending=[True, False]).head(_SHAPES)
            self._shapes.setdefault(column, Counter()).update(dict(common.iter_rows()))

    def note(self, found: Diagnostics) -> None:
        """Say once a column what was mended and what cannot be used."""
        for column, decimal in self._decimal.items():
            if decimal:
                found.note(
                    "ssn_decimal",
                    f"{counted(decimal, 'SSN')} ended in .0, as numbers do; this was left out. {_NO_TEXT}",
                    column=column,
                )
        for column, unusable in self._unusable.items():
            values, shapes = self._values[column], self._shapes[column]
            shape = min(shapes, key=lambda one: (-shapes[one], one))
            found.note(
                "ssn_unusable",
                f"{unusable:,} of {counted(values, 'SSN')} ({unusable / values:.1%}) cannot be used: not "
                f"nine digits. The commonest shape is {shape}. {_NO_TEXT if shape == _SHORT else _NO_SSN}",
                column=column,
            )
