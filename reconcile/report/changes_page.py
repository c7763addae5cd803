"""The page of two snapshots compared: what became of the accounts, what changed, what a person looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, joined, listing, page, section
from reconcile.report.audit import css
from reconcile.report.changes import FIELDS, SHAPES
from reconcile.words import counted

if TYPE_CHECKING:
    from reconcile.report.changes import Snapshot, SnapshotChanges

_SHOWN: Final = 200  # accounts; the table of --out has them all
_SCOPES: Final = {
    "systemwide": "all accounts",
    "district": "the district's accounts",
    "own_applications": "accounts of the college's own applicants",
}
_WORDS: Final = {
    "Unchanged, changed": "The account is in both. Compared are names, birthdate, e-mail, phone, a keyed "
    "hash of the SSN, and what OpenCCC notes of verification and terms; nothing else counts.",
    "New, vanished": "In one snapshot alone. Only a snapshot of all accounts can say so: from a part of them "
    "an account may be missing although it exists.",
    "Nearly alike": "A nickname, a letter or a digit apart, a part of a double surname, day and month "
    "swapped: most often a correction. Another value is most often a change, or another person.",
    "Earlier holder today under": "CCCIDs whose accounts have the earlier holder's SSN, or name and "
    "birthdate, in the later snapshot. OpenCCC publishes no list of merged accounts: ask before you take one "
    "for the other.",
}
_SEVERITIES: Final = {"critical": "critical", "warning": "warning", "info": "worth knowing"}


def changes_html(made: SnapshotChanges, /) -> str:
    """Write the page: no script, nothing fetched, no name, birthdate or address; accounts by CCCID."""
    title = f"{made.earlier.name} and {made.later.name}"
    return page(
        f"Snapshot comparison: {title}",
        element("a", "Skip to what became of the accounts", href="#accounts", class_="skip"),
        element(
            "header",
            element("p", "Snapshot comparison", class_="kicker"),
            element("h1", title),
            element("p", f"{_facts(made.earlier)}; {_facts(made.later)}", class_="facts"),
        ),
        element(
            "main",
            section("What became of the accounts", _accounts(made), key="accounts"),
            section("What changed", _fields(made), key="fields"),
            section("For a person to look at", _persons(made), key="person"),
            section("E-mails that had been verified", _emails(made), key="emails"),
            section("How the rows come about", _rows(made), key="rows"),
            section("How to read this page", _reading(), key="reading"),
        ),
        element(
            "footer",
            element("p", "Made by reconcile. This page contains no names, birthdates, addresses or SSNs."),
        ),
        style=css(),
        class_="real",
    )


def _facts(one: Snapshot) -> str:
    day = f"as of {one.as_of.isoformat()}" if one.as_of else "of a day that nobody stated"
    latest = f", latest entry of {one.latest}" if one.latest else ""
    return f"{one.name}: {_SCOPES[one.scope]}, {day}{latest}"


def _accounts(made: SnapshotChanges) -> Html:
    words = made.words
    lead = (
        f"{counted(made.new.len(), 'account')} {words['new']}, {made.changed:,} changed, "
        f"{made.vanished.len():,} {words['vanished']}."
    )
    rows = [
        ("in both, unchanged", made.unchanged),
        ("in both, changed", made.changed),
        (words["vanished"], made.vanished.len()),
        (words["new"], made.new.len()),
    ]
    sums = (
        _sum("Earlier", made.earlier.compared, made, f"{made.vanished.len():,} {words['vanished']}"),
        _sum("Later", made.later.compared, made, f"{made.new.len():,} {words['new']}"),
    )
    notes = (
        element(
            "div",
            element("h3", "Read this with the figures"),
            element("ul", *(element("li", note) for note in made.notes)),
            class_="notes",
            role="note",
        )
        if made.notes
        else Html()
    )
    return joined(
        element("p", lead, class_="lead"),
        listing(("What became of them", "Accounts"), rows, caption="Accounts, by CCCID"),
        element("ul", *sums, class_="equation"),
        notes,
    )


def _sum(which: str, total: int, made: SnapshotChanges, alone: str) -> Html:
    said = f"{total:,} = {made.unchanged:,} unchanged + {made.changed:,} changed + {alone}"
    return element("li", element("b", f"{which}: "), said)


def _fields(made: SnapshotChanges) -> Html:
    table = made.fields
    if table.is_empty():
        return element("p", "No account that is in both snapshots changed.")
    rows = [
        (FIELDS[row["field"]], row["changed"], *(row[shape] for shape in SHAPES))
        for row in table.iter_rows(named=True)
    ]
    head = ("What", "Accounts", *(words for words, _ in SHAPES.values()))
    return joined(
        element("figure", element("div", made.chart.html, class_="chart")),
        listing(
            head, rows, caption="Accounts in both snapshots, by what changed and how near the new value is"
        ),
    )


def _persons(made: SnapshotChanges) -> Html:
    if made.findings.is_empty():
        return element("p", "Nobody: no rule about changes found anything.")
    rules = [
        (
            row["message"],
            _SEVERITIES[row["severity"]],
            row["accounts"],
            row["what_to_do"],
        )
        for row in made.findings.iter_rows(named=True)
    ]
    shown = made.for_a_person.head(_SHOWN)
    lines = [
        (
            row["cccid"],
            row["severity"],
            row["changed"] or "gone",
            row["compared"] or "",
            row["now_under"] or "",
        )
        for row in shown.iter_rows(named=True)
    ]
    more = made.for_a_person.height - shown.height
    caption = f"The first {len(lines):,} accounts" if more else "All of these accounts"
    head = ("CCCID", "Severity", "What changed", "The two rows as records", "Earlier holder today under")
    return joined(
        listing(("Rule", "Severity", "Accounts", "What to do"), rules, caption="Rules that found something"),
        listing(head, lines, caption=caption) if lines else Html(),
        element("p", f"{more:,} more stand in the table of --out.") if more else Html(),
    )


def _emails(made: SnapshotChanges) -> Html:
    if made.emails.is_empty():
        return element("p", "The snapshots do not say which e-mails are verified.")
    return listing(
        ("What became of them", "Accounts"),
        made.emails.rows(),
        caption="E-mails that changed after they had been verified",
        total=True,
    )


def _rows(made: SnapshotChanges) -> Html:
    parts = [
        (one.name, what, count) for one in (made.earlier, made.later) for what, count in one.rows.items()
    ]
    files = [(one.name, element("code", one.sha256)) for one in (made.earlier, made.later)]
    return joined(
        listing(("Snapshot", "Rows that", "Rows"), parts, caption="Every row of the two files"),
        listing(("Snapshot", "SHA-256"), files, caption="The files, so that they can be told from others"),
    )


def _reading() -> Html:
    told = (element("dt", word) + element("dd", said) for word, said in _WORDS.items())
    return element("dl", joined(*map(Html, told)))
