"""Writes a whole sample folder."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.errors import InputError, nearest
from reconcile.files import touch_private, whole_folder, write_private
from reconcile.sample import accounts as snapshot
from reconcile.sample import earlier, evidence, layouts, people, roster, students, submitted, truth
from reconcile.sample.extracts import Extract, extract, sis_ids, term_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

SYSTEMS: Final = ("banner", "colleague", "peoplesoft")
AS_OF: Final = date(2026, 11, 16)
_STUDENTS_MAX, _ACCOUNTS_MAX = 5_000_000, 20_000_000


@dataclass(frozen=True, kw_only=True)
class SampleFiles:
    """The files of one sample."""

    folder: Path
    students: Path
    accounts: Path
    earlier_accounts: Path
    applications: Path
    fraud: Path
    submitted: Path
    plan: Path
    truth_students: Path
    truth_accounts: Path
    truth_changes: Path
    truth_submitted: Path


def generate(
    *,
    students: int,
    accounts: int,
    sis: str = "banner",
    seed: int = 1,
    out: Path,
    as_of: date = AS_OF,
    progress: Callable[[str], None] | None = None,
) -> SampleFiles:
    """Write synthetic inputs, the truth about them and a plan into a new folder.

    The same arguments give the same bytes; another `sis` gives the same population in another layout.

    Args:
        students: records of the SIS file (several rows a record in some layouts).
        accounts: rows of the snapshot; with too few, accounts of some students are missing from it.
        sis: "banner", "colleague" or "peoplesoft".
        seed: of the random numbers.
        out: a folder that does not exist yet, or is empty.
        as_of: the day of the snapshot.
        progress: is told what is done next.

    Raises:
        InputError: an argument makes no sense.
        OutputError: the folder is in use.
    """
    _check(students, accounts, sis, seed)
    say = progress or (lambda _what: None)
    out = Path(out)
    if out.is_dir() and not any(out.iterdir()):
        out.rmdir()
    with whole_folder(out) as draft:
        _write(draft, _Order(students, accounts, sis, seed, as_of), say)
    return files_in(out)


def files_in(folder: Path) -> SampleFiles:
    """Name the files of a sample folder."""
    return SampleFiles(
        folder=folder,
        plan=folder / "plan.toml",
        **{
            field.name: folder / f"{field.name}.csv"
            for field in fields(SampleFiles)
            if field.name not in ("folder", "plan")
        },
    )


@dataclass(frozen=True)
class _Order:
    students: int
    accounts: int
    sis: str
    seed: int
    as_of: date

    def rng(self, step: int) -> np.random.Generator:
        """Give each step its own random numbers, so that one step's thirst does not move the others."""
        return np.random.Generator(np.random.PCG64([self.seed, step]))


def _check(students: int, accounts: int, sis: str, seed: int) -> None:
    if not 1 <= students <= _STUDENTS_MAX:
        raise InputError(f"{students} students were asked for; 1 to {_STUDENTS_MAX:,} can be made.")
    if not 0 <= accounts <= _ACCOUNTS_MAX:
        raise InputError(f"{accounts} accounts were asked for; 0 to {_ACCOUNTS_MAX:,} can be made.")
    if sis not in SYSTEMS:
        raise InputError(f'There is no layout "{sis}".{nearest(sis, SYSTEMS)}')
    if seed < 0:
        raise InputError(f"The seed is {seed}; a whole number from 0 on is needed.")


