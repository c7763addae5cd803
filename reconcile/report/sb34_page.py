"""The page to check before an SB34 worksheet is submitted: checks, shares, corrections, reasons, rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, joined, listing, page, section
from reconcile.report.audit import css
from reconcile.words import counted

if TYPE_CHECKING:
    from reconcile.report.sb34 import Sb34

_SHOWN: Final = 200  # corrections; corrections.csv has them all
_KINDS: Final = {
    "add": "A CCCID is known by now",
    "replace": "Another number is the student's",
    "withdraw": "What was reported is wrong",
    "decide": "A person has to decide first",
}


def sb34_html(made: Sb34, /, *, title: str, demo: bool) -> str:
    """Write the page: no script, nothing fetched, no name; SIS ids stand in the corrections alone.

    Args:
        made: the worksheet.
        title: what the plan is called.
        demo: the CCCIDs are made up.
    """
    banner = element(
        "p", element("b", "DEMO"), " The CCCIDs are made up: report them nowhere.", class_="banner"
    )
    return page(
        f"DEMO · SB34: {title}" if demo else f"SB34: {title}",
        element("a", "Skip to the checks", href="#checks", class_="skip"),
        element(
            "header",
            banner if demo else Html(),
            element("p", "MIS preparation", class_="kicker"),
            element("h1", title),
            element("p", _lead(made), class_="facts"),
        ),
        element(
            "main",
            section("Checks", _checks(made), key="checks"),
            section("Students with a CCCID", _shares(made), key="shares"),
            section("Corrections of earlier submissions", _corrections(made), key="corrections"),
            section("Why students are reported without a CCCID", _reasons(made), key="why"),
            section("How the rows come about", _rows(made), key="rows"),
        ),
        element(
            "footer",
            element("p", "Made by reconcile. SB34 of each student stands in sb34.csv, keyed by SIS id."),
        ),
        style=css(),
        class_="demo" if demo else "real",
    )


def _lead(made: Sb34) -> str:
    verdict = "all checks passed" if made.passed else "checks failed: do not submit"
    return f"{counted(made.worksheet.height, 'row')} · {verdict}"


def _checks(made: Sb34) -> Html:
    rows = [
        (row["check"], element("b", row["result"]), row["rows"], row["what_to_do"])
        for row in made.checks.iter_rows(named=True)
    ]
    return listing(("Check", "Result", "Rows", "What to do"), rows, caption="What was checked in every row")


def _shares(made: Sb34) -> Html:
    rows = [
        (
            row["GI01"] or "no college",
            row["GI03"],
            row["students"],
            row["with_cccid"],
            f"{100 * row['share']:.1f} %",
        )
        for row in made.shares.iter_rows(named=True)
    ]
    head = ("GI01", "GI03", "Students", "With a CCCID", "Share")
    return joined(
        element("figure", made.chart.html),
        listing(head, rows, caption="By college and term; not for publication, small numbers are in it"),
        element("p", "published.csv leaves out numbers under ten and whatever would give them back."),
    )


def _corrections(made: Sb34) -> Html:
    if made.submitted.is_empty():
        return element("p", "No earlier submission was given: name it under [mis] submitted in the plan.")
    came = listing(("What", "Rows"), made.submitted.rows(), caption="What became of the rows submitted")
    if made.corrections.is_empty():
        return joined(element("p", "Nothing is to be corrected."), came)
    kinds = [
        (_KINDS[kind], count)
        for kind, count in made.corrections.group_by("kind").len().sort("kind").iter_rows()
    ]
    shown = made.corrections.head(_SHOWN)
    lines = [tuple(value or "" for value in row) for row in shown.drop("kind").rows()]
    more = made.corrections.height - shown.height
    return joined(
        came,
        listing(("What", "Rows"), kinds, caption="Corrections by kind"),
        listing(
            ("GI01", "GI03", "SIS id", "SB34 then", "SB34 now", "Why"),
            lines,
            caption=f"The first {len(lines):,}" if more else "All of them",
        ),
        element("p", f"{more:,} more stand in corrections.csv.") if more else Html(),
    )


def _reasons(made: Sb34) -> Html:
    without = made.reasons.frame
    if without.is_empty():
        return element("p", "Every student has a CCCID.")
    return listing(("Why", "Rows"), without.rows(), caption="Rows with the code for none, by reason")


def _rows(made: Sb34) -> Html:
    return listing(
        ("What", "Count"), made.rows.rows(), caption="From the run's students to the worksheet's rows"
    )
