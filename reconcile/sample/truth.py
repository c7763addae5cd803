"""The status that a careful registrar would give each student from what the files record.

Precedence is that of the statuses themselves; the first that applies counts. The rules:

- A student's true accounts in the snapshot are compared with the record. **Name** agrees when equal (marks
  and capitals apart), when lightly damaged (at most three of the kinds in `compare.LIGHT` on both records
  together), or through a former name that either record remembers. Anything else is heavy, also two
  different halves of a double surname, and a middle name used as first that the other does not know.
- **Birthdate** agrees when it is equal, or when one record carries one light error (day and month
  swapped, one digit). Missing, placeholder and impossible dates, or errors on both, are heavy.
- **An independent field** agrees: SSN, SSID, personal e-mail (not the college's), telephone, street and
  ZIP, or an application that names the SIS id.
- An account is **certain** when all three agree, **possible** when two do.
- `held`: deceased, hold NU, or a CCCID in the SIS or a certain account was reported as fraud (and the
  report was not withdrawn).
- `duplicate_student`: another record in scope is the same person and two of the three agree, or both hold
  the same CCCID; or a record in scope has exactly the same name and birthdate, whoever it is.
- `shared_cccid`: the same CCCID stands on another student in scope.
- `conflict`: the CCCID is in the snapshot and is another person's, or the person's own without sufficient
  agreement. Sufficient is: name and birthdate; or name and an independent field, while a birthdate is
  missing or visibly wrong; or first name, birthdate and a number (SSN, SSID), while the last name
  differs. Contacts do not count there: a family shares them.
- `several_accounts`: at least two accounts are certain; one in the SIS that agrees counts as certain.
- `confirmed`, `unknown_cccid`, `malformed_cccid`: the CCCID in the SIS is in the snapshot and agrees; is
  well-formed and not there; breaks the format.
- `recoverable`: exactly one certain account.
- `review`: possible accounts only, or somebody's account that no record in the SIS holds, with exactly this
  name and birthdate, or with this last name, birthdate and an independent field (a twin's, say).
- `blocked`: no last name, no birthdate, or one that the calendar or the dictionary forbids.
- `mintable`: the rest.

`pending_load` needs the memory of an earlier run and does not occur. Damage so heavy that nothing
could be found counts as "no account": the truth's `cccids` still names the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample import layouts
from reconcile.sample.compare import SHARED, compare, rows_of, view
from reconcile.sample.kinds import column, filled

if TYPE_CHECKING:
    from datetime import date

    from reconcile.sample.accounts import Accounts
    from reconcile.sample.kinds import Mask, Rows
    from reconcile.sample.roster import Roster
    from reconcile.sample.students import Students

_FIRST_DAY: Final = "1901-01-01"
_PATTERN: Final = "^[A-HJ-NP-Z]{3}[0-9]{4}$"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the truth is worked out from.

    Attributes:
        roster: who is in which file.
        students: the SIS records.
        accounts: the accounts, those outside the snapshot included.
        pairs: rows of students and of accounts that an application joins.
        fraud: which accounts are reported as fraud, withdrawn reports apart.
        as_of: the day of the files.
    """

    roster: Roster
    students: Students
    accounts: Accounts
    pairs: tuple[Rows, Rows]
    fraud: Mask
    as_of: date


