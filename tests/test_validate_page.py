"""The gate's page and what a notebook shows: the verdict and its steps, and no value of anybody's row."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest
from canaries import CANARIES, search, write_date
from test_report_audit import Page
from test_validate_gate import broken_rows, row, table

from reconcile.validate import Policy, Validation, validate
from reconcile.validate.display import sheet_html, sheet_text
from reconcile.validate.page import suite_html
from reconcile.validate.steps import CLOSES, ERRORED, INFO, PASSED, WARNING, Reading, steps, verdict

AS_OF = date(2026, 11, 21)
MARKUP = "<b>AB0001</b>"


def canary_accounts() -> pl.DataFrame:
    """Marked persons in rows that break the rules of every column that could tell who they are."""
    rows = [
        row(
            "accounts",
            number + 1,
            first_name=f"{canary.first}7",
            last_name=f"{canary.last}\x01",
            birthdate=write_date(canary.born, 1),
            email=canary.email.replace("@", " "),
            phone=canary.last,
            city=canary.first * 5,
            ssn_hmac=canary.ssn,
            ssn_last4=canary.ssn,
        )
        for number, canary in enumerate(CANARIES)
    ]
    return table("accounts", row("accounts", 99, cccid=MARKUP, phone="<i>x</i>"), *rows)


def parsed(html: str) -> Page:
    return Page(re.sub(r"<(wbr|col)\b[^>]*>", "", html))


@pytest.fixture(scope="module")
def canaried() -> Validation:
    return validate(canary_accounts(), suite="accounts", as_of=AS_OF)


@pytest.fixture(scope="module")
def html(canaried: Validation) -> str:
    return suite_html(canaried)


@pytest.fixture(scope="module")
def good() -> Validation:
    rows = [row("mint_request", number) for number in range(1, 4)]
    return validate(table("mint_request", *rows), suite="mint_request", as_of=AS_OF)


@pytest.mark.parametrize("suite", ["students", "accounts", "mint_request", "snapshot_change"])
def test_a_page_of_every_suite_is_well_formed_and_stands_alone(suite: str) -> None:
    html = suite_html(validate(broken_rows(suite)[0], suite=suite, as_of=AS_OF))
    page = parsed(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not re.search(r"://|src=|url\(|@import|javascript:| on[a-z]+=", html)
    assert page.headings[0] == page.headings.count(1) == 1
    assert page.tags.count("caption") == page.tags.count("table") > 2


def test_nobody_can_be_known_from_a_page_or_a_notebook(canaried: Validation, html: str) -> None:
    broken = set(canaried.counts.filter(pl.col("failures") > 0)["element"])
    assert {"firstname", "lastname", "birthdate", "email", "mainphone", "ssn", "city"} <= broken
    shown = (html, suite_html(canaried, keys=False), sheet_html(canaried), sheet_text(canaried))
    for text in shown:
        assert search(text.encode()) == set()
    assert "99/99/9999" in html
    assert "(withheld)" in html


def test_what_stands_in_a_file_cannot_become_markup(html: str) -> None:
    assert MARKUP not in html
    assert "&lt;a&gt;AA9999&lt;/a&gt;" in html
    assert "&lt;a&gt;a&lt;/a&gt;" in html


def test_keys_can_be_left_out(canaried: Validation, html: str) -> None:
    keys = [str(key) for key in canaried.failing if key != MARKUP]
    assert all(key in html for key in keys[:5])
    without = suite_html(canaried, keys=False)
    assert not any(key in without for key in keys)
    assert "keep the page as you keep the records" in html
    assert "This page names no row" in without
    assert f'<code class="key">99/99/9999</code> {len(CANARIES)}\N{MULTIPLICATION SIGN}' in without


def test_at_most_five_examples_are_shown_of_how_many(html: str) -> None:
    assert f"Examples: 5 of {len(CANARIES)}" in html
    assert max(part.count("<li>") for part in re.findall(r'class="examples".*?</details>', html)) == 5


def test_both_languages_stand_in_the_page_whatever_was_asked_for(canaried: Validation, html: str) -> None:
    for rule in canaried.counts["rule_id"]:
        for text in canaried.messages[rule].values():
            assert text.replace("'", "&#x27;").replace('"', "&quot;") in html
    assert '<p lang="es" class="es">El paso está cerrado; reglas críticas incumplidas: ' in html
    assert ">The gate is closed; critical rules broken: " in html


def test_what_closes_the_gate_stands_first_and_what_passed_is_folded(canaried: Validation, html: str) -> None:
    kinds = steps(canaried)["kind"].to_list()
    assert kinds == sorted(kinds)
    assert {CLOSES, WARNING, INFO, PASSED} >= set(kinds) >= {CLOSES, WARNING, PASSED}
    order = [html.index(f'id="{key}"') for key in ("closing", "warnings", "passed", "judged")]
    assert order == sorted(order)
    assert re.search(r'<details class="more"><summary>Show the \d+ · ', html)


def test_the_evidence_is_named(canaried: Validation, html: str) -> None:
    for fact in (canaried.rows_hash, canaried.suite_hash, AS_OF.isoformat(), f"{canaried.rows:,}"):
        assert fact in html
    assert "none set" in html


def test_a_rule_that_was_not_evaluated_comes_before_all_others() -> None:
    lacking = validate(canary_accounts().drop("email"), suite="accounts", as_of=AS_OF)
    told = steps(lacking)
    assert told["kind"][0] == ERRORED
    html = suite_html(lacking)
    assert html.index('id="errored"') < html.index('id="closing"')
    assert "Columns missing from the table" in html
    for text in (html, sheet_html(lacking), sheet_text(lacking)):
        assert "columns missing: email" in text


def test_a_threshold_is_shown_where_it_counts() -> None:
    policy = Policy(at_most={"phone_shape": 2, "first_name_digitless": 0.9})
    limited = validate(canary_accounts(), suite="accounts", as_of=AS_OF, policy=policy)
    html = suite_html(limited)
    assert "rules broken more often than allowed: phone_shape (9)" in html
    assert "<code>first_name_digitless</code> 90.0 %" in html
    assert "allowed 2" in sheet_html(limited)
    assert "Allowed" not in suite_html(validate(canary_accounts(), suite="accounts", as_of=AS_OF))


def test_little_is_still_seen() -> None:
    rows = [row("accounts", number) for number in range(1, 9_999)]
    rows[7] = row("accounts", 8, phone="x")
    seen = validate(table("accounts", *rows), suite="accounts", as_of=AS_OF)
    assert seen.verdict == "open"
    html = suite_html(seen)
    assert '0.01 %<span class="bar warning" aria-hidden="true"><i style="width:0.01%"></i>' in html
    assert "min-width: 3px" in html
    assert "9,998 rows judged: 9,998 pass, 0 do not" in html


def test_a_table_as_a_whole_has_no_share() -> None:
    empty = validate(table("accounts"), suite="accounts", as_of=AS_OF)
    html = suite_html(empty)
    assert "the whole table" in html
    assert "0 rows judged" in html
    for text in (html, sheet_html(empty), sheet_text(empty)):
        assert "table_not_empty" in text.replace("<wbr>", "")


def test_an_open_gate_says_so_in_both_languages(good: Validation) -> None:
    assert verdict(good).open
    html = suite_html(good)
    assert "The gate is open; no critical rule is broken." in html
    assert "El paso está abierto; no se incumple ninguna regla crítica." in html
    assert 'id="closing"' not in html
    assert "rules passed." in sheet_text(good)
    assert "<table" not in sheet_html(good)


def test_rows_that_nobody_judged_close_the_gate(good: Validation, canaried: Validation) -> None:
    aside = Reading(file="rows.csv", rows=1_005, accepted=1_000, folded=3, quarantined=2)
    request = verdict(good, readings=[aside])
    assert not request.open
    assert request.sentence["en"] == "The gate is closed; 2 rows of the file were set aside and not judged."
    html = suite_html(good, readings=[aside])
    assert "the gate is closed" in html
    assert "1,005 rows = 1,000 judged + 3 folded into another row + 2 set aside while reading" in html
    rows = [row("accounts", number) for number in range(1, 4)]
    accounts = validate(table("accounts", *rows), suite="accounts", as_of=AS_OF)
    told = verdict(accounts, readings=[aside])
    assert not told.open
    assert "2 filas del archivo se apartaron al leer y no se examinaron" in told.sentence["es"]
    assert "set aside" in verdict(canaried, readings=[aside]).sentence["en"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("critical", "closes the gate", "passed.")),
        ("es", ("crítica", "cierra el paso", "se cumplen.")),
    ],
)
def test_a_notebook_speaks_the_language_asked_for(language: str, words: tuple[str, ...]) -> None:
    seen = validate(canary_accounts(), suite="accounts", as_of=AS_OF, language=language)
    html = seen._repr_html_()
    assert html == sheet_html(seen)
    assert f'lang="{language}"' in html
    assert all(word in html for word in words)
    assert not re.search("<(style|script|link|img)|class=.bar|://", html)
    assert words[0] in sheet_text(seen)
