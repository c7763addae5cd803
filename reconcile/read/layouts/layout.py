"""Layouts: which column of an extract holds what, one TOML file a source system.

A layout of your own may change a shipped one, and may name columns by their number:

    base = "banner"              # whatever is not said below is as there
    [required]
    sis_id = "STU_NO"            # one name, or a list of those that it may have
    [optional]
    birthdate = 7                # the seventh column
    phone = []                   # not read

A file of fixed width has no names and nothing between its fields; it needs their places, and the columns
are then called as they are there:

    base = "generic"
    [positions]                  # first and last character of a field, counted from 1
    sis_id = [1, 9]
    filler_1 = [10, 10]          # not read
    last_name = [11, 40]
    [fixed]                      # may be left out
    skip = 1                     # lines above the rows
    record_type = [1, 2]         # where the type of a record stands, if there are several in the file
    keep = ["SB"]                # the types that are rows
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconcile.columns import plain
from reconcile.errors import InputError, nearest
from reconcile.flags import NO, YES
from reconcile.privacy import looks_like_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.read.layouts.positions import FixedWidth

_LISTED: Final = 6  # names that a message shows
_SHIPPED: Final = Path(__file__).parent
TABLES: Final = ("students", "accounts", "applications", "fraud", "crosswalk", "consent")
# Options that every layout takes: "columns" maps fields to column names, "as_of" is the day asked for,
# "id_is_ssn" says that the ids are SSNs where nothing in the file shows it.
COMMON_OPTIONS: Final = ("columns", "as_of", "id_is_ssn", "delimiter", "separator")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way in which a system hands its people over.

    Attributes:
        name: "banner", or the path of a file of the user's own.
        table: what the rows are: students, accounts, applications, fraud, crosswalk or consent.
        title: for people.
        several_rows: whether one person has several rows by nature.
        required: fields and the names that their columns go by.
        optional: likewise.
        flags: fields that hold yes or no.
        ignored: columns that are known and not needed.
        roles: what a row is, by the value of the field `role`.
        options: codes that differ between colleges, with their defaults.
        values: canonical words for the codes of a field.
        prefer: the value that counts where a person's rows differ.
        places: the number of a field's column, from 1, where none bears one of its names.
        fixed: where the fields of a fixed-width file stand; None of any other file.
    """

    name: str
    table: str
    title: str
    several_rows: bool = False
    required: Mapping[str, Sequence[str]]
    optional: Mapping[str, Sequence[str]] = field(default_factory=dict)
    flags: Sequence[str] = ()
    ignored: Sequence[str] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    prefer: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    fixed: FixedWidth | None = None

    @property
    def id(self) -> str:
        """The field that identifies a row's person or account."""
        return "sis_id" if self.table in {"students", "consent"} else "cccid"

    @property
    def fields(self) -> dict[str, Sequence[str]]:
        """All fields, the required ones first."""
        return {**self.required, **self.optional}


