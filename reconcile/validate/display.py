"""What a validation shows of itself: the verdict in a sentence, and the steps that led to it.

No value of the table is shown, and no key of a row: rules, counts and remedies only. The HTML is static and
carries its styles with it, as in `reconcile.show`, so that it reads well in a light and in a dark notebook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.html import Html, element, joined
from reconcile.show import table_text
from reconcile.validate.steps import CLOSES, ERRORED, allowed, broken, per_cent, plural, share, verdict

if TYPE_CHECKING:
    from reconcile.validate.validation import Validation

_SHOWN: Final = 25  # broken rules; .counts has them all
_DASH: Final = "\N{EN DASH}"
_LINE: Final = "1px solid rgba(128,128,128,.35)"
_TABLE: Final = (
    "border-collapse:collapse;color:inherit;font-size:inherit;font-variant-numeric:tabular-nums;margin:.3em 0"
)
_CELL: Final = f"padding:.35em .8em;vertical-align:top;text-align:left;border-bottom:{_LINE};"
_TEXT: Final = "white-space:normal;overflow-wrap:break-word;min-width:12em;max-width:28em;"
_RIGHT: Final = "text-align:right;white-space:nowrap;"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a severity is told apart: by a word in each language, by a shape, and only then by a colour.

    The colours have a contrast of at least 3:1 on white and on a dark page.
    """

    words: dict[str, str]
    shape: str
    sign: str
    colour: str


LOOKS: Final = {
    "critical": Look(
        words={"en": "critical", "es": "crítica"},
        shape="M5 1h6l4 4v6l-4 4H5l-4-4V5z",
        sign="M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4",
        colour="#d3362f",
    ),
    "warning": Look(
        words={"en": "warning", "es": "aviso"},
        shape="M8 1.2 15.4 14.6H.6z",
        sign="M8 6v4M8 12v.6",
        colour="#b36b00",
    ),
    "info": Look(
        words={"en": "info", "es": "información"},
        shape="M8 .8a7.2 7.2 0 1 1 0 14.4A7.2 7.2 0 0 1 8 .8z",
        sign="M8 7.4v4.4M8 4.4v.6",
        colour="#3a78c9",
    ),
    "passed": Look(
        words={"en": "passed", "es": "cumplida"},
        shape="M8 .8a7.2 7.2 0 1 1 0 14.4A7.2 7.2 0 0 1 8 .8z",
        sign="M4.6 8.3l2.3 2.4 4.5-5",
        colour="#00875f",
    ),
}  # fmt: skip

_HEADS: Final = {
    "en": ("Severity", "Element", "What was found", "Share", "Failures", "What to do"),
    "es": ("Gravedad", "Elemento", "Qué se encontró", "Parte", "Fallos", "Qué hacer"),
}
_ROWS: Final = {"en": ("row", "rows"), "es": ("fila", "filas")}
_OF: Final = {"en": "of", "es": "de"}
_ALLOWED: Final = {"en": "allowed", "es": "se admite"}
_NOTES: Final = {
    ERRORED: {"en": "not evaluated", "es": "sin evaluar"},
    CLOSES: {"en": "closes the gate", "es": "cierra el paso"},
}
_NUMBERS: Final = (4,)  # columns that stand right


def mark(severity: str, /) -> Html:
    """Draw the shape of a severity; its word stands beside it."""
    look = LOOKS[severity]
    return element(
        "svg",
        element("path", d=look.shape, fill=look.colour),
        element("path", d=look.sign, fill="none", stroke="#fff", stroke_width="1.8", stroke_linecap="round"),
        viewBox="0 0 16 16",
        width="14",
        height="14",
        aria_hidden="true",
        style="vertical-align:-.15em;flex:none",
    )


def sheet_html(validation: Validation, /) -> str:
    """Draw the verdict and the broken rules as static HTML for a notebook."""
    language = validation.language
    judged = verdict(validation)
    found = broken(validation)
    passed = validation.counts.height - found.height
    rows = plural(validation.rows, *_ROWS[language])
    head = element("tr", *(_head(name, at) for at, name in enumerate(_HEADS[language])))
    lines = [_line(step, language) for step in found.head(_SHOWN).iter_rows(named=True)]
    table = element("table", element("thead", head), element("tbody", *lines), style=_TABLE)
    return element(
        "div",
        element(
            "p",
            mark("passed" if judged.open else "critical"),
            " ",
            element("b", f"{validation.suite} · {validation.as_of.isoformat()} · {validation.rows:,} {rows}"),
            element("br"),
            judged.sentence[language],
            style="margin:.3em 0;max-width:60em",
        ),
        table if lines else Html(),
        element("p", _tail(passed, found.height, language), style="margin:.3em 0"),
        class_="reconcile-table",
        lang=language,
        role="group",
        tabindex="0",
        aria_label=validation.suite,
        style="overflow-x:auto;max-width:100%",
    )


