"""The suites that are shipped are those that the dictionary makes."""

from __future__ import annotations

import json
import shutil

import pytest

from reconcile import resources
from reconcile.validate.build import build, suite_json, suite_path
from reconcile.validate.dictionary import SUITES
from reconcile.validate.predicates import METRICS, TABLE_TYPES


@pytest.mark.parametrize("suite", SUITES)
def test_suites_are_in_step_with_the_dictionary(suite: str):
    folder = resources.expectations()
    shipped = suite_path(suite, folder).read_bytes().replace(b"\r\n", b"\n")
    assert shipped.decode("utf-8") == suite_json(suite, folder), "Run: python -m reconcile.validate.build"


def test_building_writes_all_suites(tmp_path):
    folder = shutil.copytree(resources.expectations(), tmp_path / "expectations")
    shutil.rmtree(folder / "suites")
    assert [path.stem for path in build(folder)] == list(SUITES)
    assert json.loads(suite_path("students", folder).read_text(encoding="utf-8"))["name"] == "students"


@pytest.mark.parametrize("suite", SUITES)
def test_suites_use_core_types_only(suite: str):
    rules = json.loads(suite_json(suite, resources.expectations()))["expectations"]
    assert {rule["type"] for rule in rules} <= {*METRICS, *TABLE_TYPES}
    assert {"table_not_empty", "table_columns"} <= {rule["meta"]["rule_id"] for rule in rules}
