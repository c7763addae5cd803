"""The gate: each rule broken alone, and everything that must never open it."""

from __future__ import annotations

import math
import random
import re
import shutil
import unicodedata
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from elements import RULES

from reconcile.engine import Engine
from reconcile.errors import GateClosed, InputError
from reconcile.privacy import mask_shape
from reconcile.validate import Policy, Validation, gate, suite_hash, validate
from reconcile.validate import suite as suites
from reconcile.validate.dictionary import SUITES
from reconcile.validate.findings import shape

AS_OF = date(2026, 11, 21)
CASES = yaml.safe_load((Path(__file__).parent / "data" / "rules.yaml").read_text(encoding="utf-8"))
KEYS = {"students": "sis_id", "accounts": "cccid", "mint_request": "request_key", "snapshot_change": "cccid"}


def written(value: Any, n: int) -> Any:
    if not isinstance(value, str):
        return value
    value = value.replace("{n}", f"{n:04}").replace("{h}", f"{n:032x}")
    return re.sub(r"\{a(\d+)\}", lambda word: "a" * int(word[1]), value)


def row(suite: str, n: int, **changes: Any) -> dict[str, Any]:
    return {name: written(value, n) for name, value in {**CASES["base"][suite], **changes}.items()}


def table(suite: str, *rows: dict[str, Any]) -> pl.DataFrame:
    columns = CASES["base"][suite]
    schema = {name: pl.List(pl.String) if name == "cccids" else pl.String for name in columns}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def broken_rows(suite: str) -> tuple[pl.DataFrame, list[set[str]]]:
    """Give a table that breaks each rule of a suite in a row (or two) of its own, and the rules by row."""
    rows, expected = [], []
    known = {rule.id for rule in RULES if suite in rule.suites}
    for rule in RULES:
        if suite not in rule.suites or rule.id in CASES["table"]:
            continue
        case = CASES["rules"][rule.id]
        for _ in range(2 if "pair" in case else 1):
            rows.append(row(suite, len(rows) + 1, **case.get("set", {}), **case.get("pair", {})))
            expected.append({rule.id, *known.intersection(case.get("also", ()))})
    return table(suite, *rows), expected


@pytest.fixture(scope="module")
def judged() -> dict[str, Validation]:
    return {suite: validate(broken_rows(suite)[0], suite=suite, as_of=AS_OF) for suite in SUITES}


@pytest.fixture(scope="module")
def students() -> pl.DataFrame:
    return table("students", *(row("students", n) for n in range(1, 4)))


def test_every_rule_has_a_row_that_breaks_it():
    assert {rule.id for rule in RULES} == {*CASES["rules"], *CASES["table"]}


@pytest.mark.parametrize("suite", SUITES)
def test_a_row_breaks_its_rule_alone(judged: dict[str, Validation], suite: str):
    _, expected = broken_rows(suite)
    found: list[set[str]] = [set() for _ in expected]
    for number, rule in judged[suite].failures.select("row", "rule_id").iter_rows():
        found[number].add(rule)
    assert found == expected


@pytest.mark.parametrize("suite", SUITES)
def test_good_rows_open_the_gate(suite: str):
    result = validate(table(suite, row(suite, 1), row(suite, 2)), suite=suite, as_of=AS_OF)
    assert (result.verdict, result.reason, result.failures.height) == ("open", "", 0)
    assert result.passing.to_list() == [row(suite, n)[KEYS[suite]] for n in (1, 2)]
    result.require_open()


@pytest.mark.parametrize("suite", SUITES)
def test_counts_and_failures_agree(judged: dict[str, Validation], suite: str):
    result = judged[suite]
    listed = dict(result.failures.group_by("rule_id").len().iter_rows())
    counted = dict(result.counts.filter(pl.col("failures") > 0).select("rule_id", "failures").iter_rows())
    assert listed == counted
    assert not result.counts["errored"].any()


@pytest.mark.parametrize("suite", SUITES)
def test_rows_are_conserved_and_only_critical_rules_fail_them(judged: dict[str, Validation], suite: str):
    result, (rows, _) = judged[suite], broken_rows(suite)
    critical = result.failures.filter(pl.col("severity") == "critical")["row"].n_unique()
    assert result.failing.len() == critical
    assert result.passing.len() + result.failing.len() == rows.height


