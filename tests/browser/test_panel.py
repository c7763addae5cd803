"""The page of the review panel by itself: keys, masks, alarms, both themes, zoom, and no fault for axe."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from desks import PERSONAL, many, open_registry, session
from registries import alter

from browser.contrast import faint
from browser.test_audit import SIDEWAYS, axe
from reconcile.review import panel as module
from reconcile.review.panel import ReviewPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from browser.chromium import Guard
    from reconcile.registry import Registry

HOME = Path(module.__file__).parent
PAGE = """<!doctype html><html lang="en"><head><title>Review</title>
<meta name="color-scheme" content="light dark">
<style>body { margin: 1rem } h1, h2 { font: 1rem sans-serif }</style></head>
<body><main><h1>A notebook</h1><h2>A cell</h2><button id="before">before</button><div id="cell"></div>
<button id="after">after</button></main></body></html>"""
# What JupyterLab does: the model carries messages, the module draws. The kernel's side is the real one.
START = """async source => {
  const heard = [];
  window.fromKernel = messages => messages.forEach(message => heard.forEach(tell => tell(message)));
  const model = {
    on: (name, tell) => heard.push(tell), off: (name, tell) => heard.splice(heard.indexOf(tell), 1),
    send: async message => window.fromKernel(JSON.parse(await window.kernel(JSON.stringify(message)))),
  };
  const url = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
  const module = await import(url);
  window.times = [];
  document.addEventListener('reconcile-saved', event => window.times.push(event.detail.milliseconds));
  module.default.render({model, el: document.getElementById('cell')});
}"""
PANEL = ".reconcile-review"
STATUS = f"{PANEL} .rr-status"
ALERT = f"{PANEL} .rr-alert"


class Desk:
    """A page with the panel, and the kernel's side of it."""

    def __init__(self, page: Page, registry: Registry, **options: Any) -> None:
        self.page = page
        self.registry = registry
        self.panel = ReviewPanel(session(registry, **options))
        self.answers: list[dict[str, Any]] = []
        self.panel.send = lambda message, buffers=None: self.answers.append(message)  # type: ignore[method-assign]
        self.silent = False
        page.expose_function("kernel", self.answer)
        page.set_content(PAGE)
        page.add_style_tag(path=HOME / "panel.css")
        page.evaluate(START, (HOME / "panel.js").read_text(encoding="utf-8"))
        page.wait_for_selector(f"{PANEL} .rr-body > *")

    def answer(self, message: str) -> str:
        if not self.silent:
            self.panel._answer(self.panel, json.loads(message), [])
        sent, self.answers = self.answers, []
        return json.dumps(sent)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focus(self) -> None:
        self.page.locator(PANEL).focus()

    @property
    def text(self) -> str:
        return self.page.locator(PANEL).inner_text()

    def says(self, text: str, where: str = STATUS) -> None:
        self.page.locator(where, has_text=text).wait_for()

    def words(self) -> list[tuple[Any, ...]]:
        return self.registry.words().select("id_l", "id_r", "decision", "note").rows()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with open_registry(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(new_page: Callable[..., Page], registry: Registry) -> Callable[..., Desk]:
    def opened(
        *, width: int = 1000, theme: str = "light", motion: str = "no-preference", **options: Any
    ) -> Desk:
        page = new_page(width=width, height=1100, color_scheme=theme, reduced_motion=motion)
        page.set_default_timeout(15_000)
        return Desk(page, registry, **options)

    return opened


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_read_and_used_by_everybody(
    desk: Callable[..., Desk], guard: Guard, screens: Path, theme: str
) -> None:
    made = desk(theme=theme)
    for state in ("masked", "shown", "open"):
        if state == "shown":
            made.focus()
        if state == "open":
            made.press("w", "o", "?", "e")
        made.page.screenshot(path=screens / f"panel-{theme}-{state}.png", full_page=True)
        assert axe(made.page) == []
        assert faint(made.page, PANEL) == []
    small = made.page.eval_on_selector_all(
        f"{PANEL} button",
        "all => all.map(b => b.getBoundingClientRect()).filter(b => Math.min(b.width, b.height) < 24)",
    )
    assert small == []
    assert guard.errors == []


def test_axe_would_notice(desk: Callable[..., Desk]) -> None:
    made = desk()
    made.page.add_style_tag(content=f"{PANEL} {{ --ink: #999 }}")
    assert "color-contrast" in axe(made.page)
    assert faint(made.page, PANEL)


def test_twice_as_large_it_fits_without_scrolling_sideways(desk: Callable[..., Desk], screens: Path) -> None:
    made = desk(width=640)  # what is left of 1280 pixels at 200 %
    made.focus()
    made.press("w", "?")
    made.page.screenshot(path=screens / "panel-200.png", full_page=True)
    assert made.page.evaluate(SIDEWAYS) == 0
    made.page.set_viewport_size({"width": 320, "height": 800})
    assert made.page.evaluate(SIDEWAYS) == 0


def test_nobody_is_on_the_page_until_somebody_works_there(desk: Callable[..., Desk]) -> None:
    made = desk()

    def seen() -> set[str]:
        html = made.page.content()
        return {value for value in PERSONAL if value in html or value in made.text}

    assert seen() == set()
    made.focus()
    assert "Zythromanda" in made.text
    made.press("x")
    assert seen() == set()
    made.press("m")
    made.says("Everything is masked")
    made.press("x")
    assert seen()
    made.page.locator("#after").focus()
    assert seen() == set()
    assert made.words() == []


def test_a_click_on_what_is_masked_decides_nothing(desk: Callable[..., Desk]) -> None:
    made = desk()
    match = made.page.get_by_role("button", name="Match m", exact=True)
    match.click()
    assert "Zythromanda" in made.text
    assert made.words() == []
    match.click()
    made.says("Saved: match")
    assert made.words() == [("S1", "DEC2001", "match", None)]


def test_every_key_does_what_its_button_says(desk: Callable[..., Desk]) -> None:
    made = desk()
    made.focus()
    made.press("e")
    made.page.keyboard.type("m is her mother")
    made.press("Escape", "m")
    made.says("Saved: match")
    assert made.words() == [("S1", "DEC2001", "match", "m is her mother")]
    made.press("n")
    made.says("Saved: not a match")
    made.press("z")
    made.says("Taken back")
    assert made.registry.decisions()["id_r"].to_list() == ["DEC2001"]
    made.press("u")
    made.says("Saved: unsure")
    made.press("k")
    made.page.get_by_text("You have decided this pair: unsure").wait_for()
    assert "+12 bits" not in made.text
    assert "probability" not in made.text
    made.press("w")
    assert "+12 bits" in made.text
    assert "probability 0.4000" in made.text
    made.press("w", "j")
    made.page.get_by_label("Pair 3 of 6").wait_for()
    made.press("s")
    made.says("Skipped")
    made.press("s", "s")
    made.page.get_by_label("Pair 6 of 6").wait_for()
    made.press("o", "2")
    made.says("Saved: record excluded")
    made.page.get_by_role("heading", name="The end of the queue").wait_for()
    assert "2 pairs were skipped" in made.text
    made.press("j")
    made.page.get_by_label("Pair 3 of 6").wait_for()
    assert "Put the pair off until later" not in made.text
    made.press("?")
    assert "Put the pair off until later" in made.text
    assert made.registry.verify().ok


def test_the_keyboard_alone_reaches_every_button_in_view(desk: Callable[..., Desk]) -> None:
    made = desk(motion="reduce")
    made.page.locator("#before").focus()
    names = []
    for _ in range(20):
        made.press("Tab")
        name, outline = made.page.evaluate(
            "[document.activeElement.textContent, getComputedStyle(document.activeElement).outlineStyle]"
        )
        if name == "after":
            break
        assert outline != "none"
        names.append(name)
    assert [name[-1] for name in names[1:]] == list("mnuszkjeowx?")


def test_a_failed_save_shouts_stays_and_stops_the_queue(desk: Callable[..., Desk], screens: Path) -> None:
    made = desk()
    made.focus()
    alter(made.registry, "ALTER TABLE decisions RENAME TO away")
    made.press("m", "n")
    made.says("NOT SAVED", ALERT)
    made.page.screenshot(path=screens / "panel-failed.png", full_page=True)
    made.page.get_by_label("Pair 1 of 6").wait_for()
    made.press("j")
    made.page.get_by_label("Pair 2 of 6").wait_for()
    assert "NOT SAVED" in made.text
    made.press("k")
    made.page.get_by_label("Pair 1 of 6").wait_for()
    alter(made.registry, "ALTER TABLE away RENAME TO decisions")
    assert made.words() == []
    made.press("m")
    made.says("Saved: match")
    assert "NOT SAVED" not in made.text
    assert [row[:3] for row in made.words()] == [("S1", "DEC2001", "match")]


def test_without_a_kernel_there_is_a_sentence(desk: Callable[..., Desk]) -> None:
    made = desk()
    made.silent = True
    made.page.clock.install()
    made.focus()
    made.press("m")
    made.says("Saving…")
    made.page.clock.run_for(11_000)
    made.says("The kernel does not answer. NOT SAVED", ALERT)
    made.page.evaluate("document.querySelector('.reconcile-review').remove()")
    made.page.evaluate(START, (HOME / "panel.js").read_text(encoding="utf-8"))
    made.says("Waiting for the kernel")
    made.page.clock.run_for(6_000)
    made.says("works only in a notebook whose kernel runs", ALERT)
    assert axe(made.page) == []


def test_a_reviewer_without_birthdates_gets_none_on_the_page(
    desk: Callable[..., Desk], screens: Path
) -> None:
    made = desk(theme="dark", reviewer="Eva", veiled=True)
    made.focus()
    made.press("w", "s", "s", "s", "s", "s")
    made.page.get_by_label("Pair 6 of 6").wait_for()
    made.press("o")
    assert "Birthdates and SSNs are not shown to you" in made.text
    assert "birthdate differs, beside the left record" in made.text
    assert not re.search(r"(19|20)[0-9]{2}-", made.page.content())
    made.page.screenshot(path=screens / "panel-veiled.png", full_page=True)
    assert axe(made.page) == []


def test_the_end_of_the_queue_says_what_is_next_and_who_else_is_asked(
    desk: Callable[..., Desk], screens: Path
) -> None:
    ana = desk(reviewer="Ana", reviewers=2, limit=2)
    ana.focus()
    ana.press("m", "m")
    ana.page.get_by_text("2 pairs wait for the word of a second reviewer").wait_for()
    assert "4 more pairs wait; run the cell again for the next queue." in ana.text
    assert axe(ana.page) == []
    ben = desk(reviewer="Ben", reviewers=2, limit=2)
    ben.focus()
    ben.press("n", "m")
    ben.page.get_by_text("On 1 pair the reviewers do not agree").wait_for()
    assert "Two reviewers do not agree on this pair" in desk(reviewer="Eva", reviewers=2).text
    none = desk(parts=())
    assert "No pair of these records waits for a decision of yours." in none.text
    none.page.screenshot(path=screens / "panel-nothing.png", full_page=True)


def test_a_decision_against_another_ones_is_said_before_it_is_kept(desk: Callable[..., Desk]) -> None:
    made = desk()
    made.focus()
    session(made.registry, reviewer="Ben").decide("match")
    made.press("n")
    made.says("NOT SAVED: Ben has decided this pair meanwhile, in another way.", ALERT)
    assert "Decided meanwhile by Ben: match." in made.text
    made.press("n")
    made.says("Saved: not a match")
    assert [row[2] for row in made.words()] == ["match", "different"]


def test_what_was_changed_since_is_said(desk: Callable[..., Desk]) -> None:
    from dataclasses import replace  # noqa: PLC0415 - beside its only use

    from desks import PARTS, STUDENTS  # noqa: PLC0415

    first = desk()
    first.focus()
    first.press("n")
    first.says("Saved")
    moved = STUDENTS.with_columns(birthdate=STUDENTS["birthdate"].replace("2001-02-03", "2001-02-05"))
    made = desk(reviewer="Ben", parts=[replace(part, left=moved) for part in PARTS])
    assert 'Ana decided "not a match", and a record was changed afterwards' in made.text


def test_ten_thousand_pairs_are_decided_as_fast_as_keys_are_pressed(
    desk: Callable[..., Desk], capsys: pytest.CaptureFixture[str]
) -> None:
    made = desk(parts=many(10_000), limit=10_000)
    made.focus()
    for _ in range(10):
        made.press("m", "n")
        made.page.wait_for_timeout(30)
    made.page.wait_for_function("window.times.length === 20")
    times = sorted(made.page.evaluate("window.times"))
    told = f"key to saved {times[10]:.0f} ms (median), {times[-1]:.0f} ms (longest)"
    with capsys.disabled():
        print(f"\npanel, 10,000 pairs: {told}")  # noqa: T201 - a figure for people, of this machine
    assert made.registry.words().height == 20
    assert "20 decided · 9,980 left" in made.text


def test_text_from_a_file_is_never_markup(desk: Callable[..., Desk]) -> None:
    made = desk()
    made.focus()
    made.press("s", "s")
    made.page.get_by_label("Pair 3 of 6").wait_for()
    assert "<b>anne</b>@example.net" in made.text
    assert made.page.locator(f"{PANEL} b").count() == 0
