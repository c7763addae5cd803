"""Layouts: which column of an extract holds what, one TOML file a source system."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconcile.columns import plain
from reconcile.errors import InputError, nearest
from reconcile.privacy import looks_like_data

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHIPPED: Final = Path(__file__).with_name("layouts")
_KEYS: Final = {
    "table", "title", "several_rows", "flags", "ignored", "required", "optional", "roles", "options",
    "values", "prefer",
}  # fmt: skip
TABLES: Final = ("students", "accounts", "applications", "fraud", "crosswalk")
# Options that every layout takes: "columns" maps fields to column names, "as_of" is the day asked for,
# "id_is_ssn" says that the ids are SSNs where nothing in the file shows it.
COMMON_OPTIONS: Final = ("columns", "as_of", "id_is_ssn", "delimiter", "separator")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way in which a system hands its people over.

    Attributes:
        name: "banner", or the path of a file of the user's own.
        table: what the rows are: students, accounts, applications, fraud or crosswalk.
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

    @property
    def id(self) -> str:
        """The field that identifies a row's person or account."""
        return "sis_id" if self.table == "students" else "cccid"

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
        return _parse(Path(layout), str(layout))
    if layout not in shipped_layouts():
        raise InputError(f'There is no layout "{layout}".{nearest(layout, shipped_layouts())}')
    return _shipped(layout)


def map_columns(
    columns: Sequence[str], layout: Layout, /, *, path: Path, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Say which column holds which field.

    Args:
        columns: the file's own names.
        layout: the names that are understood.
        path: for messages.
        chosen: fields whose column the user names.

    Raises:
        InputError: every required field without a column and every field with several, at once.
    """
    by_key: dict[str, list[str]] = {}
    for column in columns:
        by_key.setdefault(plain(column), []).append(column)
    found, problems = _chosen(chosen or {}, layout, by_key)
    taken = set(found.values())
    for name, synonyms in layout.fields.items():
        if name in found:
            continue
        fitting = dict.fromkeys(column for s in synonyms for column in by_key.get(plain(s), []))
        free = [column for column in fitting if column not in taken]
        if len(free) > 1:
            quoted = " and ".join(f'"{column}"' for column in free)
            problems.append(f"{name} could be {quoted}; take one out, or map the right one")
        elif free:
            found[name] = free[0]
        elif name in layout.required:
            problems.append(_missing(name, synonyms, columns))
    if problems:
        problems.sort()
        if "column 1" in columns:
            problems.insert(0, "there is no line of column names")
        raise InputError(
            f'{path} does not fit the layout "{layout.name}": {"; ".join(problems)}. '
            "Rename the columns, name another layout, or map them with options={'columns': {field: column}}."
        )
    return found


def _chosen(
    chosen: Mapping[str, str], layout: Layout, by_key: Mapping[str, Sequence[str]]
) -> tuple[dict[str, str], list[str]]:
    """The fields that the user maps, and what is wrong with them."""
    found: dict[str, str] = {}
    problems: list[str] = []
    for name, column in chosen.items():
        fitting = by_key.get(plain(column), ())
        if name not in layout.fields:
            problems.append(f'there is no field "{name}" to map{nearest(name, layout.fields).rstrip("?")}')
        elif not fitting:
            problems.append(f'the column "{column}", named for {name}, is not in the file')
        else:
            found[name] = column if column in fitting else fitting[0]
    return found, problems


def guess_layout(columns: Sequence[str], /) -> tuple[str | None, tuple[str, ...]]:
    """Guess by the column names which shipped layout a file has, and say why.

    The layout wins that knows the largest share of the columns; None when every layout misses a
    required one.

    >>> guess_layout(["EMPLID", "LAST_NAME", "FIRST_NAME", "EFFDT"])[0]
    'peoplesoft'
    """
    keys = {plain(name) for name in columns}
    scored = []
    for name in shipped_layouts():
        layout = _shipped(name)
        hits = [f for f, synonyms in layout.fields.items() if keys & {plain(s) for s in synonyms}]
        if not all(f in hits for f in layout.required):
            continue
        # The first name of a field is the system's own; common words say little.
        own = sum(plain(layout.fields[f][0]) in keys for f in hits)
        known = own + sum(plain(column) in keys for column in layout.ignored)
        scored.append((known, len(hits), layout))
    if not scored:
        return None, ("No layout finds all columns that it requires.",)
    scored.sort(key=lambda entry: (-entry[0], -entry[1], entry[2].name))
    own, hits_of_best, best = scored[0]
    return best.name, (
        f"{hits_of_best} of {len(columns)} columns are of use to {best.title}, {own} bear its own names.",
        *(f"{other.title} knows {n} by its own names." for n, _, other in scored[1:]),
    )


def known_names(layout: Layout | None, options: Mapping[str, object], /) -> frozenset[str]:
    """Gather the column names, reduced by `plain`, that this layout, a shipped one or the user knows."""
    chosen = options.get("columns")
    own = [*chosen.values()] if isinstance(chosen, Mapping) else []
    for one in (*(_shipped(name) for name in shipped_layouts()), *([layout] if layout else [])):
        own += [*one.ignored, *(name for synonyms in one.fields.values() for name in synonyms)]
    return frozenset(plain(name) for name in own if isinstance(name, str))


def check_options(options: Mapping[str, object], layout: Layout) -> dict[str, object]:
    """Merge the user's options over the layout's defaults.

    Raises:
        InputError: nobody reads an option of that name.
    """
    known = {*COMMON_OPTIONS, *layout.options}
    for name in sorted(options):
        if name not in known:
            raise InputError(
                f'The layout "{layout.name}" has no option "{name}".{nearest(name, known)} '
                "Correct it under options."
            )
    return {"separator": "|", **layout.options, **options}


def _missing(name: str, synonyms: Sequence[str], columns: Sequence[str]) -> str:
    safe = [column for column in columns if not looks_like_data(column)]
    hint = nearest(synonyms[0], safe) if safe else ""
    close = hint if hint.startswith(" Did") else ""
    return f"no column for {name} ({', '.join(synonyms)}){close}"


@cache
def _shipped(name: str) -> Layout:
    return _parse(_SHIPPED / f"{name}.toml", name)


def _parse(path: Path, name: str) -> Layout:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The layout {path} cannot be read: {error.strerror}. Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The layout {path} is no TOML file: {error}. Mend that place.") from None
    for key in sorted(content.keys() - _KEYS):
        raise InputError(f'The layout {path} has a key "{key}" that nobody reads.{nearest(key, _KEYS)}')
    if content.get("table") not in TABLES or not content.get("required"):
        raise InputError(
            f"The layout {path} needs table (one of {', '.join(TABLES)}) and a section [required]. "
            "Start from a copy of a shipped layout."
        )
    return Layout(name=name, **{"title": name, **content})
