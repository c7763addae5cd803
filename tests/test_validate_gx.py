"""Our execution engine: as Great Expectations counts, in one statement, and without values."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
from typing import Any

import polars as pl
import pytest

from reconcile import resources
from reconcile.engine import Engine
from reconcile.validate import gx
from reconcile.validate.build import suite_json
from reconcile.validate.predicates import METRICS, TABLE_TYPES

CONDITION = {"type": "comparison", "column": {"name": "flag"}, "operator": "==", "parameter": "true"}
NOT_NULL = {"type": "nullity", "column": {"name": "flag"}, "is_null": False}
ORDERED = {"type": "comparison", "column": {"name": "flag"}, "operator": "<", "parameter": "g"}
LISTED = {"type": "comparison", "column": {"name": "flag"}, "operator": "IN", "parameter": ["true", "x"]}
BOTH = {"type": "and", "conditions": [CONDITION, NOT_NULL]}
EITHER = {"type": "or", "conditions": [CONDITION, ORDERED]}

EXPECTATIONS: list[tuple[str, dict[str, Any]]] = [
    ("expect_column_values_to_not_be_null", {"column": "a"}),
    ("expect_column_values_to_not_be_null", {"column": "a", "row_condition": CONDITION}),
    ("expect_column_values_to_be_null", {"column": "a"}),
    ("expect_column_values_to_be_null", {"column": "a", "row_condition": NOT_NULL}),
    ("expect_column_values_to_match_regex", {"column": "a", "regex": "^[0-9]{2}$"}),
    ("expect_column_values_to_match_regex", {"column": "a", "regex": "^b", "row_condition": BOTH}),
    ("expect_column_values_to_not_match_regex", {"column": "a", "regex": "[\\x00-\\x1F\\x7F\ufffd]"}),
    ("expect_column_values_to_not_match_regex", {"column": "a", "regex": "^[ .,0-9_*?#/-]*$"}),
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["12", "b'b", "é"]}),
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["12"], "row_condition": LISTED}),
    ("expect_column_values_to_not_be_in_set", {"column": "a", "value_set": ["12", ""]}),
    ("expect_column_values_to_be_unique", {"column": "a"}),
    ("expect_column_values_to_be_unique", {"column": "a", "row_condition": EITHER}),
    ("expect_column_value_lengths_to_be_between", {"column": "a", "max_value": 2}),
    ("expect_column_value_lengths_to_be_between", {"column": "a", "min_value": 1, "max_value": 2}),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["a", "flag"], "ignore_row_if": "any_value_is_missing"},
    ),
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
    ("expect_table_columns_to_match_set", {"column_set": ["a"], "exact_match": False}),
    ("expect_table_columns_to_match_set", {"column_set": ["a", "gone"], "exact_match": False}),
]


def suite_of(*expectations: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    rules = [
        {"type": kind, "kwargs": kwargs, "meta": {"rule_id": str(n)}, "severity": "critical"}
        for n, (kind, kwargs) in enumerate(expectations)
    ]
    return {"name": "trial", "expectations": rules, "meta": {"columns": ["a", "flag"]}}


def by_pandas(frame: pl.DataFrame) -> dict[str, tuple[bool, int]]:
    """Let Great Expectations' own pandas engine judge the same rules."""
    import great_expectations as project  # noqa: PLC0415 - costs seconds

    context = project.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("own").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame.to_pandas()})
    rules = project.ExpectationSuite(name="trial", expectations=suite_of(*EXPECTATIONS)["expectations"])
    found = batch.validate(rules, result_format="SUMMARY")
    return {
        one.expectation_config.meta["rule_id"]: (
            one.success,
            one.result.get("unexpected_count", int(not one.success)),
        )
        for one in found.results
    }


@pytest.fixture
def engine():
    with Engine() as opened:
        yield opened


