"""One reconciliation from a plan to a submitted batch and its audit; it never mints."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Band, Status
from reconcile.errors import OutputError
from reconcile.files import WORKSPACE_MARK, lock, private_folder
from reconcile.flow.compared import duplicates, keep, look_up, search
from reconcile.flow.crosswalk import of_this_sis, reused_ids
from reconcile.flow.earlier import PREVIOUS
from reconcile.flow.inputs import Inputs, read_inputs
from reconcile.flow.population import require_somebody
from reconcile.flow.requests import ATTESTATION, creation_form, with_mailbox
from reconcile.plan import Issuer, Plan, Scope
from reconcile.resolve import resolve
from reconcile.review import Standing, WorkList, review, standing
from reconcile.show import Sheet, Shown
from reconcile.validate.changes import OTHER_PERSON
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconcile.flow.linked import Duplicates, Links
    from reconcile.join import Joined
    from reconcile.registry import Registry
    from reconcile.report.chart import Drawing
    from reconcile.resolve import Resolution
    from reconcile.results import BatchSummary
    from reconcile.validate import Validation

# Statuses whose students a word on one of their accounts moves on.
_ASKED: Final = tuple(
    status.value
    for status in (
        Status.CONFLICT, Status.SEVERAL_ACCOUNTS, Status.UNKNOWN_CCCID, Status.MALFORMED_CCCID, Status.REVIEW
    )
)  # fmt: skip
_OF_THE_SYSTEM: Final = (".DS_Store", "Thumbs.db", "desktop.ini")  # come by themselves
MARK: Final = WORKSPACE_MARK


@dataclass(kw_only=True, repr=False)
class Run(Shown):
    """One reconciliation and everything it found, for a notebook to look at.

    Attributes:
        plan: what was asked.
        folder: the run's outputs.
        students: the standardized students.
        accounts: the standardized accounts.
        joined: what exact keys said.
        links: scored pairs of students and accounts.
        student_duplicates: scored pairs of students.
        account_duplicates: scored pairs of accounts.
        validations: verdicts of the dictionary, by suite.
        resolution: one row a student.
        batch: the rows proposed, None when there were none or the gate was closed.
        notes: what a reader of the outputs must know.
        reconciliation: the facts that the reports show.
    """

    plan: Plan
    folder: Path | None = None
    inputs: Inputs = field(repr=False)
    joined: Joined = field(repr=False)
    links: Links = field(repr=False)
    student_duplicates: Duplicates = field(repr=False)
    account_duplicates: Duplicates = field(repr=False)
    validations: dict[str, Validation] = field(repr=False)
    resolution: Resolution = field(repr=False)
    batch: BatchSummary | None = None
    gate_open: bool = True
    notes: tuple[str, ...] = ()

    @property
    def students(self) -> pl.DataFrame:
        """The standardized students."""
        return self.inputs.tables["students"]

    @property
    def accounts(self) -> pl.DataFrame:
        """The standardized accounts."""
        return self.inputs.tables["accounts"]

    @property
    def audit(self) -> Path:
        """The audit page.

        Raises:
            OutputError: the run has not written its outputs.
        """
        if self.folder is None:
            raise OutputError("This run has written nothing yet.")
        return self.folder / "audit.html"

    @property
    def summary(self) -> pl.DataFrame:
        """Students by status, with the next step: status, students, next_step."""
        return self.resolution.counts.rename({"action": "next_step"})

    @property
    def chart(self) -> Drawing:
        """A picture of the students by status."""
        from reconcile.report.chart import Drawing, status_chart  # noqa: PLC0415 - altair is slow to import

        counts = dict(self.summary.select("status", "students").iter_rows())
        said = "; ".join(f"{status}: {students:,}" for status, students in counts.items())
        drawn = status_chart({Status(status): students for status, students in counts.items()})
        return Drawing(spoken=f"Students by status. {said}.", html=drawn)

    def work_list(self, *, decided: object | None = None, limit: int = 500, scores: bool = False) -> WorkList:
        """List the pairs that wait for a person; decisions on them count in the next run.

        Students beside the accounts that may be theirs, and SIS records that may be one person.

        Args:
            decided: earlier decisions (`Registry.decisions`), which are not asked again.
            limit: how many pairs the list holds at most.
            scores: add match_probability, which may lead a reviewer.
        """
        pairs = in_question(self.resolution, self.links.pairs, self.links.also)
        links = review(
            pairs, self.students, self.inputs.searched,
            id=("sis_id", "cccid"), decided=decided, bands=tuple(band.value for band in Band), limit=limit,
            scores=scores,
        )  # fmt: skip
        own = review(
            self.student_duplicates, self.students,
            id="sis_id", decided=decided, bands=(Band.LINK.value, Band.REVIEW.value), limit=limit,
            scores=scores,
        )  # fmt: skip
        both = pl.concat([links.frame, own.frame], how="diagonal_relaxed")
        return WorkList(frame=both.select(links.frame.columns), waiting=links.waiting + own.waiting)

    def _sheet(self) -> Sheet:
        return Sheet(
            frame=self.summary,
            title=f"{self.plan.name}: students by status",
            note=str(self.audit) if self.folder is not None else "No report was written.",
            rows=len(Status),
        )


def in_question(resolution: Resolution, pairs: pl.DataFrame, also: pl.DataFrame, /) -> pl.DataFrame:
    """Keep the pairs of students and accounts on which a person's word would move the student on."""
    waiting = resolution.frame.filter(pl.col("status").is_in(_ASKED)).select(id_l="sis_id")
    named = also.with_columns(band=pl.lit(Band.REVIEW.value))
    found = pairs.filter(pl.col("band").cast(pl.String) != Band.NONE.value)
    both = pl.concat([named, found.join(named, on=["id_l", "id_r"], how="anti")], how="diagonal_relaxed")
    return both.join(waiting, on="id_l", how="semi")


