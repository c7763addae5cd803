"""A table of accounts made ready once, so that a few students, or one, are looked up without redoing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import polars as pl

from reconcile.block import pairs_of
from reconcile.flow.kept import Kept, about
from reconcile.flow.keys import RULES, keys
from reconcile.flow.learn import Seen
from reconcile.flow.link import check_keys, prepare
from reconcile.flow.linked import Found
from reconcile.flow.options import Options
from reconcile.flow.pairs import judge, require_fields, with_ids
from reconcile.results import as_frame
from reconcile.score.compare import Comparer
from reconcile.score.encode import NAMES, Encoded, Side, encode
from reconcile.score.frequency import Rarity, rarity
from reconcile.score.levels import NULL, RAREST
from reconcile.score.model import Model, shipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reconcile.block import Rule

    Codes = NDArray[np.int32]
    Rows = NDArray[np.int64]

_UNKNOWN: Final = -2  # a value that no account has
_MANY: Final = 2_000  # accounts of one key, beyond which rarer keys must agree as well


@dataclass(frozen=True)
class _Index:
    """The accounts by one rule's keys: sorted keys, and the row of each."""

    rule: Rule
    widths: tuple[int, ...]
    keys: Rows
    rows: Rows

    @classmethod
    def of(cls, rule: Rule, accounts: Mapping[str, Codes]) -> _Index:
        columns = [accounts[name].astype(np.int64) for _, name in rule.keys]
        widths = tuple(int(column.max(initial=0)) + 1 for column in columns)
        present = np.flatnonzero(np.all([column != NULL for column in columns], axis=0))
        made = _together([column[present] for column in columns], widths)
        order = np.argsort(made, kind="stable")
        return cls(rule, widths, made[order], present[order])

    def find(self, students: Mapping[str, Codes], accounts: Mapping[str, Codes], row: int) -> Rows:
        """The accounts that share a student's keys."""
        values = [int(students[name][row]) for name, _ in self.rule.keys]
        if any(not 0 <= value < width for value, width in zip(values, self.widths, strict=True)):
            return np.zeros(0, dtype=np.int64)
        key = _together([np.array([value]) for value in values], self.widths)[0]
        found = self.rows[np.searchsorted(self.keys, key) : np.searchsorted(self.keys, key, side="right")]
        for name in self.rule.rarer:
            if len(found) <= _MANY or name not in students or name not in accounts:
                continue
            found = found[accounts[name][found] == students[name][row]]
        return found[:_MANY]


