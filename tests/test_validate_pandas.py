"""Great Expectations' own pandas engine agrees with ours on the shipped suites, rule by rule.

Rules in SQL cannot run there; each is compared with an obvious predicate in Python instead.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml
from elements import RULES

from reconcile.validate import Validation, validate
from reconcile.validate.dictionary import SUITES
from reconcile.validate.suite import load_suite

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas  # noqa: ICN001 - in full, as everything here

AS_OF = date(2026, 11, 21)
CASES = yaml.safe_load((Path(__file__).parent / "data" / "rules.yaml").read_text(encoding="utf-8"))
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


def lost(row: Row, stamp: str) -> bool:
    """Say whether a time that was there is no time any more, or an earlier one."""
    now, then = row[stamp], row[f"{stamp}_before"]
    changed = row["seen"] == "both" and bool(then) and now != then
    return changed and (moment(now) is None or earlier(row, stamp, f"{stamp}_before"))


def earlier(row: Row, one: str, other: str) -> bool:
    first, second = moment(row[one]), moment(row[other])
    return first is not None and second is not None and first < second


def name(row: Row, *parts: str, when: str = "") -> list[str]:
    return ["".join((row[f"{part}{when}"] or "").lower().split()) for part in parts]


def digits(phone: str | None) -> str:
    return re.sub("[^0-9]", "", re.sub("^[+]?1", "", phone or ""))


def born_anew(row: Row) -> bool:
    return row["seen"] == "both" and row["birthdate"] != row["birthdate_before"]


def of_another(row: Row) -> bool:
    parts = ("first_name", "last_name")
    if row["seen"] != "both" or name(row, *parts) == name(row, *parts, when="_before"):
        return False
    number, before = row["ssn_hmac"] or "", row["ssn_hmac_before"] or ""
    if number and before and number != before and number.split(":")[0] == before.split(":")[0]:
        return True
    same = [
        number and number == before,
        row["email"] and row["email"].lower() == (row["email_before"] or "").lower(),
        digits(row["phone"]) and digits(row["phone"]) == digits(row["phone_before"]),
    ]
    return born_anew(row) and not any(same)


def not_again(row: Row, contact: str, value: Callable[[str | None], object]) -> bool:
    stamp = f"{contact}_verified_timestamp"
    again = moment(row[stamp]) is not None and (
        moment(row[f"{stamp}_before"]) is None or earlier(row, f"{stamp}_before", stamp)
    )
    changed = value(row[contact]) != value(row[f"{contact}_before"])
    return row["seen"] == "both" and row[f"{contact}_verified"] == "true" and changed and not again


def went_back(stamp: str) -> Callable[[Row], bool]:
    return lambda row: lost(row, stamp)


def unverified_again(contact: str) -> Callable[[Row], bool]:
    """Say which verification went back, other than that of a new address nobody has verified yet."""
    stamp = f"{contact}_verified_timestamp"
    return lambda row: (
        lost(row, stamp)
        and not (
            row[f"{contact}_verified"] == "false"
            and row[contact] != row[f"{contact}_before"]
            and not (row[stamp] or "").strip()
        )
    )


def twice(rows: list[Row], key: Callable[[Row], Any]) -> Callable[[Row], bool]:
    """Say of which rows the key is that of another one too; a key of None is nobody's."""
    keys = Counter(key(row) for row in rows)
    return lambda row: key(row) is not None and keys[key(row)] > 1


def address(row: Row) -> str | None:
    return None if row["email"] is None else row["email"].strip().lower()


def student(row: Row) -> tuple[str, str] | None:
    parts = (row["college"], row["sis_id"])
    return None if None in parts else (parts[0], parts[1].strip().lower())


def person(row: Row) -> tuple[str, ...] | None:
    parts = [row["college"], row["last_name"], row["birthdate"], row["first_name"] or ""]
    return None if None in parts else tuple(part.strip().lower() for part in parts)


def one_person(rows: list[Row]) -> Callable[[Row], bool]:
    """Say which rows agree with others that not all have a middle name of their own."""
    middles: dict[object, list[str]] = {}
    for row in rows:
        middles.setdefault(person(row), []).append((row["middle_name"] or "").strip().lower())
    same = {key for key, names in middles.items() if len(names) > max(1, len(set(names) - {""}))}
    return lambda row: person(row) is not None and person(row) in same


