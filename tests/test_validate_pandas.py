"""Great Expectations' own pandas engine agrees with ours on the shipped suites, rule by rule.

Rules in SQL cannot run there; each is compared with an obvious predicate in Python instead.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml

from reconcile import resources
from reconcile.validate import Validation, validate
from reconcile.validate.dictionary import SUITES, read_dictionary
from reconcile.validate.suite import load_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas  # noqa: ICN001 - in full, as everything here

AS_OF = date(2026, 11, 21)
CASES = yaml.safe_load((Path(__file__).parent / "data" / "rules.yaml").read_text(encoding="utf-8"))
RULES = [rule for element in read_dictionary(resources.expectations()) for rule in element.rules]
SQL = "unexpected_rows_expectation"

Row = dict[str, Any]


def written(value: Any, n: int) -> Any:
    if not isinstance(value, str):
        return value
    value = value.replace("{n}", f"{n:04}").replace("{h}", f"{n:032x}")
    return re.sub(r"\{a(\d+)\}", lambda word: "a" * int(word[1]), value)


def rows_of(suite: str) -> list[Row]:
    """Give good rows, rows that break each rule, and rows that mix values of all of these."""
    changes: list[Row] = [{}, {}]
    for rule in RULES:
        if suite in rule.suites and rule.id not in CASES["table"]:
            case = CASES["rules"][rule.id]
            changes += [case["pair"], case["pair"]] if "pair" in case else [case["set"]]
    base = CASES["base"][suite]
    rows = [
        {name: written(value, n) for name, value in {**base, **change}.items()}
        for n, change in enumerate(changes)
    ]
    chance = random.Random(11)  # noqa: S311 - no secret
    seen = {name: list({str(row[name]): row[name] for row in rows}.values()) for name in base}
    mixed = [{name: chance.choice(values) for name, values in seen.items()} for _ in range(250)]
    return rows + mixed


def table(rows: list[Row]) -> pl.DataFrame:
    schema = {name: pl.List(pl.String) if name == "cccids" else pl.String for name in rows[0]}
    return pl.DataFrame(rows, schema=schema, orient="row")


def compare_days(kwargs: dict[str, Any], data: pandas.DataFrame) -> None:
    """Have days compared: a bound that looks like one is made a date, which pandas compares with no text."""
    import pandas  # noqa: PLC0415, ICN001 - comes with the peer

    days = f"{kwargs['column']} as a day"
    data[days] = pandas.to_datetime(data[kwargs["column"]], format="%Y-%m-%d", errors="coerce")
    kwargs |= {"column": days, "max_value": f"{kwargs['max_value']}T00:00:00"}


def by_pandas(suite: str, frame: pl.DataFrame) -> dict[str, int]:
    """Let Great Expectations' pandas engine count the failures of the rules that are not SQL."""
    import great_expectations as project  # noqa: PLC0415 - costs seconds

    data = frame.drop("cccids", strict=False).to_pandas()
    rules = [rule for rule in load_suite(suite, as_of=AS_OF)["expectations"] if rule["type"] != SQL]
    for rule in rules:
        if rule["type"] == "expect_column_values_to_be_between":
            compare_days(rule["kwargs"], data)
    context = project.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas(suite).add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": data})
    result = batch.validate(project.ExpectationSuite(name=suite, expectations=rules), result_format="SUMMARY")
    counts = {}
    for one in result.results:
        assert "'raised_exception': True" not in str(one.exception_info), one.exception_info
        failures = one.result.get("unexpected_count", int(not one.success))
        counts[one.expectation_config.meta["rule_id"]] = failures
    return counts


@pytest.fixture(scope="module")
def judged() -> dict[str, Validation]:
    return {suite: validate(table(rows_of(suite)), suite=suite, as_of=AS_OF) for suite in SUITES}


@pytest.mark.filterwarnings("ignore")  # the peer's own
@pytest.mark.parametrize("suite", SUITES)
def test_core_rules_count_as_the_pandas_engine_counts(judged: dict[str, Validation], suite: str):
    frame = table(rows_of(suite))
    ours = judged[suite].counts
    assert not ours["errored"].any()
    theirs = by_pandas(suite, frame)
    if "cccids" in frame.columns:  # a list, which pandas would not take; nothing but SQL reads it
        del theirs["table_columns"]
    counted = dict(ours.select("rule_id", "failures").iter_rows())
    assert {rule: counted[rule] for rule in theirs} == theirs
    broken = {rule.id for rule in RULES if suite in rule.suites and rule.expect != SQL} - {*CASES["table"]}
    assert all(theirs[rule] > 0 for rule in broken)


