"""A college adds rules and makes ours stricter; it loosens none and asks no table."""

from __future__ import annotations

import contextlib
import json
import os
import re
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest
from damage import damaged

from reconcile import resources
from reconcile.errors import InputError
from reconcile.files import permissions_are_enforced
from reconcile.policy import Policy
from reconcile.validate import validate
from reconcile.validate.dictionary import SUITES
from reconcile.validate.local import with_local
from reconcile.validate.own_sql import FUNCTIONS, columns_of, problem
from reconcile.validate.suite import load_suite, suite_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AS_OF = date(2026, 11, 21)
posix = pytest.mark.skipif(not permissions_are_enforced(), reason="another operating system")

GOOD = """\
- element: mainphone
  rules:
    - id: local_phone_area
      suites: {students: warning, accounts: warning}
      expect: expect_column_values_to_match_regex
      kwargs: {regex: "^[(]?(530|916)"}
      when: {country: US}
      message: {en: Another area code., es: Otro prefijo.}
      remedy: Ask the student.
- element: enrolled
  rules:
    - id: local_enrolled
      suites: {students: critical}
      sql: enrolled IS NULL OR NOT regexp_matches(enrolled, '^[0-9]{4}  x$')
      message: {en: The year is odd.}
      remedy: Ask the registrar.
- stricter: phone_shape
  suites: {students: critical}
"""


def local(folder: Path, text: str) -> Path:
    path = folder / "our-rules.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def shipped(name: str) -> dict[str, Any]:
    path = resources.expectations() / "suites" / f"{name}.json"
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return made


def by_id(suite: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["meta"]["rule_id"]: rule for rule in suite["expectations"]}


def test_rules_are_added_to_their_suites_and_ours_stay(tmp_path: Path) -> None:
    path = local(tmp_path, GOOD)
    for name in SUITES:
        before, after = by_id(shipped(name)), by_id(with_local(shipped(name), path))
        added = {"students": {"local_phone_area", "local_enrolled"}, "accounts": {"local_phone_area"}}
        assert set(after) - set(before) == added.get(name, set())
        for rule_id, rule in before.items():
            assert after[rule_id]["type"] == rule["type"]
            same = rule_id in ("phone_shape", "table_columns") and name == "students"
            assert (after[rule_id] == rule) != same


def test_a_rule_of_the_college_looks_like_ours(tmp_path: Path) -> None:
    suite = shipped("students")
    copy = json.loads(json.dumps(suite))
    made = with_local(suite, local(tmp_path, GOOD))
    assert suite == copy  # it stays as it is
    rules = by_id(made)
    assert rules["phone_shape"]["severity"] == "critical"
    assert rules["local_phone_area"] == {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {
            "column": "phone",
            "regex": "^[(]?(530|916)",
            "row_condition": {
                "type": "comparison",
                "column": {"name": "country"},
                "operator": "==",
                "parameter": "US",
            },
        },
        "meta": {
            "rule_id": "local_phone_area",
            "element": "mainphone",
            "message": {"en": "Another area code.", "es": "Otro prefijo."},
            "remedy": "Ask the student.",
            "column": "phone",
        },
        "severity": "warning",
    }
    assert rules["local_enrolled"]["meta"]["message"]["es"] == "[en inglés] The year is odd."
    assert rules["local_enrolled"]["meta"]["element"] == "enrolled"
    assert made["meta"]["columns"] == [*suite["meta"]["columns"], "country", "enrolled"]
    assert made["meta"]["optional"] == suite["meta"]["optional"]
    assert rules["table_columns"]["kwargs"]["column_set"] == made["meta"]["columns"]


def students(**changes: str | None) -> pl.DataFrame:
    """Make one student that breaks no rule of ours, and change it."""
    columns = load_suite("students", as_of=AS_OF)["meta"]["columns"]
    row: dict[str, Any] = dict.fromkeys(columns) | {
        "sis_id": "S1",
        "first_name": "Ada",
        "last_name": "Nuñez",
        "birthdate": "2001-02-03",
        "phone": "530-555-0100",
        "country": "US",
        "enrolled": "2026  x",
    }
    schema = {name: pl.List(pl.String) if name == "cccids" else pl.String for name in row}
    return pl.DataFrame([row | changes], schema=schema)


