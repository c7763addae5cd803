"""The status that a careful registrar would give each student from what the files record.

Precedence is that of the statuses themselves; the first that applies counts. The rules:

- A student's true accounts in the snapshot are compared with the record. **Name** agrees when it is equal
  (marks and capitals apart), or lightly damaged: at most two of the kinds in `LIGHT` on both records
  together, or a former name that either record remembers. Anything else is heavy.
- **Birthdate** agrees when it is equal, or when one record carries one light error (day and month
  swapped, one digit). Missing, placeholder and impossible dates, or errors on both, are heavy.
- **An independent field** agrees: SSN, SSID, personal e-mail (not the college's), telephone, street and
  ZIP, or an application that names the SIS id.
- An account is **certain** when all three agree, **possible** when two do.
- `held`: deceased, hold NU, or a CCCID in the SIS or a certain account was reported as fraud (and the
  report was not withdrawn).
- `duplicate_student`: another record in scope is the same person and two of the three agree or both hold the
  same CCCID; or a record in scope has exactly the same name and birthdate, whoever it is.
- `shared_cccid`: the same CCCID stands on another student in scope.
- `conflict`: the CCCID is in the snapshot and is another person's, or the person's own while name and
  birthdate do not both agree (a missing or placeholder birthdate is forgiven when name and an
  independent field agree).
- `several_accounts`: at least two accounts are certain; one in the SIS that agrees counts as certain.
- `confirmed`, `unknown_cccid`, `malformed_cccid`: the CCCID in the SIS is in the snapshot and agrees; is
  well-formed and not there; breaks the format.
- `recoverable`: exactly one certain account. `review`: possible accounts only, or somebody's account
  with exactly this name and birthdate.
- `blocked`: no last name, no birthdate, or one that the calendar or the dictionary forbids. `mintable`: the rest.

`pending_load` needs the memory of an earlier run and does not occur. Damage so heavy that nothing
could be found counts as "no account": the truth's `cccids` still names the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample import layouts
from reconcile.sample.damage import fold
from reconcile.sample.habits import COLLEGE_MAIL
from reconcile.sample.kinds import Mask, Records, Rows, column

if TYPE_CHECKING:
    from reconcile.sample.accounts import Accounts
    from reconcile.sample.roster import Roster
    from reconcile.sample.students import Students

LIGHT: Final = (
    "typo",
    "nickname",
    "half_surname",
    "hyphen",
    "names_swapped",
    "diacritics_garbled",
    "suffix_in_last",
    "first_is_middle",
)
_HEAVY: Final = ("surname_change", "missing_first_name", "missing_last_name")
_LIGHT_DATE: Final = ("day_month_swapped", "digit_error")
_HEAVY_DATE: Final = (
    "placeholder_birthdate",
    "missing_birthdate",
    "impossible_birthdate",
    "future_birthdate",
    "birthdate_before_1901",
)
_UNKNOWN_DATE: Final = ("placeholder_birthdate", "missing_birthdate")
_BLOCKING: Final = (
    "missing_last_name",
    "missing_birthdate",
    "impossible_birthdate",
    "future_birthdate",
    "birthdate_before_1901",
)
_PATTERN: Final = "^[A-HJ-NP-Z]{3}[0-9]{4}$"
_SAME: Final = ("ssn", "ssid", "email", "phone", "home")


def view(records: Records) -> pl.DataFrame:
    """Reduce records to what is compared, one row each."""
    former = column(records["former_last"])
    frame = pl.DataFrame(
        {
            "row": pl.Series(range(len(records)), dtype=pl.Int64),
            "person": records.person,
            "first": _folded(column(records["first"])),
            "last": _folded(column(records["last"])),
            "former": _folded(former),
            "birthdate": column(records["birthdate"]),
            "light": sum((records.has(kind).astype(np.int64) for kind in LIGHT), start=np.int64(0)),
            "heavy": records.has(*_HEAVY),
            "light_date": records.has(*_LIGHT_DATE),
            "heavy_date": records.has(*_HEAVY_DATE),
            "unknown_date": records.has(*_UNKNOWN_DATE),
            "ssn": column(records["ssn"]),
            "bad_ssn": records.has("ssn_dummy", "ssn_malformed"),
            "ssid": column(records["ssid"]),
            "email": column(records["email"]),
            "phone": column(records["phone"]),
            "home": column(records["street"]) + column(records["zip"]),
        }
    )
    college = pl.col("email").str.ends_with(COLLEGE_MAIL)
    return frame.with_columns(
        ssn=pl.when(~pl.col("bad_ssn")).then("ssn"), email=pl.when(~college).then("email")
    ).drop("bad_ssn")


def _folded(names: pl.Series) -> pl.Series:
    marked = names.str.contains("[^\\x00-\\x7F]").fill_null(value=False)
    bare = names.str.to_uppercase()
    if marked.any():
        rows = marked.arg_true()
        bare = bare.scatter(rows, [fold(text).upper() for text in names.gather(rows)])
    return bare


def compare(left: pl.DataFrame, right: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Compare every pair of one person's rows: `row` and `row_r`, and whether name, date and others agree.

    `linked` names pairs (row, row_r) that an application joins.
    """
    pairs = left.join(right, on="person", suffix="_r").join(
        linked.with_columns(applied=True), on=["row", "row_r"], how="left"
    )
    same_name = pl.col("first").eq_missing(pl.col("first_r")) & (pl.col("last") == pl.col("last_r"))
    remembered = (pl.col("former") == pl.col("last_r")) | (pl.col("former_r") == pl.col("last"))
    slight = (pl.col("light") + pl.col("light_r") <= 2) & ~pl.col("heavy") & ~pl.col("heavy_r")  # noqa: PLR2004
    known = ~pl.col("heavy_date") & ~pl.col("heavy_date_r")
    same_date = known & (pl.col("birthdate") == pl.col("birthdate_r"))
    near_date = known & ~(pl.col("light_date") & pl.col("light_date_r"))
    other = pl.any_horizontal(pl.col(name) == pl.col(f"{name}_r") for name in _SAME)
    return (
        pairs.with_columns(
            name=(same_name | slight | remembered).fill_null(value=False),
            date=(same_date | near_date).fill_null(value=False),
            other=(other | pl.col("applied")).fill_null(value=False),
            forgiven=pl.col("unknown_date") | pl.col("unknown_date_r"),
        )
        .with_columns(agreeing=pl.sum_horizontal("name", "date", "other"))
        .with_columns(
            certain=pl.col("agreeing") == 3,  # noqa: PLR2004
            possible=pl.col("agreeing") == 2,  # noqa: PLR2004
            agrees=pl.col("name") & (pl.col("date") | (pl.col("forgiven") & pl.col("other"))),
        )
        .select("row", "row_r", "certain", "possible", "agrees", "agreeing")
        .sort("row", "row_r")
    )


