"""Writes the reference from the code's own tables: `python -m reconcile.flow.reference docs/reference.md`.

Statuses, flags, columns, exit codes, and the data dictionary with its rules and messages. A test proves the
committed page in step. What a name means stands here only where no table of the code says it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile import resources
from reconcile.columns import Search, Status
from reconcile.errors import ConservationError, GateClosed, ReconcileError
from reconcile.mint.asked import COLUMNS as REQUEST_COLUMNS
from reconcile.read.layouts.layout import Layout, load_layout, shipped_layouts
from reconcile.report.tables import CROSSWALK_COLUMNS, DUPLICATE_COLUMNS, STUDENT_COLUMNS
from reconcile.validate.dictionary import SEVERITIES, SUITES, Element, Rule, read_dictionary
from reconcile.validate.lookup import facts_of
from reconcile.words import GROUPS, GUARD_WORDS, SIS_CCCID_WORDS, WORDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEARCHES: Final = {
    Search.NONE: "No account of the snapshot may be this student's.",
    Search.CERTAIN: "Exactly one account is certainly this student's.",
    Search.POSSIBLE: "One or more accounts may be this student's.",
    Search.SEVERAL: "More than one account is certainly this student's.",
}
FLAGS: Final = {
    "several_cccids_in_sis": "The SIS holds more than one CCCID for the student.",
    "several_accounts_confirmed": "More than one of the CCCIDs in the SIS leads to the student.",
    "other_possible_accounts": "Beside the certain account there are others that may be the student's.",
    "identity_changed": "The CCCID in the SIS is the student's, yet name or birthdate of its account differ.",
    "independent_evidence": "The certain account agrees on more than name and birthdate.",
    "fails_mint_request": "The record breaks a rule that a new account must meet.",
    "confidential": "The SIS marks the student as confidential.",
    "possible_account_reported_as_fraud": "An account that may be the student's was reported as fraud.",
    "issued_by_registry": "The registry gave the student a number.",
    "load_overdue": "The SIS lacks that number for more days than the plan bears.",
    "snapshot_not_systemwide": "The snapshot holds a part of all accounts; others may exist.",
    "named_outside_the_snapshot": "An application, or the SIS from a later day on, names an account that the "
    "snapshot lacks.",
    "application_disagrees": "An application names the account, and its name or birthdate differ.",
    "account_as_it_was": "The account is gone, or may be another person's, since the earlier snapshot.",
    "account_set_aside": "The account's CCCID cannot be used.",
    "account_changed_owner": "Name and birthdate of the account changed since the earlier snapshot.",
    "account_of_another_student": "Another student holds the account's number rightly.",
    "account_fits_another_student_better": "The account belongs rather to another student.",
    "account_fits_several_students": "The account fits two students nearly equally well.",
    "duplicate_certain": "Another SIS record is this student.",
    "duplicate_possible": "Another SIS record may be this student.",
}
MEANINGS: Final = {
    "sis_id": "the student's id in the SIS",
    "status": "one of the statuses above",
    "sis_cccid": "what is known of the CCCID in the SIS",
    "search": "what the search among the accounts found",
    "flags": "what else was noticed, joined by `;`",
    "evidence": "why, in words",
    "action": "what to do next",
    "cccid": "the CCCID as the SIS holds it; in the crosswalk any that is or was the student's",
    "proposed_cccid": "the existing account's number that is proposed",
    "issued_cccid": "the number that the registry gave",
    "snapshot_scope": "whose accounts the snapshot holds",
    "snapshot_as_of": "the day of the snapshot",
    "college": "MIS code of the college",
    "terms": "terms of the extract, joined by `;`",
    "credit": "credit or noncredit",
    "line": "where the row stands in the extract",
    "origin": "`sis`, `issued`, `recovered`, `proposed`, `account` (another one of the student's) or `past`",
    "current": "`yes` for the one number to use, `no` for history and for what a person has yet to decide",
    "since": "since when it is known, where that is known",
    "table": "`students` or `accounts`",
    "id_l": "id of the one record",
    "id_r": "id of the other",
    "match_weight": "weight of all that agrees and differs, in bits",
    "match_probability": "the probability that follows from it",
    "band": "`link` or `review`",
    "reasons": "on what the records agree and differ, and the guard that held the pair back",
}
EXITS: Final = {
    0: "done",
    GateClosed.exit_code: "the gate is closed: the data, or the age of the snapshot, forbids to propose",
    ReconcileError.exit_code: "something to correct in the plan, the files or the command",
    ConservationError.exit_code: "a defect of ours",
    130: "stopped with Ctrl-C",
}
_ASKED: Final = {
    "kind": "`mint` (make an account), `recover` (write a CCCID back) or `replace`",
    "cannot_self_serve": "why the student cannot do it, in your words",
    "identity_check": "how their identity was verified, in your words",
    "cccid": "the CCCID to write back, or to give up; empty for a new account",
}
_SYSTEMS: Final = {"banner": "Banner", "colleague": "Colleague", "peoplesoft": "PeopleSoft"}
_HEAD: Final = """\
# Reference

