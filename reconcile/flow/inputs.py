"""Read what a plan names, standardize it, and account for every row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import CCCID_COLUMN, CONSENT, EARLIER
from reconcile.errors import InputError
from reconcile.flow.earlier import PREVIOUS, as_they_were
from reconcile.flow.queries import query_of, require_askable
from reconcile.plan import Scope, SnapshotPlan
from reconcile.privacy import hash_ids, ssn_key
from reconcile.read import Limits, read
from reconcile.results import Input
from reconcile.standardize import standardize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.plan import InputPlan, Plan
    from reconcile.privacy import SsnKey
    from reconcile.read import ReadResult

_FAMILY: Final = 8  # accounts that may share a phone, an e-mail or an address
_COMPARED: Final = ("birthdate", "email_verified", "phone_verified")  # of two snapshots: of one form in both
ID_OF: Final = {"students": "sis_id", "accounts": "cccid"}


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The tables of a plan, ready to be compared.

    Attributes:
        tables: by name ("students", "accounts", "applications", "fraud", "crosswalk", "consent", "earlier
            accounts"); students and accounts are standardized, and students carry their guardian's consent.
        records: one `Input` a file, for the audit.
        diagnostics: table, line, kind, column, message of every repair, doubt and rejected record.
        key: fingerprint of the SSN key.
        set_aside: standardized accounts whose number stands on several of them, under "number#line": a
            student may be among them, so they are looked at and never linked.
        as_they_were: likewise, standardized accounts that are gone or may be another person's since the
            earlier snapshot, as it had them.
    """

    tables: dict[str, pl.DataFrame] = field(repr=False)
    records: tuple[Input, ...]
    diagnostics: pl.DataFrame = field(repr=False)
    key: str
    set_aside: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    as_they_were: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)

    @property
    def searched(self) -> pl.DataFrame:
        """All accounts that students are looked for among."""
        everybody = [self.tables["accounts"], self.set_aside, self.as_they_were]
        return pl.concat(everybody, how="diagonal_relaxed")


def read_inputs(plan: Plan, /, *, progress: Callable[[str], None]) -> Inputs:
    """Read and standardize every input of a plan.

    Raises:
        InputError: a file cannot be read or mapped, or changes meanwhile; a query cannot be asked.
    """
    require_askable(plan)
    key = ssn_key()
    tables: dict[str, pl.DataFrame] = {}
    records: list[Input] = []
    remarks: list[pl.DataFrame] = []
    for name, wanted in plan.inputs.items():
        progress(f"Read {name}")
        result = read_table(name, wanted, plan, key)
        records.append(_account(name, wanted, result))
        remarks.append(result.diagnostics.select(pl.lit(name).alias("table"), pl.all()))
        frame = result.frame
        if name != "students" and "sis_id" in frame.columns:
            frame = _with_students_ids(frame, tables["students"]["sis_id"], key)
        if name == "students":
            frame = _with_college(frame, plan)
        if name == "accounts":
            frame = pl.concat([frame, _under_line(result.rejected)], how="diagonal_relaxed")
        tables[name] = standardize(frame, id=ID_OF[name]).frame if name in ID_OF else frame
    if plan.accounts.previous is not None:
        progress(f"Read {PREVIOUS}")
        result = read_table("accounts.previous", plan.accounts.previous, plan, key)
        account = _account(PREVIOUS, plan.accounts.previous, result)
        records.append(replace(account, scope=plan.accounts.scope.value))
        remarks.append(result.diagnostics.select(pl.lit(PREVIOUS).alias("table"), pl.all()))
        tables[PREVIOUS] = cleaned(result.frame)
        systemwide = plan.accounts.scope is Scope.SYSTEMWIDE
        held = as_they_were(tables[PREVIOUS], tables["accounts"], systemwide=systemwide)
        then = standardize(held, id=CCCID_COLUMN).frame
        tables["accounts"] = pl.concat([tables["accounts"], then], how="diagonal_relaxed")
    if "consent" in tables:
        tables["students"] = _with_consent(tables["students"], tables["consent"])
    accepted = pl.col("cccid").str.contains("#", literal=True).not_()
    earlier = pl.col("cccid").str.ends_with(EARLIER)
    tables["students"], everybody = without_crowds(tables["students"], tables["accounts"])
    tables["accounts"] = everybody.filter(accepted)
    return Inputs(
        set_aside=everybody.filter(~accepted & ~earlier),
        as_they_were=everybody.filter(earlier),
        tables=tables,
        records=tuple(records),
        diagnostics=pl.concat(remarks, how="vertical_relaxed"),
        key=key.fingerprint,
    )


def read_each(plan: Plan, /) -> dict[str, ReadResult]:
    """Read the inputs of a plan one by one, by their sections, to look at before they are compared.

    Raises:
        InputError: a file cannot be read or mapped; a query cannot be asked.
    """
    require_askable(plan)
    key = ssn_key()
    results = {name: read_table(name, wanted, plan, key) for name, wanted in plan.inputs.items()}
    students = results["students"]
    return results | {"students": replace(students, frame=_with_college(students.frame, plan))}


