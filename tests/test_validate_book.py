"""The dictionary to be read: every element and rule is in it, and can be found by whatever it is called."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from elements import ELEMENTS, RULES
from test_validate_page import parsed

from reconcile.errors import InputError
from reconcile.validate.book import dictionary_html
from reconcile.validate.checks import in_words, pattern
from reconcile.validate.dictionary import Element, Rule
from reconcile.validate.lookup import entry_text, facts_of, look_up, overview_text

OFFICIAL = 46
BETWEEN = "expect_column_values_to_be_between"
LENGTHS = "expect_column_value_lengths_to_be_between"
OTHER = "expect_column_values_to_be_of_type"


@pytest.fixture(scope="module")
def html() -> str:
    return dictionary_html(ELEMENTS)


def element(name: str) -> Element:
    return next(one for one in ELEMENTS if one.element == name)


def asked(**facts) -> str:
    made = {"id": "r", "element": "e", "suites": {}, "message": {}, "remedy": "", **facts}
    return in_words(Rule(**made))


def test_the_page_is_well_formed_and_stands_alone(html: str) -> None:
    page = parsed(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not re.search(r"://|src=|url\(|@import|javascript:| on[a-z]+=", html)
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))


def test_every_element_and_every_rule_can_be_linked_to(html: str) -> None:
    page = parsed(html)
    assert {one.element for one in ELEMENTS} <= set(page.ids)
    assert {rule.id for rule in RULES} <= set(page.ids)
    assert page.links.count("#email") == 1
    assert f"{OFFICIAL} elements of OpenCCC" in html


def test_the_page_has_both_languages_and_says_what_is_not_known(html: str) -> None:
    text = parsed(html).text
    for rule in RULES:
        assert all(message in text for message in rule.message.values()), rule.id
        assert rule.remedy in text
        assert in_words(rule) in text
        assert pattern(rule) in text
    for one in ELEMENTS:
        assert all(name in text for name in one.name.values())
        assert one.description in text
        assert one.notes in text
    assert html.count('class="unknown">not known<') > OFFICIAL


def test_a_text_of_the_dictionary_cannot_become_markup() -> None:
    hostile = replace(element("email"), description="<script>x</script>", rules=())
    html = dictionary_html([hostile])
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "No rule is set." in html


@pytest.mark.parametrize(
    "word", ["idme_workflow_status", "verification_workflow_status", "idv_workflow_status"]
)
def test_an_element_is_found_by_any_of_its_names(word: str) -> None:
    assert look_up(word, ELEMENTS) == (element("idme_workflow_status"), None)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("cccId", "ccc_id"),
        ("CCCID", "ccc_id"),
        ("zip", "postalcode"),
        ("ssnType", "ssn_type"),
        ("E-Mail", "email"),
    ],
)
def test_case_and_punctuation_do_not_matter(word: str, name: str) -> None:
    assert look_up(word, ELEMENTS)[0].element == name


def test_every_element_and_every_rule_is_found_by_its_own_name() -> None:
    for one in ELEMENTS:
        assert look_up(one.element, ELEMENTS) == (one, None)
        for rule in one.rules:
            found, its = look_up(rule.id, ELEMENTS)
            assert its == rule or found.element == rule.id


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(InputError, match='Did you mean "birthdate_under_13"'):
        look_up("birthdate_under_12", ELEMENTS)
    with pytest.raises(InputError, match="`reconcile dictionary` lists all elements"):
        look_up("qqqqqq", ELEMENTS)


def test_the_list_has_every_element_and_counts_its_rules() -> None:
    listed = overview_text(ELEMENTS)
    heads = [line.split()[:2] for line in listed.splitlines() if re.match(r" +\d+  [a-z]", line)]
    assert heads == [[str(n), one.element] for n, one in enumerate(official(), start=1)]
    counted = re.search(
        r"^   6  birthdate .*\n.*MIS SB03\n.*accounts (\d)c (\d)w (\d)i", listed, re.MULTILINE
    )
    rules = [rule.suites.get("accounts") for rule in element("birthdate").rules]
    assert counted is not None
    assert [int(n) for n in counted.groups()] == [rules.count(s) for s in ("critical", "warning", "info")]
    assert max(map(len, listed.splitlines())) <= 100


def official() -> list[Element]:
    return sorted((one for one in ELEMENTS if one.number), key=lambda one: one.number or 0)


def test_the_list_of_a_suite_has_what_the_suite_checks() -> None:
    listed = overview_text(ELEMENTS, suite="mint_request", language="es")
    assert "Fecha de nacimiento" in listed
    assert "accounts " not in listed
    assert "secondphone " not in listed


def test_an_entry_has_everything_and_says_what_is_not_known() -> None:
    for one in ELEMENTS:
        text = re.sub(r"\s+", " ", entry_text(one))
        for part in (one.name["en"], one.name["es"], one.source, one.description, one.notes):
            assert re.sub(r"\s+", " ", part).strip() in text, one.element
        for rule in one.rules:
            for part in (rule.id, in_words(rule), *rule.message.values(), rule.remedy):
                assert part in text
            assert all(f"{suite} {grade}" in text for suite, grade in rule.suites.items())
    assert "not known" in dict(facts_of(element("secondphone"))).values()


def test_an_entry_can_be_narrowed_to_a_rule_or_a_suite() -> None:
    email = element("email")
    one = entry_text(email, rule=look_up("email_valid", ELEMENTS)[1])
    assert "email_valid" in one
    assert "email_unique" not in one
    assert "No rule is set in the suite snapshot_change." in entry_text(
        element("city"), suite="snapshot_change"
    )
    eased = next(rule for rule in email.rules if rule.eased)
    assert "warning with a mailbox" in entry_text(email, rule=eased)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_shipped_rule_has_words(rule: Rule) -> None:
    told = in_words(rule)
    assert told.endswith(".")
    assert not re.search(r"expect_|\$PARAMETER|[{}]|None", told)
    assert ("below" in told) == bool(pattern(rule))
    if "row_condition" in rule.kwargs:
        assert ", where " in told


@pytest.mark.parametrize(
    ("expect", "kwargs", "told"),
    [
        (BETWEEN, {"min_value": "a", "strict_min": True}, "c is after a."),
        (BETWEEN, {"min_value": "a", "max_value": "b"}, "c is on or after a and on or before b."),
        (LENGTHS, {"min_value": 2, "max_value": 3}, "c has at least 2 and at most 3 characters."),
        (OTHER, {"type_": "TEXT"}, f"{OTHER}: column c, type_ TEXT."),
    ],
)
def test_rules_that_a_college_may_add_have_words_too(expect: str, kwargs: dict, told: str) -> None:
    assert asked(expect=expect, kwargs={"column": "c", **kwargs}) == told


def test_joined_conditions_are_worded() -> None:
    parts = [
        {"type": "nullity", "column": {"name": "a"}, "is_null": True},
        {"type": "comparison", "column": {"name": "b"}, "operator": "NOT_IN", "parameter": ["x", "y"]},
    ]
    kwargs = {"column": "c", "row_condition": {"type": "and", "conditions": parts}}
    told = asked(expect="expect_column_values_to_not_be_null", kwargs=kwargs)
    assert told == "c is not empty, where a is empty and b is none of: x, y."
