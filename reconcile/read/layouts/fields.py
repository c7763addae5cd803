"""Which column of a file holds which field, said without a layout having been applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconcile.columns import plain
from reconcile.privacy import looks_like_data
from reconcile.read.layouts.effective import DATES as EFFECTIVE
from reconcile.read.layouts.guess import by_values, by_words
from reconcile.read.layouts.layout import guess_layout, known_names, load_layout, map_columns, rank_layouts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import polars as pl

    from reconcile.read.layouts.guess import Guess
    from reconcile.read.layouts.layout import Layout

NAME: Final = "name"
DATE: Final = "date"
ID: Final = "id"
OTHER: Final = ""

_LONGEST: Final = 60  # characters of a column's name
_LOOKED_AT: Final = 300  # columns that are guessed at
_FEWEST: Final = 2  # columns that a layout has to know to be the nearest one
_DOUBTFUL: Final = ("header_doubt", "header_twice")
_DATES: Final = frozenset(
    {"birthdate", "deceased_on", "submitted", "reported", "rescinded", "since", *EFFECTIVE}
)
_IDS: Final = frozenset(
    {
        "sis_id", "cccid", "cccids", "former_cccids", "future_cccids", "former_ids", "former_id_list",
        "ssid", "person", "additional_id", "alt_ids", "app_id",
    }
)  # fmt: skip
_MADE_FROM: Final = {
    "cccids": ("cccid", "additional_id", "alt_ids"),
    "former_cccids": ("additional_id", "effective", "id_effective"),
    "future_cccids": ("additional_id", "effective", "id_effective"),
    "former_ids": ("former_id_list", "additional_id", "role"),
    "former_names": (
        "former_first_names",
        "former_middle_names",
        "former_last_names",
        "role",
        "effective",
        "name_effective",
    ),
    "terms": ("term",),
    "deceased": ("deceased", "deceased_on"),
    "ssn_hmac": ("ssn_hmac", "ssn"),
    "ssn_last4": ("ssn_last4", "ssn"),
    "ssn_type": ("ssn_type", "ssn"),
    "ssn_class": ("ssn_class", "ssn"),
}


@dataclass(frozen=True, kw_only=True)
class Fields:
    """How the columns of a file map to fields.

    Attributes:
        layout: the layout that was used or guessed, "" when none finds what it requires.
        nearest: the layout whose names were gone by; `layout`, or the one that knows most columns.
        of_column: the file's columns that hold something known -> field, in the file's order.
        lacking: required fields of `nearest` that no column was found for.
        reasons: sentences.
    """

    layout: str
    nearest: str
    of_column: Mapping[str, str]
    lacking: tuple[str, ...]
    reasons: tuple[str, ...]


def used_fields(
    columns: Sequence[str], layout: Layout, options: Mapping[str, object], /, *, path: Path
) -> dict[str, str]:
    """Say which column went into which field when a layout was applied: {column: field}."""
    chosen = options.get("columns")
    named = dict(chosen) if isinstance(chosen, Mapping) else {}  # a column's name, or its number from 1
    mapped = map_columns(columns, layout, path=path, chosen=named)
    return {column: field for field, column in mapped.items()}


def guess_fields(columns: Sequence[str], /) -> Fields:
    """Guess by their names what the columns hold.

    >>> guess_fields(["EMPLID", "LAST_NAME", "FIRST_NAME", "MOOD"]).of_column["EMPLID"]
    'sis_id'
    """
    name, reasons = guess_layout(columns)
    if name is not None:
        return Fields(
            layout=name,
            nearest=name,
            of_column=_by_name(columns, load_layout(name)),
            lacking=(),
            reasons=reasons,
        )
    nearest = max(rank_layouts(columns), key=lambda rank: (rank.found, rank.known))
    if nearest.found < _FEWEST:
        return Fields(layout="", nearest="", of_column={}, lacking=(), reasons=reasons)
    near = f"The nearest is {nearest.layout.title}: it knows {nearest.found} of {len(columns)} columns"
    return Fields(
        layout="",
        nearest=nearest.layout.name,
        of_column=_by_name(columns, nearest.layout),
        lacking=nearest.missing,
        reasons=(*reasons, f"{near} and finds none for {', '.join(nearest.missing)}."),
    )


def guess_more(frame: pl.DataFrame, fields: Fields, names: Mapping[str, str], /) -> dict[str, Guess]:
    """Guess by their words, and by what they hold, what the columns are that no layout knows by name.

    Args:
        frame: the file's columns as text.
        fields: as from `guess_fields`.
        names: column -> how it may be called; where that is not its name, its words say nothing.
    """
    layout = load_layout(fields.nearest or "generic")
    ignored = {plain(name) for name in layout.ignored}
    found: dict[str, Guess] = {}
    for column, called in list(names.items())[:_LOOKED_AT]:
        if column in fields.of_column or plain(column) in ignored or column not in frame.columns:
            continue
        guess = (by_words(column, layout) if called == column else None) or by_values(frame[column], layout)
        if guess and guess.field not in fields.of_column.values():
            found[column] = guess
    return found


def kind_of(field: str | None, /) -> str:
    """Say how the values of a field are masked: as names, dates, ids, or else by their shape."""
    field = field or ""
    if field.endswith("_name") or (field.startswith("former_") and field.endswith("_names")):
        return NAME
    if field == "former_names":
        return NAME
    if field in _DATES or field.endswith("_timestamp"):
        return DATE
    return ID if field in _IDS else OTHER


def made_from(canonical: str, used: Mapping[str, str], /) -> list[str]:
    """Name the file's columns that a canonical column was made from.

    Args:
        canonical: a column of a frame that was read with a layout.
        used: the file's column -> field.
    """
    fields = _MADE_FROM.get(canonical, (canonical,))
    return [column for column, field in used.items() if field in fields]


def safe_names(
    columns: Sequence[str], diagnostics: pl.DataFrame, /, *, strict: bool = False
) -> dict[str, str]:
    """Say for each column how it may be called: by its place where its name could be a person's.

    Args:
        columns: the file's own names.
        diagnostics: of the reader; where the header is in doubt only names that a layout knows are shown.
        strict: in doubt is the header also where no layout knows a single name of it.
    """
    kinds = diagnostics["kind"]
    # A title that was taken for the line of names leaves most columns without one.
    odd = kinds.is_in(_DOUBTFUL).any() or 2 * (kinds == "header_empty").sum() >= max(len(columns), 1)
    known = known_names(None, {})
    odd = odd or (strict and not any(plain(name) in known for name in columns))
    return {
        name: f"column {at}"
        if looks_like_data(name) or (odd and plain(name) not in known)
        else " ".join(name[:_LONGEST].split())
        for at, name in enumerate(columns, start=1)
    }


def _by_name(columns: Sequence[str], layout: Layout) -> dict[str, str]:
    """The first column that bears one of a field's names; a doubt between two is said when it is read."""
    fields: dict[str, str] = {}
    for field, synonyms in layout.fields.items():
        for name in synonyms:
            fields.setdefault(plain(name), field)
    found: dict[str, str] = {}
    for column in columns:
        held = fields.get(plain(column))
        if held is not None and held not in found.values():
            found[column] = held
    return found