@pytest.mark.parametrize("suite", SUITES)
def test_no_value_is_in_a_result(judged: dict[str, Validation], suite: str):
    result, (rows, _) = judged[suite], broken_rows(suite)
    text = "".join(frame.drop("key", strict=False).write_csv() for frame in (result.counts, result.failures))
    text += repr(result) + result._repr_html_() + result.reason
    for column in ("birthdate", "email", "ssn_hmac"):
        assert not [
            value
            for value in rows[column].drop_nulls()
            if len(value) > 4 and value != str(AS_OF) and value in text
        ]


def test_an_empty_table_never_passes(students: pl.DataFrame):
    result = validate(students.clear(), as_of=AS_OF)
    assert result.verdict == "closed"
    assert result.failures.rows() == [
        (None, None, "table_not_empty", "table", "critical", None, "The table has no rows.", "en")
    ]


def test_a_missing_column_closes_the_gate_and_passes_nobody(students: pl.DataFrame):
    result = validate(students.drop("zip", "state"), as_of=AS_OF)
    assert (result.verdict, result.missing) == ("closed", ("state", "zip"))
    assert result.counts.filter("errored")["rule_id"].to_list() == ["state_shape", "zip_length"]
    assert result.passing.len() == 0
    assert "columns missing: state, zip" in result.reason
    with pytest.raises(GateClosed, match="table_columns"):
        result.require_open()


def test_columns_without_values_are_judged(students: pl.DataFrame):
    empty = students.with_columns(pl.lit(None).alias(name) for name in students.columns if name != "sis_id")
    result = validate(empty, as_of=AS_OF)
    assert result.verdict == "closed"
    assert not result.counts["errored"].any()
    assert {"birthdate_required", "last_name_required"} <= set(result.failures["rule_id"])


def test_numbers_are_refused_and_dates_are_not(students: pl.DataFrame):
    dated = students.with_columns(birthdate=pl.lit(date(1900, 1, 1)), city=pl.lit("x").cast(pl.Categorical))
    assert validate(dated, as_of=AS_OF).failures["rule_id"].to_list() == ["birthdate_since_1901"] * 3
    numbers = students.with_columns(zip=pl.lit(93701), ssid=pl.lit(1.5), cccids=pl.lit("ABD1234"))
    with pytest.raises(InputError) as caught:
        validate(numbers, as_of=AS_OF)
    assert [line.split(";")[0] for line in str(caught.value).splitlines()] == [
        "Column cccids is VARCHAR",
        "Column ssid is DOUBLE",
        "Column zip is INTEGER",
    ]


def test_a_rule_that_fails_to_run_closes_the_gate(students: pl.DataFrame, monkeypatch: pytest.MonkeyPatch):
    def spoiled(*names: Any, **options: Any) -> dict[str, Any]:
        suite = original(*names, **options)
        for rule in suite["expectations"]:
            if rule["meta"]["rule_id"] == "cccids_single":
                rule["kwargs"]["unexpected_rows_query"] = "SELECT * FROM {batch} WHERE no_such(cccids)"
        return suite

    original = gate.load_suite
    monkeypatch.setattr(gate, "load_suite", spoiled)
    result = validate(students, as_of=AS_OF)
    assert result.verdict == "closed"
    assert result.reason == "rules that could not be evaluated: cccids_single"
    assert result.counts.filter("errored")["failures"].to_list() == [None]
    assert result.passing.len() == 0


def test_a_rule_without_an_outcome_closes_the_gate(students: pl.DataFrame, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gate, "_run", lambda *_: {})
    result = validate(students, as_of=AS_OF)
    assert result.verdict == "closed"
    assert result.counts["errored"].all()


def test_unknown_words_are_met_with_the_nearest():
    frame = pl.DataFrame({"sis_id": ["1"]})
    with pytest.raises(InputError, match=r'no suite acounts\. Did you mean "accounts"'):
        validate(frame, suite="acounts")
    with pytest.raises(InputError, match=r"no language de\. Known: en, es"):
        validate(frame, language="de")
    with pytest.raises(InputError, match=r'key column sisid is not in the table\. Did you mean "sis_id"'):
        validate(frame, key="sisid")
    with pytest.raises(InputError, match="A table was expected"):
        validate("students.csv")


