"""Bars that are parts of a whole: how much of each column is filled, or of students has a CCCID."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from reconcile.html import element
from reconcile.report.chart import Drawing, altair, drawing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

FILLED: Final = "#0072b2"  # told apart from the outline of the rest by people of any colour sight
_COLUMNS: Final = 60  # that are drawn
_NAME: Final = 30  # characters of a column's name


def draw_filled(profile: pl.DataFrame, /) -> Drawing:
    """Draw for each column how much of it is filled; columns that the file does not have are left out.

    Args:
        profile: as `ReadResult.profile` gives it; beyond 60 columns the emptiest 60 are drawn.
    """
    shown = profile.drop_nulls("column")
    total = shown.height
    if total > _COLUMNS:
        shown = shown.filter(shown["empty_share"].rank("ordinal", descending=True) <= _COLUMNS)
    bars = [_bar(row) for row in shown.iter_rows(named=True)]
    which = f"the emptiest {_COLUMNS} of {total} columns" if total > _COLUMNS else f"{total} columns"
    spoken = f"How much is filled, {which}: " + "; ".join(f"{b['name']} {b['label']}" for b in bars) + "."
    if not bars:
        return Drawing(spoken="No columns.", html=element("p", "No columns."))
    return draw_parts(bars, title=f"How much of each column is filled ({which})", spoken=spoken)


def draw_parts(bars: Sequence[Mapping[str, Any]], /, *, title: str, spoken: str) -> Drawing:
    """Draw bars, each a part of a whole, in the page's own colours.

    Args:
        bars: from top to bottom: name, share (0 to 1), label (what stands behind the bar).
        title: above the bars.
        spoken: the same in words.
    """
    return drawing(_chart(bars), title=title, spoken=spoken)


def _bar(row: dict[str, Any]) -> dict[str, Any]:
    rows, share = row["filled"] + row["empty"], 1 - row["empty_share"]
    name = row["column"] if len(row["column"]) <= _NAME else f"{row['column'][: _NAME - 1]}…"
    label = f"{row['filled']:,} of {rows:,}"
    return {"name": name, "share": share, "label": label}


def _chart(bars: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - altair's
    alt = altair()
    # By their place, since two columns may be cut to one name.
    values = [{**bar, "at": at, "whole": 1} for at, bar in enumerate(bars)]
    words = f"{json.dumps([bar['name'] for bar in bars])}[datum.value]"
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("at:O", sort=None, axis=alt.Axis(title=None, labelExpr=words))
    )
    scale = alt.Scale(domain=[0, 1])
    share, end = (alt.X(f"{name}:Q", axis=None, scale=scale) for name in ("share", "whole"))
    whole = base.mark_bar(size=13, filled=False, stroke="#888888", strokeWidth=1).encode(x=end)
    filled = base.mark_bar(size=13, color=FILLED).encode(x=share)
    label = base.mark_text(align="left", dx=8).encode(x=end, text="label:N")
    return (whole + filled + label).properties(width=360, height=alt.Step(20))
