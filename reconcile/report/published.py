"""The audit for publication: no cell under ten, nothing that gives one back, no ids, no names of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.html import Html, element, joined, listing, page, section
from reconcile.report.audit import css
from reconcile.report.filled import draw_parts
from reconcile.report.missing import WHY_WORDS
from reconcile.report.suppress import HIDDEN, SMALLEST, publish, publish_alike
from reconcile.words import listed
from reconcile.workbook import Page

if TYPE_CHECKING:
    from reconcile.report.dimensions import Breakdown
    from reconcile.report.missing import Missing
    from reconcile.results import Reconciliation

_WITH: Final = "With a usable CCCID"
_WITHOUT: Final = "Without"
_ALL: Final = "Students in scope"
_WHY: Final = "Why"
_RULE: Final = (
    f"A star stands for a number under {SMALLEST}, and for whatever would give one back by subtraction. "
    "Publish one such page a term, and none of several terms beside one of some of them: two that differ by "
    "a few students can be subtracted from each other. So can this page and published.csv of the MIS "
    "worksheet, which counts whoever has several CCCIDs as without one, and whoever was given one that waits "
    "to be loaded as with one. Publish one of the two."
)


def published_tables(missing: Missing, /) -> dict[str, pl.DataFrame]:
    """Make the tables that may be published, as text, each under its title.

    All of them share their totals, so what is left out of one total is left out of all. A dimension in which
    some students stand twice is left out: its rows less the total would tell how many these are.
    """
    parted = [one for one in missing.by if not one.overlaps]
    tables = {one.called: _counts(one) for one in parted}
    whole = pl.DataFrame({_WITH: [missing.usable], _WITHOUT: [missing.without], "value": ["all"]})
    shown = publish_alike({_ALL: whole, **tables}, name="value", counts=(_WITH, _WITHOUT))
    shown[_ALL] = shown[_ALL].tail(1)
    named = {title: _with_share(table).rename({"value": title}) for title, table in shown.items()}
    if named[_ALL][_WITHOUT][-1] == HIDDEN:
        return named  # reasons would say how many there are
    words = {why.value: text for why, text in WHY_WORDS.items()}
    reasons = missing.reasons.select(
        Why=pl.col("why").replace_strict(words, return_dtype=pl.String), Students="students"
    )
    return named | {_WHY: publish(reasons, name=_WHY, counts=("Students",)).drop("total")}


def published_html(run: Reconciliation, missing: Missing, /) -> str:
    """Write the page that may be published."""
    title = f"Students without a CCCID: {run.title}"
    tables = published_tables(missing)
    parts = [
        section(
            _title(name),
            _chart(name, table) if "Share" in table.columns and table.height > 2 else Html(),  # noqa: PLR2004
            listing(table.columns, _figures(table), caption=_caption(name), total=True),
            key=f"table{at}",
        )
        for at, (name, table) in enumerate(tables.items())
    ]
    snapshot = next((entry for entry in run.inputs if entry.table == "accounts"), None)
    facts = [f"As of {run.as_of.isoformat()}", f"population: {run.population}"]
    if snapshot is not None:
        facts.append(f"account snapshot: {snapshot.scope}, as of {snapshot.as_of}")
    banner = element("p", element("b", "DEMO"), " Nobody in these figures exists.", class_="banner")
    return page(
        f"DEMO · {title}" if run.demo else title,
        element(
            "header",
            banner if run.demo else Html(),
            element("p", "For publication", class_="kicker"),
            element("h1", title),
            element("p", " · ".join(facts), class_="facts"),
        ),
        element(
            "main",
            element("p", _RULE),
            _left_out(missing),
            *parts,
            section("What the words mean", _words(), key="words"),
        ),
        element("footer", element("p", "Made by reconcile.")),
        style=css(),
        class_="demo" if run.demo else "real",
    )


def published_pages(run: Reconciliation, missing: Missing, /) -> list[Page]:
    """Make the sheets of a workbook that may be published."""
    head = pl.DataFrame(
        {
            "What": ["Title", "As of", "Population", "How to read it"],
            "In words": [run.title, run.as_of.isoformat(), run.population, _RULE],
        }
    )
    tables = [Page(title=name, frame=_in_cells(table)) for name, table in published_tables(missing).items()]
    return [Page(title="About", frame=head), *tables]


def _left_out(missing: Missing) -> Html:
    """Say which dimensions are left out."""
    twice = [one.called for one in missing.by if one.overlaps]
    if not twice:
        return Html()
    told = "There is no table by {}: some students stand in several of its rows, which could be subtracted."
    return element("p", told.format(listed(twice)))


def _counts(one: Breakdown) -> pl.DataFrame:
    counts = one.frame.select("value", (pl.col("in_scope") - pl.col("without")).alias(_WITH), "without")
    return counts.rename({"without": _WITHOUT})


def _with_share(table: pl.DataFrame) -> pl.DataFrame:
    """Say the share of those without where both numbers may be said."""
    numbers = [
        pl.col(name).str.replace_all(",", "").cast(pl.Int64, strict=False) for name in (_WITHOUT, "total")
    ]
    share = pl.format("{} %", (100 * numbers[0] / numbers[1]).round(1))
    return table.with_columns(share.fill_null(HIDDEN).alias("Share")).rename({"total": "In scope"})


def _figures(table: pl.DataFrame) -> list[tuple[str | int, ...]]:
    """Make numbers of the counts, so that they stand right; a share stays as it is written."""
    return [(row[0], *map(_count, row[1:])) for row in table.rows()]


def _count(told: str) -> str | int:
    bare = told.replace(",", "")
    return int(bare) if bare.isdigit() else told


def _in_cells(table: pl.DataFrame) -> pl.DataFrame:
    """Make numbers of what is one, so that a workbook calculates with it; a star stays a star."""
    rows = [(row[0], *map(_number, row[1:])) for row in table.rows()]
    kinds = {name: pl.Object if at else pl.String for at, name in enumerate(table.columns)}
    return pl.DataFrame(rows, schema=kinds, orient="row").rename({"Share": "Share in %"}, strict=False)


def _number(told: str) -> int | float | str:
    """Take the number that a cell says: "1,743", or "26.0 %" as 26.0."""
    return float(told.removesuffix(" %")) if told.endswith(" %") else _count(told)


def _title(name: str) -> str:
    return {_ALL: "All students in scope", _WHY: "Why"}.get(name, f"By {name}")


def _caption(name: str) -> str:
    if name == _WHY:
        return "Students without a usable CCCID, by reason"
    return _ALL if name == _ALL else f"{_ALL}, by {name}"


def _chart(title: str, table: pl.DataFrame) -> Html:
    """Draw the shares that may be said, but for the total."""
    rows = table.head(table.height - 1).filter(pl.col("Share") != HIDDEN).iter_rows(named=True)
    bars = [
        {"name": row[title], "share": float(row["Share"].removesuffix(" %")) / 100, "label": row["Share"]}
        for row in rows
    ]
    if not bars:
        return Html()
    words = f"Share of students without a usable CCCID, by {title}"
    told = "; ".join(f"{bar['name']} {bar['label']}" for bar in bars)
    return draw_parts(bars, title=words, spoken=f"{words}: {told}.").html


def _words() -> Html:
    terms = {
        "CCCID": "the number of a student's account at OpenCCC, by which colleges know each other's students",
        _WITH: "the SIS of the college holds a CCCID, and its account is this student's",
        _WITHOUT: "the SIS holds none, or one that is wrong or cannot be used",
        "In scope": "students of the population named above",
    }
    return element("dl", *(joined(element("dt", word), element("dd", text)) for word, text in terms.items()))