def run(
    plan: Plan | str | Path,
    /,
    *,
    progress: Callable[[str], None] | None = None,
    at: datetime | None = None,
) -> Run:
    """Reconcile what a plan names, submit the batch that follows from it, and write the reports.

    Nothing is minted: the batch waits for a second person. The same plan on the same registry state
    gives the same bytes, the run's stamp apart.

    Args:
        plan: the plan or its path.
        progress: told the name of each step as it begins.
        at: the moment that counts as now, for the stamp and the snapshot's age; the clock's when None.

    Raises:
        PlanError, InputError: plan or files cannot be used; nothing was written.
        OutputError: the workspace is not ours, or another run is using it.
        RegistryError: the registry refuses.
        ConservationError: rows in and rows out differ.
    """
    from reconcile.flow.outputs import write_outputs  # noqa: PLC0415 - the report is slow to import
    from reconcile.flow.submit import submit  # noqa: PLC0415 - SQLAlchemy is slow to import
    from reconcile.registry import Registry  # noqa: PLC0415
    from reconcile.validate import require_usable  # noqa: PLC0415

    plan = plan if isinstance(plan, Plan) else Plan.read(plan)
    say = progress or silent
    stamp = at or datetime.now(UTC)
    require_ours(plan.workspace)
    require_usable(plan.policy)
    inputs = read_inputs(plan, progress=say)  # before anything is made: bad input leaves no trace
    notes = require_somebody(inputs.tables["students"], plan)
    with workspace(plan), Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO) as registry:
        done = reconcile_inputs(plan, inputs, registry, progress=say)
        done.notes += notes
        say("Submit the batch")
        submit(done, registry, at=at)
        say("Write the reports")
        write_outputs(done, registry, stamp=stamp)
        keep(plan, inputs, done.links, done.student_duplicates.pairs)
    return done


def silent(step: str, /) -> None:
    """Tell nobody about a step."""


def require_ours(folder: Path, /) -> None:
    """Refuse a workspace that holds somebody else's files.

    Raises:
        OutputError: it does.
    """
    if not folder.is_dir() or (folder / MARK).is_file():
        return
    if any(path.name not in _OF_THE_SYSTEM for path in folder.iterdir()):
        raise OutputError(
            f"{folder} holds files that are not reconcile's. Name an empty or a new folder as the workspace."
        )


@contextlib.contextmanager
def workspace(plan: Plan, /) -> Iterator[Path]:
    """Hold the plan's workspace for one process, and clear what a killed run left half-written.

    Raises:
        OutputError: the folder holds files of somebody else, or another run is using it.
    """
    folder = plan.workspace
    require_ours(folder)
    private_folder(folder)
    with lock(folder / MARK, what=f"The workspace {folder}"):
        for draft in plan.runs.glob(".*.draft"):
            shutil.rmtree(draft, ignore_errors=True)
        yield folder


def mark_as_ours(plan: Plan, /) -> None:
    """Make a plan's workspace where none is yet, so that a later run knows what lies in it for its own.

    Raises:
        OutputError: the folder holds files of somebody else.
    """
    if not (plan.workspace / MARK).is_file():
        with workspace(plan):
            pass


def reconcile_inputs(
    plan: Plan, inputs: Inputs, registry: Registry, /, *, progress: Callable[[str], None]
) -> Run:
    """Carry the tables of a plan through every stage up to one status a student."""
    tables = inputs.tables
    progress("Check the data dictionary")
    form = creation_form(_without_cccid(tables["students"]), plan.mint, attested=False)
    form = with_mailbox(form, plan.mint, tables["accounts"])
    validations = _check(plan, {**tables, "mint_request": form})
    progress("Look up the CCCIDs that the SIS holds")
    joined = look_up(inputs)
    on_links, on_students = decided(plan, inputs, registry)
    progress("Look for SIS records of one person")
    own = duplicates(plan, tables["students"], "sis_id", decisions=on_students.frame)
    progress("Look for accounts of one person")
    theirs = duplicates(plan, tables["accounts"], "cccid")
    progress("Look for the students among the accounts")
    links = search(plan, inputs, joined, decisions=on_links.frame)
    progress("Give each student a status")
    resolution, changed = statuses(
        plan, inputs, registry, joined=joined, links=links, own=own.pairs,
        failures=_blocking(validations.get("mint_request"), form),
        accounts_changed=_changed(validations.get("snapshot_change")),
    )  # fmt: skip
    return Run(
        plan=plan, inputs=inputs, joined=joined, links=links, student_duplicates=own,
        account_duplicates=theirs, validations=validations, resolution=resolution,
        notes=_asked_again(changed),
    )  # fmt: skip


