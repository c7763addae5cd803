"""The kernel's side of the panel: what is saved with a notebook, what the page is told, and when it stops."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from desks import ACCOUNTS, PERSONAL, STUDENTS, open_registry, session
from registries import alter

from reconcile.errors import RegistryError
from reconcile.review import panel as module
from reconcile.review.panel import ReviewPanel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconcile.registry import Registry


@pytest.fixture
def registry(tmp_path) -> Iterator[Registry]:
    with open_registry(tmp_path) as opened:
        yield opened


BIRTHDATES = {day for table in (STUDENTS, ACCOUNTS) for day in table["birthdate"]}


class Page:
    """What the page hears."""

    def __init__(self, panel: ReviewPanel) -> None:
        self.panel = panel
        self.heard: list[dict[str, Any]] = []
        panel.send = lambda message, buffers=None: self.heard.append(message)  # type: ignore[method-assign]

    def ask(self, what: str, **more: Any) -> dict[str, Any]:
        asked = {"what": what, "view": "v", "number": len(self.heard) + 1, **more}
        self.panel._answer(self.panel, asked, [])
        return self.heard[-1]


@pytest.fixture
def page(registry: Registry) -> Page:
    return Page(ReviewPanel(session(registry)))


def test_nothing_personal_is_in_what_a_notebook_saves(page: Page, monkeypatch) -> None:
    page.ask("ready")
    page.panel.decide("match", note="her sister Zythromander")
    state = page.panel.get_state()
    assert {"_esm", "_css"} <= set(state)
    told = json.dumps({name: value for name, value in state.items() if name != "layout"}, default=str)
    displayed: list[Any] = []
    monkeypatch.setattr(module, "display", lambda data, **_: displayed.append(data))
    page.panel._ipython_display_()
    shown = str(displayed) + repr(page.panel) + repr(page.panel.said)
    for text in (told, shown):
        assert [value for value in PERSONAL if value in text] == []
    assert "Review panel: 5 pairs left, 1 decided" in shown
    assert "application/vnd.jupyter.widget-view+json" in displayed[1]


def test_a_reviewer_without_birthdates_is_sent_none_whatever_they_do(registry: Registry) -> None:
    page = Page(ReviewPanel(session(registry, veiled=True)))
    first = page.ask("ready")["pairs"][0]
    assert page.heard[0]["veiled"]
    page.ask("exclude", case=first["case"], member="MAR0013")
    for what in ("match", "undo", "unsure", "next", "previous", *["skip"] * 4):
        moves = what in ("undo", "next", "previous")
        page.ask(what, case=None if moves else page.heard[-1]["pairs"][0]["case"])
    assert page.heard[-1]["pairs"] == []
    assert page.ask("match", case=0)["kind"] == "done"
    told = json.dumps([page.heard, page.panel.get_state(), repr(page.panel)], default=str)
    assert len(BIRTHDATES) > 5
    assert [day for day in BIRTHDATES for part in (day, day[:7], day[5:]) if part in told] == []
    lines = {line["name"]: line for line in first["lines"]}
    assert (lines["SSN"]["words"], lines["SSN"]["bits"]) == ("agrees", None)
    assert lines["birthdate"]["sides"][0]["pieces"] == [("on file", False)]
    assert (first["weight"], first["probability"]) == (None, "")
    born = {one["id"]["text"]: one["born"]["text"] for one in first["near"]}
    assert born["MAR0013"] == "birthdate is near, beside the left record"
    assert born["S5"] == "birthdate differs, beside the left record"


def test_the_page_gets_the_pair_and_the_two_behind_it(page: Page) -> None:
    window = page.ask("ready")
    assert [pair["place"] for pair in window["pairs"]] == [1, 2, 3]
    assert (window["kind"], window["view"], window["left"]) == ("done", "v", 6)
    json.dumps(window)  # as it travels


def test_saved_is_said_after_the_registry_has_it(page: Page, registry: Registry) -> None:
    first = page.ask("ready")["pairs"][0]["case"]
    answer = page.ask("different", case=first, note="x", seconds=1.25)
    assert (answer["kind"], answer["decided"]) == ("done", 1)
    assert registry.words().select("decision", "note", "seconds").row(0) == ("different", "x", 1.2)
    assert page.ask("undo")["decided"] == 0


def test_after_a_failure_nothing_else_is_tried_until_it_is_mended(page: Page, registry: Registry) -> None:
    first, second = (pair["case"] for pair in page.ask("ready")["pairs"][:2])
    alter(registry, "ALTER TABLE decisions RENAME TO away")
    failed = page.ask("match", case=first)
    assert failed["kind"] == "failed"
    assert "registry" in failed["problem"]
    alter(registry, "ALTER TABLE away RENAME TO decisions")
    behind = page.ask("match", case=second)
    assert (behind["kind"], behind["pairs"][0]["case"]) == ("failed", first)
    assert "not tried" in behind["problem"]
    assert registry.words().is_empty()
    assert page.ask("match", case=first)["kind"] == "done"
    assert page.ask("match", case=second)["kind"] == "done"


@pytest.mark.skipif(os.name == "nt", reason="another operating system")  # which lets nobody move the file
@pytest.mark.parametrize("loss", ["moved", "removed", "replaced", "emptied"])
def test_a_registry_that_is_lost_under_the_panel_is_no_place_to_save(tmp_path: Path, loss: str) -> None:
    registry = open_registry(tmp_path)
    page = Page(ReviewPanel(session(registry), owned=registry))
    first, second = (pair["case"] for pair in page.ask("ready")["pairs"][:2])
    assert page.ask("match", case=first)["kind"] == "done"
    file = tmp_path / "registry.sqlite"
    if loss == "emptied":
        os.truncate(file, 0)
    else:
        file.rename(tmp_path / "elsewhere.sqlite")
    if loss == "removed":
        shutil.rmtree(tmp_path)
    if loss == "replaced":
        file.write_bytes((tmp_path / "elsewhere.sqlite").read_bytes())
    answer = page.ask("match", case=second)
    assert (answer["kind"], answer["decided"]) == ("failed", 1)
    assert answer["pairs"][0]["case"] == second


def test_a_defect_is_told_without_what_it_quotes(page: Page) -> None:
    first = page.ask("ready")["pairs"][0]["case"]
    answer = page.ask("match", case=first, seconds="Zythromanda")
    assert answer["kind"] == "failed"
    assert "Please report it" in answer["problem"]
    assert "Zythromanda" not in answer["problem"]


def test_the_methods_do_what_the_keys_do(page: Page, registry: Registry) -> None:
    panel = page.panel
    assert panel.skip().skipped == 1
    panel.next()
    panel.previous()
    assert panel.exclude("DEC2001").decided == 1
    assert panel.undo().decided == 0
    assert panel.decide("unsure").decided == 1
    assert panel.said.frame.select("id_r", "decision").rows() == [("DEC2001", "unsure")]
    alter(registry, "DROP TABLE decisions")
    with pytest.raises(RegistryError):
        panel.decide("match")


def test_a_registry_that_was_opened_for_the_panel_is_closed_with_it(tmp_path) -> None:
    registry = open_registry(tmp_path)
    panel = ReviewPanel(session(registry), owned=registry)
    panel.close()
    assert panel.comm is None