def statuses(facts: Facts) -> pl.Series:
    """Give every student record its status, in the order of the records."""
    students, seen = facts.students, view(facts.students)
    present = pl.Series(facts.roster.present)
    snapshot = view(facts.accounts).filter(present)
    numbered = pl.DataFrame(
        {
            "row_r": rows_of(facts.accounts),
            "cccid": column(facts.accounts["cccid"]),
            "fraud": facts.fraud,
        }
    )
    linked = pl.DataFrame(dict(zip(("row", "row_r"), map(pl.Series, facts.pairs), strict=True)))
    compared = compare(seen, snapshot, linked).join(numbered, on="row_r", maintain_order="left")
    held = (
        _held(students)
        .join(numbered.filter(present), on="cccid", how="left", maintain_order="left")
        .join(
            compared.select("row", "row_r", "agrees"), on=["row", "row_r"], how="left", maintain_order="left"
        )
    )
    return (
        seen.select("row")
        .with_columns(
            in_scope=pl.Series(students.in_scope),
            barred=pl.Series(filled(students["deceased"]) | filled(students["hold"])),
            blocked=_unusable(seen, facts.as_of),
            duplicate=pl.Series(_duplicates(students, seen)),
            lookalike=pl.Series(_lookalikes(seen, _unclaimed(snapshot, numbered, students))),
        )
        .join(_of_sis(held, students), on="row", how="left", maintain_order="left")
        .join(_of_search(compared, held), on="row", how="left", maintain_order="left")
        .with_columns(pl.col(pl.Boolean).fill_null(value=False), pl.col("certain", "possible").fill_null(0))
        .select(status=_CASCADE)["status"]
    )


def _unusable(seen: pl.DataFrame, as_of: date) -> pl.Series:
    """Say which records the dictionary forbids to create an account from."""
    birthdate = pl.col("birthdate")
    wrong = (
        birthdate.str.to_date(strict=False).is_null() | (birthdate < _FIRST_DAY) | (birthdate > str(as_of))
    )
    return seen.select(wrong=wrong.fill_null(value=True) | pl.col("last").is_null())["wrong"]


def _held(students: Students) -> pl.DataFrame:
    return (
        pl.DataFrame({"row": rows_of(students), "cccid": column(students["cccids"])})
        .drop_nulls()
        .with_columns(pl.col("cccid").str.split("|"))
        .explode("cccid")
        .with_columns(formed=pl.col("cccid").str.contains(_PATTERN) & ~pl.col("cccid").str.ends_with("0000"))
    )


def _of_sis(held: pl.DataFrame, students: Students) -> pl.DataFrame:
    inside = held.filter(pl.Series(students.in_scope).gather(held["row"]))
    shared = inside.group_by("cccid").agg(pl.col("row").n_unique().alias("rows")).filter(pl.col("rows") > 1)
    found = pl.col("row_r").is_not_null()
    return held.group_by("row").agg(
        shared=pl.col("cccid").is_in(shared["cccid"].to_list()).any(),
        conflict=(found & ~pl.col("agrees").fill_null(value=False)).any(),
        confirmed=found.any(),
        unknown=(~found & pl.col("formed")).any(),
        malformed=(~pl.col("formed")).any(),
        sis_fraud=pl.col("fraud").fill_null(value=False).any(),
    )


