"""The reviewer's desk: the review panel over the pairs of a plan, or over pairs that a notebook has."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Band
from reconcile.errors import InputError, RegistryError
from reconcile.flow.compared import duplicates, keep, kept, look_up, search
from reconcile.flow.inputs import read_inputs
from reconcile.flow.run import in_question, silent, statuses, workspace
from reconcile.plan import Issuer, Plan
from reconcile.results import as_frame
from reconcile.review.cases import Cases, Part
from reconcile.review.parcel import Parcel
from reconcile.review.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconcile.flow.compared import Compared
    from reconcile.flow.inputs import Inputs
    from reconcile.join import Joined
    from reconcile.registry import Registry
    from reconcile.resolve import Resolution
    from reconcile.review.panel import ReviewPanel

PARCEL: Final = ".json"  # pairs for the panel, in a file of their own
_COMPARED: Final = (
    "There was no run of this plan on these files as they are, so the records were compared just now; run "
    "the plan once you have decided. "
)
_NO_FILES: Final = (
    "On a server the database keeps birthdates from a reviewer's login, and with a plan the desk would have "
    "to read them. A requester writes the pairs: reconcile run PLAN --work-list pairs.json --for NAME; "
    'open them with desk("pairs.json", registry=..., reviewer=...).'
)
_NOT_YOURS: Final = (
    "These pairs were written for somebody who sees birthdates, and you hold no role that does. Ask for a "
    "file of your own: reconcile run PLAN --work-list FILE.json --for NAME"
)
_DOUBTFUL: Final = (Band.LINK.value, Band.REVIEW.value)


def desk(
    pairs: object,
    left: object | None = None,
    right: object | None = None,
    /,
    *,
    reviewer: str,
    registry: Registry | str | Path | None = None,
    id: str | tuple[str, str] = "id",  # noqa: A002 - the word that every verb uses
    reviewers: int | None = None,
    demo: bool = False,
    limit: int = 500,
    progress: Callable[[str], None] | None = None,
) -> ReviewPanel:
    """Show the review panel: every decision goes to the registry at once, and counts in the next run.

    Where roles are in force, who is neither requester nor approver is told of birthdates and SSNs only
    whether they agree, are near, or differ.

    Args:
        pairs: a plan or its path; the path of pairs for the panel that somebody wrote for the reviewer
            (`reconcile run PLAN --work-list FILE.json --for NAME`); or what `link` or `find_duplicates` gave.
        left: the table whose ids are id_l; none with a plan.
        right: the table whose ids are id_r; None for duplicates.
        reviewer: who decides.
        registry: keeps the decisions; a plan names its own.
        id: the id column, or a (left, right) pair of names.
        demo: whether a registry that is named is stamped DEMO.
        reviewers: how many people have to agree on a pair; what the plan says, or 1, when None.
        limit: how many pairs the queue holds at most.
        progress: told the name of each step as it begins.

    Raises:
        InputError: a table, the registry or the reviewer's name is missing, or a file cannot be read.
        PlanError: the plan contradicts itself.
        Refused: roles are in force, and the reviewer has none that decides pairs.
        RegistryError: the registry refuses.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import
    from reconcile.registry.access import may_see_birthdates, require  # noqa: PLC0415
    from reconcile.registry.people import require_name  # noqa: PLC0415
    from reconcile.review.panel import ReviewPanel  # noqa: PLC0415 - so are the widgets

    require_name(reviewer, "A review needs the name of the reviewer")  # before a registry is made
    parcel, plan = None, pairs
    if isinstance(pairs, str | Path):
        parcel = Parcel(Path(pairs)) if Path(pairs).suffix.lower() == PARCEL else None
        plan = Plan.read(pairs) if parcel is None else None
    with ExitStack() as opened:
        if isinstance(plan, Plan):
            inputs = read_inputs(plan, progress=progress or silent)
            stamped = plan.issuer.kind is Issuer.DEMO
            registry = opened.enter_context(Registry.open(plan.registry, demo=stamped))
        elif registry is None or (left is None and parcel is None):
            raise InputError(
                "The desk needs the tables that the pairs are of, and a registry that keeps the decisions: "
                "desk(links, students, accounts, registry=..., reviewer=...)."
            )
        elif not isinstance(registry, Registry):
            registry = opened.enter_context(Registry.open(registry, demo=demo))
        require(registry, "decided", who=reviewer)  # now, and not when the first decision would be lost
        veiled = not may_see_birthdates(registry, reviewer)
        note = ""
        cases: Cases | Parcel
        if isinstance(plan, Plan):
            if veiled and registry.path is None:
                raise RegistryError(_NO_FILES)
            note = "" if kept(plan, inputs) else _COMPARED
            parts = _of_plan(plan, inputs, registry, progress=progress or silent)
            reviewers = reviewers or plan.review.reviewers
            cases = Cases(parts, veiled=veiled)
        elif parcel is not None:
            if veiled and not parcel.veiled:
                raise RegistryError(_NOT_YOURS)
            reviewers, cases = reviewers or parcel.reviewers, parcel
        else:
            cases = Cases([_of_tables(pairs, left, right, id)], veiled=veiled)
        session = Session(cases, registry, reviewer=reviewer, reviewers=reviewers or 1, limit=limit)
        return ReviewPanel(session, owned=opened.pop_all(), note=note)


def _of_tables(pairs: object, left: object, right: object | None, names: str | tuple[str, str]) -> Part:
    scored = as_frame(getattr(pairs, "pairs", pairs))
    return Part(
        pairs=scored.filter(pl.col("band").cast(pl.String) != Band.NONE.value),
        left=as_frame(left),
        right=None if right is None else as_frame(right),
        id=(names, names) if isinstance(names, str) else names,
    )


def compared_once(
    plan: Plan, inputs: Inputs, joined: Joined, /, *, progress: Callable[[str], None]
) -> Compared:
    """Take the pairs that the last run compared; compare where it has none of these inputs."""
    known = kept(plan, inputs)
    if known is not None:
        return known
    progress("Compare the records")
    own = duplicates(plan, inputs.tables["students"], "sis_id").pairs
    links = search(plan, inputs, joined)
    with workspace(plan):
        return keep(plan, inputs, links, own)


def _of_plan(
    plan: Plan, inputs: Inputs, registry: Registry, /, *, progress: Callable[[str], None]
) -> list[Part]:
    joined = look_up(inputs)
    compared = compared_once(plan, inputs, joined, progress=progress)
    resolution, _ = statuses(plan, inputs, registry, joined=joined, links=compared, own=compared.own)
    return parts_of(plan, inputs, compared, resolution)


def parts_of(plan: Plan, inputs: Inputs, compared: Compared, resolution: Resolution, /) -> list[Part]:
    """Ask for the pairs on which a word would move a student on; show the others beside them."""
    limits = (plan.thresholds.link_probability, plan.thresholds.review_probability)
    asked = in_question(resolution, compared.pairs, compared.also)
    found = compared.pairs.filter(pl.col("band").cast(pl.String) != Band.NONE.value)
    every = pl.concat([asked, found.join(asked, on=["id_l", "id_r"], how="anti")], how="diagonal_relaxed")
    doubtful = compared.own.filter(pl.col("band").cast(pl.String).is_in(_DOUBTFUL))
    students = inputs.tables["students"]
    return [
        Part(
            pairs=every, left=students, right=inputs.searched, asked=asked,
            id=("sis_id", "cccid"), limits=limits,
        ),
        Part(pairs=doubtful, left=students, asked=doubtful, id=("sis_id", "sis_id"), limits=limits),
    ]  # fmt: skip
