"""What the columns of a table hold, without showing a value that belongs to one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from reconcile.read.layouts.fields import DATE, guess_fields, kind_of, made_from, safe_names
from reconcile.read.layouts.layout import load_layout
from reconcile.read.look.ranges import date_doubts, number_range, shared_range, year_range
from reconcile.read.look.shapes import count_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconcile.results import Source

COMMONEST: Final = 3  # shapes of a column
_SHAPE: Final = pl.Struct({"shape": pl.String, "share": pl.Float64})
SCHEMA: Final[dict[str, Any]] = {
    "column": pl.String,
    "field": pl.String,
    "filled": pl.Int64,
    "empty": pl.Int64,
    "empty_share": pl.Float64,
    "distinct": pl.Int64,
    "shapes": pl.List(_SHAPE),
    "shapes_seen": pl.Int64,
    "shortest": pl.Int64,
    "longest": pl.Int64,
    "lowest": pl.String,
    "highest": pl.String,
    "constant": pl.Boolean,
    "all_different": pl.Boolean,
    "doubts": pl.List(pl.String),
}
_PLACE: Final = "line"  # says where a row stands, and is no column of the file
_OURS: Final = "ssn_hmac"  # the shape of a hash says nothing of the file
_SHARED: Final = ("term", "terms", "college")
_BLANK: Final = r"^\s*$"
_LOOSE: Final = r"^\s|\s$"
_DATE_SHAPE: Final = (
    r"^(9{4}[-/.]9{1,2}[-/.]9{1,2}|9{1,2}[-/. ]9{1,2}[-/. ](9{4}|9{2})|9{1,2}[-/. ]?[Aa]{3,9}[-/., ]*9{2,4}"
    r"|[Aa]{3,9}[-/. ]*9{1,2}(st|nd|rd|th)?[-/., ]+9{2,4})($|[Tt ,])"
)
_COMPACT_SHAPE: Final = r"^(9{4}|9{8}|9{14})$"  # a date only in a column that is known to hold dates
_MOSTLY: Final = 0.9  # of the values have to look like dates


class Origin(NamedTuple):
    """Where the columns of a table come from."""

    source: Source
    layout: str
    used: Mapping[str, str]  # the file's column -> field, where a layout was applied
    diagnostics: pl.DataFrame


def profile_columns(frame: pl.DataFrame, origin: Origin, /, *, at_most: int | None = None) -> pl.DataFrame:
    """Describe each column of what was read; nothing is sampled, and no value of one person is shown.

    Args:
        frame: text columns, or with a layout the canonical ones.
        origin: the file, the layout and what was noticed.
        at_most: only the first so many columns.

    Returns:
        One row a column: column (the file's name for it; its place where the name could be a person's;
        null for a canonical column that the file does not have), field (with a layout the canonical
        column, else a guess by the name), filled, empty (blanks count as empty), empty_share (0 to 1),
        distinct, shapes (the three commonest as `mask_shape` writes them, with their share of what is
        filled), shapes_seen, shortest and longest (characters), lowest and highest (of ten values or
        more: years of dates, numbers below 1,000, terms and colleges that ten rows hold; null for all
        else), constant, all_different, doubts.
    """
    rows = [_row(one, frame[one.name]) for one in described(frame.columns[:at_most], origin)]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


class Described(NamedTuple):
    """What is known of a column before its values are looked at.

    Attributes:
        name: in the table.
        column: the file's name for it, None for a canonical column that the file does not have.
        field: what it holds, None where nobody knows.
        noted: what the reader noticed of it.
        as_it_stands: no layout was applied, so that nobody has judged the values yet.
        one_each: a value that stands twice is worth a word.
    """

    name: str
    column: str | None
    field: str | None
    noted: list[str]
    as_it_stands: bool
    one_each: bool


def described(names: Sequence[str], origin: Origin, /) -> Iterator[Described]:
    """Say of each column of a table what the file calls it and what it holds."""
    shown = safe_names(origin.source.columns, origin.diagnostics)
    counted = origin.diagnostics.drop_nulls("column").group_by("kind", "column", maintain_order=True).len()
    noted: dict[str, list[str]] = {}
    for kind, column, count in counted.iter_rows():
        noted.setdefault(column, []).append(f"{kind} ({count:,})" if count > 1 else kind)
    if origin.layout:
        for name in names:
            if name != _PLACE:
                made = made_from(name, origin.used)
                known = dict.fromkeys((name, *made, *(origin.used[column] for column in made)))
                found = [text for column in known for text in noted.get(column, [])]
                column = " + ".join(shown[column] for column in made) or None
                yield Described(name, column, name, found, as_it_stands=False, one_each=False)
        return
    guessed = guess_fields(origin.source.columns)
    single = bool(guessed.nearest) and not load_layout(guessed.nearest).several_rows
    for name in names:
        field = guessed.of_column.get(name)
        column = shown.get(name)
        if column is None:  # made of a column of SSNs
            column, field = _derived(name, shown)
        once = single and field == "sis_id"
        yield Described(name, column, field, noted.get(name, []), as_it_stands=True, one_each=once)


def _derived(name: str, shown: Mapping[str, str]) -> tuple[str, str]:
    """Call a column that was made of one of SSNs: "ssn_last4", or that behind the name of its column."""
    for own, called in shown.items():
        if name.startswith(f"{own}_ssn_"):
            return called + name.removeprefix(own), name.removeprefix(f"{own}_")
    return name, name


def _row(one: Described, values: pl.Series) -> tuple[object, ...]:
    texts = _texts(values)
    shapes = count_shapes(texts)
    blank = _sum(shapes, _BLANK)
    if blank:
        texts = texts.filter(~texts.str.contains(_BLANK))
        shapes = shapes.filter(~pl.col("shape").str.contains(_BLANK))
    # An empty list is an absent one.
    filled = int(values.list.len().gt(0).sum()) if isinstance(values.dtype, pl.List) else texts.len()
    made = (one.field or "") == _OURS
    distinct = texts.hash().n_unique() if texts.len() else 0  # of 64 bits: no two of a billion values meet
    lengths = texts.str.len_chars()
    lowest, highest, doubts = _range(one, texts, shapes, distinct)
    doubts += [f"{blank:,} of the empty cells hold blanks"] if blank else []
    if loose := _sum(shapes, _LOOSE):
        doubts.append(f"blanks stand before or behind {_values(loose)}")
    if one.one_each and distinct < texts.len():
        doubts.append(f"{_values(texts.len() - distinct)} stood before")
    return (
        one.column,
        one.field,
        filled,
        values.len() - filled,
        (values.len() - filled) / values.len() if values.len() else 0.0,
        distinct,
        _commonest(shapes, texts.len()) if not made else [],
        shapes.height,
        lengths.min(),
        lengths.max(),
        lowest,
        highest,
        distinct == 1 < texts.len(),
        distinct == texts.len() > 1,
        [*one.noted, *doubts],
    )


def _range(
    one: Described, texts: pl.Series, shapes: pl.DataFrame, distinct: int
) -> tuple[str | None, str | None, list[str]]:
    """The range, where no person is given away by it, and doubts about dates."""
    if one.field in _SHARED:
        return *shared_range(texts), []
    dated = _dates(one.field, shapes, texts.len())
    if dated is not None:
        return *year_range(texts), date_doubts(texts, dated) if one.as_it_stands else []
    if kind_of(one.field) or distinct == texts.len():
        return None, None, []
    return *number_range(texts, shapes), []


def _dates(field: str | None, shapes: pl.DataFrame, filled: int) -> pl.DataFrame | None:
    """The shapes of dates, where the column is one of dates."""
    known = kind_of(field) == DATE
    pattern = f"{_DATE_SHAPE}|{_COMPACT_SHAPE}" if known else _DATE_SHAPE
    dated = shapes.filter(pl.col("shape").str.contains(pattern))
    return dated if filled and (known or dated["count"].sum() >= _MOSTLY * filled) else None


def _texts(values: pl.Series) -> pl.Series:
    """All values as text, those of lists and names one by one."""
    if isinstance(values.dtype, pl.List):
        values = values.explode()
    if isinstance(values.dtype, pl.Struct):
        values = pl.concat([part.cast(pl.String).alias("part") for part in values.struct.unnest()])
    return values.cast(pl.String).drop_nulls()


def _sum(shapes: pl.DataFrame, pattern: str) -> int:
    return int(shapes.filter(pl.col("shape").str.contains(pattern))["count"].sum())


def _commonest(shapes: pl.DataFrame, filled: int) -> list[dict[str, object]]:
    return [{"shape": shape, "share": count / filled} for shape, count in shapes.head(COMMONEST).iter_rows()]


def _values(count: int) -> str:
    return f"{count:,} value{'s' if count > 1 else ''}"
