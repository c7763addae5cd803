"""Columns that a user declares by their kind: name, date, code, text, category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconcile.columns import DECLARED
from reconcile.score import fuzzy
from reconcile.score.dates import Dates
from reconcile.score.levels import declared
from reconcile.score.names import start

if TYPE_CHECKING:
    import polars as pl

    from reconcile.score.encode import Codes, Encoded
    from reconcile.score.frequency import Rarity
    from reconcile.score.fuzzy import Levels

_NEAR: Final = 0.9
_FAR: Final = 0.8


class Declared:
    """Compares the declared columns that both tables have."""

    def __init__(self, encoded: Encoded, /) -> None:
        """Derive from each vocabulary what its kind needs."""
        self.encoded = encoded
        self._fields = {
            column: declared(column.removeprefix(DECLARED), kind) for column, kind in encoded.kinds.items()
        }
        self._judges = {
            column: _judge(kind, encoded.vocabulary[column]) for column, kind in encoded.kinds.items()
        }

    def levels(self, left: Codes, right: Codes, rarity: Rarity, /) -> dict[str, Levels]:
        """Judge each pair of rows, by field."""
        made = {}
        for column, field in self._fields.items():
            a = self.encoded.left.codes[column].take(left)
            b = self.encoded.right.codes[column].take(right)
            levels, open_ = start(field, a, b, rarity.of_value[column])
            judge = self._judges[column]
            if isinstance(judge, Dates):
                levels[open_] = judge.levels(a[open_], b[open_], field)
            elif judge is not None:
                found = judge(a[open_], b[open_])
                for level, answer in _ANSWERS.items():
                    if level in field.levels:
                        levels[open_[found == answer]] = field.code(level)
            made[field.name] = levels
        return made


_ANSWERS: Final = {"one_edit": fuzzy.ONE_EDIT, "near": fuzzy.NEAR, "far": fuzzy.FAR}


def _judge(kind: str, vocabulary: pl.Series) -> Dates | fuzzy.Spelling | fuzzy.Close | None:
    match kind:
        case "date":
            return Dates(vocabulary)
        case "name" | "code":
            return fuzzy.Spelling(vocabulary)
        case "text":
            return fuzzy.Close(vocabulary, _NEAR, _FAR)
    return None
