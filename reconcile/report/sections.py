"""The audit below its first screen: reasons, rows, inputs, findings, duplicates, batch, glossary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Band
from reconcile.html import Html, element, joined, listing
from reconcile.remarks import ASIDE, titled
from reconcile.report.equation import proof
from reconcile.report.missing import WHY_WORDS, Why, blocks
from reconcile.report.tables import grouped
from reconcile.report.where import where
from reconcile.words import GROUPS, WORDINGS, Group, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.report.equation import Equation
    from reconcile.report.missing import Missing
    from reconcile.results import BatchSummary, Input, Reconciliation

_HASH_SHOWN: Final = 12
_SEVERITIES: Final = {"critical": 0, "warning": 1, "info": 2}

_TABLES: Final = {
    "students": "Students",
    "accounts": "Accounts",
    "applications": "Applications",
    "fraud": "Fraud reports",
    "earlier accounts": "Earlier accounts",
}
_GROUP_HEADS: Final = {
    Group.WRITE: "Today, after approval",
    Group.PERSON: "After a person's decision",
    Group.DATA: "Blocked until corrected",
    Group.DONE: "Nothing to do",
}
_BANDS: Final = {
    Band.LINK.value: "Almost certainly one person",
    Band.REVIEW.value: "May be one person: a person decides",
    Band.NONE.value: "Looked at, and probably two persons",
}


def reasons(missing: Missing, /) -> Html:
    """Say why students have no usable CCCID."""
    if missing.reasons.is_empty():
        return element("p", "Every student in scope holds a CCCID that was found and can be used.")
    shown = [Group.WRITE, Group.PERSON, Group.DATA]
    if missing.reasons[Group.DONE.value].sum():
        shown.insert(0, Group.DONE)
    rows: list[tuple[str | int, ...]] = [
        (WHY_WORDS[Why(row["why"])], row["students"], *(row[group.value] for group in shown))
        for row in missing.reasons.iter_rows(named=True)
    ]
    rows.append(("Together", *(int(missing.reasons[name].sum()) for name in ("students", *shown))))
    head = ("Why", "Students", *(GROUPS[group].title for group in shown))
    caption = "Students in scope without a usable CCCID in the SIS, by reason and by what comes next"
    return listing(head, rows, caption=caption, total=True)


def today(reconciliation: Reconciliation, missing: Missing, /) -> Html:
    """Say what can be recovered today, what needs a person and what blocks."""
    order = {group: at for at, group in enumerate(_GROUP_HEADS)}
    shown = sorted(
        (status for status, count in missing.next.items() if count),
        key=lambda status: (order[WORDINGS[status].group], -missing.next[status], status.value),
    )
    rows: list[tuple[str | int, ...]] = [
        (
            _GROUP_HEADS[WORDINGS[status].group],
            WORDINGS[status].title,
            missing.next[status],
            WORDINGS[status].action,
            WORDINGS[status].who,
        )
        for status in shown
    ]
    if not rows:
        return element("p", "Nothing: every student in scope has a usable CCCID.")
    rows.append(("Together", "", sum(missing.next.values()), "", ""))
    head = ("When", "Status", "Students", "What to do", "Who")
    rules = blocks(reconciliation.students, reconciliation.findings).rows()
    return joined(
        listing(head, rows, caption="Students without a usable CCCID, by what comes next", total=True),
        listing(
            ("Element", "Rule", "Students"),
            rules,
            caption="What blocks: rules that the records of blocked students break, some several",
        )
        if rules
        else "",
    )


def places(missing: Missing, /) -> Html:
    """Say where the students without a usable CCCID are, by each dimension that they have."""
    told = (
        "Each bar is the share of a group's students in scope who have no usable CCCID. Students are never "
        "counted by citizenship, SSN exception, homelessness or incarceration."
    )
    parts = [joined(element("h3", f"By {one.called}"), where(one)) for one in missing.by]
    return joined(element("p", told), *parts) if parts else element("p", "The extract says nothing of it.")


def rows(reconciliation: Reconciliation, /, *, equation: Equation, missing: Missing) -> Html:
    """Print the row equation, from the files to the students without a CCCID."""
    lines = [(line.what, line.total, line.terms, "yes") for line in proof(equation, missing)]
    folded = "Folded rows are history of somebody in another row (former names and ids) or withdrawn reports."
    return joined(
        element("p", "No row is lost and none is counted twice; a run in which this fails writes no audit."),
        listing(
            ("Figure", "Count", "Is the sum of", "Adds up"), lines, caption="The row equation in numbers"
        ),
        element("p", folded) if any(entry.folded for entry in equation.inputs) else "",
        element("p", "Population: ", element("b", reconciliation.population), "."),
    )


def inputs(reconciliation: Reconciliation, /) -> Html:
    """Say where every row came from."""
    return joined(
        listing(
            _INPUT_HEAD, [_input(entry) for entry in reconciliation.inputs], caption="Inputs of this run"
        ),
        _fingerprints(reconciliation.inputs),
    )


def quarantine(frame: pl.DataFrame, inputs: tuple[Input, ...], /) -> Html:
    """Say which rows were set aside and what else was noticed while reading, without their content."""
    aside = sum(entry.quarantined for entry in inputs)
    told = (
        f"{counted(aside, 'row')} could not be read, or had no id of their own, and took no part."
        if aside
        else "Every row could be read and has an id of its own."
    )
    rejected = pl.col("kind").is_in(ASIDE)
    files = {entry.table: entry.source.name for entry in inputs}
    return joined(
        element("p", told),
        _noted(frame.filter(rejected), files, caption="Rows that were set aside, and why"),
        _noted(frame.filter(~rejected), files, caption="What else was noticed while reading"),
    )


def findings(frame: pl.DataFrame, /) -> Html:
    """Count the rows that break each rule of the data dictionary, the gravest first."""
    broken = frame.filter(pl.col("failures") > 0)
    told = f"{counted(frame.height, 'rule')} of the data dictionary were checked; "
    told += f"{broken.height:,} found something." if broken.height else "none found anything."
    if frame.height == 0:
        told = "No rule of the data dictionary was checked in this run."
    if broken.is_empty():
        return element("p", told)
    order = pl.col("severity").replace_strict(_SEVERITIES, default=len(_SEVERITIES), return_dtype=pl.Int64)
    rows = [
        (row["element"], row["severity"], row["message"], row["failures"], row["rows"], row["suite"])
        for row in broken.sort(order, -pl.col("failures"), "suite", "rule_id").iter_rows(named=True)
    ]
    head = ("Element", "Severity", "Rule", "Rows that break it", "Rows checked", "Suite")
    note = (
        "A critical finding stops the creation of an account for that row; the row still takes part in the "
        "search, so that bad data never hide an existing account."
    )
    caption = "Rules of the data dictionary that found something"
    return joined(element("p", told), listing(head, rows, caption=caption), element("p", note))


def duplicates(frame: pl.DataFrame, /) -> Html:
    """Count the pairs that may be one person; the pairs themselves are in duplicates.csv."""
    if frame.is_empty():
        return element("p", "No two records were found that may be one person.")
    counts = (
        frame.group_by("table", "band")
        .agg(pl.len().cast(pl.Int64).alias("pairs"))
        .sort("table", "band", descending=[True, False])
    )
    rows = [
        (_TABLES.get(row["table"], row["table"]), _BANDS.get(row["band"], row["band"]), row["pairs"])
        for row in counts.iter_rows(named=True)
    ]
    head = ("Among", "Judgement", "Pairs")
    return joined(
        listing(head, rows, caption="Pairs of records that may be one person"),
        element(
            "p", "Each pair, by id, with its score and reasons: ", element("code", "duplicates.csv"), "."
        ),
    )


def batch(summary: BatchSummary | None, /) -> Html:
    """Say what was proposed, by whom, who approved it, and what the approver types next."""
    if summary is None:
        return element("p", "Nothing was proposed: no student can be recovered or created by this run.")
    rows: list[tuple[str, str]] = [
        ("Batch", element("code", summary.id)),
        ("State", summary.state),
        ("Accounts to create", f"{summary.mints:,}"),
        ("CCCIDs to write back", f"{summary.recoveries:,}"),
        ("Proposed by", summary.proposer),
        ("Approved by", summary.approver or "nobody yet: a second person has to"),
    ]
    pairs = [joined(element("dt", name), element("dd", value)) for name, value in rows]
    facts = element("dl", *pairs, class_="facts")
    if not summary.command:
        return facts
    return joined(
        facts,
        element("p", "The approver, another person than the proposer, types:"),
        element("pre", element("code", summary.command)),
    )


def glossary() -> Html:
    """Explain how the page is to be read, and every status, those that do not occur included."""
    terms = [
        joined(
            element("dt", words.title, " ", element("code", status.value)),
            element("dd", words.meaning),
        )
        for status, words in WORDINGS.items()
    ]
    return joined(
        *(element("p", text) for text in _HOW_TO_READ),
        element("h3", "The statuses, in order of precedence"),
        element("dl", *terms),
    )


def method() -> Html:
    """Say in plain words how the figures came about."""
    return element("ol", *(element("li", text) for text in _METHOD))


_METHOD: Final = (
    (
        "Read: each file is read as text, row by row; nothing is guessed into numbers or dates. What cannot "
        "be read, or has no id of its own, is set aside and counted. SSNs become keyed hashes at once."
    ),
    (
        "Check: each table is held against the rules of the data dictionary; a record that breaks a critical "
        "rule still takes part in the search."
    ),
    "Look up: a CCCID in the SIS is looked up in the account snapshot and compared with the student.",
    (
        "Search: every student is compared with the accounts by names, birthdate, SSN, e-mail, phone and "
        "address. Each agreement and difference has a weight, learned from the data and from reviewers (the "
        "model of Fellegi and Sunter); the weights add up to a probability."
    ),
    (
        "Judge: from the higher threshold on a pair is linked, between the two a person decides, below it is "
        "no pair. Guards hold back twins, Jr and Sr, and other SSNs or names, whatever the weight."
    ),
    "Decide: each student gets exactly one status, the first that applies in the order given below.",
    "Approve: what follows is proposed as a batch; nothing happens before a second person approves it.",
)

_HOW_TO_READ: Final = (
    (
        "Each student has exactly one status: the first that applies in the order below. Whatever else was "
        "noticed stands in the flags column of students.csv."
    ),
    (
        "A CCCID in the SIS is never replaced without a person's decision, and two records are linked "
        "without one only when an independent field, such as the SSN, a personal e-mail or an application, "
        "supports name and birthdate."
    ),
    (
        "No account found means none in the snapshot that was given. Unless the snapshot is systemwide, the "
        "student may still have an account at another college; OpenCCC looks again before it creates one."
    ),
    (
        "This page holds counts and line numbers only: no names, birthdates or SSNs. students.csv, "
        "crosswalk.csv and duplicates.csv hold ids of students; treat them as student records."
    ),
)

_INPUT_HEAD: Final = (
    "Input",
    "File",
    "Layout",
    "Scope",
    "As of",
    "Rows",
    "Size",
    "Encoding",
    "SHA-256",
)


def _input(entry: Input) -> tuple[str | int, ...]:
    source = entry.source
    return (
        _TABLES.get(entry.table, entry.table),
        source.name,
        entry.layout,
        entry.scope or "",
        entry.as_of.isoformat() if entry.as_of else "",
        source.rows,
        _size(source.size),
        source.encoding,
        element("abbr", element("code", source.sha256[:_HASH_SHOWN]), title=source.sha256),
    )


def _fingerprints(inputs: tuple[Input, ...]) -> Html:
    """The hashes in full, for paper: what a title shows on hovering cannot be printed."""
    items = [
        element("li", source.name, ": ", element("code", source.sha256))
        for entry in inputs
        for source in (entry.source, *entry.source.parts)
    ]
    return element("div", element("p", "SHA-256 in full:"), element("ul", *items), class_="paper")


def _noted(frame: pl.DataFrame, files: Mapping[str, str], *, caption: str) -> Html:
    if frame.is_empty():
        return Html()
    rows = [
        (
            _TABLES.get(row["table"], row["table"]),
            files.get(row["table"], ""),
            titled(row["kind"]),
            row["column"] or "",
            row["count"],
            _line_list(row["lines"], row["count"]),
            row["message"] or "",
        )
        for row in grouped(frame).iter_rows(named=True)
    ]
    heads = ("Input", "File", "What", "Column", "Times", "First lines", "In words")
    return listing(heads, rows, caption=caption)


def _line_list(lines: list[int], count: int) -> str:
    listed = ", ".join(str(line) for line in lines)
    return f"{listed} …" if count > len(lines) and lines else listed


def _size(size: int) -> str:
    """Write a file's size for a reader.

    >>> _size(999), _size(1_234_567)
    ('999 bytes', '1.2 MB')
    """
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} bytes"
