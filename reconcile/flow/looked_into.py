"""What an audit looks into beside its run: the registry, reviewers' decisions, earlier runs, the extract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.columns import Band, plain
from reconcile.errors import InputError
from reconcile.flow.compared import kept_of
from reconcile.flow.disclosed import has_registry
from reconcile.flow.estimate import estimate_quality
from reconcile.flow.explain import begins, calibration, distribution
from reconcile.flow.extract import read_columns
from reconcile.flow.latest import facts_of
from reconcile.flow.sampled import Scored
from reconcile.plan import Issuer, Plan
from reconcile.report.dimensions import COUNTED, KEPT, TOO_MANY, USUAL, require_dimension
from reconcile.report.evidence import BATCHES, MEASURES, REVIEWERS, STEPS, Evidence
from reconcile.report.trend import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconcile.flow.latest import Written
    from reconcile.plan.sections import MintPlan
    from reconcile.registry import Registry

_IDS: Final = ["id_l", "id_r"]
_STEPS: Final = (
    "drafted", "checked", "submitted", "approved", "rejected", "withdrawn", "returned", "minted",
    "handed_over", "answered", "delivered", "compared", "loaded", "voided", "replaced",
)  # fmt: skip


def look_into(plan: Plan, done: Written, /, *, written: str, told: tuple[str, ...] = ()) -> Evidence:
    """Collect what is known beside a run on the day on which its audit is written.

    Raises:
        RegistryError: the registry cannot be opened.
    """
    known = done.folder / "plan.toml"
    was = (
        Plan.parse(known.read_text(encoding="utf-8"), path=plan.path, files=False)
        if known.is_file()
        else plan
    )
    compared = kept_of(plan, str(done.facts.get("pairs") or ""))
    pairs = None if compared is None else compared.pairs
    if _differ(was, plan):
        told = (*told, "The plan was changed after this run; the settings shown are those of the run.")
    common: dict[str, Any] = {
        "written": written,
        **_scored(pairs),
        "runs": earlier(plan, done),
        "settings": _settings(was, done),
        "pairs": None if pairs is None else _sure(pairs).height,
    }
    if not has_registry(plan):
        return Evidence(
            **common, told=(*told, "The plan's registry is not at hand: nothing is known of approvals.")
        )
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    with Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO, create=False) as registry:
        proof, words = registry.verify(), registry.words()
        decided = registry.decisions(reviewers=plan.review.reviewers)
        log, batches = registry.audit(), _batches(registry)
    verdict = "holds" if proof.ok else "does NOT hold: " + "; ".join(proof.problems)
    measured, looked = _quality(pairs, decided)
    return Evidence(
        **common,
        registry=f"The registry's log of {proof.entries:,} entries {verdict}; its last is `{proof.head}`.",
        batches=batches,
        steps=_steps(log),
        reviewers=_reviewers(words),
        measures=measured,
        decided=looked,
        calibrated=_calibrated(pairs, decided),
        told=told,
    )


def earlier(plan: Plan, done: Written, /) -> pl.DataFrame:
    """List the runs in the workspace that asked about the same population, up to this one, oldest first."""
    found = {}
    for record in sorted(plan.runs.glob("[!.]*/run.json")):
        facts = facts_of(record.parent)
        alike = all(facts[name] == done.facts[name] for name in ("population", "demo"))
        if alike and "missing" in facts and facts["stamp"]["began"] <= done.facts["stamp"]["began"]:
            found[record.parent.name] = facts
    found[done.folder.name] = done.facts
    rows = [
        (facts["stamp"]["began"], facts["as_of"], facts["in_scope"], *_counts(facts))
        for _, facts in sorted(found.items())
    ]
    return pl.DataFrame(rows, schema=RUNS, orient="row")


def with_columns(
    plan: Plan, done: Written, students: pl.DataFrame, by: Iterable[str], /
) -> tuple[pl.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Add columns of the extract to a run's students.

    Args:
        plan: whose extract.
        done: the run.
        students: its students.
        by: columns that were asked for; beside them the usual ones are looked for.

    Returns:
        the students, the columns that were added, and sentences on what could not be added.

    Raises:
        InputError: a column is refused as a dimension, or the extract has none of that name.
    """
    asked = [require_dimension(name) for name in by if name not in KEPT]
    known = {plain(name) for name in asked}
    usual = {title: names for title, names in USUAL.items() if not known & {plain(title), *map(plain, names)}}
    changed = _extract_gone(plan, done)
    if changed:
        if asked:
            raise InputError(f"Students cannot be counted by {', '.join(asked)}: {changed}")
        return students, (), (f"Programs and dual enrollment were not looked for: {changed}",)
    # A column of the extract may have the name of one of ours.
    titles = {
        name: f"{name} of the extract" if name in (*students.columns, *COUNTED) else name for name in asked
    }
    wanted: dict[str, tuple[str, ...]] = {titles[name]: (name,) for name in asked}
    found = read_columns(plan, wanted | usual)
    lacking = [name for name in asked if titles[name] not in found.columns]
    if lacking:
        raise InputError(
            f"{plan.students} has no column {', '.join(lacking)}. `reconcile inspect` lists its columns."
        )
    many = [title for title in usual if title in found.columns and found[title].n_unique() > TOO_MANY]
    told = tuple(f"{title} has more than {TOO_MANY} values, and nobody was counted by it." for title in many)
    added = tuple(name for name in found.columns if name not in ("line", *many))
    kept = found.select("line", *added).unique("line")
    return students.join(kept, on="line", how="left", maintain_order="left"), added, told


