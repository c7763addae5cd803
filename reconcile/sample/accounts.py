"""The snapshot of accounts: who made one, when, and what they typed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from reconcile.sample import layouts, numbers, rates
from reconcile.sample.damage import copy_of, damage
from reconcile.sample.kinds import Records, Rows, column, some
from reconcile.sample.people import People, days_of

if TYPE_CHECKING:
    from reconcile.sample.roster import Roster

_OPENED: Final = date(2012, 6, 1)  # when OpenCCC began
_VERIFYING: Final = date(2024, 2, 2)  # when identities could first be verified
_AGE: Final = round(11 * 365.25)
_DAY: Final = 86_400
_BY_MAIL, _OVERRIDDEN = 0.88, 0.07  # shares


class Accounts(Records):
    """Account records with their numbers and the second in which each was made, in the order of numbers."""

    number: Rows
    made: Rows


def make(rng: np.random.Generator, people: People, roster: Roster, as_of: date) -> Accounts:
    """Write an account for every row of the roster; the order is that of the CCCIDs."""
    person, today = roster.account_person, days_of(as_of)
    low = np.minimum(np.maximum(people.birth[person] + _AGE, days_of(_OPENED)), today - 40)
    made = ((low + (today - 2 - low) * rng.random(len(person)) ** 0.6) * _DAY).astype(np.int64)
    records = copy_of(people, person)
    accounts = Accounts(person, records.columns)
    accounts.errors = records.errors
    accounts.made, accounts.number = made, np.zeros(len(person), dtype=np.int64)
    order = np.argsort(made, kind="stable")
    accounts.number[order] = numbers.cccids(rng, len(person))
    accounts.columns["cccid"] = numbers.cccid_texts(accounts.number)
    _second(people, accounts)
    damage(rng, people, accounts, as_of, sis=False)
    _report(rng, roster, accounts)
    return accounts


def _second(people: People, accounts: Accounts) -> None:
    """An e-mail address serves one account: a person's further accounts have an older address."""
    order = np.lexsort((accounts.number, accounts.person))
    person = accounts.person[order]
    again = order[1:][person[1:] == person[:-1]]
    accounts.change("old_email", "email", again, people["old_email"][accounts.person[again]])
    accounts.mark(np.isin(accounts.person, accounts.person[again]), "several_accounts")


def _report(rng: np.random.Generator, roster: Roster, accounts: Accounts) -> None:
    """Mark the accounts that a college reported as fraud."""
    here = accounts.person < len(roster.state)
    reported = some(rng, ~here & roster.present, rates.FRAUD_AMONG_OTHERS)
    accounts.mark(reported, "account_fraud")
    students = np.flatnonzero(here & roster.present)
    fraud = roster.of_state("fraud")[accounts.person[students]]
    accounts.mark(students[fraud], "account_fraud")
    absent = np.zeros(len(accounts), dtype=bool)
    absent[students] = roster.of_state("absent")[accounts.person[students]]
    accounts.mark(some(rng, absent, 0.02), "account_fraud")


