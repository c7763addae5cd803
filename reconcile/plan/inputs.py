"""The inputs of a plan: files, parts of a table, sheets, members of archives, or questions to a database."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from reconcile.plan.sections import InputPlan, QueryPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconcile.plan.reader import Reader

    Place = tuple[str, str]  # section and key
    Places = dict[Place, InputPlan]

# What each input may look like; the first is what a section without `layout` means, where that is allowed.
LAYOUTS: Final = {
    "students": ("banner", "colleague", "peoplesoft", "generic"),
    "accounts": ("openccc",),
    "applications": ("superglue",),
    "fraud": ("fraud",),
    "crosswalk": ("crosswalk",),
    "consent": ("consent",),
}
# The fields of `reconcile.read.Limits`.
LIMITS: Final = (
    "unpacked", "sheet_unpacked", "ratio", "cells", "sheet_text", "values", "columns", "cell"
)  # fmt: skip
_PREVIOUS: Final = "accounts.previous"
_VARIABLE: Final = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_URL: Final = re.compile(r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?://")
_SQLITE: Final = re.compile(r"(sqlite(?:\+\w+)?:///)([^?:][^?]*)(\?.*)?")
_PASSWORD: Final = re.compile(
    r"(?i)://[^/@]*:[^@]*@|(pass(word|wd|phrase|code)?|pwd|secret|token)[\s\"']*=", re.DOTALL
)
_NO_FILE: Final = {
    "sheet": "a database has no sheets",
    "member": "a database is no archive",
    "parts": "a database is no folder",
    "encoding": "a database says itself how its texts are written",
}


def read_input(reader: Reader, section: str) -> InputPlan:
    """Take what one section says of its table."""
    query = _query(reader, section)
    given = InputPlan(
        path=reader.places(section, "path", required=query is None),
        layout=_layout(reader, section),
        query=query,
        encoding=reader.maybe_text(section, "encoding"),
        sheet=reader.name_or_number(section, "sheet"),
        member=reader.maybe_text(section, "member"),
        parts=reader.flag(section, "parts", default=False),
        options=reader.table(section, "options"),
        limits=_limits(reader, section),
    )
    for key, problem in _clashes(given):
        if (section, key) not in reader.faulty:
            reader.fault(section, key, problem)
    return given


def read_previous(reader: Reader, accounts: InputPlan) -> InputPlan | None:
    """Take the earlier snapshot: its path alone, read as the later one is, or a table that says how."""
    if reader.is_table(_PREVIOUS):
        given = read_input(reader, _PREVIOUS)
        return replace(
            given,
            layout=given.layout if reader.given(_PREVIOUS, "layout") else accounts.layout,
            options=given.options or accounts.options,
            limits=given.limits or accounts.limits,
        )
    if not reader.given("accounts", "previous"):
        reader.maybe_place("accounts", "previous")  # so that the key is known
        return None
    path = reader.places("accounts", "previous", required=False)
    if path is None:
        return None
    parts = accounts.parts and isinstance(path, Path)
    return replace(accounts, path=path, query=None, member=None, parts=parts)


def places_of(inputs: Mapping[str, InputPlan], previous: InputPlan | None, reader: Reader) -> Places:
    """Name each input by the section and the key that say where it is."""
    places = {(section, _key(given)): given for section, given in inputs.items()}
    if previous is not None:
        nested = reader.is_table(_PREVIOUS)
        places[(_PREVIOUS, _key(previous)) if nested else ("accounts", "previous")] = previous
    return places


def _key(given: InputPlan) -> str:
    return "path" if given.query is None else "sql"


def beside(url: str, folder: Path) -> str:
    """Make the path of a SQLite file absolute, from the plan's folder on; other addresses stay.

    >>> beside("oracle+oracledb://reader@host/sis", Path("/plans"))
    'oracle+oracledb://reader@host/sis'
    """
    found = _SQLITE.fullmatch(url)
    return f"{found[1]}{Path(folder, found[2]).resolve()}{found[3] or ''}" if found else url


def require_files(given: InputPlan, place: Place, reader: Reader) -> None:
    """Remember which files of an input are not there."""
    section, key = place
    if place not in reader.faulty and (problem := _missing(given)):
        reader.fault(section, key, problem)
    if given.layout.endswith(".toml") and not Path(given.layout).is_file():
        reader.fault(section, "layout", f"{given.layout} does not exist.")
    if given.query is not None:
        sql, base = given.query.sql, _SQLITE.fullmatch(given.query.url)
        if isinstance(sql, Path) and not sql.is_file():
            reader.fault(section, "sql", f"{sql} does not exist.")
        if base and not Path(base[2]).is_file():
            reader.fault(section, "url", f"{base[2]} does not exist.")


def repeated(places: Places, faulty: set[Place]) -> Iterator[str]:
    """Name what is read for two inputs: it can only be a slip."""
    seen: Places = {}
    for place, given in places.items():
        if place in faulty:
            continue
        for other, before in seen.items():
            if words := _same(given, before):
                yield f"[{place[0]}] {place[1]}: {words} [{other[0]}] {other[1]}; each needs its own."
                break
        seen[place] = given


def _query(reader: Reader, section: str) -> QueryPlan | None:
    url, parameters = reader.maybe_text(section, "url"), reader.values(section, "parameters")
    statement = reader.maybe_text(section, "sql")
    if not reader.given(section, "url"):
        for key in ("sql", "parameters"):
            if reader.given(section, key):
                reader.fault(section, key, "goes with url, the address of the database; url is missing.")
        return None
    if url is not None and (problem := _wrong_address(url)):
        reader.fault(section, "url", problem)
    sql = statement or reader.text(section, "sql")
    # A statement has a blank or a line end behind its first word, also where its last one is a file's name.
    is_file = sql.lower().endswith(".sql") and not re.match(r"(?i)\s*(--|/\*|\(|(select|with)\s)", sql)
    return QueryPlan(
        url=beside(url or "", reader.resolve(".")),
        sql=reader.resolve(sql) if is_file else sql,
        parameters=MappingProxyType(dict(parameters)),
    )


def _wrong_address(url: str) -> str:
    """Say what is wrong with an address; it is not repeated, since it may hold a password."""
    if url.startswith("$"):
        if _VARIABLE.fullmatch(url):
            return ""
        return 'the name of an environment variable is needed behind the $, such as "$SIS_URL".'
    if _PASSWORD.search(unquote(url)):
        return (
            "holds a password, and a plan is copied into the outputs of each run. Put the address into an "
            'environment variable, and name that here: url = "$SIS_URL".'
        )
    if not _URL.match(url):
        return (
            'the address of a database such as "oracle+oracledb://reader@host/sis" is needed, or the '
            'environment variable that holds it, "$SIS_URL".'
        )
    return ""


def _layout(reader: Reader, section: str) -> str:
    """Take the name of a shipped layout, or the place of a layout of the user's own."""
    known = LAYOUTS[section.partition(".")[0]]
    own = reader.maybe_text(section, "layout")
    if own and own.endswith(".toml"):
        return str(reader.resolve(own))
    if (section, "layout") in reader.faulty:
        return known[0]
    return reader.one_of(section, "layout", known, default=None if section == "students" else known[0])


