"""Two snapshots of accounts, read, compared and held against the rules about changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import CCCID_COLUMN
from reconcile.engine import Engine, Table
from reconcile.errors import InputError
from reconcile.exports import write_for_people
from reconcile.files import sha256, write_private
from reconcile.flow.changed import FOLDED, SEVERAL, UNREAD, emails, for_a_person, notes_of
from reconcile.flow.differing import differing, elsewhere
from reconcile.flow.disclosed import note_disclosed
from reconcile.flow.inputs import cleaned, read_table
from reconcile.flow.scanned import scan
from reconcile.flow.shaped import shapes
from reconcile.plan import Scope
from reconcile.policy import Policy
from reconcile.privacy import ssn_key
from reconcile.read import ReadResult, read
from reconcile.read.layouts.fields import made_from
from reconcile.registry.disclosures import FINDINGS
from reconcile.report.changes import PERSONS, Snapshot, SnapshotChanges
from reconcile.report.changes_page import changes_html
from reconcile.validate.changes import CHANGING, OTHER_PERSON, beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from reconcile.flow.differing import Differing
    from reconcile.plan import Plan

_PARQUET: Final = (".parquet", ".pq")
_SIDES: Final = ("earlier", "later")
_GONE: Final = "account_vanished"
_COLUMNS: Final = "table_columns"  # that columns lack is said in a note
# The dictionary has OpenCCC's own words, which speak to the student; this is read by staff.
_TO_STAFF: Final = {
    "name_and_birthdate_changed": "Name and birthdate changed together; OpenCCC tells students not to."
}


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A snapshot ready to be compared, every row with a CCCID that could be read."""

    name: str
    sha256: str
    scope: Scope
    as_of: date | None
    table: Table = field(repr=False)
    rows: int
    folded: int = 0
    unread: int = 0


def compare_snapshots(
    earlier: Path | ReadResult,
    later: Path | ReadResult,
    /,
    *,
    scope: Scope | str,
    earlier_scope: Scope | str | None = None,
    as_of: date | None = None,
    earlier_as_of: date | None = None,
    layout: str | Path = "openccc",
    policy: Policy | None = None,
    progress: Callable[[str], None] | None = None,
) -> SnapshotChanges:
    """Say what became of the accounts of one snapshot in a later one.

    The rules are those of the suite snapshot_change; they look at the accounts that are not alike in both.

    Args:
        earlier: a file in the layout, Parquet whose columns are named as ours, or what `read` made of one.
        later: likewise.
        scope: whose accounts the snapshots hold; only a snapshot of all can say that one vanished.
        earlier_scope: of the earlier one, where it is another.
        as_of: the day of the later one.
        earlier_as_of: the day of the earlier one.
        layout: of files that are neither Parquet nor read.
        policy: the college's.
        progress: told the name of each step as it begins.

    Raises:
        InputError: a file cannot be read, both are one file, or the days are not in their order.
        KeyMismatch: the social security numbers of the two were hashed with different keys.
    """
    say = progress or (lambda _step: None)
    _require_order(earlier, later, earlier_as_of, as_of)
    whole, before_whole = Scope(scope), Scope(earlier_scope or scope)
    with Engine() as engine:
        given = ((earlier, before_whole, earlier_as_of), (later, whole, as_of))
        sides = []
        for name, (one, holds, day) in zip(_SIDES, given, strict=True):
            if not isinstance(one, ReadResult):
                say(f"Read {one.name}")
            sides.append(_side(engine, name, one, layout=layout, scope=holds, as_of=day))
        say("Compare")
        systemwide = whole is Scope.SYSTEMWIDE
        found = differing(engine, sides[0].table, sides[1].table, vanished=systemwide)
        both = found.before.join(found.after.select(CCCID_COLUMN), on=CCCID_COLUMN, how="semi")
        changes, compared = shapes(both, found.after)
        say("Judge by the suite snapshot_change")
        findings, hits = _judged(found, systemwide=systemwide, policy=policy)
        owners = found.before.join(_moved(hits), on=CCCID_COLUMN, how="semi")
        under = elsewhere(engine, owners)
        snapshots = [_snapshot(side, found, at) for at, side in enumerate(sides)]
    return SnapshotChanges(
        earlier=snapshots[0],
        later=snapshots[1],
        unchanged=found.both - found.after.height,
        new=found.new,
        vanished=found.vanished,
        changes=changes,
        emails=emails(both, found.after, changes, hits),
        findings=findings,
        for_a_person=for_a_person(hits, changes, compared, under, findings),
        notes=notes_of(snapshots, lacking=found.lacking),
    )


def snapshots_of(
    plan: Plan, /, *, progress: Callable[[str], None] | None = None
) -> tuple[ReadResult, ReadResult]:
    """Read the earlier snapshot that a plan names and the later one, as the plan says.

    Raises:
        InputError: the plan names no earlier snapshot, or a file cannot be read.
    """
    if plan.accounts.previous is None:
        raise InputError(
            f"{plan.path} names no earlier snapshot. Write its path as previous under [accounts], or name "
            "both files."
        )
    say, key = progress or (lambda _step: None), ssn_key()
    say("Read earlier accounts")
    earlier = read_table("accounts.previous", plan.accounts.previous, plan, key)
    say("Read accounts")
    return earlier, read_table("accounts", plan.accounts, plan, key)


