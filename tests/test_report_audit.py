"""The audit page: well formed, alone in the world, readable, and its figures add up."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from reconciliations import reconciliation, tiny
from test_words import contrast

from reconcile.columns import Status
from reconcile.report.audit import audit_html
from reconcile.report.equation import equation

if TYPE_CHECKING:
    from reconcile.results import Reconciliation

VOID = {"br", "meta"}


class Page(HTMLParser):
    """Reads a page strictly: every tag closes where it should, ids are unique."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        self.ids += [named["id"]] if named.get("id") else []
        self.links += [str(named[key]) for key in ("href", "src", "xlink:href", "srcset") if named.get(key)]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.text += data


def drawn(run: Reconciliation) -> str:
    return audit_html(run, equation=equation(run))


@pytest.fixture(scope="module")
def html() -> str:
    return drawn(reconciliation())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_is_well_formed(html: str, page: Page) -> None:
    assert html.startswith('<!doctype html>\n<html lang="en">')
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_loads_nothing_and_runs_nothing(html: str, page: Page) -> None:
    assert "://" not in html
    assert "//" not in "".join(page.links)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not re.search(r"url\(|@import|javascript:| on[a-z]+=", html)
    assert all(link.startswith("#") for link in page.links)


def test_headings_descend_without_a_gap(page: Page) -> None:
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_every_table_has_a_caption_and_every_drawing_words(html: str, page: Page) -> None:
    assert page.tags.count("caption") == page.tags.count("table") > 5
    assert 'role="img" aria-label="Students by status. Confirmed: 1371;' in html


def test_the_first_screen_tells_the_story(page: Page) -> None:
    start = page.text.index("Who has no CCCID")
    screen = page.text[start : page.text.index("Why students have no CCCID")]
    for sentence in (
        "Of 1,893 students in scope, 422 have no CCCID in the SIS.",
        "120 already have an account: its CCCID can be written back.",
        "190 have no account in the snapshot and good data: a CCCID was issued for each of them in this run.",
        "75 need a person's decision before anything happens.",
        "32 have no account in the snapshot, and their record must be corrected first.",
        "The account snapshot is 41 days old",
    ):
        assert sentence in screen
    assert 120 + 190 + 5 + 75 + 32 == 422


def test_the_figures_add_up_to_those_in_scope(html: str) -> None:
    figures = [int(text.replace(",", "")) for text in re.findall(r'class="figure">([0-9,]+)<', html)]
    assert sum(figures) == 1893


def test_one_student_is_spoken_of_in_the_singular() -> None:
    text = Page(drawn(tiny())).text
    assert "Of 2 students in scope, 1 has no CCCID in the SIS." in text
    assert "1 already has an account: its CCCID can be written back." in text
    assert "Of the others, 1 holds a CCCID that was found and is theirs." in text


def test_nobody_missing_is_good_news() -> None:
    run = tiny()
    students = run.students.with_columns(
        status=pl.lit(Status.CONFIRMED.value), sis_cccid=pl.lit("agrees"), search=pl.lit("certain")
    )
    text = Page(drawn(replace(run, students=students))).text
    assert "Of 3 students in scope, every one has a CCCID in the SIS." in text


def test_the_equation_and_the_hashes_are_printed(page: Page, html: str) -> None:
    sums = (
        "rows of students_2026-11-20.csv2,241238 folded + 3 set aside + 2,000 acceptedyes",
        "students accepted2,000107 out of scope + 1,893 in scopeyes",
        "in scope, by status1,89313 held + 26 duplicate_student",
        "1,389 with a CCCID that is theirs + 422 without a CCCID + 82 with one that is wrong",
    )
    for line in sums:
        assert line in page.text
    for entry in reconciliation().inputs:
        assert f'title="{entry.source.sha256}"' in html
        assert entry.source.sha256 in page.text


def test_names_files_not_folders(html: str) -> None:
    assert "students_2026-11-20.csv" in html
    assert "nobody/" not in html


def test_scope_and_date_of_the_snapshot_stand_at_the_top(page: Page) -> None:
    top = page.text[: page.text.index("Who has no CCCID")]
    assert "accounts: own applications, as of 2026-10-10" in top


def test_a_demo_cannot_be_taken_for_real(page: Page) -> None:
    assert "DEMO" in page.text.split("CCCID audit")[0]
    assert "DEMO" not in drawn(reconciliation(demo=False)).split("</style>")[1]


def test_the_approver_is_told_what_to_type() -> None:
    text = Page(drawn(reconciliation(demo=False))).text
    assert "reconcile batch approve B-2026-0001" in text
    assert "nobody yet" in text


def test_hostile_text_stays_text() -> None:
    evil = '"><script>alert(1)</script>'
    run = reconciliation()
    entry = replace(run.inputs[0], source=replace(run.inputs[0].source, path=Path(evil.replace("/", "_"))))
    hostile = replace(
        run,
        title=evil,
        population=evil,
        notes=(evil,),
        inputs=(entry, *run.inputs[1:]),
        quarantine=run.quarantine.with_columns(message=pl.lit(evil), kind=pl.lit(evil)),
        students=run.students.with_columns(college=pl.lit(evil)),
    )
    page = Page(drawn(hostile))
    assert "script" not in page.tags
    assert page.open == []


@pytest.mark.parametrize("theme", [0, 1])
def test_text_has_contrast_in_both_themes(html: str, theme: int) -> None:
    def colour(name: str) -> str:
        return re.findall(rf"--{name}: (#[0-9a-f]{{6}})", html)[theme]

    for ink, ground in (
        ("ink", "page"),
        ("ink", "panel"),
        ("soft", "page"),
        ("soft", "panel"),
        ("mark-ink", "mark"),
    ):
        assert contrast(colour(ink), colour(ground)) >= 4.5
