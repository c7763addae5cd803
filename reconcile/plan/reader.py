"""Typed values out of TOML; every problem is remembered and told at the end instead of the first alone."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from reconcile.errors import PlanError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Value = TypeVar("Value")

_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")

_TEXT: Final = "a text between quotes"
_DAY: Final = "a date such as 2026-11-30"
_FILES: Final = 'a file such as "students.csv", a list of files, or the url and sql of a database'
_KINDS: Final = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (str, "a text"),
    (datetime, "a date with a time"),
    (date, "a date"),
    (list, "a list"),
    (dict, "a table"),
)


class Reader:
    """The tables of one TOML file.

    Sections and keys become known by being asked for; `problems` names those that nobody asked for. A table
    within a section is a section of its own, "students.limits".

    Args:
        text: the file's content.
        path: the file, for messages and as the base of relative paths.

    Raises:
        PlanError: the text is no TOML.
    """

    def __init__(self, text: str, path: Path, /) -> None:
        """Parse the text."""
        self._path = path
        self._tables = _parse(text, path)
        self._known: dict[str, set[str]] = {}
        self._problems: list[str] = []
        self.faulty: set[tuple[str, str]] = set()

    def has(self, section: str) -> bool:
        """Whether an optional section is there."""
        self._know(section)
        return self._table(section) is not None

    def is_table(self, section: str) -> bool:
        """Whether a key that may also be a text is a table: [accounts.previous]."""
        return isinstance(self._table(section), dict)

    def given(self, section: str, key: str) -> bool:
        """Whether a key is there and not empty."""
        return self._found(section, key) is not None

    def text(self, section: str, key: str, *, default: str | None = None) -> str:
        """Take a text that is not empty."""
        return self._take(section, key, _TEXT, _as_text, default=default) or ""

    def maybe_text(self, section: str, key: str) -> str | None:
        """Take a text that may be left out or left empty."""
        return self._take(section, key, _TEXT, _as_text, required=False)

    def one_of(self, section: str, key: str, known: Collection[str], *, default: str | None = None) -> str:
        """Take a word of a closed list."""
        wanted = "one of " + ", ".join(f'"{word}"' for word in known)
        found = self._take(section, key, wanted, _as_text, default=default)
        if found is not None and found not in known:
            self.fault(section, key, f'"{found}" was found; {wanted} is needed.{nearest(found, known)}')
        return found if found is not None and found in known else next(iter(known))

    def day(self, section: str, key: str) -> date:
        """Take a date."""
        return self._take(section, key, _DAY, _as_day) or date.min

    def maybe_day(self, section: str, key: str) -> date | None:
        """Take a date that may be left out or left empty."""
        return self._take(section, key, _DAY, _as_day, required=False)

    def flag(self, section: str, key: str, *, default: bool | None = None) -> bool:
        """Take true or false."""
        return bool(self._take(section, key, "true or false", _as_flag, default=default))

    def days(self, section: str, key: str, *, default: int) -> int:
        """Take a number of days."""
        found = self._take(section, key, "a whole number of days", _as_days, default=default)
        return default if found is None else found

    def share(self, section: str, key: str, *, default: float) -> float:
        """Take a probability."""
        found = self._take(section, key, "a number between 0 and 1", _as_share, default=default)
        return default if found is None else found

    def texts(self, section: str, key: str, *, required: bool = True) -> tuple[str, ...]:
        """Take a list of texts; numbers are refused, since a code's leading zeros count."""
        wanted = 'a list of texts such as ["076", "077"]'
        return self._take(section, key, wanted, _as_texts, required=required) or ()

    def table(self, section: str, key: str) -> Mapping[str, object]:
        """Take a table whose keys somebody else knows."""
        return MappingProxyType(self._take(section, key, "a table", _as_table, required=False) or {})

    def places(self, section: str, key: str, *, required: bool) -> Path | tuple[Path, ...] | None:
        """Take the path of a file, or a list of files, each relative to the plan's folder."""
        found = self._take(section, key, _FILES, _as_text_or_texts, required=required)
        if found is None or isinstance(found, str):
            return None if found is None else self.resolve(found)
        return tuple(self.resolve(one) for one in found)

    def name_or_number(self, section: str, key: str) -> str | int | None:
        """Take a name, or a number from 1 on; it may be left out."""
        wanted = 'a name such as "Fall" or a number from 1 on'
        found = self._take(section, key, wanted, _as_name_or_number, required=False)
        return found if isinstance(found, str | int) else None

    def count(self, section: str, key: str) -> int | None:
        """Take a number from 1 on; it may be left out."""
        return self._take(section, key, "a whole number from 1 on", _as_count, required=False)

    def values(self, section: str, key: str) -> Mapping[str, object]:
        """Take a table of texts, numbers, dates, or true and false."""
        wanted = "a table of texts, numbers or dates"
        return MappingProxyType(self._take(section, key, wanted, _as_values, required=False) or {})

    def place(self, section: str, key: str, *, default: str | None = None) -> Path:
        """Take a path, relative to the file's folder."""
        return self.resolve(self.text(section, key, default=default))

    def maybe_place(self, section: str, key: str) -> Path | None:
        """Take a path that may be left out or left empty."""
        given = self.maybe_text(section, key)
        return self.resolve(given) if given else None

    def numbers(self, section: str, key: str) -> dict[str, float]:
        """Take a table of numbers that are not negative, by names that somebody else knows."""
        found = self._take(section, key, "a table of numbers, not negative", _as_numbers, required=False)
        return found or {}

    def resolve(self, place: str) -> Path:
        """Make a path of the file absolute."""
        return Path(self._path.parent, Path(place).expanduser()).resolve()

    def fault(self, section: str, key: str, problem: str) -> None:
        """Remember what is wrong with a key."""
        self.faulty.add((section, key))
        self._problems.append(f"[{section}] {key}: {problem}")

    def problems(self) -> list[str]:
        """Name what was wrong, and the sections and keys that nobody asked for."""
        known = [section for section in self._known if "." not in section]
        unread = [
            f"[{section}]: no such section.{nearest(section, known)}"
            for section in self._tables
            if section not in known
        ]
        for section, keys in self._known.items():
            table = self._table(section)
            unknown = table.keys() - keys if isinstance(table, dict) else ()
            unread += [f"[{section}] {key}: no such key.{nearest(key, keys)}" for key in unknown]
        return self._problems + unread

    def _know(self, section: str) -> set[str]:
        """Remember a section, a table within another one as its key, too."""
        outer, _, inner = section.rpartition(".")
        if outer:
            self._know(outer).add(inner)
        return self._known.setdefault(section, set())

    def _table(self, section: str) -> object:
        table: object = self._tables
        for name in section.split("."):
            table = table.get(name) if isinstance(table, dict) else None
        return table

    def _found(self, section: str, key: str) -> object:
        table = self._table(section)
        found = table.get(key) if isinstance(table, dict) else None
        return None if found == "" else found

    def _take(
        self,
        section: str,
        key: str,
        wanted: str,
        read: Callable[[object], Value | None],
        *,
        default: Value | None = None,
        required: bool = True,
    ) -> Value | None:
        self._know(section).add(key)
        found = self._found(section, key)
        if found is None:
            if required and default is None:
                table = self._table(section)
                lacks = "empty" if isinstance(table, dict) and key in table else "missing"
                self.fault(section, key, f"is {lacks}; {wanted} is needed.")
            return default
        value = read(found)
        if value is None:
            self.fault(section, key, f"{_kind(found)} was found; {wanted} is needed.")
        return value


