"""Each status by the smallest case that gives it; then precedence, conservation and evidence."""

from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest

from reconcile.columns import Status
from reconcile.join import join
from reconcile.plan import Population
from reconcile.resolve import resolve

ACCOUNTS = pl.DataFrame({"cccid": ["ABD1234", "ABE0001", "ABF0002"]})
SAME = {"first_name": "exact", "last_name": "exact", "birthdate": "exact", "email": "exact"}
BARE = {"first_name": "exact", "last_name": "exact", "birthdate": "exact"}
MARRIED = {"first_name": "exact", "last_name": "different", "birthdate": "exact"}
STRANGER = {"first_name": "different", "last_name": "different", "birthdate": "different"}


def pair(sis_id, cccid, levels, *, band="link", guard=None, weight=20.0):
    fields = ("first_name", "last_name", "birthdate", "email", "ssn")
    return {
        "id_l": sis_id, "id_r": cccid, "band": band, "guard": guard, "match_weight": weight,
        "match_probability": 0.999, **{f"level_{f}": levels.get(f, "missing") for f in fields},
    }  # fmt: skip


SCHEMA = dict.fromkeys(pair("", "", {}), pl.String) | {
    "match_weight": pl.Float64,
    "match_probability": pl.Float64,
}


def frame(rows):
    return pl.DataFrame(rows, schema=SCHEMA)


def students(**columns):
    rows = {"sis_id": ["1"], "cccids": [None], **columns}
    return pl.DataFrame(rows, schema_overrides={"cccids": pl.List(pl.String), "sis_id": pl.String})


def decide(
    people, *, pairs=(), also=(), duplicates=(), applications=None, fraud=None, former=None, **options
):
    scored = frame(list(pairs))
    assigned = scored.filter(pl.col("band") == "link").unique("id_r", keep="first", maintain_order=True)
    links = SimpleNamespace(pairs=scored, also=frame(list(also)), links=assigned)
    joined = join(people, ACCOUNTS, applications=applications, fraud=fraud, former=former)
    return resolve(
        people, ACCOUNTS, joined=joined, links=links, fraud=fraud,
        duplicates=frame(list(duplicates)) if duplicates else None, **options,
    ).frame  # fmt: skip


def status(*args, **kwargs):
    return decide(*args, **kwargs)["status"].to_list()


HELD = students(cccids=[["ABD1234"]])


def test_nobody_found_is_mintable() -> None:
    assert status(students()) == ["mintable"]


def test_a_record_that_breaks_a_rule_is_blocked() -> None:
    row = decide(students(), failures=pl.DataFrame({"key": ["1"], "rule_id": ["birthdate.required"]}))
    assert row["status"].to_list() == ["blocked"]
    assert "birthdate.required" in row["evidence"][0]


def test_an_account_with_independent_evidence_is_recoverable() -> None:
    row = decide(students(), pairs=[pair("1", "ABE0001", SAME)])
    assert row.select("status", "proposed_cccid").row(0) == ("recoverable", "ABE0001")


def test_name_and_birthdate_alone_go_to_review_unless_the_plan_relaxes_it() -> None:
    assert status(students(), pairs=[pair("1", "ABE0001", BARE)]) == ["review"]
    assert status(students(), pairs=[pair("1", "ABE0001", BARE)], needs_independent_field=False) == [
        "recoverable"
    ]


def test_an_application_is_the_independent_field() -> None:
    applications = pl.DataFrame({"sis_id": ["1"], "cccid": ["ABE0001"], "submitted": ["2026-01-01"]})
    assert status(
        students(), also=[pair("1", "ABE0001", BARE, band="review")], applications=applications
    ) == ["recoverable"]


def test_an_application_that_contradicts_the_record_is_only_possible() -> None:
    applications = pl.DataFrame({"sis_id": ["1"], "cccid": ["ABE0001"]})
    row = decide(students(), also=[pair("1", "ABE0001", STRANGER, band="none")], applications=applications)
    assert row["status"].to_list() == ["review"]
    assert "application_disagrees" in row["flags"][0]


