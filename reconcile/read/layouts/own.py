"""A layout file of the user's own: checked key by key, and laid over the shipped one that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from reconcile.columns import plain
from reconcile.errors import InputError, nearest
from reconcile.read.layouts.layout import COMMON_OPTIONS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    Content = Mapping[str, Any]

ROLES: Final = ("current", "former_name", "former_id", "passed_over")
KEYS: Final = (
    "base", "table", "title", "several_rows", "flags", "ignored", "required", "optional", "roles", "options",
    "values", "prefer", "positions", "fixed",
)  # fmt: skip
_SECTIONS: Final = ("required", "optional", "roles", "options", "values", "prefer")
_LISTS: Final = ("flags", "ignored")
_NAMED: Final = ("required", "optional")


def complete(own: Content, path: Path, known: Mapping[str, Content]) -> dict[str, Any]:
    """Check a user's layout and fill in what its `base` says.

    Where both say something of a field, a role, a code or an option, the user's own counts. Names that the
    user gives to a field no longer stand for another one of the base. Names of `ignored` and `flags` are
    added to those of the base; an optional field with an empty list is not read.

    Args:
        own: the file's content.
        path: for messages.
        known: the content of each shipped layout.

    Raises:
        InputError: everything that nobody reads or understands, at once.
    """
    _refuse_keys(own, path)
    base: Content = {}
    if "base" in own:
        named = own["base"]
        if named not in known:
            raise InputError(
                f'The layout {path}: base names no shipped layout ("{named}").{nearest(str(named), known)}'
            )
        base = known[named]
    table = own.get("table", base.get("table"))
    if table not in TABLES or not (base or own.get("required")):
        raise InputError(
            f"The layout {path} needs table (one of {', '.join(TABLES)}) and a section [required], or the "
            f'name of a shipped layout to change: base = "generic" (known: {", ".join(sorted(known))}).'
        )
    problems = _of_wrong_kind(own)
    if base and table != base["table"]:
        problems.append(f'table is "{table}", but the layout "{own["base"]}" is one of {base["table"]}')
    if not problems:
        related = [one for one in known.values() if one["table"] == table]
        problems = [*_unknown(own, related), *_claimed_twice(own)]
    if problems:
        raise InputError(f"The layout {path}: {'; '.join(problems)}. Correct it there.")
    return _lay_over({**own, "table": table}, base)


def meant(word: str, known: Iterable[str], /) -> str:
    """Say within a sentence which known word was probably meant.

    >>> meant("emial", ["email", "phone"])
    ' (did you mean "email"?)'
    """
    hint = nearest(word, known).strip()
    return f" ({hint[0].lower()}{hint[1:].rstrip('.')})" if hint else ""


def _refuse_keys(own: Content, path: Path) -> None:
    for key in sorted(own.keys() - {*KEYS}):
        raise InputError(f'The layout {path} has a key "{key}" that nobody reads.{nearest(key, KEYS)}')


def _of_wrong_kind(own: Content) -> list[str]:
    """Sections that are none, names that are no names."""
    problems = [
        f"{key} is no section; write [{key}] on a line of its own"
        for key in _SECTIONS
        if not isinstance(own.get(key, {}), Mapping)
    ]
    problems += [
        f"{key} is no list of texts" for key in _LISTS if not _are_texts(own.get(key, []), kinds=(str,))
    ]
    if not isinstance(own.get("several_rows", False), bool):
        problems.append("several_rows is neither true nor false")
    if not isinstance(own.get("title", ""), str):
        problems.append("title is no text")
    if problems:
        return problems
    for section in _NAMED:
        problems += [
            f"{name} under [{section}] is neither a column name, nor the number of a column from 1, nor a "
            "list of names"
            for name, given in own.get(section, {}).items()
            if not _are_names(given)
        ]
        problems += [
            f"{name} under [required] has no column name; a field that is not needed goes under [optional]"
            for name, given in own.get(section, {}).items()
            if section == "required" and given == []
        ]
    problems += [
        f'values for {name} is no section; write [values.{name}] and lines such as CR = "credit" below it'
        for name, words in own.get("values", {}).items()
        if not isinstance(words, Mapping) or not _are_texts([*words.values()], kinds=(str,))
    ]
    problems += [
        f"{key} under [{section}] is no text"
        for section in ("roles", "prefer")
        for key, word in own.get(section, {}).items()
        if not isinstance(word, str)
    ]
    return problems


def _are_texts(given: object, *, kinds: tuple[type, ...]) -> bool:
    return isinstance(given, list) and all(type(one) in kinds and one != "" for one in given)


def _are_names(given: object) -> bool:
    """Names, among them at most one number of a column."""
    if not _are_texts(_listed(given), kinds=(str, int)):
        return False
    numbers = [one for one in _listed(given) if isinstance(one, int)]
    return len(numbers) < 2 and all(number > 0 for number in numbers)  # noqa: PLR2004 - one column is meant


def _listed(given: object) -> Any:  # noqa: ANN401 - whatever stood in the file
    return given if isinstance(given, list) else [given]


def _unknown(own: Content, related: Sequence[Content]) -> list[str]:
    """Fields, roles and options that no layout of this table has."""
    fields = {name for one in related for section in _NAMED for name in one.get(section, {})}
    options = {name for one in related for name in one.get("options", {})} | {*COMMON_OPTIONS}
    given: dict[str, tuple[Iterable[str], Iterable[str]]] = {
        "under [required]": (own.get("required", {}), fields),
        "under [optional]": (own.get("optional", {}), fields),
        "under flags": (own.get("flags", []), fields),
        "under [values]": (own.get("values", {}), fields),
        "under [prefer]": (own.get("prefer", {}), fields),
        "under [options]": (own.get("options", {}), options),
    }
    problems = [
        f'there is no "{name}" {where} to set{meant(name, known)}'
        for where, (names, known) in given.items()
        for name in names
        if name not in known
    ]
    return problems + [
        f'"{role}" under [roles] is no role{meant(role, ROLES)}'
        for role in own.get("roles", {}).values()
        if role not in ROLES
    ]


def _claimed_twice(own: Content) -> list[str]:
    """Names or numbers that the user gives to two fields, and fields that are there twice."""
    claims: dict[object, list[str]] = {}
    for section in _NAMED:
        for field, names in own.get(section, {}).items():
            for name in dict.fromkeys(_key(name) for name in _listed(names)):
                claims.setdefault(name, []).append(field)
    both = sorted(own.get("required", {}).keys() & own.get("optional", {}).keys())
    problems = [f"{field} stands under [required] and under [optional]" for field in both]
    return problems + [
        f"{' and '.join(fields)} are both mapped to one column"
        for fields in claims.values()
        if len({*fields}) > 1
    ]


def _key(name: object) -> object:
    return plain(name) if isinstance(name, str) else name


def _lay_over(own: Content, base: Content) -> dict[str, Any]:
    made: dict[str, Any] = {**base, **own}
    made.pop("base", None)
    for key in ("roles", "options", "prefer"):
        made[key] = {**base.get(key, {}), **own.get(key, {})}
    made["values"] = {
        name: {**base.get("values", {}).get(name, {}), **own.get("values", {}).get(name, {})}
        for name in {**base.get("values", {}), **own.get("values", {})}
    }
    for key in _LISTS:
        made[key] = [*dict.fromkeys([*base.get(key, []), *own.get(key, [])])]
    stated = {name: _listed(given) for key in _NAMED for name, given in own.get(key, {}).items()}
    claimed = {_key(name) for names in stated.values() for name in names}
    for key, other in zip(_NAMED, reversed(_NAMED), strict=True):
        left = {
            name: [synonym for synonym in names if _key(synonym) not in claimed]
            for name, names in base.get(key, {}).items()
            if name not in stated or name in own.get(key, {})
        }
        made[key] = {**left, **{name: stated[name] for name in own.get(key, {})}}
        made[key] = {n: s for n, s in made[key].items() if n not in own.get(other, {})}
    made["optional"] = {name: names for name, names in made["optional"].items() if names}
    return _with_places(made)


def _with_places(content: Content) -> dict[str, Any]:
    """Keep the numbers of columns apart from the names."""
    given = {name: names for key in _NAMED for name, names in content[key].items()}
    places = {name: one for name, names in given.items() for one in names if isinstance(one, int)}
    named = {
        key: {name: [one for one in names if isinstance(one, str)] for name, names in content[key].items()}
        for key in _NAMED
    }
    return {**content, **named, "places": places}


def with_own_names(content: Content, /) -> dict[str, Any]:
    """Let each field's own name stand for it, too, unless that is another field's."""
    taken = {plain(name) for key in _NAMED for names in content[key].values() for name in names}
    named = {
        key: {name: names if plain(name) in taken else [*names, name] for name, names in content[key].items()}
        for key in _NAMED
    }
    return {**content, **named}
