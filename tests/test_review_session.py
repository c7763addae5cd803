"""The queue of one reviewer: order, decisions kept at once, undo, two reviewers, and going on later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from desks import ACCOUNTS, LINKS, PARTS, PERSONAL, STUDENTS, key, many, open_registry, session
from registries import alter

from reconcile.errors import InputError, RegistryError
from reconcile.review import review, standing
from reconcile.review.cases import Cases, Part
from reconcile.review.differences import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconcile.registry import Registry
    from reconcile.review.session import Session

QUEUE = [
    ("S1", "DEC2001"),
    ("S1", "MAR0013"),
    ("S4", "MAR0012"),
    ("S2", "ABD1234"),
    ("S1", "S3"),
    ("S3", "S5"),
]


@pytest.fixture
def registry(tmp_path) -> Iterator[Registry]:
    with open_registry(tmp_path) as opened:
        yield opened


def queue(made: Session) -> list[tuple[str, str]]:
    """The pairs of a session in the order in which they come up."""
    found = []
    while made.place is not None:
        found.append(key(made))
        made.skip()
    return found


def said(registry: Registry) -> list[tuple[str, ...]]:
    return registry.words().select("id_l", "id_r", "decision", "by").rows()


def test_pairs_that_decide_whether_an_account_is_made_come_first_then_the_nearest_to_a_threshold(registry):
    assert queue(session(registry)) == QUEUE  # S1 is linked to S5 already, S3 holds a number


def test_the_queue_is_bounded_and_says_what_waits(registry):
    made = session(registry, limit=2)
    assert (made.progress.left, made.progress.waiting) == (2, 4)
    assert queue(made) == QUEUE[:2]


def test_a_decision_is_in_the_registry_with_who_when_how_long_and_note(registry):
    made = session(registry)
    made.decide("match", note="same e-mail", seconds=4.26)
    made.decide("unsure")
    word = registry.words().row(0, named=True)
    assert (word["id_l"], word["id_r"], word["decision"]) == ("S1", "DEC2001", "match")
    assert (word["by"], word["note"], word["seconds"]) == ("Ana", "same e-mail", 4.3)
    assert word["at"].startswith("20")
    assert registry.words()["seconds"][1] >= 0
    assert registry.verify().ok
    assert (made.progress.decided, made.progress.left) == (2, 4)


def test_decisions_of_the_panel_hold_as_those_of_a_list_do(registry):
    made = session(registry)
    made.decide("match")
    decided = registry.decisions()
    assert standing(decided, STUDENTS, ACCOUNTS, id=("sis_id", "cccid")).frame.height == 1
    listed = review(PARTS[0].pairs, STUDENTS, ACCOUNTS, id=("sis_id", "cccid"), decided=decided)
    assert "DEC2001" not in listed.frame["id_r"]


def test_a_decision_that_cannot_be_kept_changes_nothing(registry):
    made = session(registry)
    before = key(made)
    with pytest.raises(InputError, match="one of match, different, unsure"):
        made.decide("same")
    alter(registry, "DROP TABLE decisions")
    with pytest.raises(RegistryError):
        made.decide("match")
    assert key(made) == before
    assert made.progress.decided == 0


def test_undo_takes_back_the_last_decision_and_asks_again(registry):
    made = session(registry)
    assert made.undo() is False
    made.decide("match")
    made.decide("different")
    assert made.undo()
    assert key(made) == QUEUE[1]
    assert registry.decisions().select("id_r", "decision").rows() == [("DEC2001", "match")]
    assert made.undo()
    assert key(made) == QUEUE[0]
    assert made.progress.decided == 0
    assert [word for *_, word, _ in said(registry)] == ["match", "different", "withdrawn", "withdrawn"]


def test_work_goes_on_where_it_stopped_and_an_old_decision_can_still_be_undone(registry):
    first = session(registry)
    first.decide("match")
    again = session(registry, reviewer="ana")
    assert (again.progress.decided, again.progress.left) == (1, 5)
    assert key(again) == QUEUE[1]
    assert again.undo()
    assert key(again) == QUEUE[0]
    assert again.progress.decided == 0


def test_what_came_in_a_list_is_not_undone_at_the_desk(registry):
    listed = review(PARTS[0].pairs, STUDENTS, ACCOUNTS, id=("sis_id", "cccid")).frame
    registry.record(listed.with_columns(decision=pl.lit("match")), by="Ana")
    assert session(registry).undo() is False


def test_a_changed_record_is_asked_again_with_the_earlier_decision(registry):
    session(registry).decide("different")
    moved = STUDENTS.with_columns(last_name=pl.col("last_name").replace("Qarvellonix", "Newname"))
    made = session(registry, reviewer="Ben", parts=[replace(part, left=moved) for part in PARTS])
    shown = made.window()[0]
    assert key(made) == QUEUE[0]
    assert shown["changed"]["decision"] == "different"
    assert shown["changed"]["by"] == "Ana"
    two = session(registry, reviewer="Ben", parts=[replace(part, left=moved) for part in PARTS], reviewers=2)
    assert two.window()[0]["changed"] is None  # of two reviewers neither knows the other's word


def test_two_reviewers_do_not_see_each_other_and_a_third_decides(registry):
    ana, ben = (session(registry, reviewer=name, reviewers=2) for name in ("Ana", "Ben"))
    ana.decide("match")
    assert (ana.progress.second, ana.progress.disputed) == (1, 0)
    assert key(ben) == QUEUE[0]
    assert ben.window()[0]["said"] is None
    assert "Ana" not in str(ben.window())
    ben.decide("different")
    ana.window()
    assert [(one.progress.second, one.progress.disputed) for one in (ana, ben)] == [(0, 1), (0, 1)]
    assert "do not agree" in repr(ana.progress)
    assert queue(session(registry, reviewer="Ana", reviewers=2)) == QUEUE[1:]
    eva = session(registry, reviewer="Eva", reviewers=2)
    assert key(eva) == QUEUE[0]
    assert [pair["disputed"] for pair in eva.window()] == [True, False, False]
    assert not {"Ana", "Ben"} & set(str(eva.window()).split("'"))
    eva.decide("match")
    ana.window()
    assert (ana.progress.second, ana.progress.disputed) == (0, 0)
    assert queue(session(registry, reviewer="Joe", reviewers=2)) == QUEUE[1:]
    assert registry.decisions(reviewers=2)["decision"].to_list() == ["match"]


def test_what_somebody_else_decides_meanwhile_is_not_asked(registry):
    ana, ben = session(registry), session(registry, reviewer="Ben")
    ana.decide("match")
    ana.decide("match")
    ben.decide("match")  # he was looking at the first one already: both words are kept
    assert key(ben) == QUEUE[2]
    assert (ben.progress.left, ben.progress.elsewhere) == (4, 1)


def test_nobody_overrules_another_without_knowing_it(registry):
    ana, ben = session(registry), session(registry, reviewer="Ben")
    assert not ben.window()[0]["meanwhile"]
    ana.decide("match")
    with pytest.raises(InputError, match="Ana has decided this pair meanwhile, in another way"):
        ben.decide("different")
    assert ben.window()[0]["meanwhile"] == {"decision": "match", "by": "Ana"}
    assert len(said(registry)) == 1
    ben.decide("different")
    assert registry.decisions()["decision"].to_list() == ["different"]


def test_skipped_pairs_come_again_at_the_end(registry):
    made = session(registry, limit=2)
    made.skip()
    made.decide("match")
    assert made.place is None
    assert (made.progress.left, made.progress.skipped) == (0, 1)
    with pytest.raises(InputError, match="at its end"):
        made.decide("match")
    made.next()
    assert key(made) == QUEUE[0]
    made.decide("different")
    assert made.progress.skipped == 0
    made.previous()
    assert made.window()[0]["said"]["decision"] == "match"


def test_a_record_is_excluded_from_its_group_in_one_step(registry):
    made = session(registry)
    while made.place is not None and key(made) != ("S1", "S3"):
        made.skip()
    assert [one["member"] for one in made.window()[0]["near"] if one["member"]] == ["S5", "S1", "S3"]
    assert made.exclude("S3") == 2
    assert {(*row[:2], row[2]) for row in said(registry)} == {
        ("S1", "S3", "different"), ("S3", "S5", "different")
    }  # fmt: skip
    assert made.place is None
    assert made.undo()
    assert registry.decisions().is_empty()
    with pytest.raises(InputError, match="not compared with this pair"):
        made.exclude("S4")


def test_a_candidate_is_excluded_from_those_of_its_student(registry):
    made = session(registry)
    assert made.exclude("MAR0013") == 1
    assert key(made) == QUEUE[0]
    assert queue(made) == [QUEUE[0], *QUEUE[2:]]


def test_a_pair_shows_differences_by_character_agreement_in_words_and_who_stands_near(registry):
    shown = session(registry).window()[0]
    lines = {line["name"]: line for line in shown["lines"]}
    assert lines["last name"]["sides"][1]["pieces"] == [
        ("Q", False), ("u", True), ("arvelonix", False)
    ]  # fmt: skip
    assert lines["first name"]["words"] == "differs in one letter"
    assert lines["phone"]["sides"][0]["pieces"] == [("555-0101", False)]  # agrees, however it is written
    assert lines["SSN"]["sides"][0]["mask"] == "on file"
    assert shown["guard"] == "first or last name does not agree"
    near = {one["id"]["text"]: one["why"] for one in shown["near"]}
    assert near["MAR0013"] == "Also compared with this SIS record"
    assert near["S3"] == "Same surname and address as the left record"
    assert "S4" not in near


@pytest.mark.parametrize(
    ("level", "told"), [("different", "does not agree"), ("missing", "is not known on both sides")]
)
def test_a_birthdate_that_nobody_compared_is_not_said_to_differ(level, told):
    pairs = LINKS.head(1).with_columns(guard=pl.lit("birthdate_differs"), level_birthdate=pl.lit(level))
    cases = Cases([Part(pairs=pairs, left=STUDENTS, right=ACCOUNTS, id=("sis_id", "cccid"))])
    assert cases.shown(0)["guard"] == f"the birthdate {told}"


def test_masks_hide_who_it_is(registry):
    for pair in session(registry).window(6):
        masks = [side["mask"] for line in pair["lines"] for side in line["sides"]]
        masks += [one[part]["mask"] for one in pair["near"] for part in ("id", "name", "born")]
        assert not PERSONAL.intersection(masks)


@pytest.mark.parametrize(
    ("left", "right", "marked"),
    [
        ("Maria", "MARIA", ("", "")),
        ("Jonson", "Johnson", ("", "h")),
        ("Núñez", "Nunez", ("úñ", "un")),
        ("Ann", "Christopher", ("Ann", "Christopher")),
        ("", "x", ("", "x")),
        ("M", "Maria", ("", "aria")),
        ("Lee", "Lee-Cholmondeley", ("", "-Cholmondeley")),
        ("zyth@students.edu", "zyth@gmail.edu", ("students", "gmail")),
        ("Nun\u0303ez", "Nunez", ("n\u0303", "n")),  # an accent is not marked without its letter
        ("2001-02-03", "2001-03-02", ("23", "32")),
    ],
)
def test_differences_are_marked_by_character(left, right, marked):
    sides = mark(left, right)
    assert tuple("".join(text for text, differs in side if differs) for side in sides) == marked
    assert tuple("".join(text for text, _ in side) for side in sides) == (left, right)


def test_no_pairs_are_an_empty_queue(registry):
    for parts in ([], [replace(PARTS[0], pairs=PARTS[0].pairs.clear())]):
        made = session(registry, parts=parts)
        assert (made.place, made.window()) == (None, [])
        assert made.progress.left == 0


def test_a_reviewer_has_a_name(registry):
    with pytest.raises(InputError, match="name of the reviewer"):
        session(registry, reviewer=" ")


def test_ten_thousand_pairs_are_a_queue_like_any_other(registry):
    made = session(registry, parts=many(10_000), limit=10_000)
    made.decide("match")
    assert (made.progress.decided, made.progress.left) == (1, 9_999)