@pytest.mark.filterwarnings("ignore")  # the peer's own
def test_counts_agree_with_the_pandas_engine(engine: Engine):
    chance = random.Random(7)  # noqa: S311 - no secret
    values = [None, "", "12", "1", "b'b", "é", "ab\x01", "b\ufffd", "--", "日本"]
    flags = [None, "true", "false", "x"]
    frame = pl.DataFrame(
        {"a": [*chance.choices(values, k=60), "once"], "flag": [*chance.choices(flags, k=60), "true"]},
        schema={"a": pl.String, "flag": pl.String},
    )
    outcomes = gx.run(suite_of(*EXPECTATIONS), engine.load("rows", frame))
    assert not [one for one in outcomes.values() if one.errored]
    assert {rule: (one.success, one.failures) for rule, one in outcomes.items()} == by_pandas(frame)


def test_every_count_of_a_suite_comes_from_one_statement(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    original = Engine.frame

    def listening(self: Engine, query: str, /, *values: object, **names: Any) -> pl.DataFrame:
        asked.append(query)
        return original(self, query, *values, **names)

    table = engine.load("rows", pl.DataFrame({"a": ["x"], "flag": ["true"]}))
    monkeypatch.setattr(Engine, "frame", listening)
    gx.run(suite_of(*EXPECTATIONS), table)
    assert len([query for query in asked if "count_if" in query]) == 1


def test_a_rule_that_fails_takes_no_other_along(engine: Engine):
    rules = suite_of(
        ("expect_column_values_to_not_be_null", {"column": "a"}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE nope(a)"}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT a FROM {batch}"}),
        ("expect_column_values_to_not_be_null", {"column": "gone"}),
        ("expect_column_values_to_not_be_null", {"column": "a", "row_condition": {"type": "?"}}),
        ("expect_column_mean_to_be_between", {"column": "a", "min_value": 1}),
        ("expect_something_unheard_of", {"column": "a"}),
    )
    outcomes = gx.run(rules, engine.load("rows", pl.DataFrame({"a": ["x", None], "flag": ["true", "x"]})))
    assert {rule: (one.errored, one.failures) for rule, one in outcomes.items()} == {
        "0": (False, 1),
        "1": (True, None),
        "2": (True, None),
        "3": (True, None),
        "4": (True, None),
        "5": (True, None),
        "6": (True, None),
    }


def test_no_value_reaches_great_expectations(engine: Engine, caplog, capfd, monkeypatch):
    seen: list[Any] = []
    original = gx._outcome
    monkeypatch.setattr(gx, "_outcome", lambda one, rows: (seen.append(one), original(one, rows))[1])
    frame = pl.DataFrame({"a": ["CANARY", None, "CANARY"], "flag": ["true", "CANARY", "x"]})
    bad = ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE a::INT = 1"})
    with caplog.at_level(logging.DEBUG):
        gx.run(suite_of(*EXPECTATIONS, bad), engine.load("rows", frame))
    assert seen
    told = json.dumps([one.to_json_dict() for one in seen])
    assert "CANARY" not in told + caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize("suite", ["students", "accounts", "mint_request"])
def test_types_name_the_metrics_that_great_expectations_asks_for(suite: str):
    from great_expectations.expectations.registry import get_expectation_impl  # noqa: PLC0415

    rules = json.loads(suite_json(suite, resources.expectations()))["expectations"]
    for kind in {rule["type"] for rule in rules} - {*TABLE_TYPES, "unexpected_rows_expectation"}:
        assert get_expectation_impl(kind).map_metric == METRICS[kind]


def test_importing_leaves_the_warnings_of_the_process_alone(engine: Engine):
    gx.run(suite_of(*EXPECTATIONS), engine.load("rows", pl.DataFrame({"a": ["x"], "flag": ["y"]})))
    assert logging._warnings_showwarning is None
    assert os.environ["GX_ANALYTICS_ENABLED"] == "False"


def test_nothing_but_running_a_suite_imports_great_expectations():
    code = (
        "import sys, reconcile.validate, reconcile.validate.build; print('great_expectations' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