def _extract_gone(plan: Plan, done: Written) -> str:
    """Say what is the matter with the extract; nothing when it is the one that the run read."""
    from reconcile.files import sha256  # noqa: PLC0415 - only here

    known = {entry["sha256"] for entry in done.facts["inputs"] if entry["table"] == "students"}
    if not plan.students.files:
        return "the students come from a query, which is asked once a run."
    files = [file for given in plan.students.files for file in _files_of(given)]
    if not all(file.is_file() for file in files):
        return "the extract is not there any more."
    parts = {
        part["sha256"]
        for entry in done.facts["inputs"]
        if entry["table"] == "students"
        for part in entry["parts"]
    }
    if any(sha256(file) not in known | parts for file in files):
        return "the extract was changed after the run. Run the plan again."
    return ""


def _files_of(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _differ(was: Plan, plan: Plan) -> bool:
    names = ("as_of", "population", "thresholds", "review", "policy")
    return any(getattr(was, name) != getattr(plan, name) for name in names)


def _scored(pairs: pl.DataFrame | None) -> dict[str, Any]:
    """Say how many pairs have which weight, and from which weight on they are linked or reviewed."""
    if pairs is None or pairs.is_empty():
        return {}
    single = pairs.with_columns(count=pl.lit(1, pl.Int64))
    return {"weights": distribution(single), "begins": begins(single)}


def _calibrated(pairs: pl.DataFrame | None, decided: pl.DataFrame) -> pl.DataFrame:
    on_pairs = _on_pairs(pairs, decided)
    return pl.DataFrame() if pairs is None or on_pairs.is_empty() else calibration(pairs, on_pairs)


def _on_pairs(pairs: pl.DataFrame | None, decided: pl.DataFrame) -> pl.DataFrame:
    """Keep the decisions that say of a scored pair whether it is one person."""
    said = decided.filter((pl.col("table") == "links") & pl.col("decision").is_in(["match", "different"]))
    if pairs is None:
        return said.clear()
    return said.join(pairs.select(pl.col(_IDS).cast(pl.String)), on=_IDS, how="semi")


def _counts(facts: dict[str, Any]) -> tuple[int, int]:
    return facts["missing"]["absent"], facts["missing"]["unusable"]


def _sure(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("band").cast(pl.String) == Band.LINK.value)


def _quality(pairs: pl.DataFrame | None, decided: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Estimate precision and recall, and count the sure links that were decided."""
    on_pairs = _on_pairs(pairs, decided)
    if pairs is None or on_pairs.is_empty():
        return pl.DataFrame(schema=MEASURES), 0
    looked = on_pairs.join(_sure(pairs).select(pl.col(_IDS).cast(pl.String)), on=_IDS, how="semi").height
    found = estimate_quality(Scored(pairs), on_pairs)  # type: ignore[arg-type] # has the pairs, as they do
    rows = [
        ("Precision of sure links", *found.precision),
        ("Recall of sure links", *found.recall),
        ("Recall with what people decide", *found.recall_with_review),
    ]
    return pl.DataFrame(rows, schema=MEASURES, orient="row"), looked


def _batches(registry: Registry) -> pl.DataFrame:
    log = registry.audit()
    ids = log.filter(pl.col("what") == "submitted")["subject"].unique(maintain_order=True)
    rows = [row for one in ids if (row := registry.read(lambda ledger, one=one: _batch(ledger, one)))]  # type: ignore[misc]
    return pl.DataFrame(rows, schema=BATCHES, orient="row")


def _batch(ledger: Any, batch_id: str) -> tuple[Any, ...] | None:  # noqa: ANN401 - of the registry
    row, approval = ledger.batch(batch_id), ledger.approval(batch_id) or {}
    if row is None:
        return None
    return (
        batch_id, row["state"], row["mints"], row["recoveries"], row["issuer"], row["proposer"],
        row["proposed_at"], approval.get("approver"), approval.get("at"),
    )  # fmt: skip


def _steps(log: pl.DataFrame) -> pl.DataFrame:
    rows = [
        (
            e["seq"],
            e["at"],
            e["subject"],
            e["what"],
            e["who"],
            str(json.loads(e["detail"]).get("reason") or ""),
        )
        for e in log.filter(pl.col("what").is_in(_STEPS)).iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=STEPS, orient="row")


def _reviewers(words: pl.DataFrame) -> pl.DataFrame:
    said = pl.col("decision")
    counts = {name: (said == name).sum().cast(pl.Int64) for name in ("match", "different", "unsure")}
    last = words.unique(["by", "table", "id_l", "id_r"], keep="last", maintain_order=True)
    return (
        last.filter(said != "withdrawn")
        .group_by(reviewer="by")
        .agg(**counts, first=pl.col("at").min(), last=pl.col("at").max())
        .select(list(REVIEWERS))
        .sort("reviewer")
    )


def _settings(plan: Plan, done: Written) -> dict[str, str]:
    limits = plan.thresholds
    yes = {True: "yes", False: "no"}
    versions = ", ".join(f"{name} {number}" for name, number in sorted(done.facts["versions"].items()))
    return {
        "A pair is linked from this probability on": f"{limits.link_probability:g}",
        "A person decides from this probability on": f"{limits.review_probability:g}",
        "A recovery needs an independent field": yes[limits.recoverable_needs_independent_field],
        "Days that an issued CCCID may wait to be loaded": f"{limits.pending_load_days:,}",
        "Reviewers who have to agree": f"{plan.review.reviewers}",
        "Account snapshot": f"{plan.accounts.scope.value.replace('_', ' ')}, at most "
        f"{plan.accounts.max_age_days:,} days old",
        "Holds that forbid an upload": ", ".join(plan.mint.upload_holds) or "every hold",
        "Mailbox that stands in for a missing address": _mailbox(plan.mint),
        "Attested by": plan.mint.attested_by or "nobody",
        "Rules of the college's own": yes[plan.policy.local is not None],
        "Folder of the run": done.folder.name,
        "Versions": versions,
    }


def _mailbox(mint: MintPlan) -> str:
    if mint.mailbox is None:
        return "none"
    seen = f"on {mint.mailbox_verified_on}" if mint.mailbox_verified_on else "by nobody"
    return f"{mint.mailbox}; seen to take plus addresses {seen}"
