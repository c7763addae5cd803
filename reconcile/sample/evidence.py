"""Applications that reached the college, and accounts that colleges reported as fraud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample import layouts, rates
from reconcile.sample.accounts import stamps
from reconcile.sample.habits import texts
from reconcile.sample.kinds import column
from reconcile.sample.people import days_of, iso
from reconcile.sample.students import HOME, NEIGHBOUR

if TYPE_CHECKING:
    from datetime import date

    from reconcile.sample.accounts import Accounts
    from reconcile.sample.kinds import Mask, Rows
    from reconcile.sample.roster import Roster
    from reconcile.sample.students import Students

_FIRST_APP: Final = 20_000_000
_DAY: Final = 86_400
_REASONS: Final = texts(["Application", "Enrollment", "Financial aid"])


def applied(
    rng: np.random.Generator, roster: Roster, accounts: Accounts, students: Students
) -> tuple[Rows, Rows]:
    """Choose who applied with which account: rows of students and rows of accounts, pairwise."""
    first_record = np.full(len(roster.state), -1, dtype=np.int64)
    rows = np.flatnonzero(~roster.second_record)
    first_record[students.person[rows]] = rows
    here = np.flatnonzero(roster.present & (accounts.person < len(roster.state)))
    person = accounts.person[here]
    share = np.where(
        roster.of_state("absent")[person], rates.APPLICATION["absent"], rates.APPLICATION["right"]
    )
    share[roster.of_scope("applicant")[person]] = 1.0
    chosen = here[rng.random(len(here)) < share]
    return first_record[accounts.person[chosen]], chosen


def applications(
    rng: np.random.Generator, accounts: Accounts, sis_ids: pl.Series, pairs: tuple[Rows, Rows], as_of: date
) -> pl.DataFrame:
    """Lay the applications out as their local copy has them, the earliest first."""
    student, account = pairs
    count, made = len(account), accounts.made[account]
    sent = made + 3_600 + ((days_of(as_of) * _DAY - made - 3_600) * rng.random(count)).astype(np.int64)
    values = {
        "ccc_id": column(accounts["cccid"][account]),
        "sis_person_id": sis_ids.gather(pl.Series(student, dtype=pl.Int64)),
        "tstmp_submit": stamps(sent),
        "firstname": column(accounts["first"][account]),
        "middlename": column(accounts["middle"][account]),
        "lastname": column(accounts["last"][account]),
        "birthdate": column(accounts["birthdate"][account]),
        "email": column(accounts["email"][account]),
    }
    year = pl.col("tstmp_submit").str.head(4)
    fall = pl.col("tstmp_submit").str.slice(5, 2).is_between(pl.lit("03"), pl.lit("08"))
    return (
        pl.DataFrame(values)
        .sort("tstmp_submit", "ccc_id")
        .with_columns(
            app_id=(pl.int_range(pl.len()) * 17 + _FIRST_APP).cast(pl.String),
            college_id=pl.lit(HOME),
            term_id=year + pl.when(fall).then(pl.lit("10")).otherwise(pl.lit("20")),
            status=pl.lit("S"),
        )
        .select(layouts.SUPERGLUE)
    )


def fraud(rng: np.random.Generator, roster: Roster, accounts: Accounts, as_of: date) -> pl.DataFrame:
    """Report the marked accounts; some reports of strangers were withdrawn later and count no more."""
    reported = np.flatnonzero(accounts.has("account_fraud"))
    count = len(reported)
    day = days_of(as_of) - rng.integers(5, 500, count)
    withdrawn = (accounts.person[reported] >= len(roster.state)) & (rng.random(count) < rates.RESCINDED)
    rescinded = iso(day + 4)
    rescinded[~withdrawn] = None
    values = {
        "cccId": column(accounts["cccid"][reported]),
        "appId": pl.Series(10_000_000 + rng.permutation(count) * 13).cast(pl.String),
        "fraudType": column(_REASONS[rng.integers(0, len(_REASONS), count)]),
        "reportedByMisCode": column(np.where(rng.random(count) < 0.5, HOME, NEIGHBOUR).astype(object)),  # noqa: PLR2004
        "reportedDate": column(iso(day)),
        "rescindDate": column(rescinded),
    }
    return pl.DataFrame(values).select(layouts.FRAUD)


def standing(accounts: Accounts, reports: pl.DataFrame) -> Mask:
    """Say which accounts are reported and the report was not withdrawn."""
    withdrawn = reports.filter(pl.col("rescindDate").is_not_null())["cccId"]
    taken_back = column(accounts["cccid"]).is_in(withdrawn.to_list()).to_numpy()
    return np.asarray(accounts.has("account_fraud") & ~taken_back)
