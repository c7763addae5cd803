"""A profile and what was noticed, in the words and the few columns that a screen has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.read.look.noticed import group_noticed, lines_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_HALF: Final = 0.005  # a share below this would be rounded to nothing
_LISTED: Final = 5  # columns of one finding
_MANY: Final = 6  # shapes
_TIMES: Final = "\N{MULTIPLICATION SIGN}"
_LINES: Final = 3  # of a finding that a terminal has room for


def profile_in_words(profile: pl.DataFrame, /) -> pl.DataFrame:
    """Word a profile: column, field, filled, different, holds, doubts.

    Columns that the file does not have are left out.
    """
    rows = [
        (
            one["column"],
            one["field"],
            per_cent(1 - one["empty_share"]),
            one["distinct"],
            _holds(one),
            "; ".join(one["doubts"]),
        )
        for one in profile.drop_nulls("column").iter_rows(named=True)
    ]
    kinds = dict.fromkeys(("column", "field", "filled", "different", "holds", "doubts"), pl.String)
    return pl.DataFrame(rows, schema=kinds | {"different": pl.Int64}, orient="row")


def profile_in_brief(words: pl.DataFrame, /) -> pl.DataFrame:
    """Put a worded profile into four columns, for a terminal: the field and the doubts on lines below."""
    return words.select(
        pl.concat_str(
            "column", pl.lit("\n  = ") + pl.col("field").replace({"": None}), ignore_nulls=True
        ).alias("column = field"),
        "filled",
        "different",
        pl.concat_str(
            "holds",
            pl.when(pl.col("doubts") != "").then(pl.lit("\n! ") + pl.col("doubts")),
            ignore_nulls=True,
        ).alias("holds, ! doubts"),
    )


def noticed_in_words(diagnostics: pl.DataFrame, /) -> pl.DataFrame:
    """Word what was noticed: kind, title, count, lines, columns, message."""
    rows = []
    for one in group_noticed(diagnostics).iter_rows(named=True):
        columns = one["columns"]
        more = f" and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
        listed = ", ".join(columns[:_LISTED]) + more
        lines = lines_in_words(one["lines"], one["count"])
        rows.append((one["kind"], one["title"], one["count"], lines, listed, one["message"]))
    kinds = dict.fromkeys(("kind", "title", "count", "lines", "columns", "message"), pl.String)
    return pl.DataFrame(rows, schema=kinds | {"count": pl.Int64}, orient="row")


def noticed_in_brief(words: pl.DataFrame, /) -> pl.DataFrame:
    """Put worded findings into two columns, for a terminal: what and where, and what it says."""
    return words.select(
        pl.concat_str(
            "title",
            pl.when(pl.col("count") > 1).then(pl.format(f" {_TIMES} {{}}", "count")),
            pl.when(pl.col("lines") != "").then(pl.lit("\n  line ") + _fewer(pl.col("lines"))),
            ignore_nulls=True,
        ).alias("what, where"),
        pl.concat_str(
            pl.when(pl.col("columns") != "").then(pl.col("columns") + ": "), "message", ignore_nulls=True
        ).alias("what was found, what to do"),
    )


def _fewer(lines: pl.Expr) -> pl.Expr:
    listed = lines.str.split(", ")
    more = pl.when(listed.list.len() > _LINES).then(pl.lit(", …")).otherwise(pl.lit(""))
    return listed.list.head(_LINES).list.join(", ") + more


def per_cent(share: float, /) -> str:
    """Word a share; what is not all of it never reads as all.

    >>> [per_cent(share) for share in (1.0, 0.999, 0.25, 0.001, 0.0)]
    ['100%', '>99%', '25%', '<1%', '0%']
    """
    if 0 < share < _HALF:
        return "<1%"
    if 1 - _HALF < share < 1:
        return ">99%"
    return f"{100 * share:.0f}%"


def size_in_words(size: int, /) -> str:
    """Word a file's size.

    >>> size_in_words(900), size_in_words(123_456), size_in_words(5_300_000_000)
    ('900 bytes', '123 kB', '5.3 GB')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1000:.0f} kB" if size >= 10**4 else f"{size:,} bytes"


def _holds(one: Mapping[str, Any]) -> str:
    if (one["field"] or "").endswith("ssn_hmac"):
        return "a keyed hash of the number"
    parts = [_shapes(one)] if one["shapes"] else []
    if one["longest"] is not None and one["shapes_seen"] > 1:
        lengths = dict.fromkeys((one["shortest"], one["longest"]))
        ends = "\N{EN DASH}".join(f"{n:,}" for n in lengths)
        parts.append(f"{ends} character{'s' if one['longest'] > 1 else ''}")
    if one["lowest"] is not None:
        parts.append(" to ".join(dict.fromkeys((one["lowest"], one["highest"]))))
    parts += ["one value"] if one["constant"] else []
    parts += ["all different"] if one["all_different"] else []
    return "; ".join(parts)


def _shapes(one: Mapping[str, Any]) -> str:
    """The commonest shapes; where they are many, two are enough to see what they are like."""
    if one["shapes_seen"] == 1:
        return str(one["shapes"][0]["shape"])
    shown = one["shapes"][:2] if one["shapes_seen"] > _MANY else one["shapes"]
    listed = ", ".join(f"{part['shape']} {per_cent(part['share'])}" for part in shown)
    others = one["shapes_seen"] - len(shown)
    return listed + (f", {others:,} more shape{'s' if others > 1 else ''}" if others else "")
