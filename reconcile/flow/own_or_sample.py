"""What a notebook works on: a plan or an extract of one's own, or the sample when none is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import InputError
from reconcile.flow.estimate import sample_pairs
from reconcile.flow.practice import practice_plan
from reconcile.plan import Issuer, Plan
from reconcile.plan.sections import InputPlan
from reconcile.resources import sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.flow.linked import Links

_DRAWN: Final = 300  # pairs that the sample's truth is asked about, as many as a person looks at in a day


def plan_or_sample(
    plan: str | Path | None, /, *, out: str | Path = "practice", sis: str = "banner", files: bool = True
) -> Plan:
    """Read the plan that is named, or take the sample's, with its results in a folder of the user's.

    A plan is looked for where the notebook runs, then one folder up: `reconcile lab` keeps the notebooks
    in a folder of the workspace.

    Args:
        plan: the path; the sample when empty or None.
        out: the folder for the sample's results and registry.
        sis: the layout of the sample's students.
        files: require that the inputs are there.

    Raises:
        InputError: there is no such file, or no sample of that system.
        PlanError: the plan breaks the rules.
    """
    return Plan.read(_found(plan), files=files) if plan else practice_plan(out, sis=sis)


def extract_or_sample(
    file: str | Path | None,
    plan: str | Path | None,
    /,
    *,
    layout: str = "generic",
    columns: Mapping[str, str] | None = None,
) -> InputPlan:
    """Choose the extract to look at: a file, else a plan's students, else the sample that is full of faults.

    Args:
        file: the path of an extract; `layout` and `columns` are its own.
        plan: the path of a plan, which says both.
        layout: a shipped layout, or a file of one's own.
        columns: field -> column, where the layout does not know the names.

    Raises:
        InputError: the plan is not there, or its students are not one file.
        PlanError: the plan breaks the rules.
    """
    if plan and not file:
        known = Plan.read(_found(plan))
        if not isinstance(known.students.path, Path) or known.students.parts:
            raise InputError(f"The students of {known.path} are not one file. Name one as `file`.")
        return known.students
    path = Path(file).expanduser() if file else sample() / "imperfect" / "students.csv"
    return InputPlan(path=path, layout=layout, options={"columns": columns or {}})


def answers(plan: Plan, links: Links, /) -> pl.DataFrame:
    """Give what is known of pairs of a linkage: id_l, id_r, decision.

    Of one's own plan that is what its registry holds, which may be nothing; of the sample, the truth that
    comes with it stands in for reviewers, on pairs from every level of certainty.

    Raises:
        RegistryError: the registry refuses.
    """
    if not plan.path.is_relative_to(sample()):
        decided = pl.col("decision").is_in(["match", "different"]) & (pl.col("table") == "links")
        said = _decisions(plan).filter(decided).select("id_l", "id_r", "decision")
        return said.join(links.pairs, on=["id_l", "id_r"], how="semi")
    owner = pl.read_csv(plan.path.parent / "truth_students.csv").select("sis_id", "person")
    holder = pl.read_csv(sample() / "truth_accounts.csv").select("cccid", holder="person")
    drawn = sample_pairs(links, pairs=_DRAWN)
    known = drawn.join(owner, left_on="id_l", right_on="sis_id").join(
        holder, left_on="id_r", right_on="cccid"
    )
    same = pl.when(pl.col("person") == pl.col("holder")).then(pl.lit("match"))
    return known.select("id_l", "id_r", decision=same.otherwise(pl.lit("different")))


def _decisions(plan: Plan) -> pl.DataFrame:
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    with Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO) as registry:
        return registry.decisions(reviewers=plan.review.reviewers, settled=True)


def _found(plan: str | Path) -> Path:
    path = Path(plan).expanduser()
    above = Path.cwd().parent / path
    return above if not path.exists() and above.is_file() else path