def stamps(seconds: Rows) -> pl.Series:
    """Write seconds since 1970 as yyyy-mm-ddThh:mm:ssZ."""
    return (pl.Series(seconds) * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def table(rng: np.random.Generator, accounts: Accounts, rows: Rows, as_of: date) -> pl.DataFrame:
    """Lay the accounts out as they are delivered."""
    count, made = len(rows), accounts.made[rows]
    values = {name: column(texts[rows]) for name, texts in accounts.columns.items()}
    frame = pl.DataFrame(values).with_columns(
        made=stamps(made),
        verified=stamps(made + rng.integers(60, 86_400, count)),
        chance=pl.Series(rng.random(count)),
        other_chance=pl.Series(rng.random(count)),
        homeless=pl.Series(rng.random(count) < 0.012),  # noqa: PLR2004
        optin=_optins(rng, accounts, rows, as_of),
    )
    optin = pl.col("optin")
    again = pl.lit(days_of(as_of) * _DAY) - optin > 365 * _DAY
    changed = pl.col("other_chance") < 0.06  # noqa: PLR2004
    frame = frame.with_columns(
        status=pl.when(optin.is_null())
        .then(None)
        .when(again)
        .then(pl.lit("expired"))
        .when(changed)
        .then(pl.lit("unverified"))
        .when(pl.col("chance") < 0.05)  # noqa: PLR2004
        .then(pl.lit("staff_verified"))
        .otherwise(pl.lit("verified")),
        opted=(optin * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        confirmed=((optin + 540) * 1000).cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return _delivered(frame)


def _optins(rng: np.random.Generator, accounts: Accounts, rows: Rows, as_of: date) -> pl.Series:
    start, end = days_of(_VERIFYING) * _DAY, days_of(as_of) * _DAY
    count = len(rows)
    when = np.maximum(accounts.made[rows], start) + 3_600
    when = when + ((end - when) * rng.random(count)).astype(np.int64)
    return pl.Series(when).set(pl.Series((rng.random(count) >= 0.3) | (when >= end)), None)  # noqa: PLR2004


def _delivered(frame: pl.DataFrame) -> pl.DataFrame:
    none = pl.lit(None, dtype=pl.String)
    made = dict.fromkeys(layouts.OPENCCC, none) | _identity() | _contacts()
    return frame.select(made[name].cast(pl.String).alias(name) for name in layouts.OPENCCC)


def _flag(when: pl.Expr) -> pl.Expr:
    return pl.when(when).then(pl.lit("true")).otherwise(pl.lit("false"))


def _identity() -> dict[str, pl.Expr]:
    """Lay out who the person is, and how OpenCCC knows."""
    ssn = pl.col("ssn")
    taxpayer = ssn.str.starts_with("9") & (ssn != "999999999")
    return {
        "ccc_id": pl.col("cccid"),
        "accepted_terms": pl.lit("true"),
        "accepted_terms_timestamp": pl.col("made"),
        "birthdate": pl.col("birthdate"),
        "ssn": ssn.str.head(3) + "-" + ssn.str.slice(3, 2) + "-" + ssn.str.slice(5),
        "ssn_type": pl.when(ssn.is_not_null()).then(
            pl.when(taxpayer).then(pl.lit("1")).otherwise(pl.lit("0"))
        ),
        "ssn_no": _flag(ssn.is_null()),
        "ssn_exception": pl.lit("false"),
        "idme_confirmation_timestamp": pl.col("confirmed"),
        "idme_optin_timestamp": pl.col("opted"),
        "idme_workflow_status": pl.col("status"),
        "firstname": pl.col("first"),
        "lastname": pl.col("last"),
        "middlename": pl.col("middle"),
        "otherfirstname": pl.col("former_first"),
        "otherlastname": pl.col("former_last"),
        "preferred_firstname": pl.col("preferred"),
        "suffix": pl.col("suffix"),
        "ssid": pl.col("ssid"),
    }


def _contacts() -> dict[str, pl.Expr]:
    """Lay out where the person is reached; one of mail and telephone is verified."""
    housed = ~pl.col("homeless") & pl.col("street").is_not_null()
    phone, chance = pl.col("phone"), pl.col("chance")
    by_phone = (chance >= _BY_MAIL) & phone.is_not_null()
    override = (chance < _OVERRIDDEN) & housed
    return {
        "address_validation_override": pl.when(override).then(pl.lit("true")),
        "address_validation_override_timestamp": pl.when(override).then(pl.col("made")),
        "email": pl.col("email"),
        "email_verified": _flag(~by_phone),
        "email_verified_timestamp": pl.when(~by_phone).then(pl.col("verified")),
        "no_perm_address_homeless": _flag(~housed),
        "perm_country": pl.when(housed).then(pl.lit("US")),
        "perm_streetaddress1": pl.when(housed).then(pl.col("street").str.replace(" (Apt|Unit|#) .*$", "")),
        "perm_streetaddress2": pl.when(housed).then(pl.col("street").str.extract(" ((?:Apt|Unit|#) .*)$")),
        "perm_city": pl.when(housed).then(pl.col("city")),
        "perm_state": pl.when(housed).then(pl.lit("CA")),
        "perm_postalcode": pl.when(housed).then(pl.col("zip")),
        "mainphone": phone.str.head(3) + "-" + phone.str.slice(3, 3) + "-" + phone.str.slice(6),
        "phone_type": pl.when(phone.is_not_null()).then(pl.lit("mobile")),
        "mainphone_verified": _flag(by_phone),
        "mainphone_verified_timestamp": pl.when(by_phone).then(pl.col("verified")),
        "preferred_method_of_contact": pl.when(by_phone).then(pl.lit("text")).otherwise(pl.lit("email")),
    }