class Prepared:
    """Accounts made ready for `find`.

    Args:
        accounts: anything with an Arrow interface, raw or standardized; canonical column names.
        id: the id column.
        model: the weights, of a `link` with accounts such as these; the shipped ones when None.
        fields: further columns, name -> kind, as in `link`.

    Raises:
        InputError: an id is missing or not unique.
    """

    def __init__(
        self,
        accounts: object,
        /,
        *,
        id: str = "id",  # noqa: A002 - the word people use
        model: Model | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        """Encode the accounts, count their values and index their keys."""
        options = Options(model=model, fields=fields or {})
        raw = as_frame(accounts)
        frame = prepare(raw, id, "accounts", options.fields).sort("id")
        encoded = encode(frame, kinds=options.fields)
        told = about(raw, id, dict(options.fields), _version())
        told["lists"] = {name: len(lists) for name, lists in encoded.left.lists.items()}
        self._take(Kept(told, frame, encoded, rarity(encoded), model or _for_rows(frame.height)))

    def _take(self, kept: Kept) -> None:
        """Index what was encoded now or read from a file."""
        self._kept = kept
        self._options = Options(model=kept.model, fields=kept.about["fields"])
        self._frame, self._encoded, self._rarity = kept.frame, kept.encoded, kept.rarity
        self._model = kept.model
        self._keys = keys(self._encoded.left, self._encoded)
        self._rules = [
            _Index.of(rule, self._keys)
            for rule in RULES
            if all(name in self._keys for _, name in rule.keys) and not _unbounded(rule)
        ]

    @property
    def accounts(self) -> int:
        """How many there are."""
        return self._frame.height

    def __repr__(self) -> str:
        """Say how many accounts there are, and nothing of them."""
        return f"{self.accounts:,} accounts, ready for find()"

    def save(self, path: str | Path, /) -> Path:
        """Write everything to a file that only its owner can read; it holds names and birthdates."""
        return self._kept.write(Path(path))

    @classmethod
    def load(
        cls,
        path: str | Path,
        accounts: object,
        /,
        *,
        id: str = "id",  # noqa: A002 - the word people use
        fields: Mapping[str, str] | None = None,
    ) -> Self:
        """Read back what `save` wrote, in a fraction of the time that preparing takes.

        Args:
            path: the file.
            accounts: the accounts that it was prepared for, as they are today.
            id: the id column.
            fields: as they were.

        Raises:
            InputError: it is no such file, or accounts, fields or the package's version have changed.
        """
        wanted = about(as_frame(accounts), id, dict(Options(fields=fields or {}).fields), _version())
        made = cls.__new__(cls)
        made._take(Kept.read(Path(path), about=wanted))  # noqa: SLF001 - of this class itself
        return made

    def find(self, students: object, /, *, id: str = "id", min_probability: float = 0.01) -> Found:  # noqa: A002
        """Score the accounts that may be these students'; one record takes less than a tenth of a second.

        A pair is judged by itself: whether its account has another student is not known here.

        Args:
            students: as in `link`.
            id: the id column.
            min_probability: pairs below it are not returned.

        Raises:
            InputError: an id is missing or not unique, or nothing can be compared.
            KeyMismatch: the SSN hashes were made with another key.
        """
        options = Options(model=self._model, fields=self._options.fields, min_probability=min_probability)
        table = prepare(students, id, "students", options.fields).sort("id")
        check_keys(table, self._frame)
        found = self._candidates(table)
        rows, places = np.unique(found["r"].to_numpy(), return_inverse=True)
        few = encode(self._frame[pl.Series(rows)], table, kinds=options.fields)
        comparer = Comparer(few)
        require_fields(comparer)
        comparer.rarity = self._of_few(few, rows)
        seen = Seen.of(comparer, np.sort(pairs_of(places, found["l"].to_numpy())))
        judged = judge(seen, self._model.knowing(comparer.layout.fields), options).drop("count")
        kept = judged.filter(pl.col("match_probability") >= min_probability)
        pairs = with_ids(seen.chosen(kept), self._frame["id"].gather(pl.Series(rows)), table["id"])
        named = pairs.select(
            pl.col("id_r").alias("id_l"), pl.col("id_l").alias("id_r"), pl.exclude("id_l", "id_r")
        )
        return Found(pairs=named.sort(["match_weight", "id_l", "id_r"], descending=[True, False, False]))

    def _candidates(self, table: pl.DataFrame) -> pl.DataFrame:
        """Look the students' keys up: l, r."""
        wanted = keys(_side(table, self._encoded), self._encoded)
        left, right = [], []
        for row in range(table.height):
            hits = [
                index.find(wanted, self._keys, row)
                for index in self._rules
                if all(name in wanted for name, _ in index.rule.keys)
            ]
            met = np.unique(np.concatenate(hits)) if hits else np.zeros(0, dtype=np.int64)
            left.append(np.full(len(met), row, dtype=np.int64))
            right.append(met)
        none = [np.zeros(0, dtype=np.int64)]
        return pl.DataFrame({"l": np.concatenate(left or none), "r": np.concatenate(right or none)})

    def _of_few(self, few: Encoded, rows: Rows) -> Rarity:
        """What values are worth among all accounts, by the codes of a few."""
        of_value = {}
        for column, size in few.sizes.items():
            bits = np.full(size, RAREST, dtype=np.uint8)
            small, large = few.left.codes[column], self._encoded.left.codes[column][rows]
            known = small != NULL
            bits[small[known]] = self._rarity.of_value[column][large[known]]
            of_value[column] = bits
        known = self._rarity
        by_row = (known.first_in_year, known.last_given_first, known.last_given_first_apart)
        return Rarity(of_value, *(None if bits is None else bits[rows] for bits in by_row))


def _for_rows(rows: int) -> Model:
    """The shipped weights, with the chance that a given account is the student's, if most have one."""
    model = shipped()
    return replace(model, shares={kind: share / max(rows, 1) for kind, share in model.shares.items()})


def _version() -> str:
    from reconcile import __version__  # noqa: PLC0415 - the package imports this module

    return __version__


def _unbounded(rule: Rule) -> bool:
    """Rules with a column that all accounts share would bring all of them."""
    return any(name == "every" for _, name in rule.keys) and len(rule.keys) == 1


def _together(columns: list[Rows], widths: tuple[int, ...]) -> Rows:
    """Make one number of several; a collision beyond 64 bits only brings a further candidate."""
    made = columns[0].astype(np.int64)
    with np.errstate(over="ignore"):
        for column, width in zip(columns[1:], widths[1:], strict=True):
            made = made * width + column
    return made


def _side(table: pl.DataFrame, encoded: Encoded) -> Side:
    """The students' values in the codes of the accounts."""
    codes = {}
    for column in encoded.left.codes:
        if column in table.columns and column not in NAMES:
            codes[column] = _looked_up(table[column], encoded.vocabulary[column])
    parts = "key_last_parts" if table.schema.get("key_last_parts") == pl.List(pl.String) else None
    names = [column for column in NAMES if column in table.columns and column in encoded.left.codes]
    lists = {}
    if names:  # all at once: one look into the vocabulary instead of five
        some = [table[column] for column in names]
        some += [] if parts is None else [table[parts].list.get(n, null_on_oob=True) for n in range(2)]
        together = pl.concat([one.alias("name").cast(pl.String) for one in some])
        found = np.split(_looked_up(together, encoded.vocabulary["name"]), len(some))
        codes |= dict(zip(names, found, strict=False))
        lists = {} if parts is None else {parts: tuple(found[-2:])}
    weak = np.zeros(table.height, dtype=np.bool_)
    if "key_birth_weak" in table.columns:
        weak = table["key_birth_weak"].fill_null(value=False).to_numpy()
    return Side(table.height, codes, lists, weak)


def _looked_up(values: pl.Series, vocabulary: pl.Series) -> Codes:
    values = values.cast(vocabulary.dtype)
    if vocabulary.is_empty():
        return np.where(values.is_null().to_numpy(), NULL, _UNKNOWN).astype(np.int32)
    filled = values.fill_null(vocabulary[0])
    places = np.minimum(vocabulary.search_sorted(filled).to_numpy(), len(vocabulary) - 1)
    known = (vocabulary.gather(places) == filled).to_numpy()
    return np.where(values.is_null().to_numpy(), NULL, np.where(known, places, _UNKNOWN)).astype(np.int32)
