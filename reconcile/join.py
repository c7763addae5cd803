"""Exact agreement by key: the CCCIDs that the SIS holds, and those that applications name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from reconcile.columns import CCCID_COLUMN, SIS_ID
from reconcile.dates import sortable
from reconcile.engine import Engine, Table
from reconcile.errors import InputError
from reconcile.results import as_frame
from reconcile.show import Sheet, Shown

HELD: Final = """
    SELECT held.sis_id, held.written, held.cccid, held.line,
           accounts.cccid IS NOT NULL AS in_snapshot,
           fraud.cccid IS NOT NULL AS fraud,
           former.cccid IS NOT NULL AS retired,
           count(*) OVER (PARTITION BY held.cccid) AS students
    FROM {held} AS held
    LEFT JOIN {accounts} AS accounts ON accounts.cccid = held.cccid
    LEFT JOIN {fraud} AS fraud ON fraud.cccid = held.cccid
    LEFT JOIN {former} AS former ON former.cccid = held.cccid AND accounts.cccid IS NULL
    ORDER BY held.sis_id, held.cccid, held.written
"""

APPLIED: Final = """
    SELECT applications.sis_id, applications.cccid,
           max(applications.submitted) AS submitted,
           max(CASE WHEN accounts.cccid IS NULL THEN 0 ELSE 1 END) = 1 AS in_snapshot
    FROM {applications} AS applications
    JOIN {students} AS students ON students.sis_id = applications.sis_id
    LEFT JOIN {accounts} AS accounts ON accounts.cccid = applications.cccid
    GROUP BY applications.sis_id, applications.cccid
    ORDER BY applications.sis_id, applications.cccid
