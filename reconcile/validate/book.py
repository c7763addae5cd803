"""The data dictionary as one page, to be read through or entered by a link; opens without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, joined, page, section
from reconcile.validate.checks import in_words, pattern
from reconcile.validate.dictionary import SEVERITIES, SUITES
from reconcile.validate.lookup import UNKNOWN, facts_of
from reconcile.validate.page import STYLE
from reconcile.validate.step_table import both, identifier, role_table, severity, side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.validate.dictionary import Element, Rule

_PURPOSES: Final = {
    "students": ("an extract of the student system", "un extracto del sistema escolar"),
    "accounts": ("a snapshot of accounts", "una instantánea de cuentas"),
    "mint_request": ("accounts about to be created", "cuentas por crear"),
    "snapshot_change": ("two snapshots of the same accounts", "dos instantáneas de las mismas cuentas"),
}
_RULE_HEADS: Final = {
    "rule": ("Rule", "Regla"),
    "suites": ("Suites", "Conjuntos"),
    "message": ("What is checked and said", "Qué se comprueba y se dice"),
    "remedy": ("What to do", "Qué hacer"),
}
_SUITE_HEADS: Final = {
    "suite": ("Suite", "Conjunto"),
    "about": ("Judges", "Examina"),
    "critical": ("Critical", "Críticas"),
    "warning": ("Warnings", "Avisos"),
    "info": ("Info", "Información"),
}
_FOOT: Final = (
    "Where the official text is not known to us, an entry says so and sets no rule.",
    "Donde no conocemos el texto oficial, la entrada lo dice y no fija ninguna regla.",
)


def dictionary_html(elements: Sequence[Element], /) -> str:
    """Write the whole dictionary as one self-contained page: a table of contents, then an entry an element.

    Each element and each rule can be linked to by its name: #email, #email_valid.
    """
    official = sorted((one for one in elements if one.number), key=lambda one: one.number or 0)
    ours = [one for one in elements if not one.number]
    rules = sum(len(one.rules) for one in elements)
    counts = f"{len(official):,} elements of OpenCCC, {len(ours):,} of our own, {rules:,} rules"
    parts = (
        ("opencc", "Elements of OpenCCC", "Elementos de OpenCCC", official),
        ("own", "Elements of our own", "Elementos propios", ours),
    )
    contents = [_contents(side_by_side(english, spanish), part) for _, english, spanish, part in parts]
    return page(
        "Data dictionary",
        element("a", "Skip to the elements", href="#contents", class_="skip"),
        element(
            "header",
            element("p", side_by_side("OpenCCC accounts", "cuentas de OpenCCC"), class_="kicker"),
            element("h1", side_by_side("Data dictionary", "Diccionario de datos")),
            element("p", counts, class_="facts"),
        ),
        element(
            "main",
            section(side_by_side("Contents", "Contenido"), *contents, key="contents"),
            section(side_by_side("The suites", "Los conjuntos de reglas"), _suites(elements), key="suites"),
            *(
                section(side_by_side(english, spanish), *(_entry(one) for one in part), key=key)
                for key, english, spanish, part in parts
                if part
            ),
        ),
        element("footer", element("p", both(*_FOOT))),
        style=STYLE.read_text("utf-8"),
        class_="book",
    )


def _contents(title: Html, elements: Sequence[Element]) -> Html:
    items = []
    for one in elements:
        number = element("span", str(one.number), class_="number") if one.number else Html()
        items.append(element("li", number, element("a", one.name["en"], href=f"#{one.element}")))
    numbered = "toc numbered" if any(one.number for one in elements) else "toc"
    return joined(element("h3", title), element("ul", *items, class_=numbered))


def _suites(elements: Sequence[Element]) -> Html:
    rules = [rule for one in elements for rule in one.rules]
    rows = []
    for suite in SUITES:
        counts = {name: sum(rule.suites.get(suite) == name for rule in rules) for name in SEVERITIES}
        shown = {name: Html(f"{count:,}") for name, count in counts.items()}
        rows.append({"suite": element("code", suite), "about": both(*_PURPOSES[suite]), **shown})
    caption = "Rules of each suite"
    return role_table(_SUITE_HEADS, rows, caption=caption, class_="rules", names="suite", numbers=SEVERITIES)


def _entry(one: Element) -> Html:
    facts = [
        element(
            "div",
            element("dt", name),
            element("dd", value, class_="unknown" if value == UNKNOWN else "known"),
        )
        for name, value in facts_of(one)
    ]
    number = f"{one.number} · " if one.number else ""
    return element(
        "article",
        element("h3", number, side_by_side(one.name["en"], one.name["es"]), element("code", one.element)),
        element("p", one.description),
        element("dl", *facts, class_="facts"),
        element("p", element("b", "Note: "), one.notes) if one.notes else Html(),
        _rules(one) if one.rules else element("p", "No rule is set.", class_="unknown"),
        class_="entry",
        id=one.element,
    )


def _rules(one: Element) -> Html:
    rows = [
        {
            "id": Html(f"rule-{rule.id}" if rule.id == one.element else rule.id),
            "rule": identifier(rule.id),
            "suites": _severities(rule),
            "message": _told(rule),
            "remedy": joined(rule.remedy),
        }
        for rule in one.rules
    ]
    return role_table(_RULE_HEADS, rows, caption=f"Rules of {one.element}", class_="rules", names="rule")


def _severities(rule: Rule) -> Html:
    items = [
        element("li", severity(grade, spanish=False), element("span", suite))
        for suite, grade in rule.suites.items()
    ]
    eased = [element("li", f"{grade} with a {what}") for what, grade in rule.eased.items()]
    return element("ul", *items, *eased, class_="suites")


def _told(rule: Rule) -> Html:
    asked = pattern(rule)
    return joined(
        both(rule.message["en"], rule.message["es"]),
        element("span", in_words(rule), class_="asked"),
        element("code", asked, class_="pattern") if asked else Html(),
        element("code", rule.expect, class_="expect"),
    )
