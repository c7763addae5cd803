"""The audit: one page, open without a network, that tells a dean, an auditor and the registrar the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, page, section
from reconcile.report import evidence as evidence_of
from reconcile.report import sections
from reconcile.report.missing import missing
from reconcile.report.story import statuses_table, story
from reconcile.words import GROUPS, Group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconcile.report.equation import Equation
    from reconcile.report.evidence import Evidence
    from reconcile.report.missing import Missing
    from reconcile.results import Reconciliation

_STYLE: Final = Path(__file__).with_name("audit.css")
_ISSUERS: Final = {
    "openccc": "OpenCCC issues the CCCIDs",
    "registry": "a registry with an allotted range issues the CCCIDs",
    "demo": "a DEMO registry issues made-up CCCIDs",
}


def audit_html(
    reconciliation: Reconciliation,
    /,
    *,
    equation: Equation,
    evidence: Evidence | None = None,
    by: Iterable[str] = (),
) -> str:
    """Write the audit as one self-contained page: no script, nothing fetched, no personal data of students.

    Args:
        reconciliation: the facts of the run.
        equation: its rows.
        evidence: what is known beside the run: approvals, reviewers, earlier runs; a run itself has none.
        by: further columns of the students to count by.

    Raises:
        ConservationError: figures do not add up.
        InputError: a column is refused as a dimension.
    """
    facts = missing(reconciliation.students, by=by)
    title = f"CCCID audit: {reconciliation.title}"
    parts = {key: part for key, part in _parts(reconciliation, equation, facts, evidence).items() if part[1]}
    first, *others = (section(name, part, key=key) for key, (name, part) in parts.items())
    return page(
        f"DEMO · {title}" if reconciliation.demo else title,
        element("a", "Skip to the summary", href="#summary", class_="skip"),
        _header(reconciliation, evidence),
        element("main", first, _contents({key: name for key, (name, _) in parts.items()}), *others),
        _footer(reconciliation),
        style=css(),
        class_="demo" if reconciliation.demo else "real",
    )


def _parts(
    run: Reconciliation, equation: Equation, facts: Missing, evidence: Evidence | None
) -> dict[str, tuple[str, Html]]:
    """Give every section under its key, in reading order."""
    noted = sections.quarantine(run.quarantine, run.inputs)
    return {
        "summary": ("Who has no CCCID, and what can be done", story(run, equation=equation, missing=facts)),
        "why": ("Why students have no CCCID", sections.reasons(facts)),
        "today": ("What can be done today, what needs a person, what blocks", sections.today(run, facts)),
        "where": ("Where they are", sections.places(facts)),
        "trend": ("From run to run", evidence_of.before(evidence) if evidence else Html()),
        "next": ("All students by status", statuses_table(equation)),
        "batch": ("The batch", Html() if evidence else sections.batch(run.batch)),
        "approvals": ("Who approved what", evidence_of.approvals(evidence) if evidence else Html()),
        "links": ("How good the links are", evidence_of.links(evidence) if evidence else Html()),
        "duplicates": ("Possible duplicates", sections.duplicates(run.duplicates)),
        "dictionary": ("Data dictionary", sections.findings(run.findings)),
        "rows": ("Every row is accounted for", sections.rows(run, equation=equation, missing=facts)),
        "aside": ("Rows set aside", noted),
        "inputs": ("Inputs", sections.inputs(run)),
        "settings": ("Settings", evidence_of.settings(evidence.settings) if evidence else Html()),
        "method": ("How it was done", sections.method()),
        "reading": ("How to read this page", sections.glossary()),
    }


def _contents(titles: dict[str, str]) -> Html:
    """List the sections with links; on paper it says what there is."""
    items = [element("li", element("a", title, href=f"#{key}")) for key, title in titles.items()]
    return element("nav", element("ol", *items), class_="contents", aria_label="Contents")


def _header(reconciliation: Reconciliation, evidence: Evidence | None) -> Html:
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
        *((f"audit written {evidence.written}",) if evidence else ()),
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
            "Made by reconcile. This page contains no students' names, birthdates or SSNs. "
            f"Run of {reconciliation.stamp}; inputs, hashes and counts for machines are in run.json.",
        ),
    )


def css() -> str:
    """Give the style of our reports, with the colours of the groups."""
    colours = "".join(f"--{group.value}:{GROUPS[group].colour};" for group in Group)
    return f":root{{{colours}}}\n" + _STYLE.read_text("utf-8")