Made from the program's own tables by `python -m reconcile.flow.reference docs/reference.md`, never by hand.
What can be noticed while a file is read, with its remedy, stands in [how files are read](reading.md#repairs).
"""


def reference() -> str:
    """Write the whole page, as Markdown."""
    elements = read_dictionary(resources.expectations())
    parts = (_HEAD, *_outcomes(), *_files(elements), *_dictionary(elements))
    return "\n".join(parts)


def _outcomes() -> Iterator[str]:
    yield "## Statuses\n\nEvery student gets the first that applies.\n"
    yield _table(
        ("status", "in words", "what is known", "what to do", "who"),
        (
            (f"`{status}`", words.title, words.meaning, words.action, words.who)
            for status, words in ((one, WORDINGS[one]) for one in Status)
        ),
    )
    yield "By the kind of work:\n"
    yield _table(
        ("what is to do", "statuses"),
        (
            (words.title, " ".join(f"`{one}`" for one in Status if WORDINGS[one].group is group))
            for group, words in GROUPS.items()
        ),
    )
    yield "## The two facts behind a status\n"
    yield _table(("`sis_cccid`", "meaning"), ((f"`{one}`", text) for one, text in SIS_CCCID_WORDS.items()))
    yield _table(("`search`", "meaning"), ((f"`{one}`", text) for one, text in SEARCHES.items()))
    yield "## Flags\n\nThey stand beside the status and change nothing in it.\n"
    yield _table(("flag", "meaning"), ((f"`{name}`", text) for name, text in FLAGS.items()))
    yield "## Guards\n\nA guard keeps a pair from being linked by itself, whatever its weight.\n"
    yield _table(("guard", "meaning"), ((f"`{name}`", text) for name, text in GUARD_WORDS.items()))
    yield "## Exit codes\n"
    yield _table(("code", "meaning"), ((str(code), text) for code, text in EXITS.items()))


def _files(elements: tuple[Element, ...]) -> Iterator[str]:
    yield "## Columns of the outputs\n"
    for name, columns in (
        ("students.csv", STUDENT_COLUMNS),
        ("crosswalk.csv", CROSSWALK_COLUMNS),
        ("duplicates.csv", DUPLICATE_COLUMNS),
    ):
        yield f"`{name}`:\n"
        yield _table(("column", "what it is"), ((f"`{column}`", MEANINGS[column]) for column in columns))
    yield "## Columns of a table of requests\n\n`reconcile account request-template` writes its head.\n"
    known = {one.column: one.description for one in elements if one.column} | _ASKED
    yield _table(("column", "what it is"), ((f"`{name}`", known[name]) for name in REQUEST_COLUMNS))
    yield (
        "## Columns of the inputs\n\nThe name that each layout looks for first; it knows more, and "
        "`reconcile map` writes a layout of your own.\nFields in bold have to be there.\n"
    )
    layouts = {name: load_layout(name) for name in shipped_layouts()}
    fields = dict.fromkeys(f for one in _SYSTEMS for f in (*layouts[one].required, *layouts[one].optional))
    yield _table(
        ("field of a student", *_SYSTEMS.values()),
        ((f"`{field}`", *(_first(layouts[name], field) for name in _SYSTEMS)) for field in fields),
    )
    for name in sorted(layouts.keys() - {*_SYSTEMS}):
        one = layouts[name]
        yield f"{one.title}, layout `{name}`:\n"
        rows = ((f"`{f}`", _first(one, f)) for f in (*one.required, *one.optional))
        yield _table(("field", "column"), rows)


def _first(layout: Layout, field: str) -> str:
    if field in layout.required:
        return f"**{layout.required[field][0]}**"
    return layout.optional[field][0] if field in layout.optional else ""


def _dictionary(elements: tuple[Element, ...]) -> Iterator[str]:
    ordered = sorted(elements, key=lambda one: (one.number is None, one.number or 0))
    rules = [rule for one in ordered for rule in one.rules]
    yield (
        "## The data dictionary\n\nA suite is the moment at which rules run: `students` (an extract), "
        "`accounts` (a snapshot), `mint_request`\n(accounts about to be created), `snapshot_change` "
        "(two snapshots). *critical* closes the gate, *warning* and\n*info* are counted. Where the official "
        "text is not known to us, an element says so and sets no rule.\n"
        "[Sentence by sentence](dictionary.md).\n"
    )
    yield _table(
        ("suite", *SEVERITIES),
        (
            (f"`{suite}`", *(str(sum(r.suites.get(suite) == grade for r in rules)) for grade in SEVERITIES))
            for suite in SUITES
        ),
    )
    for one in ordered:
        yield f"### {one.element}\n\n{one.name['en']}, {one.name['es']}. {one.description}\n"
        number = [("No.", str(one.number))] if one.number else []
        yield " · ".join(f"{name}: {value}" for name, value in (*number, *facts_of(one))) + "\n"
        if one.notes:
            yield f"{one.notes}\n"
        if one.rules:
            heads = ("rule", "where", "what is said", "qué se dice", "what to do")
            yield _table(heads, (_rule(rule) for rule in one.rules))


def _rule(rule: Rule) -> tuple[str, ...]:
    where = [f"{suite} *{grade}*" for suite, grade in rule.suites.items()]
    where += [f"*{grade}* with a {what}" for what, grade in rule.eased.items()]
    return f"`{rule.id}`", "<br>".join(where), rule.message["en"], rule.message["es"], rule.remedy


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [_row(heads), "|" + "---|" * len([*heads]), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8", newline="\n")