def moment(text: str | None) -> datetime | None:
    try:
        made = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return made if made.tzinfo else made.replace(tzinfo=UTC)


def earlier(row: Row, one: str, other: str) -> bool:
    first, second = moment(row[one]), moment(row[other])
    return first is not None and second is not None and first < second


def name(row: Row, *parts: str, when: str = "") -> list[str]:
    return ["".join((row[f"{part}{when}"] or "").lower().split()) for part in parts]


def digits(phone: str | None) -> str:
    return re.sub("[^0-9]", "", re.sub("^[+]?1", "", phone or ""))


def born_anew(row: Row) -> bool:
    return None not in (row["birthdate"], row["birthdate_before"]) and (
        row["birthdate"] != row["birthdate_before"]
    )


def of_another(row: Row) -> bool:
    parts = ("first_name", "last_name")
    same = [
        row["ssn_hmac"] and row["ssn_hmac"] == row["ssn_hmac_before"],
        row["email"] and row["email"].lower() == (row["email_before"] or "").lower(),
        digits(row["phone"]) and digits(row["phone"]) == digits(row["phone_before"]),
    ]
    return born_anew(row) and name(row, *parts) != name(row, *parts, when="_before") and not any(same)


def not_again(row: Row, contact: str, value: Callable[[str | None], object]) -> bool:
    stamp = f"{contact}_verified_timestamp"
    again = moment(row[stamp]) is not None and (
        moment(row[f"{stamp}_before"]) is None or earlier(row, f"{stamp}_before", stamp)
    )
    changed = value(row[contact]) != value(row[f"{contact}_before"])
    return row["seen"] == "both" and row[f"{contact}_verified"] == "true" and changed and not again


def went_back(stamp: str) -> Callable[[Row], bool]:
    return lambda row: earlier(row, stamp, f"{stamp}_before")


LEGAL = ("first_name", "middle_name", "last_name")
OBVIOUS: dict[str, Callable[[Row], bool]] = {
    "cccids_shape": lambda row: any(
        not re.fullmatch("[A-HJ-NP-Z]{3,4}[0-9]{4}", number) or number.endswith("0000")
        for number in row["cccids"] or ()
    ),
    "cccids_single": lambda row: len(row["cccids"] or ()) > 1,
    "account_owner_changed": lambda row: of_another(row) and row["scope"] == "systemwide",
    "account_owner_changed_in_part": lambda row: of_another(row) and row["scope"] not in ("systemwide", None),
    "name_and_birthdate_changed": lambda row: (
        born_anew(row) and name(row, *LEGAL) != name(row, *LEGAL, when="_before")
    ),
    "email_reverified": lambda row: not_again(row, "email", lambda text: text and text.lower()),
    "phone_reverified": lambda row: not_again(row, "phone", lambda text: text and digits(text)),
    "email_verified_timestamp_back": went_back("email_verified_timestamp"),
    "phone_verified_timestamp_back": went_back("phone_verified_timestamp"),
    "accepted_terms_timestamp_back": went_back("accepted_terms_timestamp"),
    "idv_optin_timestamp_back": went_back("idv_optin_timestamp"),
    "idv_confirmation_timestamp_back": went_back("idv_confirmation_timestamp"),
    "idv_in_order": lambda row: earlier(row, "idv_confirmation_timestamp", "idv_optin_timestamp"),
    "contact_verified": lambda row: "true" not in (row["email_verified"], row["phone_verified"]),
    "address_or_homeless": lambda row: (
        row["no_perm_address_homeless"] != "true" and None in (row["street"], row["city"])
    ),
    "address_present": lambda row: None in (row["street"], row["city"], row["state"], row["zip"]),
    "ssn_key_changed": lambda row: (
        bool(row["ssn_hmac"] and row["ssn_hmac_before"])
        and row["ssn_hmac"].split(":")[0] != row["ssn_hmac_before"].split(":")[0]
    ),
}


@pytest.mark.parametrize("suite", SUITES)
def test_rules_in_sql_find_the_rows_that_an_obvious_predicate_finds(
    judged: dict[str, Validation], suite: str
):
    rows, found = rows_of(suite), judged[suite].failures
    for rule in RULES:
        if suite in rule.suites and rule.expect == SQL:
            told = found.filter(pl.col("rule_id") == rule.id)["row"].to_list()
            assert told == [n for n, row in enumerate(rows) if OBVIOUS[rule.id](row)], rule.id
            assert told


def test_every_rule_in_sql_has_its_obvious_predicate():
    assert {rule.id for rule in RULES if rule.expect == SQL} == set(OBVIOUS)