def is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def words(*names: str | None) -> list[str]:
    """Give the words of a name in the order of the alphabet, without accents."""
    plain = unicodedata.normalize("NFD", " ".join(filter(None, names)).lower())
    return sorted(re.findall(r"[^\W_]+", "".join(one for one in plain if not unicodedata.combining(one))))


def rest(row: Row) -> tuple[str | None, str | None]:
    return row["last_name"], row["suffix"]


LEGAL = ("first_name", "middle_name", "last_name")
OBVIOUS: dict[str, Callable[[Row], bool]] = {
    "cccids_shape": lambda row: any(
        not re.fullmatch("[A-HJ-NP-Z]{3,4}[0-9]{4}", number) or number.endswith("0000")
        for number in row["cccids"] or ()
    ),
    "guardian_consent_after_birth": lambda row: (
        is_day(row["guardian_consent_on"] or "")
        and is_day(row["birthdate"] or "")
        and row["guardian_consent_on"] < row["birthdate"]
    ),
    "guardian_not_the_child": lambda row: (
        bool(words(row["guardian_consent_by"]))
        and words(row["guardian_consent_by"])
        in (words(row["first_name"], *rest(row)), words(row["first_name"], row["middle_name"], *rest(row)))
    ),
    "cccids_single": lambda row: len(row["cccids"] or ()) > 1,
    "account_owner_changed": lambda row: of_another(row) and row["scope"] == "systemwide",
    "account_owner_changed_in_part": lambda row: of_another(row) and row["scope"] not in ("systemwide", None),
    "name_and_birthdate_changed": lambda row: (
        born_anew(row) and name(row, *LEGAL) != name(row, *LEGAL, when="_before")
    ),
    "email_reverified": lambda row: not_again(row, "email", lambda text: text and text.lower()),
    "phone_reverified": lambda row: not_again(row, "phone", lambda text: text and digits(text)),
    "accepted_terms_lost": lambda row: (
        row["seen"] == "both"
        and bool(row["accepted_terms_timestamp_before"])
        and not row["accepted_terms_timestamp"]
    ),
    "email_verified_timestamp_back": unverified_again("email"),
    "phone_verified_timestamp_back": unverified_again("phone"),
    "accepted_terms_timestamp_back": lambda row: (
        bool(row["accepted_terms_timestamp"]) and lost(row, "accepted_terms_timestamp")
    ),
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
# Rules that compare a row with all others.
AMONG: dict[str, Callable[[list[Row]], Callable[[Row], bool]]] = {
    "email_unique": lambda rows: twice(rows, address),
    "email_requested_once": lambda rows: twice(rows, address),
    "request_of_student_single": lambda rows: twice(rows, student),
    "request_of_person_single": one_person,
}


@pytest.mark.parametrize("suite", SUITES)
def test_rules_in_sql_find_the_rows_that_an_obvious_predicate_finds(
    judged: dict[str, Validation], suite: str
):
    rows, found = rows_of(suite), judged[suite].failures
    for rule in RULES:
        if suite in rule.suites and rule.expect == SQL:
            told = found.filter(pl.col("rule_id") == rule.id)["row"].to_list()
            wrong = OBVIOUS[rule.id] if rule.id in OBVIOUS else AMONG[rule.id](rows)
            assert told == [n for n, row in enumerate(rows) if wrong(row)], rule.id
            assert told


@pytest.mark.parametrize("suite", SUITES)
def test_patterns_mean_the_same_to_python(judged: dict[str, Validation], suite: str):
    rows, found = rows_of(suite), judged[suite].failures
    for rule in load_suite(suite, as_of=AS_OF)["expectations"]:
        if "regex" in rule["kwargs"] and "row_condition" not in rule["kwargs"]:
            pattern, wanted = re.compile(rule["kwargs"]["regex"]), "not_match" not in rule["type"]
            texts = [row[rule["kwargs"]["column"]] for row in rows]
            wrong = [n for n, text in enumerate(texts) if text and bool(pattern.search(text)) != wanted]
            told = found.filter(
                pl.col("rule_id") == rule["meta"]["rule_id"], ~pl.col("row").is_in(blank(texts))
            )
            assert told["row"].to_list() == wrong


def blank(texts: list[str | None]) -> list[int]:
    return [n for n, text in enumerate(texts) if not text]


def test_every_rule_in_sql_has_its_obvious_predicate():
    assert {rule.id for rule in RULES if rule.expect == SQL} == {*OBVIOUS, *AMONG}
