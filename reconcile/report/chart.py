"""The bar chart of students by status, and how any chart is drawn: without script, in the page's colours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconcile.heavy import quickly
from reconcile.html import Html, element
from reconcile.words import GROUPS, Group, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.columns import Status

# Dark, middle and light, to be told apart in grey and by people of any colour sight; a line parts them too.
# The dark one has a contrast of at least 3:1 on both pages, white and near black.
SHADES: Final = ("#0072b2", "#e08a1e", "#f3dc9b")
LINE: Final = "#888888"
FONT: Final = "Helvetica, Arial, sans-serif"
_INK: Final = "currentColor"  # the page decides, light or dark
# Namespaces are needless inside HTML, and look like addresses; what the parts of the drawing call
# themselves would be read out a second time, after the text alternative.
_NEEDLESS: Final = re.compile(r' (?:xmlns(?::xlink)?|role|aria-[a-z]+)="[^"]*"')


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A drawing that a notebook shows; what is read out, and printed at a prompt, is `spoken`."""

    spoken: str
    html: Html = field(repr=False)

    def __repr__(self) -> str:
        """Say what is drawn."""
        return self.spoken

    def _repr_html_(self) -> str:
        return self.html


def altair() -> Any:  # noqa: ANN401 - a module
    """Import the library that draws; it takes a second, so only when something is drawn."""
    with quickly():
        import altair as alt  # noqa: PLC0415
    return alt


def drawing(chart: Any, /, *, title: str, spoken: str) -> Drawing:  # noqa: ANN401 - any of altair's charts
    """Frame a chart for a notebook: a title, the drawing, and the words for whoever cannot see it."""
    picture = element("div", Html(draw(chart)), role="img", aria_label=spoken)
    framed = element(
        "div",
        element("p", title, style="margin:.3em 0;font-weight:600"),
        picture,
        class_="scroll",
        style="overflow-x:auto;max-width:100%",
        role="group",
        tabindex="0",
        aria_label=f"Chart: {title}",
    )
    return Drawing(spoken=spoken, html=framed)


def status_chart(statuses: Mapping[Status, int], /) -> Html:
    """Draw how many students have each status, grouped by the work that they ask for.

    The figures stand beside the bars; the text alternative lists them all.
    """
    rows = bars(statuses)
    spoken = "; ".join(f"{row['title']}: {row['count']}" for row in rows)
    drawing = Html(_svg(rows)) if rows else element("p", "No students.")
    chart = element("div", drawing, class_="chart", role="img", aria_label=f"Students by status. {spoken}.")
    return element("div", chart, class_="scroll", role="region", tabindex="0", aria_label="Chart")


def bars(statuses: Mapping[Status, int], /) -> list[dict[str, Any]]:
    """List the bars from top to bottom: by group, the longest first, empty ones left out."""
    rows = [
        {
            "group": GROUPS[wording(status).group].title,
            "order": list(Group).index(wording(status).group),
            "title": wording(status).title,
            "count": count,
            "label": f"{count:,}",
            "colour": GROUPS[wording(status).group].colour,
        }
        for status, count in statuses.items()
        if count
    ]
    return sorted(rows, key=lambda row: (row["order"], -row["count"], row["title"]))


def _svg(rows: list[dict[str, Any]]) -> str:
    alt = altair()
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("count:Q", axis=None, scale=alt.Scale(zero=True, nice=False)),
        y=alt.Y("title:N", sort=[row["title"] for row in rows], axis=alt.Axis(title=None)),
    )
    # Square ends: round ones are clipped by paths whose ids are counted over the life of the process.
    bar = base.mark_bar(size=17).encode(color=alt.Color("colour:N", scale=None))
    label = base.mark_text(align="left", dx=6).encode(text="label:N")
    head = alt.Header(title=None, labelOrient="top", labelAnchor="start", labelPadding=4)
    groups = list(dict.fromkeys(row["group"] for row in rows))
    chart = (
        (bar + label)
        .properties(width=540, height=alt.Step(25))
        .facet(row=alt.Row("group:N", sort=groups, header=head), spacing=8)
        .resolve_scale(y="independent")
    )
    return draw(padded(chart, right=24))


def padded(chart: Any, /, *, right: int = 64) -> Any:  # noqa: ANN401 - any of altair's charts
    """Leave room at the right: other fonts are wider."""
    return chart.properties(padding={"left": 8, "right": right, "top": 6, "bottom": 6})


def draw(chart: Any, /) -> str:  # noqa: ANN401 - any of altair's charts
    """Draw a chart of altair in the page's own colours, the same on every machine."""
    import vl_convert  # noqa: PLC0415 - as altair

    # "meta" is left out by the call: the drawing has no trace of the machine that made it.
    return _NEEDLESS.sub("", vl_convert.vegalite_to_svg(chart.configure(**_theme()).to_dict()))


def _theme() -> dict[str, Any]:
    words = {"labelFont": FONT, "labelFontSize": 13, "labelColor": _INK, "labelLimit": 0}
    return {
        "aria": False,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {
            **words,
            "ticks": False,
            "domainColor": "#888888",
            "labelPadding": 8,
            "labelFlush": False,
            "gridColor": "#888888",
            "gridOpacity": 0.25,
            **_titled(),
        },
        "legend": {**words, **_titled()},
        "header": {**words, "labelFontWeight": "bold"},
        "text": {"font": FONT, "fontSize": 13, "color": _INK},
    }


def _titled() -> dict[str, Any]:
    return {"titleFont": FONT, "titleFontSize": 13, "titleFontWeight": "normal", "titleColor": _INK}
