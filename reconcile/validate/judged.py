"""The table that rules look at: the columns they read, as text, each row with its number."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from reconcile.columns import LIST_COLUMNS, PERSON, plain
from reconcile.engine import Table
from reconcile.errors import InputError, nearest
from reconcile.privacy import HOLDS_SSN, Naming, ssn_naming
from reconcile.results import as_frame
from reconcile.sql import quote
from reconcile.validate.predicates import literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    import pyarrow as pa

    from reconcile.engine import Engine

_ROW: Final = "reconcile_row"
_VIEWS: Final = count(1)
_YES_OR_NO: Final = ("", "Y", "N", "T", "F", "TRUE", "FALSE", "YES", "NO", "0", "1")


def take(engine: Engine, table: object, /, *, key: str) -> Table:
    """Take a table as the engine can look at it, without a copy: a handle as it is, anything else numbered.

    Raises:
        InputError: the object is no table, has no key column or one of personal data for it, holds clear
            social security numbers, or has a column twice but for upper and lower case.
    """
    given = table if isinstance(table, Table) else as_frame(table)
    columns = given.columns
    if key not in columns:
        raise InputError(
            f"The key column {key} is not in the table.{nearest(str(key), columns)} "
            "Name the column that identifies a row: validate(table, key=...)."
        )
    folded = Counter(name.lower() for name in columns)
    twice = [name for name in columns if folded[name.lower()] > 1]
    if twice:
        raise InputError(
            f"The columns {' and '.join(twice[:2])} have one name but for upper and lower case. Rename one."
        )
    if key in PERSON:
        raise InputError(f"The column {key} is personal data and cannot name rows. Name a column of ids.")
    table = given if isinstance(given, Table) else engine.view(f"reconcile_given_{next(_VIEWS)}", given)
    _require_no_ssns(table)
    return table


def _require_no_ssns(table: Table) -> None:
    """Refuse clear social security numbers under whatever name they come."""
    tests = {name: test for name in table.columns if (test := _holds_ssns(name))}
    if not tests:
        return
    asked = ", ".join(f"coalesce(bool_or({test}), false)" for test in tests.values())
    found = table.engine.frame(f"SELECT {asked} FROM {{table}}", table=table).row(0)
    clear = [name for name, hit in zip(tests, found, strict=True) if hit]
    if clear:
        raise InputError(
            f"The table has a column {clear[0]}: clear social security numbers are not taken. Read the file "
            "with reconcile.read, which replaces them by keyed hashes, or leave the column out."
        )


def _holds_ssns(name: str) -> str:
    """Write the SQL that finds an SSN in a column whose name speaks of such; empty for all other names."""
    text = f"CAST({quote(name)} AS VARCHAR)"
    naming = ssn_naming(name)
    if naming is Naming.HOLDS:  # whatever is no yes or no
        return f"upper(trim({text})) NOT IN ({', '.join(map(literal, _YES_OR_NO))})"
    return f"regexp_matches({text}, {literal(HOLDS_SSN)})" if naming is Naming.SPEAKS else ""


def as_text(given: Table, meta: Mapping[str, Any], /) -> Table:
    """Look at the columns that rules read as text.

    An optional column that is absent is looked for under its other names, and counts as empty without any.

    Args:
        given: the table.
        meta: of the suite: columns, optional, values, aliases.

    Raises:
        InputError: a column holds something that is not text and cannot be judged as such.
    """
    kinds = given.kinds
    named = {plain(name): name for name in kinds}
    optional = {name: _found(name, meta, kinds, named) for name in meta["optional"]}
    read = {name: [name] for name in meta["columns"] if name in kinds}
    read |= {name: sources for name, sources in optional.items() if sources}
    problems = [
        problem
        for name, sources in read.items()
        for source in sources
        if (problem := _problem(source, kinds[source], meta["values"].get(name, ())))
    ]
    if problems:
        raise InputError("\n".join(sorted(problems)))
    texts = [
        f"{_first([f'CAST({quote(source)} AS {_type(name)})' for source in sources])} AS {quote(name)}"
        for name, sources in read.items()
    ]
    empty = [f"CAST(NULL AS {_type(name)}) AS {quote(name)}" for name in optional if not optional[name]]
    wanted = ", ".join((f"{quote(given.numbered_by)} AS {quote(_ROW)}", *texts, *empty))
    view = f"reconcile_judged_{next(_VIEWS)}"
    given.engine.run(f"CREATE VIEW {quote(view)} AS SELECT {wanted} FROM {quote(given.name)}")
    return Table(given.engine, view, _ROW)


def _found(
    name: str, meta: Mapping[str, Any], kinds: Mapping[str, str], named: Mapping[str, str]
) -> list[str]:
    """Find the columns that hold an optional element, under our name or one of the dictionary's."""
    other = [named[known] for alias in meta["aliases"].get(name, ()) if (known := plain(alias)) in named]
    return list(dict.fromkeys([*([name] if name in kinds else []), *other]))