def _limits(reader: Reader, section: str) -> Mapping[str, int]:
    reader.table(section, "limits")
    if (section, "limits") in reader.faulty:
        return MappingProxyType({})
    found = {name: reader.count(f"{section}.limits", name) for name in LIMITS}
    return MappingProxyType({name: count for name, count in found.items() if count is not None})


def _clashes(given: InputPlan) -> Iterator[tuple[str, str]]:
    """Name keys that do not go together, each with what to do."""
    if given.query is not None:
        if given.path is not None:
            yield "url", "does not go with path: a table comes from files or from a database. Leave one out."
        for key, why in _NO_FILE.items():
            if getattr(given, key):
                yield key, f"does not go with url, {why}. Leave it out."
        return
    listed = isinstance(given.path, tuple)
    if listed and len(set(given.files)) < len(given.files):
        yield "path", "names a file twice: its rows would be doubled. Name it once."
    if listed and given.parts:
        yield "parts", "goes with a folder; the files of a list are parts anyway. Leave it out."
    if (listed or given.parts) and given.member is not None:
        yield "member", "names a file within one archive, and path names several files. Unpack them."
    if given.sheet is not None and given.encoding is not None:
        yield "encoding", "does not go with sheet: a spreadsheet says itself how its texts are written."


def _missing(given: InputPlan) -> str:
    if given.parts:
        folder = given.files[0] if given.files else Path()
        if folder.is_dir():
            return ""
        what = (
            "is a file; parts = true is for a folder. Leave it out" if folder.exists() else "does not exist"
        )
        return f"{folder} {what}."
    for file in given.files:
        if file.is_dir():
            hint = "" if isinstance(given.path, tuple) else ", or add parts = true if all in it are one table"
            return f"{file} is a folder; name the file in it{hint}."
        if not file.is_file():
            return f"{file} does not exist."
    return ""


def _same(given: InputPlan, before: InputPlan) -> str:
    """Say in what two inputs are one, "" where they are not; sheets of one workbook are two tables."""
    if given.query is not None or before.query is not None:
        return "is the same query as" if given.query == before.query else ""
    if not any(_within(file, before) for file in given.files) and not any(
        _within(file, given) for file in before.files
    ):
        return ""
    for one, other in ((given.sheet, before.sheet), (given.member, before.member)):
        if one is not None and other is not None and one != other:
            return ""
    return "is the same file as" if given.path == before.path else "names a file that is read already for"


def _within(file: Path, given: InputPlan) -> bool:
    return file in given.files or (given.parts and file.parent in given.files)