def statuses(
    roster: Roster, students: Students, accounts: Accounts, pairs: tuple[Rows, Rows], withdrawn: pl.Series
) -> pl.Series:
    """Give every student record its status, in the order of the records."""
    seen = view(students)
    snapshot = view(accounts).filter(pl.Series(roster.present))
    linked = pl.DataFrame(
        {"row": pl.Series(pairs[0], dtype=pl.Int64), "row_r": pl.Series(pairs[1], dtype=pl.Int64)}
    )
    compared = compare(seen, snapshot, linked)
    fraud = accounts.has("account_fraud") & ~column(accounts["cccid"]).is_in(withdrawn.to_list()).to_numpy()
    numbered = pl.DataFrame(
        {
            "row_r": pl.Series(range(len(accounts)), dtype=pl.Int64),
            "cccid": column(accounts["cccid"]),
            "fraud": fraud,
        }
    )
    compared = compared.join(numbered, on="row_r", maintain_order="left")
    held = _held(students).join(
        numbered.filter(pl.Series(roster.present)), on="cccid", how="left", maintain_order="left"
    )
    held = held.join(
        compared.select("row", "row_r", "agrees", own=pl.lit(value=True)),
        on=["row", "row_r"],
        how="left",
        maintain_order="left",
    )
    facts = (
        seen.select("row")
        .with_columns(
            in_scope=pl.Series(students.in_scope),
            barred=pl.Series((students["deceased"] != None) | (students["hold"] == layouts.UPLOAD_HOLD)),  # noqa: E711
            blocked=pl.Series(students.has(*_BLOCKING)),
            duplicate=pl.Series(_duplicates(students, seen)),
            namesake=pl.Series(_namesakes(seen, snapshot)),
        )
        .join(_of_sis(held, students), on="row", how="left", maintain_order="left")
        .join(_of_search(compared, held), on="row", how="left", maintain_order="left")
    )
    return facts.with_columns(
        pl.col(pl.Boolean).fill_null(value=False), pl.col("certain", "possible").fill_null(0)
    ).select(status=_CASCADE)["status"]


def _held(students: Students) -> pl.DataFrame:
    return (
        pl.DataFrame(
            {"row": pl.Series(range(len(students)), dtype=pl.Int64), "cccid": column(students["cccids"])}
        )
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


def _namesakes(seen: pl.DataFrame, snapshot: pl.DataFrame) -> Mask:
    keys = ["first", "last", "birthdate"]
    theirs = snapshot.select(keys).unique().with_columns(found=True)
    known = seen.join(theirs, on=keys, how="left", nulls_equal=True, maintain_order="left")
    usable = pl.col("last").is_not_null() & pl.col("birthdate").is_not_null() & ~pl.col("unknown_date")
    return np.asarray(known.select(pl.col("found").fill_null(value=False) & usable)["found"].to_numpy())


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
        ("review", (column_("possible") > 0) | column_("namesake")),
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


def _person() -> pl.Expr:
    return ("P" + pl.col("person").cast(pl.String).str.zfill(7)).alias("person")