def test_a_possible_account_goes_to_review() -> None:
    assert status(students(), pairs=[pair("1", "ABE0001", MARRIED, band="review")]) == ["review"]


def test_the_number_in_the_sis_is_confirmed_by_the_identity() -> None:
    assert status(HELD, also=[pair("1", "ABD1234", BARE)]) == ["confirmed"]


@pytest.mark.parametrize(("levels", "expected"), [(MARRIED, "doubtful"), (STRANGER, "other_person")])
def test_the_number_of_another_identity_is_a_conflict(levels, expected) -> None:
    row = decide(HELD, also=[pair("1", "ABD1234", levels, band="none")])
    assert row.select("status", "sis_cccid").row(0) == ("conflict", expected)


@pytest.mark.parametrize(("other", "expected"), [("ssn", "agrees"), ("email", "doubtful")])
def test_a_married_name_agrees_by_a_number_and_not_by_a_contact(other, expected) -> None:
    row = decide(HELD, also=[pair("1", "ABD1234", MARRIED | {other: "exact"}, band="review")])
    assert row["sis_cccid"].to_list() == [expected]
    assert ("identity_changed" in row["flags"][0]) == (expected == "agrees")


@pytest.mark.parametrize(
    ("missing", "other", "expected"),
    [
        ("birthdate", "email", "agrees"),
        ("birthdate", None, "doubtful"),
        ("first_name", "email", "doubtful"),  # a twin has surname, birthdate and the family's e-mail
        ("first_name", "ssn", "agrees"),
        ("last_name", "ssn", "agrees"),
        ("last_name", "email", "doubtful"),
    ],
)
def test_what_a_record_lacks_something_else_must_say(missing, other, expected) -> None:
    levels = BARE | {missing: "missing"} | ({other: "exact"} if other else {})
    assert decide(HELD, also=[pair("1", "ABD1234", levels)])["sis_cccid"].to_list() == [expected]


def test_a_guard_makes_a_held_number_doubtful() -> None:
    row = decide(HELD, also=[pair("1", "ABD1234", SAME, band="review", guard="twin")])
    assert row["sis_cccid"].to_list() == ["doubtful"]


def test_several_accounts_propose_the_latest_application() -> None:
    applications = pl.DataFrame(
        {"sis_id": ["1", "1"], "cccid": ["ABE0001", "ABF0002"], "submitted": ["2026-02-01", "2025-01-01"]}
    )
    row = decide(
        students(), pairs=[pair("1", "ABE0001", SAME), pair("1", "ABF0002", SAME)], applications=applications
    )
    assert row.select("status", "proposed_cccid").row(0) == ("several_accounts", "ABE0001")


def test_a_second_account_outweighs_a_confirmed_number() -> None:
    also = [pair("1", "ABD1234", SAME)]
    assert status(HELD, pairs=[*also, pair("1", "ABE0001", SAME)], also=also) == ["several_accounts"]


def test_the_same_number_on_two_students_is_shared() -> None:
    people = students(sis_id=["1", "2"], cccids=[["ABD1234"], ["ABD1234"]])
    assert status(people, also=[pair("1", "ABD1234", SAME)]) == ["shared_cccid"] * 2


def test_two_records_of_one_person_come_before_their_numbers() -> None:
    people = students(sis_id=["1", "2"], cccids=[["ABD1234"], None])
    assert status(people, duplicates=[pair("1", "2", SAME, band="review")]) == ["duplicate_student"] * 2


def test_numbers_that_are_nowhere_or_were_once() -> None:
    people = students(sis_id=["1", "2", "3"], cccids=[["ABX9999"], ["ABX0007"], ["ab1"]])
    row = decide(people, former=pl.DataFrame({"cccid": ["ABX0007"]}))
    assert row["sis_cccid"].to_list() == ["not_in_snapshot", "retired", "malformed"]
    assert row["status"].to_list() == ["unknown_cccid", "unknown_cccid", "malformed_cccid"]


def test_near_numbers_are_suggested_and_not_applied() -> None:
    row = decide(students(cccids=[["ABD1235"]]))
    assert "ABD1234" in row["evidence"][0]
    assert row["proposed_cccid"].to_list() == [None]


