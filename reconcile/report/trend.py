"""How the students without a CCCID changed from run to run."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from reconcile.html import Html, element, joined, listing
from reconcile.report.chart import Drawing, altair, draw, drawing, padded

MOST: Final = 24  # of the latest runs that are drawn and listed
RUNS: Final = {
    "began": pl.String, "as_of": pl.String, "in_scope": pl.Int64, "absent": pl.Int64, "unusable": pl.Int64,
}  # fmt: skip
_LINES: Final = {
    "absent": ("No CCCID in the SIS", "#0072b2"),
    "unusable": ("CCCID wrong or unusable", "#c65200"),
}


def trend(runs: pl.DataFrame, /) -> Html:
    """Show earlier runs beside this one: a chart where there are several, and a table.

    Args:
        runs: began, as_of, in_scope, absent, unusable; the oldest first, this run the last.
    """
    shown = runs.tail(MOST)
    rows = [
        (
            row["began"],
            row["as_of"],
            row["in_scope"],
            row["absent"],
            f"{100 * row['absent'] / row['in_scope']:.1f} %" if row["in_scope"] else "",
            row["unusable"],
        )
        for row in shown.iter_rows(named=True)
    ]
    head = ("Run of", "As of", "In scope", "No CCCID in the SIS", "Share", "CCCID wrong or unusable")
    caption = "Runs of this plan's population in its workspace, the latest last"
    if shown.height < runs.height:
        caption += f" ({shown.height} of {runs.height:,})"
    table = listing(head, rows, caption=caption)
    if shown.height < 2:  # noqa: PLR2004 - one run is no trend
        said = "There is no earlier run of the same population in the workspace; the next run shows a change."
        return joined(element("p", said), table)
    picture = element("div", Html(draw(_chart(shown))), class_="chart", role="img", aria_label=spoken(shown))
    scrolled = element("div", picture, class_="scroll", role="region", tabindex="0", aria_label="Trend chart")
    return joined(element("figure", scrolled), table)


def trend_chart(runs: pl.DataFrame, /) -> Drawing:
    """Draw the runs for a notebook."""
    shown = runs.tail(MOST)
    if shown.is_empty():
        return Drawing(spoken="No runs.", html=element("p", "No runs."))
    return drawing(_chart(shown), title="Students without a CCCID, from run to run", spoken=spoken(shown))


def spoken(runs: pl.DataFrame, /) -> str:
    """Say the chart in words."""
    told = "; ".join(
        f"run of {row['began']}: {row['absent']:,} without, {row['unusable']:,} wrong or unusable"
        for row in runs.iter_rows(named=True)
    )
    return f"Students without a CCCID, from run to run. {told}."


def _chart(runs: pl.DataFrame) -> Any:  # noqa: ANN401 - altair's
    alt = altair()

    values = [
        {"run": f"{at}", "day": row["began"][:10], "kind": words, "students": row[name],
         "label": f"{row[name]:,}"}
        for at, row in enumerate(runs.iter_rows(named=True), start=1)
        for name, (words, _) in _LINES.items()
    ]  # fmt: skip
    days = [row["day"] for row in values[:: len(_LINES)]]
    named = "[" + ",".join(f"'{day}'" for day in days) + "][datum.value - 1]"
    words, colours = zip(*_LINES.values(), strict=True)
    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("run:O", sort=None, title="run", axis=alt.Axis(labelExpr=named, labelAngle=-45)),
        y=alt.Y("students:Q", title="students", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5)),
        color=alt.Color(
            "kind:N", title=None, sort=list(words), legend=alt.Legend(orient="top"),
            scale=alt.Scale(domain=list(words), range=list(colours)),
        ),
    )  # fmt: skip
    shape = alt.Shape(
        "kind:N",
        title=None,
        sort=list(words),
        scale=alt.Scale(domain=list(words), range=["circle", "triangle-up"]),
    )
    lines = base.mark_line().encode(strokeDash=alt.StrokeDash("kind:N", sort=list(words), legend=None))
    points = base.mark_point(filled=True, size=70, opacity=1).encode(shape=shape)
    figures = base.mark_text(dy=-12).encode(text="label:N", color=alt.value("currentColor"))
    width = max(240, 44 * runs.height)
    return padded((lines + points + figures).properties(width=width, height=220))
