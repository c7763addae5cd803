"""The page of the form for one account: fields by keys alone, faults, candidates, both themes, axe."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from plans import take
from students import NOBODY, account_of

from browser.contrast import faint
from browser.test_audit import SIDEWAYS, axe
from browser.test_panel import PAGE, START
from reconcile.flow.candidates import Lookup
from reconcile.flow.form import Office
from reconcile.flow.single import registry_of
from reconcile.mint.asked import FIELDS
from reconcile.plan import Plan
from reconcile.review import form as module
from reconcile.review.form import AccountForm

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from browser.chromium import Guard

FORM = ".reconcile-form"
RESULT = f"{FORM} section"


@pytest.fixture(scope="module")
def lookup(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Lookup:
    return Lookup(Plan.read(take(small, tmp_path_factory.mktemp("form") / "small")))


@pytest.fixture(scope="module")
def account(small: Path) -> dict[str, str]:
    return account_of(small)


class Counter:
    """A page with the form, and the kernel's side of it."""

    def __init__(self, page: Page, lookup: Lookup) -> None:
        self.page = page
        self.form = AccountForm(Office(lookup, by="Ana"))
        self.answers: list[dict[str, Any]] = []
        self.form.send = lambda message, buffers=None: self.answers.append(message)  # type: ignore[method-assign]
        page.expose_function("kernel", self.answer)
        page.set_content(PAGE)
        page.add_style_tag(content=self.form._css)
        page.evaluate(START, (Path(module.__file__).parent / "form.js").read_text(encoding="utf-8"))
        page.wait_for_selector(f"{FORM} fieldset")

    def answer(self, message: str) -> str:
        self.form._heard(self.form, json.loads(message), [])
        sent, self.answers = self.answers, []
        return json.dumps(sent)

    def fill(self, fields: dict[str, str]) -> None:
        """Type into what is filled in otherwise, a label at a time."""
        for name, text in fields.items():
            if name in FIELDS:
                box = self.page.get_by_label(FIELDS[name].label, exact=False).first
                (box.select_option if FIELDS[name].choices else box.fill)(text)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def finds(self, text: str) -> None:
        self.page.locator(RESULT, has_text=text).wait_for()

    @property
    def asks(self) -> Any:
        return self.page.get_by_role("button", name="Ask for the account")


@pytest.fixture
def counter(new_page: Callable[..., Page], lookup: Lookup) -> Callable[..., Counter]:
    def opened(*, width: int = 1000, theme: str = "light") -> Counter:
        page = new_page(width=width, height=1100, color_scheme=theme)
        page.set_default_timeout(60_000)
        return Counter(page, lookup)

    return opened


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_read_and_used_by_everybody(
    counter: Callable[..., Counter], account: dict[str, str], guard: Guard, screens: Path, theme: str
) -> None:
    made = counter(theme=theme)
    twin = NOBODY | {name: account[name] for name in ("last_name", "birthdate")}
    for state, fields in (("faults", twin | {"birthdate": "30 February"}), ("candidates", twin)):
        made.fill(fields)
        made.press("Look up")
        made.finds("perhaps the student's" if state == "candidates" else "cannot be compared yet")
        made.page.screenshot(path=screens / f"form-{theme}-{state}.png", full_page=True)
        assert axe(made.page) == []
        assert faint(made.page, FORM) == []
    unnamed = made.page.eval_on_selector_all(
        f"{FORM} :is(input, select, textarea)", "all => all.filter(one => !one.labels.length).length"
    )
    assert unnamed == 0
    made.page.set_viewport_size({"width": 320, "height": 800})
    assert made.page.evaluate(SIDEWAYS) == 0
    assert guard.errors == []


def test_a_guardian_is_asked_for_only_of_a_child(counter: Callable[..., Counter], lookup: Lookup) -> None:
    made = counter()
    guardian = made.page.get_by_label("Guardian who consented")
    after = date.fromisoformat(lookup.born_after())
    for born, shown in (
        ("", False), (str(after), False), (str(after + timedelta(1)), True), ("30 February", False),
    ):  # fmt: skip
        made.fill({"birthdate": born})
        assert guardian.is_visible() is shown
    made.fill({"birthdate": str(after + timedelta(1))})
    guardian.fill("Eva Example")
    made.fill(NOBODY)  # an adult
    made.press("Look up")
    made.finds("none may be the student's")
    assert made.form._office._looked.fields["guardian_consent_by"] is None


def test_nothing_is_asked_for_before_exactly_this_was_looked_up(
    counter: Callable[..., Counter], account: dict[str, str], lookup: Lookup
) -> None:
    made = counter()
    twin = (
        NOBODY | {name: account[name] for name in ("last_name", "birthdate")} | {"birthdate": "30 February"}
    )
    made.fill(twin)
    assert made.asks.count() == 0
    made.press("Look up")
    made.page.get_by_text("Invalid date. A day of the calendar is expected").wait_for()
    born = made.page.get_by_label("Date of birth")
    assert born.get_attribute("aria-invalid") == "true"
    assert born.evaluate("one => one === document.activeElement")  # the first field to correct
    assert made.asks.count() == 0
    born.fill(account["birthdate"])
    made.page.keyboard.press("Enter")
    made.finds("perhaps the student's (twin)")
    assert made.asks.is_disabled()
    made.page.get_by_label("I compared").check()
    assert made.asks.is_disabled()
    made.page.get_by_label("Why none of them").fill("a twin")
    assert made.asks.is_enabled()
    made.page.get_by_label("Phone").fill("916-555-0100")
    assert made.asks.count() == 0  # what was looked up is not what stands there now
    made.press("Look up")
    made.page.get_by_label("I compared").check()
    made.page.get_by_label("Why none of them").fill("a twin")
    made.asks.focus()
    made.page.keyboard.press("Enter")
    made.finds("waits for its approval")
    command = made.page.locator(f"{RESULT} code").inner_text()
    assert command.startswith("reconcile batch approve ")
    with registry_of(lookup.plan) as registry:
        assert registry.audit()["what"].to_list()[-4:] == ["drafted", "set_aside", "checked", "submitted"]
    made.press("Next student")
    made.page.get_by_text("Fill in what you know").wait_for()
    assert made.page.get_by_label("Legal last name").input_value() == ""
    assert made.page.get_by_label("Who attests").input_value() == "admissions office"


def test_an_account_that_exists_ends_it_and_nothing_is_saved_with_the_notebook(
    counter: Callable[..., Counter], small: Path, account: dict[str, str]
) -> None:
    made = counter()
    made.page.get_by_label("SIS id").fill("no such id")
    made.press("Fill in from the extract")
    made.page.get_by_text("The extract has no student with this SIS id").wait_for()
    made.fill(NOBODY | {name: account[name] for name in ("first_name", "last_name", "birthdate", "email")})
    made.press("Look up")
    made.finds(f"The account exists: {account['cccid']}")
    assert made.asks.count() == 0
    assert account["street"] in made.page.locator(RESULT).inner_text()
    state = {name: value for name, value in made.form.get_state().items() if name not in ("_esm", "_css")}
    saved = json.dumps(state, default=str) + repr(made.form)
    assert [
        text for text in (account["last_name"], account["birthdate"], account["email"]) if text in saved
    ] == []