def test_lower_case_is_malformed_though_the_number_exists() -> None:
    assert status(students(cccids=[["abd1234"]]), also=[pair("1", "ABD1234", SAME)]) == ["malformed_cccid"]


def test_an_issued_number_waits_for_the_sis_and_then_is_confirmed() -> None:
    issued = pl.DataFrame({"sis_id": ["1"], "cccid": ["ZZA0001"], "issued_on": ["2026-01-01T00:00:00Z"]})
    waiting = decide(students(), issued=issued, as_of=date(2026, 6, 1))
    assert waiting["status"].to_list() == ["pending_load"]
    assert "load_overdue" in waiting["flags"][0]
    assert status(students(cccids=[["ZZA0001"]]), issued=issued) == ["confirmed"]


@pytest.mark.parametrize("column", [{"deceased": ["true"]}, {"hold": ["NU"]}])
def test_the_dead_and_the_held_are_left_alone(column) -> None:
    assert status(students(**column), pairs=[pair("1", "ABE0001", SAME)]) == ["held"]


@pytest.mark.parametrize(("hold", "expected"), [("AR NU", "held"), ("AR", "mintable"), (None, "mintable")])
def test_only_the_holds_that_the_plan_names_forbid_an_upload(hold, expected) -> None:
    people = students(hold=[hold]).cast({"hold": pl.String})
    assert status(people, upload_holds=("NU",)) == [expected]


def test_an_account_reported_as_fraud_is_never_recovered() -> None:
    fraud = pl.DataFrame({"cccid": ["ABE0001"]})
    assert status(students(), pairs=[pair("1", "ABE0001", SAME)], fraud=fraud) == ["held"]
    assert status(students(cccids=[["ABE0001"]]), also=[pair("1", "ABE0001", SAME)], fraud=fraud) == ["held"]
    possible = decide(students(), pairs=[pair("1", "ABE0001", MARRIED, band="review")], fraud=fraud)
    assert "possible_account_reported_as_fraud" in possible["flags"][0]


def test_an_account_that_another_student_holds_is_not_recovered() -> None:
    people = students(sis_id=["1", "2"], cccids=[["ABD1234"], None])
    row = decide(people, also=[pair("1", "ABD1234", SAME)], pairs=[pair("2", "ABD1234", SAME)])
    assert row["status"].to_list() == ["confirmed", "review"]
    assert "account_of_another_student" in row["flags"][1]


def test_an_account_assigned_to_a_better_student_is_only_possible() -> None:
    people = students(sis_id=["1", "2"], cccids=[None, None])
    row = decide(people, pairs=[pair("1", "ABD1234", SAME), pair("2", "ABD1234", SAME, weight=9.0)])
    assert row["status"].to_list() == ["recoverable", "review"]


def test_a_reviewers_word_outranks_the_score() -> None:
    pairs = [pair("1", "ABE0001", MARRIED, band="review")]
    for word, expected in (("match", "recoverable"), ("different", "mintable")):
        decisions = pl.DataFrame({"sis_id": ["1"], "cccid": ["ABE0001"], "decision": [word]})
        assert status(students(), pairs=pairs, decisions=decisions) == [expected]


POPULATION = Population(
    colleges=("ZZ1",), terms=("2026FA",), enrolled_only=True, credit=("credit",), person_types=("student",)
)
INSIDE = {
    "college": "ZZ1",
    "terms": ["2026FA"],
    "enrolled": "true",
    "credit": "credit",
    "person_type": "student",
}


@pytest.mark.parametrize(
    ("column", "value"),
    [("college", "ZZ2"), ("terms", ["2020SP"]), ("enrolled", "false"), ("credit", "noncredit"),
     ("person_type", "employee")],
)  # fmt: skip
def test_the_population_leaves_out_with_a_reason(column, value) -> None:
    inside = students(**{k: [v] for k, v in INSIDE.items()})
    outside = students(**{k: [v] for k, v in (INSIDE | {column: value}).items()})
    assert status(inside, population=POPULATION) == ["mintable"]
    row = decide(outside, population=POPULATION)
    assert row["status"].to_list() == ["out_of_scope"]
    assert row["evidence"][0].startswith("Outside the population: ")


