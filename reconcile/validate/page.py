"""The page of a gate: what a suite found, rule by rule, in English and Spanish; opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, joined, page, section
from reconcile.validate.display import mark
from reconcile.validate.step_table import both, broken_table, examples_of, passed_table, side_by_side
from reconcile.validate.steps import CLOSES, ERRORED, INFO, PASSED, WARNING, allowed, plural, steps, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconcile.validate.step_table import Step
    from reconcile.validate.steps import Reading
    from reconcile.validate.validation import Validation

STYLE: Final = Path(__file__).with_name("pages.css")
_TITLES: Final = {
    "students": ("Students", "Estudiantes"),
    "accounts": ("Accounts", "Cuentas"),
    "mint_request": ("Accounts to be created", "Cuentas por crear"),
    "snapshot_change": ("Changes between two snapshots", "Cambios entre dos instantáneas"),
}
_GROUPS: Final = {
    ERRORED: ("errored", "Not evaluated", "Sin evaluar"),
    CLOSES: ("closing", "Closing the gate", "Cierran el paso"),
    WARNING: ("warnings", "Warnings", "Avisos"),
    INFO: ("notes", "For information", "Para su información"),
    PASSED: ("passed", "Passed", "Cumplidas"),
}
_TOLD: Final = {
    ERRORED: (
        "Nobody knows whether these rules hold, so the gate is closed whatever the others say.",
        "No se sabe si estas reglas se cumplen; por eso el paso está cerrado, digan lo que digan las demás.",
    ),
    CLOSES: (
        "Nothing is created while one of these is broken.",
        "No se crea nada mientras se incumpla alguna de ellas.",
    ),
}
_GUIDE: Final = (
    (
        (
            "A critical rule closes the gate with its first failure, and so does a rule that could not be "
            "evaluated. Warnings and information are counted; they close it only beyond a threshold that "
            "the college has set."
        ),
        (
            "Una regla crítica cierra el paso con su primer fallo, y también una regla que no se pudo "
            "evaluar. Los avisos y la información se cuentan; solo lo cierran si superan un límite fijado "
            "por el colegio."
        ),
    ),
    (
        (
            "The share is of the rows that a rule looks at; some look only at rows where another field "
            "has a certain value."
        ),
        (
            "La parte se calcula sobre las filas que la regla examina; algunas solo examinan filas en las "
            "que otro campo tiene cierto valor."
        ),
    ),
    (
        (
            "Examples show the shape of a value and never the value: letters are written as a or A, "
            "digits as 9. Words that the dictionary itself lists are shown as they are."
        ),
        (
            "Los ejemplos muestran la forma del valor y nunca el valor: las letras como a o A, las cifras "
            "como 9. Las palabras que figuran en el diccionario se muestran tal cual."
        ),
    ),
)
_KEEP: Final = (
    "The examples name rows by their keys: keep this page as you keep the records.",
    "Los ejemplos nombran las filas por sus claves: guarde esta página como los expedientes.",
)
_WITH_KEYS: Final = (
    (
        "This page names rows by their keys (SIS ids, CCCIDs or request keys) so that staff can find "
        "them. Those are identifiers of education records: keep the page as you keep the records, and "
        "make it without keys (--no-keys) before you pass it on. It holds no names, birthdates, e-mail "
        "addresses or SSNs."
    ),
    (
        "Esta página nombra las filas por sus claves (identificadores del sistema escolar, CCCID o claves "
        "de solicitud) para que el personal pueda encontrarlas. Son identificadores de expedientes "
        "académicos: guárdela como los expedientes y hágala sin claves (--no-keys) antes de compartirla. "
        "No contiene nombres, fechas de nacimiento, correos ni números de seguro social."
    ),
)
_WITHOUT_KEYS: Final = (
    "This page names no row: it holds no keys, names, birthdates, e-mail addresses or SSNs.",
    (
        "Esta página no nombra ninguna fila: no contiene claves, nombres, fechas de nacimiento, correos "
        "ni números de seguro social."
    ),
)


def suite_html(validation: Validation, /, *, readings: Sequence[Reading] = (), keys: bool = True) -> str:
    """Write what a suite found as one self-contained page: no script, nothing fetched, no value of a row.

    Args:
        validation: of `validate`.
        readings: what became of the rows of each file, where the table was read from files.
        keys: name the rows of the examples by their keys, which are SIS ids or CCCIDs; without them only
            the shapes of the values are shown, the most frequent first.
    """
    judged = verdict(validation, readings=readings)
    told = [
        {**step, "message": validation.messages[step["rule_id"]]}
        for step in steps(validation).iter_rows(named=True)
    ]
    english, spanish = _TITLES[validation.suite]
    return page(
        f"{english}: the gate is {'open' if judged.open else 'closed'}",
        element("a", "Skip to the findings", href="#findings", class_="skip"),
        element(
            "header",
            element("p", side_by_side("Data dictionary", "Diccionario de datos"), class_="kicker"),
            element("h1", side_by_side(english, spanish)),
            element("p", _facts(validation), class_="facts"),
        ),
        element(
            "main",
            _verdict(judged.sentence, is_open=judged.open),
            _tally(told),
            element("p", both(*_KEEP), class_="keep") if keys else Html(),
            element("div", *_groups(told, validation, keys=keys), id="findings"),
            section(
                side_by_side("What was judged", "Qué se examinó"),
                _evidence(validation, readings),
                key="judged",
            ),
            section(side_by_side("How to read this page", "Cómo leer esta página"), _guide(), key="reading"),
        ),
        element("footer", element("p", both(*_confidence(keys=keys)))),
        style=STYLE.read_text("utf-8"),
        class_="findings",
    )


def _facts(validation: Validation) -> str:
    rows, passing, failing = validation.rows, validation.passing.len(), validation.failing.len()
    facts = (
        f"suite {validation.suite}",
        f"as of {validation.as_of.isoformat()}",
        f"{rows:,} {plural(rows, 'row', 'rows')} judged: {passing:,} pass, {failing:,} do not",
    )
    return " · ".join(facts)


def _verdict(sentence: Mapping[str, str], *, is_open: bool) -> Html:
    words = ("Open", "abierto") if is_open else ("Closed", "cerrado")
    look = "passed" if is_open else "critical"
    return element(
        "div",
        element("span", mark(look), element("span", side_by_side(*words)), class_="severity"),
        element("p", sentence["en"], class_="said"),
        element("p", sentence["es"], lang="es", class_="es"),
        class_=f"verdict {look}",
    )


def _tally(told: Sequence[Step]) -> Html:
    items = []
    for kind, (key, english, spanish) in _GROUPS.items():
        count = sum(step["kind"] == kind for step in told)
        if count:
            name = joined(element("b", f"{count:,}"), " ", side_by_side(english, spanish))
            items.append(element("li", element("a", name, href=f"#{key}")))
    return element("ul", *items, class_="tally")


def _groups(told: Sequence[Step], validation: Validation, *, keys: bool) -> list[Html]:
    examples = examples_of(validation, keys=keys)
    limits = any(step["at_most"] is not None for step in told if step["kind"] != PASSED)
    made = []
    for kind, (key, english, spanish) in _GROUPS.items():
        part = [step for step in told if step["kind"] == kind]
        if not part:
            continue
        caption = f"{english} · {spanish}"
        if kind == PASSED:
            words = side_by_side(f"Show the {len(part):,}", "mostrarlas")
            table = passed_table(part, caption=caption)
            content = element("details", element("summary", words), table, class_="more")
        else:
            table = broken_table(part, examples, caption=caption, limits=limits)
            intro = element("p", both(*_TOLD[kind])) if kind in _TOLD else Html()
            lacking = _missing(validation) if kind == ERRORED else Html()
            content = joined(intro, lacking, table)
        made.append(section(side_by_side(english, spanish), content, key=key))
    return made


def _missing(validation: Validation) -> Html:
    if not validation.missing:
        return Html()
    listed = [part for name in validation.missing for part in (", ", element("code", name))][1:]
    return element("p", side_by_side("Columns missing from the table", "Columnas que faltan"), ": ", *listed)


def _evidence(validation: Validation, readings: Sequence[Reading]) -> Html:
    limits = validation.counts.drop_nulls("at_most").select("rule_id", "at_most").iter_rows()
    listed = [
        part for rule, most in limits for part in (element("br"), element("code", rule), f" {allowed(most)}")
    ]
    facts: list[tuple[Html, Html]] = [
        (side_by_side("Day", "Día"), joined(validation.as_of.isoformat())),
        *((joined(one.file), _reading(one)) for one in readings),
        (side_by_side("Rows judged", "Filas examinadas"), joined(f"{validation.rows:,}")),
        (side_by_side("Hash of the rows", "Resumen de las filas"), element("code", validation.rows_hash)),
        (side_by_side("Hash of the suite", "Resumen de las reglas"), element("code", validation.suite_hash)),
        (
            side_by_side("Thresholds", "Límites"),
            joined(*listed[1:]) if listed else side_by_side("none set", "ninguno"),
        ),
    ]
    return element(
        "dl",
        *(piece for name, value in facts for piece in (element("dt", name), element("dd", value))),
        class_="facts",
    )


def _reading(one: Reading) -> Html:
    parts = [f"{one.accepted:,} judged"]
    parts += [f"{one.folded:,} folded into another row"] if one.folded else []
    parts += [f"{one.quarantined:,} set aside while reading"]
    return joined(f"{one.rows:,} {plural(one.rows, 'row', 'rows')} = {' + '.join(parts)}")


def _guide() -> Html:
    return joined(*(element("p", both(*one)) for one in _GUIDE))


def _confidence(*, keys: bool) -> tuple[str, str]:
    """Say what must be kept among those who may see it."""
    return _WITH_KEYS if keys else _WITHOUT_KEYS
