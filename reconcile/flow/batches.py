"""Batches made by hand: rows from a file, held against the dictionary; and OpenCCC's answers to an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.columns import SSN_DERIVED, plain
from reconcile.errors import InputError, OutputError, nearest
from reconcile.exports import write_for_people
from reconcile.flow.alike import alike
from reconcile.flow.inputs import read_students
from reconcile.flow.snapshot import local_day
from reconcile.mint import draft as drafts
from reconcile.mint.accounts import addresses_in_use
from reconcile.mint.asked import filled, require_reasons
from reconcile.mint.batch import look_up
from reconcile.mint.deliver import loaded
from reconcile.mint.mapping import NEEDED, Columns
from reconcile.mint.result import enter_result
from reconcile.mint.states import BatchState, GateVerdict
from reconcile.plan import Issuer
from reconcile.read import read
from reconcile.registry.access import require
from reconcile.registry.disclosures import REQUESTS, disclose
from reconcile.registry.people import require_name
from reconcile.show import Listing, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from pathlib import Path

    from reconcile.mint.deliver import Loaded
    from reconcile.mint.result import Answered
    from reconcile.mint.states import Batch
    from reconcile.plan import Plan, RequestPlan
    from reconcile.read import ReadResult
    from reconcile.registry import Registry
    from reconcile.validate import Validation

_ENDED: Final = (BatchState.LOADED, BatchState.REJECTED, BatchState.WITHDRAWN)
_WAITING: Final = {
    "batch": pl.String, "proposer": pl.String, "new_numbers": pl.Int64, "recoveries": pl.Int64,
    "state": pl.String, "valid_until": pl.String,
}  # fmt: skip
_SHOWN: Final = 30  # batches of a table in a notebook


def draft_file(
    registry: Registry,
    file: Path,
    /,
    *,
    by: str,
    issuer: str | None = None,
    valid_until: date | None = None,
    wide: bool = False,
    details: RequestPlan | None = None,
    at: datetime | None = None,
) -> Batch:
    """Keep the rows of a file as a draft.

    Args:
        registry: where the batch is kept.
        file: a table in any format that can be read: kind ("mint", "recover" or "replace"), college, sis_id,
            cccid (to write back, or to give up) and the fields of a new account, under these names;
            `reconcile account request-template` writes a table with all of them.
        by: who makes the draft.
        issuer: "openccc" or "registry"; a demo registry needs none.
        valid_until: the last day on which the batch may be approved and carried out.
        wide: take the future's form of CCCIDs too, where the plan says so ([rules] wide_cccid).
        details: what the requests have in common, where a row does not say otherwise.
        at: when; now when None.

    Raises:
        InputError: the file cannot be read in full, or its rows cannot be a batch.
    """
    rows = _whole(file).frame
    if details is not None and "kind" in rows.columns:
        rows = filled(rows, details.columns)
    try:
        return drafts.draft(registry, rows, by=by, issuer=issuer, valid_until=valid_until, wide=wide, at=at)
    except InputError as error:
        problem = str(error)
    raise InputError(f"{file.name}: {problem}")


def check_batch(
    registry: Registry, batch_id: str, /, *, by: str, plan: Plan | None = None, at: datetime | None = None
) -> Batch:
    """Hold the rows of a draft against the dictionary and the registry.

    Whom the linkage takes for somebody of the registry, or for another row, is noted and left out until
    somebody else tells the two apart (`flow.alike`).

    Args:
        registry: where the batch is kept.
        batch_id: a draft, or a batch that was checked before.
        by: who checks.
        plan: whose rules and day count; without one the rules that are shipped, and today.
        at: when; now when None.

    Raises:
        GateClosed: the dictionary forbids it, a request does not say for whom and why it is made, or nobody
            is left in the batch.
        RegistryError: no such batch, or it is past that step.
    """
    rows, rows_hash = drafts.rows_of(registry, batch_id)
    created = rows.filter(pl.col("kind") != "recover").drop("kind", "cccid")
    suite_hash, is_open, failures = "", True, 0
    found = None
    if created.height:
        require_reasons(created)
        judged = judge_requests(registry, created, plan=plan, at=at)
        suite_hash, is_open, failures = judged.suite_hash, judged.verdict == "open", judged.failures.height
        if is_open:
            found = alike(registry, rows, plan=plan, batch=batch_id)
            registry.note_ties(found, by=by, at=at)  # for itself: it holds where nobody is left, too
    verdict = GateVerdict(suite_hash=suite_hash, rows_hash=rows_hash, open=is_open, failures=failures)
    return drafts.check(registry, batch_id, by=by, verdict=verdict, ties=found, at=at)


def waiting(plan: Plan, /) -> Listing:
    """List the batches of a plan's registry that have not reached their end, the oldest first.

    Its frame: batch, proposer, new_numbers, recoveries, state, valid_until (ISO day or null).

    Raises:
        RegistryError: the registry refuses.
    """
    from reconcile.flow.disclosed import has_registry  # noqa: PLC0415 - brings SQLAlchemy
    from reconcile.registry import Registry  # noqa: PLC0415 - as above

    found: list[Batch] = []
    if has_registry(plan):
        with Registry.open(plan.registry, demo=plan.issuer.kind is Issuer.DEMO, create=False) as registry:
            begun = registry.audit().filter(pl.col("what").is_in(["drafted", "submitted"]))["subject"]
            found = [look_up(registry, one) for one in begun.unique(maintain_order=True)]
    rows = [
        (one.id, one.proposer, one.mints, one.recoveries, one.state.replace("_", " "), one.valid_until)
        for one in found
        if one.state not in _ENDED
    ]
    frame = pl.DataFrame(rows, schema=_WAITING, orient="row")
    return Listing(
        frame=frame, sheet=Sheet(frame=frame, title="Batches that wait", unit="batch", rows=_SHOWN)
    )


def write_rows(
    registry: Registry, batch_id: str, file: Path, /, *, by: str, at: datetime | None = None
) -> int:
    """Write the rows of a batch for whoever has to approve them, and return how many there are.

    Args:
        registry: where the batch is kept.
        batch_id: in whatever state.
        file: CSV or XLSX; each row whole, without the columns that no row fills. A disclosure is recorded.
        by: who reads them.
        at: when; now when None.

    Raises:
        InputError: no name.
        OutputError: the file exists.
        Refused: roles are in force, and `by` is neither requester nor approver.
        RegistryError: no such batch.
    """
    require_name(by, "To see people's rows takes a name")
    if file.exists():
        raise OutputError(f"{file} exists already and is not overwritten. Name another file for the rows.")
    require(registry, "handed_over", who=by, at=at)  # the upload file holds the same, for the same people
    rows, _ = drafts.rows_of(registry, batch_id)
    shown = rows.select(column.name for column in rows if column.null_count() < rows.height)
    write_for_people(file, shown, title="Requests")
    registry.write(
        lambda ledger: disclose(
            ledger, REQUESTS, file, columns=shown.columns, people=shown.height, by=by, batch=batch_id
        ),
        at=at,
    )
    return shown.height


def judge_requests(
    registry: Registry, created: pl.DataFrame, /, *, plan: Plan | None = None, at: datetime | None = None
) -> Validation:
    """Hold requests for new accounts against the dictionary, nothing being kept.

    What was written down since the plan's day, such as a guardian's consent, is not of the future: the later
    of that day and the day of the step counts. How old people are is asked of the day of the step alone, so
    that nobody passes as 13 early. Days are those of the place where the machine stands.

    Args:
        registry: whose accounts and batches may have an address already.
        created: college, sis_id, email, and the other columns of a request; email_in_use ("true" where an
            account elsewhere has the address) may be among them.
        plan: whose rules and day count; without one the rules that are shipped, and the day of the step.
        at: when; now when None.
    """
    from reconcile.validate import validate  # noqa: PLC0415 - Great Expectations is slow to import

    form = created.with_columns(pl.lit(None, pl.String).alias(name) for name in SSN_DERIVED).with_columns(
        request_key=pl.concat_str("college", pl.lit("/"), "sis_id"),
        email_in_use=pl.Series(_in_use(registry, created), dtype=pl.String),
    )
    today = local_day(at)
    day, policy = (max(plan.as_of, today), plan.policy) if plan is not None else (today, None)
    return validate(form, suite="mint_request", as_of=day, age_on=today, policy=policy)


def _in_use(registry: Registry, created: pl.DataFrame) -> list[str]:
    """Say of each request whether another account or request of the registry has its address."""
    wanted = {(row[0], row[1]): row[2] for row in created.select("college", "sis_id", "email").rows()}
    taken = addresses_in_use(registry, wanted)
    elsewhere = (
        created["email_in_use"] == "true" if "email_in_use" in created.columns else [False] * len(wanted)
    )
    return ["true" if key in taken or one else "false" for key, one in zip(wanted, elsewhere, strict=True)]


def read_result(
    registry: Registry,
    batch_id: str,
    file: Path,
    /,
    *,
    by: str,
    columns: Columns | None = None,
    sheet: str | int | None = None,
    partial: bool = False,
    wide: bool = False,
    at: datetime | None = None,
) -> Answered:
    """Read OpenCCC's result file, text or spreadsheet, and enter it.

    Args:
        registry: where the batch is kept.
        batch_id: a batch that was handed over.
        file: the file that came back.
        by: who enters it.
        columns: how its columns are called, and its words; a starting point when None.
        sheet: of a spreadsheet with several.
        partial: allow that rows of the upload are missing.
        wide: take the future's form of CCCIDs too, where the plan says so ([rules] wide_cccid).
        at: when; now when None.

    Raises:
        InputError: the file cannot be read in full, lacks a column, or is no result of this batch.
        RegistryError: the batch was not handed over.
    """
    known = columns or Columns()
    found = _whole(file, sheet=sheet)
    rows = _answers(found.frame, known, file)
    return enter_result(
        registry, batch_id, rows,
        by=by, file=file.name, file_hash=found.source.sha256, partial=partial, wide=wide, at=at,
    )  # fmt: skip


def compare_loaded(
    registry: Registry,
    batch_id: str,
    plan: Plan,
    /,
    *,
    by: str,
    extract: Path | None = None,
    at: datetime | None = None,
) -> Loaded:
    """Hold a delivered batch against an extract of the SIS, and note as loaded what it shows.

    Args:
        registry: where the batch is kept.
        batch_id: a delivered batch.
        plan: whose extract is read, as `run` reads it.
        by: who looks.
        extract: another file in the plan's layout; the plan's own when None.
        at: when; now when None.

    Raises:
        InputError: the extract cannot be read.
        RegistryError: no such batch, or it was not delivered.
    """
    found = read_students(plan, path=extract)
    shown = found.frame.select("college", "sis_id", cccid="cccids").explode("cccid", empty_as_null=True)
    return loaded(registry, batch_id, by=by, shown=shown, extract=found.source.path.name, at=at)


def _whole(file: Path, *, sheet: str | int | None = None) -> ReadResult:
    """Read a file of which every row counts."""
    found = read(file, sheet=sheet)
    if found.quarantined:
        lines = found.diagnostics.drop_nulls("line")["line"].head(5).to_list()
        where = f" (line {', '.join(map(str, lines))})" if lines else ""
        raise InputError(
            f"{file.name}: {found.quarantined:,} rows cannot be read{where}, and every row counts here. "
            f"`reconcile inspect` says what is wrong with them."
        )
    return found


def _answers(frame: pl.DataFrame, known: Columns, file: Path) -> pl.DataFrame:
    """Bring the file's columns under the names of an answer, and its words into ours."""
    places = {field: _find(frame.columns, name) for field, name in known.answer.items()}
    missing = [known.answer[field] for field in NEEDED if places[field] is None]
    if missing:
        hints = " ".join(f'"{name}" is not there.{nearest(name, frame.columns)}' for name in missing)
        raise InputError(
            f"{file.name}: {hints} Name the file's own columns in a mapping (`reconcile batch mapping`)."
        )
    words = {plain(word): outcome for outcome, said in known.words.items() for word in said}
    cells: dict[str, Any] = {
        field: frame[place].cast(pl.String)
        if place is not None
        else pl.Series([None] * frame.height, dtype=pl.String)
        for field, place in places.items()
    }
    said = cells["outcome"].to_list()
    cells["outcome"] = pl.Series([words.get(plain(word or "")) for word in said], dtype=pl.String)
    return pl.DataFrame({"row": range(1, frame.height + 1), **cells}, schema_overrides={"row": pl.Int64})


def _find(names: Sequence[str], wanted: str) -> str | None:
    if wanted in names:
        return wanted
    alike = [name for name in names if plain(name) == plain(wanted)]
    return alike[0] if len(alike) == 1 else None
