"""What the rules say of whole situations: a request on behalf, an account taken over, two snapshots."""

from __future__ import annotations

from datetime import date
from typing import Any

import elements
import polars as pl
import pytest

from reconcile import resources
from reconcile.validate import Policy, Validation, validate
from reconcile.validate.build import suite as suite_of
from reconcile.validate.changes import CHANGING
from reconcile.validate.dictionary import SUITES

AS_OF = date(2026, 11, 21)
RULES = {rule.id: rule for rule in elements.RULES}
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
        ([{"email": "family@example.org"}, {"email": " Family@Example.ORG"}], "email_requested_once"),
        ([{"email_in_use": "true"}], "email_not_in_use"),
    ],
)
def test_an_address_that_is_shared_or_held_closes_the_gate_with_a_mailbox_too(
    changes: list[dict[str, Any]], rule: str
):
    named = [
        {"first_name": one, "email": f"{one}@example.org", "email_in_use": None} for one in ("Ana", "Eva")
    ]
    rows = [
        {**REQUEST, **other, "request_key": other["first_name"], "sis_id": other["first_name"]}
        for other in named
    ]
    rows = [{**row, **change} for row, change in zip(rows, changes, strict=False)]
    for mailbox in (False, True):
        result = validate(table(*rows), suite="mint_request", as_of=AS_OF, policy=Policy(mailbox=mailbox))
        found = {one for one in told(result) if one[0] != "email_deliverable"}
        assert (result.verdict, found) == ("closed", {(rule, "critical")})


def test_a_mailbox_stands_in_for_an_address_that_is_missing():
    strict = requested({"email": None})
    assert (strict.verdict, told(strict)) == ("closed", [("email_requested", "critical")])
    eased = requested({"email": None}, policy=Policy(mailbox=True))
    assert (eased.verdict, told(eased)) == ("open", [("email_requested", "warning")])


def test_a_mailbox_eases_nothing_else():
    assert {rule.id for rule in RULES.values() if rule.eased} == {"email_requested"}
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
    [(True, ("account_owner_changed", "critical")), (False, ("account_owner_changed_in_part", "warning"))],
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
    # A date of birth that is gone is no proof of the same person.
    gone = compared({**other, "birthdate": None, "email": None}, systemwide=systemwide)
    assert told(gone) == sorted([expected, changed])


@pytest.mark.parametrize(
    ("systemwide", "expected"),
    [(True, ("account_owner_changed", "critical")), (False, ("account_owner_changed_in_part", "warning"))],
)
def test_another_name_and_number_are_another_owner_whatever_a_family_shares(systemwide: bool, expected: Any):
    number, other = f"00c0ffee:{1:032x}", f"00c0ffee:{2:032x}"
    both = {"first_name": "Luz", "ssn_hmac": other}
    assert told(compared(both, systemwide=systemwide, ssn_hmac=number)) == [expected]
    assert told(compared({"ssn_hmac": other}, systemwide=systemwide, ssn_hmac=number)) == []
    assert told(compared({"first_name": "Luz"}, systemwide=systemwide, ssn_hmac=number)) == []
    assert told(compared({**both, "ssn_hmac": None}, systemwide=systemwide, ssn_hmac=number)) == []
    rekeyed = {**both, "ssn_hmac": f"0badcafe:{2:032x}"}
    found = told(compared(rekeyed, systemwide=systemwide, ssn_hmac=number))
    assert found == [("ssn_key_changed", "critical")]


def test_consent_that_is_gone_is_told():
    before = {"accepted_terms_timestamp": "2026-11-20 10:00:00-08:00"}
    for now in (None, " "):
        result = compared({"accepted_terms_timestamp": now}, **before)
        assert ("accepted_terms_lost", "warning") in told(result)
        assert ("accepted_terms_timestamp_back", "warning") not in told(result)
    assert told(compared({}, **before)) == []


@pytest.mark.parametrize("column", [name for name in CHANGING if name.endswith("_timestamp")])
def test_a_time_that_is_gone_or_no_time_any_more_is_told(column: str):
    before = {column: "2026-11-20 10:00:00-08:00"}
    rule, shape = (f"{column}_back", "warning"), (f"{column}_timestamp", "warning")
    assert told(compared({column: "11/20/2026 10:00"}, **before)) == [rule, shape]
    if column != "accepted_terms_timestamp":
        assert told(compared({column: None}, **before)) == [rule]
    assert told(compared(before, **{column: None})) == []
    assert told(compared(before, **{column: "lately"})) == []


def test_requests_of_one_person_are_told_and_two_children_of_a_day_are_not():
    luz = {"first_name": "Luz", "birthdate": "2001-02-03"}
    addresses = [{"email": f"{n}@example.org"} for n in "ab"]
    once = [("request_of_person_single", "warning")] * 2
    same = requested(addresses[0], {**addresses[1], "first_name": " ANA ", "middle_name": "Inés"})
    assert (same.verdict, told(same)) == ("open", once)
    assert told(requested(addresses[0], {**addresses[1], **luz})) == []
    assert told(requested(addresses[0], {**addresses[1], "birthdate": "2001-02-04"})) == []
    named = [{**one, "middle_name": name} for one, name in zip(addresses, ("Inés", "Luz"), strict=True)]
    assert told(requested(*named)) == []
    alone = [{**one, "first_name": None} for one in addresses]
    assert set(once) <= set(told(requested(*alone)))


def test_a_student_is_the_same_however_the_number_is_written():
    rows = [
        {**REQUEST, "request_key": key, "sis_id": number, "first_name": key, "email": f"{key}@example.org"}
        for key, number in (("Ana", "a1"), ("Eva", "A1 "), ("Isa", "a2"))
    ]
    result = validate(table(*rows), suite="mint_request", as_of=AS_OF)
    assert told(result) == [("request_of_student_single", "critical")] * 2


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
        (
            "lately",
            ["email_reverified", "email_verified_timestamp_back", "email_verified_timestamp_timestamp"],
        ),
        (None, ["email_reverified", "email_verified_timestamp_back"]),
    ],
)
def test_a_new_address_is_verified_anew(stamp: str | None, expected: list[str]):
    before = {"email_verified": "true", "email_verified_timestamp": "2026-11-20 10:00:00-08:00"}
    changed = compared({"email": "ana@example.org", "email_verified_timestamp": stamp}, **before)
    assert [rule for rule, _ in told(changed)] == expected
    same = compared({"email": "College+1@EXAMPLE.edu ", "email_verified_timestamp": stamp}, **before)
    assert "email_reverified" not in [rule for rule, _ in told(same)]


@pytest.mark.parametrize(("column", "value"), [("email", "ana@example.org"), ("phone", "559-555-0199")])
def test_a_new_address_that_nobody_verified_yet_has_no_time(column: str, value: str):
    before = {f"{column}_verified": "true", f"{column}_verified_timestamp": "2026-11-20 10:00:00-08:00"}
    now = {f"{column}_verified": "false", f"{column}_verified_timestamp": None}
    assert told(compared({column: value} | now, **before)) == []
    assert [rule for rule, _ in told(compared(now, **before))] == [f"{column}_verified_timestamp_back"]
