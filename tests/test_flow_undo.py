"""The papers of a number that counts no more, and the ties that a run tells the registry."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import polars as pl
import pytest
from plans import take
from registries import AT, minted, wanted

from reconcile.errors import OutputError
from reconcile.flow.ties import ties_of
from reconcile.flow.undo import affected_terms, request_text, reversal, undo
from reconcile.mint.deliver import deliver, loaded
from reconcile.mint.void import Voided
from reconcile.plan import Plan, ReviewPlan
from reconcile.registry import Registry

GONE = Voided(
    cccid="BCD0001", college="021", sis_id="7", state="loaded", kind="mint", issued_on="2026-09-01T10:00:00",
    issuer="openccc", batch="b1", reason="two accounts", by="Ana", approver="Ben", replacement="XYZ1234",
    at="2026-11-21T12:00:00",
)  # fmt: skip


def test_papers_say_what_each_has_to_do():
    assert reversal(GONE).rows() == [("021", "7", "BCD0001", "XYZ1234")]
    text = request_text(GONE)
    assert "merge what the account BCD0001 holds into XYZ1234" in text
    assert "may have been reported to MIS" in text
    never = replace(GONE, state="issued", issuer="registry", replacement=None)
    assert reversal(never).is_empty()
    assert "nothing to ask of OpenCCC" in request_text(never)
    found = replace(GONE, kind="recover", replacement=None)
    assert "An existing account was taken" in request_text(found)
    assert "how the account BCD0001 is closed" in request_text(found)


def test_terms_come_from_the_plans_extract(small, tmp_path):
    plan = Plan.read(take(small, tmp_path / "plan"))
    from reconcile.read import read  # noqa: PLC0415 - beside its one use

    students = read(
        plan.students.path, layout=plan.students.layout, options=dict(plan.students.options)
    ).frame
    one = students.filter(pl.col("terms").list.len() > 0).row(0, named=True)
    college = one["college"] or plan.population.colleges[0]
    gone = replace(GONE, college=college, sis_id=one["sis_id"])
    found = affected_terms(gone, plan)
    assert found["term"].to_list() == sorted(set(one["terms"]))
    assert set(found["correct"]) == {"XYZ1234"}
    assert affected_terms(replace(gone, state="delivered"), plan).is_empty()
    assert affected_terms(replace(gone, sis_id="nobody"), plan).is_empty()
    assert affected_terms(gone, None).is_empty()


def test_papers_go_to_a_new_folder(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", at=AT) as registry:
        registry.allot("AAA0001", "AAA0009", authority="Chancellor's Office", at=AT)
        batch = minted(registry, wanted("1")).batch
        deliver(registry, batch, tmp_path / "load.csv", by="Ana")
        loaded(registry, batch, by="Ana")
        who = {"by": "Ana", "approver": "Ben", "reason": "two accounts"}
        with pytest.raises(OutputError, match=r"not overwritten"):
            undo(registry, "AAA0001", tmp_path, **who)
        voided, terms = undo(registry, "AAA0001", tmp_path / "undo", **who)
        assert (voided.state, terms.height) == ("loaded", 0)
        assert len(list((tmp_path / "undo").iterdir())) == 3


def run_of(students, pairs):
    schema = {"id_l": pl.String, "id_r": pl.String, "band": pl.String}
    return SimpleNamespace(
        students=students,
        plan=SimpleNamespace(review=ReviewPlan()),
        student_duplicates=SimpleNamespace(pairs=pl.DataFrame(pairs, schema=schema, orient="row")),
    )


def test_a_run_tells_who_is_one_person_and_who_is_not(tmp_path):
    students = pl.DataFrame(
        {
            "sis_id": ["1", "2", "3", "4", "5"],
            "college": ["021"] * 5,
            "first_name": ["Kim", "KIM", "Max", "Eva", "Lou"],
            "last_name": ["Lee"] * 5,
            "birthdate": ["2001-02-03"] * 5,
            "former_ids": [["9"], [], [], [], None],
        }
    )
    done = run_of(students, [("2", "3", "link"), ("3", "4", "review"), ("4", "5", "none")])
    with Registry.open(tmp_path / "r.sqlite") as registry:
        told = ties_of(done, registry)
        assert told.select("sis_id_l", "sis_id_r", "tie").rows() == [
            ("1", "2", "different"), ("1", "9", "same"), ("2", "3", "same"), ("3", "4", "possible")
        ]  # fmt: skip
        registry.note_ties(told, by="Ana")
        decided = pl.DataFrame(
            [("duplicates", "1", "2", "match", "h"), ("duplicates", "2", "3", "different", "h")],
            schema=["table", "id_l", "id_r", "decision", "hash"], orient="row",
        )  # fmt: skip
        registry.record(decided, by="Eva")
        later = {(row[1], row[3]): row[4] for row in ties_of(run_of(students, []), registry).rows()}
        assert later == {
            ("1", "2"): "same",
            ("1", "9"): "same",
            ("2", "3"): "different",
            ("3", "4"): "different",
        }
