"""Batches made by hand, and the person behind a request: nobody is served twice under two ids."""

from __future__ import annotations

import polars as pl
import pytest
from registries import AT, allotted, alter, approved, minted, registry, submitted, verdict, wanted  # noqa: F401

from reconcile.errors import ApprovalError, GateClosed, InputError, RegistryError
from reconcile.mint.batch import approve, look_up, mint, withdraw_outdated
from reconcile.mint.draft import check, draft, history, rows_of, submit
from reconcile.mint.states import GateVerdict


def people(*ids, college="021", first="Kim", birthdate="2001-02-03", **changes):
    rows = wanted(*ids, college=college, **changes)
    return rows.with_columns(first_name=pl.lit(first), birthdate=pl.lit(birthdate))


def judged(registry, batch_id, *, opened=True):  # noqa: F811
    _, rows_hash = rows_of(registry, batch_id)
    return GateVerdict(suite_hash="suite", rows_hash=rows_hash, open=opened, failures=0)


def checked(registry, rows):  # noqa: F811
    made = draft(registry, rows, by="Ana", issuer="registry")
    return check(registry, made.id, by="Ana", verdict=judged(registry, made.id))


def test_a_batch_by_hand_goes_step_by_step(registry):  # noqa: F811
    made = draft(registry, wanted(1, 2), by="Ana", issuer="registry")
    assert (made.state, made.mints, made.approver) == ("draft", 2, None)
    assert draft(registry, wanted(2, 1), by="Ana", issuer="registry").id == made.id
    assert check(registry, made.id, by="Ana", verdict=judged(registry, made.id)).state == "checked"
    assert submit(registry, made.id, by="Cyd").proposer == "Cyd"
    for one in ("Ana", "Cyd"):
        with pytest.raises(ApprovalError, match="same person"):
            approve(registry, made.id, approver=one)
    approve(registry, made.id, approver="Ben")
    assert mint(made.id, registry=registry).frame.height == 2
    steps = history(registry, made.id)
    assert steps.select("step", "by").rows() == [
        ("drafted", "Ana"), ("checked", "Ana"), ("submitted", "Cyd"), ("refused", "Ana"), ("refused", "Cyd"),
        ("approved", "Ben"), ("minted", "Ben"),
    ]  # fmt: skip
    assert registry.verify().ok


def test_a_draft_is_not_carried_out_unchecked(registry):  # noqa: F811
    made = draft(registry, wanted(1), by="Ana", issuer="registry")
    with pytest.raises(RegistryError, match="is draft; it can be submitted only when it is checked"):
        submit(registry, made.id, by="Ana")
    with pytest.raises(RegistryError, match="is draft"):
        approve(registry, made.id, approver="Ben")
    with pytest.raises(GateClosed, match="stays a draft"):
        check(registry, made.id, by="Ana", verdict=judged(registry, made.id, opened=False))
    with pytest.raises(GateClosed, match="other rows"):
        check(registry, made.id, by="Ana", verdict=verdict(wanted(9)))
    with pytest.raises(InputError, match="no row"):
        draft(registry, wanted(), by="Ana", issuer="registry")
    assert look_up(registry, made.id).state == "draft"


def test_rows_edited_between_check_and_submission_are_refused(registry):  # noqa: F811
    made = checked(registry, wanted(1, 2))
    alter(registry, "DELETE FROM requests WHERE sis_id = '2'")
    with pytest.raises(GateClosed, match="not the ones that were checked"):
        submit(registry, made.id, by="Ana")


def test_a_check_leaves_out_who_is_served_meanwhile(registry):  # noqa: F811
    made = draft(registry, wanted(1, 2), by="Ana", issuer="registry")
    assert submitted(registry, wanted(1)).waiting == 1
    alter(registry, f"UPDATE batches SET state = 'withdrawn' WHERE id = '{made.id}'")
    minted(registry, wanted(1))
    alter(registry, f"UPDATE batches SET state = 'draft' WHERE id = '{made.id}'")
    again = check(registry, made.id, by="Ana", verdict=judged(registry, made.id))
    assert (again.mints, again.served) == (1, 1)


def test_a_run_does_not_take_back_what_was_made_by_hand(registry):  # noqa: F811
    made = checked(registry, wanted(1))
    assert withdraw_outdated(registry, keep=None, colleges=["021"], by="Ana") == []
    assert look_up(registry, made.id).state == "checked"


def test_two_requests_for_one_person_block_each_other(registry):  # noqa: F811
    rows = pl.concat([people("1"), people("2", first="KÍM "), people("3", first="Lee")])
    batch = submitted(registry, rows)
    assert (batch.mints, batch.blocked) == (1, 2)
    with pytest.raises(GateClosed, match="all 2 rows ask for"):
        submitted(registry, rows[:2])


def test_who_has_a_number_under_another_id_gets_no_second(registry):  # noqa: F811
    minted(registry, people("1"))
    for other in (people("2"), people("1", college="022")):
        assert submitted(registry, pl.concat([other, wanted("9")], how="diagonal")).blocked == 1
        alter(registry, "UPDATE batches SET state = 'withdrawn' WHERE state = 'submitted'")
    back = people("1", kind="recover", cccid="AAA0001", college="022")
    assert submitted(registry, back).recoveries == 1