def read_students(plan: Plan, /, *, path: Path | None = None) -> ReadResult:
    """Read the extract of a plan by itself, or another one in the same layout, the college filled in.

    Raises:
        InputError: it cannot be read or mapped.
    """
    wanted = (
        plan.students
        if path is None
        else replace(plan.students, path=path, query=None, sheet=None, member=None, parts=False)
    )
    result = read_table("students", wanted, plan, ssn_key())
    return replace(result, frame=_with_college(result.frame, plan))


def without_crowds(students: pl.DataFrame, accounts: pl.DataFrame, /) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out of the keys every contact that more accounts share than a family has members.

    The address of a shelter, a dormitory or an office speaks for nobody; the columns themselves stay.
    """
    for keys in (["key_phone"], ["key_email"], ["key_street", "key_zip"]):
        if not {*keys} <= {*students.columns} & {*accounts.columns}:
            continue
        shared = accounts.select(keys).drop_nulls().group_by(keys).len().filter(pl.col("len") > _FAMILY)
        crowd = shared.select(*keys, _crowd=pl.lit(value=True))
        students, accounts = _blank(students, keys, crowd), _blank(accounts, keys, crowd)
    return students, accounts


def _blank(table: pl.DataFrame, keys: list[str], crowd: pl.DataFrame) -> pl.DataFrame:
    marked = table.join(crowd, on=keys, how="left", maintain_order="left")
    return marked.with_columns(pl.when(pl.col("_crowd").is_null()).then(pl.col(keys[0]))).drop("_crowd")


def _under_line(rejected: pl.DataFrame) -> pl.DataFrame:
    """Tell accounts of one number apart by their lines."""
    if rejected.is_empty():
        return rejected
    return rejected.with_columns(cccid=pl.format("{}#{}", "cccid", "line"))


def cleaned(accounts: pl.DataFrame, /) -> pl.DataFrame:
    """Bring dates and flags of a snapshot to the form that stages and rules expect, and nothing else."""
    told = [column for column in _COMPARED if column in accounts.columns]
    one_form = standardize(accounts.select(CCCID_COLUMN, *told), id=CCCID_COLUMN).frame
    return accounts.with_columns(one_form.select(told).get_columns())


def read_table(name: str, wanted: InputPlan, plan: Plan, key: SsnKey, /) -> ReadResult:
    """Read one table of a plan, by the section that describes it.

    Raises:
        InputError: it cannot be read or mapped, or the query cannot be asked.
    """
    options = dict(wanted.options)
    if name == "students":
        options.setdefault("as_of", plan.as_of)  # effective-dated rows count up to the plan's day
    problem = ""
    try:
        return read(
            query_of(name, wanted.query, plan) if wanted.query is not None else wanted.path or (),
            layout=wanted.layout,
            encoding=wanted.encoding,
            sheet=wanted.sheet,
            member=wanted.member,
            parts=wanted.parts,
            options=options,
            limits=Limits(**wanted.limits),
            ssn_key=key,
        )
    except InputError as error:
        if wanted.query is None:  # a file's own name is in the message
            raise
        problem = str(error)
    raise InputError(f"[{name}] of {plan.path}: {problem}")


def _with_college(students: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Fill the college in where the extract leaves it out and the plan is about one college only."""
    if len(plan.population.colleges) != 1:
        return students
    return students.with_columns(pl.col("college").fill_null(plan.population.colleges[0]))


def _with_consent(students: pl.DataFrame, consents: pl.DataFrame) -> pl.DataFrame:
    """Put beside each student what their guardian consented to; of several consents the latest."""
    latest = consents.sort("guardian_consent_on", "line").unique("sis_id", keep="last")
    return students.join(latest.select("sis_id", *CONSENT), on="sis_id", how="left", maintain_order="left")


def _with_students_ids(frame: pl.DataFrame, students: pl.Series, key: SsnKey) -> pl.DataFrame:
    """Hash the SSNs among SIS ids that only the extract shows to be SSNs, so that they still join."""
    if not students.str.starts_with("ssn:").any():
        return frame
    hashed = hash_ids(frame["sis_id"], key)
    return frame.with_columns(
        pl.when(hashed.is_in(students.implode())).then(hashed).otherwise("sis_id").alias("sis_id")
    )


def _account(name: str, wanted: InputPlan, result: ReadResult) -> Input:
    snapshot = wanted if isinstance(wanted, SnapshotPlan) else None
    return Input(
        table=name,
        layout=result.layout,
        source=result.source,
        folded=result.folded,
        quarantined=result.quarantined,
        accepted=result.frame.height,
        scope=snapshot.scope.value if snapshot else None,
        as_of=snapshot.as_of if snapshot else None,
    )
