"""YAML whose entries remember where they stand, so that an error names file and line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reconcile.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LARGEST: Final = 1_000_000  # bytes of a file
_DEEPEST: Final = 12  # entries inside one another
_NULLS: Final = ("", "~", "null", "Null", "NULL")
_BOOLEANS: Final = dict.fromkeys(("true", "yes", "on"), True) | dict.fromkeys(("false", "no", "off"), False)
_NO_TEXT: Final = re.compile(r"[\0\ud800-\udfff]")  # no engine takes these
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")

T = TypeVar("T")


class Items(list[Any]):
    """A list of a YAML file that remembers the line of each item."""

    def __init__(self, values: Iterable[Any] = (), /, *, line: int = 0) -> None:
        """Make one whose items all stand in one line."""
        super().__init__(values)
        self.lines = [line] * len(self)


class Entry(dict[str, Any]):
    """A mapping of a YAML file that remembers its file, its line and the line of each key."""

    def __init__(self, file: str = "", line: int = 0) -> None:
        """Make an empty one."""
        super().__init__()
        self.file, self.line, self.what = file, line, ""
        self.lines: dict[str, int] = {}

    def wrong(self, text: str, key: str = "") -> InputError:
        """Make the error that names this place, or that of one of its keys."""
        line = self.lines.get(key, self.line)
        return InputError(f"{self.file}, line {line}{self.what and ', '}{self.what}: {text}")

    def called(self, what: str) -> Entry:
        """Name it and everything inside, so that errors say of what they speak."""
        self.what = what
        for value in self.values():
            if isinstance(value, Entry):
                value.called(what)
        return self

    def like(self, values: dict[str, Any]) -> Entry:
        """Make an entry with other values that stands in the same place."""
        made = Entry(self.file, self.line)
        made.what, made.lines = self.what, self.lines
        made.update(values)
        return made

    def take(self, key: str, kind: type[T]) -> T | None:
        """Take a value of one kind, None when there is none."""
        value = self.get(key)
        if value is not None and type(value) is not kind:
            quotes = " Put it in quotes." if kind is str and isinstance(value, bool | int) else ""
            raise self.wrong(f"{key} is {KINDS[type(value)]}; {KINDS[kind]} was expected.{quotes}", key)
        taken: T | None = value
        return taken

    def text(self, key: str) -> str:
        """Take a text that must be there."""
        value = self.take(key, str)
        if not value:
            raise self.wrong(f"{key} is empty; a text was expected.", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of texts; an absent one is empty."""
        items = self.take(key, Items) or Items()
        for item, line in zip(items, items.lines, strict=True):
            if not isinstance(item, str):
                self.lines = {**self.lines, key: line}
                raise self.wrong(f"an item of {key} is {KINDS[type(item)]}; put it in quotes.", key)
        return tuple(items)

    def part(self, key: str) -> Entry:
        """Take a mapping; an absent one is empty."""
        found = self.take(key, Entry)
        return self.like({}) if found is None else found

    def parts(self, key: str) -> tuple[Entry, ...]:
        """Take a list of mappings; an absent one is empty."""
        return entries(self.take(key, Items) or Items(), self.file)


KINDS: Final[dict[type, str]] = {
    str: "a text",
    int: "a number",
    bool: "true or false (as YAML also reads yes, no, on and off)",
    Entry: "a mapping (key: value)",
    Items: "a list (- item)",
    type(None): "empty",
}


def read_entries(path: Path, /) -> tuple[Entry, ...]:
    """Read a YAML file that is a list of mappings.

    YAML's surprises are refused or left out: a key that is there twice, aliases, tags; dates, octal and
    other special numbers stay the text that they are.

    Raises:
        InputError: it is no such file; the message names file and line.
    """
    found = read_yaml(path)
    if not isinstance(found, Items) or not found:
        raise InputError(
            f"{path.name}, line 1: the file is {KINDS[type(found or None)]}; a list of entries, each "
            "beginning with a dash, was expected."
        )
    return entries(found, path.name)