"""


@dataclass(frozen=True, kw_only=True, repr=False)
class Joined(Shown):
    """What exact keys say.

    Attributes:
        held: one row a student and CCCID in the SIS: sis_id, written (as the SIS has it, but for blanks
            around it), cccid (also in upper case), line, in_snapshot, fraud, retired, students (how many
            hold the same number).
        applied: one row a student and CCCID in the applications: sis_id, cccid, submitted (the latest),
            in_snapshot.
    """

    held: pl.DataFrame
    applied: pl.DataFrame

    def _sheet(self) -> Sheet:
        facts = ("in_snapshot", "fraud", "retired", "on_several_students")
        marked = self.held.with_columns(on_several_students=pl.col("students") > 1)
        note = f"Applications name a CCCID for {self.applied['sis_id'].n_unique():,} students."
        counts = marked.group_by(facts).len("numbers").sort(facts)
        return Sheet(frame=counts, title="CCCIDs in the SIS", note=note)


def join(
    students: object,
    accounts: object,
    /,
    *,
    applications: object | None = None,
    fraud: object | None = None,
    former: object | None = None,
) -> Joined:
    """Look up every CCCID that the SIS or an application gives for a student.

    Args:
        students: has sis_id and cccids (a list of texts) or cccid (text).
        accounts: has cccid, one row each.
        applications: has sis_id, cccid and, if known, submitted.
        fraud: has cccid: numbers reported as fraud.
        former: has cccid: numbers of a past crosswalk or snapshot; absent today, they count as retired.

    Raises:
        InputError: a column is missing or of another type.

    >>> import polars as pl
    >>> students = pl.DataFrame({"sis_id": ["1", "2"], "cccid": ["ABD1234", None]})
    >>> join(students, pl.DataFrame({"cccid": ["ABD1234"]})).held["in_snapshot"].to_list()
    [True]
    """
    numbers, submissions = _numbers(as_frame(students)), _submissions(applications)
    if applications is not None:
        _check_ids(numbers, submissions)
    with Engine() as engine:
        return join_tables(
            engine,
            engine.load("students", numbers),
            engine.load("accounts", _keys(accounts, "accounts")),
            applications=engine.load("applications", submissions),
            fraud=engine.load("fraud", _keys(fraud, "fraud list")),
            former=engine.load("former", _keys(former, "former CCCIDs")),
        )


def join_tables(
    engine: Engine, students: Table, accounts: Table, /, *, applications: Table, fraud: Table, former: Table
) -> Joined:
    """Join tables that the engine holds already; see `join` for their columns."""
    held = engine.sql(
        "held_numbers", "SELECT sis_id, written, cccid, line FROM {students} WHERE cccid IS NOT NULL",
        students=students,
    )  # fmt: skip
    return Joined(
        held=engine.frame(HELD, held=held, accounts=accounts, fraud=fraud, former=former),
        applied=engine.frame(APPLIED, applications=applications, students=students, accounts=accounts),
    )


def _numbers(students: pl.DataFrame) -> pl.DataFrame:
    """Give one row a student and number; students without any keep one row with nulls."""
    _require(students, (SIS_ID,), "students")
    if "cccids" in students.columns:
        _check_type(students, "cccids", "students", lists=True)
        rows = students.select(
            SIS_ID, pl.col("cccids").cast(pl.List(pl.String)).alias("written"), _line(students)
        ).explode("written", empty_as_null=True)
    elif CCCID_COLUMN in students.columns:
        _check_type(students, CCCID_COLUMN, "students")
        rows = students.select(SIS_ID, pl.col(CCCID_COLUMN).alias("written"), _line(students))
    else:
        raise InputError(
            'students have neither "cccids" nor "cccid"; map the SIS column that holds the CCCID.'
        )
    trimmed = pl.col("written").cast(pl.String).str.strip_chars()  # blanks around a number are no damage
    return (
        rows.with_columns(written=pl.when(trimmed != "").then(trimmed))
        .with_columns(cccid=pl.col("written").str.to_uppercase())
        .unique([SIS_ID, "cccid"], keep="first", maintain_order=True)
        .sort(SIS_ID, "cccid")
    )


def _line(students: pl.DataFrame) -> pl.Expr:
    return pl.col("line") if "line" in students.columns else pl.lit(None, pl.Int64).alias("line")


def _keys(table: object | None, what: str) -> pl.DataFrame:
    if table is None:
        return pl.DataFrame(schema={CCCID_COLUMN: pl.String})
    frame = as_frame(table)
    _require(frame, (CCCID_COLUMN,), what)
    _check_type(frame, CCCID_COLUMN, what)
    key = pl.col(CCCID_COLUMN).cast(pl.String).str.strip_chars().str.to_uppercase()
    return frame.select(key).drop_nulls().unique().sort(CCCID_COLUMN)


def _submissions(table: object | None) -> pl.DataFrame:
    if table is None:
        return pl.DataFrame(schema={SIS_ID: pl.String, CCCID_COLUMN: pl.String, "submitted": pl.String})
    frame = as_frame(table)
    _require(frame, (SIS_ID, CCCID_COLUMN), "applications")
    _check_type(frame, CCCID_COLUMN, "applications")
    if "submitted" not in frame.columns:
        frame = frame.with_columns(submitted=pl.lit(None, pl.String))
    elif frame.schema["submitted"] == pl.String:  # the latest counts, whichever way days are written
        frame = frame.with_columns(submitted=sortable(frame["submitted"]))
    key = pl.col(CCCID_COLUMN).cast(pl.String).str.strip_chars().str.to_uppercase()
    return frame.select(SIS_ID, key, "submitted").drop_nulls([SIS_ID, CCCID_COLUMN])


def _require(frame: pl.DataFrame, columns: tuple[str, ...], what: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InputError(
            f"{what}: no column {', '.join(missing)}; found {', '.join(frame.columns[:12])}. "
            "Rename the column, or read the file with a layout."
        )


def _check_type(frame: pl.DataFrame, name: str, what: str, *, lists: bool = False) -> None:
    """Refuse another type than text, or than lists of text; null is what an empty column has."""
    kind = frame.schema[name]
    single = kind.inner if lists and isinstance(kind, pl.List) else kind
    texts = single in {pl.String, pl.Categorical, pl.Enum} and isinstance(kind, pl.List) == lists
    if not texts and single != pl.Null:
        expected = "a list of texts" if lists else "text"
        raise InputError(
            f"{what}: column {name} is {kind}; {expected} was expected. "
            f"{'Split the text into a list' if lists else 'Cast it to text'}."
        )


def _check_ids(students: pl.DataFrame, applications: pl.DataFrame) -> None:
    """Refuse ids that cannot be compared: 7 and "007" may be one student or two."""
    of_students, of_applications = students.schema[SIS_ID], applications.schema[SIS_ID]
    if of_students.is_integer() == of_applications.is_integer() or pl.Null in {of_students, of_applications}:
        return
    raise InputError(
        f"applications: column {SIS_ID} is {of_applications}, but {of_students} in students; "
        "one type was expected. Cast both to text, with leading zeros where the SIS has them."
    )