def test_messages_come_in_spanish(students: pl.DataFrame):
    result = validate(students.with_columns(birthdate=pl.lit("2026-11-21")), as_of=AS_OF, language="es")
    assert set(result.failures["message"]) == {"Debe ser anterior a hoy."}


def test_today_is_what_the_caller_says(students: pl.DataFrame):
    born = students.with_columns(birthdate=pl.lit("2011-02-28"))
    assert validate(born, as_of=date(2024, 2, 28)).failures.height == 0
    assert set(validate(born, as_of=date(2024, 2, 27)).failures["rule_id"]) == {"birthdate_under_13"}
    assert set(validate(born, as_of=date(2011, 2, 28)).failures["rule_id"]) == {"birthdate_before_today"}


@pytest.mark.parametrize(
    "text", ["31-FEB-2001", "29/02/2001", "20/13/2001", "unknown", "9999-12-31", "0000-00-00", ""]
)
def test_what_is_no_date_is_told_once(students: pl.DataFrame, text: str):
    told = set(validate(students.with_columns(birthdate=pl.lit(text)), as_of=AS_OF).failures["rule_id"])
    assert told - {"birthdate_since_1901"} == {"birthdate_valid"}


def test_the_future_shape_of_cccids_is_a_setting():
    wide = table("accounts", row("accounts", 1, cccid="ABDE1234"), row("accounts", 2))
    assert validate(wide, suite="accounts", as_of=AS_OF).failing.to_list() == ["ABDE1234"]
    policy = Policy(wide_cccid=True)
    assert validate(wide, suite="accounts", as_of=AS_OF, policy=policy).verdict == "open"


def test_hashes_tell_suites_and_rows_apart(students: pl.DataFrame):
    first = validate(students, as_of=AS_OF)
    assert validate(students.clone(), as_of=AS_OF).rows_hash == first.rows_hash
    assert validate(students.reverse(), as_of=AS_OF).rows_hash != first.rows_hash
    assert validate(students.with_columns(zip=pl.lit("")), as_of=AS_OF).rows_hash != first.rows_hash
    nulls = students.with_columns(zip=pl.lit(None))
    assert (
        validate(nulls, as_of=AS_OF).rows_hash
        != validate(students.with_columns(zip=pl.lit("")), as_of=AS_OF).rows_hash
    )
    assert validate(students, as_of=date(2026, 11, 22)).suite_hash == first.suite_hash
    assert len({first.suite_hash, suite_hash("accounts"), suite_hash("mint_request")}) == 3


def test_an_approval_can_be_compared_with_todays_rules_without_running_them(
    students: pl.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert suite_hash("students") == validate(students, as_of=AS_OF).suite_hash
    assert suite_hash("accounts", policy=Policy(wide_cccid=True)) != suite_hash("accounts")
    before = suite_hash("mint_request")
    shutil.copytree(suites.resources.expectations(), tmp_path / "expectations")
    monkeypatch.setattr(suites.resources, "expectations", lambda: tmp_path / "expectations")
    edited = tmp_path / "expectations" / "suites" / "mint_request.json"
    edited.write_text(
        edited.read_text(encoding="utf-8").replace('"critical"', '"warning"', 1), encoding="utf-8"
    )
    assert suite_hash("mint_request") != before


def test_a_notebook_shows_the_verdict_and_the_broken_rules(judged: dict[str, Validation]):
    page = judged["students"]._repr_html_()
    assert "The gate is closed" in page
    assert "Must be before today." in page
    assert repr(judged["students"]).startswith("The gate is closed; critical rules broken: ")
    assert page.index("last_name_required") < page.index("ssn_shared")  # what closes the gate comes first


def test_a_notebook_shows_why_no_row_passes(students: pl.DataFrame):
    for table in (students.drop("zip"), students.clear()):
        result = validate(table, as_of=AS_OF)
        assert result.reason in result._repr_html_()


def test_a_handle_is_judged_like_a_frame(tmp_path: Path):
    rows, _ = broken_rows("accounts")
    rows.write_parquet(tmp_path / "snap[1].parquet", row_group_size=7)
    framed = validate(rows, suite="accounts", as_of=AS_OF)
    with Engine() as engine:
        for handle in (engine.scan("accounts", tmp_path / "snap[1].parquet"), engine.load("loaded", rows)):
            result = validate(handle, suite="accounts", as_of=AS_OF)
            assert result.counts.equals(framed.counts)
            assert result.failures.equals(framed.failures)
            assert (result.rows_hash, result.suite_hash) == (framed.rows_hash, framed.suite_hash)
            assert result.passed.equals(framed.passed)
            assert result.failed.equals(framed.failed)


def test_rows_come_back_as_they_were_given():
    rows, _ = broken_rows("students")
    marked = rows.with_columns(ours=pl.int_range(rows.height))
    result = validate(marked, as_of=AS_OF)
    assert result.failed["sis_id"].to_list() == result.failing.to_list()
    assert result.passed["sis_id"].to_list() == result.passing.to_list()
    assert pl.concat([result.passed, result.failed]).sort("ours").equals(marked)
    whole = validate(marked.drop("zip"), as_of=AS_OF)
    assert (whole.passed.height, whole.failed.height) == (0, marked.height)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("Ño3!", "Aa9!"), ("a\tb", "a\u2400a"), ("李", "a"), ("x" * 60, "a" * 40), ("٣ǅ", "9a")],
)
def test_a_value_is_shown_by_its_shape(value: str, shown: str):
    bad = table("students", row("students", 1, state=value))
    failures = validate(bad, as_of=AS_OF).failures
    assert failures.filter(pl.col("rule_id") == "state_shape")["value"].to_list() == [shown]


