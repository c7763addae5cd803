"""The data dictionary: one entry an element, read from YAML that an analyst can read too."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from reconcile.engine import Engine
from reconcile.errors import InputError, nearest
from reconcile.validate.entries import KINDS, Entry, Items, check_keys, read_entries, read_yaml, require_once
from reconcile.validate.expected import condition, kwargs_of

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
_SENSITIVITIES: Final = ("public", "internal", "personal", "secret")
_STANDARD_KEYS: Final = frozenset({"expect", "kwargs", "message", "remedy"})
_RULE_NEEDS: Final = frozenset({"id", "suites", "message", "remedy"})
_RULE_KEYS: Final = _RULE_NEEDS | {"expect", "sql", "kwargs", "when", "eased", "notes"}
_RULE_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_ROW_QUERY: Final = "unexpected_rows_expectation"
_OUTSIDE_LITERALS: Final = re.compile(r"('[^']*')|\s+")
_BATCH: Final = re.compile(r"('[^']*')|\{\{batch\}\}")


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
        where: its entry in the file, for errors that show only later.
    """

    id: str
    element: str
    suites: dict[str, str]
    expect: str
    kwargs: dict[str, Any]
    message: dict[str, str]
    remedy: str
    eased: dict[str, str] = field(default_factory=dict)
    where: Entry = field(default_factory=Entry, repr=False, compare=False)


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
        InputError: a file is no YAML, an entry has an unknown key, suite, severity or expectation, or an
            id is taken; the message names file and line.
    """
    standard = _standards(folder / "standard.yaml")
    files = sorted((folder / "dictionary").glob("*.yaml"))
    read = [entry for path in files for entry in read_entries(path)]
    with Engine() as engine:
        elements = tuple(_element(entry, standard, engine=engine) for entry in read)
    require_once("element", zip((one.element for one in elements), read, strict=True))
    require_once("rule", ((rule.id, rule.where) for one in elements for rule in one.rules))
    return elements


def read_rule(entry: Entry, element: Element, /, *, engine: Engine) -> Rule:
    """Read one rule of an element.

    Args:
        entry: the rule, as the YAML file has it.
        element: what the rule belongs to.
        engine: must understand the rule's regular expression.

    Raises:
        InputError: a key, suite, severity or expectation is unknown, or its kwargs do not fit.
    """
    name = entry.get("id")
    entry.called(f"rule {name if isinstance(name, str) else '(without an id)'}")
    check_keys(entry, known=_RULE_KEYS, needed=_RULE_NEEDS)
    if not _RULE_ID.fullmatch(entry.text("id")):
        raise entry.wrong("an id is small letters, digits and _, and begins with a letter.", "id")
    if ("sql" in entry) == ("expect" in entry):
        raise entry.wrong("it needs either expect or sql, not both.")
    check_severities(entry, "suites", SUITES)
    check_severities(entry, "eased", EASES)
    kwargs = _query(entry) if "sql" in entry else kwargs_of(entry, element.column, engine=engine)
    if "when" in entry:
        kwargs["row_condition"] = condition(entry.part("when"))
    return Rule(
        id=entry.text("id"),
        element=element.element,
        suites=dict(entry.part("suites")),
        expect=_ROW_QUERY if "sql" in entry else entry.text("expect"),
        kwargs=kwargs,
        message=_bilingual(entry, "message"),
        remedy=entry.text("remedy"),
        eased=dict(entry.part("eased")),
        where=entry,
    )


def check_severities(entry: Entry, key: str, known: tuple[str, ...], /) -> None:
    """Refuse a mapping to severities that names something unknown.

    Raises:
        InputError: so it is.
    """
    given, what = entry.part(key), {"suites": "suite", "eased": "ease"}[key]
    if key in entry and not given:
        raise entry.wrong(f"{key} is empty; write {{{known[0]}: critical}}, for example.", key)
    for name in given:
        if name not in known:
            raise given.wrong(f"no {what} {name}.{nearest(name, known)}", name)
        severity = given.text(name)
        if severity not in SEVERITIES:
            raise given.wrong(f"no severity {severity}.{nearest(severity, SEVERITIES)}", name)


def _standards(path: Path) -> Entry:
    standard = read_yaml(path)
    if not isinstance(standard, Entry):
        raise InputError(f"{path.name}, line 1: the file is {KINDS[type(standard)]}; a mapping was expected.")
    for kind in standard:
        template = standard.part(kind).called(f"standard rule {kind}")
        check_keys(template, known=_STANDARD_KEYS, needed=_STANDARD_KEYS)
        _bilingual(template, "message")
    return standard


def _element(entry: Entry, standard: Entry, *, engine: Engine) -> Element:
    name = entry.get("element")
    entry.called(name if isinstance(name, str) else "an entry")
    check_keys(entry, known=_ELEMENT_KEYS, needed=_ELEMENT_NEEDS)
    if entry.text("sensitivity") not in _SENSITIVITIES:
        close = nearest(entry.text("sensitivity"), _SENSITIVITIES)
        raise entry.wrong(f"no sensitivity {entry['sensitivity']}.{close}", "sensitivity")
    facts: dict[str, Any] = {key: entry.text(key) for key in _ELEMENT_NEEDS - {"name"}}
    facts |= {key: entry.take(key, str) for key in ("api", "column", "default", "mis")}
    made = Element(
        **facts,
        name=_bilingual(entry, "name"),
        number=entry.take("number", int),
        length=entry.take("length", int),
        nullable=entry.take("nullable", bool),
        values=entry.texts("values"),
        aliases=entry.texts("aliases"),
        notes=entry.take("notes", str) or "",
        optional=_optional(entry),
    )
    shared = [_standard(kind, entry, made, standard, engine=engine) for kind in entry.part("standard")]
    own = [read_rule(rule, made, engine=engine) for rule in entry.parts("rules")]
    return replace(made, rules=(*shared, *own))


def _optional(entry: Entry) -> tuple[str, ...]:
    """Read where a column may be absent: `true` for everywhere, or a list of suites."""
    if entry.get("optional") is True:
        return SUITES
    for name in entry.texts("optional"):
        if name not in SUITES:
            raise entry.wrong(f"no suite {name}.{nearest(name, SUITES)}", "optional")
    return entry.texts("optional")


def _standard(kind: str, entry: Entry, element: Element, standard: Entry, *, engine: Engine) -> Rule:
    """Make a rule that many elements share ("required", "length", ...) for one of them."""
    asked = entry.part("standard")
    if kind not in standard:
        raise asked.wrong(f"no standard rule {kind}.{nearest(kind, standard)}", kind)
    template = standard.part(kind)
    facts = {"$length": element.length, "$values": Items(element.values, line=template.line)}
    kwargs = template.part("kwargs")
    for value in kwargs.values():
        if str(value) in facts and not facts[value]:
            raise asked.wrong(f"the standard rule {kind} needs {value[1:]}, which the element lacks.", kind)
    made = Entry(entry.file, asked.lines[kind])
    made.update(
        id=f"{element.column}_{kind}",
        suites=asked.part(kind),
        expect=template.text("expect"),
        kwargs=kwargs.like({key: facts.get(str(value), value) for key, value in kwargs.items()}),
        message=template.part("message").like(_worded(template, element)),
        remedy=template.text("remedy"),
    )
    return read_rule(made, element, engine=engine)


def _worded(template: Entry, element: Element) -> dict[str, str]:
    """Put an element's facts into the messages of a standard rule."""
    facts = {"length": element.length, "values": ", ".join(element.values)}
    try:
        return {
            language: text.format(name=element.name[language], **facts)
            for language, text in template.part("message").items()
        }
    except (LookupError, ValueError, AttributeError):
        known = "{name}, {length} and {values}"
    raise template.wrong(f"the message has another hole than {known}.", "message")


def _bilingual(entry: Entry, key: str) -> dict[str, str]:
    texts = entry.part(key)
    check_keys(texts, known=frozenset(LANGUAGES), needed=frozenset(LANGUAGES))
    return {language: texts.text(language) for language in LANGUAGES}


def _query(entry: Entry) -> dict[str, Any]:
    """Write a predicate as GX's query; braces are doubled, all but those of {batch}, which GX fills in."""
    if "kwargs" in entry:
        raise entry.wrong("kwargs belong to expect; a rule in sql has none.", "kwargs")
    if "when" in entry:  # Great Expectations takes no condition beside a query
        raise entry.wrong("when belongs to expect; say it in the SQL, with AND.", "when")
    predicate = _OUTSIDE_LITERALS.sub(lambda match: match[1] or " ", entry.text("sql")).strip()
    doubled = predicate.replace("{", "{{").replace("}", "}}")
    doubled = _BATCH.sub(lambda match: match[1] or "{batch}", doubled)
    return {"unexpected_rows_query": f"SELECT * FROM {{batch}} WHERE {doubled}"}