def test_what_the_extract_does_not_say_excludes_nobody() -> None:
    assert status(students(), population=POPULATION) == ["mintable"]
    unknown = students(college=[None], terms=[None], enrolled=[None], credit=[None], person_type=[None])
    assert status(unknown.cast({"terms": pl.List(pl.String)}), population=POPULATION) == ["mintable"]


def test_a_partial_snapshot_says_so() -> None:
    row = decide(students(cccids=[["ABX9999"]]), systemwide=False)
    assert "does not cover the whole system" in row["evidence"][0]
    assert "snapshot_not_systemwide" in row["flags"][0]


def test_everybody_comes_out_once_with_an_action() -> None:
    people = students(sis_id=[str(n) for n in range(100)], cccids=[None] * 100)
    row = decide(people)
    assert row["sis_id"].n_unique() == 100
    assert row["action"].null_count() == 0
    assert set(row["status"]) <= {s.value for s in Status}


def applied(cccid, **more):
    return pl.DataFrame({"sis_id": ["1"], "cccid": [cccid], **more})


def test_an_application_that_names_an_account_outside_the_snapshot_forbids_to_create_another() -> None:
    row = decide(students(), applications=applied("QQQ1234"))
    assert row["status"].to_list() == ["review"]
    assert "named_outside_the_snapshot" in row["flags"][0]
    assert "QQQ1234 (an application names it" in row["evidence"][0]
    assert status(
        students(), applications=applied("QQQ1234"), fraud=pl.DataFrame({"cccid": ["QQQ1234"]})
    ) == ["held"]


def test_a_number_that_the_sis_holds_from_a_later_day_on_forbids_to_create_another() -> None:
    assert status(students(future_cccids=[["QQQ1234"]])) == ["review"]
    assert status(students(future_cccids=[[]]).cast({"future_cccids": pl.List(pl.String)})) == ["mintable"]


@pytest.mark.parametrize(
    ("weight", "expected"), [(19.0, ["review", "review"]), (9.0, ["recoverable", "review"])]
)
def test_an_account_that_two_students_fit_nearly_equally_well_is_certain_for_neither(
    weight, expected
) -> None:
    people = students(sis_id=["1", "2"], cccids=[None, None])
    pairs = [pair("1", "ABD1234", SAME), pair("2", "ABD1234", SAME, weight=weight)]
    assert status(people, pairs=pairs) == expected


def test_a_number_that_our_registry_gave_to_another_student_is_not_recovered() -> None:
    people = students(sis_id=["1", "2"], cccids=[None, None])
    issued = pl.DataFrame({"sis_id": ["2"], "cccid": ["ABD1234"], "issued_on": ["2026-01-01"]})
    row = decide(people, pairs=[pair("1", "ABD1234", SAME)], issued=issued)
    assert row["status"].to_list() == ["review", "pending_load"]


def test_a_row_of_the_snapshot_whose_number_cannot_be_used_is_possible_and_never_recovered() -> None:
    row = decide(students(), pairs=[pair("1", "ABD1234#17", SAME)])
    assert row["status"].to_list() == ["review"]
    assert "account_set_aside" in row["flags"][0]


def test_an_application_vouches_for_a_held_number_when_the_birthdate_is_missing() -> None:
    levels = BARE | {"birthdate": "missing"}
    also = [pair("1", "ABD1234", levels, band="review")]
    assert status(HELD, also=also) == ["conflict"]
    assert status(HELD, also=also, applications=applied("ABD1234")) == ["confirmed"]


def test_a_reviewers_match_does_not_take_a_number_from_the_student_who_holds_it() -> None:
    people = students(sis_id=["1", "2"], cccids=[["ABD1234"], None])
    decisions = pl.DataFrame({"sis_id": ["2"], "cccid": ["ABD1234"], "decision": ["match"]})
    row = decide(
        people, also=[pair("1", "ABD1234", SAME)], pairs=[pair("2", "ABD1234", SAME)], decisions=decisions
    )
    assert row["status"].to_list() == ["confirmed", "review"]
