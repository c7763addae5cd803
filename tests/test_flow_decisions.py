"""A work list leaves a run and comes back as decisions, by the commands that a reviewer's colleague types."""

from __future__ import annotations

import csv
import io
import re
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from desks import with_roles
from plans import change_plan, change_rows, take
from workbooks import workbook

from reconcile.cli import main
from reconcile.errors import InputError, OutputError, RegistryError
from reconcile.files import permissions_are_enforced
from reconcile.flow.decisions import enter_decisions, read_decisions, write_work_list
from reconcile.flow.desk import desk
from reconcile.plan import Plan
from reconcile.registry import Registry
from reconcile.registry.disclosures import disclosures

if TYPE_CHECKING:
    from reconcile.flow.run import Run
    from reconcile.review.panel import ReviewPanel


@pytest.fixture
def plan(small: Path, tmp_path: Path) -> Path:
    return take(small, tmp_path / "p")


@pytest.fixture
def done(small_run: Run, plan: Path) -> Run:
    """The small run, with a registry of its own that is not there yet."""
    return replace(small_run, plan=Plan.read(plan))


@pytest.fixture
def file(done: Run, tmp_path: Path) -> Path:
    """A work list on which the first two pairs are decided."""
    path = write_work_list(done, tmp_path / "pairs.csv")
    path.write_bytes(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))

    def decide(rows: list[dict[str, str]]) -> None:
        rows[0]["decision"], rows[1]["decision"] = "match", "Different"

    change_rows(path, decide)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def pairs(path: Path) -> list[tuple[str, str, str]]:
    return [(row["table"], row["id_l"], row["id_r"]) for row in rows_of(path)]


