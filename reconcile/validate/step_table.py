"""The table of steps on a page: a rule a row, in English and Spanish, with a bar and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.html import Html, element, joined
from reconcile.validate.display import LOOKS, mark
from reconcile.validate.steps import allowed, per_cent, share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconcile.validate.validation import Validation

    Step = Mapping[str, Any]

_EXAMPLES: Final = 5  # of each broken rule
_DASH: Final = "\N{EN DASH}"
_HEADS: Final = {
    "severity": ("Severity", "Gravedad"),
    "element": ("Element", "Elemento"),
    "message": ("What was found", "Qué se encontró"),
    "share": ("Share", "Parte"),
    "failures": ("Failures", "Fallos"),
    "rows": ("Rows", "Filas"),
    "limit": ("Allowed", "Admitido"),
    "remedy": ("What to do", "Qué hacer"),
}
_PASSED_HEADS: Final = {
    "severity": _HEADS["severity"],
    "element": _HEADS["element"],
    "message": ("What it would say", "Qué diría"),
    "rows": _HEADS["rows"],
}
_NUMBERS: Final = ("failures", "rows", "limit")


def both(english: str, spanish: str, /) -> Html:
    """Write the same in English and, on a line below, in Spanish."""
    return joined(english, " ", element("span", spanish, lang="es", class_="es"))


def side_by_side(english: str, spanish: str, /) -> Html:
    """Write the same in English and, behind a dot, in Spanish."""
    return joined(f"{english} · ", element("span", spanish, lang="es"))


def severity(name: str, /, *, spanish: bool = True) -> Html:
    """Write a severity by its shape and its word, in both languages unless English is enough."""
    words = LOOKS[name].words
    told = both(words["en"], words["es"]) if spanish else words["en"]
    return element("span", mark(name), element("span", told), class_=f"severity {name}")


def identifier(name: str, /) -> Html:
    """Write an identifier that may be broken behind its underscores and nowhere else."""
    parts = [piece for word in name.split("_") for piece in ("_", element("wbr"), word)]
    return element("code", *parts[2:])


def broken_table(
    told: Sequence[Step], examples: Mapping[str, Html], /, *, caption: str, limits: bool
) -> Html:
    """Build the table of rules that found something or could not be evaluated.

    Args:
        told: the steps, with the message as {language: text}.
        examples: rule id -> what is shown of its failures.
        caption: what the table says.
        limits: show the column of thresholds.
    """
    heads = {name: words for name, words in _HEADS.items() if name != "limit" or limits}
    rows = [_broken_cells(step, examples) for step in told]
    return role_table(heads, rows, caption=caption, class_="steps", names="element", numbers=_NUMBERS)


def passed_table(told: Sequence[Step], /, *, caption: str) -> Html:
    """Build the table of rules that every row keeps."""
    rows = [
        {
            "severity": severity(step["severity"]),
            "element": _element(step),
            "message": both(step["message"]["en"], step["message"]["es"]),
            "rows": _number(step["rows"]),
        }
        for step in told
    ]
    return role_table(_PASSED_HEADS, rows, caption=caption, class_="steps", names="element", numbers=_NUMBERS)


def role_table(
    heads: Mapping[str, tuple[str, str]],
    rows: Sequence[Mapping[str, Html]],
    /,
    *,
    caption: str,
    class_: str,
    names: str,
    numbers: Sequence[str] = (),
) -> Html:
    """Build a table whose rows become cards on a narrow screen.

    Roles are written out, since a browser forgets them where a table is laid out in another way.

    Args:
        heads: column -> its heading in English and Spanish.
        rows: column -> what stands in it; columns that are not among the heads are left out.
        caption: what the table says, read out by a screen reader.
        class_: of the table.
        names: the column that names a row.
        numbers: columns that stand right.
    """
    head = [
        element(
            "th",
            both(*words),
            scope="col",
            role="columnheader",
            class_="number" if name in numbers else "text",
        )
        for name, words in heads.items()
    ]
    lines = []
    for row in rows:
        cells = [_cell(name, row[name], heads[name][0], names=names, numbers=numbers) for name in heads]
        lines.append(element("tr", *cells, role="row", **({"id": row["id"]} if "id" in row else {})))
    return element(
        "table",
        element("caption", caption, class_="hidden"),
        element("colgroup", *(element("col", class_=f"c-{name}") for name in heads)),
        element("thead", element("tr", *head, role="row"), role="rowgroup"),
        element("tbody", *lines, role="rowgroup"),
        class_=class_,
        role="table",
    )  # fmt: skip


def _cell(name: str, content: Html, label: str, *, names: str, numbers: Sequence[str]) -> Html:
    inside = element("div", content) if content else Html()
    if name == names:
        return element("th", inside, scope="row", role="rowheader", data_label=label)
    kind = "number" if name in numbers else "text"
    return element("td", inside, role="cell", class_=kind, data_label=label)


def _broken_cells(step: Step, examples: Mapping[str, Html]) -> dict[str, Html]:
    return {
        "severity": severity(step["severity"]),
        "element": _element(step),
        "message": joined(
            both(step["message"]["en"], step["message"]["es"]), examples.get(step["rule_id"], Html())
        ),
        "share": _share(step),
        "failures": _number(step["failures"]),
        "rows": _number(step["rows"]),
        "limit": Html(allowed(step["at_most"])),
        "remedy": joined(step["remedy"]),
    }


def _element(step: Step) -> Html:
    return joined(step["element"], " ", identifier(step["rule_id"]))


def _number(number: int | None) -> Html:
    return Html(_DASH if number is None else f"{number:,}")


def _share(step: Step) -> Html:
    if step["whole"]:
        return both("the whole table", "toda la tabla")
    part = share(step["failures"], step["rows"])
    if part is None:
        return Html(_DASH)
    full = element("i", style=f"width:{part:.2%}")
    return joined(per_cent(part), element("span", full, class_=f"bar {step['severity']}", aria_hidden="true"))


def examples_of(validation: Validation, /, *, keys: bool) -> dict[str, Html]:
    """Show up to five failures of each rule: the key of the row and the shape of the value.

    Args:
        validation: of `validate`.
        keys: without them only shapes are shown, the most frequent first.
    """
    rows = validation.failures.filter(pl.col("row").is_not_null())
    total = dict(rows.group_by("rule_id").len().iter_rows())
    if not keys:
        rows = (
            rows.drop_nulls("value")
            .group_by("rule_id", "value")
            .agg(times=pl.len().cast(pl.Int64))
            .sort("rule_id", -pl.col("times"), "value")
        )
    shown = rows.group_by("rule_id", maintain_order=True).head(_EXAMPLES)
    line = _row_line if keys else _shape_line
    return {
        str(rule): _block([line(one) for one in part.iter_rows(named=True)], total[rule], keys=keys)
        for (rule,), part in shown.group_by("rule_id", maintain_order=True)
    }


def _block(lines: list[Html], total: int, *, keys: bool) -> Html:
    if keys:
        count = f"{len(lines):,} of {total:,}" if len(lines) < total else f"{total:,}"
        words = (f"Examples: {count}", "ejemplos")
    else:
        words = ("Most frequent shapes", "formas más frecuentes")
    return element(
        "details", element("summary", side_by_side(*words)), element("ul", *lines), class_="examples"
    )


def _row_line(one: Step) -> Html:
    key = one["key"] if one["key"] is not None else f"row {one['row']:,}"
    shape = Html() if one["value"] is None else joined(" ", element("code", one["value"]))
    return element("li", element("code", key, class_="key"), shape)


def _shape_line(one: Step) -> Html:
    return element(
        "li", element("code", one["value"], class_="key"), f" {one['times']:,}\N{MULTIPLICATION SIGN}"
    )