def broken(table: pl.DataFrame, policy: Policy | None) -> set[str]:
    judged = validate(table, suite="students", as_of=AS_OF, policy=policy)
    assert not judged.counts["errored"].any()
    return {rule for rule in judged.failures["rule_id"] if rule.startswith(("local_", "phone_"))}


def test_rules_of_the_college_run_and_close_the_gate(tmp_path: Path) -> None:
    policy = Policy(local=local(tmp_path, GOOD))
    assert broken(students(), policy) == set()
    assert broken(students(phone="213-555-0100"), policy) == {"local_phone_area"}
    assert broken(students(phone="213-555-0100", country="MX"), policy) == set()
    assert broken(students(enrolled="2026 x"), policy) == {"local_enrolled"}
    odd = students(phone="none")
    assert broken(odd, None) == {"phone_shape"}
    assert validate(odd, suite="students", as_of=AS_OF).verdict == "open"
    judged = validate(odd, suite="students", as_of=AS_OF, policy=policy)
    assert judged.verdict == "closed"
    assert "phone_shape (1)" in judged.reason


def test_a_column_that_a_rule_of_the_college_reads_must_be_there(tmp_path: Path) -> None:
    policy = Policy(local=local(tmp_path, GOOD))
    judged = validate(students().drop("enrolled"), suite="students", as_of=AS_OF, policy=policy)
    assert (judged.verdict, judged.missing) == ("closed", ("enrolled",))


def test_rules_of_the_college_are_part_of_the_suites_hash(tmp_path: Path) -> None:
    path = local(tmp_path, GOOD)
    first = suite_hash("students", policy=Policy(local=path))
    assert first != suite_hash("students")
    assert suite_hash("snapshot_change", policy=Policy(local=path)) == suite_hash("snapshot_change")
    local(tmp_path, GOOD.replace("530|916", "530"))
    assert suite_hash("students", policy=Policy(local=path)) != first


def test_a_rule_that_the_college_holds_grave_does_not_ease(tmp_path: Path) -> None:
    suite = shipped("mint_request")
    eased = {rule_id: rule for rule_id, rule in by_id(suite).items() if "eased" in rule["meta"]}
    assert eased
    for rule_id, rule in eased.items():
        text = f"- stricter: {rule_id}\n  suites: {{mint_request: {rule['severity']}}}\n"
        made = by_id(with_local(suite, local(tmp_path, text)))[rule_id]
        assert set(made["meta"]["eased"].values()) == {rule["severity"]}


