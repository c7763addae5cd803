"""What the rules say of whole situations: a request on behalf, an account taken over, two snapshots."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from reconcile import resources
from reconcile.validate import Policy, Validation, validate
from reconcile.validate.build import suite as suite_of
from reconcile.validate.changes import CHANGING
from reconcile.validate.dictionary import SUITES, read_dictionary

AS_OF = date(2026, 11, 21)
ELEMENTS = read_dictionary(resources.expectations())
RULES = {rule.id: rule for element in ELEMENTS for rule in element.rules}
CONSENT = (
    "accepted_terms", "accepted_terms_timestamp", "email_verified", "email_verified_timestamp",
    "phone_verified", "phone_verified_timestamp", "idv_optin_timestamp", "idv_confirmation_timestamp",
    "idv_workflow_status",
)  # fmt: skip

REQUEST = {
    "request_key": "076/S1", "college": "076", "sis_id": "S1", "first_name": "Ana", "middle_name": None,
    "last_name": "Li", "suffix": None, "birthdate": "2001-02-03", "email": "ana@example.org", "phone": None,
    "street": "1 Main St", "city": "Fresno", "state": "CA", "zip": "93701", "ssn_hmac": None,
    "ssn_class": None, "ssn_last4": None, "ssn_type": None, "attested_by": "Registrar",
    "attested_authority": "Board policy 5010", "attested_on": "2026-11-20",
}  # fmt: skip
ACCOUNT = {
    "cccid": "ABD1234", "first_name": "Ana", "middle_name": None, "last_name": "Li",
    "birthdate": "2001-02-03", "email": "college+1@example.edu", "phone": None, "ssn_hmac": None,
    "email_verified": "false", "email_verified_timestamp": None, "phone_verified": "false",
    "phone_verified_timestamp": None, "accepted_terms_timestamp": None, "idv_optin_timestamp": None,
    "idv_confirmation_timestamp": None,
}  # fmt: skip


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict.fromkeys(rows[0], pl.String))


def requested(*changes: dict[str, Any], policy: Policy | None = None) -> Validation:
    rows = [{**REQUEST, "request_key": f"076/S{n}", "sis_id": f"S{n}"} | one for n, one in enumerate(changes)]
    return validate(table(*rows), suite="mint_request", as_of=AS_OF, policy=policy)


def compared(change: dict[str, Any], *, systemwide: bool = True, **before: Any) -> Validation:
    return validate(
        table({**ACCOUNT, **before} | change),
        suite="snapshot_change",
        before=table({**ACCOUNT, **before}),
        policy=Policy(systemwide=systemwide),
        as_of=AS_OF,
    )


def told(result: Validation) -> list[tuple[str, str]]:
    return sorted(result.failures.select("rule_id", "severity").iter_rows())


def test_every_rule_runs_somewhere():
    assert all(rule.suites for rule in RULES.values())
    for name in SUITES:
        rules = [one["meta"]["rule_id"] for one in suite_of(name, resources.expectations())["expectations"]]
        assert sorted(rules) == sorted(rule.id for rule in RULES.values() if name in rule.suites)


def test_a_request_needs_no_column_about_consent():
    assert requested({}).verdict == "open"


@pytest.mark.parametrize("column", CONSENT)
def test_a_request_invents_neither_consent_nor_verification(column: str):
    rows = table({**REQUEST, column: "false"})
    result = validate(rows, suite="mint_request", as_of=AS_OF)
    assert (result.verdict, told(result)) == ("closed", [(f"{column}_pending", "critical")])


@pytest.mark.parametrize(
    ("suite", "column", "severity"),
    [
        ("students", "idv_account_id", "warning"),
        ("students", "password", "warning"),
        ("accounts", "idv_account_id", "warning"),
        ("accounts", "password", "critical"),
        ("mint_request", "idv_account_id", "critical"),
        ("mint_request", "password", "critical"),
    ],
)
def test_what_is_never_delivered_may_be_absent_but_not_present(suite: str, column: str, severity: str):
    meta = suite_of(suite, resources.expectations())["meta"]
    assert column in meta["optional"]
    assert column not in meta["columns"]
    assert RULES[f"{column}_undelivered"].suites[suite] == severity


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ([{"email": None}], "email_requested"),
        ([{"email": "family@example.org"}, {"email": "family@example.org"}], "email_requested_once"),
    ],
)
def test_only_a_mailbox_stands_in_for_a_students_own_address(changes: list[dict[str, Any]], rule: str):
    strict = requested(*changes)
    assert (strict.verdict, set(told(strict))) == ("closed", {(rule, "critical")})
    eased = requested(*changes, policy=Policy(mailbox=True))
    assert (eased.verdict, set(told(eased))) == ("open", {(rule, "warning")})


def test_a_mailbox_eases_nothing_else():
    assert {rule.id for rule in RULES.values() if rule.eased} == {
        "email_requested",
        "email_requested_once",
        "email_not_in_use",
    }
    assert all(set(rule.suites) == {"mint_request"} for rule in RULES.values() if rule.eased)


def test_two_snapshots_have_every_column_that_rules_about_changes_read():
    meta = suite_of("snapshot_change", resources.expectations())["meta"]
    known = {"cccid", "seen", "scope", *CHANGING, *(f"{name}_before" for name in CHANGING)}
    assert set(meta["columns"]) <= known
    assert not meta["optional"]


def test_an_account_that_its_student_takes_over_has_not_changed_its_owner():
    taken = {
        "email": "ana@example.org",
        "email_verified": "true",
        "email_verified_timestamp": "2026-11-20 10:00:00-08:00",
        "accepted_terms_timestamp": "2026-11-20 10:00:00-08:00",
        "birthdate": "2001-03-02",
    }
    assert told(compared(taken)) == []


@pytest.mark.parametrize(
    ("systemwide", "expected"),
    [
        (True, ("account_owner_changed", "critical")),
        (False, ("account_owner_changed_in_part", "warning")),
    ],
)
def test_another_name_and_birthdate_are_another_owner_unless_something_stays(systemwide: bool, expected: Any):
    other = {"last_name": "Okafor", "birthdate": "1987-06-05"}
    changed = ("name_and_birthdate_changed", "warning")
    without = compared({**other, "email": "okafor@example.org"}, systemwide=systemwide)
    assert told(without) == sorted([expected, changed])
    assert without.verdict == ("closed" if systemwide else "open")
    assert told(compared(other, systemwide=systemwide)) == [changed]
    number = {"ssn_hmac": f"00c0ffee:{1:032x}"}
    assert told(compared({**other, "email": None}, systemwide=systemwide, **number)) == [changed]
    phone = {**other, "email": None, "phone": "559.555.0100"}
    assert told(compared(phone, systemwide=systemwide, phone="+1 (559) 555-0100")) == [changed]


def test_how_a_name_is_written_is_no_change():
    named = {"first_name": "Ana  María", "last_name": "De La Cruz", "birthdate": "2001-03-02", "email": None}
    before = {"first_name": "ANA MARÍA", "last_name": "de la cruz", "middle_name": ""}
    assert told(compared(named, **before)) == []


@pytest.mark.parametrize(
    ("systemwide", "verdict", "expected"),
    [
        (True, "closed", [("account_vanished", "critical")]),
        (False, "open", [("account_outside_snapshot", "info")]),
    ],
)
def test_an_account_vanishes_only_from_a_snapshot_of_all(systemwide: bool, verdict: str, expected: Any):
    gone = validate(
        table({**ACCOUNT, "cccid": "ABD1235"}),
        suite="snapshot_change",
        before=table(ACCOUNT, {**ACCOUNT, "cccid": "ABD1235"}),
        policy=Policy(systemwide=systemwide),
        as_of=AS_OF,
    )
    assert (gone.verdict, told(gone), gone.failures["key"].to_list()) == (verdict, expected, ["ABD1234"])


def test_numbers_hashed_with_another_key_are_an_error_and_no_change():
    result = compared({"ssn_hmac": f"0badcafe:{1:032x}"}, ssn_hmac=f"00c0ffee:{1:032x}")
    assert (result.verdict, told(result)) == ("closed", [("ssn_key_changed", "critical")])


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-11-20 09:00:00-08:00", ["email_reverified", "email_verified_timestamp_back"]),
        ("2026-11-20T18:00:00Z", ["email_reverified"]),
        ("2026-11-20 18:00:01+00:00", []),
        ("lately", ["email_reverified"]),
        (None, ["email_reverified"]),
    ],
)
def test_a_new_address_is_verified_anew(stamp: str | None, expected: list[str]):
    before = {"email_verified": "true", "email_verified_timestamp": "2026-11-20 10:00:00-08:00"}
    changed = compared({"email": "ana@example.org", "email_verified_timestamp": stamp}, **before)
    assert [rule for rule, _ in told(changed)] == expected
    same = compared({"email": "College+1@EXAMPLE.edu ", "email_verified_timestamp": stamp}, **before)
    assert "email_reverified" not in [rule for rule, _ in told(same)]
