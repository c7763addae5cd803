"""A second number for one person whom only the registry knows: typos, swaps, twins, and the way out."""

from __future__ import annotations

import polars as pl
import pytest
from registries import AT, new_place

from reconcile.cli import main
from reconcile.errors import GateClosed, InputError, Refused
from reconcile.flow.alike import alike, doubtful, tell_apart
from reconcile.flow.batches import check_batch
from reconcile.mint.batch import approve, mint
from reconcile.mint.draft import draft, submit
from reconcile.registry import Registry

SAID = {
    "attested_by": "Ana Lee", "attested_authority": "Director", "attested_on": "2026-11-01",
    "use_case": "unhoused", "cannot_self_serve": "no device", "identity_check": "seen at the desk",
    "state": "CA", "zip": "95814", "city": "Sacramento",
}  # fmt: skip
ZORA = {"first_name": "Zora", "last_name": "Quintanilla", "birthdate": "1991-04-07"}
HERS = {"street": "2 Main St", "phone": "9165550100"}
OTHERS = {"street": "77 Oak Ave", "phone": "9165550177"}
NO_MATCH = {"first_name": "Omar", "last_name": "Bexley", "birthdate": "1985-01-30"}
ONE, OTHER = "021/N1", "021/N2"


def row(sis_id, college="021", **fields):
    mail = {"email": f"accounts+{college}-{sis_id}@college.edu", "proxy_application": "false"}
    return {"kind": "mint", "college": college, "sis_id": sis_id} | SAID | mail | OTHERS | fields


def asked(registry, *rows, by="Ana"):
    return draft(registry, pl.DataFrame(rows), by=by, issuer="registry", at=AT).id


def left(registry, *rows):
    """Check a batch of these rows and of somebody else, and say how many were left out."""
    batch = asked(registry, *rows, row("S9", **NO_MATCH))
    return check_batch(registry, batch, by="Ana", at=AT).blocked


@pytest.fixture
def registry(tmp_path):
    """Zora waits as N1, in no snapshot."""
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        asked(opened, row("N1", **ZORA, **HERS))
        yield opened


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"first_name": "Zorah"}, 1),
        ({"last_name": "Quintanila"}, 1),
        ({"first_name": "Quintanilla", "last_name": "Zora"}, 1),
        ({"birthdate": "1991-07-04"}, 1),
        ({"last_name": "Quintanilla-Lopez"}, 1),
        ({"first_name": "ZORA"}, 1),
        ({"birthdate": "1975-11-30"}, 0),  # of the same name
        ({"birthdate": "1975-11-30", **HERS}, 1),
        ({"first_name": "Mara"}, 1),  # a twin: somebody says so
        ({"first_name": "Mara", "birthdate": "1993-09-17"}, 0),  # a sibling
        ({"first_name": "Mara", "birthdate": "1993-09-17", **HERS}, 0),  # in one household
        ({"first_name": "Olga", "last_name": "Bexley", "birthdate": "1970-12-24", **HERS}, 0),
    ],
    ids=[
        "first",
        "last",
        "swapped",
        "day",
        "hyphen",
        "same",
        "namesake",
        "at-home",
        "twin",
        "sibling",
        "household",
        "site",
    ],
)
def test_who_is_like_somebody_waiting_is_found(registry, change, found):
    pairs = alike(registry, pl.DataFrame([row("N2", **(ZORA | change))]))
    assert pairs.rows() == [("021", "N2", "021", "N1", "possible")] * found


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_two_people_are_told_apart_by_somebody_else(store, tmp_path):
    """A typo of somebody served, at another college; a second pair of eyes, and both have a number."""
    with Registry.open(new_place(store, tmp_path), at=AT) as registry:
        registry.allot("AAA0001", "AAZ9999", authority="Office", at=AT)
        first = asked(registry, row("N1", **ZORA, **HERS))
        through(registry, first)
        second = asked(registry, row("7", college="061", **(ZORA | {"first_name": "Zorah"})))
        with pytest.raises(GateClosed, match=r"all 1 rows ask.*reconcile batch apart"):
            check_batch(registry, second, by="Ana", at=AT)
        assert doubtful(registry).rows() == [(ONE, "061/7", "Ana")]
        for who, why, error in (
            ("ana", "cousins", Refused),
            ("Ben", " ", InputError),
            ("", "cousins", InputError),
        ):
            with pytest.raises(error):
                tell_apart(registry, ONE, "061/7", by=who, reason=why, at=AT)
        with pytest.raises(InputError, match="nobody noted"):
            tell_apart(registry, ONE, "061/8", by="Ben", reason="cousins", at=AT)
        tell_apart(registry, "061/7", ONE, by="Ben", reason="cousins", at=AT)
        assert doubtful(registry).is_empty()
        through(registry, second)
        assert registry.issued().height == 2
        entry = registry.audit().filter(what="tied").row(-1, named=True)
        assert (entry["who"], "cousins" in entry["detail"]) == ("Ben", True)
        assert registry.verify().ok


