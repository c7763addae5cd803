"""Charts of a linkage: a pair's waterfall, a model's weights, blocking, scores, calibration.

Each takes the table of the same name of `flow.explain` and answers with a drawing: without script, in the
page's own colours. Blue speaks for one person and vermilion against, which people of any colour sight tell
apart; no meaning rests on colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconcile.html import element
from reconcile.report.chart import LINE, SHADES, Drawing, altair, drawing, padded
from reconcile.words import counted, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

FOR: Final = "#0072b2"
AGAINST: Final = "#c65200"
_SHOWN: Final = 0.05  # bits
_BANDS: Final = dict(zip(("link", "review", "none"), SHADES, strict=True))
_LEAST_MARK: Final = 40  # of a point of the calibration, in square pixels
_MOST_MARK: Final = 400
_RULES: Final = 15  # of blocking that are drawn


def waterfall_chart(steps: pl.DataFrame, /, *, title: str = "Why this pair has its weight") -> Drawing:
    """Draw the steps from the prior to the weight, in bits: each bit doubles the odds."""
    alt = altair()
    rows = [row for row in steps.to_dicts() if abs(row["bits"]) >= _SHOWN or row["step"] == "prior"]
    total = steps["to_bits"][-1] if steps.height else 0.0
    rows.append({"step": "total", "words": "match weight", "bits": total, "from_bits": 0.0, "to_bits": total})
    for row in rows:
        row["label"] = _signed(row["bits"])
        row["right"] = max(row["from_bits"], row["to_bits"])
        row["colour"] = FOR if row["bits"] >= 0 else AGAINST
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_lines(rows))
    bars = base.mark_bar(size=15).encode(
        x=alt.X("from_bits:Q", title="bits: each doubles or halves the odds"),
        x2="to_bits:Q",
        color=alt.Color("colour:N", scale=None),
    )
    ends = base.mark_text(align="left", dx=5).encode(x="right:Q", text="label:N")
    chart = (_rule(0) + bars + ends).properties(width=380, height=alt.Step(24))
    spoken = "; ".join(f"{row['words']}: {row['label']} bits" for row in rows)
    return drawing(padded(chart), title=title, spoken=f"{title}. {spoken}.")


def levels_chart(levels: pl.DataFrame, /) -> Drawing:
    """Draw the weight of every level; an exact agreement has a span, since rare values weigh more."""
    alt = altair()
    rows = levels.filter(levels["least"].is_not_null()).to_dicts()
    for row in rows:
        row["zero"] = 0
        row["colour"] = FOR if row["most"] >= 0 else AGAINST
        row["near"], row["far"] = sorted((row["least"], row["most"]), key=abs)
        row["right"] = max(row["least"], row["most"], 0)
        spread = row["most"] - row["least"] >= 1
        span = f"{_signed(row['least'], 0)} to {_signed(row['most'], 0)}"
        row["label"] = span if spread else _signed(row["most"])
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_lines(rows))
    colour = alt.Color("colour:N", scale=None)
    zero = alt.X("zero:Q", title="bits: each doubles or halves the odds")
    whole = base.mark_bar(size=11, opacity=0.4).encode(x=zero, x2="far:Q", color=colour)
    sure = base.mark_bar(size=11).encode(x=zero, x2="near:Q", color=colour)
    ends = base.mark_text(align="left", dx=5).encode(x="right:Q", text="label:N")
    chart = (whole + sure + ends + _rule(0)).properties(width=380, height=alt.Step(20))
    title = "What each kind of agreement weighs"
    spoken = "; ".join(f"{row['words']}: {row['label']}" for row in rows)
    return drawing(padded(chart), title=title, spoken=f"{title}, in bits. {spoken}.")


def blocking_chart(rules: pl.DataFrame, /) -> Drawing:
    """Draw how many pairs each rule of blocking brought; some are brought by several."""
    alt = altair()
    rows = [
        {"words": row["rule"].replace("_", " "), "pairs": row["pairs"], "label": f"{row['pairs']:,}"}
        for row in rules.sort("pairs", descending=True, maintain_order=True).head(_RULES).to_dicts()
    ]
    title = "Pairs to compare, by what their records share"
    if rules.height > _RULES:
        title += f" (the {_RULES} rules that brought most, of {rules.height})"
    if not rows:
        return Drawing(spoken="No pairs.", html=element("p", "No pairs."))
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_lines(rows))
    bars = base.mark_bar(size=13, color=FOR).encode(x=alt.X("pairs:Q", axis=None))
    ends = base.mark_text(align="left", dx=5).encode(x="pairs:Q", text="label:N")
    spoken = "; ".join(f"{row['words']}: {row['label']}" for row in rows)
    chart = (bars + ends).properties(width=300, height=alt.Step(20))
    return drawing(padded(chart), title=title, spoken=f"{title}. {spoken}.")


def distribution_chart(distribution: pl.DataFrame, /, *, thresholds: Mapping[str, float]) -> Drawing:
    """Draw how many pairs have which weight, by band; the scale is logarithmic, so that few pairs show.

    Args:
        distribution: of `flow.explain.distribution`.
        thresholds: where a band begins, in bits.
    """
    alt = altair()
    rows = [row | {"end": row["bits"] + 1} for row in distribution.to_dicts()]
    title = "Scored pairs by weight"
    chart = alt.layer(
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(binSpacing=1, stroke=LINE, strokeWidth=0.5)
        .encode(
            x=alt.X("bits:Q", bin="binned", title="match weight, bits"),
            x2="end:Q",
            y=alt.Y("pairs:Q", scale=alt.Scale(type="symlog"), title="pairs", axis=alt.Axis(tickCount=5)),
            color=alt.Color(
                "band:N", scale=alt.Scale(domain=list(_BANDS), range=list(_BANDS.values())), title="band"
            ),
        )
    )
    for name, at in thresholds.items():
        mark = alt.Chart(alt.InlineData(values=[{"at": at, "name": f"{name} from here"}]))
        line = mark.mark_rule(color=LINE, strokeDash=[4, 3], strokeWidth=1.5).encode(x="at:Q")
        side = {"align": "right", "dx": -5} if name == "review" else {"align": "left", "dx": 5}
        chart += line + mark.mark_text(**side, dy=-7, baseline="bottom").encode(
            x="at:Q", y=alt.value(0), text="name:N"
        )
    of_bands = distribution.group_by("band").sum().sort("band").select("band", "pairs").iter_rows()
    spoken = "; ".join(f"{band}: {counted(pairs, 'pair')}" for band, pairs in of_bands)
    marks = "; ".join(f"{name} from {at:.1f} bits" for name, at in thresholds.items())
    chart = chart.properties(width=480, height=220)
    return drawing(padded(chart), title=title, spoken=f"{title}. {spoken}. {marks}.")


def thresholds_chart(thresholds: pl.DataFrame, /) -> Drawing:
    """Draw precision and recall that each threshold would bring, as the model expects."""
    alt = altair()
    names = {
        "expected_precision": "of the linked pairs are right",
        "expected_recall": "of the persons are linked",
    }
    ordered = thresholds.sort("probability")
    rows = [
        {"at": f"{row['probability']:g}", "share": row[name], "what": what, "label": f"{row[name]:.1%}"}
        for row in ordered.iter_rows(named=True)
        for name, what in names.items()
    ]
    title = "What a threshold would bring, as the model expects"
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("at:O", sort=None, title="pairs link from this probability on", axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            "share:Q", title="share", scale=alt.Scale(zero=False), axis=alt.Axis(format=".0%", tickCount=5)
        ),
        color=alt.Color(
            "what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[FOR, AGAINST])
        ),
        shape=alt.Shape("what:N", title=None, scale=alt.Scale(domain=list(names.values()))),
    )
    points = base.mark_point(filled=True, size=70, opacity=1)
    chart = (base.encode(shape=alt.Shape()).mark_line() + points).properties(width=380, height=220)
    spoken = "; ".join(f"from {row['at']}: {row['label']} {row['what']}" for row in rows)
    return drawing(padded(chart), title=title, spoken=f"{title}. {spoken}.")


def calibration_chart(calibration: pl.DataFrame, /) -> Drawing:
    """Draw what reviewers found against what the model said; on the line they agree."""
    alt = altair()
    base = alt.Chart(alt.InlineData(values=calibration.to_dicts())).encode(
        x=alt.X("called:Q", scale=alt.Scale(domain=[0, 1]), title="probability that the model gives")
    )
    share = alt.Y("right:Q", scale=alt.Scale(domain=[0, 1]), title="share that reviewers called one person")
    legend = alt.Legend(tickCount=3, symbolFillColor=FOR, symbolStrokeWidth=0)
    size = alt.Size(
        "pairs:Q", title="decisions", legend=legend, scale=alt.Scale(range=[_LEAST_MARK, _MOST_MARK])
    )
    points = base.mark_point(filled=True, color=FOR, opacity=1).encode(y=share, size=size)
    spans = base.mark_rule(color=FOR, strokeWidth=1.5).encode(y="low:Q", y2="high:Q")
    line = alt.Chart(alt.InlineData(values=[{"called": 0, "right": 0}, {"called": 1, "right": 1}]))
    ideal = line.mark_line(color=LINE, strokeDash=[4, 4]).encode(x="called:Q", y="right:Q")
    title = "What the model says, and what reviewers found"
    spoken = "; ".join(
        f"said {row['called']:.2f}, found {row['right']:.2f} of {row['pairs']}"
        for row in calibration.iter_rows(named=True)
    )
    chart = (ideal + spans + points).properties(width=320, height=320)
    return drawing(padded(chart), title=title, spoken=f"{title}. {spoken}.")


def moved_chart(statuses: pl.DataFrame, /) -> Drawing:
    """Draw by how many students each status grew or shrank; one that did neither is left out."""
    alt = altair()
    title = "What the decisions changed: students by status"
    rows = [row for row in statuses.to_dicts() if row["change"]]
    if not rows:
        return Drawing(spoken=f"{title}. None.", html=element("p", "No status changed by the decisions."))
    for row in rows:
        row["words"] = wording(row["status"]).title
        row["label"] = f"{_signed(row['change'], 0)}  ({row['before']:,} to {row['after']:,})"
        row["end"] = max(row["change"], 0)
        row["colour"] = FOR if row["change"] > 0 else AGAINST
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_lines(rows))
    bars = base.mark_bar(size=15).encode(
        x=alt.X("change:Q", title="students more or fewer"), color=alt.Color("colour:N", scale=None)
    )
    ends = base.mark_text(align="left", dx=5).encode(x="end:Q", text="label:N")
    chart = (_rule(0) + bars + ends).properties(width=340, height=alt.Step(26))
    spoken = "; ".join(f"{row['words']}: {row['label']}" for row in rows)
    return drawing(padded(chart, right=150), title=title, spoken=f"{title}. {spoken}.")


def _signed(bits: float, places: int = 1) -> str:
    return f"{bits:+.{places}f}".replace("-", "\N{MINUS SIGN}")


def _lines(rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - altair's
    """Put one line a row, in the order of the rows, with its words."""
    alt = altair()
    return alt.Y("words:N", sort=[row["words"] for row in rows], title=None)


def _rule(at: float) -> Any:  # noqa: ANN401 - altair's
    alt = altair()
    return alt.Chart(alt.InlineData(values=[{"x": at}])).mark_rule(color=LINE).encode(x="x:Q")