def test_decisions_reach_the_registry_and_are_not_asked_again(
    done: Run, file: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decide", str(file), "--plan", str(plan), "--by", "reviewer"]) == 0
    assert "Decisions entered: 2." in capsys.readouterr().out
    with Registry.open(done.plan.registry, demo=True, create=False) as registry:
        kept = registry.decisions()
        assert sorted(kept.select("decision", "by").rows()) == [
            ("different", "reviewer"),
            ("match", "reviewer"),
        ]
        assert registry.verify().ok
        record = disclosures(registry).row(0, named=True)
        shown = {name for pair in pairs(file) for name in pair[1:]}
        assert (record["kind"], record["file"], record["people"]) == ("work list", "pairs.csv", len(shown))
    asked, again = pairs(file), pairs(write_work_list(done, tmp_path / "again.csv"))
    assert again == asked[2:]


def test_a_reviewer_decides_without_birthdates_and_is_not_asked_again(
    done: Run, plan: Path, tmp_path: Path
) -> None:
    with Registry.open(done.plan.registry, demo=True) as registry:
        with_roles(registry, Ana="requester", Eva="reviewer")
    whole = write_work_list(done, tmp_path / "whole.csv", reader="Ana").read_text(encoding="utf-8-sig")
    days = set(re.findall(r"\b(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}\b", whole))
    assert days
    scored = write_work_list(done, tmp_path / "scored.csv", reader="Ana", scores=True)
    assert all(row["match_probability"] and row["why"] for row in rows_of(scored))
    path = write_work_list(done, tmp_path / "veiled.csv", reader="Eva", scores=True)
    assert "match_probability" not in rows_of(path)[0]  # with the words it would tell the birthdate
    assert all(row["why"] for row in rows_of(path))
    text = path.read_text(encoding="utf-8-sig")
    assert not re.search(r"\b(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}\b", text)
    assert set(re.findall(r"h[0-9a-f]{16}-", text)).isdisjoint(re.findall(r"h[0-9a-f]{16}-", whole))
    assert {row["birthdate"] for row in rows_of(path)} <= {"agree", "near", "differ", ""}
    path.write_text(text, encoding="utf-8")
    change_rows(path, lambda rows: rows[0].update(decision="different"))
    assert enter_decisions(path, plan, by="Eva") == 1
    again = write_work_list(done, tmp_path / "again.csv", reader="Ana")
    assert pairs(again) == pairs(path)[1:]


def test_a_reviewer_decides_in_the_panel_without_the_files(done: Run, plan: Path, tmp_path: Path) -> None:
    place = Path(done.plan.registry)
    with Registry.open(place, demo=True) as registry:
        with_roles(registry, Ana="requester", Eva="reviewer")
    whole = pairs(write_work_list(done, tmp_path / "whole.csv", reader="Ana"))
    path = write_work_list(done, tmp_path / "pairs.json", reader="Eva")
    assert not re.search(r"\b(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}\b", path.read_text(encoding="utf-8"))

    def opened() -> ReviewPanel:
        return desk(path, registry=place, demo=True, reviewer="Eva")

    panel = opened()
    assert panel.progress.left == len(whole)
    panel.decide("different")
    panel.close()
    other = desk(plan, reviewer="Ana")
    other.decide("match")
    other.close()
    panel = opened()
    assert (panel.progress.decided, panel.progress.left) == (1, len(whole) - 2)
    assert panel.undo().left == len(whole) - 1
    panel.decide("different")
    panel.close()
    again = write_work_list(done, tmp_path / "again.csv", reader="Ana")
    assert len(pairs(again)) == len(whole) - 2  # the words hold, though they were said of marks
    clear = write_work_list(done, tmp_path / "clear.json", reader="Ana")
    with pytest.raises(RegistryError, match="written for somebody who sees birthdates"):
        desk(clear, registry=place, demo=True, reviewer="Eva")
    (tmp_path / "other.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="holds no pairs for the panel"):
        desk(tmp_path / "other.json", registry=place, demo=True, reviewer="Eva")


def as_excel_saves_it(path: Path, form: str, *more: tuple[str, list[list[str]]]) -> Path:
    """Open the list in Excel and save it: numbers lose their zeros, and dates become dates."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        rows = [[as_excel_takes_it(cell) for cell in row] for row in csv.reader(opened)]
    assert any(isinstance(row[1], int) for row in rows)
    if form == "xlsx":
        dates = [[(cell, "m/d/yyyy") if isinstance(cell, date) else cell for cell in row] for row in rows]
        path = path.with_suffix(".xlsx")
        path.write_bytes(workbook(("pairs", dates), *more))
        return path
    delimiter, encoding = {
        "California": (",", "cp1252"),
        "semicolons": (";", "cp1252"),
        "CSV UTF-8, semicolons": (";", "utf-8-sig"),
        "Unicode text": ("\t", "utf-16"),
    }[form]
    text = io.StringIO()
    shown = [[f"{c.month}/{c.day}/{c.year}" if isinstance(c, date) else c for c in row] for row in rows]
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(shown)
    path.write_bytes(text.getvalue().encode(encoding, errors="replace"))
    return path


def as_excel_takes_it(cell: str) -> str | int | float | date | None:
    if re.fullmatch(r"[0-9]{1,15}", cell):
        return int(cell)
    if re.fullmatch(r"[0-9]+\.[0-9]+(e-[0-9]+)?", cell):
        return float(cell)
    return date.fromisoformat(cell) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell) else cell or None


FORMS = ("California", "semicolons", "CSV UTF-8, semicolons", "Unicode text", "xlsx")


@pytest.mark.parametrize("form", FORMS)
def test_decisions_come_back_as_they_were_written_however_excel_saves_them(file: Path, form: str) -> None:
    def annotate(rows: list[dict[str, str]]) -> None:
        rows[0]["note"], rows[1]["note"] = 'Spoke to "Peña"; her mother\'s name', "see the file"

    change_rows(file, annotate)
    wanted = read_decisions(file)
    assert wanted.height == 2
    assert "Peña" in wanted["note"][0]
    assert read_decisions(as_excel_saves_it(file, form)).equals(wanted)


@pytest.mark.parametrize(("form", "place"), [("semicolons", "line 4"), ("xlsx", "row 4")])
def test_a_wrong_word_is_named_by_its_place_in_the_file(file: Path, form: str, place: str) -> None:
    change_rows(file, lambda rows: rows[2].update(decision="Quetzal"))
    path = as_excel_saves_it(file, form)
    with pytest.raises(InputError) as caught:
        read_decisions(path)
    assert str(caught.value).splitlines() == [
        f"{path}:",
        f"  {place}: not a decision. Known: different, match, unsure.",
    ]


def test_of_several_sheets_the_list_is_named(
    file: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = as_excel_saves_it(file, "xlsx", ("Notes", [["asked"], ["yes"]]))
    decide = ["decide", str(path), "--plan", str(plan), "--by", "reviewer"]
    assert main(decide) == 2
    assert "(--sheet): 1 'pairs', 2 'Notes'." in capsys.readouterr().err
    assert read_decisions(path, sheet="pairs").height == 2
    assert main([*decide, "--sheet", "Notes"]) == 2
    assert "has no column table, id_l, id_r, decision, hash" in capsys.readouterr().err


def test_a_list_that_somebody_fills_in_is_not_overwritten(done: Run, file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(OutputError, match="is not overwritten"):
        write_work_list(done, file)
    assert file.read_bytes() == before
    if permissions_are_enforced():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_list_without_decisions_changes_nothing(done: Run, plan: Path, tmp_path: Path) -> None:
    path = write_work_list(done, tmp_path / "pairs.csv")
    assert enter_decisions(path, plan, by="reviewer") == 0


def test_a_wrong_word_enters_nothing(
    done: Run, file: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_rows(file, lambda rows: rows[2].update(decision="mach"))
    assert main(["decide", str(file), "--plan", str(plan), "--by", "reviewer"]) == 2
    assert 'line 4: not a decision. Did you mean "match"?' in capsys.readouterr().err
    with Registry.open(done.plan.registry, demo=True) as registry:
        assert registry.decisions().is_empty()


def test_a_decision_has_a_name(file: Path, plan: Path) -> None:
    with pytest.raises(InputError, match="name of its reviewer"):
        enter_decisions(file, plan, by=" ")


def test_a_registry_is_not_made_by_a_decision(file: Path, small: Path, tmp_path: Path) -> None:
    other = take(small, tmp_path / "other")
    with pytest.raises(RegistryError, match="There is no registry"):
        enter_decisions(file, other, by="reviewer")
    assert not (other.parent / "registry.sqlite").exists()


def test_the_desk_asks_what_the_work_list_asks_and_the_run_knows_the_answer(
    plan: Path, small_run: Run, done: Run, tmp_path: Path
) -> None:
    asked = set(small_run.work_list().frame.select("id_l", "id_r").rows())
    panel = desk(plan, reviewer="Ana")
    assert panel.progress.left == len(asked)
    panel.decide("different", note="seen on paper")
    assert set(panel.said.frame.select("id_l", "id_r").rows()) < asked
    panel.close()
    again = desk(plan, reviewer="Ben")
    assert again.progress.left == len(asked) - 1
    again.close()
    listed = write_work_list(done, tmp_path / "pairs.csv").read_text(encoding="utf-8-sig")
    assert len(listed.splitlines()) == len(asked)  # a line for the head, one less for the decision


def test_two_reviewers_are_asked_for_in_the_plan(
    plan: Path, small_run: Run, done: Run, tmp_path: Path
) -> None:
    change_plan(plan, review={"reviewers": 2})
    for reviewer in ("Ana", "Ben"):
        panel = desk(plan, reviewer=reviewer)
        waiting = panel.progress.left
        panel.decide("match")
        panel.close()
    made = Plan.read(plan)
    with Registry.open(made.registry, demo=True) as registry:
        assert registry.decisions(reviewers=made.review.reviewers)["decision"].to_list() == ["match"]
        registry.record(registry.words().head(1).with_columns(id_r=pl.lit("X")), by="Ana")
    done = replace(small_run, plan=made)
    listed = write_work_list(done, tmp_path / "pairs.csv").read_text(encoding="utf-8-sig")
    assert len(listed.splitlines()) == waiting