def statuses(
    plan: Plan,
    inputs: Inputs,
    registry: Registry,
    /,
    *,
    joined: Joined,
    links: object,
    own: pl.DataFrame,
    failures: pl.DataFrame | None = None,
    accounts_changed: pl.Series | None = None,
    held: tuple[Standing, Standing] | None = None,
) -> tuple[Resolution, int]:
    """Give each student a status, and count the decisions that do not hold any more.

    Args:
        plan: its population and thresholds.
        inputs: the tables.
        registry: what was decided and issued.
        joined: what exact keys say.
        links: .pairs, .also and .links of students and accounts.
        own: scored pairs of students.
        failures: key, rule_id of the critical rules that a student breaks as a mint request.
        accounts_changed: accounts that may be another person's today.
        held: the decisions that count; those of the registry (`decided`) when None.
    """
    tables = inputs.tables
    on_links, on_students = held or decided(plan, inputs, registry)
    resolution = resolve(
        tables["students"], tables["accounts"],
        joined=joined, links=links, duplicates=_undecided(own, on_students.frame),
        population=plan.population,
        failures=failures,
        fraud=tables.get("fraud"),
        issued=of_this_sis(registry.issued(), tables["students"]),
        reused=reused_ids(registry.given_to(), tables["students"]),
        decisions=on_links.frame.select(sis_id="id_l", cccid="id_r", decision="decision"),
        systemwide=plan.accounts.scope is Scope.SYSTEMWIDE,
        needs_independent_field=plan.thresholds.recoverable_needs_independent_field,
        as_of=plan.as_of, pending_load_days=plan.thresholds.pending_load_days,
        upload_holds=plan.mint.upload_holds,
        changed=accounts_changed, wide_cccid=plan.policy.wide_cccid,
    )  # fmt: skip
    return resolution, on_links.changed + on_students.changed


def decided(plan: Plan, inputs: Inputs, registry: Registry) -> tuple[Standing, Standing]:
    """Take the decisions that hold for the records as they are: on accounts, and on students."""
    said = registry.decisions(reviewers=plan.review.reviewers).filter(pl.col("decision") != "unsure")
    students = inputs.tables["students"]
    return (
        standing(said, students, inputs.searched, id=("sis_id", "cccid")),
        standing(said, students, id="sis_id"),
    )


def _check(plan: Plan, tables: dict[str, pl.DataFrame]) -> dict[str, Validation]:
    """Hold each table against its suite; one without rows has nothing that could fail."""
    from reconcile.validate import validate  # noqa: PLC0415 - Great Expectations is slow to import

    judge = partial(validate, as_of=plan.as_of, policy=plan.policy)
    judged = {
        suite: judge(tables[suite], suite=suite)
        for suite in ("students", "accounts", "mint_request")
        if tables[suite].height
    }
    if PREVIOUS in tables:
        judged["snapshot_change"] = judge(
            tables["accounts"], suite="snapshot_change", before=tables[PREVIOUS]
        )
    return judged


def _changed(checked: Validation | None) -> pl.Series | None:
    """List the accounts that may belong to another person than in the earlier snapshot."""
    if checked is None:
        return None
    return checked.failures.filter(pl.col("rule_id").cast(pl.String).is_in(OTHER_PERSON))["key"].unique()


def _without_cccid(students: pl.DataFrame) -> pl.DataFrame:
    return students.filter(pl.col("cccids").list.drop_nulls().list.len().fill_null(0) == 0)


def _undecided(pairs: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Leave out the pairs of students that a reviewer called different people."""
    apart = decisions.filter(pl.col("decision") == "different")
    return pairs.join(apart, on=["id_l", "id_r"], how="anti")


def _asked_again(changed: int) -> tuple[str, ...]:
    if not changed:
        return ()
    what = counted(changed, "reviewer's decision does", "reviewers' decisions do")
    return (f"{what} not hold any more, since a record changed afterwards: the pairs are asked again.",)


def _blocking(checked: Validation | None, form: pl.DataFrame) -> pl.DataFrame | None:
    """List by student the critical rules that its record would break as a new account.

    The staff attestation belongs to the batch, not to the student: it is judged when a batch is made.
    """
    if checked is None:
        return None
    failures = checked.failures.filter(
        (pl.col("severity") == "critical") & ~pl.col("element").is_in(ATTESTATION)
    )
    rows = failures.filter(pl.col("row").is_not_null())
    return rows.select(key=form["sis_id"].gather(rows["row"]), rule_id=pl.col("rule_id").cast(pl.String))