RULE = """\
- element: phone
  rules:
    - id: local_x
      suites: {students: warning}
      expect: expect_column_values_to_not_be_null
      message: {en: It is missing.}
      remedy: Ask.
"""
STRICTER = "- stricter: phone_shape\n  suites: {students: critical}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RULE.replace("phone", "phon"), 'line 1, phon: no element or column is called phon. Did you mean "'),
        (
            RULE.replace("local_x", "x"),
            "rule x: the id of a rule of your own begins with local_, as in local_x.",
        ),
        (RULE.replace("local_x", "phone_shape"), "line 3, rule phone_shape: the id of a rule of your own"),
        (RULE.replace("students", "student"), 'rule local_x: no suite student. Did you mean "students"?'),
        (RULE.replace("warning", "grave"), "line 4, rule local_x: no severity grave. Known: critical"),
        (RULE.replace("to_not_be_null", "to_be_nul"), "line 5, rule local_x: no expectation expect_column_"),
        (RULE.replace("{en: It is missing.}", "{es: Falta.}"), "line 6, rule local_x: en is missing."),
        (RULE + RULE, "line 10, rule local_x: there is more than one rule called local_x, the first in our"),
        (RULE + "  standard: {}\n", "the key standard is not read by anybody."),
        (RULE + "  stricter: x\n", "line 1: an entry has either element (with rules) or"),
        ("- suites: {students: critical}\n", "line 1: an entry has either element"),
        ("- element: phone\n  rules: []\n", "line 2, phone: rules is empty. Add a rule"),
        ("- element: phone\n  rules: [x]\n", "line 2: the entry is a text; a mapping was expected."),
        ("- element: no\n  rules: []\n", "line 1: element is true or false"),
        (
            RULE + "      when: {contry: US}\n",
            'line 8, rule local_x: students have no column contry. Did you mean "c',
        ),
        (RULE + "      kwargs: {column: line}\n", "line 8, rule local_x: students have no column line."),
        (RULE + "      kwargs: {column: seen}\n", "line 8, rule local_x: students have no column seen."),
        (
            RULE.replace("students", "snapshot_change").replace("phone", "zip"),
            "snapshot_change have no column zip.",
        ),
        (
            RULE.replace("expect_column_values_to_not_be_null", "expect_table_columns_to_match_set"),
            "line 5, rule local_x: the columns follow from the rules; it cannot be asked for.",
        ),
        (
            STRICTER.replace("phone_shape", "phone_shap"),
            "stricter phone_shap: no rule of ours is called phone_shap. Did",
        ),
        (STRICTER.replace("phone_shape", "local_x"), "A rule of your own is made stricter where it stands."),
        (
            STRICTER.replace("students", "snapshot_change"),
            "line 2, stricter phone_shape: phone_shape does not run in",
        ),
        (
            STRICTER.replace("critical", "info"),
            "to info; a college may only raise it. Allowed: critical, warning.",
        ),
        (STRICTER.replace("critical", "none"), "line 2, stricter phone_shape: no severity none."),
        (STRICTER.replace("{students: critical}", "{}"), "line 2, stricter phone_shape: suites is empty"),
        (
            RULE.replace("local_x", "local_x\n      kwargs: {column: '{table}'}"),
            "rule local_x: a word in braces",
        ),
        (
            RULE.replace("not_be_null", "be_between\n      kwargs: {min_value: '9', max_value: x}"),
            "line 6, rule local_x: min_value is no date (yyyy-mm-dd). For other bounds write a rule",
        ),
        (
            RULE.replace("not_be_null", "be_between\n      kwargs: {max_value: 10}"),
            "line 6, rule local_x: max_value is a number; a text was expected. Put it in quotes.",
        ),
        (STRICTER + STRICTER, "line 3, stricter phone_shape: there is more than one entry of stricter"),
        (STRICTER + "  rules: []\n", "line 3: the key rules is not read by anybody."),
        (STRICTER + "  eased: {mailbox: info}\n", "line 3: the key eased is not read by anybody."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = local(tmp_path, text)
    with pytest.raises(InputError) as caught:
        with_local(shipped("accounts"), path)  # whichever is asked for
    assert str(caught.value).startswith("our-rules.yaml, line ")
    assert told in str(caught.value)
    assert caught.value.__context__ is None


def test_no_rule_of_ours_can_be_lowered_anywhere(tmp_path: Path) -> None:
    for suite in SUITES:
        for rule_id, rule in by_id(shipped(suite)).items():
            lower = {"critical": "warning", "warning": "info"}.get(rule["severity"])
            if lower:
                path = local(tmp_path, f"- stricter: {rule_id}\n  suites: {{{suite}: {lower}}}\n")
                with pytest.raises(InputError, match=f"cannot be lowered to {lower}"):
                    with_local(shipped(suite), path)
                break  # one a suite; the check is one for all


SQL = """\
- element: phone
  rules:
    - id: local_sql
      suites: {students: warning}
      sql: >-
        SQL
      message: {en: It is odd.}
      remedy: Ask.
"""


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_sql_is_read_only_from_a_file_that_nobody_else_may_write(tmp_path: Path, mode: int) -> None:
    path = local(tmp_path, SQL.replace("SQL", "phone = email"))
    with_local(shipped("students"), path)
    path.chmod(mode)
    with pytest.raises(InputError, match=r"line 5, rule local_sql: .*chmod go-w our-rules\.yaml"):
        with_local(shipped("students"), path)
    local(tmp_path, RULE).chmod(mode)
    with_local(shipped("students"), path)  # no SQL in it


@posix
def test_sql_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = local(tmp_path, SQL.replace("SQL", "phone = email"))
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(InputError, match="a file that is yours"):
        with_local(shipped("students"), path)


FINE = [
    "phone IS NULL",
    "length(trim(zip)) < 5 AND country = 'US'",
    "NOT regexp_matches(zip, '^[0-9]{5}$')",
    "city LIKE 'O''Neill %' OR lower(city) IN ('a', 'b')",
    "try_cast(birthdate AS DATE) > try_cast('2020-01-01' AS date)",
    "list_contains(cccids, 'SELECT; -- {5}') AND len(cccids) >= 2",
    "CASE WHEN state = 'CA' THEN zip NOT BETWEEN '90000' AND '96199' ELSE FALSE END",
    "coalesce(first_name, '') || ' ' || last_name = 'Ñandú  x'",
    "length(city) * 2 + 1.5 <> 3 - 1",
]


def test_conditions_on_a_row_are_sql_enough(tmp_path: Path) -> None:
    rules = [SQL.replace("SQL", sql).replace("local_sql", f"local_{n}") for n, sql in enumerate(FINE)]
    path = local(tmp_path, "".join(rules))
    made = by_id(with_local(shipped("students"), path))
    for n, sql in enumerate(FINE):
        query = made[f"local_{n}"]["kwargs"]["unexpected_rows_query"]
        assert query.format(batch="t") == f"SELECT * FROM t WHERE {sql}"
    table = students(state="CA", zip="12", city="O'Neill 1", birthdate="2021-01-01", phone=None)
    judged = validate(table, suite="students", as_of=AS_OF, policy=Policy(local=path))
    counts = dict(judged.counts.select("rule_id", "failures").iter_rows())
    assert [counts[f"local_{n}"] for n in range(len(FINE))] == [1, 1, 1, 1, 1, 0, 1, 0, 1]


HOSTILE = [
    ("sis_id IN (SELECT 1)", "SELECT is no column; a rule looks at one row and asks no table."),
    ("sis_id IN (FROM judged)", "FROM is no column"),
    ("sis_id IN (TABLE judged)", "TABLE is no column"),
    ("sis_id IN (VALUES (1))", "VALUES is no function"),
    ("EXISTS (SELECT 1)", "EXISTS is no function"),
    ("1 = 1; DROP TABLE judged", "cannot be read from '; DROP TABLE judged' on"),
    ("phone = email -- always", "-- is no operator of a rule."),
    ("phone = email /* x */", "/* is no operator of a rule."),
    ("phone = email # x", "# is no operator of a rule."),
    ('"phone" = email', "cannot be read from"),
    ("phone = E'\\x41'", "cannot be read from"),
    ("phone = X'41'", "cannot be read from"),
    ("phone = U&'x'", "U is no column"),
    ("phone = $$x$$", "$$ is no operator"),
    ("phone = $a$x$a$", "$ is no operator"),
    ("phone = 'x", "cannot be read from \"'x\" on"),
    ("phone = 'x''", "cannot be read from"),
    ("phone = ''' OR 1=1", "cannot be read from"),
    ("getenv('HOME') = 'x'", "getenv is no function of a rule."),
    ("GETENV('HOME') = 'x'", "GETENV is no function of a rule."),
    ("read_text('/etc/passwd') IS NULL", "read_text is no function of a rule."),
    ("phone.getenv() = 'x'", ". is no operator"),
    ("phone .length() = 1", ". is no operator"),
    ("main.read_csv('x') = 1", "main is no column"),
    ("phone IN (read_csv)", "read_csv is no column"),
    ("phone IN glob('*')", "glob is no function"),
    ("parquet_scan('x')", "parquet_scan is no function"),
    ("phone = '{batch}'", "a word in braces stands for a table"),
    ("phone = {batch}", "cannot be read from '{batch}' on"),
    ("phone = {'a': 1}", "cannot be read from"),
    ("phone[1] = 'x'", "cannot be read from"),
    ("phone::INTEGER > 1", ":: is no operator"),
    ("phone :: INTEGER > 1", ":: is no operator"),
    ("cast(phone AS INTEGER) > 1", "cast is no function of a rule. Did you mean"),
    ("try_cast(phone AS VARCHAR[9999]) > 1", "cannot be read from"),
    ("try_cast(phone AS regclass) > 1", "regclass is no type."),
    ("phone = ?", "? is no operator"),
    ("phone = @x", "@ is no operator"),
    ("count(*) > 1", "count is no function"),
    ("sum(length(phone)) OVER () > 1", "sum is no function"),
    ("length(phone) OVER () > 1", "OVER is no function"),
    ("COLUMNS(*) = 'x'", "COLUMNS is no function"),
    ("phone = random()", "random is no function"),
    ("phone = repeat('x', 999999999)", "repeat is no function"),
    ("list_transform(cccids, x -> x) IS NULL", "list_transform is no function"),
    ("len(x->x) = 1", "x is no column"),
    ("phone -> 'x' = 1", "-> is no operator"),
    ("phone(1) = 1", "phone is no function"),
    ("phon = 'x'", 'phon is no column; a rule looks at one row and asks no table. Did you mean "phone"?'),
    ("PHONE = 'x'", 'PHONE is no column; a rule looks at one row and asks no table. Did you mean "phone"?'),
    ("phone = 'x') OR (1 = 1", "the parentheses do not close"),
    ("phone = 'x')", "the parentheses do not close"),
    ("(phone = 'x'", "the parentheses do not close"),
    ("(" * 30 + "TRUE" + ")" * 30, "more than 20 deep"),
    ("phone = '" + "x" * 2000 + "'", "the SQL is longer than 2,000 characters"),
    ("phone = \uff4eull", "cannot be read from"),
    ("phone =\u00a0email", "cannot be read from"),
    ("phone = 1e5", "cannot be read from '1e5' on"),
    ("phone", "the SQL is no condition that the engine understands"),
    ("length(phone)", "the SQL is no condition that the engine understands"),
    ("phone = email, TRUE", "the SQL is no condition that the engine understands"),
    ("phone = email AS DATE", "the SQL is no condition that the engine understands"),
    ("phone = = email", "the SQL is no condition that the engine understands"),
    ("AND", "the SQL reads no column"),
    ("regexp_matches(phone, '(?!x)')", "the SQL is no condition that the engine understands"),
    ("regexp_matches(phone, '[')", "the SQL is no condition that the engine understands"),
    ("length(phone, 2, 3) = 1", "the SQL is no condition that the engine understands"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "told"), HOSTILE)
def test_sql_that_is_more_than_a_condition_on_a_row_is_refused(tmp_path: Path, sql: str, told: str) -> None:
    path = local(tmp_path, SQL.replace("SQL", sql))
    with pytest.raises(InputError) as caught:
        with_local(shipped("students"), path)
    assert str(caught.value).startswith("our-rules.yaml, line ")
    assert ", rule local_sql: " in str(caught.value)
    assert told in str(caught.value)
    assert caught.value.__context__ is None


def grown(random: Random, depth: int = 0) -> str:
    """Make up a text that looks like SQL, often well formed, with or without something hostile in it."""
    leaf = [
        "phone",
        "city",
        "'x'",
        "'--'",
        "''''",
        "NULL",
        "1",
        "1.5",
        "zip",
        "cccids",
        '"phone"',
        "E'x'",
        "$$x$$",
    ]
    if depth > 3 or random.random() < 0.2:
        return random.choice(leaf[:10] if random.random() < 0.97 else leaf)
    parts = [grown(random, depth + 1) for _ in range(3)]
    hostile = [
        "{0} IN (SELECT {1})",
        "getenv({0})",
        "{0};{1}",
        "{0} -- {1}",
        "{0} /* {1}",
        "{0}->{1}",
        "{0}.{1}",
    ]
    hostile += [
        "(FROM {0})",
        "count(*) OVER ()",
        "{0}::INT",
        "[{0}]",
        "COLUMNS(*)",
        "{0} AS x",
        "EXISTS ({0})",
        "{0}) = ({1}",
    ]
    shapes = [
        "{0} = {1}",
        "({0} AND {1})",
        "({0} OR NOT {1})",
        "length({0}) > {1}",
        "{0} IS NOT NULL",
        "{0}<={1}",
        "-{0}",
    ]
    shapes += [
        "{0} IN ({1}, {2})",
        "{0} NOT BETWEEN {1} AND {2}",
        "CASE WHEN {0} THEN {1} ELSE {2} END",
        "{0} || {1}",
    ]
    shapes += [
        "try_cast({0} AS DATE) = {1}",
        "coalesce({0}, {1})",
        "{0} NOT LIKE {1}",
        "({0})",
        "{0} - {1}",
        "{0} {1}",
    ]
    return random.choice(hostile if random.random() < 0.05 else shapes).format(*parts)


def nodes(tree: Any) -> Iterator[tuple[str, str]]:
    """Walk over what the engine's own parser made of a text."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree["class"], tree.get("function_name", "")
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from nodes(part)


def test_the_engines_own_parser_finds_nothing_but_a_condition_in_what_is_allowed() -> None:
    random, columns = Random(20261121), ("phone", "city", "zip", "cccids")  # noqa: S311 - nothing secret
    operators = {"~~", "!~~", "||", "+", "-", "*", "/", "%"}
    parsed = refused = 0
    with duckdb.connect() as connection:
        for sql in (grown(random) for _ in range(6_000)):
            if problem(sql, columns):
                refused += 1
                continue
            asked = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT ({sql}) FROM t"])
            tree = json.loads(asked.fetchall()[0][0])
            if tree["error"]:
                continue  # no SQL at all: the engine refuses it where it is asked for its type
            parsed += 1
            (statement,) = tree["statements"]
            (condition,) = statement["node"]["select_list"]
            for kind, function in nodes(condition):
                assert kind in {
                    "BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT",
                    "FUNCTION", "OPERATOR", "TYPE",
                }, sql  # fmt: skip
                assert function in {"", *FUNCTIONS, *operators, "row"}, sql  # a row is (a, b)
    assert parsed > 500
    assert refused > 500


@pytest.mark.parametrize("seed", range(120))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_reader(tmp_path: Path, seed: int) -> None:
    path = local(tmp_path, "")
    path.write_bytes(damaged(GOOD.encode(), Random(seed)))  # noqa: S311 - nothing secret
    with contextlib.suppress(InputError):
        with_local(shipped("students"), path)


EVERY = """\
- element: phone
  rules:
"""
KINDS = [
    "expect_column_values_to_not_be_null\n      when: {zip: present}",
    "expect_column_values_to_be_null\n      when: {zip: {'!=': '1', '>=': '0'}, city: [a, b]}",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_match_regex\n      kwargs: {regex: '^[0-9]{3}'}",
    'expect_column_values_to_not_match_regex\n      kwargs: {column: city, regex: "\'"}',
    "expect_column_values_to_be_in_set\n      kwargs: {value_set: [\"it's\", '{5}']}",
    "expect_column_values_to_not_be_in_set\n      kwargs: {value_set: [a]}\n      when: {zip: {NOT_IN: [b]}}",
    (
        "expect_column_values_to_be_between\n      kwargs:\n        min_value: 1901-01-01\n"
        "        max_value: {$PARAMETER: as_of}"
    ),
    "expect_column_value_lengths_to_be_between\n      kwargs: {min_value: 3, max_value: 20}",
    (
        "expect_compound_columns_to_be_unique\n      kwargs:\n        column_list: [phone, zip]\n"
        "        ignore_row_if: any_value_is_missing"
    ),
    "expect_table_row_count_to_be_between\n      kwargs: {min_value: 1, max_value: 9}",
]


def test_every_kind_of_expectation_can_be_asked_for(tmp_path: Path) -> None:
    rules = "".join(
        f"    - id: local_{n}\n      suites: {{students: info}}\n      message: {{en: It is odd.}}\n"
        f"      remedy: Ask.\n      expect: {kind}\n"
        for n, kind in enumerate(KINDS)
    )
    table = students(zip="95616", city="D'or", phone="530-555-0100")
    judged = validate(
        table, suite="students", as_of=AS_OF, policy=Policy(local=local(tmp_path, EVERY + rules))
    )
    own = judged.counts.filter(pl.col("rule_id").str.starts_with("local_"))
    assert own["errored"].to_list() == [False] * len(KINDS)
    assert own["failures"].to_list() == [0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0]


def test_sql_has_no_condition_beside_it(tmp_path: Path) -> None:
    path = local(tmp_path, SQL.replace("SQL", "phone = email") + "      when: {country: US}\n")
    with pytest.raises(InputError, match="line 9, rule local_sql: when belongs to expect; say it in the SQL"):
        with_local(shipped("students"), path)


def test_words_in_texts_are_no_columns() -> None:
    columns = ("phone", "city")
    assert problem("city = 'phone' OR city IN ('DROP', '--')", columns) == ""
    assert columns_of("city = 'phone' OR city IN ('DROP', '--')", columns) == ("city",)


def test_the_example_for_analysts_runs(tmp_path: Path) -> None:
    readme = (resources.expectations() / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Rules of your own", 1)[1].split("\n## ", 1)[0]
    (example,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    path = local(tmp_path, example)
    added = {
        name: {rule for rule in by_id(with_local(shipped(name), path)) if rule.startswith("local_")}
        for name in SUITES
    }
    assert set.union(*added.values()) == set(re.findall(r"id: (local_\w+)", example))
    for name in re.findall(r"stricter: (\w+)", example):
        raised = [suite for suite in SUITES if _severity(suite, name, path) != _severity(suite, name, None)]
        assert raised, name
    policy = Policy(local=path)
    for wrong, rule in (({"phone": "555-0100"}, "local_phone_area"), ({"zip": "12"}, "local_zip_or_state")):
        table = students(**{"state": None, "zip": None, "country": None} | wrong)
        judged = validate(table, suite="students", as_of=AS_OF, policy=policy)
        assert not judged.counts["errored"].any(), judged.missing
        assert rule in set(judged.failures["rule_id"])


def _severity(suite: str, rule: str, path: Path | None) -> str | None:
    made = with_local(shipped(suite), path) if path else shipped(suite)
    found: str | None = by_id(made).get(rule, {}).get("severity")
    return found


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("zip = NULL", "nothing is equal or unequal to NULL"),
        ("NULL <> zip", "nothing is equal or unequal to NULL"),
        ("1 = 1", "the SQL reads no column"),
        (
            "replace(replace(replace(replace(zip, '9', '99'), '9', '99'), '9', '99'), '9', '99') = ''",
            "more than 3 of concat, regexp_replace, replace stand inside one another",
        ),
    ],
)
def test_sql_that_never_fires_or_fills_the_memory_is_refused(sql: str, words: str):
    assert problem(sql, ["zip"]).startswith(words)


def test_sql_may_change_a_text_step_by_step():
    assert (
        problem("replace(concat(zip, city), ' ', '') = '' OR replace(zip, '-', '') = ''", ["zip", "city"])
        == ""
    )
