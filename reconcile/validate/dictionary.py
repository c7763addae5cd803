"""The data dictionary: one entry an element, read from YAML that an analyst can read too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconcile.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

SUITES: Final = ("students", "accounts", "mint_request", "snapshot_change")
SEVERITIES: Final = ("critical", "warning", "info")
LANGUAGES: Final = ("en", "es")
EASES: Final = ("mailbox",)  # what a college may have that makes a rule less grave

_FACTS: Final = ("number", "api", "column", "length", "nullable", "default", "mis")  # null when not known
_ELEMENT_NEEDS: Final = frozenset({"element", "name", "description", "type", "sensitivity", "source"})
_ELEMENT_KEYS: Final = _ELEMENT_NEEDS | {
    *_FACTS,
    "values",
    "aliases",
    "notes",
    "optional",
    "standard",
    "rules",
}
_RULE_NEEDS: Final = frozenset({"id", "suites", "message", "remedy"})
_RULE_KEYS: Final = _RULE_NEEDS | {"expect", "sql", "kwargs", "when", "eased", "notes"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is expected of an element, where, and what to do when it is not so.

    Attributes:
        id: stable; results, reports and plans refer to it.
        element: the element that it belongs to.
        suites: suite -> severity ("critical", "warning" or "info").
        expect: the Great Expectations type.
        kwargs: of the expectation; {"$PARAMETER": name} stands for a value given when a suite runs.
        message: language -> what the reader is told.
        remedy: what the analyst does about it.
        eased: what a college has ("mailbox": one that stands in for a student's) -> the severity then.
    """

    id: str
    element: str
    suites: dict[str, str]
    expect: str
    kwargs: dict[str, Any]
    message: dict[str, str]
    remedy: str
    eased: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element of the dictionary; None where the dictionary's text is not known to us.

    Attributes:
        element: the dictionary's name for it.
        number: its place in OpenCCC's list of 46, None for elements of our own.
        name: language -> its heading.
        api: its name in the API.
        column: its name in our tables, None when they do not carry it.
        description: in our own words.
        type: the kind of value.
        length: the most characters.
        values: the values allowed, empty when any is.
        nullable: whether it may be absent.
        default: what it is when nobody says.
        mis: the MIS element that it is reported as.
        sensitivity: "public", "internal", "personal" or "secret".
        source: where the facts come from.
        notes: what a reader should know, contradictions of the source among it.
        optional: suites whose tables may lack the column, which then counts as empty.
        rules: the rules.
    """

    element: str
    number: int | None
    name: dict[str, str]
    api: str | None
    column: str | None
    description: str
    type: str
    length: int | None
    values: tuple[str, ...]
    nullable: bool | None
    default: str | None
    mis: str | None
    sensitivity: str
    source: str
    notes: str
    aliases: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = field(default=(), repr=False)


def read_dictionary(folder: Path, /) -> tuple[Element, ...]:
    """Read all elements below `folder`, in the order of the files' names.

    Args:
        folder: holds `standard.yaml` (rules that many elements share) and `dictionary/*.yaml`.

    Raises:
        InputError: a file is no YAML, or an entry has an unknown key, suite or severity, or an id is taken.
    """
    standard = _load(folder / "standard.yaml")
    entries = [
        (path, entry) for path in sorted((folder / "dictionary").glob("*.yaml")) for entry in _load(path)
    ]
    elements = tuple(_element(entry, standard, where=path) for path, entry in entries)
    for what, names in (
        ("element", [one.element for one in elements]),
        ("rule", [rule.id for one in elements for rule in one.rules]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"The dictionary has more than one {what} called {', '.join(twice)}. Rename.")
    return elements


def _load(path: Path) -> Any:  # noqa: ANN401 - YAML
    import yaml  # noqa: PLC0415 - not needed to run a suite

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise InputError(f"{path}, line {line}: this is no YAML ({error.problem}). Mend the line.") from None


def _element(entry: dict[str, Any], standard: dict[str, Any], *, where: Path) -> Element:
    place = f"{where}, {entry.get('element', 'an entry')}"
    _check(entry, known=_ELEMENT_KEYS, needed=_ELEMENT_NEEDS, where=place)
    facts: dict[str, Any] = {key: entry.get(key) for key in _FACTS}
    facts |= {key: entry[key] for key in _ELEMENT_NEEDS} | {"notes": entry.get("notes", "")}
    facts |= {key: tuple(entry.get(key) or ()) for key in ("values", "aliases")}
    optional = entry.get("optional") or ()
    facts["optional"] = SUITES if optional is True else tuple(optional)
    for name in set(facts["optional"]) - set(SUITES):
        raise InputError(f"{place}: no suite {name}.{nearest(name, SUITES)}")
    made = Element(**facts)
    shared = [
        _standard(kind, suites, made, standard, where=where)
        for kind, suites in (entry.get("standard") or {}).items()
    ]
    own = [_rule(rule, made, where=where) for rule in entry.get("rules") or ()]
    return Element(**facts, rules=(*shared, *own))


def _standard(
    kind: str, suites: dict[str, str], element: Element, standard: dict[str, Any], *, where: Path
) -> Rule:
    """Make a rule that many elements share ("required", "length", ...) for one of them."""
    if kind not in standard:
        raise InputError(f"{where}, {element.element}: no standard rule {kind}.{nearest(kind, standard)}")
    facts = {"$length": element.length, "$values": list(element.values)}
    kwargs = {key: facts.get(str(value), value) for key, value in standard[kind]["kwargs"].items()}
    template = {
        "id": f"{element.column}_{kind}",
        "suites": suites,
        "expect": standard[kind]["expect"],
        "kwargs": kwargs,
        "message": {
            language: text.format(
                name=element.name[language], length=element.length, values=", ".join(element.values)
            )
            for language, text in standard[kind]["message"].items()
        },
        "remedy": standard[kind]["remedy"],
    }
    return _rule(template, element, where=where)


def _rule(entry: dict[str, Any], element: Element, *, where: Path) -> Rule:
    place = f"{where}, rule {entry.get('id', '(without an id)')}"
    _check(entry, known=_RULE_KEYS, needed=_RULE_NEEDS, where=place)
    if ("sql" in entry) == ("expect" in entry):
        raise InputError(f"{place}: it needs either expect or sql, not both.")
    _check(entry["message"], known=frozenset(LANGUAGES), needed=frozenset(LANGUAGES), where=place)
    _check_severities(entry["suites"], "suite", SUITES, where=place)
    _check_severities(entry.get("eased") or {}, "ease", EASES, where=place)
    kwargs = dict(entry.get("kwargs") or {})
    if "sql" in entry:
        predicate = " ".join(entry["sql"].split()).replace("{", "{{").replace("}", "}}")
        kwargs["unexpected_rows_query"] = f"SELECT * FROM {{batch}} WHERE {predicate}"
    elif "column" not in kwargs and "column_list" not in kwargs and "_table_" not in entry["expect"]:
        kwargs = {"column": element.column, **kwargs}
    if "when" in entry:
        kwargs["row_condition"] = _condition(entry["when"])
    return Rule(
        id=entry["id"],
        element=element.element,
        suites=dict(entry["suites"]),
        expect="unexpected_rows_expectation" if "sql" in entry else entry["expect"],
        kwargs=kwargs,
        message={language: entry["message"][language] for language in LANGUAGES},
        remedy=entry["remedy"],
        eased=dict(entry.get("eased") or {}),
    )


def _check_severities(given: dict[str, str], what: str, known: tuple[str, ...], *, where: str) -> None:
    for name, severity in given.items():
        if name not in known:
            raise InputError(f"{where}: no {what} {name}.{nearest(name, known)}")
        if severity not in SEVERITIES:
            raise InputError(f"{where}: no severity {severity}.{nearest(severity, SEVERITIES)}")


def _condition(when: dict[str, Any]) -> dict[str, Any]:
    """Write a condition as GX's: "column: value", ": [values]", ": {<: value}" or ": present"."""
    parts: list[dict[str, Any]] = []
    for column, value in when.items():
        about = {"column": {"name": column}}
        if value == "present":
            parts.append({"type": "nullity", **about, "is_null": False})
        elif isinstance(value, dict):
            parts += [
                {"type": "comparison", **about, "operator": operator, "parameter": bound}
                for operator, bound in value.items()
            ]
        elif isinstance(value, list):
            parts.append({"type": "comparison", **about, "operator": "IN", "parameter": value})
        else:
            parts.append({"type": "comparison", **about, "operator": "==", "parameter": value})
    return parts[0] if len(parts) == 1 else {"type": "and", "conditions": parts}


def _check(entry: dict[str, Any], *, known: frozenset[str], needed: frozenset[str], where: str) -> None:
    for key in entry:
        if key not in known:
            raise InputError(f"{where}: the key {key} is not read by anybody.{nearest(str(key), known)}")
    lacking = sorted(needed - set(entry))
    if lacking:
        raise InputError(f"{where}: {', '.join(lacking)} is missing. Add it.")