def compare_plan(plan: Plan, /) -> SnapshotChanges:
    """Compare the two snapshots that a plan names.

    Raises:
        InputError: as `snapshots_of` and `compare_snapshots`.
    """
    known = plan.accounts
    return compare_snapshots(*snapshots_of(plan), scope=known.scope, as_of=known.as_of, policy=plan.policy)


def write_changes(
    made: SnapshotChanges, /, *, page: Path | None = None, out: Path | None = None, plan: Plan | None = None
) -> None:
    """Write the page, the accounts for a person to look at, or both, readable by their owner only.

    Args:
        made: what was found.
        page: HTML.
        out: CSV, or XLSX.
        plan: whose registry takes a record of the files.

    Raises:
        OutputError: a workbook does not hold so many rows.
        RegistryError: the plan's registry is not there.
    """
    if page is not None:
        write_private(page, changes_html(made))
    if out is not None:
        write_for_people(out, made.for_a_person, title="Changes")
    files = [file for file in (page, out) if file is not None]
    if plan is not None and files:
        note_disclosed(plan, FINDINGS, *files, columns=PERSONS, people=made.for_a_person.height)


def _require_order(
    earlier: Path | ReadResult, later: Path | ReadResult, was: date | None, now_is: date | None
) -> None:
    place = _place(later)
    if _place(earlier).resolve() == place.resolve():
        raise InputError(f"{place} is named twice. Name the earlier snapshot, then the later one.")
    if was is not None and now_is is not None and was >= now_is:
        raise InputError(
            f"The earlier snapshot is of {was.isoformat()}, the later one of {now_is.isoformat()}. Name the "
            "earlier one first, or correct the days."
        )


def _place(given: Path | ReadResult) -> Path:
    return given.source.path if isinstance(given, ReadResult) else given


def _side(
    engine: Engine,
    name: str,
    given: Path | ReadResult,
    /,
    *,
    layout: str | Path,
    scope: Scope,
    as_of: date | None,
) -> _Side:
    if not isinstance(given, ReadResult) and given.suffix.lower() in _PARQUET:
        table = scan(engine, name, given)
        return _Side(
            name=given.name, sha256=sha256(given), scope=scope, as_of=as_of, table=table, rows=table.rows
        )
    result = given if isinstance(given, ReadResult) else read(given, layout=layout)
    frame = pl.concat([result.frame, result.rejected], how="diagonal_relaxed")
    if CCCID_COLUMN not in frame.columns:
        raise InputError(
            f"{result.source.name} has no column {CCCID_COLUMN}, by which accounts are compared. Read it "
            "with the layout openccc."
        )
    # A layout gives every column; one that the file has not would look emptied.
    there = [name for name in frame.columns if not result.layout or made_from(name, result.used)]
    frame = cleaned(frame.select(CCCID_COLUMN, *(n for n in (*CHANGING, "ssn_class") if n in there)))
    return _Side(
        name=result.source.name, sha256=result.source.sha256, scope=scope, as_of=as_of,
        table=engine.view(name, frame), rows=result.source.rows,
        folded=result.folded, unread=result.quarantined - result.rejected.height,
    )  # fmt: skip


def _snapshot(side: _Side, found: Differing, at: int) -> Snapshot:
    several, nameless = found.several[at], found.nameless[at]
    aside = side.folded + side.unread + several + nameless
    rows = {
        "in the file": side.rows,
        "compared": side.rows - aside,
        FOLDED: side.folded,
        UNREAD: side.unread + nameless,
        SEVERAL: several,
    }
    return Snapshot(
        name=side.name, sha256=side.sha256, scope=side.scope.value, as_of=side.as_of,
        latest=found.latest[at], malformed=found.malformed[at],
        rows={what: count for what, count in rows.items() if count},
    )  # fmt: skip


def _judged(
    found: Differing, *, systemwide: bool, policy: Policy | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hold the accounts that are not alike against the rules; answer what they found, and key, rule_id.

    Rules about a single value say the same of accounts that did not change; the suite accounts tells them.
    """
    from reconcile.validate import validate  # noqa: PLC0415 - Great Expectations is slow to import

    schema = {"rule_id": pl.String, "severity": pl.String, "accounts": pl.Int64, "message": pl.String}
    schema["what_to_do"] = pl.String
    if found.before.is_empty():
        return pl.DataFrame(schema=schema), pl.DataFrame(schema={"key": pl.String, "rule_id": pl.String})
    table = beside(found.before, found.after, systemwide=systemwide)
    judged = validate(
        table, suite="snapshot_change", policy=replace(policy or Policy(), systemwide=systemwide)
    )
    findings = judged.counts.filter(pl.col("failures") > 0, pl.col("rule_id") != _COLUMNS).select(
        "rule_id",
        "severity",
        pl.col("failures").alias("accounts"),
        pl.col("rule_id")
        .cast(pl.String)
        .replace_strict(_TO_STAFF, default=pl.col("message"))
        .alias("message"),
        pl.col("remedy").alias("what_to_do"),
    )
    rank = pl.col("severity").replace_strict({"critical": 0, "warning": 1, "info": 2}, return_dtype=pl.Int8)
    hits = judged.failures.drop_nulls("key").select("key", pl.col("rule_id").cast(pl.String))
    return findings.sort(rank, "accounts", descending=[False, True]), hits


def _moved(hits: pl.DataFrame) -> pl.DataFrame:
    """List the accounts whose earlier holder is to be looked for under another number."""
    return hits.filter(pl.col("rule_id").is_in([*OTHER_PERSON, _GONE])).select(cccid="key").unique()