def _of_search(compared: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    ours = held.select("row", "row_r", in_sis=pl.lit(value=True)).drop_nulls()
    joined = compared.join(ours, on=["row", "row_r"], how="left").with_columns(
        certain=pl.col("certain") | (pl.col("agrees") & pl.col("in_sis").fill_null(value=False))
    )
    return joined.group_by("row").agg(
        pl.col("certain").sum(),
        (pl.col("possible") & ~pl.col("certain")).sum().alias("possible"),
        account_fraud=(pl.col("fraud") & pl.col("certain")).any(),
    )


def _duplicates(students: Students, seen: pl.DataFrame) -> Mask:
    inside = seen.filter(pl.Series(students.in_scope))
    nobody = pl.DataFrame(schema={"row": pl.Int64, "row_r": pl.Int64})
    twice = inside.filter(pl.col("person").is_duplicated())
    known = column(students["cccids"])
    same = compare(twice, twice, nobody).filter(pl.col("row") != pl.col("row_r"))
    equal = (known.gather(same["row"]) == known.gather(same["row_r"])).fill_null(value=False)
    same = same.filter((pl.col("agreeing") >= 2) | equal)  # noqa: PLR2004
    alike = inside.drop_nulls(["last", "birthdate"]).filter(
        ~pl.col("unknown_date") & pl.struct("first", "last", "birthdate").is_duplicated()
    )
    made = np.zeros(len(students), dtype=bool)
    made[same["row"].to_numpy()] = True
    made[alike["row"].to_numpy()] = True
    return made


def _unclaimed(snapshot: pl.DataFrame, numbered: pl.DataFrame, students: Students) -> pl.DataFrame:
    claimed = _held(students).join(numbered, on="cccid").select(row="row_r")
    return snapshot.join(claimed, on="row", how="anti", maintain_order="left")


def _lookalikes(seen: pl.DataFrame, snapshot: pl.DataFrame) -> Mask:
    """Find records for which an account that no SIS record holds could be taken to be theirs."""
    usable = pl.col("last").is_not_null() & pl.col("birthdate").is_not_null() & ~pl.col("unknown_date")
    near = seen.filter(usable).join(snapshot, on=["last", "birthdate"], suffix="_r")
    shared = pl.any_horizontal(pl.col(name) == pl.col(f"{name}_r") for name in SHARED)
    found = near.filter(shared.fill_null(value=False) | pl.col("first").eq_missing(pl.col("first_r")))
    made = np.zeros(len(seen), dtype=bool)
    made[found["row"].to_numpy()] = True
    return made


def _cascade() -> pl.Expr:
    column_ = pl.col
    rules = (
        ("out_of_scope", ~column_("in_scope")),
        ("held", column_("barred") | column_("sis_fraud") | column_("account_fraud")),
        ("duplicate_student", column_("duplicate")),
        ("shared_cccid", column_("shared")),
        ("conflict", column_("conflict")),
        ("several_accounts", column_("certain") > 1),
        ("confirmed", column_("confirmed")),
        ("unknown_cccid", column_("unknown")),
        ("malformed_cccid", column_("malformed")),
        ("recoverable", column_("certain") == 1),
        ("review", (column_("possible") > 0) | column_("lookalike")),
        ("blocked", column_("blocked")),
    )
    made = pl.lit("mintable")
    for status, when in reversed(rules):
        made = pl.when(when).then(pl.lit(status)).otherwise(made)
    return made


_CASCADE: Final = _cascade()
STATUSES: Final = (
    "out_of_scope",
    "held",
    "duplicate_student",
    "shared_cccid",
    "conflict",
    "several_accounts",
    "confirmed",
    "unknown_cccid",
    "malformed_cccid",
    "recoverable",
    "review",
    "blocked",
    "mintable",
)


def of_students(
    students: Students, accounts: Accounts, sis_ids: pl.Series, status: pl.Series
) -> pl.DataFrame:
    """Lay the truth of the students out; `cccids` names every number that was ever the person's."""
    numbers = (
        pl.DataFrame({"person": accounts.person, "cccid": column(accounts["cccid"])})
        .sort("person", "cccid")
        .group_by("person", maintain_order=True)
        .agg(pl.col("cccid").str.join(" ").alias("cccids"))
    )
    frame = pl.DataFrame({"sis_id": sis_ids, "person": students.person, "status": status})
    return (
        frame.with_columns(students.labels())
        .join(numbers, on="person", how="left", maintain_order="left")
        .with_columns(_person())
        .select(layouts.TRUTH_STUDENTS)
    )


def of_accounts(accounts: Accounts, rows: Rows) -> pl.DataFrame:
    """Lay the truth of the accounts in the snapshot out."""
    frame = pl.DataFrame({"cccid": column(accounts["cccid"]), "person": accounts.person})
    return (
        frame.with_columns(accounts.labels(), _person())
        .select(layouts.TRUTH_ACCOUNTS)[pl.Series(rows)]
        .sort("cccid")
    )


def of_changes(changes: pl.DataFrame, accounts: Accounts) -> pl.DataFrame:
    """Lay the truth of an earlier snapshot out; `person` is whose the account is, or was when it left."""
    frame = pl.DataFrame({"cccid": column(accounts["cccid"]), "person": accounts.person})
    return (
        changes.rename({"ccc_id": "cccid"})
        .join(frame.with_columns(_person()), on="cccid", how="left", maintain_order="left")
        .select(layouts.TRUTH_CHANGES)
    )


def _person() -> pl.Expr:
    return ("P" + pl.col("person").cast(pl.String).str.zfill(7)).alias("person")