def test_only_what_the_dictionary_lists_is_shown_as_it_is():
    rows = table(
        "accounts",
        row("accounts", 1, ssn_type="1", email=None, accepted_terms="Ana"),
        row("accounts", 2, ssn_hmac="078-05-1120"),
    )
    failures = validate(rows, suite="accounts", as_of=AS_OF).failures
    shown = dict(failures.select("rule_id", "value").iter_rows())
    assert shown["ssn_type_of_ssn"] == "1"
    assert shown["email_required"] == "(missing)"
    assert shown["accepted_terms_values"] == "Aaa"
    assert shown["ssn_is_hashed"] == "(withheld)"


@pytest.mark.parametrize(
    ("limit", "verdict"), [(0, "closed"), (0.2, "closed"), (0.5, "open"), (1, "closed"), (2, "open")]
)
def test_a_policy_bears_so_many_warnings(students: pl.DataFrame, limit: float, verdict: str):
    some = pl.concat([students, students.with_columns(sis_id="x" + pl.col("sis_id"))])
    shared = some.with_columns(phone=pl.Series(["?", "?", *some["phone"][2:]]))
    result = validate(shared, as_of=AS_OF, policy=Policy(at_most={"phone_shape": limit}))
    assert result.verdict == verdict
    assert result.failing.is_empty()
    if verdict == "closed":
        assert result.reason == "rules broken more often than allowed: phone_shape (2)"
        assert result.counts.filter("closes")["rule_id"].to_list() == ["phone_shape"]


def test_a_policy_cannot_bear_critical_findings(students: pl.DataFrame):
    bad = students.with_columns(last_name=pl.lit(None))
    with pytest.raises(InputError, match="last_name_required is critical"):
        validate(bad, as_of=AS_OF, policy=Policy(at_most={"last_name_required": 99}))


@pytest.mark.parametrize(("rule", "limit"), [("phone_shap", 1), ("phone_shape", -1), ("phone_shape", 1.5)])
def test_thresholds_that_mean_nothing_are_refused(students: pl.DataFrame, rule: str, limit: float):
    with pytest.raises(InputError, match="phone_shape"):
        validate(students, as_of=AS_OF, policy=Policy(at_most={rule: limit}))


def test_what_a_policy_bears_is_part_of_what_was_approved():
    usual = suite_hash("mint_request")
    assert suite_hash("mint_request", policy=Policy(at_most={"phone_shape": 1})) != usual
    assert suite_hash("mint_request", policy=Policy()) == usual
    wide = Policy(wide_cccid=True)
    assert suite_hash("accounts", policy=wide) != suite_hash("accounts")


def test_times_of_two_snapshots_may_be_times():
    when = pl.Series("email_verified_timestamp", ["2024-02-02 10:00"]).str.to_datetime(time_zone="UTC")
    later = table("accounts", row("accounts", 1)).with_columns(when)
    result = validate(later, suite="snapshot_change", before=later, as_of=AS_OF)
    assert (result.verdict, result.failures.height) == ("open", 0)
    with pytest.raises(InputError, match="snapshot_change, not with accounts"):
        validate(later, suite="accounts", before=later)
    with pytest.raises(InputError, match="The earlier snapshot has no column cccid"):
        validate(later, suite="snapshot_change", before=later.drop("cccid"))