def shipped_layouts() -> tuple[str, ...]:
    """Name the layouts that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def load_layout(layout: str | Path | Layout, /) -> Layout:
    """Find a shipped layout by name, or read a user's own TOML file.

    Raises:
        InputError: there is no such layout, or the file is none.
    """
    if isinstance(layout, Layout):
        return layout
    if isinstance(layout, Path) or str(layout).endswith(".toml"):
        return _parse(Path(layout))
    if layout not in shipped_layouts():
        raise InputError(f'There is no layout "{layout}".{nearest(layout, shipped_layouts())}')
    return _shipped(layout)


def map_columns(
    columns: Sequence[str],
    layout: Layout,
    /,
    *,
    path: Path,
    chosen: Mapping[str, str | int] | None = None,
    hint: str = "",
) -> dict[str, str]:
    """Say which column holds which field.

    Args:
        columns: the file's own names.
        layout: the names that are understood.
        path: for messages.
        chosen: fields whose column the user names, or counts from 1.
        hint: what else may be the matter with the file.

    Raises:
        InputError: every required field without a column and every field with several, at once.
    """
    by_key: dict[str, list[str]] = {}
    for column in columns:
        by_key.setdefault(plain(column), []).append(column)
    told = {name: at for name, at in layout.places.items() if not layout.fields[name]} | dict(chosen or {})
    found, problems = _told(told, layout, columns, by_key)
    taken = set(found.values())
    for name, synonyms in layout.fields.items():
        if name in told:
            continue
        fitting = dict.fromkeys(column for s in synonyms for column in by_key.get(plain(s), []))
        free = [column for column in fitting if column not in taken]
        if len(free) > 1:
            quoted = " and ".join(f'"{column}"' for column in free)
            problems.append(f"{name} could be {quoted}; take one out, or map the right one")
        elif free:
            found[name] = free[0]
        elif name in layout.places:
            by_place, more = _told({name: layout.places[name]}, layout, columns, by_key)
            found, problems = {**found, **by_place}, [*problems, *more]
        elif name in layout.required:
            problems.append(_missing(name, synonyms, columns))
    problems += _shared(found)
    if problems:
        problems.sort()
        if "column 1" in columns:
            problems.insert(0, "there is no line of column names")
        raise InputError(
            f'{path} does not fit the layout "{layout.name}": {"; ".join(problems)}. {hint}'
            "Rename the columns, name another layout (`reconcile map` writes one of your own), or map them "
            "with options={'columns': {field: column}} (in a plan under [students.options.columns] and the "
            "like), a column's name or its number from 1."
        )
    return found


def _told(
    told: Mapping[str, str | int], layout: Layout, columns: Sequence[str], by_key: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], list[str]]:
    """The fields that the user maps, and what is wrong with them."""
    found: dict[str, str] = {}
    problems: list[str] = []
    for name, column in told.items():
        fitting = by_key.get(plain(column), ()) if isinstance(column, str) else ()
        if name not in layout.fields:
            problems.append(f'there is no field "{name}" to map.{nearest(name, layout.fields)}'.rstrip("?."))
        elif isinstance(column, int) and not isinstance(column, bool):
            if 0 < column <= len(columns):
                found[name] = columns[column - 1]
            else:
                problems.append(f"{name} is mapped to column {column}, but there are {len(columns)} columns")
        elif not isinstance(column, str):
            problems.append(f"{name} is mapped neither to a column's name nor to its number")
        elif not fitting:
            problems.append(f'the column "{column}", named for {name}, is not in the file')
        else:
            found[name] = column if column in fitting else fitting[0]
    return found, problems


def _shared(found: Mapping[str, str]) -> list[str]:
    """Fields that are mapped to one and the same column."""
    fields: dict[str, list[str]] = {}
    for name, column in found.items():
        fields.setdefault(column, []).append(name)
    return [f"{' and '.join(names)} are mapped to one column" for names in fields.values() if len(names) > 1]


def guess_layout(columns: Sequence[str], /) -> tuple[str | None, tuple[str, ...]]:
    """Guess by the column names which shipped layout a file has, and say why.

    The layout wins that knows most columns by names of its own; where all names are usual ones the generic
    layout does. None when every layout misses a required one.

    >>> guess_layout(["EMPLID", "LAST_NAME", "FIRST_NAME", "EFFDT"])[0]
    'peoplesoft'
    """
    ranked = [rank for rank in rank_layouts(columns) if not rank.missing]
    if not ranked:
        return None, ("No layout finds all columns that it requires.",)
    best = ranked[0]
    of_use = f"{best.found} of {len(columns)} columns are of use to {best.layout.title}"
    return best.layout.name, (
        f"{of_use}, {best.own} bear its own names." if best.own else f"{of_use}, all by usual names.",
        *(
            f"{other.layout.title} knows {other.known} by its own names."
            for other in ranked[1:]
            if other.known
        ),
    )


class Rank(NamedTuple):
    """How well a layout knows the columns of a file.

    Attributes:
        layout: a shipped one.
        missing: fields that it requires and does not find.
        found: how many fields it finds.
        own: how many of these by names that are not usual elsewhere.
        known: these, and the columns that it knows and does not need.
    """

    layout: Layout
    missing: tuple[str, ...]
    found: int
    own: int
    known: int


def rank_layouts(columns: Sequence[str], /) -> list[Rank]:
    """Put the shipped layouts in order, that which knows most of the columns first."""
    keys = {plain(name) for name in columns}
    dotted = {plain(name) for name in columns if "." in name and name.isupper()}
    usual = _keys(_shipped("generic"))
    ranked = []
    for name in shipped_layouts():
        layout = _shipped(name)
        hits = [field for field, names in layout.fields.items() if keys & {plain(s) for s in names}]
        missing = tuple(field for field in layout.required if field not in hits)
        # Usual words say little; of all systems one alone has points between its capitals.
        names = {plain(s) for field in hits for s in layout.fields[field] if "." in s} & dotted
        names |= {plain(s) for field in hits for s in layout.fields[field]} & keys - usual
        known = len(names) + len({plain(column) for column in layout.ignored} & keys - usual)
        ranked.append(Rank(layout, missing, len(hits), len(names), known))
    # Where usual words are all there is to go by, no system is named.
    return sorted(ranked, key=lambda r: (-r.known, -r.found, r.layout.name != "generic", r.layout.name))


def _keys(layout: Layout) -> frozenset[str]:
    return frozenset(plain(name) for synonyms in layout.fields.values() for name in synonyms)


def known_names(layout: Layout | None, options: Mapping[str, object], /) -> frozenset[str]:
    """Gather the column names, reduced by `plain`, that this layout, a shipped one or the user knows."""
    chosen = options.get("columns")
    own = [*chosen.values()] if isinstance(chosen, Mapping) else []
    for one in (*(_shipped(name) for name in shipped_layouts()), *([layout] if layout else [])):
        own += [*one.ignored, *(name for synonyms in one.fields.values() for name in synonyms)]
    return frozenset(plain(name) for name in own if isinstance(name, str))


def check_options(options: Mapping[str, object], layout: Layout) -> dict[str, object]:
    """Merge the user's options over the layout's defaults; id_is_ssn becomes a bool, as_of a day.

    Raises:
        InputError: nobody reads an option of that name, id_is_ssn is neither yes nor no, or as_of no date.
    """
    known = {*COMMON_OPTIONS, *layout.options}
    for name in sorted(options):
        if name not in known:
            raise InputError(
                f'The layout "{layout.name}" has no option "{name}".{nearest(name, known)} '
                "Correct it under options."
            )
    merged = {"separator": "|", **layout.options, **options}
    # Whatever is not understood would leave SSNs in clear, or count what is yet to come.
    merged["id_is_ssn"] = _yes_or_no(merged.get("id_is_ssn"))
    merged["as_of"] = _day(merged.get("as_of"))
    return merged


def _yes_or_no(value: object) -> bool | None:
    if value is None:
        return None
    word = str(value).strip().lower()
    if word not in {*YES, *NO}:
        raise InputError('The option "id_is_ssn" is neither yes nor no. Write true or false.')
    return word in YES


def _day(value: object) -> date | None:
    if value is None or isinstance(value, date):
        return value
    day = None
    try:
        day = date.fromisoformat(str(value).strip())
    except ValueError:
        day = None
    if day is None:
        raise InputError('The option "as_of" is no date. Write it as 2026-11-30.')
    return day


def _missing(name: str, synonyms: Sequence[str], columns: Sequence[str]) -> str:
    safe = [column for column in columns if not looks_like_data(column)]
    hint = nearest(synonyms[0], safe) if safe and synonyms else ""
    close = hint if hint.startswith(" Did") else ""
    listed = [*synonyms[:_LISTED], *([f"{len(synonyms) - _LISTED} more"] if len(synonyms) > _LISTED else [])]
    return f"no column for {name} ({', '.join(listed) or 'all of its names are given to others'}){close}"


@cache
def _shipped(name: str) -> Layout:
    return Layout(name=name, **_content(_SHIPPED / f"{name}.toml"))


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"The layout {path} cannot be read: {error.strerror}. Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The layout {path} is no TOML file: {error}. Mend that place.") from None


def _parse(path: Path) -> Layout:
    from reconcile.read.layouts.own import complete, with_own_names  # noqa: PLC0415 - which needs this module
    from reconcile.read.layouts.positions import parse_positions  # noqa: PLC0415 - only such layouts have them

    own = _content(path)
    content = complete(own, path, {name: _content(_SHIPPED / f"{name}.toml") for name in shipped_layouts()})
    positions, settings = content.pop("positions", None), content.pop("fixed", None)
    if settings is not None and positions is None:
        raise InputError(f"The layout {path} has a section [fixed] and none [positions], which it goes with.")
    fixed = None if positions is None else parse_positions(positions, settings or {}, path)
    if fixed:  # its columns are called as the layout has them, by the names of fields most often
        content = with_own_names(content)
    if "title" not in own:
        content["title"] = str(path)
    return Layout(name=str(path), fixed=fixed, **content)
