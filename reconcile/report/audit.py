"""The audit: one page, open without a network, that tells a dean, an auditor and the registrar the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, page, section
from reconcile.report import sections
from reconcile.report.missing import missing
from reconcile.report.story import statuses_table, story
from reconcile.words import GROUPS, Group

if TYPE_CHECKING:
    from reconcile.report.equation import Equation
    from reconcile.results import Reconciliation

_STYLE: Final = Path(__file__).with_name("audit.css")
_ISSUERS: Final = {
    "openccc": "OpenCCC issues the CCCIDs",
    "registry": "a registry with an allotted range issues the CCCIDs",
    "demo": "a DEMO registry issues made-up CCCIDs",
}


def audit_html(reconciliation: Reconciliation, /, *, equation: Equation) -> str:
    """Write the audit as one self-contained page: no script, nothing fetched, no personal data."""
    facts = missing(reconciliation.students)
    title = f"CCCID audit: {reconciliation.title}"
    return page(
        f"DEMO · {title}" if reconciliation.demo else title,
        element("a", "Skip to the summary", href="#summary", class_="skip"),
        _header(reconciliation),
        element(
            "main",
            section(
                "Who has no CCCID, and what can be done",
                story(reconciliation, equation=equation, missing=facts),
                key="summary",
            ),
            section("What to do next", statuses_table(equation), key="next"),
            section("Why students have no CCCID", sections.reasons(facts), key="why"),
            section("The batch", sections.batch(reconciliation.batch), key="batch"),
            *_evidence(reconciliation, equation),
            section("How to read this page", sections.glossary(), key="reading"),
        ),
        _footer(reconciliation),
        style=css(),
        class_="demo" if reconciliation.demo else "real",
    )


def _evidence(reconciliation: Reconciliation, equation: Equation) -> tuple[Html, ...]:
    inputs = reconciliation.inputs
    return (
        section("Possible duplicates", sections.duplicates(reconciliation.duplicates), key="duplicates"),
        section("Data dictionary", sections.findings(reconciliation.findings), key="dictionary"),
        section(
            "Every row is accounted for",
            sections.rows_and_inputs(reconciliation, equation=equation),
            key="rows",
        ),
        section("Rows set aside", sections.quarantine(reconciliation.quarantine, inputs), key="aside"),
    )


def _header(reconciliation: Reconciliation) -> Html:
    banner = (
        element(
            "p",
            element("b", "DEMO"),
            " The CCCIDs issued here are made up: load them nowhere, report them nowhere.",
            class_="banner",
        )
        if reconciliation.demo
        else Html()
    )
    facts = (
        f"As of {reconciliation.as_of.isoformat()}",
        f"run of {reconciliation.stamp}",
        _ISSUERS.get(reconciliation.issuer, reconciliation.issuer),
        *_snapshots(reconciliation),
    )
    return element(
        "header",
        banner,
        element("p", "CCCID audit", class_="kicker"),
        element("h1", reconciliation.title),
        element("p", " · ".join(facts), class_="facts"),
    )


def _snapshots(reconciliation: Reconciliation) -> list[str]:
    """The scope and the day of each account snapshot: they stand beside every status."""
    return [
        f"accounts: {entry.scope or 'scope not stated'}"
        + (f", as of {entry.as_of.isoformat()}" if entry.as_of else "")
        for entry in reconciliation.inputs
        if entry.table == "accounts"
    ]


def _footer(reconciliation: Reconciliation) -> Html:
    return element(
        "footer",
        element(
            "p",
            "Made by reconcile. This page contains no names, birthdates or SSNs. "
            f"Run of {reconciliation.stamp}; inputs, hashes and counts for machines are in run.json.",
        ),
    )


def css() -> str:
    """Give the style of our reports, with the colours of the groups."""
    colours = "".join(f"--{group.value}:{GROUPS[group].colour};" for group in Group)
    return f":root{{{colours}}}\n" + _STYLE.read_text("utf-8")