SEEN = {"Lu": "A", "Ll": "a", "Lt": "a", "Lm": "a", "Lo": "a"}


def shape_of(text: str) -> str:
    signs = []
    for char in text[:40]:
        kind = unicodedata.category(char)
        signs.append(
            SEEN.get(kind)
            or (
                "9"
                if kind.startswith("N")
                else "\u2400"
                if kind.startswith("C")
                else char
                if char < "\x7f"
                else "?"
            )
        )
    return "".join(signs)


def test_shapes_tell_nothing_else_of_any_text():
    chance = random.Random(34)  # noqa: S311 - draws cases, keeps no secret
    signs = ("aZ09 -'@.\t\x00\x7f", "aé", "ñÑßİ\u00a0", "李ǅ٣½", "\u200b\ufeff😀a")
    texts = ["".join(chance.choices(chance.choice(signs), k=chance.randint(0, 50))) for _ in range(400)]
    with Engine() as engine:
        table = engine.load("texts", pl.DataFrame({"n": range(400), "text": texts}))
        shown = engine.frame(f"SELECT {shape('text')} AS shown FROM {{t}} ORDER BY n", t=table)["shown"]
    assert shown.to_list() == [shape_of(text) for text in texts]
    assert mask_shape(pl.Series(texts)).to_list() == shown.to_list()


def test_rows_are_told_apart_wherever_a_value_ends(students: pl.DataFrame):
    def hashed(*names: str | None) -> str:
        rows = students.with_columns(city=pl.Series(names, dtype=pl.String))
        return validate(rows, as_of=AS_OF).rows_hash

    answers = [("ab", "c", None), ("a", "bc", None), ("ab", "c", ""), ("ab", None, "c"), (None, "ab", "c")]
    assert len({hashed(*names) for names in answers}) == len(answers)


def test_a_key_is_no_way_to_see_personal_data(students: pl.DataFrame):
    with pytest.raises(InputError, match="birthdate is personal data and cannot name rows"):
        validate(students, key="birthdate")
    ids = ["Ana 2001-02-03", "078-05-1120", "A00123"]
    failures = validate(students.with_columns(sis_id=pl.Series(ids), last_name=None), as_of=AS_OF).failures
    assert failures["key"].to_list() == ["Aaa 9999-99-99", "999-99-9999", "A00123"]


@pytest.mark.parametrize("name", ["ssn", "SSN", "Social_Security_Number", "SSN 2", "National ID"])
def test_clear_numbers_are_not_taken(students: pl.DataFrame, name: str):
    with pytest.raises(InputError, match="clear social security numbers are not taken"):
        validate(students.with_columns(pl.lit("078-05-1120").alias(name)))


@pytest.mark.parametrize(("name", "value"), [("SSN No", "N"), ("ssn_no", "false"), ("SSN Last 4", "1120")])
def test_a_column_that_only_speaks_of_such_numbers_is_taken(students: pl.DataFrame, name: str, value: str):
    assert validate(students.with_columns(pl.lit(value).alias(name)), as_of=AS_OF).rows == students.height


def test_what_is_never_delivered_is_known_by_all_its_names():
    asked = table("mint_request", row("mint_request", 1))
    for name in ("idme_account_id", "idmeAccountId", "verification_account_id", "Email_Verified"):
        named = asked.drop("email_verified", strict=False).with_columns(pl.lit("true").alias(name))
        assert validate(named, suite="mint_request", as_of=AS_OF).verdict == "closed", name
    with pytest.raises(InputError, match="have one name but for upper and lower case"):
        validate(asked.with_columns(SIS_ID=pl.lit("x")), suite="mint_request", as_of=AS_OF)


def test_rows_of_a_table_that_lost_some_are_told_apart(students: pl.DataFrame):
    marked = students.with_columns(last_name=pl.Series(["A", "B", None]))
    with Engine() as engine:
        handle = engine.load("students", marked)
        engine.run("DELETE FROM students WHERE sis_id = 'S0001'")
        result = validate(handle, as_of=AS_OF)
        assert (result.passing.to_list(), result.failing.to_list()) == (["S0002"], ["S0003"])
        assert result.failures["row"].to_list() == [1]
        assert result.failed["sis_id"].to_list() == ["S0003"]
        engine.run("DELETE FROM students WHERE sis_id = 'S0003'")
        with pytest.raises(InputError, match="changed since it was judged"):
            _ = result.passed
        assert engine.value("SELECT count(*) FROM duckdb_views() WHERE view_name LIKE 'reconcile%'") == 0


