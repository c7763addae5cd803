"""Shapes: what the file that an SIS is loaded from looks like, a TOML file a system, for anybody to edit."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

# What a column may hold.
FIELDS: Final = (
    "college", "sis_id", "person", "cccid", "old", "change", "code", "effective", "alt_ids", "alt_types"
)  # fmt: skip
LISTS: Final = ("alt_ids", "alt_types")
# What comes from the extract's own columns; codes are only looked at.
TAKEN: Final = ("person", *LISTS, "codes")
_PARTS: Final[dict[str, type]] = {
    "title": str,
    "code_option": str,
    "file": dict,
    "extract": dict,
    "columns": dict,
}
_FILE: Final[dict[str, type]] = {"delimiter": str, "header": bool, "separator": str}
_SHIPPED: Final = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a load file looks like.

    Attributes:
        name: "banner", or the path of a file of the user's own.
        title: for people.
        columns: column of the file -> the field that stands in it, or {"text": ...}, or {"field": ...,
            "format": ...}.
        extract: what is taken from the extract -> the names that its column may have.
        code_option: the option of the extract's layout that says how CCCIDs are marked.
        delimiter: between columns.
        header: whether the first line names the columns.
        separator: between the values of a list.
    """

    name: str
    title: str
    columns: Mapping[str, str | Mapping[str, str]]
    extract: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code_option: str = ""
    delimiter: str = ","
    header: bool = True
    separator: str = "|"

    @property
    def fields(self) -> set[str]:
        """The fields that the file holds."""
        return {_field(what) for what in self.columns.values()} - {""}


def shipped_shapes() -> tuple[str, ...]:
    """Name the shapes that come with the package, sorted.

    >>> shipped_shapes()
    ('banner', 'colleague', 'peoplesoft')
    """
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def shape_text(name: str, /) -> str:
    """Give a shape, a shipped one or a file, as it may be edited.

    Raises:
        InputError: there is no such shape.
    """
    if name.endswith(".toml") and Path(name).is_file():
        return Path(name).read_text(encoding="utf-8-sig")
    if name not in shipped_shapes():
        raise InputError(f'There is no shape "{name}".{nearest(name, shipped_shapes())}')
    return (_SHIPPED / f"{name}.toml").read_text(encoding="utf-8")


def load_shape(name: str, /) -> Shape:
    """Find a shipped shape by name, or read a user's own TOML file.

    Raises:
        InputError: there is no such shape, or it cannot be used; all that is wrong with it at once.
    """
    content = _content(Path(name)) if name.endswith(".toml") else tomllib.loads(shape_text(name))
    problems = list(_problems(content))
    if problems:
        raise InputError(f"The shape {name} cannot be used: {'; '.join(sorted(problems))}. Correct it there.")
    return Shape(
        name=name,
        title=content.get("title", name),
        columns=content["columns"],
        extract={what: tuple(names) for what, names in content.get("extract", {}).items()},
        code_option=content.get("code_option", ""),
        **content.get("file", {}),
    )


def _content(path: Path) -> dict[str, Any]:
    fault, content = "", {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        fault = f"cannot be read: {error.strerror}. Check the path"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fault = f"is no TOML file: {error}. Mend that place"
    if fault:
        raise InputError(f"The shape {path} {fault}; `reconcile writeback --copy-shape FILE` writes one.")
    return content


def _problems(content: dict[str, Any]) -> Iterator[str]:
    """Say what nobody reads, what is of a wrong kind, and which columns cannot be filled."""
    yield from _odd(content, _PARTS, "")
    parts = {name: part if isinstance(part := content.get(name, {}), dict) else {} for name in _PARTS}
    yield from _odd(parts["file"], _FILE, " under [file]")
    for key in ("delimiter", "separator"):
        sign = parts["file"].get(key, ",")
        if isinstance(sign, str) and (len(sign) != 1 or not sign.isascii() or sign in '"\r\n'):
            yield f"{key} under [file] is not one character"
    for what, names in parts["extract"].items():
        if what not in TAKEN:
            yield f'nobody takes "{what}" from the extract{_meant(what, TAKEN)}'
        elif not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            yield f"{what} under [extract] is no list of column names"
    if not parts["columns"]:
        yield "it has no [columns]"
    for column, what in parts["columns"].items():
        yield from _unfilled(column, what, parts["extract"])


def _odd(found: dict[str, Any], known: dict[str, type], where: str) -> Iterator[str]:
    for key, value in found.items():
        if key not in known:
            yield f'nobody reads "{key}"{where}{_meant(key, known)}'
        elif not isinstance(value, known[key]):
            yield f"{key}{where} is of another kind than it should be"


def _unfilled(column: str, what: object, extract: Mapping[str, object]) -> Iterator[str]:
    texts = isinstance(what, dict) and all(isinstance(value, str) for value in what.values())
    if isinstance(what, dict) and texts and what.keys() == {"text"}:
        return
    if not (isinstance(what, str) or (texts and isinstance(what, dict) and "field" in what)):
        yield f'the column "{column}" says neither a field nor a text'
        return
    name = _field(what)
    if name not in FIELDS:
        yield f'the column "{column}" asks for "{name}", which there is not{_meant(name, FIELDS)}'
    elif name in TAKEN and name not in extract:
        yield f'the column "{column}" asks for {name}, and [extract] does not say in which column it is'
    if isinstance(what, dict) and "format" in what and name != "effective":
        yield f'the column "{column}" has a format, which only the date effective takes'


def _field(what: str | Mapping[str, str]) -> str:
    return what if isinstance(what, str) else what.get("field", "")


def _meant(word: str, known: object) -> str:
    hint = nearest(word, known).strip().rstrip(".")  # type: ignore[arg-type]
    return f" ({hint[0].lower()}{hint[1:]})" if hint else ""


def written(day: date, what: str | Mapping[str, str], /) -> str:
    """Write a date in the form that a column asks for, in capitals as loaders write months.

    >>> from datetime import date
    >>> written(date(2026, 11, 20), {"field": "effective", "format": "%d-%b-%Y"})
    '20-NOV-2026'
    """
    form = what.get("format", "%Y-%m-%d") if not isinstance(what, str) else "%Y-%m-%d"
    return day.strftime(form).upper()