def _write(folder: Path, order: _Order, say: Callable[[str], None]) -> None:
    say("naming persons")
    plan = roster.plan(order.rng(1), order.students, order.accounts)
    persons = people.make(order.rng(2), len(plan.state), plan.persons - len(plan.state), order.as_of)
    say("opening accounts")
    opened = snapshot.make(order.rng(3), persons, plan, order.as_of)
    say("enrolling students")
    enrolled = students.make(order.rng(4), persons, plan, opened, order.as_of)
    pairs = evidence.applied(order.rng(5), plan, opened, enrolled)
    reports = evidence.fraud(order.rng(6), plan, opened, order.as_of)
    say("working out the truth")
    known = truth.Facts(
        roster=plan,
        students=enrolled,
        accounts=opened,
        pairs=pairs,
        fraud=evidence.standing(opened, reports),
        as_of=order.as_of,
    )
    status = truth.statuses(known)
    say("writing files")
    ids = sis_ids(enrolled.number, order.sis)
    _student_file(folder / "students.csv", extract(order.rng(7), enrolled, order.as_of, order.sis))
    present = np.flatnonzero(plan.present)
    present = present[np.argsort(opened.number[present], kind="stable")]
    delivered = snapshot.table(order.rng(8), opened, present, order.as_of)
    _file(folder / "accounts.csv", delivered)
    applied = evidence.applications(order.rng(9), opened, ids, pairs, order.as_of)
    _file(folder / "applications.csv", applied)
    _file(folder / "fraud.csv", reports)
    _file(folder / "truth_students.csv", truth.of_students(enrolled, opened, ids, status))
    _file(folder / "truth_accounts.csv", truth.of_accounts(opened, present))
    gone = snapshot.table(order.rng(10), opened, np.flatnonzero(plan.retired), order.as_of)
    before, changes = earlier.earlier(
        order.rng(11), delivered, gone, order.as_of - timedelta(days=earlier.DAYS)
    )
    _file(folder / "earlier_accounts.csv", before)
    _file(folder / "truth_changes.csv", truth.of_changes(changes, opened))
    reported = submitted.submitted(order.rng(12), enrolled, ids, status, order.as_of)
    _file(folder / "submitted.csv", reported.select(layouts.SUBMITTED))
    _file(folder / "truth_submitted.csv", reported.select(layouts.TRUTH_SUBMITTED))
    write_private(folder / "plan.toml", plan_text(order.sis, order.as_of))


def _file(path: Path, table: pl.DataFrame) -> None:
    table.write_csv(touch_private(path), line_terminator="\n")


def _student_file(path: Path, made: Extract) -> None:
    text = made.table.write_csv(line_terminator=made.line_end)
    write_private(path, text.encode(made.encoding))


def plan_text(sis: str, as_of: date, *, shared: str = "") -> str:
    """Write the plan of a sample; `shared` is the path prefix of the files that all layouts share."""
    code = {
        "banner": 'additional_id_code = "CCCD"',
        "colleague": 'alt_id_type = "CCID"',
        "peoplesoft": 'additional_id_code = "CID"',
    }[sis]
    return f"""# Synthetic data: nobody in these files exists.
[reconciliation]
name = "Sample college, {sis}"
as_of = {as_of.isoformat()}
workspace = "workspace"

[registry]
url = "registry.sqlite"

[issuer]
kind = "demo"

[population]
colleges = ["{students.HOME}"]
terms = ["{term_codes(as_of, sis)[0]}"]
enrolled_only = true
credit = ["credit", "noncredit"]
person_types = ["student"]

[students]
path = "students.csv"
layout = "{sis}"

[students.options]
{code}

[accounts]
path = "{shared}accounts.csv"
layout = "openccc"
scope = "systemwide"
as_of = {as_of.isoformat()}

[applications]
path = "applications.csv"
layout = "superglue"

[fraud]
path = "{shared}fraud.csv"
layout = "fraud"

[mint]
proposer = "analyst"
upload_holds = ["NU"]
mailbox = "accounts@example.edu"
attested_by = "admissions office"
attested_authority = "sample data, nobody is enrolled"
attested_on = {as_of.isoformat()}

[request]
use_case = "existing_student"
cannot_self_serve = "enrolled before the online application"
identity_check = "sample data, nobody is enrolled"

[mis]
missing = "{submitted.MISSING}"  # this sample's own choice: ask your MIS office for yours
submitted = "submitted.csv"  # what was reported for the spring

[mis.terms]
"{term_codes(as_of, sis)[0]}" = "{as_of:%y}7"  # fall
"""
