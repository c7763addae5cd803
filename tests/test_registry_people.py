"""Two spellings of one name are one person; what nobody can see is refused."""

from __future__ import annotations

import getpass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.errors import ApprovalError, InputError
from reconcile.registry.people import machine, require_name, same_person

SAME = [
    ("Ana", "ana "),
    ("José  Núñez", "JOSE nunez"),
    ("Straße", "STRASSE"),
    ("analyst", "analyst\u200b"),
    ("analyst", "ana\u00adlyst"),
    ("Ana", "\u0410na"),  # Cyrillic
    ("Paul", "\u03a1aul"),  # Greek
    ("paul", "\u03c1aul"),
    ("a", "a."),
    ("Ana Lee", "Lee, Ana"),
    ("Ana Lee", "Lee,Ana"),
    ("Ana Lee", "ana.lee"),
    ("Ana Lee", "AnaLee"),
    ("O'Brien", "OBrien"),
    ("O\u2019Brien Pat", "pat o brien"),
    ("\u039d\u0399\u039a\u039f\u03a3", "\u039d\u03b9\u03ba\u03bf\u03c2"),  # one Greek name, in two cases
    ("Łukasz", "lukasz"),
    ("\uff21na", "Ana"),  # full width
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_spelling_makes_no_second_person(left, right):
    assert same_person(left, right)
    assert same_person(right, left)


@pytest.mark.parametrize(
    ("left", "right"), [("Ana", "Anna"), ("Ana Lee", "Ana Li"), ("Ana 1", "Ana 2"), ("", "")]
)
def test_other_names_are_other_people(left, right):
    assert not same_person(left, right)


@given(st.text(min_size=1), st.sampled_from(["\u200b", "\u00ad", " ", ".", ",", "\u0301"]))
def test_a_sign_at_the_end_changes_nobody(name, sign):
    if any(map(str.isalnum, name)):
        assert same_person(name, name + sign) or not any(map(str.isalnum, name + sign))


@pytest.mark.parametrize("name", ["Ana\u200b", "A\u00adna", "Ana\u202e", "Ana\n", "Ana\x00", "Ana\u2028"])
def test_names_with_invisible_characters_are_refused(name):
    with pytest.raises(InputError, match="invisible"):
        require_name(name, "A batch needs a name")


@pytest.mark.parametrize("name", ["", "  ", "...", "-"])
def test_names_without_a_letter_are_none(name):
    with pytest.raises(ApprovalError, match="none was given"):
        require_name(name, "An approval needs a name", error=ApprovalError)


def test_a_readable_name_is_taken_as_it_is():
    assert require_name(" Ana María ", "A batch needs a name") == " Ana María "


def test_the_machine_is_named_even_without_an_account(monkeypatch):
    assert set(machine()) == {"user", "host"}

    def nobody():
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert machine()["user"] == ""
