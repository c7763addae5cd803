"""A student edits name or birthdate, never both in one edit; a wrong password changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from accounts import PASSWORD, account, cheap, claimed, held, last, ours  # noqa: F401
from registries import AT

from reconcile.errors import AccountError, InputError
from reconcile.mint.edit import edit

NUMBER, HELD = "AAA0001", "AAA0002"


@pytest.fixture
def mine(ours, tmp_path, cheap):  # noqa: F811
    """Give a registry with one claimed and one held account."""
    secrets = held(ours, tmp_path, 1, 2)[1]
    claimed(ours, NUMBER, secrets[NUMBER])
    yield ours
    assert ours.verify().ok


def test_name_and_birthdate_are_two_edits(mine):
    both = {"last_name": "Sample", "birthdate": "2001-03-01"}
    before = account(mine, NUMBER)
    with pytest.raises(AccountError, match="birth date at the same time"):
        edit(mine, NUMBER, PASSWORD, changes=both, at=AT)
    assert account(mine, NUMBER) == before
    assert last(mine)[2]["why"] == "name and birthdate"
    unchanged = {"last_name": "Example", "birthdate": "2001-03-01"}
    assert edit(mine, NUMBER, PASSWORD, changes=unchanged, at=AT) == ("birthdate",)
    changed = {"first_name": " Kimberly ", "middle_name": "", "suffix": "Jr."}
    assert edit(mine, NUMBER, PASSWORD, changes=changed, at=AT) == ("first_name", "suffix")
    found = account(mine, NUMBER)
    assert (found["first_name"], found["middle_name"]) == ("Kimberly", None)
    assert last(mine)[2]["fields"] == ["first_name", "suffix"]
    with pytest.raises(InputError, match="says so already"):
        edit(mine, NUMBER, PASSWORD, changes=changed, at=AT)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": "a@b.net"}, "email cannot be edited here"),
        ({"last_name": " "}, "a last name is required"),
        ({"last_name": "x" * 51}, "at most 50 characters"),
        ({"first_name": "a\u200bb"}, "all of them visible"),
        ({"birthdate": "1900-12-31"}, "on or after 1901-01-01"),
        ({"birthdate": "02/29/2009"}, "written yyyy-mm-dd"),
        ({"birthdate": "2009-02-29"}, "calendar"),
        ({"birthdate": ""}, "calendar"),
    ],
)
def test_a_value_that_cannot_be_is_refused(mine, changes, words):
    before = mine.sequence
    with pytest.raises(InputError, match=words):
        edit(mine, NUMBER, PASSWORD, changes=changes, at=AT)
    assert mine.sequence == before


def test_nobody_is_born_tomorrow(mine):
    with pytest.raises(AccountError, match="before today"):
        edit(mine, NUMBER, PASSWORD, changes={"birthdate": "2026-11-21"}, at=AT)


def test_guesses_lock_the_account_of_a_student_too(mine):
    new = {"last_name": "Sample"}
    with pytest.raises(AccountError, match="not taken over yet"):
        edit(mine, HELD, PASSWORD, changes=new, at=AT)
    assert account(mine, HELD)["failures"] == 0
    for _ in range(5):
        with pytest.raises(AccountError, match="do not belong together"):
            edit(mine, NUMBER, "wrong", changes=new, at=AT)
    with pytest.raises(AccountError, match="do not belong together"):
        edit(mine, NUMBER, PASSWORD, changes=new, at=AT + timedelta(minutes=14))
    assert last(mine)[2]["why"] == "locked"
    assert edit(mine, NUMBER, PASSWORD, changes=new, at=AT + timedelta(minutes=15)) == ("last_name",)
    assert account(mine, NUMBER)["locks"] == 0
