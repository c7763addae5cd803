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
from reconcile.flow.inputs import cleaned
from reconcile.flow.scanned import scan
from reconcile.flow.shaped import shapes
from reconcile.plan import Scope
from reconcile.policy import Policy
from reconcile.read import read
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


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A snapshot ready to be compared, every row with a CCCID that could be read."""

    path: Path
    scope: Scope
    as_of: date | None
    table: Table = field(repr=False)
    rows: int
    folded: int = 0
    unread: int = 0


def compare_snapshots(
    earlier: Path,
    later: Path,
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
        earlier: a file in the layout, or Parquet whose columns are named as ours.
        later: likewise.
        scope: whose accounts the snapshots hold: only an account that is in no snapshot of all vanished.
        earlier_scope: of the earlier one, where it is another.
        as_of: the day of the later one.
        earlier_as_of: the day of the earlier one.
        layout: of files that are not Parquet.
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
        for name, (path, holds, day) in zip(_SIDES, given, strict=True):
            say(f"Read {path.name}")
            sides.append(_read(engine, name, path, layout=layout, scope=holds, as_of=day))
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
        notes=notes_of(snapshots),
    )


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


def _require_order(earlier: Path, later: Path, was: date | None, is_now: date | None) -> None:
    if earlier.resolve() == later.resolve():
        raise InputError(f"{later} is named twice. Name the earlier snapshot, then the later one.")
    if was is not None and is_now is not None and was >= is_now:
        raise InputError(
            f"The earlier snapshot is of {was.isoformat()}, the later one of {is_now.isoformat()}. Name the "
            "earlier one first, or correct the days."
        )


def _read(
    engine: Engine, name: str, path: Path, /, *, layout: str | Path, scope: Scope, as_of: date | None
) -> _Side:
    if path.suffix.lower() in _PARQUET:
        table = scan(engine, name, path)
        return _Side(path=path, scope=scope, as_of=as_of, table=table, rows=table.rows)
    result = read(path, layout=layout)
    frame = pl.concat([result.frame, result.rejected], how="diagonal_relaxed")
    kept = [column for column in (*CHANGING, "ssn_class") if column in frame.columns]
    frame = cleaned(frame.select(CCCID_COLUMN, *kept))
    return _Side(
        path=path, scope=scope, as_of=as_of, table=engine.view(name, frame), rows=result.source.rows,
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
        name=side.path.name, sha256=sha256(side.path), scope=side.scope.value, as_of=side.as_of,
        latest=found.latest[at], malformed=found.malformed[at],
        rows={what: count for what, count in rows.items() if count},
    )  # fmt: skip


def _judged(
    found: Differing, *, systemwide: bool, policy: Policy | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hold the accounts that are not alike against the rules; answer what these found, and key, rule_id.

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
    counts = judged.counts.filter(pl.col("errored") | (pl.col("failures") > 0))
    findings = counts.select(
        "rule_id",
        "severity",
        pl.col("failures").alias("accounts"),
        "message",
        pl.col("remedy").alias("what_to_do"),
    )
    rank = pl.col("severity").replace_strict({"critical": 0, "warning": 1, "info": 2}, return_dtype=pl.Int8)
    hits = judged.failures.drop_nulls("key").select("key", pl.col("rule_id").cast(pl.String))
    return findings.sort(rank, "accounts", descending=[False, True]), hits


def _moved(hits: pl.DataFrame) -> pl.DataFrame:
    """List the accounts whose earlier holder is to be looked for under another number."""
    return hits.filter(pl.col("rule_id").is_in([*OTHER_PERSON, _GONE])).select(cccid="key").unique()
