"""The steps of a validation in the order in which people read them, and the sentence that they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.validate.validation import Validation

_SMALLEST: Final = 0.01  # per cent
_NAMED: Final = 6  # rules that a sentence names
_AND_MORE: Final = {"en": " and {} more", "es": " y {} más"}
_NEARLY_ALL: Final = 99.95  # per cent; from here on one place behind the point would say all

# What a step is, the gravest first: the order in which people read them.
ERRORED, CLOSES, WARNING, INFO, PASSED = range(5)


_CLOSING: Final = {
    "critical": {"en": "critical rules broken", "es": "reglas críticas incumplidas"},
    "often": {
        "en": "rules broken more often than allowed",
        "es": "reglas incumplidas más veces de lo admitido",
    },
    "missing": {"en": "columns missing", "es": "columnas que faltan"},
    "errored": {"en": "rules that could not be evaluated", "es": "reglas que no se pudieron evaluar"},
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What became of the rows of a file before they were judged.

    Attributes:
        file: its name.
        rows: records in the file.
        accepted: those that were judged.
        folded: those that are history of a person, or say the same as another.
        quarantined: those that cannot be read, or whose id is missing or not unique; nobody judged them.
    """

    file: str
    rows: int
    accepted: int
    folded: int = 0
    quarantined: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether the gate is open, with the sentence that says why.

    Attributes:
        open: False too where rows were set aside while the file was read: nobody judged them.
        sentence: language -> the sentence.
    """

    open: bool
    sentence: dict[str, str]


def verdict(validation: Validation, /, *, readings: Sequence[Reading] = ()) -> Verdict:
    """Say whether the gate is open, and why; rows that nobody judged are never passed over in silence.

    Args:
        validation: what the rules found.
        readings: one a file, where the table came from files.
    """
    aside = sum(one.quarantined for one in readings)
    is_open = validation.verdict == "open" and not aside
    return Verdict(
        open=is_open,
        sentence={
            "en": _sentence_en(validation, aside, is_open=is_open),
            "es": _sentence_es(validation, aside, is_open=is_open),
        },
    )


def _sentence_en(validation: Validation, aside: int, *, is_open: bool) -> str:
    found = broken(validation).height
    if is_open:
        more = f", {found:,} {plural(found, 'rule', 'rules')} found something to look at" if found else ""
        return f"The gate is open; no critical rule is broken{more}."
    rows = (
        f"{aside:,} {plural(aside, 'row of the file was', 'rows of the file were')} set aside and not judged"
    )
    return f"The gate is closed; {'; '.join([*because(validation, 'en'), *([rows] if aside else [])])}."


def _sentence_es(validation: Validation, aside: int, *, is_open: bool) -> str:
    found = broken(validation).height
    if is_open:
        told = f"{found:,} {plural(found, 'regla encontró', 'reglas encontraron')} algo que revisar"
        return f"El paso está abierto; no se incumple ninguna regla crítica{', ' + told if found else ''}."
    rows = f"{aside:,} {plural(aside, 'fila del archivo se apartó', 'filas del archivo se apartaron')}"
    rows += " al leer y no se examinó" if aside == 1 else " al leer y no se examinaron"
    return f"El paso está cerrado; {'; '.join([*because(validation, 'es'), *([rows] if aside else [])])}."


def because(validation: Validation, language: str) -> list[str]:
    """List what closes the gate, without anything that was set aside; empty when nothing does."""
    closing = validation.counts.filter("closes", ~pl.col("errored"))
    critical = pl.col("severity") == "critical"
    errored = validation.counts.filter("errored")["rule_id"]
    parts = {
        "critical": _listed(closing.filter(critical), language),
        "often": _listed(closing.filter(~critical), language),
        "missing": ", ".join(validation.missing),
        "errored": "" if validation.missing else ", ".join(errored[:_NAMED]) + _more(errored.len(), language),
    }
    return [f"{_CLOSING[what][language]}: {which}" for what, which in parts.items() if which]


def _listed(counts: pl.DataFrame, language: str) -> str:
    """Name the rules with the most failures, and say how many more there are."""
    most = counts.sort(-pl.col("failures"), maintain_order=True).head(_NAMED)
    named = ", ".join(f"{rule} ({n:,})" for rule, n in most.select("rule_id", "failures").iter_rows())
    return named + _more(counts.height, language)


def _more(rules: int, language: str) -> str:
    return f"{_AND_MORE[language].format(rules - _NAMED)}" if rules > _NAMED else ""


def steps(validation: Validation, /) -> pl.DataFrame:
    """Line the rules up as they are read: what could not be evaluated, what closes the gate, and so on.

    Returns:
        the columns of `counts`, kind (ERRORED, CLOSES, WARNING, INFO or PASSED), whole (the table as a whole
        breaks the rule); by kind, severity and failures, the most first.
    """
    whole = validation.failures.filter(pl.col("row").is_null())["rule_id"].unique()
    kind = (
        pl.when("errored")
        .then(ERRORED)
        .when(pl.col("failures") == 0)
        .then(PASSED)
        .when("closes")
        .then(CLOSES)
        .when(pl.col("severity") == "info")
        .then(INFO)
        .otherwise(WARNING)
    )
    gravity = pl.col("severity").replace_strict(
        {"critical": 0, "warning": 1, "info": 2}, return_dtype=pl.Int8
    )
    return (
        validation.counts.with_columns(kind=kind, whole=pl.col("rule_id").is_in(whole.implode()))
        .sort("kind", gravity, -pl.col("failures"), maintain_order=True)
    )  # fmt: skip


def broken(validation: Validation, /) -> pl.DataFrame:
    """Pick the steps that found something or could not be evaluated."""
    return steps(validation).filter(pl.col("kind") != PASSED)


def share(failures: int | None, rows: int | None, /) -> float | None:
    """Give the share of the rows looked at that break a rule, from 0 to 1; None where there is none."""
    return min(failures / rows, 1.0) if rows and failures is not None else None


def per_cent(part: float | None, /) -> str:
    r"""Write a share so that a little is never nothing, and nearly all never all.

    >>> per_cent(0.26), per_cent(0.0009), per_cent(0.000001), per_cent(0.99999), per_cent(1.0), per_cent(None)
    ('26.0 %', '0.09 %', 'under 0.01 %', 'over 99.9 %', '100 %', '\u2013')
    """
    if part is None:
        return "\N{EN DASH}"
    number = part * 100
    if part in (0, 1):
        return f"{number:.0f} %"
    if number < _SMALLEST:
        return f"under {_SMALLEST} %"
    if number >= _NEARLY_ALL:
        return "over 99.9 %"
    return f"{number:.2f} %" if number < 1 else f"{number:.1f} %"


def allowed(at_most: float | None, /) -> str:
    """Write a threshold: below 1 a share of the rows, from 1 on a number of rows.

    >>> allowed(0.02), allowed(50.0), allowed(0.0), allowed(None)
    ('2.0 %', '50', '0', '')
    """
    if at_most is None:
        return ""
    return per_cent(at_most) if 0 < at_most < 1 else f"{at_most:,.0f}"


def plural(number: int, one: str, many: str) -> str:
    """Choose the word for one or for another number of things."""
    return one if number == 1 else many