def test_a_table_may_not_number_its_rows_by_itself(students: pl.DataFrame, tmp_path: Path):
    students.with_columns(file_row_number=pl.lit(0)).write_parquet(tmp_path / "s.parquet")
    with Engine() as engine:
        for numbers in ([0, 0, 0], ["a", "b", "c"]):
            handle = engine.load("students", students.with_columns(rowid=pl.Series(numbers)))
            with pytest.raises(InputError, match="a column called rowid"):
                validate(handle, as_of=AS_OF)
        with pytest.raises(InputError, match="a column called file_row_number"):
            engine.scan("file", tmp_path / "s.parquet")
        result = validate(engine.view("seen", students), as_of=AS_OF)
        assert result.passing.to_list() == students["sis_id"].to_list()


def test_columns_of_any_type_may_stand_beside(students: pl.DataFrame):
    beside = students.with_columns(took=timedelta(days=1), parts=pl.struct("city", "zip"))
    assert validate(beside, as_of=AS_OF).verdict == "open"
    for name, value in (("last_name", True), ("last_name", date(2001, 2, 3)), ("zip", timedelta(days=1))):
        with pytest.raises(InputError, match=f"Column {name} is "):
            validate(students.with_columns(pl.lit(value).alias(name)), as_of=AS_OF)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"as_of": "2026-11-21"}, "is no date"),
        ({"policy": {"at_most": {}}}, "The policy is none"),
        ({"suite": None}, "no suite None"),
        ({"key": 5}, "key column 5"),
    ],
)
def test_arguments_of_another_kind_are_refused(students: pl.DataFrame, given: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        validate(students, **given)


def test_a_moment_counts_as_its_day(students: pl.DataFrame):
    born = students.with_columns(birthdate=pl.lit("2026-11-21"))
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert set(validate(born, as_of=noon).failures["rule_id"]) >= {"birthdate_before_today"}


@pytest.mark.parametrize("limit", [math.nan, math.inf, "2", 1.5])
def test_thresholds_that_are_no_numbers_are_refused(students: pl.DataFrame, limit: Any):
    with pytest.raises(InputError, match="The threshold of phone_shape"):
        validate(students, as_of=AS_OF, policy=Policy(at_most={"phone_shape": limit}))


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["ABD0001", "ABD0002"])])
def test_snapshots_of_different_makers_can_be_compared(kind: Any):
    later = table("accounts", row("accounts", 1), row("accounts", 2))
    earlier = later.with_columns(pl.col("cccid").cast(kind))
    assert validate(later, suite="snapshot_change", before=earlier, as_of=AS_OF).verdict == "open"
    for before, words in (
        (later.with_columns(cccid=pl.lit(1)), "of the earlier snapshot is Int32"),
        (later.clear(), "The earlier snapshot has no rows"),
    ):
        with pytest.raises(InputError, match=words):
            validate(later, suite="snapshot_change", before=before)


def test_lists_are_told_apart_by_what_is_in_them(students: pl.DataFrame):
    lists = [[], [""], [None], None, ["AB", "C"], ["A", "BC"], ["ABC"], ["AB\x1fC"], ["AB", None, "C"]]
    hashes = {
        validate(students.with_columns(cccids=pl.Series([one] * 3, dtype=pl.List(pl.String)))).rows_hash
        for one in lists
    }
    assert len(hashes) == len(lists)


def test_the_rows_that_break_a_rule_are_listed_by_key_and_shape() -> None:
    table = pl.DataFrame({"sis_id": ["1", "2"], "birthdate": ["2001-02-03", None]})
    judged = validate(table, suite="students")
    listed = judged.rows_that_break("birthdate_required")
    assert listed.frame.rows() == [(1, "2", "(missing)")]
    assert "Complete the field" in repr(listed)
    assert "birthdate_required" in judged.closing.frame["rule_id"]
    with pytest.raises(InputError, match="birthdate_required"):
        judged.rows_that_break("birthdate_requird")
