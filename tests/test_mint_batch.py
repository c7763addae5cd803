"""A batch's life on both stores: proposed, approved by somebody else, minted exactly once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from registries import AT, allotted, alter, approved, minted, place, registry, submitted, verdict, wanted  # noqa: F401

from reconcile.errors import ApprovalError, GateClosed, InputError, IssuerError, RegistryError
from reconcile.mint.batch import (
    GateVerdict,
    approve,
    fingerprint,
    look_up,
    mint,
    propose,
    reject,
    withdraw,
    withdraw_outdated,
)
from reconcile.registry import Registry, canon


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


def test_a_refusal_is_of_the_moment_of_the_step(registry):  # noqa: F811
    batch = submitted(registry, wanted(1))
    later = AT + timedelta(hours=1)
    with pytest.raises(ApprovalError, match="same person"):
        approve(registry, batch.id, approver="Ana", at=later)
    last = registry.audit().tail(1)
    assert (last["what"][0], last["at"][0]) == ("refused", canon.iso(later))


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


def recovery(sis_id, cccid, **changes):
    return wanted(sis_id, kind="recover", cccid=cccid, **changes)


def test_a_number_is_written_back_to_one_student(registry):  # noqa: F811
    minted(registry, pl.concat([wanted("minted"), recovery("back", "XYZ1234")]))
    for number in ("AAA0001", "XYZ1234"):
        rows = pl.concat([wanted("new"), recovery("other", number), recovery("fine", "XYZ0001")])
        with pytest.raises(InputError, match=r"same college.*\(row 2; 1 in all\)") as caught:
            submitted(registry, rows)
        assert number not in str(caught.value)
    assert submitted(registry, recovery("other", "XYZ1234", college="022")).recoveries == 1
    assert registry.verify().ok


def test_a_number_that_waits_to_be_written_back_is_taken(registry):  # noqa: F811
    waits = submitted(registry, recovery("first", "XYZ1234"))
    with pytest.raises(InputError, match="waits to be"):
        submitted(registry, recovery("second", "XYZ1234"))
    reject(registry, waits.id, by="Ben", reason="the wrong student")
    assert submitted(registry, recovery("second", "XYZ1234")).recoveries == 1


def outdated(registry, keep, **changes):  # noqa: F811
    return withdraw_outdated(
        registry, **({"keep": keep, "colleges": ["021"], "by": "Ana", "at": AT} | changes)
    )


ASKED = pl.concat([wanted(1, 2), recovery(3, "XYZ1234")])
CHANGES = {
    "one is left out": ASKED[1:],
    "nothing is asked for": None,
    "no row is left": ASKED[:0],
    "a number became a new one": pl.concat([wanted(1, 2, 3)]),
    "another number": pl.concat([wanted(1, 2), recovery(3, "XYZ1235")]),
    "another name": ASKED.with_columns(last_name=pl.lit("Other")),
    "no college": ASKED.with_columns(college=pl.lit(None, pl.String)),
}


@pytest.mark.parametrize("step", [submitted, approved])
@pytest.mark.parametrize("keep", CHANGES.values(), ids=CHANGES)
def test_batches_end_with_their_facts(registry, step, keep):  # noqa: F811
    batch = step(registry, ASKED)
    assert outdated(registry, keep) == [batch.id]
    ended = look_up(registry, batch.id)
    assert ended.state == "withdrawn"
    assert "of its 3 rows are no longer asked for" in ended.reason
    assert outdated(registry, keep) == []
    assert registry.verify().ok


def test_what_still_holds_is_proposed_anew(registry):  # noqa: F811
    first = submitted(registry, ASKED)
    outdated(registry, ASKED[1:])
    second = submitted(registry, ASKED[1:])
    assert (second.id != first.id, second.mints, second.recoveries, second.waiting) == (True, 1, 1, 0)


def test_batches_that_still_hold_are_left_alone(registry):  # noqa: F811
    served = minted(registry, wanted("served")).batch
    over = approved(registry, wanted("over"), issuer="openccc")
    alter(registry, f"UPDATE batches SET state = 'handed_over' WHERE id = '{over.id}'")
    theirs = submitted(registry, wanted(1, 2, college="022"))
    ours = submitted(registry, ASKED)
    more = pl.concat([wanted(9), ASKED]).reverse()
    assert outdated(registry, more) == []
    assert outdated(registry, None, colleges=[]) == []
    states = [look_up(registry, batch).state for batch in (served, over.id, theirs.id, ours.id)]
    assert states == ["minted", "handed_over", "submitted", "submitted"]
    assert outdated(registry, None, colleges=["022", "023"]) == [theirs.id]


def test_a_batch_of_two_colleges_ends_with_the_rows_of_either(registry):  # noqa: F811
    both = submitted(registry, pl.concat([wanted(1), wanted(1, college="022")]))
    assert outdated(registry, wanted(1)) == []
    assert outdated(registry, wanted(2)) == [both.id]


def test_batches_end_with_their_last_day(registry):  # noqa: F811
    rows = wanted(1)
    first = approved(registry, rows, valid_until=AT.date())
    later = AT + timedelta(days=2)
    assert first.valid_until == "2026-11-21"
    assert outdated(registry, rows) == []
    with pytest.raises(ApprovalError, match=r"until 2026-11-21.*run the plan again"):
        mint(first, registry=registry, at=later)
    assert outdated(registry, rows, at=later) == [first.id]
    second = submitted(registry, rows, at=later, valid_until=later.date())
    with pytest.raises(ApprovalError, match="too old"):
        approve(registry, second.id, approver="Ben", at=later + timedelta(days=2))
    approve(registry, second.id, approver="Ben", at=later)
    issued = mint(second, registry=registry, at=later)
    assert mint(second, registry=registry, at=later + timedelta(days=9)).frame.equals(issued.frame)
    assert registry.verify().ok


def test_a_late_batch_is_proposed_anew(registry):  # noqa: F811
    first = submitted(registry, wanted(1), valid_until=AT.date())
    assert submitted(registry, wanted(1), valid_until=AT.date()) == first
    assert submitted(registry, wanted(1), at=AT + timedelta(days=2)).id == f"{first.id}-2"
    assert look_up(registry, first.id).reason == "its last day has passed"


def test_changed_rules_void_a_batch(registry):  # noqa: F811
    batch = submitted(registry, wanted(1))
    with pytest.raises(ApprovalError, match="the rules changed"):
        approve(registry, batch.id, approver="Ben", suite_hash="newer")
    approve(registry, batch.id, approver="Ben", suite_hash="suite")
    with pytest.raises(ApprovalError, match="the rules changed"):
        mint(batch, registry=registry, suite_hash="newer")
    assert mint(batch, registry=registry, suite_hash="suite").frame.height == 1


def test_names_that_nobody_can_read_are_refused(registry):  # noqa: F811
    batch = submitted(registry, wanted(1))
    with pytest.raises(InputError, match="invisible"):
        submitted(registry, wanted(2), proposer="A\u200bna")
    with pytest.raises(ApprovalError, match="invisible"):
        approve(registry, batch.id, approver="Ben\u00ad")
    for call in (
        lambda: reject(registry, batch.id, by="B\u200ben", reason="r"),
        lambda: outdated(registry, None, by=""),
        lambda: mint(batch, registry=registry, by="B\u200ben"),
    ):
        with pytest.raises(InputError, match="name"):
            call()


class Clock(datetime):
    """A clock that is a second on whenever it is read."""

    reads = 0

    @classmethod
    def now(cls, tz=None):
        cls.reads += 1
        return AT + timedelta(seconds=cls.reads)


def test_a_step_happens_at_one_moment(registry, monkeypatch):  # noqa: F811
    monkeypatch.setattr(canon, "datetime", Clock)
    batch = submitted(registry, wanted(1, 2), at=None)
    mint(approve(registry, batch.id, approver="Ben"), registry=registry)
    rejected = submitted(registry, wanted(3), at=None)
    reject(registry, rejected.id, by="Ben", reason="twice")
    verification = registry.verify()
    assert verification.ok, verification.problems
    log = registry.audit().filter(pl.col("what") == "minted")
    assert registry.issued()["issued_on"].unique().to_list() == log["at"].to_list()


def test_a_wide_number_is_written_back_only_where_the_plan_reads_it(registry):  # noqa: F811
    rows = recovery("1", "ABCD1234")
    with pytest.raises(InputError, match="no well-formed CCCID"):
        submitted(registry, rows)
    told = GateVerdict(suite_hash="s", rows_hash=fingerprint(rows, wide=True), open=True, failures=0)
    asked = {"proposer": "Ana", "verdict": told, "issuer": "registry", "wide": True, "at": AT}
    batch = propose(registry, rows, **asked)
    approve(registry, batch.id, approver="Ben", at=AT)
    assert mint(batch, registry=registry, at=AT).frame["cccid"].to_list() == ["ABCD1234"]
    other = recovery("2", "ABCD1234")
    asked["verdict"] = replace(told, rows_hash=fingerprint(other, wide=True))
    with pytest.raises(InputError, match="another student"):
        propose(registry, other, **asked)
    assert registry.verify().ok


def test_another_source_takes_nothing_back(registry):  # noqa: F811
    ours = submitted(registry, wanted(1), source="banner; credit")
    theirs = submitted(registry, wanted(2), source="banner; noncredit")
    assert outdated(registry, None, source="banner; noncredit") == [theirs.id]
    assert look_up(registry, ours.id).state == "submitted"