def test_a_reviewers_word_outweighs_a_name(registry):  # noqa: F811
    minted(registry, people("1"))
    apart = pl.DataFrame(
        [("duplicates", "1", "2", "different", "h")],
        schema=["table", "id_l", "id_r", "decision", "hash"], orient="row",
    )  # fmt: skip
    registry.record(apart, by="Eva")
    assert minted(registry, people("2")).frame["cccid"].to_list() == ["AAA0002"]


def ties(*rows):
    names = ["college_l", "sis_id_l", "college_r", "sis_id_r", "tie"]
    return pl.DataFrame(
        [("021", left, "021", right, tie) for left, right, tie in rows], schema=names, orient="row"
    )


def test_records_that_are_tied_block_each_other(registry):  # noqa: F811
    minted(registry, wanted("old"))
    told = ties(
        ("old", "mid", "same"), ("mid", "new", "same"), ("new", "maybe", "possible"), ("x", "y", "possible")
    )
    assert registry.note_ties(told, by="Eva", at=AT) == 4
    assert registry.note_ties(told, by="Eva", at=AT) == 0
    batch = submitted(registry, wanted("new", "maybe", "x", "y", "free"))
    assert (batch.mints, batch.blocked) == (1, 4)
    held = registry.crosswalk().filter(pl.col("sis_id") == "old")
    assert held["tied"].to_list() == ["021/mid 021/new"]
    alter(registry, f"UPDATE batches SET state = 'withdrawn' WHERE id = '{batch.id}'")
    assert registry.note_ties(ties(("x", "y", "different")), by="Eva", at=AT) == 1
    assert submitted(registry, wanted("x", "y")).blocked == 0
    assert registry.ties().filter(pl.col("sis_id_l") == "x")["tie"].to_list() == ["different"]
    with pytest.raises(InputError, match=r"another word stands in row 1; 1 in all"):
        registry.note_ties(ties(("x", "y", "twin")), by="Eva")


def test_what_is_newer_than_the_check_sends_a_batch_back(registry):  # noqa: F811
    late = approved(registry, pl.concat([people("2"), wanted("9")], how="diagonal"))
    alter(registry, f"UPDATE batches SET state = 'withdrawn' WHERE id = '{late.id}'")
    minted(registry, people("1"))
    alter(registry, f"UPDATE batches SET state = 'approved' WHERE id = '{late.id}'")
    with pytest.raises(ApprovalError, match=r"went back to draft.*\(row 1; 1 in all\)"):
        mint(late, registry=registry)
    back = look_up(registry, late.id)
    assert (back.state, back.approver) == ("draft", None)
    assert "got or awaits a number under another id" in back.reason
    again = check(registry, late.id, by="Ana", verdict=judged(registry, late.id))
    assert (again.mints, again.blocked) == (1, 1)
    submit(registry, late.id, by="Ana")
    approve(registry, late.id, approver="Ben")
    assert mint(late.id, registry=registry).frame["sis_id"].to_list() == ["9"]
    assert registry.verify().ok


def test_a_checked_batch_goes_back_before_it_is_submitted(registry):  # noqa: F811
    made = checked(registry, people("2"))
    alter(registry, f"UPDATE batches SET state = 'withdrawn' WHERE id = '{made.id}'")
    minted(registry, people("1"))
    alter(registry, f"UPDATE batches SET state = 'checked' WHERE id = '{made.id}'")
    with pytest.raises(ApprovalError, match="went back to draft"):
        submit(registry, made.id, by="Ana")
    with pytest.raises(GateClosed, match="1 rows ask for"):
        check(registry, made.id, by="Ana", verdict=judged(registry, made.id))
    assert look_up(registry, made.id).state == "draft"


def test_a_replacement_voids_what_it_replaces(registry):  # noqa: F811
    minted(registry, wanted("1"))
    rows = wanted("1", kind="replace", cccid="AAA0001")
    batch = approved(registry, pl.concat([rows, wanted("2", kind="replace", cccid="XYZ1234")]))
    result = mint(batch, registry=registry)
    assert dict(result.frame.select("sis_id", "cccid").rows()) == {"1": "AAA0002", "2": "AAA0003"}
    assert mint(batch, registry=registry).frame.equals(result.frame)
    assert registry.issued()["cccid"].to_list() == ["AAA0002", "AAA0003"]
    gone = registry.voids()
    assert gone.select("cccid", "replacement", "approver").rows() == [
        ("AAA0001", "AAA0002", "Ben"), ("XYZ1234", "AAA0003", "Ben")
    ]  # fmt: skip
    dated = registry.crosswalk().filter(pl.col("until").is_not_null())
    assert dated["cccid"].to_list() == ["AAA0001", "XYZ1234"]
    with pytest.raises(InputError, match="was voided"):
        submitted(registry, wanted("3", kind="recover", cccid="AAA0001"))
    assert registry.verify().ok
    with pytest.raises(InputError, match="does not name the CCCID that it gives up"):
        draft(registry, wanted("1", kind="replace"), by="Ana", issuer="registry")
