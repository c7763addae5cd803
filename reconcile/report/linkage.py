"""Charts of a linkage: a pair's waterfall, the weights of a model, the scores, the calibration.

Each takes the table of the same name of `flow.explain` and answers with a chart that a notebook draws.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import polars as pl

_FOR: Final = "#1b6e4b"
_AGAINST: Final = "#a23b3b"
_SHOWN: Final = 0.05  # bits
_BANDS: Final = {"link": "#1b6e4b", "review": "#b07d12", "none": "#888888"}


def waterfall_chart(steps: pl.DataFrame, /, *, title: str = "Why this pair has its weight") -> Any:  # noqa: ANN401 - altair's
    """Draw the steps from the prior to the weight, in bits: each bit doubles the odds."""
    alt = _altair()
    rows = [row for row in steps.to_dicts() if abs(row["bits"]) >= _SHOWN or row["step"] == "prior"]
    total = steps["to_bits"][-1] if steps.height else 0.0
    rows.append({"step": "total", "words": "match weight", "bits": total, "from_bits": 0.0, "to_bits": total})
    for number, row in enumerate(rows):
        row |= {
            "order": number,
            "right": max(row["from_bits"], row["to_bits"]),
            "label": f"{row['bits']:+.1f}",
            "colour": _FOR if row["bits"] >= 0 else _AGAINST,
        }
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("words:N", sort=alt.SortField("order"), title=None, axis=alt.Axis(labelLimit=420))
    )
    bars = base.mark_bar(size=15).encode(
        x=alt.X("from_bits:Q", title="bits of evidence"),
        x2="to_bits:Q",
        color=alt.Color("colour:N", scale=None),
    )
    ends = base.mark_text(align="left", dx=5).encode(x="right:Q", text="label:N")
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color="#888888").encode(x="x:Q")
    return (bars + ends + zero).properties(width=420, height=alt.Step(22), title=title)


def levels_chart(levels: pl.DataFrame, /) -> Any:  # noqa: ANN401 - altair's
    """Draw the weight of every level but the exact ones, whose weight is the value's own."""
    alt = _altair()
    rows = levels.filter(levels["bits"].is_not_null()).to_dicts()
    for row in rows:
        row["colour"] = _FOR if row["bits"] >= 0 else _AGAINST
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_bar(size=11)
        .encode(
            x=alt.X("bits:Q", title="bits of evidence"),
            y=alt.Y("words:N", sort=None, title=None, axis=alt.Axis(labelLimit=420)),
            color=alt.Color("colour:N", scale=None),
        )
        .properties(width=420, height=alt.Step(15), title="What each kind of agreement weighs")
    )


def distribution_chart(distribution: pl.DataFrame, /) -> Any:  # noqa: ANN401 - altair's
    """Draw how many pairs have which weight, by band; the scale is logarithmic, so that few pairs show."""
    alt = _altair()
    return (
        alt.Chart(alt.InlineData(values=distribution.to_dicts()))
        .mark_bar()
        .encode(
            x=alt.X("bits:O", title="match weight, bits"),
            y=alt.Y("pairs:Q", scale=alt.Scale(type="symlog"), title="pairs"),
            color=alt.Color(
                "band:N", scale=alt.Scale(domain=list(_BANDS), range=list(_BANDS.values())), title="band"
            ),
        )
        .properties(width=520, height=220, title="Scored pairs by weight")
    )


def calibration_chart(calibration: pl.DataFrame, /) -> Any:  # noqa: ANN401 - altair's
    """Draw what reviewers found against what the model said; on the line they agree."""
    alt = _altair()
    base = alt.Chart(alt.InlineData(values=calibration.to_dicts())).encode(
        x=alt.X("called:Q", scale=alt.Scale(domain=[0, 1]), title="probability as the model says")
    )
    points = base.mark_point(filled=True, size=70, color=_FOR).encode(
        y=alt.Y("right:Q", scale=alt.Scale(domain=[0, 1]), title="share that reviewers called one person")
    )
    spans = base.mark_rule(color=_FOR).encode(y="low:Q", y2="high:Q")
    line = alt.Chart(alt.InlineData(values=[{"called": 0, "right": 0}, {"called": 1, "right": 1}]))
    ideal = line.mark_line(color="#888888", strokeDash=[4, 4]).encode(x="called:Q", y="right:Q")
    return (ideal + spans + points).properties(width=320, height=320, title="Calibration")


def _altair() -> Any:  # noqa: ANN401 - a module that is slow to import
    import altair as alt  # noqa: PLC0415

    return alt