def through(registry, batch):
    check_batch(registry, batch, by="Ana", at=AT)
    submit(registry, batch, by="Ana", at=AT)
    approve(registry, batch, approver="Ben", at=AT)
    return mint(batch, registry=registry, at=AT)


def test_two_rows_of_one_batch_wait_for_each_other(registry):
    """Neither is served before somebody says which; then the one that is drafted again is."""
    mara = {"first_name": "Marisol", "last_name": "Underwood", "birthdate": "1988-02-29"}
    assert left(registry, row("M1", **mara), row("M2", **(mara | {"first_name": "Marysol"}))) == 2
    assert doubtful(registry).rows() == [("021/M1", "021/M2", "Ana")]
    again = asked(registry, row("M1", **mara))
    assert check_batch(registry, again, by="Ana", at=AT).mints == 1


def test_a_row_that_names_whom_it_is_not_goes_on(registry):
    """As `create` writes it; the approver sees it. An equal name and birthdate is not for them to say."""
    aside = {"candidates_set_aside": ONE, "set_aside_because": "twins, both seen"}
    twin = row("N2", **(ZORA | {"first_name": "Mara"}))
    for said, tie in (
        ({}, "possible"),
        (aside, "different"),
        (aside | {"set_aside_because": ""}, "possible"),
    ):
        assert alike(registry, pl.DataFrame([twin | said]))["tie"].to_list() == [tie]
    same = pl.DataFrame([row("N2", **ZORA, **aside)])
    assert alike(registry, same)["tie"].to_list() == ["possible"]
    registry.note_ties(alike(registry, pl.DataFrame([twin])), by="Ana", at=AT)
    checked = check_batch(registry, asked(registry, twin | aside), by="Ana", at=AT)
    assert (checked.mints, checked.blocked) == (1, 0)


def test_a_word_that_was_given_holds(registry):
    pairs = pl.DataFrame(
        {"college_l": ["021"], "sis_id_l": ["N1"], "college_r": ["021"], "sis_id_r": ["N2"]}
    ).with_columns(tie=pl.lit("different"))
    registry.note_ties(pairs, by="Cyd", at=AT)
    assert alike(registry, pl.DataFrame([row("N2", **(ZORA | {"first_name": "Zorah"}))])).is_empty()


def test_who_was_compared_before_is_not_compared_again(registry):
    """A run compares its extract and its snapshot by more than the registry knows."""
    rows = pl.DataFrame([row("N2", **(ZORA | {"first_name": "Zorah"}))])
    assert alike(registry, rows)["tie"].to_list() == ["possible"]
    names = dict.fromkeys(("college", "sis_id", "cccid"), pl.String)
    before = pl.DataFrame([("021", "N1", None), (None, None, "AAA0001")], schema=names, orient="row")
    assert alike(registry, rows, searched=before).is_empty()
    assert alike(registry, rows.with_columns(kind=pl.lit("recover"))).is_empty()


def test_the_commands(tmp_path, capsys):
    place = tmp_path / "r.sqlite"
    with Registry.open(place, at=AT) as opened:
        asked(opened, row("N1", **ZORA, **HERS))
        batch = asked(opened, row("N2", **(ZORA | {"first_name": "Zorah"})), row("S9", **NO_MATCH))
    here = ["--registry", str(place)]
    for dry in (["--dry-run"], []):
        assert main(["batch", "check", batch, *here, "--by", "Ana", *dry]) == 0
        said = capsys.readouterr().out
        assert "Left out: 1 who are, or may be, somebody" in said
        assert "reconcile batch apart" in said
    assert main(["batch", "apart", *here]) == 0
    said = capsys.readouterr().out
    assert (ONE in said, OTHER in said, "Zora" in said) == (True, True, False)
    told = ["batch", "apart", ONE, OTHER, *here, "--reason", "twins", "--by"]
    assert main([*told, "Ana"]) == 2
    assert "Somebody else decides" in capsys.readouterr().err
    assert main([*told, "Ben", "--dry-run"]) == 0
    assert main([*told, "Ben"]) == 0
    assert main(["batch", "apart", *here]) == 0
    assert OTHER not in capsys.readouterr().out.split("two people")[-1].split("run again.")[-1]