def read_yaml(path: Path, /) -> Any:  # noqa: ANN401 - YAML
    """Read a YAML file of our strict kind; see `read_entries`.

    Raises:
        InputError: it is no such file.
    """
    import yaml  # noqa: PLC0415 - not needed to run a suite

    text, loader = _text(path), None
    try:
        loader = yaml.SafeLoader(text)
        return _document(iter(loader.get_event, None), path.name)
    except InputError:
        raise
    except yaml.reader.ReaderError as error:
        line, told = text.count("\n", 0, error.position) + 1, "a control character"
    except yaml.MarkedYAMLError as error:
        line, told = error.problem_mark.line + 1 if error.problem_mark else 1, str(error.problem)
    except (ValueError, OverflowError):
        line, told = loader.line + 1 if loader else 1, "an escape that stands for no character"
    tab = " Indent with spaces, not with tabs." if "\\t" in told else ""
    raise InputError(f"{path.name}, line {line}: this is no YAML ({told}). Mend the line.{tab}")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1) if path.is_file() else None
    except (OSError, ValueError):
        data = None
    if data is None:
        raise InputError(f"{path} cannot be read. Name a YAML file that is there and that you may read.")
    if len(data) > _LARGEST:
        raise InputError(f"{path.name} is larger than {_LARGEST:,} bytes; no list of rules is. Split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise InputError(f"{path.name}, line {line}: this is not UTF-8. Save the file as UTF-8.")


def _document(events: Iterator[Any], file: str) -> Any:  # noqa: ANN401 - YAML
    next(events)  # the stream begins
    if type(next(events)).__name__ == "StreamEndEvent":
        return None
    value = _value(next(events), events, file, 0)
    next(events)  # the document ends
    after = next(events)
    if type(after).__name__ != "StreamEndEvent":
        line = after.start_mark.line + 1
        raise InputError(f"{file}, line {line}: a second document begins here. Keep one in a file.")
    return value


def _value(event: Any, events: Iterator[Any], file: str, depth: int) -> Any:  # noqa: ANN401 - YAML
    line, kind = event.start_mark.line + 1, type(event).__name__
    if kind == "AliasEvent" or event.tag is not None or depth > _DEEPEST:
        raise InputError(
            f"{file}, line {line}: aliases (*), tags (!) and entries inside more than {_DEEPEST} "
            "others are not read. Write the text out, in quotes if it begins with one of these."
        )
    if kind == "ScalarEvent":
        if _NO_TEXT.search(event.value):
            raise InputError(f"{file}, line {line}: an escape stands for no character of a text. Mend it.")
        return _scalar(event.value) if event.implicit[0] else event.value
    made: Entry | Items = Entry(file, line) if kind == "MappingStartEvent" else Items()
    while not type(event := next(events)).__name__.endswith("EndEvent"):
        line, value = event.start_mark.line + 1, _value(event, events, file, depth + 1)
        if isinstance(made, Items):
            made.append(value)
            made.lines.append(line)
            continue
        if not isinstance(value, str):
            raise InputError(f"{file}, line {line}: a key is {KINDS[type(value)]}. Put it in quotes.")
        if value in made:
            raise InputError(
                f"{file}, line {line}: the key {value} is there twice, first in line "
                f"{made.lines[value]}. Keep one."
            )
        made[value] = _value(next(events), events, file, depth + 1)
        made.lines[value] = line
    return made


def _scalar(text: str) -> str | int | bool | None:
    if text in _NULLS:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    return _BOOLEANS.get(text.lower(), text)


def entries(items: Items, file: str, /) -> tuple[Entry, ...]:
    """Take a list's items, all of which must be mappings.

    Raises:
        InputError: one is none.
    """
    for item, line in zip(items, items.lines, strict=True):
        if not isinstance(item, Entry):
            raise InputError(
                f"{file}, line {line}: the entry is {KINDS[type(item)]}; a mapping was expected."
            )
    return tuple(items)


def check_keys(entry: Entry, /, *, known: frozenset[str], needed: frozenset[str]) -> None:
    """Refuse keys that nobody reads, and the lack of one that is needed.

    Raises:
        InputError: so it is.
    """
    for key in entry:
        if key not in known:
            raise entry.wrong(f"the key {key} is not read by anybody.{nearest(key, known)}", key)
    lacking = sorted(needed - set(entry))
    if lacking:
        raise entry.wrong(f"{', '.join(lacking)} is missing. Add it.")


def require_once(what: str, named: Iterable[tuple[str, Entry]], /) -> None:
    """Refuse a name that is given twice.

    Raises:
        InputError: two entries have one name; the message says where both are.
    """
    seen: dict[str, Entry] = {}
    for name, entry in named:
        if name in seen:
            first = f"{seen[name].file}, line {seen[name].line}"
            raise entry.wrong(f"there is more than one {what} called {name}, the first in {first}. Rename.")
        seen[name] = entry
