"""Access requests carry what a district asks for; roles are granted by somebody else, and end at once."""

from __future__ import annotations

import pytest
from registries import AT, alter, place  # noqa: F401

from reconcile.errors import InputError, Refused, RegistryError
from reconcile.registry import Registry
from reconcile.registry.access import (
    Asked,
    ask,
    grant,
    history,
    holders,
    look_up,
    may_see_birthdates,
    name_first,
    waiting,
    withdraw,
)

EVA = Asked("Eva", "Clerk", "Pat Example", "eva@college.edu", "021", "reviewer", "fall duplicates", "eva")


@pytest.fixture
def registry(tmp_path):
    with Registry.open(tmp_path / "registry.sqlite", at=AT) as opened:
        yield opened


@pytest.fixture
def ruled(registry):
    name_first(registry, "Dora", at=AT)
    return registry


def test_a_request_is_granted_once_and_withdrawn(place):  # noqa: F811
    with Registry.open(place, at=AT) as ruled:
        assert name_first(ruled, "Dora", at=AT)
        assert not name_first(ruled, "Zoe", at=AT)
        number = ask(ruled, EVA, at=AT)
        assert waiting(ruled)["request"].to_list() == [number]
        assert look_up(ruled, number) == EVA
        grant(ruled, number, by="Dora", at=AT)
        assert waiting(ruled).is_empty()
        assert holders(ruled).select("person", "role", "college").rows() == [
            ("Dora", "administrator", "district"), ("Eva", "reviewer", "021"),
        ]  # fmt: skip
        with pytest.raises(RegistryError, match="was granted before"):
            grant(ruled, number, by="Dora", at=AT)
        assert withdraw(ruled, "eva", "reviewer", by="Dora", reason="left", at=AT) == 1
        assert history(ruled, "EVA")["word"].to_list() == ["granted", "withdrawn"]
        with pytest.raises(RegistryError, match="does not have the role"):
            withdraw(ruled, "eva", "reviewer", by="Dora", reason="left", at=AT)
        assert ruled.verify().ok


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"person": " "}, "needs the name of the user"),
        ({"supervisor": ""}, "vice president or supervisor"),
        ({"title": ""}, "needs the title"),
        ({"reason": " "}, "needs the reason"),
        ({"email": "eva@mail.com"}, "edu e-mail address"),
        ({"email": "@college.edu"}, "edu e-mail address"),
        ({"college": "21"}, "MIS code"),
        ({"role": "aprover"}, 'Did you mean "approver"'),
    ],
)
def test_a_request_lacks_nothing(registry, change, problem):
    with pytest.raises(InputError, match=problem):
        ask(registry, EVA._replace(**change), at=AT)
    assert registry.sequence == 1


def test_nobody_grants_without_an_administrator(registry):
    number = ask(registry, EVA, at=AT)
    with pytest.raises(RegistryError, match="No roles are set"):
        grant(registry, number, by="Dora", at=AT)
    with pytest.raises(RegistryError, match="No roles are set"):
        withdraw(registry, "Eva", "reviewer", by="Dora", reason="x", at=AT)


def test_nobody_grants_themselves_a_role(ruled):
    number = ask(ruled, EVA._replace(person="DORA", login="other"), at=AT)
    with pytest.raises(Refused, match="nobody grants themselves"):
        grant(ruled, number, by="Dora", at=AT)
    mine = holders(ruled)["login"][0]
    under_another_name = ask(ruled, EVA._replace(login=mine), at=AT)
    with pytest.raises(Refused, match="nobody grants themselves"):
        grant(ruled, under_another_name, by="Dora", at=AT)
    assert ruled.audit()["what"].to_list()[-4:] == ["asked", "refused", "asked", "refused"]


def test_a_file_has_no_kiosk(ruled):
    number = ask(ruled, EVA._replace(role="kiosk", login="counter"), at=AT)
    with pytest.raises(RegistryError, match="kept by a database alone"):
        grant(ruled, number, by="Dora", at=AT)


def test_a_login_is_one_persons_and_a_person_has_one(ruled):
    grant(ruled, ask(ruled, EVA, at=AT), by="Dora", at=AT)
    for change in ({"person": "Ana"}, {"login": "eva2", "college": "022"}):
        number = ask(ruled, EVA._replace(**change), at=AT)
        with pytest.raises(RegistryError, match="one login is one person's"):
            grant(ruled, number, by="Dora", at=AT)


def test_somebody_is_left_who_administers(ruled):
    with pytest.raises(RegistryError, match="Nobody would be left"):
        withdraw(ruled, "Dora", "administrator", by="Dora", reason="x", at=AT)
    with pytest.raises(InputError, match="the reason was not given"):
        withdraw(ruled, "Dora", "administrator", by="Dora", reason=" ", at=AT)


def test_an_administrator_of_a_college_grants_there_only(ruled):
    zoe = EVA._replace(person="Zoe", role="administrator", login=None)
    grant(ruled, ask(ruled, zoe, at=AT), by="Dora", at=AT)
    grant(ruled, ask(ruled, EVA, at=AT), by="Zoe", at=AT)
    elsewhere = ask(ruled, EVA._replace(college="022"), at=AT)
    with pytest.raises(Refused, match="Zoe has it for 021 only, not for 022"):
        grant(ruled, elsewhere, by="Zoe", at=AT)


def test_a_reviewer_sees_no_birthdates(registry):
    assert may_see_birthdates(registry, "")
    name_first(registry, "Dora", at=AT)
    grant(registry, ask(registry, EVA._replace(login=None), at=AT), by="Dora", at=AT)
    ana = EVA._replace(person="Ana", role="requester", login=None)
    grant(registry, ask(registry, ana, at=AT), by="Dora", at=AT)
    assert [may_see_birthdates(registry, name) for name in ("", "Eva", "Dora", "ana")] == [
        False, False, False, True,
    ]  # fmt: skip
