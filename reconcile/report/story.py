"""The first screen of the audit: the story in sentences, four figures and the chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconcile.columns import Status
from reconcile.html import Html, element, joined, listing
from reconcile.report.chart import status_chart
from reconcile.words import GROUPS, Group, counted, listed, wording

if TYPE_CHECKING:
    from reconcile.report.equation import Equation
    from reconcile.report.missing import Missing
    from reconcile.results import Reconciliation

_SYSTEMWIDE = "systemwide"


def story(reconciliation: Reconciliation, /, *, equation: Equation, missing: Missing) -> Html:
    """Tell who has no CCCID and what can be done, before any table."""
    scope = equation.in_scope
    return joined(
        element("p", *_opening(scope, missing), class_="lead"),
        element("ul", *(element("li", *line) for line in _lines(reconciliation, missing)), class_="story"),
        element("p", _others(missing, equation)),
        element("h3", f"All {counted(scope, 'student')} in scope"),
        _figures(equation),
        _notes(reconciliation.notes),
        element("figure", status_chart(equation.statuses), element("figcaption", _chart_caption(equation))),
    )


def statuses_table(equation: Equation, /) -> Html:
    """List every status that occurs: how many, what it means, what to do and who does it."""
    order = {group: at for at, group in enumerate(Group)}
    shown = sorted(
        (status for status, count in equation.statuses.items() if count),
        key=lambda status: (order[wording(status).group], -equation.statuses[status], status.value),
    )
    rows = [
        (
            joined(element("b", wording(status).title), element("br"), element("code", status.value)),
            equation.statuses[status],
            wording(status).meaning,
            wording(status).action,
            wording(status).who,
        )
        for status in shown
    ]
    head = ("Status", "Students", "What it means", "What to do", "Who")
    return listing(head, rows, caption="Students by status and what each status asks for")


def _opening(scope: int, missing: Missing) -> tuple[str, ...]:
    if not missing.absent:
        return ("Of ", _big(scope, "student"), " in scope, every one has a CCCID in the SIS.")
    have = "has" if missing.absent == 1 else "have"
    return (
        "Of ",
        _big(scope, "student"),
        " in scope, ",
        element("b", f"{missing.absent:,}"),
        f" {have} no CCCID in the SIS.",
    )


def _lines(reconciliation: Reconciliation, missing: Missing) -> list[tuple[str, ...]]:
    """The parts of those without a CCCID; together they are all of them."""
    find = "" if _systemwide(reconciliation) else " in the snapshot"
    statuses = missing.statuses
    ready = (Status.RECOVERABLE, Status.MINTABLE, Status.PENDING_LOAD)
    rest = missing.absent - sum(statuses[status] for status in ready) - missing.groups[Group.DATA]
    told = (
        (statuses[Status.RECOVERABLE], "already have an account: its CCCID can be written back."),
        (
            statuses[Status.MINTABLE],
            f"have no account{find} and good data: {_creation(reconciliation, statuses[Status.MINTABLE])}.",
        ),
        (statuses[Status.PENDING_LOAD], "were settled by an earlier batch: load their CCCID into the SIS."),
        (rest, "need a person's decision before anything happens."),
        (missing.groups[Group.DATA], f"have no account{find}, and their record must be corrected first."),
    )
    return [(element("b", f"{count:,}"), f" {_singular(text, count)}") for count, text in told if count]


def _creation(reconciliation: Reconciliation, count: int) -> str:
    issued = reconciliation.students.filter(status=Status.MINTABLE.value)["issued_cccid"].drop_nulls().len()
    if issued:
        whom = "each" if issued == count else f"{issued:,}"
        return f"a CCCID was issued for {whom} of them in this run"
    if reconciliation.issuer == "openccc":
        return "an account can be requested from OpenCCC, which looks once more"
    return "an account can be created"


def _singular(text: str, count: int) -> str:
    """Fit a clause written for many to one student."""
    if count != 1:
        return text
    for many, one in (("already have", "already has"), ("have", "has"), ("need", "needs"), ("were", "was")):
        if text.startswith(many):
            return text.replace(many, one, 1).replace("their", "the")
    return text


def _others(missing: Missing, equation: Equation) -> str:
    """The rest of those in scope, so that the figures of the first screen add up."""
    confirmed = equation.statuses[Status.CONFIRMED]
    doubted = equation.in_scope - confirmed - missing.absent - missing.unusable
    told = (
        (confirmed, "a CCCID that was found and is theirs"),
        (missing.unusable, "a CCCID that is wrong, unknown or cannot be used"),
        (doubted, "the right CCCID but need a decision for another reason"),
    )
    parts = [f"{count:,} {'holds' if count == 1 else 'hold'} {what}" for count, what in told if count]
    return f"Of the others, {listed(parts)}." if parts else ""


def _notes(notes: tuple[str, ...]) -> Html:
    if not notes:
        return Html()
    head = element("h3", "Read this with the figures", id="notes")
    items = element("ul", *(element("li", note) for note in notes))
    return element("div", head, items, class_="notes", role="note")


def _figures(equation: Equation) -> Html:
    totals = dict.fromkeys(Group, 0)
    for status, count in equation.statuses.items():
        totals[wording(status).group] += count
    boxes = [
        element(
            "li",
            element("span", f"{totals[group]:,}", class_="figure"),
            element("span", GROUPS[group].title),
            element("span", _share(totals[group], equation.in_scope), class_="share"),
            class_=f"box {group.value}",
        )
        for group in Group
        if group is not Group.OUTSIDE
    ]
    return element("ul", *boxes, class_="figures")


def _share(part: int, whole: int) -> str:
    """Round to whole per cent without calling a few students none, or nearly all students all.

    >>> _share(0, 10), _share(1, 1000), _share(999, 1000), _share(1, 2), _share(0, 0)
    ('0 %', 'under 1 %', 'over 99 %', '50 %', '')
    """
    if not whole:
        return ""
    percent = 100 * part / whole
    if 0 < percent < 1:
        return "under 1 %"
    if 99 < percent < 100:  # noqa: PLR2004 - per cent
        return "over 99 %"
    return f"{percent:.0f} %"


def _chart_caption(equation: Equation) -> str:
    outside = equation.statuses[Status.OUT_OF_SCOPE]
    tail = f", the {outside:,} out of scope among them" if outside else ""
    return (
        f"Every one of the {counted(equation.accepted, 'accepted record')} has exactly one status{tail}. "
        "The table below says what each one means."
    )


def _systemwide(reconciliation: Reconciliation) -> bool:
    scopes = [entry.scope for entry in reconciliation.inputs if entry.table == "accounts"]
    return bool(scopes) and all(scope == _SYSTEMWIDE for scope in scopes)


def _big(count: int, noun: str) -> Html:
    return element("b", counted(count, noun))