def _head(name: str, at: int) -> Html:
    right = _RIGHT + "white-space:normal;" if at in _NUMBERS else ""
    return element("th", name, scope="col", style=f"{_CELL}font-weight:600;vertical-align:bottom;{right}")


def _line(step: dict[str, Any], language: str) -> Html:
    look = LOOKS[step["severity"]]
    word = element("span", mark(step["severity"]), " ", look.words[language], style="white-space:nowrap")
    told = _NOTES.get(step["kind"], {}).get(language, "")
    extra = joined(element("br"), element("b", told, style="white-space:nowrap")) if told else Html()
    cells = [
        element("td", word, extra, style=_CELL),
        element("td", step["element"], element("br"), element("code", step["rule_id"]), style=_CELL),
        element("td", step["message"], style=_CELL + _TEXT),
        element("td", _bar(step, look.colour), style=_CELL),
        element("td", *_counts(step, language), style=_CELL + _RIGHT),
        element("td", step["remedy"], style=_CELL + _TEXT),
    ]
    return element("tr", *cells)


def _counts(step: dict[str, Any], language: str) -> list[str]:
    """Write how often a rule is broken, of how many rows, and how often it may be."""
    if step["failures"] is None:
        return [_DASH]
    told = [f"{step['failures']:,}"]
    if step["rows"]:
        told += [element("br"), f"{_OF[language]} {step['rows']:,}"]
    if step["at_most"] is not None:
        told += [element("br"), f"{_ALLOWED[language]} {allowed(step['at_most'])}"]
    return told


def _bar(step: dict[str, Any], colour: str) -> Html:
    part = None if step["whole"] else share(step["failures"], step["rows"])
    if part is None:
        return Html(_DASH)
    full = element(
        "span",
        style=f"display:block;height:100%;width:{part:.2%};min-width:3px;background:{colour};border-radius:2px",
    )
    frame = element(
        "span",
        full,
        style="display:block;width:7em;height:.6em;border-radius:2px;background:rgba(128,128,128,.22)",
        aria_hidden="true",
    )
    return joined(element("span", per_cent(part), style="white-space:nowrap"), frame)


def _tail(passed: int, found: int, language: str) -> str:
    more = found - _SHOWN
    if language == "es":
        told = f"{passed:,} {plural(passed, 'regla se cumple', 'reglas se cumplen')}."
        return f"Hay {more:,} más en .counts. {told}" if more > 0 else told
    told = f"{passed:,} {plural(passed, 'rule', 'rules')} passed."
    return f"{more:,} more in .counts. {told}" if more > 0 else told


def sheet_text(validation: Validation, /) -> str:
    """Draw the verdict and the broken rules as plain text for a prompt."""
    found = broken(validation)
    told = verdict(validation).sentence[validation.language]
    tail = _tail(validation.counts.height - found.height, found.height, validation.language)
    if found.is_empty():
        return f"{told}\n{tail}"
    table = table_text(step_frame(found, validation.language), title=validation.suite, rows=_SHOWN)
    return f"{told}\n{table}\n{tail}"


def step_frame(found: pl.DataFrame, language: str, /) -> pl.DataFrame:
    """Make the few columns of steps that fit a terminal: severity, finding, share, failures, of."""
    rows = [
        {
            "severity": LOOKS[step["severity"]].words[language],
            "finding": f"{step['rule_id']}\n{step['message']}",
            "share": "" if step["whole"] else per_cent(share(step["failures"], step["rows"])),
            "failures": step["failures"],
            "of": step["rows"],
        }
        for step in found.iter_rows(named=True)
    ]
    kinds = {"severity": pl.String, "finding": pl.String, "share": pl.String}
    return pl.DataFrame(rows, schema=kinds | {"failures": pl.Int64, "of": pl.Int64})
