"""A college's own rules: extra ones beside ours, and ours made stricter; nothing of ours is loosened."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from reconcile import resources
from reconcile.columns import ACCOUNTS, CCCID_COLUMN, LIST_COLUMNS, STUDENTS
from reconcile.engine import Engine, Table
from reconcile.errors import ReconcileError, nearest
from reconcile.files import owned_by_user
from reconcile.sql import quote
from reconcile.validate.changes import CHANGING
from reconcile.validate.dictionary import (
    SEVERITIES,
    SUITES,
    Element,
    Rule,
    check_severities,
    read_dictionary,
    read_rule,
)
from reconcile.validate.entries import check_keys, read_entries, require_once
from reconcile.validate.own_sql import columns_of, problem
from reconcile.validate.predicates import columns

if TYPE_CHECKING:
    from pathlib import Path

    from reconcile.validate.entries import Entry

PREFIX: Final = "local_"  # of the ids of a college's rules, so that none of ours ever takes one

_EXTRA_KEYS: Final = frozenset({"element", "rules", "notes"})
_STRICTER_KEYS: Final = frozenset({"stricter", "suites", "notes"})
_WHOLE_COLUMNS: Final = "expect_table_columns_to_match_set"
_UNJUDGED: Final = ("line", "former_names")  # a number and a list of structs; rules read text
_HOLE: Final = re.compile(r"\{[a-z_][a-z0-9_]*\}")  # the engine would fill a table's name in
_ENGLISH: Final = "[en inglés] "  # before a message that nobody has translated


@dataclass(frozen=True)
class _Extra:
    """A rule of the college, the column of its element, and the columns that it reads."""

    rule: Rule
    column: str | None
    reads: tuple[str, ...]


def with_local(suite: dict[str, Any], path: Path, /) -> dict[str, Any]:
    """Add a college's rules to a suite, and raise severities of ours as it says.

    Args:
        suite: as its JSON, parameters not yet filled in; it stays as it is.
        path: the college's YAML file; expectations/README.md says how it is written.

    Raises:
        InputError: the file cannot be used, whichever suite is asked for; the message names file and line.
    """
    from reconcile.validate.build import expectation  # noqa: PLC0415 - also run as a module, by itself

    elements = _dictionary(resources.expectations())
    extras, stricter = _read(path, elements)
    name = suite["name"]
    extras = [extra for extra in extras if name in extra.rule.suites]
    raised = {one["stricter"]: one["suites"][name] for one in stricter if name in one["suites"]}
    meta = _meta(suite, extras, elements)
    rules = [_raised(rule, raised, meta["columns"]) for rule in suite["expectations"]]
    rules += [
        expectation(extra.rule, extra.rule.suites[name], meta["columns"], extra.column) for extra in extras
    ]
    return {**suite, "expectations": rules, "meta": meta}


@cache
def _dictionary(folder: Path) -> tuple[Element, ...]:
    """Read our dictionary once; a program asks for several suites in a row."""
    return read_dictionary(folder)


def _read(path: Path, elements: tuple[Element, ...]) -> tuple[list[_Extra], list[Entry]]:
    """Read a college's file, all of it, whatever suite is asked for."""
    ours = {rule.id: rule for one in elements for rule in one.rules}
    extras: list[_Extra] = []
    stricter: list[Entry] = []
    with Engine() as engine:
        for entry in read_entries(path):
            if ("element" in entry) == ("stricter" in entry):
                raise entry.wrong("an entry has either element (with rules) or stricter (with suites).")
            if "stricter" in entry:
                _check_stricter(entry, ours)
                stricter.append(entry)
            else:
                extras += _extras(entry, elements, path, engine)
    require_once("rule", ((extra.rule.id, extra.rule.where) for extra in extras))
    require_once("entry of stricter", ((entry["stricter"], entry) for entry in stricter))
    return extras, stricter


def _check_stricter(entry: Entry, ours: dict[str, Rule]) -> None:
    check_keys(entry, known=_STRICTER_KEYS, needed=_STRICTER_KEYS - {"notes"})
    name = entry.text("stricter")
    entry.called(f"stricter {name}")
    if name not in ours:
        own = " A rule of your own is made stricter where it stands." if name.startswith(PREFIX) else ""
        raise entry.wrong(f"no rule of ours is called {name}.{own or nearest(name, ours)}", "stricter")
    check_severities(entry, "suites", SUITES)
    asked = entry.part("suites")
    for suite, severity in asked.items():
        now = ours[name].suites.get(suite)
        if now is None:
            runs = ", ".join(ours[name].suites)
            raise asked.wrong(
                f"{name} does not run in {suite} and cannot be made to; it runs in {runs}.", suite
            )
        allowed = SEVERITIES[: SEVERITIES.index(now) + 1]
        if severity not in allowed:
            raise asked.wrong(
                f"{name} is {now} in {suite} and cannot be lowered to {severity}; a college may only raise "
                f"it. Allowed: {', '.join(allowed)}.",
                suite,
            )


def _extras(entry: Entry, elements: tuple[Element, ...], path: Path, engine: Engine) -> list[_Extra]:
    check_keys(entry, known=_EXTRA_KEYS, needed=_EXTRA_KEYS - {"notes"})
    name = entry.text("element")
    entry.called(name)
    element = _element(name, elements)
    if element is None:
        known = {one.element for one in elements} | _all_columns(elements)
        raise entry.wrong(f"no element or column is called {name}.{nearest(name, known)}", "element")
    if not entry.parts("rules"):
        raise entry.wrong("rules is empty. Add a rule, or remove the entry.", "rules")
    return [_extra(rule, element, elements, path, engine) for rule in entry.parts("rules")]