def _parse(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
    where = _PLACE.search(said)
    line = int(where[1]) if where else text.count("\n") + 1
    lines = text.splitlines()
    hint = ""
    if line <= len(lines) and "\\" in lines[line - 1]:
        hint = " Windows paths stand between single quotes: path = 'C:\\data\\students.csv'."
    elif line <= len(lines) and "=" in lines[line - 1]:
        hint = ' Texts stand between quotes (name = "Fall"), dates do not (as_of = 2026-11-30).'
    raise PlanError(f"{path}, line {line}: this is no TOML ({_PLACE.sub('', said).strip()}).{hint}")


def _kind(value: object) -> str:
    if value == []:
        return "an empty list"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "something else")


def _as_text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _as_day(value: object) -> date | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _as_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _as_days(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _as_share(value: object) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1 else None  # type: ignore[arg-type,operator]


def _as_texts(value: object) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value):
        return tuple(one.strip() for one in value)
    return None


def _as_text_or_texts(value: object) -> str | tuple[str, ...] | None:
    return _as_text(value) or _as_texts(value) or None


def _as_count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _as_name_or_number(value: object) -> str | int | None:
    return _as_text(value) or _as_count(value)


def _as_values(value: object) -> dict[str, object] | None:
    if not isinstance(value, dict):
        return None
    single = all(isinstance(one, str | int | float | date) for one in value.values())
    return value if single else None


def _as_table(value: object) -> dict[str, object] | None:
    return value if isinstance(value, dict) else None


def _as_numbers(value: object) -> dict[str, float] | None:
    if not isinstance(value, dict):
        return None
    sound = [isinstance(n, int | float) and not isinstance(n, bool) and n >= 0 for n in value.values()]
    return {str(name): float(n) for name, n in value.items()} if all(sound) else None
