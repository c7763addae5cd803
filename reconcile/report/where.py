"""Where students without a CCCID are: bars of each group's share, and the table with the figures."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from reconcile.html import Html, element, joined, listing
from reconcile.report.chart import LINE, SHADES, Drawing, altair, draw, drawing, padded

if TYPE_CHECKING:
    from reconcile.report.dimensions import Breakdown

PARTS: Final = {
    "none_found": ("No account found", SHADES[0]),
    "exists": ("An account exists or may exist", SHADES[1]),
    "unusable": ("CCCID wrong or unusable", SHADES[2]),
}
_AT_ONCE: Final = 30  # bars of one drawing, so that it fits on a page
_WIDE: Final = 30  # characters of a label's line
_MOSTLINES: Final = 4


def where(breakdown: Breakdown, /) -> Html:
    """Show one dimension: its chart and its table."""
    title = breakdown.title
    rows = [
        (
            row["value"],
            row["in_scope"],
            row["without"],
            f"{100 * row['without'] / row['in_scope']:.1f} %",
            *(row[name] for name in PARTS),
        )
        for row in breakdown.frame.iter_rows(named=True)
    ]
    head = (title, "In scope", "Without a usable CCCID", "Share", *(words for words, _ in PARTS.values()))
    twice = element(
        "p", "A student of several terms counts in each of them: these rows add up to more than all students."
    )
    return joined(
        *(element("figure", picture) for picture in _pictures(breakdown)),
        listing(head, rows, caption=f"Without a usable CCCID, by {breakdown.called}"),
        twice if breakdown.overlaps else "",
    )


def where_chart(breakdown: Breakdown, /) -> Drawing:
    """Draw one dimension for a notebook."""
    title = f"Students without a usable CCCID, by {breakdown.called}"
    rows = breakdown.frame.to_dicts()
    if not rows:
        return Drawing(spoken="No students.", html=element("p", "No students."))
    return drawing(_chart(rows[: 2 * _AT_ONCE], rows), title=title, spoken=spoken(breakdown))


def spoken(breakdown: Breakdown, /) -> str:
    """Say the chart in words."""
    told = "; ".join(f"{row['value']}: {_label(row)}" for row in breakdown.frame.iter_rows(named=True))
    return f"Share of students without a usable CCCID, by {breakdown.called}. {told}."


def _pictures(breakdown: Breakdown) -> list[Html]:
    rows = breakdown.frame.to_dicts()
    parts = [rows[at : at + _AT_ONCE] for at in range(0, len(rows), _AT_ONCE)]
    words = spoken(breakdown)
    said = [words, *("The same chart goes on." for _ in parts[1:])]
    return [
        element(
            "div",
            element("div", Html(draw(_chart(part, rows))), class_="chart tall", role="img", aria_label=words),
            class_="scroll", role="region", tabindex="0",
            aria_label=f"Chart by {breakdown.called}" + (f", part {at}" if len(parts) > 1 else ""),
        )
        for at, (part, words) in enumerate(zip(parts, said, strict=True), start=1)
    ]  # fmt: skip


def _label(row: dict[str, Any]) -> str:
    share = 100 * row["without"] / row["in_scope"]
    return f"{share:.1f} % · {row['without']:,} of {row['in_scope']:,}"


def _chart(rows: list[dict[str, Any]], every: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - altair's
    """Draw bars in their order; all drawings of one dimension have the same scale."""
    alt = altair()

    names = [_lines(str(row["value"])) for row in rows]
    # By their place, since two labels may be cut to one text.
    bits = [
        {"at": at, "part": words, "order": order, "share": row[name] / row["in_scope"]}
        for at, row in enumerate(rows)
        for order, (name, (words, _)) in enumerate(PARTS.items())
        if row[name]
    ]
    ends = [
        {"at": at, "end": row["without"] / row["in_scope"], "label": _label(row)}
        for at, row in enumerate(rows)
    ]
    widest = max((row["without"] / row["in_scope"] for row in every), default=0) or 1
    y = alt.Y(
        "at:O", sort=None, scale=alt.Scale(domain=list(range(len(rows)))),
        axis=alt.Axis(title=None, labelExpr=f"{json.dumps(names)}[datum.value]"),
    )  # fmt: skip
    x = alt.X(
        "share:Q", stack="zero", scale=alt.Scale(domain=[0, widest], nice=False),
        axis=alt.Axis(title="share of the students in scope", format=".0%", tickCount=5),
    )  # fmt: skip
    words, colours = zip(*PARTS.values(), strict=True)
    colour = alt.Color(
        "part:N", title=None, sort=list(words), scale=alt.Scale(domain=list(words), range=list(colours)),
        legend=alt.Legend(orient="top", symbolType="square", symbolStrokeColor=LINE, symbolStrokeWidth=1),
    )  # fmt: skip
    bars = (
        alt.Chart(alt.InlineData(values=bits))
        .mark_bar(size=13, stroke=LINE, strokeWidth=1)
        .encode(x=x, y=y, color=colour, order="order:Q")
    )
    label = (
        alt.Chart(alt.InlineData(values=ends))
        .mark_text(align="left", dx=6)
        .encode(x="end:Q", y=y, text="label:N")
    )
    step = 22 + 15 * (max(len(name) for name in names) - 1)
    return padded((bars + label).properties(width=430, height=alt.Step(step)), right=150)


def _lines(text: str) -> list[str]:
    """Break a long label over lines; the table has it whole.

    >>> _lines("Nursing"), len(_lines("a long title of a program " * 9))
    (['Nursing'], 4)
    """
    lines = wrap(text, _WIDE) or [""]
    return lines if len(lines) <= _MOSTLINES else [*lines[: _MOSTLINES - 1], lines[_MOSTLINES - 1][:-1] + "…"]