def _extra(
    entry: Entry, element: Element, elements: tuple[Element, ...], path: Path, engine: Engine
) -> _Extra:
    if isinstance(message := entry.get("message"), dict) and isinstance(message.get("en"), str):
        message.setdefault("es", _ENGLISH + message["en"])
    rule = read_rule(entry, element, engine=engine)
    if not rule.id.startswith(PREFIX):
        raise entry.wrong(
            f"the id of a rule of your own begins with {PREFIX}, as in {PREFIX}{rule.id}.", "id"
        )
    if rule.expect == _WHOLE_COLUMNS:
        raise entry.wrong("the columns follow from the rules; it cannot be asked for.", "expect")
    known = set.intersection(*(_columns(suite, elements) for suite in rule.suites))
    if "sql" in entry:
        _check_sql(entry, known, path, engine)
        return _Extra(rule, element.column, columns_of(entry.text("sql"), known))
    if _HOLE.search(str(rule.kwargs)):
        raise entry.wrong("a word in braces stands for a table; in a regex write [{]word}.", "kwargs")
    reads = columns(rule.kwargs)
    for column in reads:
        if column not in known:
            suites = " and ".join(rule.suites)
            key = "when" if column in entry.part("when") else "kwargs"
            raise entry.wrong(f"{suites} have no column {column}.{nearest(column, known)}", key)
    return _Extra(rule, element.column, reads)


def _check_sql(entry: Entry, known: set[str], path: Path, engine: Engine) -> None:
    """Let SQL through that is the user's own, made of allowed words, and a condition."""
    if not owned_by_user(path):
        raise entry.wrong(
            "rules in SQL are read only from a file that is yours and that nobody else may write to. Run "
            f"chmod go-w {path.name}, or copy the file (on Windows: to a folder of your own profile).",
            "sql",
        )
    sql = entry.text("sql")
    refused = problem(sql, known)
    if not refused and _type(sql, known, engine) != "BOOLEAN":
        refused = (
            "the SQL is no condition that the engine understands; it is true for the rows that are wrong."
        )
    if not refused and _HOLE.search(sql):
        refused = "a word in braces stands for a table; write '{' || 'word}', in a regex [{]word}."
    if refused:
        raise entry.wrong(refused, "sql")


def _type(sql: str, known: set[str], engine: Engine) -> str | None:
    """Ask the engine for the type of an expression over a table without rows, None when it is none."""
    empty = ", ".join(
        f"CAST(NULL AS {'VARCHAR[]' if name in LIST_COLUMNS else 'VARCHAR'}) AS {quote(name)}"
        for name in sorted(known)
    )
    try:
        engine.run(
            f"CREATE OR REPLACE TABLE told AS SELECT ({sql}) AS told FROM (SELECT {empty}) WHERE FALSE"
        )
    except ReconcileError:
        return None
    return Table(engine, "told").kinds["told"]


def _element(name: str, elements: tuple[Element, ...]) -> Element | None:
    """Find an element by its name or its column, or make one of a column that has none."""
    for one in elements:
        if name in (one.element, one.column):
            return one
    return _bare(name) if name in _all_columns(elements) else None


def _bare(column: str) -> Element:
    return Element(
        element=column,
        number=None,
        name={"en": column, "es": column},
        api=None,
        column=column,
        description="",
        type="text",
        length=None,
        values=(),
        nullable=None,
        default=None,
        mis=None,
        sensitivity="personal",
        source="",
        notes="",
    )


def _all_columns(elements: tuple[Element, ...]) -> set[str]:
    return {column for suite in SUITES for column in _columns(suite, elements)}


def _columns(suite: str, elements: tuple[Element, ...]) -> set[str]:
    """Name the columns that rules of a suite may read."""
    if suite == "snapshot_change":
        return {CCCID_COLUMN, "seen", "scope", *CHANGING, *(f"{name}_before" for name in CHANGING)}
    carried = {one.column for one in elements if one.column}
    return (carried | {*STUDENTS, *ACCOUNTS}) - {*_UNJUDGED, "seen", "scope"}


def _meta(suite: dict[str, Any], extras: list[_Extra], elements: tuple[Element, ...]) -> dict[str, Any]:
    """Add the columns that extra rules read to those that the suite asks for."""
    meta = suite["meta"]
    may_lack = {one.column for one in elements if suite["name"] in one.optional}
    read = dict.fromkeys(column for extra in extras for column in extra.reads)
    new = [column for column in read if column not in (*meta["columns"], *meta["optional"])]
    return {
        **meta,
        "columns": [*meta["columns"], *(column for column in new if column not in may_lack)],
        "optional": [*meta["optional"], *(column for column in new if column in may_lack)],
    }


def _raised(rule: dict[str, Any], raised: dict[str, str], required: list[str]) -> dict[str, Any]:
    """Copy a rule of ours with its severity raised; where it eases, not below what the college says."""
    meta, kwargs = dict(rule["meta"]), dict(rule["kwargs"])
    severity = raised.get(meta["rule_id"], rule["severity"])
    if "eased" in meta and meta["rule_id"] in raised:
        meta["eased"] = {
            what: min(then, severity, key=SEVERITIES.index) for what, then in meta["eased"].items()
        }
    if rule["type"] == _WHOLE_COLUMNS:
        kwargs["column_set"] = required
    return {**rule, "meta": meta, "kwargs": kwargs, "severity": severity}