def _first(expressions: list[str]) -> str:
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"


def keys_of(given: Table, key: str, /) -> pl.DataFrame:
    """Bring the keys into memory: number, key, in the order of the rows.

    Raises:
        InputError: two rows have one number, or a number is none.
    """
    number = quote(given.numbered_by)
    query = f"SELECT {number} AS number, CAST({quote(key)} AS VARCHAR) AS key FROM {{table}} ORDER BY number"
    keys = given.engine.frame(query, table=given)
    if not keys["number"].dtype.is_integer() or keys["number"].diff().drop_nulls().le(0).any():
        raise InputError(
            f"The table has a column called {given.numbered_by}, by which rows are numbered. Rename it."
        )
    return keys


def hash_rows(judged: Table, /) -> str:
    """Hash the rows in the columns that rules read, in their order, with SHA-256.

    Each column is hashed by itself, the lengths of its texts apart from the texts, so that neither the
    engine's batches nor a value that looks like a separator make a difference; a null has the length -1.
    """
    columns = [_Column(name) for name in judged.columns]
    told = ", ".join(_told(column.name) for column in columns) or "NULL"
    query = f"SELECT {told} FROM {{table}}"
    for batch in judged.engine.batches(query, ordered=True, table=judged):
        for column, values in zip(columns, batch.columns, strict=False):
            column.add(values)
    return hashlib.sha256("\n".join(column.digest() for column in columns).encode()).hexdigest()


def _told(name: str) -> str:
    """Write the SQL of what is hashed of a column; of a list also each length, so that no two agree."""
    if name not in LIST_COLUMNS:
        return quote(name)
    each = "CASE WHEN x IS NULL THEN '-' ELSE concat(strlen(x), ':', x) END"
    return f"array_to_string(list_transform({quote(name)}, lambda x: {each}), '') AS {quote(name)}"


def _problem(name: str, kind: str, values: Sequence[str]) -> str:
    """Say why a column cannot be judged, empty when it can; flags may be booleans, and days dates."""
    if name in LIST_COLUMNS:
        good = kind in ("VARCHAR[]", '"NULL"[]', '"NULL"', "NULL", "NULL[]")
        return "" if good else f"Column {name} is {kind}; a list of texts was expected."
    own = name.removesuffix("_before")
    good = kind in ("VARCHAR", '"NULL"', "NULL") or kind.startswith("ENUM")
    good |= kind == "BOOLEAN" and "true" in values
    good |= kind == "DATE" and own.endswith(("date", "_on"))
    good |= kind.startswith("TIMESTAMP") and own.endswith("_timestamp")
    if good:
        return ""
    return (
        f"Column {name} is {kind}; text was expected, since numbers lose leading zeros and times shift. "
        "Read the file with reconcile.read, or cast the column to text."
    )


def _type(name: str) -> str:
    return "VARCHAR[]" if name in LIST_COLUMNS else "VARCHAR"


class _Column:
    """A column of texts of which nothing is kept but hashes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._texts, self._lengths = hashlib.sha256(), hashlib.sha256()

    def add(self, values: pa.Array[Any]) -> None:
        """Take the next texts in."""
        import numpy as np  # noqa: PLC0415 - kept out of `import reconcile`
        from pyarrow import large_string  # noqa: PLC0415

        texts: Any = values.cast(large_string())
        _, offsets, data = texts.buffers()
        if not len(texts) or offsets is None:
            return
        ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        lengths = np.where(texts.is_null().to_numpy(zero_copy_only=False), -1, np.diff(ends))
        self._lengths.update(lengths.tobytes())
        if data is not None:
            self._texts.update(memoryview(data)[ends[0] : ends[-1]])

    def digest(self) -> str:
        """Tell column, lengths and texts in one line."""
        return f"{self.name} {self._lengths.hexdigest()} {self._texts.hexdigest()}"
