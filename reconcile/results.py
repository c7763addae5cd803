"""Small named results that show themselves in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import polars as pl

from reconcile.errors import InputError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


@runtime_checkable
class ArrowStream(Protocol):
    """Anything that speaks Arrow: polars, pyarrow, pandas, DuckDB relations, ibis tables."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the table as an Arrow C stream."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a table came from.

    Attributes:
        path: the file as given.
        sha256: of its bytes, hexadecimal.
        size: in bytes.
        encoding: the one the text was decoded with; of other files what they are ("XLSX").
        dialect: delimiter and quote, in words ("comma, double quotes"); of a workbook its sheet.
        rows: records in the file below the header, the rejected ones included.
        columns: names in the file's own spelling and order.
        kind: what it is: "text", "XLSX", "XLS", "ODS", "Parquet", "Arrow", "JSON lines" or "query";
            with ", gzip" or ", zip" behind it where it was packed.
        member: the file within a zip archive, else "".
        real: where a symbolic link leads, None for a plain file.
        parts: the files of a table in several parts; sha256 is then that of their hashes.
        first_line: of a part, the line of the whole table that its own first line is.
        seen: of a query, whose answer is kept nowhere, every text that is shaped like a CCCID.
    """

    path: Path
    sha256: str
    size: int
    encoding: str
    dialect: str
    rows: int
    columns: tuple[str, ...]
    kind: str = "text"
    member: str = ""
    real: Path | None = None
    parts: tuple[Source, ...] = ()
    first_line: int = 1
    seen: pl.Series | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What people call it: the file's name without its folders, or what was asked."""
        return str(self.path) if self.kind == "query" else self.path.name


def as_frame(table: object, /) -> pl.DataFrame:
    """Take a table from any library that has an Arrow interface.

    Raises:
        InputError: the object is no table.

    >>> as_frame(pl.LazyFrame({"id": ["1"]})).height
    1
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    frame = getattr(table, "frame", None)
    if isinstance(frame, pl.DataFrame):  # one of our own results
        return frame
    if isinstance(table, ArrowStream):
        return pl.DataFrame(table)
    raise InputError(
        f"A table was expected, a {type(table).__name__} was given. "
        "Pass a polars, pandas or pyarrow table, or read a file with reconcile.read(path)."
    )


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a run as the audit shows it.

    Attributes:
        table: "students", "accounts", "applications" or "fraud".
        layout: the layout it was read with.
        source: the file.
        folded: file rows that are history of a person rather than a person (former names, further ids).
        quarantined: records that cannot be read, or whose id is missing or not unique.
        accepted: records that take part.
        scope: of a snapshot: "systemwide", "district" or "own applications".
        as_of: the day a snapshot was taken.
    """

    table: str
    layout: str
    source: Source
    folded: int
    quarantined: int
    accepted: int
    scope: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, kw_only=True)
class BatchSummary:
    """What became of the rows that a run proposed.

    Attributes:
        id: the batch's id in the registry.
        state: "submitted", "minted", ...
        mints: rows that ask for a new account.
        recoveries: rows that ask to write an existing CCCID back.
        proposer: who submitted.
        approver: who approved, None while nobody has.
        command: what the approver types next, empty when nothing is left to do.
    """

    id: str
    state: str
    mints: int
    recoveries: int
    proposer: str
    approver: str | None
    command: str


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Everything that a report says about one run; no name, birthdate or SSN is in it.

    Attributes:
        title: the plan's name.
        stamp: when the run began, the one thing that may differ between equal runs.
        demo: True when the registry is stamped DEMO.
        as_of: the day for which the plan asks.
        issuer: "openccc", "registry" or "demo".
        population: the plan's population in words.
        inputs: one a file.
        quarantine: table, line, kind, column, message; out of a run's folder they are counted already.
        students: sis_id, status, sis_cccid, search, flags (list), evidence, action, cccid (as the SIS holds
            it, several joined by a space), proposed_cccid, issued_cccid, snapshot_scope, snapshot_as_of,
            college, terms, credit, line.
        duplicates: table ("students" / "accounts"), id_l, id_r, match_weight, match_probability, band,
            reasons.
        crosswalk: sis_id, cccid, origin ("sis", "recovered", "issued", "proposed"), current ("yes" /
            "no"), since.
        findings: suite, rule_id, element, severity, message, failures, rows.
        batch: None when nothing was proposed.
        notes: sentences that the reader must know (the snapshot is old, a threshold was relaxed).
        pairs: under what name the workspace keeps the compared pairs.
    """

    title: str
    stamp: str
    demo: bool
    as_of: date
    issuer: str
    population: str
    inputs: tuple[Input, ...]
    quarantine: pl.DataFrame
    students: pl.DataFrame
    duplicates: pl.DataFrame
    crosswalk: pl.DataFrame
    findings: pl.DataFrame
    batch: BatchSummary | None
    notes: tuple[str, ...] = ()
    pairs: str = ""
