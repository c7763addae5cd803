"""Predicates: quoted, and refused where they would say something else than Great Expectations."""

from __future__ import annotations

import pytest

from reconcile.errors import InputError
from reconcile.validate.predicates import columns, counted, failing, row_predicate


def test_names_and_values_are_quoted():
    text = failing(
        "column_values.in_set", {"column": 'LAST "LEGAL" NAME', "value_set": ["O'Neill", 1]}, table="t"
    )
    assert text == '(NOT "LAST ""LEGAL"" NAME" IN (\'O\'\'Neill\', 1))'


def test_bounds_may_be_strict_or_absent():
    def outside(**bounds: object) -> str:
        return failing("column_values.between", {"column": "n", **bounds}, table="t")

    assert outside(min_value=1, max_value=2) == '("n" < 1 OR "n" > 2)'
    assert outside(max_value=2, strict_max=True) == '("n" >= 2)'
    assert outside(min_value=1, strict_min=True) == '("n" <= 1)'
    assert outside() == "(FALSE)"


def test_a_condition_holds_for_the_rows_and_for_those_they_are_compared_with():
    where = {"type": "comparison", "column": {"name": "kind"}, "operator": "IN", "parameter": ["ok"]}
    text = failing("column_values.unique", {"column": "id", "row_condition": where}, table="t")
    assert text.count("\"kind\" IN ('ok')") == 2
    assert counted({"row_condition": where}) == "(\"kind\" IN ('ok'))"
    assert columns({"column": "id", "row_condition": where}) == ("id", "kind")


def test_an_empty_set_allows_nothing():
    assert (
        failing("column_values.in_set", {"column": "a", "value_set": []}, table="t") == '(NOT "a" IN (NULL))'
    )


@pytest.mark.parametrize(
    ("metric", "kwargs", "told"),
    [
        ("column.mean", {"column": "a"}, "No engine rule for the metric column.mean"),
        ("column_values.null", {"column": "a", "row_condition": "a > 1"}, "A row condition is"),
        ("compound_columns.unique", {"column_list": ["a", "b"]}, "ignore_row_if"),
        ("unexpected_rows_query", {"unexpected_rows_query": "DELETE FROM {batch}"}, "has the form"),
    ],
)
def test_what_cannot_be_said_is_refused(metric: str, kwargs: dict[str, object], told: str):
    with pytest.raises(InputError, match=told):
        failing(metric, kwargs, table="t")


@pytest.mark.parametrize("batch", ["{batch}", "{{batch}}"])
def test_a_row_rule_may_look_at_the_other_rows(batch: str):
    query = f"SELECT * FROM {{batch}} WHERE a IN (SELECT a FROM {batch} WHERE b ~ '^{{{{2}}}}{{{{batch}}}}')"
    kwargs = {"unexpected_rows_query": query}
    text = failing("unexpected_rows_query", kwargs, table='odd "t"')
    assert text == '(a IN (SELECT a FROM "odd ""t""" WHERE b ~ \'^{2}{batch}\'))'
    assert row_predicate(query) == "a IN (SELECT a FROM {batch} WHERE b ~ '^{2}{batch}')"


def test_columns_of_a_row_rule_are_those_that_occur_as_words():
    rule = {"unexpected_rows_query": "SELECT * FROM {batch} WHERE email_verified = 'true' AND zip IS NULL"}
    assert columns(rule, known=("email", "email_verified", "zip")) == ("email_verified", "zip")
    assert row_predicate(rule["unexpected_rows_query"]) == "email_verified = 'true' AND zip IS NULL"
