"""A file against the data dictionary: read, judged, and written down for people."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.engine import Engine
from reconcile.errors import InputError
from reconcile.exports import write_for_people
from reconcile.files import write_private
from reconcile.flow.disclosed import note_disclosed
from reconcile.flow.scanned import scan
from reconcile.plan import Plan
from reconcile.read import guess_layout, load_layout, read
from reconcile.registry.disclosures import FINDINGS
from reconcile.standardize import standardize
from reconcile.validate import Validation, validate
from reconcile.validate.page import suite_html
from reconcile.validate.steps import Reading, verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from reconcile.policy import Policy

_PARQUET: Final = (".parquet", ".pq")
_LAYOUTS: Final = {"accounts": "openccc", "snapshot_change": "openccc"}
_IDS: Final = {"students": "sis_id", "accounts": "cccid", "snapshot_change": "cccid"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What the dictionary says of a file.

    Attributes:
        validation: of the rows that could be judged.
        readings: what became of the rows of each file; none of a Parquet file, all of whose rows are judged.
        lines: where each judged row stands in the file, None of a Parquet file or of two snapshots.
        layout: with which layout it was read, None of a Parquet file.
    """

    validation: Validation
    readings: tuple[Reading, ...]
    lines: pl.Series | None = field(default=None, repr=False)
    layout: str | None = None

    @property
    def open(self) -> bool:
        """Whether the gate is open: a row that nobody could judge closes it too."""
        return verdict(self.validation, readings=self.readings).open

    def sentence(self, language: str) -> str:
        """Say the verdict and its reasons in a sentence."""
        return verdict(self.validation, readings=self.readings).sentence[language]

    def write_page(self, path: Path, /, *, keys: bool = True) -> None:
        """Write the findings as a page; without keys nobody can tell whose rows they are."""
        write_private(path, suite_html(self.validation, readings=self.readings, keys=keys))

    def disclose(self, plan: Path, /, *files: Path) -> None:
        """Keep a record of written findings by key in the registry of a plan.

        Raises:
            RegistryError: there is none.
        """
        listed = self.validation.failures
        known = Plan.read(plan, files=False)
        note_disclosed(known, FINDINGS, *files, columns=listed.columns, people=listed["key"].n_unique())

    def write_failures(self, path: Path, /, *, keys: bool = True) -> None:
        """Write every failing row as CSV, or XLSX: line (of a delimited file), row, key, what was found."""
        listed = self.validation.failures if keys else self.validation.failures.drop("key")
        if self.lines is not None:
            listed = listed.select(self.lines.gather(listed["row"]).alias("line"), pl.all())
        write_for_people(path, listed, title="Failures")


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A file ready to be judged; a Parquet file without SSNs stays where it is."""

    table: object
    reading: Reading | None = None
    layout: str | None = None


def judge(
    file: Path,
    /,
    *,
    suite: str,
    layout: str | None = None,
    before: Path | None = None,
    as_of: date | None = None,
    language: str = "en",
    policy: Policy | None = None,
    progress: Callable[[str], None],
) -> Judged:
    """Hold a file against a suite of the data dictionary.

    Args:
        file: a delimited file, or Parquet whose columns are named as ours.
        suite: "students", "accounts", "mint_request" or "snapshot_change".
        layout: of a delimited file; found out for students, openccc for accounts when None.
        before: the earlier snapshot, for snapshot_change and nothing else.
        as_of: the day that "today" stands for; today when None.
        language: of the messages.
        policy: the college's.
        progress: told the name of each step as it begins.

    Raises:
        InputError: a file cannot be read, mapped or judged; the message names it.
    """
    _require_earlier(suite, before)
    with ExitStack() as stack:
        engine = stack.enter_context(Engine())
        progress(f"Read {file.name}")
        tables = [_table(engine, "given", file, suite, layout)]
        if before is not None:
            progress(f"Read {before.name}")
            tables.append(_table(engine, "earlier", before, suite, layout))
        progress(f"Judge by the suite {suite}")
        validation = validate(
            tables[0].table,
            suite=suite,
            before=tables[1].table if before is not None else None,
            as_of=as_of,
            language=language,
            policy=policy,
        )
    given = tables[0].table
    lines = (
        given["line"]
        if isinstance(given, pl.DataFrame) and before is None and "line" in given.columns
        else None
    )
    return Judged(
        validation=validation,
        readings=tuple(one.reading for one in tables if one.reading),
        lines=lines,
        layout=tables[0].layout,
    )


def _require_earlier(suite: str, before: Path | None) -> None:
    """Require the earlier snapshot where two are compared, and nowhere else."""
    if suite == "snapshot_change" and before is None:
        raise InputError(
            "The suite snapshot_change compares two snapshots. Name the earlier one: --before FILE."
        )
    if suite != "snapshot_change" and before is not None:
        raise InputError(f"--before goes with the suite snapshot_change, not with {suite}. Leave it out.")


def _table(engine: Engine, name: str, file: Path, suite: str, layout: str | None) -> _Table:
    """Read a file with the layout that goes with the suite, or look at a Parquet file where it is."""
    if file.suffix.lower() in _PARQUET:
        if layout is not None:
            raise InputError(f"{file} is Parquet, whose columns are named as ours; leave --layout out.")
        return _Table(table=scan(engine, name, file))
    chosen = layout or _layout(file, suite)
    result = read(file, layout=chosen)
    frame = result.frame
    if suite in _IDS and _IDS[suite] in frame.columns:  # dates and flags as the stages write them
        frame = standardize(frame, id=_IDS[suite]).frame.select(frame.columns)
    reading = Reading(
        file=file.name,
        rows=result.source.rows,
        accepted=result.frame.height,
        folded=result.folded,
        quarantined=result.quarantined,
    )
    return _Table(table=frame, reading=reading, layout=chosen)


def _layout(file: Path, suite: str) -> str | None:
    """Choose the layout where none is named; rows to be created are named as ours and need none."""
    if suite != "students":
        return _LAYOUTS.get(suite)
    guessed, _ = guess_layout(read(file).source.columns)
    if guessed is None or load_layout(guessed).table != suite:
        raise InputError(
            f"{file} looks like no extract of a student system that is known. Name its layout: "
            "--layout NAME; `reconcile inspect` says what the file looks like."
        )
    return guessed
