"""A batch's life on both stores: proposed, approved by somebody else, minted exactly once."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registries import AT, allotted, alter, approved, minted, place, registry, submitted, verdict, wanted  # noqa: F401

from reconcile.errors import ApprovalError, GateClosed, InputError, IssuerError, RegistryError
from reconcile.mint.batch import approve, look_up, mint, propose, reject, withdraw
from reconcile.registry import Registry


def cccids(result):
    return result.frame["cccid"].to_list()


def test_numbers_follow_the_request_keys(registry):  # noqa: F811
    given_ids = ["B2", "A1", "a1", "Z", "É"]
    result = minted(registry, wanted(*given_ids))
    assert result.frame["sis_id"].to_list() == sorted(given_ids)
    assert cccids(result) == ["AAA0001", "AAA0002", "AAA0003", "AAA0004", "AAA0005"]
    assert registry.issued().select("college", "sis_id", "cccid").equals(result.frame.drop("kind"))
    assert registry.verify().ok


def test_minting_again_gives_the_same_numbers(registry):  # noqa: F811
    batch = approved(registry, wanted(1, 2))
    first = mint(batch, registry=registry)
    again = mint(batch.id, registry=registry)
    assert first.frame.equals(again.frame)
    assert first.skipped.equals(again.skipped)
    assert registry.issued().height == 2


def test_same_rows_are_the_same_batch_in_any_order(registry):  # noqa: F811
    first = submitted(registry, wanted(1, 2, 3))
    assert submitted(registry, wanted(3, 1, 2)) == first
    mint(approve(registry, first.id, approver="Ben"), registry=registry)
    assert submitted(registry, wanted(2, 3, 1)).state == "minted"


def test_served_and_waiting_rows_are_left_out_and_counted(registry):  # noqa: F811
    minted(registry, wanted(1))
    waits = submitted(registry, wanted(2))
    batch = submitted(registry, wanted(1, 2, 3))
    assert (batch.mints, batch.served, batch.waiting) == (1, 1, 1)
    nothing_left = submitted(registry, wanted(1, 2))
    assert (nothing_left.id, nothing_left.served, nothing_left.waiting) == (waits.id, 1, 1)
    assert registry.verify().ok


def test_another_college_is_another_student(registry):  # noqa: F811
    minted(registry, wanted(1))
    assert cccids(minted(registry, wanted(1, college="022"))) == ["AAA0002"]


def test_recoveries_go_through_the_same_batch(registry):  # noqa: F811
    rows = pl.concat([wanted(1), wanted(2, kind="recover", cccid="XYZ1234")])
    result = minted(registry, rows)
    assert dict(result.frame.select("kind", "cccid").rows()) == {"mint": "AAA0001", "recover": "XYZ1234"}
    assert registry.verify().ok


def test_numbers_seen_in_use_are_skipped_and_named(registry):  # noqa: F811
    assert registry.note_seen(pl.Series(["AAA0002", "AAA0003", "ZZZ9999", "no number", None])) == 2
    assert registry.note_seen(pl.Series(["AAA0002"])) == 0
    minted(registry, wanted(0, kind="recover", cccid="AAA0005"))
    batch = approved(registry, wanted(1, 2, 3))
    for result in (mint(batch, registry=registry), mint(batch, registry=registry)):
        assert cccids(result) == ["AAA0001", "AAA0004", "AAA0006"]
        assert result.skipped["cccid"].to_list() == ["AAA0002", "AAA0003", "AAA0005"]


def test_a_student_served_meanwhile_keeps_that_number(registry):  # noqa: F811
    late = approved(registry, wanted(1, 2))
    alter(registry, f"UPDATE batches SET state = 'withdrawn' WHERE id = '{late.id}'")
    minted(registry, wanted(1))
    alter(registry, f"UPDATE batches SET state = 'approved' WHERE id = '{late.id}'")
    assert cccids(mint(late, registry=registry)) == ["AAA0001", "AAA0002"]


@pytest.mark.parametrize("name", ["Ana", " ANA ", "Aná"])
def test_proposer_cannot_approve(registry, name):  # noqa: F811
    batch = submitted(registry, wanted(1))
    with pytest.raises(ApprovalError, match="same person"):
        approve(registry, batch.id, approver=name)
    with pytest.raises(ApprovalError, match="name of its approver"):
        approve(registry, batch.id, approver=" ")


def test_only_approved_batches_are_minted(registry):  # noqa: F811
    batch = submitted(registry, wanted(1))
    with pytest.raises(ApprovalError, match="is submitted"):
        mint(batch, registry=registry)
    reject(registry, batch.id, by="Ben", reason="too early")
    with pytest.raises(RegistryError, match="is rejected"):
        mint(batch, registry=registry)
    with pytest.raises(RegistryError, match="no batch"):
        mint("none", registry=registry)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE requests SET sis_id = '9' WHERE sis_id = '2'",
        "UPDATE requests SET payload = '{}' WHERE sis_id = '2'",
        "DELETE FROM requests WHERE sis_id = '2'",
        "UPDATE batches SET suite_hash = 'other'",
    ],
)
def test_one_changed_byte_voids_the_approval(registry, edit):  # noqa: F811
    batch = approved(registry, wanted(1, 2))
    alter(registry, edit)
    with pytest.raises(ApprovalError, match="void"):
        mint(batch, registry=registry)
    assert registry.issued().is_empty()
    assert not registry.verify().ok


def test_approval_is_refused_when_rows_are_others_than_those_looked_at(registry):  # noqa: F811
    batch = submitted(registry, wanted(1, 2))
    with pytest.raises(ApprovalError, match="not the ones"):
        approve(registry, batch.id, approver="Ben", rows_hash="other")
    assert approve(registry, batch.id, approver="Ben", rows_hash=batch.rows_hash).approver == "Ben"


def test_rejected_rows_can_be_proposed_again(registry):  # noqa: F811
    first = submitted(registry, wanted(1))
    reject(registry, first.id, by="Ben", reason="wrong term")
    second = submitted(registry, wanted(1))
    withdraw(registry, second.id, by="Ana", reason="once more")
    third = submitted(registry, wanted(1))
    assert [second.id, third.id] == [f"{first.id}-2", f"{first.id}-3"]
    assert look_up(registry, first.id).reason == "wrong term"
    assert registry.verify().ok
    with pytest.raises(InputError, match="name and a reason"):
        reject(registry, third.id, by="Ben", reason="")


def test_other_rules_take_a_waiting_batch_back(registry):  # noqa: F811
    rows = wanted(1)
    first = approved(registry, rows)
    second = submitted(registry, rows, verdict=verdict(rows, suite="newer"))
    assert look_up(registry, first.id).state == "withdrawn"
    assert (second.state, second.suite_hash) == ("submitted", "newer")


def test_gate_must_be_open_for_exactly_these_rows(registry):  # noqa: F811
    rows = wanted(1)
    with pytest.raises(GateClosed, match="3 findings"):
        submitted(registry, rows, verdict=verdict(rows, opened=False))
    with pytest.raises(GateClosed, match="other rows"):
        submitted(registry, rows, verdict=verdict(wanted(2)))


def test_proposal_needs_a_proposer_rows_and_an_issuer(registry):  # noqa: F811
    with pytest.raises(InputError, match="proposer"):
        submitted(registry, wanted(1), proposer=" ")
    with pytest.raises(InputError, match="no row"):
        submitted(registry, wanted())
    with pytest.raises(IssuerError, match="no default"):
        propose(registry, wanted(1), proposer="Ana", verdict=verdict(wanted(1)))
    with pytest.raises(RegistryError, match="no batch"):
        look_up(registry, "none")


def test_openccc_batches_are_not_minted_here(registry):  # noqa: F811
    batch = approved(registry, wanted(1), issuer="openccc")
    with pytest.raises(IssuerError, match="OpenCCC issues"):
        mint(batch, registry=registry)


def test_real_numbers_need_an_allotted_range(place):  # noqa: F811
    with Registry.open(place) as bare:
        with pytest.raises(IssuerError, match="No range"):
            minted(bare, wanted(1))
        bare.allot("AAA9998", "AAA9999", authority="Chancellor's Office")
        batch = approved(bare, wanted(2, 3, 4))
        with pytest.raises(IssuerError, match="2 are left"):
            mint(batch, registry=bare)
        assert bare.issued().is_empty()
        bare.allot("BBB0001", "BBB0009", authority="Chancellor's Office")
        assert cccids(mint(batch, registry=bare)) == ["AAA9998", "AAA9999", "BBB0001"]


def test_demo_numbers_are_watermarked_wherever_they_go(place):  # noqa: F811
    with Registry.open(place, demo=True) as demo:
        result = minted(demo, wanted(1))
        assert cccids(result) == demo.issued()["cccid"].to_list() == ["DEMO-ZAA0001"]
        assert demo.crosswalk()["cccid"].to_list() == ["DEMO-ZAA0001"]
        with pytest.raises(IssuerError, match="demonstration numbers only"):
            submitted(demo, wanted(2), issuer="registry")
        assert demo.verify().ok


def test_progress_is_told(registry):  # noqa: F811
    told = []
    mint(approved(registry, wanted(1)), registry=registry, progress=told.append)
    assert "Issuing 1 numbers" in told


def test_results_show_themselves(registry):  # noqa: F811
    batch = approved(registry, wanted(1))
    assert batch.id in batch._repr_html_()
    assert "AAA0001" in mint(batch, registry=registry)._repr_html_()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(st.integers(0, 9), min_size=1), max_size=6), st.sets(st.integers(1, 20)))
def test_everybody_gets_one_number_and_no_number_goes_twice(tmp_path_factory, batches, used):
    with Registry.open(tmp_path_factory.mktemp("r") / "r.sqlite") as store:
        store.allot("AAA0001", "AAA9999", authority="Chancellor's Office")
        taken = {f"AAA{n:04d}" for n in used}
        store.note_seen(pl.Series(sorted(taken), dtype=pl.String))
        known = {}
        for ids in batches:
            batch = submitted(store, wanted(*ids))
            if batch.state == "submitted":
                mint(approve(store, batch.id, approver="Ben"), registry=store)
            now = dict(store.issued().select("sis_id", "cccid").rows())
            assert known.items() <= now.items()
            known = now
        assert set(known) == {str(i) for ids in batches for i in ids}
        assert len(set(known.values())) == len(known)
        assert not taken & set(known.values())
        assert store.verify().ok
