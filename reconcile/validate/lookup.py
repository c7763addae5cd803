"""The data dictionary for a terminal: all elements in a list, one entry in full, and how to find it."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Final

from reconcile.columns import plain
from reconcile.errors import InputError, nearest
from reconcile.resources import expectations
from reconcile.validate.checks import in_words, pattern
from reconcile.validate.dictionary import SEVERITIES, SUITES, read_dictionary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.validate.dictionary import Element, Rule

UNKNOWN: Final = "not known"
_WIDTH: Final = 88
_NAMES: Final = 39  # characters; the longest element has 37
_INDENT: Final = " " * 6


def overview_text(elements: Sequence[Element], /, *, suite: str | None = None, language: str = "en") -> str:
    """List the elements in the dictionary's order, those of our own last; three lines each, or two.

    Element and name; column, type, length, whether it may be empty, MIS element; and for each suite how
    many rules it has: "accounts 2c 1w" are two critical ones and a warning.

    Args:
        elements: of `read_dictionary`.
        suite: only elements with rules of this suite.
        language: of the names.
    """
    ordered = sorted(elements, key=lambda one: (one.number is None, one.number or 0))
    lines = ["  No  Element" + " " * (_NAMES - 7) + "Name"]
    for one in ordered:
        rules = [_in_brief(one, name) for name in SUITES if suite in (None, name)]
        told = ", ".join(filter(None, rules))
        if suite and not told:
            continue
        lines.append(f"{one.number or '':>4}  {one.element:{_NAMES}}{one.name[language]}")
        lines += _wrapped(f"{_INDENT}{_kind(one)}", behind=_INDENT)
        lines += _wrapped(f"{_INDENT}{told}", behind=_INDENT) if told else []
    return "\n".join(lines)


def look_up(word: str, elements: Sequence[Element], /) -> tuple[Element, Rule | None]:
    """Find an element by its name, an alias, its API name or its column, or a rule by its id.

    Raises:
        InputError: nothing is called so; the message says what is called nearly so.
    """
    names: dict[str, tuple[Element, Rule | None]] = {}
    for one in elements:
        for rule in one.rules:
            names.setdefault(plain(rule.id), (one, rule))
    for one in elements:  # an element comes before a rule, its own name before what others call it
        for name in filter(None, (one.column, one.api, *one.aliases)):
            names[plain(name)] = (one, None)
    for one in elements:
        names[plain(one.element)] = (one, None)
    if plain(word) in names:
        return names[plain(word)]
    spelled = {name for one in elements for name in _spellings(one)}
    hint = nearest(word.lower(), spelled)
    hint = hint if hint.startswith(" Did") else " `reconcile dictionary` lists all elements."
    raise InputError(f"The dictionary has no element and no rule called {word}.{hint}")


def describe(word: str, /, *, suite: str | None = None) -> str:
    """Write what the shipped dictionary has of an element, or of one rule, as plain text.

    Args:
        word: an element by any of its names, or a rule by its id.
        suite: only rules of this suite.

    Raises:
        InputError: nothing is called so; the message says what is called nearly so.
    """
    found, rule = look_up(word, read_dictionary(expectations()))
    return entry_text(found, rule=rule, suite=suite)


def entry_text(one: Element, /, *, rule: Rule | None = None, suite: str | None = None) -> str:
    """Write an entry as plain text: description, facts, notes, source, and its rules.

    Args:
        one: the element.
        rule: only this rule of it.
        suite: only rules of this suite.
    """
    head = f"{one.name['en']} · {one.name['es']}"
    number = f"No. {one.number} of OpenCCC's list" if one.number else "not an element of OpenCCC's list"
    lines = [head, "=" * len(head), f"{one.element} ({number})", "", *_wrapped(one.description), ""]
    facts = facts_of(one)
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        lines += _wrapped(f"{name.ljust(width)}  {value}", behind=" " * (width + 2))
    if one.notes:
        lines += ["", *_wrapped(f"Note: {one.notes}")]
    rules = [rule] if rule else [r for r in one.rules if suite is None or suite in r.suites]
    if not rules:
        where = f" in the suite {suite}" if suite and one.rules else ""
        lines += ["", f"No rule is set{where}."]
    for each in rules:
        lines += ["", *_rule_lines(each)]
    return "\n".join(lines)


def facts_of(one: Element, /) -> list[tuple[str, str]]:
    """Give what is known of an element as pairs of words; what is not known says so."""
    return [
        ("Column here", one.column or "none: our tables do not carry it"),
        ("Name in the API", _known(one.api)),
        *([("Also called", ", ".join(one.aliases))] if one.aliases else []),
        ("Type", one.type),
        ("Longest", UNKNOWN if one.length is None else f"{one.length:,} characters"),
        ("Values", ", ".join(one.values) or "any"),
        ("May be empty", {True: "yes", False: "no", None: UNKNOWN}[one.nullable]),
        ("Default", _known(one.default)),
        ("MIS element", _known(one.mis)),
        ("Sensitivity", one.sensitivity),
        *([("May be absent", f"from tables of {', '.join(one.optional)}")] if one.optional else []),
        ("Source", one.source),
    ]


def _kind(one: Element) -> str:
    parts = [f"column {one.column}" if one.column else "no column", one.type]
    parts += [f"at most {one.length:,}"] if one.length else []
    parts += {True: ["may be empty"], False: ["never empty"], None: []}[one.nullable]
    parts += [f"MIS {one.mis}"] if one.mis else []
    return " · ".join(parts)


def _in_brief(one: Element, suite: str) -> str:
    """Count an element's rules in a suite, empty when there is none: "accounts 2c 1w"."""
    grades = Counter(rule.suites[suite] for rule in one.rules if suite in rule.suites)
    counts = [f"{grades[name]}{name[0]}" for name in SEVERITIES if grades[name]]
    return " ".join([suite, *counts]) if counts else ""


def _rule_lines(rule: Rule) -> list[str]:
    suites = ", ".join(f"{suite} {grade}" for suite, grade in rule.suites.items())
    eased = "".join(f"; {grade} with a {what}" for what, grade in rule.eased.items())
    asked = pattern(rule)
    told = {
        "where": suites + eased,
        "checks": f"{in_words(rule)} ({rule.expect})",
        "pattern": asked,
        "en": rule.message["en"],
        "es": rule.message["es"],
        "remedy": rule.remedy,
    }
    lines = [rule.id]
    for name, text in told.items():
        if text:
            lines += _wrapped(f"  {name:8}{text}", behind=" " * 10)
    return lines


def _wrapped(text: str, *, behind: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=behind, break_long_words=False, break_on_hyphens=False
    )


def _known(fact: str | None) -> str:
    return UNKNOWN if fact is None else fact


def _spellings(one: Element) -> set[str]:
    names = (one.element, one.column, one.api, *one.aliases, *(rule.id for rule in one.rules))
    return {name for name in names if name}
