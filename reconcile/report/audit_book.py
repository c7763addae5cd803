"""The audit of students without a CCCID as a workbook: the page's tables, and one row a student, no names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.columns import Status
from reconcile.report.equation import proof
from reconcile.report.missing import WHY_WORDS, reasons_of
from reconcile.report.where import PARTS
from reconcile.words import GROUPS, WORDINGS, Group, wording
from reconcile.workbook import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.report.equation import Equation
    from reconcile.report.evidence import Evidence
    from reconcile.report.missing import Missing
    from reconcile.results import Reconciliation

STUDENTS: Final = (
    "SIS id", "College", "Terms", "Why", "Status", "Code", "What to do", "Who", "When",
)  # fmt: skip
_WHEN: Final = {
    Group.WRITE: "today, after approval",
    Group.PERSON: "after a person's decision",
    Group.DATA: "blocked until corrected",
    Group.DONE: "nothing to do",
}


def audit_pages(
    run: Reconciliation, /, *, equation: Equation, missing: Missing, evidence: Evidence
) -> list[Page]:
    """Make the sheets of the workbook.

    Raises:
        ConservationError: figures do not add up.
    """
    lines = [(line.what, line.total, line.terms, "yes") for line in proof(equation, missing)]
    return [
        _page("Summary", ("What", "Figure"), _summary(run, equation, missing, evidence)),
        Page(title="Students without", frame=students_without(run.students)),
        _page("Reasons", ("Why", "Students", *(GROUPS[g].title for g in Group)), _reasons(missing)),
        Page(title="By dimension", frame=by_dimension(missing)),
        _page("Status", ("Status", "Code", "Students", "Meaning", "What to do", "Who"), _statuses(equation)),
        _page("Equation", ("Figure", "Count", "Is the sum of", "Adds up"), lines),
        _page("Inputs", _INPUT, [_input(entry) for entry in run.inputs]),
        Page(title="Approvals", frame=evidence.batches.rename(_named)),
        Page(title="Steps", frame=evidence.steps.rename(_named)),
        Page(title="Reviewers", frame=evidence.reviewers.rename(_named)),
        _page("Quality", ("What", "Estimate", "From", "To"), _quality(evidence)),
        Page(title="Runs", frame=evidence.runs.rename(_named)),
        Page(title="Dictionary", frame=run.findings.rename(_named)),
        _page("Settings", ("Setting", "Value"), list(evidence.settings.items())),
    ]


def students_without(students: pl.DataFrame, /) -> pl.DataFrame:
    """List the students in scope without a usable CCCID, one row each: why, and what comes next."""
    found = reasons_of(students).drop_nulls("why").sort("sis_id")
    words = {status.value: wording(status) for status in Status}
    of_status = {
        "Status": {name: one.title for name, one in words.items()},
        "What to do": {name: one.action for name, one in words.items()},
        "Who": {name: one.who for name, one in words.items()},
        "When": {name: _WHEN.get(one.group, "") for name, one in words.items()},
    }
    texts = [
        pl.col("status").replace_strict(to, return_dtype=pl.String).alias(n) for n, to in of_status.items()
    ]
    why = {why.value: text for why, text in WHY_WORDS.items()}
    terms = pl.col("terms").cast(pl.List(pl.String)).list.join(" ").replace("", None)
    return found.select(
        pl.col("sis_id").alias("SIS id"),
        pl.col("college").alias("College"),
        terms.alias("Terms"),
        pl.col("why").replace_strict(why, return_dtype=pl.String).alias("Why"),
        pl.col("status").alias("Code"),
        *texts,
    ).select(STUDENTS)


def by_dimension(missing: Missing, /) -> pl.DataFrame:
    """List every dimension's rows below each other."""
    names = {name: words for name, (words, _) in PARTS.items()}
    kinds = {"Dimension": pl.String, "Value": pl.String} | dict.fromkeys(
        ("In scope", "Without a usable CCCID", *names.values()), pl.Int64
    )
    parts = [
        one.frame.select(
            pl.lit(one.title).alias("Dimension"),
            pl.col("value").alias("Value"),
            pl.col("in_scope").alias("In scope"),
            pl.col("without").alias("Without a usable CCCID"),
            *(pl.col(name).alias(words) for name, words in names.items()),
        )
        for one in missing.by
    ]
    share = (100 * pl.col("Without a usable CCCID") / pl.col("In scope")).round(1)
    return pl.concat([pl.DataFrame(schema=kinds), *parts]).with_columns(share.alias("Per cent"))


def _summary(
    run: Reconciliation, equation: Equation, missing: Missing, evidence: Evidence
) -> list[tuple[str, str]]:
    snapshot = next((entry for entry in run.inputs if entry.table == "accounts"), None)
    return [
        ("Audit of students without a CCCID", run.title),
        *(
            (("DEMO", "The CCCIDs issued here are made up: load them nowhere, report them nowhere."),)
            * run.demo
        ),
        ("As of", run.as_of.isoformat()),
        ("Run of", run.stamp),
        ("Audit written", evidence.written),
        ("Population", run.population),
        ("Account snapshot", f"{snapshot.scope}, as of {snapshot.as_of}" if snapshot else "none"),
        ("Students in scope", f"{equation.in_scope:,}"),
        ("With a CCCID that is theirs", f"{missing.usable:,}"),
        ("Without a CCCID", f"{missing.absent:,}"),
        ("With one that is wrong or cannot be used", f"{missing.unusable:,}"),
        *(
            (f"Of those without a usable one: {_WHEN[group]}", f"{count:,}")
            for group in (Group.WRITE, Group.PERSON, Group.DATA)
            for count in [int(missing.reasons[group.value].sum())]
        ),
        ("Quality of the links", evidence.verdict),
        *(("Note", note) for note in (*run.notes, evidence.registry, *evidence.told) if note),
    ]


def _reasons(missing: Missing) -> list[tuple[Any, ...]]:
    words = {why.value: text for why, text in WHY_WORDS.items()}
    return [
        (words[row["why"]], row["students"], *(row[group.value] for group in Group))
        for row in missing.reasons.iter_rows(named=True)
    ]


def _statuses(equation: Equation) -> list[tuple[Any, ...]]:
    return [
        (words.title, status.value, equation.statuses[status], words.meaning, words.action, words.who)
        for status, words in WORDINGS.items()
    ]


_INPUT: Final = (
    "Input", "File", "Layout", "Scope", "As of", "Rows", "Folded", "Set aside", "Accepted", "Bytes",
    "Encoding", "SHA-256",
)  # fmt: skip


def _input(entry: Any) -> tuple[Any, ...]:  # noqa: ANN401 - an Input
    source = entry.source
    return (
        entry.table, source.name, entry.layout, entry.scope, entry.as_of and entry.as_of.isoformat(),
        source.rows, entry.folded, entry.quarantined, entry.accepted, source.size, source.encoding,
        source.sha256,
    )  # fmt: skip


def _quality(evidence: Evidence) -> list[tuple[Any, ...]]:
    rows = evidence.measures.rows() if evidence.enough else []
    return [(evidence.verdict, None, None, None), *rows]


def _page(title: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Page:
    frame = pl.DataFrame(rows, schema=list(head), orient="row", infer_schema_length=None)
    return Page(title=title, frame=frame)


def _named(column: str) -> str:
    return column.replace("_", " ").capitalize()
